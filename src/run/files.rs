//! Files that appear whole or not at all, and old ones that are set aside, never lost.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::support::error::{Error, Result};

/// A file being written beside its destination; dropped without a word unless committed.
#[derive(Debug)]
pub struct Pending {
    file: BufWriter<File>,
    temporary: PathBuf,
    destination: PathBuf,
    settled: bool,
}

impl Pending {
    /// Begins writing what will be `destination`.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn create(destination: &Path) -> Result<Self> {
        let mut name = destination.file_name().unwrap_or_default().to_owned();
        name.push(".tmp");
        let temporary = destination.with_file_name(name);
        let file = File::create(&temporary).map_err(|e| Error::io("create", &temporary, &e))?;
        let file = BufWriter::with_capacity(1 << 16, file);
        Ok(Pending {
            file,
            temporary,
            destination: destination.to_owned(),
            settled: false,
        })
    }

    /// Where it will stand.
    pub fn destination(&self) -> &Path {
        &self.destination
    }

    /// Opens what has been written so far, for reading.
    ///
    /// # Errors
    /// A full disk and the like.
    pub fn reread(&mut self) -> Result<File> {
        self.file
            .flush()
            .map_err(|e| Error::io("write", &self.temporary, &e))?;
        File::open(&self.temporary).map_err(|e| Error::io("read", &self.temporary, &e))
    }

    /// Forces what was written to the disk; the destination is still untouched.
    ///
    /// # Errors
    /// A full disk and the like.
    pub fn sync(&mut self) -> Result<()> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        written.map_err(|e| Error::io("write", &self.temporary, &e))
    }

    /// Whether the destination already holds exactly these bytes (after [`Pending::sync`]).
    ///
    /// # Errors
    /// The destination exists but cannot be read.
    pub fn is_unchanged(&self) -> Result<bool> {
        same_bytes(&self.temporary, &self.destination)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn commit(mut self) -> Result<()> {
        self.sync()?;
        fs::rename(&self.temporary, &self.destination)
            .map_err(|e| Error::io("put in place", &self.destination, &e))?;
        self.settled = true;
        sync_directory(self.destination.parent().unwrap_or(Path::new(".")))
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.settled {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
/// The operating system refuses.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut pending = Pending::create(path)?;
    pending
        .write_all(bytes)
        .map_err(|e| Error::io("write", path, &e))?;
    pending.commit()
}

/// Writes `bytes` to a path that the user chose: whole or not at all where there is a regular file or
/// nothing yet (a link to a regular file stays a link); directly into a pipe, a terminal or another
/// device, which is never replaced.
///
/// # Errors
/// The operating system refuses. That the reader of a pipe has gone is no error.
pub(crate) fn write_output(path: &Path, bytes: &[u8]) -> Result<()> {
    if !is_stream(path) {
        return match fs::canonicalize(path) {
            Ok(target) => write_atomically(&target, bytes),
            Err(_) if path.is_symlink() => fs::write(path, bytes).map_err(|e| Error::io("write", path, &e)),
            Err(_) => write_atomically(path, bytes),
        };
    }
    // Behind what is there already, for `--out /dev/stdout >> file`.
    let written = File::options()
        .append(true)
        .open(path)
        .and_then(|mut stream| stream.write_all(bytes));
    match written {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::io("write", path, &e)),
        _ => Ok(()),
    }
}

/// Whether `path` is written into as it stands: a pipe or a device, or an open file of this process
/// (`/dev/stdout`), which may be a regular file elsewhere.
pub(crate) fn is_stream(path: &Path) -> bool {
    let special = |m: fs::Metadata| !m.is_file() && !m.is_dir();
    path.starts_with("/dev") || path.starts_with("/proc") || fs::metadata(path).is_ok_and(special)
}

/// Puts all of `files` in place, the last one (the mark that the set is whole) last. If any would
/// change, or any of `stale` exists, the whole old set is first moved together into a new
/// `previous-N` directory beside them, whose path is returned. Identical files are left untouched.
///
/// # Errors
/// The operating system refuses. Old files are then either in place or in `previous-N`.
pub fn replace(mut files: Vec<Pending>, stale: &[PathBuf]) -> Result<Option<PathBuf>> {
    let mut differs = stale.iter().any(|p| p.exists());
    for file in &mut files {
        file.sync()?;
        differs |= file.destination.exists() && !file.is_unchanged()?;
    }
    let mut aside = None;
    if differs {
        // The mark goes first, so that a half-moved set never looks whole.
        let old: Vec<&Path> = files
            .iter()
            .rev()
            .map(|f| f.destination())
            .chain(stale.iter().map(PathBuf::as_path))
            .filter(|p| p.exists())
            .collect();
        let parent = old[0].parent().unwrap_or(Path::new(".")).to_owned();
        aside = set_aside(&parent, &old)?;
    }
    for file in files {
        if aside.is_some() || !file.is_unchanged()? {
            file.commit()?;
        }
    }
    Ok(aside)
}

/// Moves `paths` into a new directory `previous-N` in `parent`. Returns its path, or `None` if
/// there was nothing to move.
///
/// # Errors
/// The operating system refuses.
pub fn set_aside(parent: &Path, paths: &[&Path]) -> Result<Option<PathBuf>> {
    if paths.is_empty() {
        return Ok(None);
    }
    let mut n = 1;
    let target = loop {
        let candidate = parent.join(format!("previous-{n}"));
        match fs::create_dir(&candidate) {
            Ok(()) => break candidate,
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => n += 1,
            Err(e) => return Err(Error::io("create", &candidate, &e)),
        }
    };
    for path in paths {
        let to = target.join(path.file_name().unwrap_or_default());
        fs::rename(path, &to).map_err(|e| Error::io("move aside", path, &e))?;
    }
    sync_directory(parent)?;
    Ok(Some(target))
}

/// Whether two files hold the same bytes; false if the second is not there.
///
/// # Errors
/// Either cannot be read.
pub fn same_bytes(a: &Path, b: &Path) -> Result<bool> {
    if !b.exists() {
        return Ok(false);
    }
    let open = |path: &Path| File::open(path).map_err(|e| Error::io("read", path, &e));
    let (mut left, mut right) = (open(a)?, open(b)?);
    let size = |file: &File, path| {
        file.metadata()
            .map(|m| m.len())
            .map_err(|e| Error::io("read", path, &e))
    };
    if size(&left, a)? != size(&right, b)? {
        return Ok(false);
    }
    let (mut x, mut y) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let n = left.read(&mut x).map_err(|e| Error::io("read", a, &e))?;
        if n == 0 {
            return Ok(true);
        }
        match right.read_exact(&mut y[..n]) {
            Ok(()) if x[..n] == y[..n] => {}
            Ok(()) => return Ok(false),
            Err(e) => return Err(Error::io("read", b, &e)),
        }
    }
}

