//! Two small directories of tables, and what is found between them.

use super::stage::Stage;
use super::table::{CellChange, Change, Distance};
use super::*;
use crate::support::text::Style;
use crate::table::example;
use crate::table::io::{Table, Writer};
use crate::table::manifest::{DatasetEntry, Manifest};
use crate::table::record::TrialRecord;

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
        statistics_version: 2,
        name: "t".into(),
        experiment_digest: "e".into(),
        commit: None,
        tables: Default::default(),
        trials: 6,
        experiment: "name = \"t\"\n".into(),
        dataset: vec![DatasetEntry {
            name: "digits".into(),
            digest: "d".into(),
            samples: 1797,
            inputs: 64,
            classes: Some(10),
            reading: Vec::new(),
        }],
        source: Vec::new(),
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

    fn compare(&self, options: &Options) -> Result<Diff> {
        let side = |name: &str| Source::Directory(self.path(name));
        let mut report = compare(&side("old"), &side("new"), options, &mut |_, _| Ok(()))?;
        (report.old, report.new) = ("old".into(), "new".into());
        Ok(report)
    }

    fn report(&self) -> Diff {
        let options = Options {
            limit: 10,
            ..Options::default()
        };
        self.compare(&options).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn table<'r>(report: &'r Diff, name: &str) -> &'r TableDiff {
    let mut tables = report.directories[0].tables.iter();
    tables.find(|t| t.name == name).unwrap()
}

fn next_up(x: f64) -> f64 {
    f64::from_bits(x.to_bits() + 1)
}

#[test]
fn equal_tables_are_the_same() {
    let report = Sides::new(&records(), &records()).report();
    assert!(report.same);
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
    assert!(!report.same);
    let trials = table(&report, "trials.csv");
    assert_eq!((trials.changed, trials.added, trials.removed), (1, 0, 0));
    let cells = &trials.rows[0].cells;
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
    let stages: Vec<Stage> = origins.iter().map(|o| o.stage).collect();
    assert_eq!(stages, [Stage::Measurement]);
    assert!(report.directories[0].conclusions.as_ref().unwrap().same);
}

#[test]
fn the_origin_is_the_first_hash_that_differs() {
    use Stage::{Data, Epoch, InitialWeights, Measurement, Settings, Training};
    type Edit = fn(&mut TrialRecord);
    let late: Edit = |r| {
        r.trial.final_hash = Some("x".into());
        r.epochs[1].weights_hash = "x".into();
    };
    let cases: [(Edit, Stage); 7] = [
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
        // Only a table with several rows for a trial differs.
        (|r| r.epochs[1].weights_hash = "x".into(), Epoch(1)),
        (|r| r.epochs[1].test_loss = Some(0.125), Measurement),
    ];
    for (edit, expected) in cases {
        let mut new = records();
        edit(&mut new[0]);
        edit(&mut new[3]);
        let report = Sides::new(&records(), &new).report();
        let origins = report.directories[0].origins.as_ref().unwrap();
        let found: Vec<(Stage, u64)> = origins.iter().map(|o| (o.stage, o.trials)).collect();
        assert_eq!(found, [(expected, 2)]);
        assert_eq!(origins[0].schemes["he_normal"], 1);
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
    assert_eq!(trials.rows[0].change, Change::Removed);
    assert_eq!(trials.rows[0].key_cell("scheme"), "he_normal");
    assert_eq!(
        (trials.rows[0].line_old, trials.rows[0].line_new),
        (Some(2), None)
    );
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
    let leader = &c.leaders.first[0];
    assert_eq!(
        (leader.old.as_str(), leader.new.as_str()),
        ("he_normal", "xavier_uniform")
    );
    assert!((leader.old_score - 0.89).abs() < 1e-12 && (leader.new_score - 0.95).abs() < 1e-12);
    assert_eq!(
        (c.endings.first[0].ending, c.endings.first[0].new),
        ("diverged", 1)
    );
}

/// A cell that lost its value is not a small relative difference.
#[test]
fn lost_and_gained_values_are_counted_apart() {
    let (mut old, mut new) = (records(), records());
    new[0].trial.test_loss = None;
    new[1].trial.test_loss = new[1].trial.test_loss.map(next_up);
    old[2].trial.test_loss = None;
    new[3].trial.test_loss = Some(f64::INFINITY);
    let report = Sides::new(&old, &new).report();
    let column = &table(&report, "trials.csv").columns[0];
    assert_eq!((column.name.as_str(), column.cells), ("test_loss", 4));
    assert_eq!((column.lost, column.gained, column.ulp), (2, 1, Some(1)));
    let style = Style {
        width: 120,
        colour: false,
    };
    let text = print::text(&report, style);
    let line = "  test_loss: 4 cells, 2 lost a value, 1 gained a value, others at most ";
    assert!(text.contains(line) && text.contains(", 1 ulp\n"), "{text}");
    let text = print::markdown(&report);
    assert!(text.contains("| test\\_loss | 4 | 2 | 1 | "), "{text}");
    let json = export::json(&report).unwrap();
    let tables = json["directories"][0]["tables"].as_array().unwrap();
    let trials = tables.iter().find(|t| t["name"] == "trials.csv").unwrap();
    assert_eq!(trials["columns"][0]["lost"], 2);
    assert_eq!(trials["columns"][0]["gained"], 1);
}

/// Git on Windows may have changed the line ends of all files, the experiment's text with them.
#[test]
fn line_ends_are_no_difference() {
    let sides = Sides::new(&records(), &records());
    let text = manifest().to_toml().unwrap();
    sides.write("old", format::MANIFEST, text.as_bytes());
    sides.write("new", format::MANIFEST, text.replace('\n', "\r\n").as_bytes());
    for t in Table::ALL {
        let table = String::from_utf8(table_of(t, &records())).unwrap();
        sides.write("new", t.file(), table.replace('\n', "\r\n").as_bytes());
    }
    let report = sides.report();
    assert!(report.same, "{report:?}");
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
    assert!(sides.report().same);
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
            left_out: None,
        };
        sides.compare(&options)
    };
    assert_eq!(table(&with(&[], &[]).unwrap(), "trials.csv").changed, 2);
    assert_eq!(
        table(&with(&["test_loss=1e-6"], &[]).unwrap(), "trials.csv").changed,
        1
    );
    let report = with(&["test_loss=1e-5rel"], &["final_hash"]).unwrap();
    assert!(report.same);
    assert_eq!(table(&report, "trials.csv").tolerated, 1);
    assert!(!with(&["test_loss=1ulp"], &["final_hash"]).unwrap().same);
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

mod printed;
mod sides;
