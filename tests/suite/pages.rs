//! `goodinit probe` and `goodinit report`, as a user runs them.

use std::fs;

use crate::program::Bench;

const EXPERIMENT: &str = r#"
name = "page"
replicates = 2
[data]
kind = "digits"
[train]
epochs = 1
batch_size = 32
[grid]
scheme = ["he_normal", "zeros"]
architecture = [[12], { depth = 3, width = 9 }]
activation = ["relu"]
learning_rate = [0.1, 0.01]
[[claim]]
name = "dead"
source = "slide 1"
sentence = "Zeros are dead."
metric = "probe.dead_fraction"
layers = "hidden"
across = "max"
left = { scheme = "zeros", architecture = "12" }
pool = ["learning_rate"]
aggregate = "min"
relation = "left == 1"
"#;

#[test]
fn a_probe_has_the_same_bytes_on_any_number_of_threads_and_bears_claims() {
    let bench = Bench::new(EXPERIMENT);
    let one = bench
        .run(&["probe", "x.toml", "--out", "one", "--threads", "1"])
        .expect(0);
    assert!(one.out.contains("8 networks, 24 layers"), "{one:?}");
    assert!(one.out.contains("1 claim: 1 pass"), "{one:?}");
    bench
        .run(&["probe", "x.toml", "--out", "three", "--threads", "3"])
        .expect(0);
    for file in ["probe.csv", "histograms.csv", "manifest.toml"] {
        let read = |dir: &str| fs::read(bench.path(dir).join(file)).unwrap();
        assert!(read("one") == read("three"), "{file}");
    }
    bench.run(&["check", "one"]).expect(0);
    // Again changes nothing; another experiment is refused.
    let again = bench.run(&["probe", "x.toml", "--out", "one"]).expect(0);
    assert!(!again.out.contains("now in"), "{again:?}");
    assert!(!bench.path("one").join("previous-1").exists());
    let other = bench
        .run(&["probe", "x.toml", "--out", "one", "--set", "seed=9"])
        .expect(2);
    assert!(
        other.err.contains("another experiment") && other.err.contains("--fresh"),
        "{other:?}"
    );
}

/// As with a grid: what belongs to something else is moved aside on request, all of it.
#[test]
fn a_fresh_probe_moves_another_experiment_aside() {
    let bench = Bench::new(EXPERIMENT);
    let probe = |more: &[&str]| bench.run(&[&["probe", "x.toml", "--out", "r"], more].concat());
    let other = ["--set", "seed=9"];
    bench.grid("r", &other).expect(0);
    probe(&other).expect(0);
    let before = bench.tables("r");
    assert!(before.contains_key("trials.csv") && before.contains_key("probe.csv"));
    let refused = probe(&[]).expect(2);
    assert!(refused.err.contains("another experiment"), "{refused:?}");
    assert_eq!(bench.tables("r"), before);
    // Of the same experiment nothing is moved, since nothing differs.
    probe(&["--fresh", "--set", "seed=9"]).expect(0);
    assert_eq!(bench.tables("r"), before);
    let ran = probe(&["--fresh"]).expect(0);
    assert!(ran.out.contains("now in r/previous-1"), "{ran:?}");
    assert_eq!(bench.tables("r/previous-1"), before);
    let after = bench.tables("r");
    let names: Vec<&str> = after.keys().map(String::as_str).collect();
    assert_eq!(names, ["histograms.csv", "manifest.toml", "probe.csv"]);
    // And a grid does not leave another experiment's probe beside its tables.
    bench.grid("r", &["--fresh", "--set", "seed=9"]).expect(0);
    assert_eq!(bench.tables("r/previous-2"), after);
    assert!(!bench.tables("r").contains_key("probe.csv"));
    // Tables whose manifest is gone belong to nobody knows what.
    fs::remove_file(bench.path("r/manifest.toml")).unwrap();
    let refused = probe(&other).expect(2);
    assert!(refused.err.contains("without a manifest.toml"), "{refused:?}");
}

#[test]
fn a_probe_respects_unfinished_runs() {
    let bench = Bench::new(EXPERIMENT);
    let probe = |more: &[&str]| bench.run(&[&["probe", "x.toml", "--out", "r"], more].concat());
    bench.grid("r", &["--shard", "1/2"]).expect(0);
    let journal = bench.path("r/journal/1-of-2");
    // Its own run goes on afterwards, fresh or not.
    probe(&["--fresh"]).expect(0);
    assert!(journal.exists());
    fs::remove_file(bench.path("r/manifest.toml")).unwrap();
    let refused = probe(&["--set", "seed=9"]).expect(2);
    assert!(
        refused.err.contains("unfinished run: another experiment") && refused.err.contains("--fresh"),
        "{refused:?}"
    );
    let ran = probe(&["--set", "seed=9", "--fresh"]).expect(0);
    assert!(
        ran.err
            .contains("journal of an unfinished run is now in r/previous-1"),
        "{ran:?}"
    );
    assert!(!journal.exists() && bench.path("r/previous-1/1-of-2").exists());
}

