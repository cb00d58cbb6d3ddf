use super::*;
use crate::run::journal::tests::record;
use crate::run::journal::{TrialKey, encode, tests};
use crate::run::shard::members;

const COSTS: [u64; 10] = [5, 4, 3, 3, 2, 2, 1, 1, 1, 1];

fn header(index: u32, count: u32) -> Header {
    tests::header(10, index, count)
}

fn write(into: &Path, header: &Header, trials: &[u32]) {
    let path = directory::journal_path(into, header.shard);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    Journal::create(&path, header).unwrap();
    let mut journal = Journal::open(&path, true).unwrap();
    for &i in trials {
        let frame = encode(&TrialKey::of(i, &record(i)), &record(i)).unwrap();
        journal.append(&frame).unwrap();
    }
}

fn gather(directories: &[PathBuf]) -> Result<Store> {
    let shards = Shards::find(directories)?;
    let (store, _) = shards.gather(|i| format!("{i:016x}"), &COSTS)?;
    Ok(store)
}

#[test]
fn shards_from_two_directories_make_the_whole() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mine = |index| members(&COSTS, Shard { index, count: 3 });
    write(a.path(), &header(1, 3), &mine(1));
    write(a.path(), &header(3, 3), &mine(3));
    write(b.path(), &header(2, 3), &mine(2));
    let mut all = gather(&[a.path().into(), b.path().into()]).unwrap();
    assert!((0..10).all(|i| all.fetch(i).unwrap() == record(i)));
}

#[test]
fn what_is_missing_is_named_with_its_command() {
    let dir = tempfile::tempdir().unwrap();
    let mine = members(&COSTS, Shard { index: 1, count: 3 });
    write(dir.path(), &header(1, 3), &mine[1..]);
    write(
        dir.path(),
        &header(2, 3),
        &members(&COSTS, Shard { index: 2, count: 3 }),
    );
    let error = gather(&[dir.path().into()]).unwrap_err().to_string();
    let three = members(&COSTS, Shard { index: 3, count: 3 }).len();
    assert!(
        error.starts_with(&format!("{} of 10 trials are missing", three + 1)),
        "{error}"
    );
    assert!(
        error.contains(&format!("shard 1/3: 1 of {} (unfinished)", mine.len())),
        "{error}"
    );
    assert!(
        error.contains("shard 3/3:") && error.contains("(not begun)"),
        "{error}"
    );
    assert!(
        error.contains("help: goodinit grid x.toml --set 'a=[1, 2]' --shard 3/3"),
        "{error}"
    );
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let changed = |change: fn(&mut Header)| {
        let mut other = header(2, 2);
        change(&mut other);
        other
    };
    let cases = [
        (
            changed(|h| h.manifest.experiment_digest = "f".into()),
            "of another experiment (f, not e)",
        ),
        (
            changed(|h| h.build = "c".into()),
            "build of the program (c, not b)",
        ),
        (header(2, 4), "shard 2/4 of 10 trials"),
    ];
    for (other, why) in cases {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &header(1, 2),
            &members(&COSTS, Shard { index: 1, count: 2 }),
        );
        write(dir.path(), &other, &[]);
        let error = gather(&[dir.path().into()]).unwrap_err().to_string();
        assert!(
            error.contains("do not belong together") && error.contains(why),
            "{error}"
        );
    }
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(a.path(), &header(1, 2), &[]);
    write(b.path(), &header(1, 2), &[]);
    let error = gather(&[a.path().into(), b.path().into()])
        .unwrap_err()
        .to_string();
    assert!(error.contains("are the same shard"), "{error}");
    let none = tempfile::tempdir().unwrap();
    let error = gather(&[none.path().into()]).unwrap_err().to_string();
    assert!(error.contains("there are no shards in"), "{error}");
}

#[test]
fn a_trial_of_another_shard_is_an_overlap() {
    let dir = tempfile::tempdir().unwrap();
    let mut mine = members(&COSTS, Shard { index: 1, count: 2 });
    mine.push(members(&COSTS, Shard { index: 2, count: 2 })[0]);
    write(dir.path(), &header(1, 2), &mine);
    let error = gather(&[dir.path().into()]).unwrap_err().to_string();
    assert!(error.contains("which is not of shard 1"), "{error}");
}
