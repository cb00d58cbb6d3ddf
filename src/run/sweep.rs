//! Many trials at once: the dearest first, each on one thread, each kept as soon as it is done.
//!
//! Workers run on a rayon pool and never meet: a trial reads shared data and its own workspace,
//! and its record goes to the one thread that writes. Nothing about threads reaches a record.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use super::frame::{self, Key};
use super::pool::Pool;
use super::progress::Progress;
use super::signals::Stop;
use super::store::Store;
use super::trace::Trace;
use crate::error::{Error, Kind, Result};
use crate::results::record::{Status, TrialRecord};

/// How many finished records may wait for the writer; bounds memory if the disk is slow.
const WAITING: usize = 256;

/// What a sweep runs.
pub trait Work: Send + Sync + 'static {
    /// What a thread keeps from trial to trial (buffers).
    type Workspace: Default;

    /// Carries out trial `index`.
    ///
    /// # Errors
    /// The trial cannot be carried out; it becomes a row with status `failed`. If it is this
    /// machine that refuses (a full disk, a file that is gone), the sweep ends instead: that is no
    /// result, and another machine would have another one.
    fn run(&self, index: u32, workspace: &mut Self::Workspace) -> Result<TrialRecord>;

    /// The record of trial `index` that could not be carried out.
    fn failed(&self, index: u32, message: String) -> TrialRecord;

    /// The identity of trial `index`.
    fn trial_id(&self, index: u32) -> String;

    /// Expected work of trial `index`, in any unit.
    fn cost(&self, index: u32) -> u64;

    /// Trial `index` for people: `he_normal relu 256-128 rate 0.1`.
    fn describe(&self, index: u32) -> String;
}

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
    pub trace: Option<Arc<Trace>>,
    /// The command that goes on with a run that was stopped, if anything can.
    pub go_on: Option<String>,
}

/// How a sweep ended, short of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every trial asked for is in the store.
    Complete,
    /// Somebody asked to stop.
    Interrupted {
        /// Trials that were running and are dropped.
        dropped: usize,
    },
}

/// A trial that is done.
struct Finished {
    key: Key,
    frame: Vec<u8>,
    failure: Option<String>,
    /// This machine could not do it; then there is no record.
    refused: Option<Error>,
}

impl Finished {
    /// Whether the run ends with this trial, which is then not kept.
    fn ends_the_run(&self, settings: &Settings) -> bool {
        self.refused.is_some() || settings.fail_fast && self.failure.is_some()
    }

    /// What a person reads when the run ends with this trial.
    fn as_error<W: Work>(&self, shared: &Shared<W>) -> Error {
        let what = format!(
            "trial {} ({})",
            self.key.trial_id,
            shared.work.describe(self.key.index as u32)
        );
        match &self.refused {
            Some(error) => Error::new(error.kind(), format!("{what}: {}", one_line(&error.to_string()))).help(
                "that is no result, so the trial is not kept; put it right, then run the same command again",
            ),
            None => {
                let why = self.failure.as_deref().unwrap_or_default();
                Error::new(Kind::Trial, format!("{what} failed: {why}"))
                    .help("without --fail-fast it becomes a row with status failed, and the rest goes on")
            }
        }
    }
}

