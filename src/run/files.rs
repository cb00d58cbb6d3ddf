//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;

use tempfile::NamedTempFile;

use super::progress::say;
use crate::support::error::{Error, Result};
use crate::table::manifest::TextDigest;

/// A file being written beside its destination; removed when dropped, unless committed.
#[derive(Debug)]
pub(crate) struct Pending {
    file: BufWriter<NamedTempFile>,
    pub(super) destination: PathBuf,
    digest: TextDigest,
}

impl Pending {
    /// Begins writing what will be `destination`.
    ///
    /// # Errors
    /// An I/O error.
    pub fn create(destination: &Path) -> Result<Self> {
        let mut name = destination.file_name().unwrap_or_default().to_owned();
        name.push(".tmp");
        // What a killed process left. Two at a time are excluded by the lock of the directory.
        let _ = fs::remove_file(destination.with_file_name(&name));
        let mut builder = tempfile::Builder::new();
        builder.prefix(&name).rand_bytes(0);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(parent(destination));
        let file = file.map_err(|e| Error::io("create", &destination.with_file_name(&name), &e))?;
        Ok(Pending {
            file: BufWriter::with_capacity(1 << 16, file),
            destination: destination.to_owned(),
            digest: TextDigest::default(),
        })
    }

    /// The digest of what was written, and the name that it goes by in a manifest.
    pub fn digest(&self) -> (String, String) {
        let name = self.destination.file_name().unwrap_or_default();
        (name.to_string_lossy().into_owned(), self.digest.clone().finish())
    }

    /// Brings what was written to the disk; the destination is still untouched.
    ///
    /// # Errors
    /// A full disk and the like.
    pub fn sync(&mut self) -> Result<()> {
        let written = self.file.flush();
        written.map_err(|e| Error::io("write", &self.destination, &e))?;
        sync_file(self.file.get_ref().as_file(), &self.destination)
    }

    /// Whether the destination already holds exactly these bytes (after [`Pending::sync`]).
    ///
    /// # Errors
    /// The destination exists but cannot be read.
    pub fn is_unchanged(&self) -> Result<bool> {
        same_bytes(self.file.get_ref().path(), &self.destination)
    }

    /// Leaves what was written beside the destination, under its name with `.tmp`, for
    /// [`super::replacement`].
    ///
    /// # Errors
    /// An I/O error.
    pub(super) fn keep(mut self) -> Result<()> {
        self.sync()?;
        let file = self.file.into_inner();
        let file = file.map_err(|e| Error::io("write", &self.destination, e.error()))?;
        let kept = file.keep();
        kept.map_err(|e| Error::io("write", &self.destination, &e.error))?;
        Ok(())
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// An I/O error.
    pub fn commit(mut self) -> Result<()> {
        self.sync()?;
        let at = |e: &io::Error| Error::io("put in place", &self.destination, e);
        let file = self.file.into_inner().map_err(|e| at(e.error()))?;
        file.persist(&self.destination).map_err(|e| at(&e.error))?;
        sync_directory(parent(&self.destination))
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The directory of `path`.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
/// An I/O error.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
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
/// An I/O error. A pipe whose reader has gone is no error.
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

/// Whether two files hold the same bytes; false if the second is not there.
fn same_bytes(a: &Path, b: &Path) -> Result<bool> {
    if !b.exists() {
        return Ok(false);
    }
    let open = |path: &Path| -> Result<_> {
        let file = File::open(path).map_err(|e| Error::io("read", path, &e))?;
        let size = file.metadata().map_err(|e| Error::io("read", path, &e))?.len();
        Ok((file, size))
    };
    let ((mut left, size), (mut right, other)) = (open(a)?, open(b)?);
    let (mut x, mut y) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut rest = size;
    while size == other && rest > 0 {
        let n = rest.min(x.len() as u64) as usize;
        left.read_exact(&mut x[..n])
            .map_err(|e| Error::io("read", a, &e))?;
        right
            .read_exact(&mut y[..n])
            .map_err(|e| Error::io("read", b, &e))?;
        if x[..n] != y[..n] {
            return Ok(false);
        }
        rest -= n as u64;
    }
    Ok(size == other)
}

/// Brings `file`, which is at `path`, to the disk.
///
/// # Errors
/// An I/O error. A file system that does not implement this (some network and FUSE file systems)
/// is reported once on standard error and is no error.
pub(crate) fn sync_file(file: &File, path: &Path) -> Result<()> {
    static ONCE: Once = Once::new();
    match file.sync_data() {
        Err(e) if is_unsupported(&e) => {
            ONCE.call_once(|| {
                say(&format!(
                    "note: the file system of {} does not implement fsync ({e}): a loss of power can cost what \
                     was written last; a killed run loses nothing",
                    path.display()
                ));
            });
            Ok(())
        }
        synced => synced.map_err(|e| Error::io("write to", path, &e)),
    }
}

/// EINVAL, ENOSYS, ENOTSUP: the operation is not implemented here.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    )
}

/// Makes a rename in `directory` survive a loss of power, where the platform has a way to ask.
pub(super) fn sync_directory(directory: &Path) -> Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(directory).and_then(|d| d.sync_all()) {
        // Some network file systems cannot sync a directory; the rename itself has happened.
        Err(e) if !is_unsupported(&e) => Err(Error::io("sync", directory, &e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file that would replace that at `path` with `text`.
    pub(in crate::run) fn pending(path: &Path, text: &str) -> Pending {
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

    /// `/dev/null` answers fsync with EINVAL, as a file system does that does not implement it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_without_fsync_is_no_error() {
        let path = Path::new("/dev/null");
        let file = File::options().write(true).open(path).unwrap();
        assert_eq!(file.sync_data().unwrap_err().kind(), io::ErrorKind::InvalidInput);
        sync_file(&file, path).unwrap();
        for code in [22, 38, 95] {
            assert!(is_unsupported(&io::Error::from_raw_os_error(code)), "{code}");
        }
        for code in [5, 28, 30] {
            assert!(!is_unsupported(&io::Error::from_raw_os_error(code)), "{code}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_is_written_and_a_leftover_is_no_obstacle() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (path, plain) = (dir.path().join("t.csv"), dir.path().join("plain"));
        fs::write(dir.path().join("t.csv.tmp"), "of a killed process").unwrap();
        write_atomically(&path, b"new").unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain), "as the umask says");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
