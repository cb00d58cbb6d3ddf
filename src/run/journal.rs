//! The journal: every finished trial, appended as it finishes, so that a run can be killed at any
//! moment and go on.
//!
//! A file is the line [`MAGIC`], one frame with the [`Header`], then one frame per trial in the
//! order in which trials finished (see [`super::frame`]). Whatever does not check out is not
//! trusted: at the end of the file it is a torn tail (a write cut short), elsewhere a damaged
//! stretch; either way the trials in it are simply not there and are trained again.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::frame::{HEAD, Key, MARK, decode, open_head, seal};
use super::header::Header;
use crate::support::error::{Error, Kind, Result};
use crate::table::record::TrialRecord;

/// First bytes of every journal; the number is the version of the format.
pub const MAGIC: &[u8] = b"goodinit journal 1\n";

/// Where a frame lies in its file, as [`scan`] found it or a [`Writer`] put it there: either way no
/// longer than a frame may be, so that it can be read in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// First byte of the frame.
    pub offset: u64,
    /// Bytes, head included.
    pub length: u32,
}

/// What [`scan`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// What the journal belongs to.
    pub header: Header,
    /// End of the last good frame: the place to append.
    pub end: u64,
    /// Bytes after `end` that were cut short, to be dropped.
    pub torn: u64,
    /// Stretches before `end` that do not check out.
    pub damaged: Vec<Range<u64>>,
}

/// Writes a new, empty journal at `path`, whole or not at all.
///
/// # Errors
/// The operating system refuses.
pub fn create(path: &Path, header: &Header) -> Result<()> {
    let mut frame = vec![0; HEAD];
    let text = postcard::to_stdvec(header);
    frame.extend(text.map_err(|e| Error::new(Kind::Store, format!("cannot encode a header: {e}")))?);
    let mut bytes = MAGIC.to_vec();
    bytes.extend(seal(frame)?);
    super::files::write_atomically(path, &bytes)
}

/// A journal open for appending.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    end: u64,
}

impl Writer {
    /// Opens `path` to go on at `end` (from [`scan`]); what lies behind it is cut off.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn open(path: &Path, end: u64) -> Result<Self> {
        let at = |e| Error::io("open", path, &e);
        let file = File::options().read(true).write(true).open(path).map_err(at)?;
        file.set_len(end).map_err(|e| Error::io("write to", path, &e))?;
        Ok(Writer {
            file,
            path: path.to_owned(),
            end,
        })
    }

    /// Appends whole frames and hands them to the operating system; returns where they begin.
    ///
    /// # Errors
    /// A full disk and the like; what was appended before stays good, and so does what is appended
    /// later, once there is room.
    pub fn append(&mut self, frames: &[u8]) -> Result<u64> {
        let start = self.end;
        // A write that failed may have left the cursor behind half a frame, so it is put in place
        // each time; what lies there is overwritten.
        let placed = self.file.seek(SeekFrom::Start(start));
        if let Err(e) = placed.and_then(|_| self.file.write_all(frames)) {
            // Leave no half frame behind where that is still possible; `scan` drops it elsewhere.
            let _ = self.file.set_len(start);
            return Err(Error::io("write to", &self.path, &e).help(
                "every trial that was written before is kept; make room, then run the same command again",
            ));
        }
        self.end += frames.len() as u64;
        Ok(start)
    }

    /// A second handle on the same file, for a thread that waits for the disk.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn handle(&self) -> Result<File> {
        self.file
            .try_clone()
            .map_err(|e| Error::io("open", &self.path, &e))
    }
}

/// Reads the journal at `path` from end to end, calling `visit` for each record that checks out.
///
/// Memory: one record at a time.
///
/// # Errors
/// The file cannot be read, or its first bytes do not say what it belongs to.
pub fn scan(path: &Path, mut visit: impl FnMut(Key, Place)) -> Result<Scan> {
    let mut source = Source::open(path)?;
    let header = source.header()?;
    let mut payload = Vec::new();
    let mut position = source.position;
    let (mut end, mut damaged) = (position, Vec::new());
    while position < source.size {
        let next = match source.frame(position, &mut payload)? {
            true => postcard::take_from_bytes::<Key>(&payload).ok().map(|(key, _)| {
                let length = (HEAD + payload.len()) as u32;
                visit(
                    key,
                    Place {
                        offset: position,
                        length,
                    },
                );
                position + u64::from(length)
            }),
            false => None,
        };
        match next {
            Some(next) => {
                if end < position {
                    damaged.push(end..position);
                }
                (position, end) = (next, next);
            }
            None => match source.find_mark(position + 1)? {
                Some(mark) => position = mark,
                None => break,
            },
        }
    }
    Ok(Scan {
        header,
        end,
        torn: source.size - end,
        damaged,
    })
}

