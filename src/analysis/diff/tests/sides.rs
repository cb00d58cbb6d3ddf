//! Sides that do not match, are damaged, or cannot be compared at all.

use super::*;

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
fn a_table_that_a_spreadsheet_saved_is_named() {
    let sides = Sides::new(&records(), &records());
    let text = String::from_utf8(table_of(Table::Trials, &records())).unwrap();
    sides.write("new", "trials.csv", text.replace(',', ";").as_bytes());
    let error = sides.compare(&Options::default()).unwrap_err().to_string();
    assert!(
        error.contains("none of its columns is a coordinate") && error.contains("`;`"),
        "{error}"
    );
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
    assert!(!report.same);
}

#[test]
fn sides_that_cannot_be_compared() {
    let sides = Sides::new(&records(), &records());
    let old = Source::Directory(sides.path("old"));
    let file = Source::parse(sides.path("new").join("trials.csv").display().to_string()).unwrap();
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
                    let _ = (print::text(&report, style), print::markdown(&report), export::json(&report));
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
