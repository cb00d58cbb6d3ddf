//! Being asked to stop: Ctrl-C, and the SIGTERM of a scheduler.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

/// A flag that is raised when the program is asked to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A flag that only [`Stop::raise`] raises.
    pub fn manual() -> Self {
        Stop::default()
    }

    /// A flag raised by SIGINT and SIGTERM. A second signal ends the process at once, with exit
    /// code 75 as well: the journal is good at any moment.
    pub fn on_signals() -> Self {
        let stop = Stop::default();
        for signal in [SIGINT, SIGTERM] {
            // Order matters: the shutdown looks at the flag before this signal raises it. A
            // platform without one of the signals is one where it never arrives.
            let _ = signal_hook::flag::register_conditional_shutdown(signal, 75, stop.0.clone());
            let _ = signal_hook::flag::register(signal, stop.0.clone());
        }
        stop
    }

    /// Asks to stop.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked to stop.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