#[test]
fn training_goes_on_where_a_probe_has_been_and_a_report_shows_both() {
    let bench = Bench::new(EXPERIMENT);
    bench.run(&["probe", "x.toml", "--out", "both"]).expect(0);
    bench.grid("both", &[]).expect(0);
    assert!(!bench.path("both").join("previous-1").exists());
    let ran = bench.run(&["report", "both", "--figures", "figures"]).expect(0);
    assert!(ran.out.contains("report.html"), "{ran:?}");
    let page = fs::read_to_string(bench.path("both").join("report.html")).unwrap();
    for words in [
        "comes out first of 2 schemes",
        "Initial weights",
        "zeros",
        "Zeros are dead.",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let figures = fs::read_dir(bench.path("figures")).unwrap();
    for figure in figures {
        let path = figure.unwrap().path();
        assert!(
            fs::read_to_string(&path).unwrap().ends_with("</svg>\n"),
            "{path:?}"
        );
    }
    if cfg!(feature = "png") {
        let ran = bench
            .run(&[
                "report",
                "both",
                "--figures",
                "pixels",
                "--png=0.5",
                "--format",
                "json",
            ])
            .expect(0);
        let files: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let files = files["figures"].as_array().unwrap();
        let pngs = files
            .iter()
            .filter(|f| f.as_str().unwrap().ends_with(".png"))
            .count();
        assert!(pngs > 5 && 2 * pngs == files.len(), "{files:?}");
        // Again over its own, but not over somebody else's.
        let again = ["report", "both", "--figures", "pixels", "--png"];
        bench.run(&again).expect(0);
        fs::write(
            bench.path("pixels").join("ranking.png"),
            b"\x89PNG\r\n\x1a\ntheirs",
        )
        .unwrap();
        let refused = bench.run(&again).expect(2);
        assert!(refused.err.contains("goodinit did not write it"), "{refused:?}");
        let lonely = bench.run(&["report", "both", "--png"]).expect(2);
        assert!(lonely.err.contains("--figures"), "{lonely:?}");
        bench
            .run(&["report", "both", "--figures", "pixels", "--png=0"])
            .expect(2);
    } else {
        let refused = bench
            .run(&["report", "both", "--figures", "pixels", "--png"])
            .expect(2);
        assert!(refused.err.contains("lacks the feature `png`"), "{refused:?}");
        assert!(
            refused.err.contains("cargo build --release --features png"),
            "{refused:?}"
        );
        assert!(!bench.path("pixels").exists(), "nothing is written");
    }
    // A second time writes over its own files, but not over somebody else's.
    bench.run(&["report", "both", "--figures", "figures"]).expect(0);
    let refused = bench.run(&["report", "both", "--out", "x.toml"]).expect(2);
    assert!(refused.err.contains("goodinit did not write it"), "{refused:?}");
    bench.run(&["report", "figures"]).expect(2);
}

/// What is no regular file is written into, and never replaced.
#[cfg(unix)]
#[test]
fn a_report_goes_into_a_pipe_and_onto_standard_output() {
    let bench = Bench::new(EXPERIMENT);
    bench.run(&["probe", "x.toml", "--out", "r"]).expect(0);
    bench.run(&["report", "r"]).expect(0);
    let page = fs::read_to_string(bench.path("r/report.html")).unwrap();
    let piped = bench.run(&["report", "r", "--out", "/dev/stdout"]).expect(0);
    assert!(
        piped.out == page && piped.err.contains("/dev/stdout"),
        "{}",
        piped.err
    );
    // Behind what a file has already.
    let file = bench.path("pages");
    fs::write(&file, "before").unwrap();
    let append = fs::File::options().append(true).open(&file).unwrap();
    let mut command = bench.command(&["report", "r", "--out", "/dev/stdout"]);
    assert!(command.stdout(append).status().unwrap().success());
    assert!(fs::read_to_string(&file).unwrap() == format!("before{page}"));
    let fifo = bench.path("fifo");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    bench.run(&["report", "r", "--out", "fifo"]).expect(0);
    assert!(reader.join().unwrap() == page);
    assert!(!fs::metadata(&fifo).unwrap().is_file());
}

/// An algorithm that did not converge is said where a person looks, not only in a column.
#[test]
fn notes_of_schemes_are_summed_up() {
    let experiment = EXPERIMENT.replace("scheme = [", "scheme = [{ kind = \"lsuv\", base = \"zeros\" }, ");
    let bench = Bench::new(&experiment);
    for command in ["grid", "probe"] {
        let run = |more: &[&str]| {
            bench
                .run(&[&[command, "x.toml", "--out", "r"], more].concat())
                .expect(0)
        };
        let words = run(&[]).out.split_whitespace().collect::<Vec<_>>().join(" ");
        let (noted, all) = (
            counted(&words),
            "by lsuv (the first: layer 1 has output variance 0 after 0 scalings)",
        );
        assert!(noted > 0 && words.contains(&format!("{noted} {all}")), "{words}");
        let json: serde_json::Value = serde_json::from_str(&run(&["--format", "json"]).out).unwrap();
        assert_eq!(json["notes"][0]["kind"], "lsuv");
        assert_eq!(json["notes"][0]["count"], noted);
    }
    let quiet = Bench::new(EXPERIMENT);
    assert!(!quiet.grid("r", &[]).expect(0).out.contains("Notes"));
}

/// The number behind "Notes on".
fn counted(words: &str) -> u64 {
    let (_, rest) = words.split_once("Notes on ").unwrap_or_else(|| panic!("{words}"));
    rest.split(' ').next().unwrap().parse().unwrap()
}
