//! The journal: every finished trial, appended as it finishes, so that a run can be killed at any
//! moment and resumed.
//!
//! A file is the line [`MAGIC`], then frames: the [`Header`] as JSON, then one per trial in the
//! order in which trials finished ([`TrialKey`] and [`TrialRecord`] in postcard). A frame is a
//! payload and its CRC-32 in COBS encoding, which contains no zero byte, and a zero byte: damage
//! to one frame hides no other. What follows the last good frame is a write that was cut short; it
//! is dropped. Frames before it that fail their checksum are reported. The trials in either are
//! trained again.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{sync_file, write_atomically};
use super::header::Header;
use crate::support::error::{Error, Kind, Result};
use crate::table::record::{Status, TrialRecord, TrialRow};

/// First bytes of every journal; the number is the version of the format.
const MAGIC: &[u8] = b"goodinit journal 2\n";

/// What stands in front of every record: enough to resume without decoding the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrialKey {
    /// Position in the plan.
    pub index: u32,
    /// The trial's identity, checked against the plan.
    pub trial_id: String,
    pub status: Status,
    /// Best validation accuracy, for the progress line.
    pub score: Option<f64>,
}

impl TrialKey {
    /// The key of `record`, which is trial `index` of its plan.
    pub fn of(index: u32, record: &TrialRecord) -> Self {
        let row = &record.trial;
        TrialKey {
            index,
            trial_id: row.trial_id.clone(),
            status: row.status,
            score: TrialKey::score_of(row),
        }
    }

    /// The score of a trial with this row.
    pub fn score_of(row: &TrialRow) -> Option<f64> {
        row.best_validation_accuracy.or(row.validation_accuracy)
    }
}

/// The frame of one record, ready to append.
///
/// # Errors
/// Serialization fails, which no record causes.
pub(crate) fn encode(key: &TrialKey, record: &TrialRecord) -> Result<Vec<u8>> {
    let payload = postcard::to_stdvec(&(key, record));
    payload
        .map(frame)
        .map_err(|e| Error::new(Kind::Store, format!("cannot encode a record: {e}")))
}

/// The record in `frame`, if it is intact.
pub(crate) fn decode(frame: &[u8]) -> Option<TrialRecord> {
    let payload = open_frame(&mut frame.to_vec())?.to_vec();
    let (_, record): (TrialKey, TrialRecord) = postcard::from_bytes(&payload).ok()?;
    Some(record)
}

fn frame(mut payload: Vec<u8>) -> Vec<u8> {
    payload.extend(crc32fast::hash(&payload).to_le_bytes());
    let mut frame = cobs::encode_vec(&payload);
    frame.push(0);
    frame
}

/// Decodes `frame` in place and returns its payload, if it is intact.
fn open_frame(frame: &mut [u8]) -> Option<&[u8]> {
    let (0, encoded) = frame.split_last_mut()? else {
        return None;
    };
    let length = cobs::decode_in_place(encoded).ok()?;
    let (payload, checksum) = encoded.get(..length)?.split_last_chunk()?;
    (crc32fast::hash(payload) == u32::from_le_bytes(*checksum)).then_some(payload)
}

/// Where a frame is in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    /// First byte of the frame.
    pub offset: u64,
    /// Bytes, the final zero included.
    pub length: u32,
}

/// What [`Journal::scan`] could not use.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Damage {
    /// Bytes of a write cut short at the end.
    pub torn: u64,
    /// Ranges before the end whose checksums are wrong.
    pub ranges: Vec<Range<u64>>,
}

/// What a person reads about the damaged bytes `range` of the journal at `path`.
pub(crate) fn damaged(path: &Path, range: &Range<u64>) -> String {
    let (path, from, to) = (path.display(), range.start, range.end);
    format!("{path}: bytes {from} to {to} are damaged")
}

#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    pub header: Header,
    /// Where the next frame goes.
    end: u64,
}

impl Journal {
    /// Writes a new, empty journal at `path`, whole or not at all.
    ///
    /// # Errors
    /// An I/O error.
    pub fn create(path: &Path, header: &Header) -> Result<()> {
        let text = serde_json::to_vec(header)
            .map_err(|e| Error::new(Kind::Store, format!("cannot encode a header: {e}")))?;
        write_atomically(path, &[MAGIC, &frame(text)].concat())
    }

