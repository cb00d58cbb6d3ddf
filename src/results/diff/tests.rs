use super::table::{CellChange, Change, Distance};
use super::*;
use crate::results::example;
use crate::results::manifest::{DatasetEntry, Manifest};
use crate::results::record::TrialRecord;
use crate::results::table::{Table, Writer};
use crate::results::terminal::Style;

/// Two schemes, three replicates.
fn records() -> Vec<TrialRecord> {
    let mut records = Vec::new();
    for (scheme, accuracy) in [("he_normal", 0.9), ("xavier_uniform", 0.8)] {
        for replicate in 0..3 {
            let mut c = example::coordinates();
            c.scheme = scheme.into();
            (c.replicate, c.weight_seed, c.order_seed) = (replicate, replicate, replicate);
            let mut record = example::record(c, accuracy - 0.01 * f64::from(replicate));
            record.trial.trial_id = format!("{:016x}", records.len());
            records.push(record);
        }
    }
    records
}

fn manifest() -> Manifest {
    Manifest {
        format_version: format::FORMAT_VERSION,
        numerics_version: 1,
        name: "t".into(),
        experiment_digest: "e".into(),
        commit: None,
        trials: 6,
        experiment: "name = \"t\"\n".into(),
        dataset: vec![DatasetEntry {
            name: "digits".into(),
            digest: "d".into(),
            samples: 1797,
            inputs: 64,
            classes: Some(10),
        }],
    }
}

fn table_of(table: Table, records: &[TrialRecord]) -> Vec<u8> {
    let mut writer = Writer::new(table, Vec::new()).unwrap();
    records.iter().for_each(|r| writer.push(r).unwrap());
    writer.finish().unwrap()
}

struct Sides {
    dir: tempfile::TempDir,
}

impl Sides {
    fn new(old: &[TrialRecord], new: &[TrialRecord]) -> Self {
        let sides = Sides {
            dir: tempfile::tempdir().unwrap(),
        };
        for (side, records) in [("old", old), ("new", new)] {
            std::fs::create_dir(sides.path(side)).unwrap();
            for table in Table::ALL {
                sides.write(side, table.file(), &table_of(table, records));
            }
        }
        sides
    }

    fn path(&self, side: &str) -> std::path::PathBuf {
        self.dir.path().join(side)
    }

    fn write(&self, side: &str, file: &str, bytes: &[u8]) {
        std::fs::write(self.path(side).join(file), bytes).unwrap();
    }

    fn compare(&self, options: &Options) -> Result<Report> {
        let side = |name: &str| Source::Directory(self.path(name));
        let mut report = compare(&side("old"), &side("new"), options, &mut |_, _| Ok(()))?;
        (report.old, report.new) = ("old".into(), "new".into());
        Ok(report)
    }

    fn report(&self) -> Report {
        let options = Options {
            limit: 10,
            ..Options::default()
        };
        self.compare(&options).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn table<'r>(report: &'r Report, name: &str) -> &'r TableReport {
    let mut tables = report.directories[0].tables.iter();
    tables.find(|t| t.name == name).unwrap()
}

fn next_up(x: f64) -> f64 {
    f64::from_bits(x.to_bits() + 1)
}

#[test]
fn equal_tables_are_the_same() {
    let report = Sides::new(&records(), &records()).report();
    assert!(report.is_same());
    let style = Style {
        width: 80,
        colour: false,
    };
    assert_eq!(
        print::text(&report, style),
        "old -> new\nSame: 3 tables, 24 rows.\n"
    );
    assert!(report.directories[0].origins.is_none() && report.directories[0].conclusions.is_none());
}

#[test]
fn distances_by_hand() {
    let ulp = |a: f64, b: f64| Distance::between(a, b).ulp;
    assert_eq!(ulp(1.0, next_up(1.0)), 1);
    assert_eq!(ulp(-0.0, 0.0), 0);
    assert_eq!(ulp(-f64::from_bits(1), f64::from_bits(2)), 3);
    assert_eq!(ulp(1.0, 2.0), 1 << 52);
    let d = Distance::between(1.0, 1.5);
    assert_eq!((d.absolute, d.relative), (0.5, 0.5 / 1.5));
    assert_eq!(Distance::between(0.0, 0.0).relative, 0.0);
    let huge = Distance::between(f64::MAX, -f64::MAX);
    assert!(huge.ulp > 1 << 62);
}

