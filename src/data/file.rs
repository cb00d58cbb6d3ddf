//! Reading a file that may be gzipped, may lie about its length and may end early.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use super::foreign;
use crate::support::error::{Error, Kind, Result};

/// Deflate cannot pack more than this many bytes into one (zlib's technical notes: 1032:1).
const DEFLATE_LIMIT: u64 = 1032;

/// The first bytes of gzip data (RFC 1952, section 2.3.1).
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The unpacked bytes of a file, in order.
pub(super) struct DataFile {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    gzipped: bool,
    /// The file's own length.
    length: u64,
    /// Unpacked bytes read so far.
    position: u64,
}

impl DataFile {
    /// Opens the file at `path`; gzip is recognised by its first bytes, not by its name.
    pub(super) fn open(path: &Path) -> Result<DataFile> {
        let refused = |what: &str, e: &std::io::Error| Error::io(what, path, e);
        let file = File::open(path).map_err(|e| refused("open", &e))?;
        let metadata = file.metadata().map_err(|e| refused("look at", &e))?;
        if metadata.is_dir() {
            let message = format!("{} is a directory, not a file", path.display());
            return Err(Error::new(Kind::Data, message));
        }
        let reader = BufReader::with_capacity(1 << 16, file);
        DataFile::wrap(path, Box::new(reader), metadata.len())
    }

    /// A source over bytes in memory, named `path` in messages.
    #[cfg(any(test, fuzzing))]
    pub(super) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<DataFile> {
        let length = bytes.len() as u64;
        DataFile::wrap(path, Box::new(std::io::Cursor::new(bytes)), length)
    }

    fn wrap(path: &Path, mut reader: Box<dyn BufRead>, length: u64) -> Result<DataFile> {
        let start = reader.fill_buf().map_err(|e| Error::io("read", path, &e))?;
        let gzipped = start.starts_with(GZIP);
        if gzipped {
            reader = Box::new(BufReader::with_capacity(1 << 16, Members::new(reader)));
        }
        let mut source = DataFile {
            path: path.to_owned(),
            reader,
            gzipped,
            length,
            position: 0,
        };
        let path = path.to_owned();
        let start = source.peek()?;
        if gzipped && start.starts_with(GZIP) {
            let message = format!("{} is gzipped twice", path.display());
            return Err(Error::new(Kind::Data, message).help("unpack it once"));
        }
        foreign::refuse(&path, start)?;
        Ok(source)
    }

    /// The bytes that come next, none at the end.
    fn peek(&mut self) -> Result<&[u8]> {
        if let Err(e) = self.reader.fill_buf() {
            return Err(self.failed(&e));
        }
        // The buffer is full now, and does not read again.
        Ok(self.reader.fill_buf().unwrap_or_default())
    }

    /// Reads a line, which ends in `\n`, `\r` or both, into `out`, without its end; false at the
    /// end of the file.
    ///
    /// # Errors
    /// The file cannot be read, or the line is longer than `most` bytes.
    pub(super) fn read_line(&mut self, out: &mut Vec<u8>, most: usize) -> Result<bool> {
        out.clear();
        let mut begun = false;
        loop {
            let next = self.peek()?;
            if next.is_empty() {
                return Ok(begun);
            }
            begun = true;
            let end = next.iter().position(|&b| b == b'\n' || b == b'\r');
            let (line, feed) = (&next[..end.unwrap_or(next.len())], end.map(|at| next[at]));
            if out.len() + line.len() > most {
                let message = format!(
                    "{} has a line of more than {most} bytes: it is no table",
                    self.path.display()
                );
                return Err(Error::new(Kind::Data, message));
            }
            out.extend_from_slice(line);
            let read = line.len() + usize::from(feed.is_some());
            self.skip(read);
            if feed == Some(b'\r') && self.peek()?.first() == Some(&b'\n') {
                self.skip(1);
            }
            if feed.is_some() {
                return Ok(true);
            }
        }
    }