/// Makes a rename in `directory` survive a loss of power, where the platform has a way to ask.
fn sync_directory(directory: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let synced = File::open(directory).and_then(|d| d.sync_all());
        // Some network file systems refuse to sync a directory; the rename itself has happened.
        if let Err(e) = synced {
            let unsupported = [std::io::ErrorKind::InvalidInput, std::io::ErrorKind::Unsupported];
            if !unsupported.contains(&e.kind()) {
                return Err(Error::io("sync", directory, &e));
            }
        }
    }
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(path: &Path, text: &str) -> Pending {
        let mut p = Pending::create(path).unwrap();
        p.write_all(text.as_bytes()).unwrap();
        p
    }

    #[test]
    fn a_dropped_file_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        write_atomically(&path, b"old").unwrap();
        drop(pending(&path, "new"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn an_output_keeps_links_and_devices() {
        let dir = tempfile::tempdir().unwrap();
        let (page, link) = (dir.path().join("page"), dir.path().join("link"));
        std::os::unix::fs::symlink(&page, &link).unwrap();
        for text in ["first, and longer", "second"] {
            write_output(&link, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&page).unwrap(), text);
            assert!(link.is_symlink());
        }
        let null = dir.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &null).unwrap();
        write_output(&null, b"nothing").unwrap();
        assert!(null.is_symlink() && is_stream(&null) && is_stream(Path::new("/dev/stdout")));
    }

    #[test]
    fn replacing_sets_the_whole_old_set_aside_only_when_something_differs() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let files = |a, b| vec![pending(&at("a.csv"), a), pending(&at("manifest"), b)];
        assert_eq!(replace(files("1", "m"), &[]).unwrap(), None);
        assert_eq!(
            replace(files("1", "m"), &[]).unwrap(),
            None,
            "identical: untouched"
        );
        let aside = replace(files("2", "m"), &[]).unwrap().unwrap();
        assert_eq!(aside, at("previous-1"));
        assert_eq!(fs::read(aside.join("a.csv")).unwrap(), b"1");
        assert_eq!(fs::read(aside.join("manifest")).unwrap(), b"m");
        assert_eq!(fs::read(at("a.csv")).unwrap(), b"2");
        fs::write(at("layers.csv"), "old").unwrap();
        let aside = replace(files("2", "m"), &[at("layers.csv")]).unwrap();
        assert_eq!(
            aside,
            Some(at("previous-2")),
            "a table that is no longer written goes, too"
        );
        assert!(at("previous-2").join("layers.csv").exists() && !at("layers.csv").exists());
    }
}
