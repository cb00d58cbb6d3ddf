//! Tests of the store on journals that are not its own, or gone.

use std::fs;
use std::sync::Arc;

use super::*;
use crate::run::directory::journal_path;
use crate::run::journal::tests::header;
use crate::run::shard::Shard;
use crate::run::signals::Stop;
use crate::run::sweep::tests::{Tiny, open, run, settings};

#[test]
fn a_journal_of_something_else_is_kept_and_refused() {
    let dir = tempfile::tempdir().unwrap();
    let work = Tiny {
        trials: 3,
        ..Tiny::default()
    };
    drop(open(dir.path(), &work).unwrap());
    let path = journal_path(dir.path(), Shard::WHOLE);
    let before = fs::read(&path).unwrap();
    let wanted = header(3, 1, 1);
    let changed = |change: fn(&mut Header)| {
        let mut other = wanted.clone();
        change(&mut other);
        other
    };
    let others = [
        (
            changed(|h| h.manifest.experiment_digest = "f".into()),
            "another experiment (e, not f)",
        ),
        (
            changed(|h| h.manifest.numerics_version = 2),
            "numerics version 1, not 2",
        ),
        (
            changed(|h| h.build = "c".into()),
            "another build of the program (b, not c)",
        ),
        (changed(|h| h.manifest.trials = 4), "of 3 trials"),
    ];
    for (other, why) in others {
        let error = Store::new(3)
            .open(dir.path(), &other, |_| true, |_| {})
            .unwrap_err()
            .to_string();
        assert!(error.contains(why) && error.contains("--fresh"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn records_that_do_not_belong_are_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let many = Arc::new(Tiny {
        trials: 10,
        ..Tiny::default()
    });
    run(dir.path(), &many, &settings(1), &Stop::manual()).unwrap();
    let odd = |key: &TrialKey| key.index % 2 == 1 && key.index != 3;
    let mut store = Store::new(10);
    let found = store.open(dir.path(), &header(10, 1, 1), odd, |_| {}).unwrap();
    assert_eq!((found.trials, found.foreign.len()), (4, 6));
    assert!(!store.has(2) && !store.has(3) && store.has(5));
    // Nor records beyond the end of the plan.
    let journal = Journal::open(&journal_path(dir.path(), Shard::WHOLE), false).unwrap();
    let found = Store::new(7)
        .add(journal, false, |key| Some(key.index), |_, _| {})
        .unwrap();
    assert_eq!((found.trials, found.foreign.len()), (7, 3));
}

#[test]
fn a_removed_directory_is_noticed() {
    if !cfg!(unix) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("results");
    let work = Tiny {
        trials: 3,
        ..Tiny::default()
    };
    let (mut store, _) = open(&inner, &work).unwrap();
    fs::remove_dir_all(&inner).unwrap();
    let error = store.sync().unwrap_err().to_string();
    assert!(error.contains("was removed or replaced"), "{error}");
    store.tick().unwrap();
    store.synced -= SYNC_INTERVAL;
    assert!(store.tick().is_err(), "also during a run");
}
