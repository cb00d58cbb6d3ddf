//! `--trace`: a line in a file whenever a trial starts and when it ends.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use super::files::is_stream;
use super::progress::say;
use crate::support::error::{Error, Result};

/// A file that trials are noted in, by any thread.
#[derive(Debug)]
pub struct EventLog(Mutex<File>);

impl EventLog {
    /// Opens `path` to append to, and creates it if it is not there. Opening a
    /// named pipe blocks until a process reads it.
    ///
    /// # Errors
    /// An I/O error.
    pub fn open(path: &Path) -> Result<Self> {
        if is_stream(path) && path.exists() && !path.starts_with("/dev") {
            say(&format!(
                "--trace: waiting for a process that reads {}",
                path.display()
            ));
        }
        let file = File::options().append(true).create(true).open(path);
        file.map(|f| EventLog(Mutex::new(f)))
            .map_err(|e| Error::io("write to", path, &e))
    }

    /// Notes that `event` has just happened to the trial `id`.
    pub(super) fn note(&self, event: &str, id: &str) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let line = format!("{now:.6}\t{event}\t{id}\n");
        // A trace that cannot be written must not stop a run.
        if let Ok(mut file) = self.0.lock() {
            let _ = file.write_all(line.as_bytes());
        }
    }
}
