//! Reading an experiment file from disk, with errors that say what was probably meant.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::document::MAX_BYTES;
use crate::support::error::{Error, Kind, Result};

/// The path that stands for standard input.
const STDIN: &str = "-";

/// The text of the file at `path`, or of standard input where that is `-`.
pub(super) fn text(path: &Path) -> Result<String> {
    if path.as_os_str() == STDIN {
        return text_of(std::io::stdin().lock(), Path::new("standard input"));
    }
    let metadata = std::fs::metadata(path).map_err(|e| {
        let error = Error::io("read", path, &e);
        match nearby(path) {
            Some(other) => error.help(format!("did you mean {}?", other.display())),
            None => error,
        }
    })?;
    if metadata.is_dir() {
        let message = format!("{} is a directory, not an experiment file", path.display());
        return Err(Error::new(Kind::Experiment, message)
            .help("name a .toml file, for example experiments/quick.toml"));
    }
    let file = File::open(path).map_err(|e| Error::io("read", path, &e))?;
    text_of(file, path)
}

/// The text that `source`, called `path` in messages, holds. The length of a pipe or a device is
/// not known before it is read.
fn text_of(source: impl Read, path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    let mut source = source.take(MAX_BYTES as u64 + 1);
    let read = source.read_to_end(&mut bytes);
    read.map_err(|e| Error::io("read", path, &e))?;
    if bytes.len() > MAX_BYTES {
        let message = format!(
            "{} is longer than {MAX_BYTES} bytes, the most that an experiment file has",
            path.display()
        );
        return Err(Error::new(Kind::Experiment, message));
    }
    String::from_utf8(bytes).map_err(|e| {
        let valid = e.utf8_error().valid_up_to();
        let line = e.as_bytes()[..valid].iter().filter(|b| **b == b'\n').count() + 1;
        let message = format!(
            "{} is not UTF-8 text: byte 0x{:02x} in line {line}",
            path.display(),
            e.as_bytes()[valid]
        );
        Error::new(Kind::Experiment, message).help("save the file as UTF-8")
    })
}

/// An experiment file that exists and whose name is like that of `path`, which doesn't.
fn nearby(path: &Path) -> Option<PathBuf> {
    let file = path.file_name()?;
    let with_extension = Path::new(file).with_extension("toml");
    [
        path.with_extension("toml"),
        Path::new("experiments").join(with_extension),
    ]
    .into_iter()
    .find(|p| p.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_cannot_be_read_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let read = |path: &Path| text(path).unwrap_err().to_string();
        assert!(read(directory.path()).contains("is a directory, not an experiment file"));
        let path = directory.path().join("x.toml");
        assert!(read(&path).starts_with("cannot read "));
        std::fs::write(&path, b"a = 1\nb = \"\xff\"\n").unwrap();
        assert!(read(&path).contains("not UTF-8 text: byte 0xff in line 2"));
        assert!(read(&directory.path().join("x")).contains("x.toml?"));
        let pipe = text_of(&b"a = \xff"[..], Path::new("standard input"));
        assert!(
            pipe.unwrap_err()
                .to_string()
                .contains("standard input is not UTF-8")
        );
        let endless = text_of(std::io::repeat(b' '), Path::new("standard input"));
        assert!(
            endless
                .unwrap_err()
                .to_string()
                .contains("standard input is longer than")
        );
    }
}
