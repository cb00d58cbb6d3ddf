//! Frames: how a record stands in a journal, so that damage to it is found.
//!
//! A frame is 16 bytes and a payload (postcard: a [`Key`], then the [`TrialRecord`]),
//! little-endian:
//!
//! | bytes | meaning                                   |
//! |-------|-------------------------------------------|
//! | 0..4  | `gi` and two marker bytes, to resynchronise on |
//! | 4..8  | length of the payload                     |
//! | 8..12 | CRC-32 of the payload                     |
//! | 12..16| CRC-32 of the twelve bytes before         |

use serde::{Deserialize, Serialize};

use crate::support::error::{Error, Kind, Result};
use crate::table::record::{Status, TrialRecord};

/// Marks the start of a frame. Not valid UTF-8, so no text inside a record looks like it.
pub(super) const MARK: [u8; 4] = [b'g', b'i', 0xF5, 0xC0];
/// Bytes of a head.
pub(super) const HEAD: usize = 16;
/// No record comes near this; a length beyond it is damage, and is never
/// allocated: a [`Place`](super::journal::Place) comes only from a head that was checked, or from
/// a frame of ours.
pub(super) const MAX_PAYLOAD: usize = 64 << 20;

/// What stands at the front of every record, enough to go on without reading the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Position in the plan.
    pub index: u64,
    /// The trial's identity, checked against the plan.
    pub trial_id: String,
    /// How it ended.
    pub status: Status,
    /// What the progress line calls its score (best validation accuracy), if it has one.
    pub score: Option<f64>,
}

impl Key {
    /// The key of `record`, which is trial `index` of its plan.
    pub fn of(index: u64, record: &TrialRecord) -> Self {
        Key {
            index,
            trial_id: record.trial.trial_id.clone(),
            status: record.trial.status,
            score: record
                .trial
                .best_validation_accuracy
                .or(record.trial.validation_accuracy),
        }
    }
}

/// The bytes of one record, ready to append.
///
/// # Errors
/// The record is larger than any that a reader would accept (64 MiB).
pub fn encode(key: &Key, record: &TrialRecord) -> Result<Vec<u8>> {
    let mut frame = vec![0; HEAD];
    for part in [postcard::to_stdvec(key), postcard::to_stdvec(record)] {
        frame.extend(part.map_err(|e| Error::new(Kind::Store, format!("cannot encode a record: {e}")))?);
    }
    seal(frame)
}

/// Fills in the head of `frame`, whose payload begins at byte 16.
pub(super) fn seal(mut frame: Vec<u8>) -> Result<Vec<u8>> {
    let length = frame.len() - HEAD;
    if length > MAX_PAYLOAD {
        let message = format!("a record of {length} bytes does not fit into the journal");
        return Err(
            Error::new(Kind::Store, message).help("record less per trial ([record] in the experiment file)")
        );
    }
    let payload = crc32fast::hash(&frame[HEAD..]);
    frame[..4].copy_from_slice(&MARK);
    frame[4..8].copy_from_slice(&(length as u32).to_le_bytes());
    frame[8..12].copy_from_slice(&payload.to_le_bytes());
    let head = crc32fast::hash(&frame[..12]);
    frame[12..HEAD].copy_from_slice(&head.to_le_bytes());
    Ok(frame)
}

/// The length and checksum of the payload, if `head` is the head of a frame.
pub(super) fn open_head(head: &[u8; HEAD]) -> Option<(usize, u32)> {
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let length = word(4) as usize;
    let good = head[..4] == MARK && word(12) == crc32fast::hash(&head[..12]) && length <= MAX_PAYLOAD;
    good.then(|| (length, word(8)))
}

/// The record in `frame`, if it checks out.
pub fn decode(frame: &[u8]) -> Option<TrialRecord> {
    let (head, payload) = frame.split_first_chunk::<HEAD>()?;
    let (length, checksum) = open_head(head)?;
    if length != payload.len() || crc32fast::hash(payload) != checksum {
        return None;
    }
    let (_, record) = postcard::take_from_bytes::<Key>(payload).ok()?;
    postcard::from_bytes(record).ok()
}
