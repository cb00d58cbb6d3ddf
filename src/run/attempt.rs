//! One trial of a sweep. An error, a panic or an I/O error in it comes back as a value, and no
//! other trial is affected.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::journal::{self, TrialKey};
use crate::support::error::{Error, Kind, Result};
use crate::table::record::{Status, TrialRecord};

/// What a sweep runs.
pub trait Work: Send + Sync + 'static {
    /// What a thread keeps from trial to trial (buffers).
    type Workspace: Default;

    /// Carries out trial `index`.
    ///
    /// # Errors
    /// The trial cannot be carried out; it becomes a row with status `failed`. An I/O error (a full
    /// disk, a missing file) stops the run instead and writes no row: it is not a result.
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

/// A trial that is done.
pub(super) struct Finished {
    pub key: TrialKey,
    /// Its record, as a journal keeps it.
    pub frame: Vec<u8>,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// An I/O error during the trial; then there is no record.
    pub io_error: Option<Error>,
}

impl Finished {
    /// Whether the run ends with this trial, which is then not kept.
    pub fn ends_the_run(&self, fail_fast: bool) -> bool {
        self.io_error.is_some() || fail_fast && self.failure.is_some()
    }

    /// What a person reads when the run ends with this trial.
    pub fn as_error<W: Work>(&self, work: &W) -> Error {
        let what = format!("trial {} ({})", self.key.trial_id, work.describe(self.key.index));
        match &self.io_error {
            Some(error) => Error::new(error.kind(), format!("{what}: {}", one_line(&error.to_string()))).help(
                "an I/O error during a trial stops the run and writes no row; mend it, then run the same command again",
            ),
            None => {
                let why = self.failure.as_deref().unwrap_or_default();
                Error::new(Kind::Trial, format!("{what} failed: {why}"))
                    .help("without --fail-fast it becomes a row with status failed, and the rest goes on")
            }
        }
    }
}

/// Runs one trial and makes a record of its result, its error or its panic.
pub(super) fn attempt<W: Work>(work: &W, index: u32, workspace: &mut W::Workspace) -> Finished {
    IN_TRIAL.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| work.run(index, workspace)));
    IN_TRIAL.set(false);
    let mut io_error = None;
    let (record, mut failure) = match outcome {
        Ok(Ok(record)) => (record, None),
        Ok(Err(error)) if is_io(&error) => {
            io_error = Some(error);
            (work.failed(index, String::new()), None)
        }
        Ok(Err(error)) => fail(work, index, one_line(&error.to_string()), ""),
        Err(panic) => {
            // A panic may have left the buffers in any state.
            *workspace = W::Workspace::default();
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "a panic".to_owned());
            let place = PANIC_PLACE.take();
            fail(work, index, format!("panic: {}", one_line(&text)), &place)
        }
    };
    if record.trial.status == Status::Failed && failure.is_none() && io_error.is_none() {
        failure = Some(record.trial.message.clone().unwrap_or_default());
    }
    let key = TrialKey::of(index, &record);
    let (key, frame) = match journal::encode(&key, &record) {
        Ok(frame) => (key, frame),
        Err(error) => {
            let (record, why) = fail(work, index, one_line(&error.to_string()), "");
            failure = why;
            let key = TrialKey::of(index, &record);
            let frame = journal::encode(&key, &record).unwrap_or_default();
            (key, frame)
        }
    };
    Finished {
        key,
        frame,
        failure,
        io_error,
    }
}

/// The record of a trial that failed, and the message to the user. Only the message says where a
/// panic was: a line number in a table would change with every edit of the source.
fn fail<W: Work>(work: &W, index: u32, message: String, place: &str) -> (TrialRecord, Option<String>) {
    let shown = if place.is_empty() {
        message.clone()
    } else {
        format!("{message} (at {place})")
    };
    (work.failed(index, message), Some(shown))
}

/// Whether an error comes from this machine and its files rather than from the trial.
fn is_io(error: &Error) -> bool {
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
pub(super) fn quiet_panics() {
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