/// What the workers share.
struct Shared<W> {
    work: Arc<W>,
    order: Vec<u32>,
    next: AtomicUsize,
    running: AtomicUsize,
    halt: AtomicBool,
    stop: Stop,
    trace: Option<Arc<Trace>>,
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
/// The store cannot be written, the operating system refused something to a trial, or a trial failed and `settings.fail_fast` is set. What was stored before
/// stays good.
pub fn sweep<W: Work>(
    work: &Arc<W>,
    order: Vec<u32>,
    store: &mut Store,
    settings: &Settings,
    stop: &Stop,
    progress: &mut Progress,
) -> Result<End> {
    if order.is_empty() {
        return Ok(End::Complete);
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
        let shared = shared.clone();
        // Spawned, not scoped: whoever is asked to stop does not wait for a long trial.
        settings
            .pool
            .spawn_on_all(move || labour(&shared, &sender.clone()));
    }
    let collected = collect(&receiver, &shared, store, settings, progress);
    shared.halt.store(true, Ordering::SeqCst);
    let synced = store.sync();
    let all = collected?;
    synced?;
    if all == shared.order.len() {
        return Ok(End::Complete);
    }
    Ok(End::Interrupted {
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
    loop {
        match receiver.recv_timeout(Duration::from_millis(100)) {
            Ok(first) => {
                let mut batch: Vec<Finished> = std::iter::once(first)
                    .chain(receiver.try_iter().take(WAITING))
                    .collect();
                if batch.iter().any(|f| f.ends_the_run(settings)) {
                    // Nobody begins another trial, and what is done by now is kept with the rest.
                    shared.halt.store(true, Ordering::SeqCst);
                    batch.extend(receiver.try_iter());
                }
                done += keep(&batch, shared, store, settings, progress)?;
            }
            Err(RecvTimeoutError::Timeout) => progress.tick(),
            Err(RecvTimeoutError::Disconnected) => return Ok(done),
        }
        store.check()?;
        if shared.stop.is_raised() {
            let until = *deadline.get_or_insert_with(|| {
                let running = shared.running.load(Ordering::SeqCst);
                if running > 0 {
                    progress.note(&format!(
                        "stopping: waiting up to {} s for {running} running trial{}; once more to stop at once",
                        settings.grace.as_secs(),
                        if running == 1 { "" } else { "s" }
                    ));
                    // Now, since nothing can be said when the second signal ends the process.
                    if let Some(command) = &settings.go_on {
                        progress.note(&format!("either way, go on with: {command}"));
                    }
                }
                Instant::now() + settings.grace
            });
            if Instant::now() >= until {
                // What has been sent by now is done, and kept.
                let batch: Vec<Finished> = receiver.try_iter().collect();
                return Ok(done + keep(&batch, shared, store, settings, progress)?);
            }
        }
    }
}

/// Stores every trial of `batch` that has a record to keep, wherever in it one stands that ends
/// the run, and returns how many these were.
fn keep<W: Work>(
    batch: &[Finished],
    shared: &Shared<W>,
    store: &mut Store,
    settings: &Settings,
    progress: &mut Progress,
) -> Result<usize> {
    let (ending, good): (Vec<&Finished>, Vec<&Finished>) =
        batch.iter().partition(|f| f.ends_the_run(settings));
    store.append(good.iter().map(|f| (&f.key, f.frame.as_slice())))?;
    for finished in &good {
        let index = finished.key.index as u32;
        if let Some(failure) = &finished.failure {
            progress.note(&format!("failed: {}: {failure}", shared.work.describe(index)));
        }
        progress.finished(&finished.key, shared.work.cost(index), || {
            shared.work.describe(index)
        });
    }
    // Whoever asked to stop is told so by the exit code; what ends the run anyway is a note then,
    // and comes back when the run goes on.
    let asked = shared.stop.is_raised();
    for finished in ending {
        let error = finished.as_error(shared);
        if !asked {
            return Err(error);
        }
        progress.note(&format!("dropped: {}", error.message()));
    }
    Ok(good.len())
}

/// One thread's life: the next trial, until there is none.
fn labour<W: Work>(shared: &Shared<W>, sender: &SyncSender<Finished>) {
    let mut workspace = W::Workspace::default();
    while !shared.halt.load(Ordering::SeqCst) && !shared.stop.is_raised() {
        let Some(&index) = shared.order.get(shared.next.fetch_add(1, Ordering::SeqCst)) else {
            return;
        };
        shared.running.fetch_add(1, Ordering::SeqCst);
        let finished = one(shared, index, &mut workspace);
        let sent = sender.send(finished);
        shared.running.fetch_sub(1, Ordering::SeqCst);
        if sent.is_err() {
            return;
        }
    }
}

/// Runs one trial; whatever happens in it becomes a record.
fn one<W: Work>(shared: &Shared<W>, index: u32, workspace: &mut W::Workspace) -> Finished {
    let id = shared.work.trial_id(index);
    shared.trace("start", &id);
    IN_TRIAL.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| shared.work.run(index, workspace)));
    IN_TRIAL.set(false);
    let mut refused = None;
    let (record, mut failure) = match outcome {
        Ok(Ok(record)) => (record, None),
        Ok(Err(error)) if is_of_the_machine(&error) => {
            refused = Some(error);
            (shared.work.failed(index, String::new()), None)
        }
        Ok(Err(error)) => fail(shared, index, one_line(&error.to_string()), ""),
        Err(panic) => {
            // A panic may have left the buffers in any state.
            *workspace = W::Workspace::default();
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "a panic".to_owned());
            let place = PANIC_PLACE.take();
            fail(shared, index, format!("panic: {}", one_line(&text)), &place)
        }
    };
    if record.trial.status == Status::Failed && failure.is_none() && refused.is_none() {
        failure = Some(record.trial.message.clone().unwrap_or_default());
    }
    let key = Key::of(u64::from(index), &record);
    let (key, frame) = match frame::encode(&key, &record) {
        Ok(frame) => (key, frame),
        Err(error) => {
            let (record, why) = fail(shared, index, one_line(&error.to_string()), "");
            failure = why;
            let key = Key::of(u64::from(index), &record);
            let frame = frame::encode(&key, &record).unwrap_or_default();
            (key, frame)
        }
    };
    shared.trace("end", &id);
    Finished {
        key,
        frame,
        failure,
        refused,
    }
}

/// The record and the word to the user for a trial that failed. The place of a panic is for the
/// user only: a line number in a table would change with every edit of the source.
fn fail<W: Work>(
    shared: &Shared<W>,
    index: u32,
    message: String,
    place: &str,
) -> (TrialRecord, Option<String>) {
    let shown = if place.is_empty() {
        message.clone()
    } else {
        format!("{message} (at {place})")
    };
    (shared.work.failed(index, message), Some(shown))
}

/// Whether an error is about this machine and its files rather than about the trial.
fn is_of_the_machine(error: &Error) -> bool {
    matches!(error.kind(), Kind::Io | Kind::Data | Kind::Network | Kind::Store)
}

/// The lines of a message behind one another.
fn one_line(text: &str) -> String {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines()
        .map(line)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

thread_local! {
    static IN_TRIAL: Cell<bool> = const { Cell::new(false) };
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics inside trials are reported as failed rows; the standard message would tear up the
/// progress bar. Panics anywhere else are printed as always.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if IN_TRIAL.get() {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                PANIC_PLACE.replace(place);
            } else {
                usual(info);
            }
        }));
    });
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
