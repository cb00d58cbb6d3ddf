use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicU32;

use super::*;
use crate::run::journal::tests::{header, record};
use crate::run::journal::{self, TrialKey};
use crate::run::shard::longest_first;
use crate::run::store::JournalScan;
use crate::support::error::Kind;
use crate::table::record::{Status, TrialRecord};

/// Trials that take no time, except those told to misbehave.
#[derive(Default)]
pub(crate) struct Tiny {
    pub trials: u32,
    pub panics: Vec<u32>,
    pub errs: Vec<u32>,
    pub full: Vec<u32>,
    pub slow: Vec<u32>,
    /// How long a slow one takes.
    pub nap: Duration,
    pub runs: AtomicU32,
}

#[derive(Default)]
pub(crate) struct Count(u32);

impl Work for Tiny {
    type Workspace = Count;

    fn run(&self, index: u32, workspace: &mut Count) -> Result<TrialRecord> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        workspace.0 += 1;
        if self.panics.contains(&index) {
            panic!("trial {index}\nis out of luck");
        }
        if self.full.contains(&index) {
            // Not before the slow one, if there is one, has begun on another thread.
            while !self.slow.is_empty() && self.runs.load(Ordering::SeqCst) < 2 {
                std::thread::yield_now();
            }
            return Err(Error::new(Kind::Io, "cannot write x: the disk is full"));
        }
        if self.errs.contains(&index) {
            return Err(Error::new(Kind::Trial, "no such thing"));
        }
        if self.slow.contains(&index) {
            std::thread::sleep(self.nap);
        }
        Ok(record(index))
    }

    fn failed(&self, index: u32, message: String) -> TrialRecord {
        let mut record = record(index);
        record.trial.status = Status::Failed;
        record.trial.message = Some(message);
        record
    }

    fn trial_id(&self, index: u32) -> String {
        format!("{index:016x}")
    }

    fn cost(&self, index: u32) -> u64 {
        u64::from(index % 7)
    }

    fn describe(&self, index: u32) -> String {
        format!("tiny {index}")
    }
}

pub(crate) fn settings(threads: usize) -> Settings {
    Settings {
        pool: Pool::new(threads).unwrap(),
        fail_fast: false,
        grace: Duration::from_millis(100),
        trace: None,
        go_on: None,
    }
}

pub(crate) fn open(directory: &Path, work: &Tiny) -> Result<(Store, JournalScan)> {
    let belongs = |key: &TrialKey| key.index < work.trials && key.trial_id == work.trial_id(key.index);
    let mut store = Store::new(work.trials as usize);
    let found = store.open(directory, &header(work.trials.into(), 1, 1), belongs, |_| {})?;
    Ok((store, found))
}

/// One run in `directory`, as `goodinit grid` would do it.
pub(crate) fn run(
    directory: &Path,
    work: &Arc<Tiny>,
    settings: &Settings,
    stop: &Stop,
) -> Result<(SweepEnd, JournalScan)> {
    let (mut store, resumed) = open(directory, work)?;
    let costs: Vec<u64> = (0..work.trials).map(|i| work.cost(i)).collect();
    let order = longest_first(&costs)
        .into_iter()
        .filter(|&i| !store.has(i))
        .collect();
    let mut progress = Progress::new(u64::from(work.trials), 1, true);
    let end = sweep(work, order, &mut store, settings, stop, &mut progress)?;
    Ok((end, resumed))
}

fn records(directory: &Path, work: &Tiny) -> BTreeMap<u32, TrialRecord> {
    let (mut store, _) = open(directory, work).unwrap();
    let mut kept = BTreeMap::new();
    for i in 0..work.trials {
        if store.has(i) {
            kept.insert(i, store.fetch(i).unwrap());
        }
    }
    kept
}

#[test]
fn every_trial_is_kept_whatever_the_number_of_threads() {
    for threads in [1, 2, 8] {
        let dir = tempfile::tempdir().unwrap();
        let work = Arc::new(Tiny {
            trials: 300,
            ..Tiny::default()
        });
        let (end, _) = run(dir.path(), &work, &settings(threads), &Stop::manual()).unwrap();
        assert_eq!(end, SweepEnd::Complete);
        let records = records(dir.path(), &work);
        assert_eq!(records.len(), 300);
        assert!(records.iter().all(|(&i, r)| *r == record(i)));
        let (_, resumed) = run(dir.path(), &work, &settings(threads), &Stop::manual()).unwrap();
        assert_eq!(resumed.trials, 300);
        assert_eq!(work.runs.load(Ordering::SeqCst), 300, "nothing was trained twice");
    }
}

#[test]
fn records_in_memory_are_the_same() {
    let work = Arc::new(Tiny {
        trials: 50,
        ..Tiny::default()
    });
    let mut store = Store::in_memory(50);
    let mut progress = Progress::new(50, 1, true);
    let order = (0..50).rev().collect();
    sweep(
        &work,
        order,
        &mut store,
        &settings(4),
        &Stop::manual(),
        &mut progress,
    )
    .unwrap();
    assert!((0..50).all(|i| store.fetch(i).unwrap() == record(i)));
}

#[test]
fn panics_and_errors_become_rows_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let work = Arc::new(Tiny {
        trials: 40,
        panics: vec![3, 4],
        errs: vec![5],
        ..Tiny::default()
    });
    let (end, _) = run(dir.path(), &work, &settings(2), &Stop::manual()).unwrap();
    assert_eq!(end, SweepEnd::Complete);
    let records = records(dir.path(), &work);
    let message = |i: u32| records[&i].trial.message.clone().unwrap();
    // One line, and no place in the source: a row must not change when a file is edited.
    assert_eq!(message(3), "panic: trial 3; is out of luck");
    assert_eq!(message(5), "no such thing");
    assert_eq!(
        records.values().filter(|r| r.trial.status == Status::Ok).count(),
        37
    );
}

