//! Experiments that grow: a run in place trains what is not there, and leaves the tables of a fresh run.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;

use super::program::{Bench, Ran, SMALL, TRIALS};

/// Writes the experiment anew, runs it in place in `r` and fresh elsewhere, and compares. Returns what
/// the run in place said and how many trials it trained, those rechecked not counted.
fn grown(bench: &Bench, text: &str, more: &[&str]) -> (Ran, usize) {
    fs::write(bench.path("x.toml"), text).unwrap();
    let _ = fs::remove_file(bench.path("trace"));
    let ran = bench.grid("r", &[&["--trace", "trace"], more].concat()).expect(0);
    let _ = fs::remove_dir_all(bench.path("fresh"));
    bench.grid("fresh", &[]).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("fresh"), "{ran:#?}");
    assert!(!bench.path("r/journal").exists());
    (ran, bench.begun("trace"))
}

/// Puts the manifest back to what programs without digests wrote.
fn without_digests(bench: &Bench) {
    let path = bench.path("r/manifest.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (before, _) = text.split_once("\n[tables]\n").unwrap();
    fs::write(path, format!("{before}\n")).unwrap();
}

#[test]
fn an_edit_costs_what_it_changes() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &[]).expect(0);
    // Nothing that trains.
    let reordered = SMALL
        .replace("name = \"x\"", "name = \"y\" # renamed\ndescription = \"d\"")
        .replace("[[6], [5, 4]]", "[[5, 4], [6]]")
        .replace("layers = [0, \"last\"]", "layers = [\"last\", 0]");
    assert_ne!(reordered, SMALL);
    let (ran, trained) = grown(&bench, &reordered, &[]);
    assert_eq!(trained, 0, "{ran:#?}");
    // One scheme under an alias's canonical name, half as many trials again.
    let wider = reordered.replace("\"he_normal\",", "\"he_normal\", \"zeros\",");
    let dry = bench.path("x.toml");
    fs::write(dry, &wider).unwrap();
    let dry = bench.grid("r", &["--dry-run"]).expect(0);
    let said = "32 of 48 trials are in r already, 3 of them to be recomputed first; 16 to train";
    assert!(
        dry.out.replace("\n                ", " ").contains(said),
        "{dry:#?}"
    );
    let (ran, trained) = grown(&bench, &wider, &["--threads", "3"]);
    assert_eq!(trained, 16);
    let said = "32 of 48 trials are in r already, 3 of them recomputed here and equal; 16 to train";
    assert!(ran.err.contains(said), "{ran:#?}");
    let more = wider.replace("replicates = 2", "replicates = 3");
    assert_eq!(grown(&bench, &more, &[]).1, 24);
    // No old row is lost, so that nothing is set aside.
    assert!(!bench.path("r/previous-1").exists());
    // Fewer: the old rows are kept, since git does not have them.
    let before = bench.tables("r");
    let (ran, trained) = grown(&bench, &wider, &["--recheck", "100%"]);
    assert_eq!(trained, 0);
    assert!(
        ran.err
            .contains("48 of 48 trials are in r already, 48 of them recomputed"),
        "{ran:#?}"
    );
    assert!(ran.err.contains("now in r/previous-1"), "{ran:#?}");
    assert_eq!(bench.tables("r/previous-1"), before);
}

#[test]
fn rows_that_git_has_are_not_kept_twice() {
    let bench = Bench::new(SMALL);
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args([
            "-c",
            "user.name=n",
            "-c",
            "user.email=e",
            "-c",
            "commit.gpgsign=false",
        ]);
        let ran = git.args(arguments).current_dir(bench.path("")).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    if !git(&["init", "-q"]) {
        return;
    }
    bench.grid("r", &[]).expect(0);
    let old = bench.tables("r");
    assert!(git(&["add", "."]) && git(&["commit", "-qm", "x"]));
    let narrower = SMALL.replace("\"he_normal\", ", "");
    let (ran, trained) = grown(&bench, &narrower, &[]);
    assert_eq!(
        (trained, bench.path("r/previous-1").exists()),
        (0, false),
        "{ran:#?}"
    );
    // And from the commit they come back.
    let (ran, trained) = grown(&bench, SMALL, &["--reuse", "HEAD:r"]);
    assert_eq!(trained, 0, "{ran:#?}");
    assert!(
        ran.err
            .contains("16 of 32 trials are in r already, 16 in HEAD:r, 6 of them recomputed"),
        "{ran:#?}"
    );
    assert_eq!(bench.tables("r"), old);
    // What was changed since the commit is not in it.
    grown(&bench, &SMALL.replace("replicates = 2", "replicates = 3"), &[]);
    let (ran, _) = grown(&bench, &narrower, &[]);
    assert!(ran.err.contains("now in r/previous-1"), "{ran:#?}");
}

