//! Bringing a journal from the operating system to the disk, without anybody waiting for it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::error::{Error, Kind, Result};

/// Records reach the operating system at once and the disk itself this often: what a loss of
/// power can cost at most. A killed process loses none of them.
pub const SYNC_INTERVAL: Duration = Duration::from_secs(2);

/// A thread that waits for the disk, so that nobody else has to.
#[derive(Debug)]
pub(super) struct Syncer {
    dirty: Arc<Mutex<bool>>,
    failure: Arc<Mutex<Option<Error>>>,
    /// Dropped to end the thread.
    life: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// Begins to watch over `file`, which is at `path`.
    pub(super) fn start(file: File, path: PathBuf) -> Self {
        let (life, death) = mpsc::channel::<()>();
        let (dirty, failure) = (Arc::new(Mutex::new(false)), Arc::new(Mutex::new(None)));
        let (flag, slot) = (dirty.clone(), failure.clone());
        let thread = std::thread::spawn(move || {
            while death.recv_timeout(SYNC_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let was = std::mem::take(&mut *flag.lock().unwrap_or_else(PoisonError::into_inner));
                if (was || !is_at(&file, &path))
                    && let Err(error) = sync(&file, &path)
                {
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return;
                }
            }
        });
        Syncer {
            dirty,
            failure,
            life: Some(life),
            thread: Some(thread),
        }
    }

    /// Something has been written.
    pub(super) fn dirty(&self) {
        *self.dirty.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// What has gone wrong, once.
    pub(super) fn error(&self) -> Result<()> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.life.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Forces a journal to the disk and makes sure that it is still the file at `path`.
pub(super) fn sync(file: &File, path: &Path) -> Result<()> {
    file.sync_data().map_err(|e| Error::io("write to", path, &e))?;
    if !is_at(file, path) {
        let message = format!(
            "{} was removed or replaced while the run was at work",
            path.display()
        );
        return Err(Error::new(Kind::Store, message)
            .help("run the same command again: it goes on from what is there"));
    }
    Ok(())
}

/// Whether `path` still names `file`. Where open files cannot be removed, it does.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
        matches!((&file.metadata(), &fs::metadata(path)), (Ok(a), Ok(b)) if same(a, b))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}