#[test]
fn one_ulp_is_found_and_its_origin_told() {
    let mut new = records();
    let loss = new[4].trial.train_loss.unwrap();
    new[4].trial.train_loss = Some(next_up(loss));
    let report = Sides::new(&records(), &new).report();
    assert!(!report.is_same());
    let trials = table(&report, "trials.csv");
    assert_eq!((trials.changed, trials.added, trials.removed), (1, 0, 0));
    let Change::Changed(cells) = &trials.sample[0].change else {
        panic!("{trials:?}");
    };
    let [
        CellChange {
            column,
            distance: Some(d),
            ..
        },
    ] = &cells[..]
    else {
        panic!("{cells:?}");
    };
    assert_eq!((column.as_str(), d.ulp), ("train_loss", 1));
    let origins = report.directories[0].origins.as_ref().unwrap();
    assert_eq!(
        origins.by_origin.keys().collect::<Vec<_>>(),
        [&origin::Origin::Measurement]
    );
    assert!(report.directories[0].conclusions.as_ref().unwrap().is_same());
}

#[test]
fn the_origin_is_the_first_hash_that_differs() {
    use origin::Origin::{Data, Epoch, InitialWeights, Settings, Training};
    type Edit = fn(&mut TrialRecord);
    let late: Edit = |r| {
        r.trial.final_hash = Some("x".into());
        r.epochs[1].weights_hash = "x".into();
    };
    let cases: [(Edit, origin::Origin); 5] = [
        (late, Epoch(1)),
        (|r| r.trial.final_hash = Some("x".into()), Training),
        (
            |r| {
                r.trial.initial_hash = Some("x".into());
                r.trial.final_hash = Some("x".into());
                r.epochs[0].weights_hash = "x".into();
            },
            InitialWeights,
        ),
        (
            |r| {
                r.trial.data_hash = "x".into();
                r.trial.initial_hash = Some("x".into());
            },
            Data,
        ),
        (
            |r| {
                r.trial.trial_id = "ff".into();
                r.trial.data_hash = "x".into();
            },
            Settings,
        ),
    ];
    for (edit, expected) in cases {
        let mut new = records();
        edit(&mut new[0]);
        edit(&mut new[3]);
        let report = Sides::new(&records(), &new).report();
        let origins = &report.directories[0].origins.as_ref().unwrap().by_origin;
        let began = &origins[&expected];
        assert_eq!((origins.len(), began.trials), (1, 2), "{expected:?}");
        assert_eq!(began.schemes["he_normal"], 1);
    }
}

#[test]
fn rows_added_and_removed() {
    let (mut old, mut new) = (records(), records());
    old.remove(5);
    new.remove(0);
    let report = Sides::new(&old, &new).report();
    let trials = table(&report, "trials.csv");
    assert_eq!((trials.changed, trials.added, trials.removed), (0, 1, 1));
    assert_eq!((trials.rows_old, trials.rows_new), (5, 5));
    assert_eq!(trials.sample[0].change, Change::Removed);
    assert_eq!(trials.sample[0].key[4], "he_normal");
    assert_eq!(table(&report, "epochs.csv").added, 2);
}

#[test]
fn conclusions_are_compared() {
    let mut new = records();
    // Xavier overtakes He, whose last trial diverges.
    for record in &mut new[3..] {
        record.trial.test_accuracy = Some(0.95);
    }
    new[2] = example::diverged(new[2].coordinates.clone(), 1);
    let sides = Sides::new(&records(), &new);
    for side in ["old", "new"] {
        sides.write(side, format::MANIFEST, manifest().to_toml().unwrap().as_bytes());
    }
    let report = sides.report();
    let c = report.directories[0].conclusions.as_ref().unwrap();
    assert_eq!((c.contexts, c.leaders.count, c.flips.count), (1, 1, 1));
    let (old, new) = (&c.leaders.first[0].old, &c.leaders.first[0].new);
    assert_eq!((old.0.as_str(), new.0.as_str()), ("he_normal", "xavier_uniform"));
    assert!((old.1 - 0.89).abs() < 1e-12 && (new.1 - 0.95).abs() < 1e-12);
    assert_eq!(
        (c.endings.first[0].ending, c.endings.first[0].new),
        ("diverged", 1)
    );
}

#[test]
fn a_change_of_arithmetic_is_named_as_expected() {
    let sides = Sides::new(&records(), &records());
    let mut m = manifest();
    sides.write("old", format::MANIFEST, m.to_toml().unwrap().as_bytes());
    m.numerics_version = 2;
    m.commit = Some("other".into());
    m.dataset[0].digest = "x".into();
    sides.write("new", format::MANIFEST, m.to_toml().unwrap().as_bytes());
    let report = sides.report();
    assert_eq!(
        report.directories[0].manifest,
        [
            "numerics_version 1 -> 2: changed numbers are expected",
            "other data: digits"
        ]
    );
    // The commit alone is no difference.
    m.commit = None;
    sides.write("old", format::MANIFEST, m.to_toml().unwrap().as_bytes());
    assert!(sides.report().is_same());
}

