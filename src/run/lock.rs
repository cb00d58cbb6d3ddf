//! One run per results directory, or one per shard: a second one is refused and told which
//! process is there.

use std::fs::{self, File, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;

use crate::support::error::{Error, Kind, Result};

/// A lock that is held until it is dropped, or the process ends in any way at all.
///
/// The file stays behind: removing it would let two runs lock two files of the same name.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

/// How much a lock keeps others out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// No other process, not even one with another shard.
    Exclusive,
    /// Processes that share: shards of one experiment.
    Shared,
}

impl Lock {
    /// Takes the lock `path` at once or not at all; `place` is what the message calls the thing.
    ///
    /// # Errors
    /// Another process holds it (the error names the process if the lock file does), or the file
    /// cannot be created.
    pub fn take(path: &Path, mode: Mode, place: &str) -> Result<Lock> {
        let mut file = open(path)?;
        let locked = match mode {
            Mode::Exclusive => file.try_lock(),
            Mode::Shared => file.try_lock_shared(),
        };
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(path).unwrap_or_default();
                let holder = holder
                    .lines()
                    .next()
                    .filter(|h| !h.is_empty())
                    .unwrap_or("another goodinit");
                let message = format!("{place} is in use by {holder}");
                return Err(Error::new(Kind::Store, message).help(
                    "nothing was touched; wait for it, stop it, or choose another directory with --out",
                ));
            }
            Err(TryLockError::Error(e)) => {
                return Err(Error::io("lock", path, &e)
                    .help("some network file systems cannot lock; choose another directory with --out"));
            }
        }
        if mode == Mode::Exclusive {
            // Only for the message to a second process, so a failure does not matter.
            let _ = file
                .set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| writeln!(file, "process {} on {}", std::process::id(), host()));
        }
        Ok(Lock(file))
    }

    /// Takes the lock `path` for this process alone and waits while another one holds it: for work
    /// of a moment.
    ///
    /// # Errors
    /// An I/O error.
    pub fn wait(path: &Path) -> Result<Lock> {
        let file = open(path)?;
        file.lock().map_err(|e| Error::io("lock", path, &e))?;
        Ok(Lock(file))
    }
}

fn open(path: &Path) -> Result<File> {
    let open = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    open.map_err(|e| Error::io("create", path, &e))
}

/// The name of this machine, for messages and `run.json`.
pub(crate) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = Lock::take(&path, Mode::Exclusive, "results/x").unwrap();
        for mode in [Mode::Exclusive, Mode::Shared] {
            let error = Lock::take(&path, mode, "results/x").unwrap_err().to_string();
            assert!(error.starts_with("results/x is in use by "), "{error}");
            if cfg!(unix) {
                assert!(
                    error.contains(&format!("process {} on", std::process::id())),
                    "{error}"
                );
            }
        }
        drop(first);
        let shared = Lock::take(&path, Mode::Shared, "results/x").unwrap();
        let other = Lock::take(&path, Mode::Shared, "results/x").unwrap();
        Lock::take(&path, Mode::Exclusive, "results/x").unwrap_err();
        drop((shared, other));
        Lock::take(&path, Mode::Exclusive, "results/x").unwrap();
    }
}
