//! Reading a file that may be gzipped, may lie about its length and may end early.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::support::error::{Error, Kind, Result};

/// Deflate cannot pack more than this many bytes into one (zlib's technical notes: 1032:1).
const DEFLATE_LIMIT: u64 = 1032;

/// The unpacked bytes of a file, in order.
pub(super) struct Source {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    gzipped: bool,
    /// The file's own length.
    length: u64,
    /// Unpacked bytes read so far.
    position: u64,
}

impl Source {
    /// Opens the file at `path`; gzip is recognised by its first bytes, not by its name.
    pub(super) fn open(path: &Path) -> Result<Source> {
        let refused = |what: &str, e: &std::io::Error| Error::io(what, path, e);
        let file = File::open(path).map_err(|e| refused("open", &e))?;
        let metadata = file.metadata().map_err(|e| refused("look at", &e))?;
        if metadata.is_dir() {
            let message = format!("{} is a directory, not a file", path.display());
            return Err(Error::new(Kind::Data, message));
        }
        let reader = BufReader::with_capacity(1 << 16, file);
        Source::wrap(path, Box::new(reader), metadata.len())
    }

    /// A source over bytes in memory, named `path` in messages.
    #[cfg(test)]
    pub(super) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Source> {
        let length = bytes.len() as u64;
        Source::wrap(path, Box::new(std::io::Cursor::new(bytes)), length)
    }

    fn wrap(path: &Path, mut reader: Box<dyn BufRead>, length: u64) -> Result<Source> {
        let start = reader.fill_buf().map_err(|e| Error::io("read", path, &e))?;
        let gzipped = start.starts_with(&[0x1f, 0x8b]);
        if gzipped {
            reader = Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader)));
        }
        Ok(Source {
            path: path.to_owned(),
            reader,
            gzipped,
            length,
            position: 0,
        })
    }

    /// The file's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
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
        out.reserve_exact(usize::try_from(first).unwrap_or(0));
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
            Error::new(Kind::Data, message)
                .help("get the file again, or unpack it with gzip -t to see what is wrong")
        } else {
            Error::io("read", &self.path, error)
        }
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self
            .reader
            .read(out)
            .map_err(|e| std::io::Error::new(e.kind(), self.failed(&e).to_string()))?;
        self.position += n as u64;
        Ok(n)
    }
}
