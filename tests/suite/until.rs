//! Replicates until a question is decided.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use super::program::{Bench, Ran};

/// Three claims: one that few replicates decide, one that none does, one on the weights before training,
/// with a cell that no claim needs.
const CLAIMS: &str = r#"
name = "x"
seed = 5
replicates = { from = 3, to = 12, until = "claims" }
[data]
kind = "gaussian-mixture"
rows = 120
features = 6
split = { train = 60, validation = 30, test = 30 }
[train]
epochs = 3
batch_size = 20
[record]
layers = [0]
probe_samples = 10
[grid]
scheme = ["zeros", "he_normal", "xavier_normal", { kind = "normal", std = 0.01 }]
architecture = [[6]]
learning_rate = 0.1
[[claim]]
name = "easy"
sentence = "Zeros are slower."
metric = "train_loss"
left = { scheme = "zeros" }
right = { scheme = "he_normal" }
aggregate = "iqm"
relation = "left - right >= -1"
[[claim]]
name = "hard"
sentence = "He and Xavier differ by nothing."
metric = "train_loss"
left = { scheme = "he_normal" }
right = { scheme = "xavier_normal" }
aggregate = "iqm"
relation = "abs(left - right) <= 0.0001"
[[claim]]
name = "layers"
sentence = "He is wider than zeros."
metric = "layers.weight_std"
epoch = 0
left = { scheme = "he_normal" }
aggregate = "mean"
relation = "left >= 0.2"
"#;

fn ranking() -> String {
    let (without, _) = CLAIMS.split_once("[[claim]]").unwrap();
    without.replace("\"claims\"", "\"ranking\"").replace(
        "learning_rate = 0.1",
        "activation = [\"relu\", \"tanh\"]\nlearning_rate = [0.1, 0.3]",
    )
}

/// Trials of each scheme in the tables.
fn trials_of(bench: &Bench, directory: &str, scheme: &str) -> usize {
    let table = fs::read_to_string(bench.path(directory).join("trials.csv")).unwrap();
    table
        .lines()
        .filter(|line| line.split(',').any(|cell| cell == scheme))
        .count()
}

#[test]
fn what_is_decided_stops_and_what_is_not_goes_on() {
    let bench = Bench::new(CLAIMS);
    let dry = bench.grid("r", &["--dry-run"]).expect(0);
    assert!(
        dry.out.contains("4 cells x 3 to 12 trials = 12 to 39 trials"),
        "{dry:#?}"
    );
    let ran = bench.grid("r", &["--trace", "trace"]).expect(0);
    println!("{}\n{}", ran.err, ran.out);
    assert!(
        ran.err.contains("look 1 of 3 (3 replicates)") && ran.err.contains("look 3 of 3 (12 replicates)"),
        "{ran:#?}"
    );
    let trials = ["zeros", "he_normal", "xavier_normal", "normal"].map(|s| trials_of(&bench, "r", s));
    // "normal(std" has no claim; that on zeros is decided before the last look.
    assert_eq!((trials[1], trials[2], trials[3]), (12, 12, 3), "{trials:?}");
    assert!(trials[0] < 12, "{trials:?}");
    assert_eq!(bench.begun("trace"), trials.iter().sum::<usize>());
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = flat(&ran.out);
    assert!(
        said.contains("Replicates until the claims are decided: 2 of 3 comparisons"),
        "{said}"
    );
    assert!(said.contains("1 open."), "{said}");
    assert!(
        said.contains("not decided at look 3 of 3 (12 replicates)"),
        "{said}"
    );
    // The same from the tables alone, and nothing more to train.
    let check = bench.run(&["check", "r"]).expect(1);
    assert!(flat(&check.out).contains("2 of 3 comparisons"), "{check:#?}");
    let json = bench.run(&["check", "r", "--format", "json"]).expect(1);
    assert!(json.out.contains("\"looks\": [\n"), "{json:#?}");
    let before = bench.tables("r");
    let again = bench.grid("r", &["--trace", "again"]).expect(0);
    assert!(again.err.contains("is complete"), "{again:#?}");
    assert_eq!((bench.begun("again"), bench.tables("r")), (0, before));
    bench.run(&["verify", "r", "--sample", "100%"]).expect(0);
    bench.run(&["report", "r"]).expect(0);
    let path = bench.path("r").join("trials.csv");
    let heading = fs::read_to_string(&path)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    fs::write(&path, heading + "\n").unwrap();
    let emptied = bench.run(&["verify", "r"]).expect(2);
    assert!(
        emptied.err.contains("no row of a trial of the experiment"),
        "{emptied:#?}"
    );
}

#[test]
fn the_trials_are_the_same_for_threads_kills_and_shards() {
    for text in [CLAIMS.to_owned(), ranking()] {
        let text = text.replace("epochs = 3", "epochs = 60");
        let bench = Bench::new(&text);
        bench.grid("whole", &["--threads", "1"]).expect(0);
        let whole = bench.tables("whole");
        bench.grid("threads", &["--threads", "5"]).expect(0);
        assert_eq!(bench.tables("threads"), whole);
        bench.grid("memory", &["--no-journal"]).expect(0);
        assert_eq!(bench.tables("memory"), whole);
        let mut killed = 0;
        for pause in [30, 60, 90, 120, 150, 180] {
            let mut grid = bench.command(&["grid", "x.toml", "--out", "killed", "--threads", "2"]);
            let mut child = grid
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(pause));
            let _ = child.kill();
            let ran = Ran::new(child.wait_with_output().unwrap());
            assert!(!ran.err.contains("panicked"), "{ran:#?}");
            killed += usize::from(ran.code.is_none());
        }
        println!("killed {killed} times");
        bench.grid("killed", &[]).expect(0);
        assert_eq!(bench.tables("killed"), whole);
        assert!(!bench.path("killed/journal").exists());
        // Each round of shards is a look.
        let mut rounds = 0;
        loop {
            rounds += 1;
            for shard in ["2/3", "1/3", "3/3"] {
                bench
                    .grid("shards", &["--shard", shard, "--threads", "2"])
                    .expect(0);
            }
            let merged = bench.run(&["merge", "shards"]);
            if merged.code == Some(0) {
                break;
            }
            let merged = merged.expect(75);
            assert!(
                merged.err.contains("another round of shards is needed"),
                "{merged:#?}"
            );
            assert!(
                merged
                    .err
                    .contains("goodinit grid x.toml --out shards --shard 2/3"),
                "{merged:#?}"
            );
            assert!(
                !bench.path("shards/trials.csv").exists() && rounds < 4,
                "{merged:#?}"
            );
        }
        assert_eq!((bench.tables("shards"), rounds), (whole, 3));
    }
}