#[test]
fn rows_come_from_other_places_and_unfinished_runs() {
    let bench = Bench::new(SMALL);
    bench
        .grid("a", &["--set", "grid.activation=[\"relu\"]"])
        .expect(0);
    // A shard that was never merged.
    bench.grid("b", &["--shard", "1/2"]).expect(0);
    let (ran, trained) = grown(&bench, SMALL, &["--reuse", "a", "--reuse", "b"]);
    assert!(
        ran.err.contains("16 of 32 trials are in a already, ") && ran.err.contains(" in b/journal/1-of-2"),
        "{ran:#?}"
    );
    assert!(trained < 16 && trained > 0, "{trained}");
    for (place, says) in [("nowhere", "nowhere"), (".", "there are no results in .")] {
        let ran = bench.grid("c", &["--reuse", place]).expect(2);
        assert!(ran.err.contains(says), "{ran:#?}");
    }
    // Other data, other numerics: no row, and why.
    let manifest = fs::read_to_string(bench.path("a/manifest.toml")).unwrap();
    let version = manifest
        .lines()
        .find(|l| l.starts_with("numerics_version"))
        .unwrap();
    fs::write(
        bench.path("a/manifest.toml"),
        manifest.replace(version, "numerics_version = 99"),
    )
    .unwrap();
    let ran = bench.grid("d", &["--reuse", "a"]).expect(0);
    assert!(
        ran.err
            .contains("no row of a is reused: they are of numerics version 99"),
        "{ran:#?}"
    );
    assert_eq!(bench.tables("d"), bench.tables("r"));
}

#[test]
fn what_was_not_recorded_is_trained_and_what_failed_too() {
    let bench = Bench::new(SMALL);
    bench
        .grid(
            "r",
            &["--set", "record.epochs=false", "--set", "record.layers=[]"],
        )
        .expect(0);
    let (ran, trained) = grown(&bench, SMALL, &[]);
    assert_eq!(trained, TRIALS);
    let said =
        "0 of 32 trials are in r already; 32 to train, 32 of them since their epochs were not recorded";
    assert!(ran.err.contains(said), "{ran:#?}");
    let layers = SMALL.replace("layers = [0, \"last\"]", "layers = [0]");
    let (ran, trained) = grown(&bench, &layers, &[]);
    assert_eq!(trained, TRIALS);
    assert!(
        ran.err
            .contains("since their layers were not recorded as they are to be now"),
        "{ran:#?}"
    );
    let (ran, trained) = grown(&bench, &layers.replace("layers = [0]", "layers = []"), &[]);
    assert_eq!(trained, 0, "{ran:#?}");
    let ran = bench
        .grid("r", &["--set", "record.layers=[]", "--save-weights"])
        .expect(0);
    assert!(
        ran.err
            .contains("32 of them since their weights were not saved here"),
        "{ran:#?}"
    );
    let grown = [
        "--set",
        "record.layers=[]",
        "--save-weights",
        "--set",
        "replicates=3",
    ];
    let ran = bench.grid("r", &grown).expect(0);
    assert!(ran.err.contains("; 16 to train"), "{ran:#?}");
}

