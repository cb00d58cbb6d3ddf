//! Reading an experiment file from disk, with errors that say what was probably meant.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::document::MAX_BYTES;
use crate::support::error::{Error, Kind, Result};

/// The text of the file at `path`.
pub(super) fn text(path: &Path) -> Result<String> {
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
    let unreadable = |e| Error::io("read", path, &e);
    let mut bytes = Vec::new();
    // The length of a pipe or a device isn't known before.
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
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
    }
}
