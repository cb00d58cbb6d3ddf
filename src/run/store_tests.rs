//! Tests of the store on journals that are not its own, or gone.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::run::directory::journal_path;
use crate::run::signals::Stop;
use crate::run::sweep::tests::{Tiny, header, open, run, settings};
use crate::run::syncer::SYNC_INTERVAL;

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
    let wanted = header(3);
    let others = [
        (
            Header {
                experiment: "f".into(),
                ..wanted.clone()
            },
            "another experiment (e, not f)",
        ),
        (
            Header {
                numerics_version: 2,
                ..wanted.clone()
            },
            "numerics version 1, not 2",
        ),
        (
            Header {
                build: "c".into(),
                ..wanted.clone()
            },
            "another build of the program (b, not c)",
        ),
        (Header { trials: 4, ..wanted }, "of 3 trials"),
    ];
    for (other, why) in others {
        let error = Store::open(dir.path(), &other, &work, |_| {})
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
    struct Odd;
    impl Plan for Odd {
        fn trial_id(&self, index: u64) -> Option<String> {
            (index % 2 == 1).then(|| format!("{:016x}", if index == 3 { 99 } else { index }))
        }
    }
    let (store, resumed) = Store::open(dir.path(), &header(10), &Odd, |_| {}).unwrap();
    assert_eq!((resumed.trials, resumed.foreign), (4, 6));
    assert!(!store.has(2) && !store.has(3) && store.has(5));
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
    std::thread::sleep(SYNC_INTERVAL + Duration::from_millis(300));
    assert!(store.check().is_err(), "also without anybody asking for it");
}