#[test]
fn tolerances_and_ignored_columns() {
    let mut new = records();
    new[1].trial.test_loss = new[1].trial.test_loss.map(|x| x + 1e-7);
    new[2].trial.final_hash = Some("x".into());
    let sides = Sides::new(&records(), &new);
    let with = |tolerance: &[&str], ignored: &[&str]| {
        let options = Options {
            tolerances: tolerance.iter().map(|t| Tolerance::parse(t).unwrap()).collect(),
            ignored: ignored.iter().map(|c| (*c).to_owned()).collect(),
            limit: 5,
        };
        sides.compare(&options)
    };
    assert_eq!(table(&with(&[], &[]).unwrap(), "trials.csv").changed, 2);
    assert_eq!(
        table(&with(&["test_loss=1e-6"], &[]).unwrap(), "trials.csv").changed,
        1
    );
    let report = with(&["test_loss=1e-5rel"], &["final_hash"]).unwrap();
    assert!(report.is_same());
    assert_eq!(table(&report, "trials.csv").tolerated, 1);
    assert!(!with(&["test_loss=1ulp"], &["final_hash"]).unwrap().is_same());
    let error = with(&["tset_loss=1"], &[]).unwrap_err().to_string();
    assert!(
        error.contains("no table has a column `tset_loss`") && error.contains("did you mean `test_loss`?"),
        "{error}"
    );
    for bad in ["x", "x=", "x=-1", "x=nan", "x=1.5ulp"] {
        assert!(
            Tolerance::parse(bad)
                .unwrap_err()
                .to_string()
                .contains("is not a tolerance")
        );
    }
}

#[test]
fn duplicate_keys_are_an_error_and_disorder_is_mended() {
    let mut twice = records();
    twice.insert(1, twice[0].clone());
    let error = Sides::new(&records(), &twice)
        .compare(&Options::default())
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("two rows are digits,0,64-32,relu,he_normal") && text.contains("(lines 2 and 4)")
            || text.contains("(lines 2 and 3)"),
        "{text}"
    );

    let mut mixed = records();
    mixed.reverse();
    mixed[0].trial.steps = 7;
    let report = Sides::new(&records(), &mixed).report();
    let trials = table(&report, "trials.csv");
    assert!(trials.unsorted);
    assert_eq!((trials.changed, trials.added, trials.removed), (1, 0, 0));
    // Twice, but not next to each other.
    mixed.push(mixed[0].clone());
    let error = Sides::new(&records(), &mixed)
        .compare(&Options::default())
        .unwrap_err();
    assert!(error.to_string().contains("two rows are"), "{error}");
}

#[test]
fn columns_and_tables_come_and_go() {
    let sides = Sides::new(&records(), &records());
    let text = String::from_utf8(table_of(Table::Trials, &records())).unwrap();
    let more: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(i, line)| format!("{line},{}", if i == 0 { "extra" } else { "1" }))
        .collect();
    sides.write("new", "trials.csv", (more.join("\n") + "\n").as_bytes());
    std::fs::remove_file(sides.path("old").join("layers.csv")).unwrap();
    let report = sides.report();
    assert_eq!(table(&report, "trials.csv").columns_added, ["extra"]);
    assert_eq!(table(&report, "trials.csv").changed, 0);
    assert!(!table(&report, "layers.csv").in_old);
    assert!(!report.is_same());
}

#[test]
fn sides_that_cannot_be_compared() {
    let sides = Sides::new(&records(), &records());
    let old = Source::Directory(sides.path("old"));
    let file = Source::parse(&sides.path("new").join("trials.csv").display().to_string()).unwrap();
    let none = &mut |_: &str, _: &RowChange| Ok(());
    let error = compare(&old, &file, &Options::default(), none).unwrap_err();
    assert!(error.to_string().contains("is a directory and"), "{error}");
    let error = Source::parse("nowhere").unwrap_err().to_string();
    assert!(error.contains("no file or directory `nowhere`"), "{error}");
    sides.write("old", "trials.csv", b"a,b\n1,2\n");
    let error = sides.compare(&Options::default()).unwrap_err().to_string();
    assert!(error.contains("share no column"), "{error}");
    sides.write("old", "trials.csv", b"dataset,dataset\n1,2\n");
    let error = sides.compare(&Options::default()).unwrap_err().to_string();
    assert!(error.contains("the column `dataset` is there twice"), "{error}");
}

/// One of everything, for the printed forms.
fn varied() -> Report {
    let mut new = records();
    new[1].trial.initial_hash = Some("x".into());
    new[1].trial.test_accuracy = Some(0.79);
    new[1].trial.best_epoch = None;
    new.remove(5);
    let sides = Sides::new(&records(), &new);
    for side in ["old", "new"] {
        std::fs::remove_file(sides.path(side).join("layers.csv")).unwrap();
    }
    sides.report()
}

