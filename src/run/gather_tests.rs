use super::*;
use crate::run::frame::{Key, encode};
use crate::run::journal::{Writer, tests::record};
use crate::run::shard::members;

struct Ten;
impl Plan for Ten {
    fn trial_id(&self, index: u64) -> Option<String> {
        (index < 10).then(|| format!("{index:016x}"))
    }
}
const COSTS: [u64; 10] = [5, 4, 3, 3, 2, 2, 1, 1, 1, 1];

fn header(index: u32, count: u32) -> Header {
    Header {
        experiment: "e".into(),
        numerics_version: NUMERICS_VERSION,
        build: "b".into(),
        shard: index,
        shards: count,
        trials: 10,
        manifest: String::new(),
        data: vec![("digits".into(), "d1".into())],
        shapes: Vec::new(),
        command: vec!["grid".into(), "x.toml".into(), "--set".into(), "a=[1, 2]".into()],
    }
}

fn write(into: &Path, header: &Header, trials: &[u32]) {
    let path = directory::journal_path(
        into,
        Shard {
            index: header.shard,
            count: header.shards,
        },
    );
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    journal::create(&path, header).unwrap();
    let mut writer = Writer::open(&path, std::fs::metadata(&path).unwrap().len()).unwrap();
    for &i in trials {
        writer
            .append(&encode(&Key::of(i.into(), &record(i)), &record(i)).unwrap())
            .unwrap();
    }
}

fn gather(directories: &[PathBuf]) -> Result<Gathered> {
    Shards::find(directories)?.gather(&Ten, &COSTS)
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
    let cases = [
        (
            Header {
                experiment: "f".into(),
                ..header(2, 2)
            },
            "of another experiment (f, not e)",
        ),
        (
            Header {
                build: "c".into(),
                ..header(2, 2)
            },
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