/// An I/O error during a trial stops the run and writes no row: a full disk must not become a row
/// that is never trained again.
#[test]
fn an_io_error_stops_the_run_and_writes_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let mut work = Tiny {
        trials: 40,
        full: vec![7],
        ..Tiny::default()
    };
    let shared = Arc::new(work);
    let error = run(dir.path(), &shared, &settings(1), &Stop::manual()).unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    let text = error.to_string();
    assert!(
        text.starts_with("trial 0000000000000007 (tiny 7): cannot write x: the disk is full"),
        "{text}"
    );
    let kept = records(dir.path(), &shared);
    assert!(!kept.contains_key(&7) && !kept.is_empty());
    work = Tiny {
        trials: 40,
        ..Tiny::default()
    };
    let (end, resumed) = run(dir.path(), &Arc::new(work), &settings(1), &Stop::manual()).unwrap();
    assert_eq!((end, resumed.trials), (SweepEnd::Complete, kept.len() as u64));
}

/// Nobody begins another trial then, but what is under way is not thrown away.
#[test]
fn trials_that_are_running_when_another_is_refused_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let work = Arc::new(Tiny {
        trials: 5000,
        full: vec![13],
        slow: vec![6],
        nap: Duration::from_millis(400),
        ..Tiny::default()
    });
    // The two dearest begin at once, on a thread each.
    let error = run(dir.path(), &work, &settings(2), &Stop::manual()).unwrap_err();
    assert!(error.message().contains("(tiny 13)"), "{error}");
    let kept = records(dir.path(), &work);
    assert!(
        kept.contains_key(&6) && !kept.contains_key(&13),
        "{:?}",
        kept.keys()
    );
    assert_eq!(work.runs.load(Ordering::SeqCst), 2, "and no other began");
}

/// What `collect` makes of trials 0 to 399, all waiting for it, of which the second was refused and
/// the third failed.
fn collected(stop: &Stop, settings: &Settings) -> (Result<usize>, Vec<u32>) {
    let work = Arc::new(Tiny::default());
    let shared = Shared {
        work: work.clone(),
        order: (0..400).collect(),
        next: AtomicUsize::new(400),
        running: AtomicUsize::new(0),
        halt: AtomicBool::new(false),
        stop: stop.clone(),
        trace: None,
    };
    let (sender, receiver) = mpsc::sync_channel(400);
    for index in 0..400 {
        let record = match index {
            2 => work.failed(2, "no such thing".into()),
            _ => record(index),
        };
        let key = TrialKey::of(index, &record);
        let frame = journal::encode(&key, &record).unwrap();
        let finished = Finished {
            key,
            frame,
            failure: record.trial.message.clone(),
            io_error: (index == 1).then(|| Error::new(Kind::Io, "the disk is full")),
        };
        sender.send(finished).unwrap();
    }
    drop(sender);
    let mut store = Store::in_memory(400);
    let mut progress = Progress::new(400, 1, true);
    let done = collect(&receiver, &shared, &mut store, settings, &mut progress);
    let lost = (0..400).filter(|&i| !store.has(i)).collect();
    (done, lost)
}

#[test]
fn a_refused_trial_takes_no_finished_one_with_it() {
    let (done, lost) = collected(&Stop::manual(), &settings(1));
    assert_eq!(done.unwrap_err().kind(), Kind::Io);
    assert_eq!(lost, [1], "the failed one is a row");
    let fail_fast = Settings {
        fail_fast: true,
        ..settings(1)
    };
    let (done, lost) = collected(&Stop::manual(), &fail_fast);
    assert_eq!(done.unwrap_err().kind(), Kind::Io, "the first that ends the run");
    assert_eq!(lost, [1, 2]);
}

/// A scheduler reads the exit code: after a request to stop it says so, whatever else goes wrong in
/// the last seconds.
#[test]
fn a_refusal_while_stopping_leaves_it_an_interruption() {
    let stop = Stop::manual();
    stop.raise();
    let (done, lost) = collected(&stop, &settings(1));
    assert_eq!((done.unwrap(), lost), (399, vec![1]));
}

#[test]
fn fail_fast_stops_and_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let work = Arc::new(Tiny {
        trials: 5000,
        panics: vec![6],
        ..Tiny::default()
    });
    let settings = Settings {
        fail_fast: true,
        ..settings(1)
    };
    let error = run(dir.path(), &work, &settings, &Stop::manual())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("trial 0000000000000006 (tiny 6) failed: panic: trial 6"),
        "{error}"
    );
    assert!(
        !records(dir.path(), &work).contains_key(&6),
        "it is tried again next time"
    );
    assert!(work.runs.load(Ordering::SeqCst) < 5000);
}

#[test]
fn being_asked_to_stop_keeps_what_is_done_and_drops_what_runs() {
    let dir = tempfile::tempdir().unwrap();
    // The last in order is endless, so that everything else is done by then.
    let work = Arc::new(Tiny {
        trials: 20,
        slow: vec![14],
        nap: Duration::from_secs(20),
        ..Tiny::default()
    });
    let stop = Stop::manual();
    let later = stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        later.raise();
    });
    let begun = Instant::now();
    let (end, _) = run(dir.path(), &work, &settings(2), &stop).unwrap();
    assert_eq!(end, SweepEnd::Interrupted { dropped: 1 });
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "it does not wait for the slow one"
    );
    let kept = records(dir.path(), &work);
    assert_eq!(kept.len(), 19);
    assert!(!kept.contains_key(&14));
}