    fn skip(&mut self, count: usize) {
        self.reader.consume(count);
        self.position += count as u64;
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Unpacked bytes read so far, and about how many there are in all: for gzip as many as tables
    /// mostly have, four times the file's length.
    pub(super) fn progress(&self) -> (u64, u64) {
        let factor = if self.gzipped { 4 } else { 1 };
        (
            self.position,
            self.length.saturating_mul(factor).max(self.position),
        )
    }

    /// Whether the file is gzipped.
    pub(super) fn is_gzipped(&self) -> bool {
        self.gzipped
    }

    /// Whether `more` unpacked bytes can possibly follow; a plain file must have exactly so many.
    pub(super) fn expect(&self, more: u64) -> Result<()> {
        let end = self.position.saturating_add(more);
        let (possible, have) = if self.gzipped {
            let most = self.length.saturating_mul(DEFLATE_LIMIT);
            (
                end <= most,
                format!("{} bytes of gzip can hold {most} at most", self.length),
            )
        } else {
            (end == self.length, format!("the file has {}", self.length))
        };
        if possible {
            return Ok(());
        }
        let message = format!(
            "{}: its header promises {end} bytes, but {have}",
            self.path.display()
        );
        Err(Error::new(Kind::Data, message))
    }

    /// Appends exactly `count` bytes to `out`. Memory grows with what is really there, not with
    /// what was promised.
    pub(super) fn read_into(&mut self, count: u64, out: &mut Vec<u8>) -> Result<()> {
        let before = out.len();
        let first = if self.gzipped {
            count.min(self.length.saturating_mul(16))
        } else {
            count.min(self.length)
        };
        reserve(out, usize::try_from(first).unwrap_or(usize::MAX), &self.path)?;
        let result = (&mut self.reader).take(count).read_to_end(out);
        let got = (out.len() - before) as u64;
        self.position += got;
        result.map_err(|e| self.failed(&e))?;
        if got < count {
            let message = format!(
                "{} ends after {} bytes, where {} more were expected",
                self.path.display(),
                self.position,
                count - got
            );
            return Err(Error::new(Kind::Data, message));
        }
        Ok(())
    }

    /// Checks that nothing follows; for gzip this also checks the checksum at the end.
    pub(super) fn finish(mut self) -> Result<()> {
        let more = match self.reader.fill_buf() {
            Ok(rest) => !rest.is_empty(),
            Err(e) => return Err(self.failed(&e)),
        };
        if more {
            let message = format!(
                "{} goes on after byte {}, where it should end",
                self.path.display(),
                self.position
            );
            return Err(Error::new(Kind::Data, message));
        }
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        if self.gzipped {
            let message = format!(
                "{}: truncated or damaged gzip data after {} unpacked bytes ({error})",
                self.path.display(),
                self.position
            );
            Error::new(Kind::Data, message).help("get the file again")
        } else {
            Error::io("read", &self.path, error)
        }
    }
}

/// Makes room for `more` values of the file at `path`.
///
/// # Errors
/// There is not so much memory.
pub(super) fn reserve<T>(values: &mut Vec<T>, more: usize, path: &Path) -> Result<()> {
    values.try_reserve(more).map_err(|_| {
        let bytes = (values.len() as u128 + more as u128) * size_of::<T>() as u128;
        let message = format!(
            "there is no memory for {}: it needs {bytes} bytes at once",
            path.display()
        );
        Error::new(Kind::Data, message)
    })
}

/// The members of a gzip file one after the other, and zeros between and behind them, as tapes
/// and some servers add.
struct Members {
    /// Never empty but while the next member begins.
    member: Option<GzDecoder<Box<dyn BufRead>>>,
}

impl Members {
    fn new(reader: Box<dyn BufRead>) -> Members {
        Members {
            member: Some(GzDecoder::new(reader)),
        }
    }
}

impl Read for Members {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while let Some(mut member) = self.member.take() {
            let n = member.read(out)?;
            if n > 0 || out.is_empty() {
                self.member = Some(member);
                return Ok(n);
            }
            let mut rest = member.into_inner();
            let more = loop {
                let next = rest.fill_buf()?;
                match next.iter().position(|&b| b != 0) {
                    Some(zeros) => {
                        rest.consume(zeros);
                        break true;
                    }
                    None if next.is_empty() => break false,
                    None => {
                        let zeros = next.len();
                        rest.consume(zeros);
                    }
                }
            };
            if !more {
                return Ok(0);
            }
            if !rest.fill_buf()?.starts_with(&[0x1f]) {
                let what = "something else than gzip follows behind its end";
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, what));
            }
            self.member = Some(GzDecoder::new(rest));
        }
        Ok(0)
    }
}