#[test]
fn a_row_that_this_program_does_not_compute_ends_the_run() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &[]).expect(0);
    let good = bench.tables("r");
    let row: Vec<&str> = good["trials.csv"].lines().nth(1).unwrap().split(',').collect();
    let (initial, last) = (row[row.len() - 2], row[row.len() - 1]);
    fs::write(
        bench.path("x.toml"),
        SMALL.replace("replicates = 2", "replicates = 3"),
    )
    .unwrap();
    let edits = [
        (
            vec![("trials.csv", initial, "0123456789abcdef")],
            "the initial weights (initial_hash)",
        ),
        (
            vec![("trials.csv", last, "0123456789abcdef")],
            "training (final_hash)",
        ),
        (
            vec![
                ("trials.csv", last, "0123456789abcdef"),
                ("epochs.csv", last, "0123456789abcdef"),
            ],
            "epoch ",
        ),
    ];
    for (edits, stage) in edits {
        for (file, from, to) in edits {
            fs::write(bench.path("r").join(file), good[file].replace(from, to)).unwrap();
        }
        // Named before anything is trained, where the manifest has digests.
        let ran = bench.grid("r", &[]).expect(2);
        assert!(
            ran.err
                .contains("is not as it was written: edited since, or cut short"),
            "{ran:#?}"
        );
        let ran = bench.grid("r", &["--recheck", "100%"]).expect(2);
        assert!(
            ran.err.contains(&format!("the difference begins with {stage}")),
            "{stage}: {ran:#?}"
        );
        assert!(
            ran.err.contains("r: the row of trial ") && ran.err.contains("rate 0.1"),
            "{ran:#?}"
        );
        without_digests(&bench);
        let ran = bench.grid("r", &["--recheck", "100%"]).expect(2);
        assert!(
            ran.err.contains(&format!("the difference begins with {stage}")),
            "{ran:#?}"
        );
        assert!(
            ran.err.contains(" of 32 trials that were recomputed differ"),
            "{ran:#?}"
        );
        assert!(!bench.path("r/previous-1").exists() && !bench.path("r/journal").exists());
        for (name, text) in &good {
            fs::write(bench.path("r").join(name), text).unwrap();
        }
    }
    // Line ends are no edit.
    fs::write(
        bench.path("r/trials.csv"),
        good["trials.csv"].replace('\n', "\r\n"),
    )
    .unwrap();
    bench.grid("r", &[]).expect(0);
    bench.grid("fresh", &[]).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("fresh"));
}