/// Only the header of the journal at `path`.
///
/// # Errors
/// As [`scan`].
pub fn header(path: &Path) -> Result<Header> {
    Source::open(path)?.header()
}

/// A journal open for reading records back by place.
#[derive(Debug)]
pub struct Reader {
    file: File,
    path: PathBuf,
}

impl Reader {
    /// Opens `path`.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("open", path, &e))?;
        Ok(Reader {
            file,
            path: path.to_owned(),
        })
    }

    /// The record at `place`, checked again.
    ///
    /// # Errors
    /// The file cannot be read or has changed since it was scanned.
    pub fn read(&mut self, place: Place) -> Result<TrialRecord> {
        let mut frame = vec![0; place.length as usize];
        self.file
            .seek(SeekFrom::Start(place.offset))
            .and_then(|_| self.file.read_exact(&mut frame))
            .map_err(|e| Error::io("read", &self.path, &e))?;
        decode(&frame).ok_or_else(|| {
            let message = format!(
                "{}: the record at byte {} changed after it was written",
                self.path.display(),
                place.offset
            );
            Error::new(Kind::Store, message)
                .help("run the same command again: the trial is then trained anew")
        })
    }
}

/// A journal being read from front to back, with a way to skip what is damaged.
struct Source<'a> {
    file: BufReader<File>,
    path: &'a Path,
    /// Where the next read happens.
    position: u64,
    size: u64,
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let at = |e| Error::io("read", path, &e);
        let file = File::open(path).map_err(at)?;
        let size = file.metadata().map_err(at)?.len();
        Ok(Source {
            file: BufReader::with_capacity(1 << 16, file),
            path,
            position: 0,
            size,
        })
    }

    fn header(&mut self) -> Result<Header> {
        let mut magic = [0; MAGIC.len()];
        let known = self.fill(0, &mut magic)? && magic == *MAGIC;
        let mut payload = Vec::new();
        if known
            && self.frame(MAGIC.len() as u64, &mut payload)?
            && let Ok(header) = postcard::from_bytes(&payload)
        {
            return Ok(header);
        }
        let what = if magic.starts_with(b"goodinit journal ") && !known {
            "is a journal of another version of goodinit"
        } else {
            "is damaged at its beginning: what it belongs to cannot be told"
        };
        let message = format!("{} {what}", self.path.display());
        Err(Error::new(Kind::Store, message)
            .help("it is left as it is; `--fresh` moves it aside and starts anew"))
    }

    /// Fills `out` from `position`; false if the file ends before.
    fn fill(&mut self, position: u64, out: &mut [u8]) -> Result<bool> {
        if position + out.len() as u64 > self.size {
            return Ok(false);
        }
        let step = position as i64 - self.position as i64;
        let read = self
            .file
            .seek_relative(step)
            .and_then(|()| self.file.read_exact(out));
        match read {
            Ok(()) => {
                self.position = position + out.len() as u64;
                Ok(true)
            }
            Err(e) => Err(Error::io("read", self.path, &e)),
        }
    }

    /// Reads the payload of the frame at `position`; false if there is no good frame.
    fn frame(&mut self, position: u64, payload: &mut Vec<u8>) -> Result<bool> {
        let mut head = [0; HEAD];
        if !self.fill(position, &mut head)? {
            return Ok(false);
        }
        let Some((length, checksum)) = open_head(&head) else {
            return Ok(false);
        };
        let start = position + HEAD as u64;
        if start + length as u64 > self.size {
            return Ok(false);
        }
        payload.resize(length, 0);
        Ok(self.fill(start, payload)? && crc32fast::hash(payload) == checksum)
    }

    /// The first place at or after `position` where a frame's mark stands.
    fn find_mark(&mut self, mut position: u64) -> Result<Option<u64>> {
        let mut window = [0; 4096];
        while position + HEAD as u64 <= self.size {
            let length = (self.size - position).min(window.len() as u64) as usize;
            if !self.fill(position, &mut window[..length])? {
                return Ok(None);
            }
            if let Some(at) = window[..length].windows(MARK.len()).position(|w| w == MARK) {
                return Ok(Some(position + at as u64));
            }
            position += (length - MARK.len() + 1) as u64;
        }
        Ok(None)
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
pub(crate) mod tests;