#[test]
fn it_grows_from_a_fixed_number_and_back() {
    let bench = Bench::new(CLAIMS);
    bench.grid("fresh", &[]).expect(0);
    let fixed = |n: u32| CLAIMS.replace("{ from = 3, to = 12, until = \"claims\" }", &n.to_string());
    // Rows that no look needs leave the tables, and are kept aside.
    fs::write(bench.path("x.toml"), fixed(12)).unwrap();
    bench.grid("r", &[]).expect(0);
    let all = bench.tables("r");
    fs::write(bench.path("x.toml"), CLAIMS).unwrap();
    let ran = bench
        .grid("r", &["--trace", "none", "--recheck", "100%"])
        .expect(0);
    assert_eq!(bench.tables("r"), bench.tables("fresh"), "{ran:#?}");
    assert_eq!(bench.begun("none"), 0, "{ran:#?}");
    assert_eq!(bench.tables("r/previous-1"), all, "{ran:#?}");
    // Another claim is another experiment: fewer or more trials, of which none is trained twice.
    let easier = CLAIMS.replace("<= 0.0001", "<= 10");
    fs::write(bench.path("x.toml"), &easier).unwrap();
    bench.grid("easier", &[]).expect(0);
    bench.grid("r", &["--trace", "still-none"]).expect(0);
    assert_eq!(
        (bench.tables("r"), bench.begun("still-none")),
        (bench.tables("easier"), 0)
    );
    // Words of a claim are not.
    fs::write(
        bench.path("x.toml"),
        easier.replace("Zeros are slower.", "Zeros lag."),
    )
    .unwrap();
    let ran = bench.grid("r", &[]).expect(0);
    assert!(
        ran.err.contains("is complete") && ran.err.contains("current text and claims"),
        "{ran:#?}"
    );
}

#[test]
fn what_is_wrong_is_said() {
    let value = "{ from = 3, to = 12, until = \"claims\" }";
    for (instead, word) in [
        (
            "{ from = 12, to = 3, until = \"claims\" }",
            "`from` = 12 is not less than `to` = 3",
        ),
        (
            "{ from = 5, to = 5, until = \"claims\" }",
            "a fixed number is: replicates = 40",
        ),
        (
            "{ from = 1, to = 5, until = \"claims\" }",
            "`from` must be a whole number from 2",
        ),
        (
            "{ from = 3, to = 12, until = \"claim\" }",
            "did you mean `claims`?",
        ),
        ("{ from = 3, to = 12 }", "`until` is missing"),
        ("{ to = 12, until = \"claims\" }", "`from` is missing"),
        (
            "{ form = 3, to = 12, until = \"claims\" }",
            "did you mean `from`?",
        ),
        (
            "{ looks = [5, 3], until = \"claims\" }",
            "`looks` must be a list of whole numbers from 2, ascending",
        ),
        ("{ looks = [], until = \"claims\" }", "`looks` must be a list"),
        ("{ looks = 7, until = \"claims\" }", "`looks` must be a list"),
        (
            "{ from = 2, looks = [3, 5], until = \"claims\" }",
            "`from` is not the 3 replicates of `looks`",
        ),
        ("\"many\"", "`replicates` must be a whole number from 1"),
        ("[1, 2]", "`replicates` must be a whole number from 1"),
    ] {
        let bench = Bench::new(&CLAIMS.replace(value, instead));
        let ran = bench.grid("r", &[]).expect(2);
        assert!(ran.err.contains(word), "{instead}: {ran:#?}");
        assert!(ran.err.contains("x.toml:4"), "{instead}: {ran:#?}");
    }
    let (without, _) = CLAIMS.split_once("[[claim]]").unwrap();
    let crossed = CLAIMS.replace("[data]", "[seeds]\nweights = { crossed = 3 }\n[data]");
    let least = CLAIMS.replace("aggregate = \"mean\"", "aggregate = \"min\"");
    let least = least.replace("aggregate = \"iqm\"", "aggregate = \"min\"");
    let beyond = CLAIMS.replace(
        "left = { scheme = \"zeros\" }",
        "left = { scheme = \"zeros\", replicate = 5 }",
    );
    for (text, word) in [
        (without, "but there is no [[claim]]"),
        (
            crossed.as_str(),
            "do not go together with crossed seeds (`weights`)",
        ),
        (least.as_str(), "none has an interval that they could narrow"),
        (beyond.as_str(), "replicate"),
    ] {
        let ran = Bench::new(text).grid("r", &[]).expect(2);
        assert!(ran.err.contains(word), "{ran:#?}");
    }
    let bench = Bench::new(CLAIMS);
    bench
        .grid(
            "r",
            &["--set", "replicates={ looks = [3, 4], until = \"claims\" }"],
        )
        .expect(0);
}
