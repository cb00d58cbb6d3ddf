//! The threads of a command.

use std::sync::Arc;

use crate::numerics::FloatMode;
use crate::support::error::{Error, Kind, Result};

/// Most threads that may be asked for.
pub const MAX_THREADS: usize = 1024;

/// One thread for each core that this process may use.
pub fn default_threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MAX_THREADS)
}

/// The threads that a command may use: for its trials, and for what is computed from their rows.
#[derive(Debug, Clone)]
pub struct Pool(Arc<rayon::ThreadPool>);

impl Pool {
    /// Starts so many threads; at least one, at most [`MAX_THREADS`].
    ///
    /// # Errors
    /// An I/O error.
    pub fn new(threads: usize) -> Result<Self> {
        let threads = threads.clamp(1, MAX_THREADS);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("trial-{i}"))
            .start_handler(|_| FloatMode::standard().keep())
            .build()
            .map_err(|e| {
                Error::new(Kind::Io, format!("cannot start {threads} threads: {e}"))
                    .help("ask for fewer with --threads")
            })?;
        Ok(Pool(Arc::new(pool)))
    }

    /// As many threads as there are cores; where the operating system refuses, the one that is
    /// there already.
    ///
    /// # Errors
    /// Never, as far as is known.
    pub fn or_this_thread() -> Result<Self> {
        Pool::new(default_threads()).or_else(|error| {
            let alone = rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .use_current_thread();
            alone.build().map(|pool| Pool(Arc::new(pool))).map_err(|_| error)
        })
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.0.current_num_threads()
    }

    /// Carries `work` out on these threads; whatever in it is parallel uses them and no others.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.0.install(work)
    }

    /// Starts `work` on every thread, and waits for none.
    pub(super) fn spawn_on_all(&self, work: impl Fn() + Send + Sync + 'static) {
        self.0.spawn_broadcast(move |_| work());
    }
}
