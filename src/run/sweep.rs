//! Many trials at once: the longest first, each on one thread, each stored as soon as it is done.
//!
//! Workers run on a rayon pool independently: a trial reads shared data and its own workspace, and
//! its record goes to the one thread that writes. Nothing about threads reaches a record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use super::attempt::{Finished, Work, attempt, quiet_panics};
use super::pool::Pool;
use super::progress::Progress;
use super::signals::Stop;
use super::store::Store;
use super::trace::EventLog;
use crate::support::error::{Error, Result};
use crate::support::text::counted;

/// How many finished records may wait for the writer; bounds memory if the disk is slow.
const WAITING: usize = 256;

/// How to sweep.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The threads that train: so many trials at a time.
    pub pool: Pool,
    /// Stop at the first failed trial.
    pub fail_fast: bool,
    /// How long running trials may go on after being asked to stop.
    pub grace: Duration,
    /// What gets a line when a trial starts and when it ends.
    pub trace: Option<Arc<EventLog>>,
    /// The command that goes on with a run that was stopped, if anything can.
    pub go_on: Option<String>,
}

/// How a sweep ended, short of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepEnd {
    /// Every trial asked for is in the store.
    Complete,
    /// A stop was requested.
    Interrupted {
        /// Trials that were running and are dropped.
        dropped: usize,
    },
}

/// What the workers share.
struct Shared<W> {
    work: Arc<W>,
    order: Vec<u32>,
    next: AtomicUsize,
    running: AtomicUsize,
    halt: AtomicBool,
    stop: Stop,
    trace: Option<Arc<EventLog>>,
}

impl<W> Shared<W> {
    fn trace(&self, event: &str, id: &str) {
        if let Some(trace) = &self.trace {
            trace.note(event, id);
        }
    }
}

/// Runs the trials `order`, first to last as threads become free, and puts their records into
/// `store`.
///
/// # Errors
/// The store cannot be written, an I/O error occurred during a trial, or a trial failed and
/// `settings.fail_fast` is set. What was stored before stays good.
pub fn sweep<W: Work>(
    work: &Arc<W>,
    order: Vec<u32>,
    store: &mut Store,
    settings: &Settings,
    stop: &Stop,
    progress: &mut Progress,
) -> Result<SweepEnd> {
    if order.is_empty() {
        return Ok(SweepEnd::Complete);
    }
    quiet_panics();
    let shared = Arc::new(Shared {
        work: work.clone(),
        order,
        next: AtomicUsize::new(0),
        running: AtomicUsize::new(0),
        halt: AtomicBool::new(false),
        stop: stop.clone(),
        trace: settings.trace.clone(),
    });
    let (sender, receiver) = mpsc::sync_channel(WAITING);
    {
        let (shared, fail_fast) = (shared.clone(), settings.fail_fast);
        // Spawned, not scoped: a request to stop does not wait for a long trial.
        settings
            .pool
            .spawn_on_all(move || worker_loop(&shared, &sender.clone(), fail_fast));
    }
    let collected = collect(&receiver, &shared, store, settings, progress);
    shared.halt.store(true, Ordering::SeqCst);
    let synced = store.sync();
    let all = collected?;
    synced?;
    if all == shared.order.len() {
        return Ok(SweepEnd::Complete);
    }
    Ok(SweepEnd::Interrupted {
        dropped: shared.running.load(Ordering::SeqCst),
    })
}