    /// Opens the journal at `path`, to append if `writable`, and reads its header.
    ///
    /// # Errors
    /// An I/O error, or the file does not say what it belongs to.
    pub fn open(path: &Path, writable: bool) -> Result<Self> {
        let file = File::options().read(true).write(writable).open(path);
        let file = file.map_err(|e| Error::io("open", path, &e))?;
        let mut magic = Vec::new();
        let mut reader = BufReader::new(&file);
        let mut bytes = Vec::new();
        let read = (&mut reader)
            .take(MAGIC.len() as u64)
            .read_to_end(&mut magic)
            .and_then(|_| match magic == MAGIC {
                true => reader.read_until(0, &mut bytes),
                false => Ok(0),
            });
        let length = read.map_err(|e| Error::io("read", path, &e))?;
        let header = open_frame(&mut bytes).and_then(|text| serde_json::from_slice(text).ok());
        let Some(header) = header else {
            let what = match magic.starts_with(b"goodinit journal ") && magic != MAGIC {
                true => "is a journal of another version of goodinit",
                false => "is damaged at its beginning: what it belongs to cannot be told",
            };
            return Err(Error::new(Kind::Store, format!("{} {what}", path.display()))
                .help("it is left as it is; `--fresh` moves it aside and starts anew"));
        };
        Ok(Journal {
            file,
            path: path.to_owned(),
            header,
            end: (MAGIC.len() + length) as u64,
        })
    }

    /// Reads a journal that was just opened from end to end and calls `visit` for each intact
    /// record. Appending then continues behind the last one.
    ///
    /// Memory: one record at a time.
    ///
    /// # Errors
    /// An I/O error.
    pub fn scan(&mut self, mut visit: impl FnMut(TrialKey, Location)) -> Result<Damage> {
        let at = |e| Error::io("read", &self.path, &e);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.end)).map_err(at)?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let (mut bytes, mut position, mut ranges) = (Vec::new(), self.end, Vec::new());
        loop {
            bytes.clear();
            let length = reader.read_until(0, &mut bytes).map_err(at)? as u64;
            if length == 0 {
                break;
            }
            let key = open_frame(&mut bytes).and_then(|payload| postcard::take_from_bytes(payload).ok());
            if let (Some((key, _)), Ok(frame)) = (key, u32::try_from(length)) {
                if self.end < position {
                    ranges.push(self.end..position);
                }
                let location = Location {
                    offset: position,
                    length: frame,
                };
                visit(key, location);
                self.end = position + length;
            }
            position += length;
        }
        Ok(Damage {
            torn: position - self.end,
            ranges,
        })
    }

    /// Cuts off what follows the last good frame.
    ///
    /// # Errors
    /// An I/O error.
    pub fn truncate(&mut self) -> Result<()> {
        self.file
            .set_len(self.end)
            .map_err(|e| Error::io("write to", &self.path, &e))
    }

    /// Appends whole frames and hands them to the operating system; returns where they begin.
    ///
    /// # Errors
    /// An I/O error such as a full disk. What was appended before stays good, and so does what is
    /// appended later, once there is room.
    pub fn append(&mut self, frames: &[u8]) -> Result<u64> {
        let start = self.end;
        // A write that failed may have moved the cursor behind half a frame, which is overwritten.
        let placed = self.file.seek(SeekFrom::Start(start));
        if let Err(e) = placed.and_then(|_| self.file.write_all(frames)) {
            // Leave no half frame where that is still possible; `scan` drops it elsewhere.
            let _ = self.file.set_len(start);
            return Err(Error::io("write to", &self.path, &e).help(
                "every trial that was written before is kept; make room, then run the same command again",
            ));
        }
        self.end += frames.len() as u64;
        Ok(start)
    }

    /// The record at `location`, its checksum verified again.
    ///
    /// # Errors
    /// An I/O error, or the file has changed since it was scanned.
    pub fn read(&mut self, location: Location) -> Result<TrialRecord> {
        let mut frame = vec![0; location.length as usize];
        self.file
            .seek(SeekFrom::Start(location.offset))
            .and_then(|_| self.file.read_exact(&mut frame))
            .map_err(|e| Error::io("read", &self.path, &e))?;
        decode(&frame).ok_or_else(|| {
            let (path, byte) = (self.path.display(), location.offset);
            let message = format!("{path}: the record at byte {byte} changed after it was written");
            Error::new(Kind::Store, message)
                .help("run the same command again: the trial is then trained anew")
        })
    }

    /// Brings what was appended from the operating system to the disk.
    ///
    /// # Errors
    /// An I/O error.
    pub fn sync(&self) -> Result<()> {
        sync_file(&self.file, &self.path)
    }

    /// Checks that the path of this journal still names its file.
    ///
    /// # Errors
    /// The file was removed or replaced: what is appended now would be lost.
    pub fn check_in_place(&self) -> Result<()> {
        if is_at(&self.file, &self.path) {
            return Ok(());
        }
        let message = format!("{} was removed or replaced during the run", self.path.display());
        Err(Error::new(Kind::Store, message)
            .help("run the same command again: it goes on from what is there"))
    }
}

/// Whether `path` still names `file`. Windows does not remove open files.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let id = |m: std::io::Result<std::fs::Metadata>| m.ok().map(|m| (m.dev(), m.ino()));
        let there = id(std::fs::metadata(path));
        there.is_some() && there == id(file.metadata())
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

#[cfg(test)]
pub(crate) mod tests;