#[test]
fn in_print() {
    let style = Style {
        width: 90,
        colour: false,
    };
    insta::assert_snapshot!(print::text(&varied(), style), @r"
    old -> new

    epochs.csv: 0 of 12 rows changed, 0 added, 2 removed
      - digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32 replicate=2
        weight_seed=2 order_seed=2 data_seed=0 epoch=0
      - digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32 replicate=2
        weight_seed=2 order_seed=2 data_seed=0 epoch=1
    trials.csv: 1 of 6 rows changed, 0 added, 1 removed
      test_accuracy: 1 cell, at most 0.1124 relative
      best_epoch: 1 cell
      initial_hash: 1 cell
      ~ digits 64-32 relu he_normal zeros sgd learning_rate=0.1 batch_size=32 replicate=1
        weight_seed=1 order_seed=1 data_seed=0
          test_accuracy 0.89 -> 0.79  (0.1124 relative)
          best_epoch 1 -> (missing)
          initial_hash 1111111111111111 -> x
      - digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32 replicate=2
        weight_seed=2 order_seed=2 data_seed=0
    where it started
      1 trial: the initial weights (initial_hash); he_normal 1
    conclusions
      interval: xavier_uniform no longer told apart from he_normal (digits 0 64-32 relu zeros
        sgd 32)
    ");
}

#[test]
fn in_a_pull_request() {
    insta::assert_snapshot!(print::markdown(&varied()), @r"
    ### `old` → `new`

    **Conclusions**

    - interval: xavier\_uniform no longer told apart from he\_normal (digits 0 64-32 relu zeros sgd 32)

    **Where it started**

    - 1 trial: the initial weights (initial\_hash); he\_normal 1

    epochs.csv: 0 of 12 rows changed, 0 added, 2 removed

    <details><summary>2 of 2 rows</summary>

    ```diff
    - digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32 replicate=2 weight_seed=2 order_seed=2 data_seed=0 epoch=0
    - digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32 replicate=2 weight_seed=2 order_seed=2 data_seed=0 epoch=1
    ```

    </details>

    trials.csv: 1 of 6 rows changed, 0 added, 1 removed

    | column | cells | largest relative | ulp |
    |---|--:|--:|--:|
    | test\_accuracy | 1 | 0.1124 |  |
    | best\_epoch | 1 |  |  |
    | initial\_hash | 1 |  |  |

    <details><summary>2 of 2 rows</summary>

    ```diff
    ! digits 64-32 relu he_normal zeros sgd learning_rate=0.1 batch_size=32 replicate=1 weight_seed=1 order_seed=1 data_seed=0
    !     test_accuracy 0.89 -> 0.79  (0.1124 relative)
    !     best_epoch 1 -> (missing)
    !     initial_hash 1111111111111111 -> x
    - digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32 replicate=2 weight_seed=2 order_seed=2 data_seed=0
    ```

    </details>
    ");
}

#[test]
fn for_machines() {
    let report = varied();
    let json = machine::json(&report);
    let table = &json["directories"][0]["tables"][1];
    assert_eq!(table["name"], "trials.csv");
    assert_eq!(table["rows"][0]["key"]["scheme"], "he_normal");
    assert_eq!(table["rows"][0]["cells"][0]["column"], "test_accuracy");
    assert_eq!(json["directories"][0]["origins"][0]["origin"], "initial_weights");
    let rows: Vec<_> = table_rows(&report);
    assert_eq!(rows[0][3..6], ["test_accuracy", "0.89", "0.79"]);
    assert_eq!(rows.last().unwrap()[1], "removed");
}

fn table_rows(report: &Report) -> Vec<[String; 9]> {
    let sample = &table(report, "trials.csv").sample;
    sample
        .iter()
        .flat_map(|r| machine::csv_rows("trials.csv", r))
        .collect()
}

mod property {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_mutated_side_never_panics(place in 0usize..100_000, bytes in proptest::collection::vec(any::<u8>(), 0..6), cut in 0usize..40) {
            let sides = Sides::new(&records(), &records());
            for t in Table::ALL {
                let mut text = table_of(t, &records());
                let place = place % text.len();
                let end = (place + cut).min(text.len());
                text.splice(place..end, bytes.iter().copied());
                sides.write("new", t.file(), &text);
            }
            let options = Options { limit: 3, ..Options::default() };
            match sides.compare(&options) {
                Ok(report) => {
                    let style = Style { width: 80, colour: false };
                    let _ = (print::text(&report, style), print::markdown(&report), machine::json(&report));
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn a_revision_that_looks_like_an_option_is_none() {
    let old = Source::Git {
        revision: "--git-dir=x".into(),
        path: "results/t".into(),
        tree: true,
    };
    assert!(old.open("trials.csv").unwrap().is_none());
    assert!(Source::git("--help", "results").is_err());
}