/// Takes records as they come and stores them, many at a time when they come fast. Returns how
/// many there were.
fn collect<W: Work>(
    receiver: &Receiver<Finished>,
    shared: &Shared<W>,
    store: &mut Store,
    settings: &Settings,
    progress: &mut Progress,
) -> Result<usize> {
    let mut deadline = None;
    let mut done = 0;
    let mut ending = None;
    loop {
        match receiver.recv_timeout(Duration::from_millis(100)) {
            Ok(first) => {
                let batch: Vec<Finished> = std::iter::once(first)
                    .chain(receiver.try_iter().take(WAITING))
                    .collect();
                let kept = keep(&batch, shared, store, settings, progress)?;
                done += kept.trials;
                match (kept.ending, &ending) {
                    (Some(error), None) => {
                        // Those that are running end, and are kept.
                        if shared.running.load(Ordering::SeqCst) > 0 {
                            let why = error.message();
                            progress.note(&format!(
                                "stopping, once the trials that are running have ended: {why}"
                            ));
                        }
                        ending = Some(error);
                    }
                    (Some(error), Some(_)) => progress.note(&format!("dropped: {}", error.message())),
                    (None, _) => {}
                }
            }
            Err(RecvTimeoutError::Timeout) => progress.tick(),
            Err(RecvTimeoutError::Disconnected) => return ending.map_or(Ok(done), Err),
        }
        store.tick()?;
        if shared.stop.is_raised() {
            let until = *deadline.get_or_insert_with(|| {
                let running = shared.running.load(Ordering::SeqCst);
                if running > 0 {
                    progress.note(&format!(
                        "stopping: waiting up to {} s for {}; once more to stop at once",
                        settings.grace.as_secs(),
                        counted(running as u64, "running trial")
                    ));
                    // Now, since nothing can be said when the second signal ends the process.
                    if let Some(command) = &settings.go_on {
                        progress.note(&format!("either way, go on with: {command}"));
                    }
                }
                Instant::now() + settings.grace
            });
            if Instant::now() >= until || shared.stop.is_urgent() {
                // What has been sent by now is done, and kept.
                let batch: Vec<Finished> = receiver.try_iter().collect();
                done += keep(&batch, shared, store, settings, progress)?.trials;
                // What ended the run before the request is still why it ends.
                return ending.map_or(Ok(done), Err);
            }
        }
    }
}

/// What became of a batch of finished trials.
struct Kept {
    /// How many are in the store.
    trials: usize,
    /// Why the run ends, if one of the others ends it.
    ending: Option<Error>,
}

/// Stores every trial of `batch` that has a record to keep, also when one of them ends the run.
fn keep<W: Work>(
    batch: &[Finished],
    shared: &Shared<W>,
    store: &mut Store,
    settings: &Settings,
    progress: &mut Progress,
) -> Result<Kept> {
    let (ending, good): (Vec<&Finished>, Vec<&Finished>) =
        batch.iter().partition(|f| f.ends_the_run(settings.fail_fast));
    store.append(good.iter().map(|f| (&f.key, f.frame.as_slice())))?;
    for finished in &good {
        let index = finished.key.index;
        if let Some(failure) = &finished.failure {
            progress.note(&format!("failed: {}: {failure}", shared.work.describe(index)));
        }
        progress.finished(&finished.key, shared.work.cost(index), || {
            shared.work.describe(index)
        });
    }
    let mut kept = Kept {
        trials: good.len(),
        ending: None,
    };
    // After a request to stop, the exit code says that; an error that would end the run anyway is
    // printed as a note, and occurs again when the run is resumed.
    let asked = shared.stop.is_raised();
    for finished in ending {
        let error = finished.as_error(&*shared.work);
        if asked || kept.ending.is_some() {
            progress.note(&format!("dropped: {}", error.message()));
        } else {
            kept.ending = Some(error);
        }
    }
    Ok(kept)
}

/// The loop of one thread: run the next trial, until there is none.
fn worker_loop<W: Work>(shared: &Shared<W>, sender: &SyncSender<Finished>, fail_fast: bool) {
    let mut workspace = W::Workspace::default();
    while !shared.halt.load(Ordering::SeqCst) && !shared.stop.is_raised() {
        let Some(&index) = shared.order.get(shared.next.fetch_add(1, Ordering::SeqCst)) else {
            return;
        };
        shared.running.fetch_add(1, Ordering::SeqCst);
        let id = shared.work.trial_id(index);
        shared.trace("start", &id);
        let finished = attempt(&*shared.work, index, &mut workspace);
        shared.trace("end", &id);
        let last = finished.ends_the_run(fail_fast);
        if last {
            // No thread, this one included, begins another trial.
            shared.halt.store(true, Ordering::SeqCst);
            shared.running.fetch_sub(1, Ordering::SeqCst);
        }
        let sent = sender.send(finished);
        if last || sent.is_err() {
            return;
        }
        shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
pub(crate) mod tests;