#[test]
fn tables_that_are_not_what_they_say_are_named_and_left_alone() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &[]).expect(0);
    without_digests(&bench);
    let good = bench.tables("r");
    fs::write(
        bench.path("x.toml"),
        SMALL.replace("replicates = 2", "replicates = 3"),
    )
    .unwrap();
    let lines: Vec<&str> = good["trials.csv"].split_inclusive('\n').collect();
    let id = |line: &str| -> String {
        let header: Vec<&str> = lines[0].split(',').collect();
        let at = header.iter().position(|name| *name == "trial_id").unwrap();
        line.split(',').nth(at).unwrap().to_owned()
    };
    let (second, third) = (id(lines[2]), id(lines[3]));
    let with = |line: usize, text: String| {
        let mut all: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
        all[line - 1] = text;
        all.concat()
    };
    let half = &good["trials.csv"][..good["trials.csv"].len() / 2];
    // Without the last row of the first trial, which ends well.
    let cut = |file: &str| {
        let rows: Vec<&str> = good[file].split_inclusive('\n').collect();
        let last = rows.iter().rposition(|row| row.contains(&id(lines[1]))).unwrap();
        [&rows[..last], &rows[last + 1..]].concat().concat()
    };
    let (cut_epochs, cut_layers) = (cut("epochs.csv"), cut("layers.csv"));
    let cases = [
        (
            "trials.csv",
            with(4, lines[3].replace(&third, &second)),
            "r/trials.csv:4: a second row of trial",
        ),
        (
            "trials.csv",
            with(3, lines[2].replace(&second, "0123456789abcdef")),
            "r/trials.csv:3: the trial_id `0123456789abcdef` does not belong to these coordinates",
        ),
        (
            "trials.csv",
            with(3, lines[3].to_owned()),
            "r/trials.csv:3: epochs.csv does not hold all rows of this trial",
        ),
        (
            "trials.csv",
            with(4, lines[2].replace(&second, &third)),
            "is there twice",
        ),
        ("trials.csv", half.to_owned(), "r/trials.csv"),
        ("trials.csv", lines[..20].concat(), "r/"),
        (
            "trials.csv",
            good["trials.csv"].trim_end().to_owned(),
            "r/trials.csv is cut short",
        ),
        ("trials.csv", String::new(), "r/trials.csv is empty"),
        (
            "trials.csv",
            good["trials.csv"].replacen(",ok,", ",fine,", 1),
            "`status` is `fine`",
        ),
        (
            "epochs.csv",
            cut_epochs,
            "epochs.csv does not hold all rows of this trial",
        ),
        (
            "layers.csv",
            cut_layers,
            "layers.csv does not hold all rows of this trial",
        ),
        (
            "manifest.toml",
            good["manifest.toml"].replace("trials = 32", "trials = 31"),
            "has 32 rows, but its manifest.toml lists 31",
        ),
        (
            "manifest.toml",
            good["manifest.toml"].replace("seed = 5", "seed = 6"),
            "",
        ),
    ];
    for (file, text, says) in cases {
        assert_ne!(text, good[file], "{says}");
        fs::write(bench.path("r").join(file), &text).unwrap();
        let before = bench.tables("r");
        let ran = bench.grid("r", &[]);
        if !says.is_empty() {
            let ran = ran.expect(2);
            assert!(ran.err.contains(says), "{says}: {ran:#?}");
            assert!(says == "r/" || ran.err.contains("--fresh"), "{ran:#?}");
            assert_eq!(bench.tables("r"), before);
            assert!(!bench.path("r/journal").exists() && !bench.path("r/previous-1").exists());
            let elsewhere = bench.grid("e", &["--reuse", "r"]).expect(2);
            assert!(
                elsewhere.err.contains(says) && !bench.path("e/trials.csv").exists(),
                "{elsewhere:#?}"
            );
        }
        for (name, text) in &good {
            fs::write(bench.path("r").join(name), text).unwrap();
        }
    }
    // A manifest of another experiment with the same name.
    let ran = bench.grid("r", &["--set", "seed=6"]).expect(2);
    assert!(
        ran.err
            .contains("another experiment (`x`): none of its trials is one of this"),
        "{ran:#?}"
    );
    assert_eq!(bench.tables("r"), good);
}

/// A run is killed after it has put `done` of the wider experiment's files in place of the old ones, and
/// the next edit comes before anything else is run.
fn edited_after_a_cut(done: usize, shards: bool) {
    let bench = Bench::new(SMALL);
    bench.grid("r", &[]).expect(0);
    let wider = SMALL.replace("\"he_normal\",", "\"he_normal\", \"zeros\",");
    fs::write(bench.path("x.toml"), &wider).unwrap();
    bench.grid("wider", &[]).expect(0);
    let files = [
        "trials.csv",
        "epochs.csv",
        "layers.csv",
        "summary.csv",
        "manifest.toml",
    ];
    for (i, name) in files.into_iter().enumerate() {
        let new = if i < done {
            name.to_owned()
        } else {
            format!("{name}.tmp")
        };
        fs::copy(bench.path("wider").join(name), bench.path("r").join(new)).unwrap();
    }
    let mark = format!("files = {files:?}\nstale = []\n");
    fs::write(bench.path("r/replacing.toml"), mark).unwrap();
    for command in ["check", "diff", "verify"] {
        let ran = bench.run(&[&[command, "r"], &["wider"][..usize::from(command == "diff")]].concat());
        let ran = ran.expect(2);
        assert!(ran.err.contains("is replacing its tables"), "{ran:#?}");
    }
    let next = wider.replace("\"he_normal\",", "");
    fs::write(bench.path("x.toml"), &next).unwrap();
    if shards {
        for shard in ["1/2", "2/2"] {
            bench.grid("r", &["--shard", shard]).expect(0);
        }
        bench.run(&["merge", "r"]).expect(0);
        bench.grid("fresh", &[]).expect(0);
        assert_eq!(bench.tables("r"), bench.tables("fresh"));
    } else {
        let (_, trained) = grown(&bench, &next, &[]);
        assert_eq!(trained, 0, "every row was in the tables that were to be");
    }
    let left = |name: &String| name.ends_with(".tmp") || name == "replacing.toml";
    let names = fs::read_dir(bench.path("r")).unwrap();
    let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.any(|name| left(&name)));
}

