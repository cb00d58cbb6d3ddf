//! Requests to stop: Ctrl-C, the signals of schedulers, a lost connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::*;

/// The signals that ask a run to stop. Schedulers send SIGTERM, and SIGUSR1, SIGUSR2 or SIGXCPU ahead
/// of the end of a job's time (submitit, nextflow, Grid Engine); a lost connection sends SIGHUP.
#[cfg(unix)]
const SIGNALS: &[i32] = &[SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU];
#[cfg(not(unix))]
const SIGNALS: &[i32] = &[SIGINT, SIGTERM];

/// A flag that is raised when the program is asked to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    raised: Arc<AtomicBool>,
    at_once: Arc<AtomicBool>,
}

impl Stop {
    /// A flag that only [`Stop::raise`] raises.
    pub fn manual() -> Self {
        Stop::default()
    }

    /// A flag raised by any of the signals that ask a run to stop. A second signal ends the process
    /// at once, with exit code 75 as well: the journal is good at any moment.
    pub fn on_signals() -> Self {
        let stop = Stop::default();
        for &signal in SIGNALS {
            if signal_is_ignored(signal) {
                continue;
            }
            // Order matters: the shutdown looks at the flag before this signal raises it. Where
            // a signal cannot be registered, it never arrives.
            let _ = signal_hook::flag::register_conditional_shutdown(signal, 75, stop.raised.clone());
            let _ = signal_hook::flag::register(signal, stop.raised.clone());
        }
        stop
    }

    /// Asks to stop; a second time, not to wait for what is running.
    pub fn raise(&self) {
        if self.raised.swap(true, Ordering::SeqCst) {
            self.at_once.store(true, Ordering::SeqCst);
        }
    }

    /// Whether a stop was requested.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// Whether [`Stop::raise`] asked twice.
    pub(super) fn is_urgent(&self) -> bool {
        self.at_once.load(Ordering::SeqCst)
    }
}

/// Makes a write beyond the limit on the size of a file (`ulimit -f`) an error like any other; it would
/// end the process by SIGXFSZ without a word.
pub fn report_file_size_limit() {
    #[cfg(unix)]
    // The flag is not read. Where the signal cannot be registered, it does what it did.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

/// Whether the program was started with SIGHUP ignored, as `nohup` does: the run then outlives its
/// terminal.
#[cfg(unix)]
fn signal_is_ignored(signal: i32) -> bool {
    if signal != SIGHUP {
        return false;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    match status.lines().find_map(|line| line.strip_prefix("SigIgn:")) {
        Some(mask) => u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask >> (signal - 1) & 1 == 1),
        // Not Linux: `nohup` leaves no stream on the terminal.
        None => !std::io::IsTerminal::is_terminal(&std::io::stderr()),
    }
}

#[cfg(not(unix))]
fn signal_is_ignored(_: i32) -> bool {
    false
}