#[test]
fn a_run_killed_while_it_removed_its_journal_leaves_no_folder_behind() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &[]).expect(0);
    fs::create_dir(bench.path("r/journal")).unwrap();
    bench.grid("r", &[]).expect(0);
    assert!(!bench.path("r/journal").exists());
}

#[test]
fn a_replacement_that_was_cut_short_is_finished_before_the_next_edit() {
    edited_after_a_cut(0, false);
    edited_after_a_cut(2, false);
    edited_after_a_cut(4, true);
}

/// The lists of a grid that is edited: of each axis, which of its values are there, in which order.
#[derive(Debug, Clone)]
struct Grid {
    axes: [Vec<usize>; 4],
    replicates: u32,
    /// Whether a scheme goes by another of its names.
    alias: bool,
    /// Whether the first scheme is left out under the first activation.
    exclude: bool,
}

const AXES: [(&str, &[&str]); 4] = [
    (
        "scheme",
        &[
            "\"he_normal\"",
            "\"zeros\"",
            "{ kind = \"normal\", std = 0.01 }",
            "\"orthogonal\"",
        ],
    ),
    ("architecture", &["[6]", "[5, 4]", "[10]"]),
    ("activation", &["\"relu\"", "\"tanh\"", "\"gelu\""]),
    ("learning_rate", &["0.1", "1000000.0", "0.01", "0.2"]),
];

impl Grid {
    fn text(&self) -> String {
        let mut grid = String::new();
        for ((name, values), chosen) in AXES.iter().zip(&self.axes) {
            let texts: Vec<&str> = chosen.iter().map(|i| values[*i]).collect();
            grid += &format!("{name} = [{}]\n", texts.join(", "));
        }
        if self.alias {
            grid = grid.replace("\"he_normal\"", "\"kaiming_normal\"");
        }
        if self.exclude && self.axes[0].len() > 1 {
            let [scheme, activation] = [0, 2].map(|axis: usize| AXES[axis].1[self.axes[axis][0]]);
            grid += &format!("exclude = [{{ scheme = {scheme}, activation = {activation} }}]\n");
        }
        let (head, _) = SMALL.split_once("[grid]\n").unwrap();
        let head = head.replace("replicates = 2", &format!("replicates = {}", self.replicates));
        format!("{head}[grid]\n{grid}")
    }

    fn edit(&mut self, edit: &Edit) {
        match *edit {
            Edit::Value(axis, value) => {
                let value = value % AXES[axis].1.len();
                let chosen = &mut self.axes[axis];
                match chosen.iter().position(|i| *i == value) {
                    Some(at) if chosen.len() > 1 => drop(chosen.remove(at)),
                    Some(_) => {}
                    None => chosen.push(value),
                }
            }
            Edit::Order(axis) => self.axes[axis].rotate_left(1),
            Edit::Replicates(n) => self.replicates = n,
            Edit::Alias => self.alias ^= true,
            Edit::Exclude => self.exclude ^= true,
        }
    }
}

#[derive(Debug, Clone)]
enum Edit {
    Value(usize, usize),
    Order(usize),
    Replicates(u32),
    Alias,
    Exclude,
}

/// How a run after an edit goes.
#[derive(Debug, Clone)]
enum How {
    Whole,
    /// Killed after so many milliseconds, and run again.
    Killed(u64),
    /// Killed, and the next edit comes before it is run again.
    Abandoned(u64),
    Shards(u32),
}

fn step() -> impl Strategy<Value = (Vec<Edit>, How, u32)> {
    let edit = prop_oneof![
        6 => (0..4usize, 0..4usize).prop_map(|(axis, value)| Edit::Value(axis, value)),
        1 => (0..4usize).prop_map(Edit::Order),
        2 => (1..4u32).prop_map(Edit::Replicates),
        1 => Just(Edit::Alias),
        1 => Just(Edit::Exclude),
    ];
    let how = prop_oneof![
        3 => Just(How::Whole),
        2 => (1..120u64).prop_map(How::Killed),
        2 => (1..120u64).prop_map(How::Abandoned),
        2 => (2..4u32).prop_map(How::Shards),
    ];
    (proptest::collection::vec(edit, 1..3), how, 1..4u32)
}

/// Whether there are journals in `r`, and not only locks.
fn unfinished(bench: &Bench) -> bool {
    let files = fs::read_dir(bench.path("r/journal")).into_iter().flatten();
    let mut names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.any(|name| !name.ends_with(".lock"))
}

/// Runs `r` in place, and again from nothing where what is there has no row of this experiment.
fn in_place(bench: &Bench, more: &[&str], fresh: &BTreeSet<String>) {
    let ran = bench.grid("r", more);
    if ran.code == Some(2) {
        let old = ids(bench, "r");
        assert!(ran.err.contains("another experiment"), "{ran:#?}");
        assert!(unfinished(bench) || old.is_disjoint(fresh), "{ran:#?}");
        bench.grid("r", &[more, &["--fresh"]].concat()).expect(0);
    } else {
        ran.expect(0);
    }
}

fn ids(bench: &Bench, directory: &str) -> BTreeSet<String> {
    let table = bench.tables(directory).remove("trials.csv").unwrap_or_default();
    let id = |cell: &&str| cell.len() == 16 && cell.bytes().all(|b| b.is_ascii_hexdigit());
    let first = |line: &str| line.split(',').find(id).map(str::to_owned);
    table.lines().filter_map(first).collect()
}

fn run_killed(bench: &Bench, threads: &str, pause: u64) {
    let mut child = bench
        .command(&["grid", "x.toml", "--out", "r", "--threads", threads])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(pause));
    let _ = child.kill();
    child.wait().unwrap();
}

fn sequence(steps: &[(Vec<Edit>, How, u32)]) {
    let bench = Bench::new("");
    let mut grid = Grid {
        axes: [vec![0, 1], vec![0], vec![0], vec![0, 1]],
        replicates: 2,
        alias: false,
        exclude: false,
    };
    for (edits, how, threads) in steps {
        edits.iter().for_each(|edit| grid.edit(edit));
        fs::write(bench.path("x.toml"), grid.text()).unwrap();
        let threads = threads.to_string();
        if let How::Abandoned(pause) = how {
            run_killed(&bench, &threads, *pause);
            continue;
        }
        let _ = fs::remove_dir_all(bench.path("fresh"));
        bench.grid("fresh", &[]).expect(0);
        let fresh = ids(&bench, "fresh");
        match how {
            // Not beside the journal of another cut.
            How::Shards(count) if !unfinished(&bench) => {
                for i in 1..=*count {
                    let shard = format!("{i}/{count}");
                    in_place(&bench, &["--shard", &shard, "--threads", &threads], &fresh);
                }
                // Complete tables are no shards to merge.
                if unfinished(&bench) {
                    bench.run(&["merge", "r"]).expect(0);
                }
            }
            how => {
                if let How::Killed(pause) = how {
                    run_killed(&bench, &threads, *pause);
                }
                in_place(&bench, &["--threads", &threads], &fresh);
            }
        }
        assert_eq!(bench.tables("r"), bench.tables("fresh"), "{}", grid.text());
        assert!(!unfinished(&bench));
    }
}

/// Random edits, each followed by a run in place: the tables are those of a fresh run.
/// `GOODINIT_GROWTH=100` tries so many sequences in place of 4.
#[test]
fn after_any_sequence_of_edits_the_tables_are_those_of_a_fresh_run() {
    let cases = std::env::var("GOODINIT_GROWTH").map_or(4, |n| n.parse().unwrap());
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in proptest::collection::vec(step(), 4..9))| sequence(&steps));
}
