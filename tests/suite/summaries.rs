//! The committed summaries are what the committed trials give. After a change of the statistics,
//! `GOODINIT_BLESS=1 cargo test --test suite committed_summaries` writes them anew, with the
//! version in their manifests.

use std::path::{Path, PathBuf};

use goodinit::Trials;
use goodinit::internal::{STATISTICS_VERSION, Source, summarise, write};
use sha2::{Digest as _, Sha256};

fn runs(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            runs(&path, out);
        } else if path.ends_with("trials.csv") && path.with_file_name("summary.csv").exists() {
            out.push(dir.to_owned());
        }
    }
}

/// The rows of a summary, without what only epochs.csv tells.
fn rows(text: &[u8], timed: bool) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let kept: Vec<bool> = rows[0]
        .iter()
        .map(|name| timed || !FROM_EPOCHS.contains(&name))
        .collect();
    let row = |r: &csv::StringRecord| -> Vec<String> {
        let cells = r.iter().zip(&kept).filter(|(_, kept)| **kept);
        cells.map(|(cell, _)| cell.to_owned()).collect()
    };
    rows.iter().map(row).collect()
}

/// What only epochs.csv tells, where it is not committed.
const FROM_EPOCHS: [&str; 2] = ["reached_target", "epochs_to_target_median"];

/// Writes `summary` into `dir`, where `timed` is not, with the committed columns of what only
/// epochs.csv tells; and the version of the statistics and the table's digest into the manifest.
fn bless(dir: &Path, summary: &[u8], timed: bool) {
    let path = dir.join("summary.csv");
    let read = |text: &[u8]| -> Vec<csv::StringRecord> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
        reader.records().map(Result::unwrap).collect()
    };
    let (new, old) = (read(summary), read(&std::fs::read(&path).unwrap()));
    let mut out = csv::Writer::from_writer(Vec::new());
    for (new_row, old_row) in new.iter().zip(&old) {
        let cell = |(i, cell): (usize, &str)| {
            let kept = !timed && FROM_EPOCHS.contains(&&new[0][i]);
            let place = old[0].iter().position(|name| kept && name == &new[0][i]);
            place.map_or(cell.to_owned(), |place| old_row[place].to_owned())
        };
        out.write_record(new_row.iter().enumerate().map(cell)).unwrap();
    }
    assert_eq!(new.len(), old.len(), "{}", dir.display());
    let out = out.into_inner().unwrap();
    let digest: String = Sha256::digest(&out)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    std::fs::write(&path, out).unwrap();
    let path = dir.join("manifest.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut lines, mut done): (Vec<String>, bool) = (Vec::new(), false);
    for line in text
        .split('\n')
        .filter(|line| !line.starts_with("statistics_version"))
    {
        match line.starts_with("\"summary.csv\" = ") {
            true => lines.push(format!("\"summary.csv\" = \"{digest}\"")),
            false => lines.push(line.to_owned()),
        }
        if line.starts_with("numerics_version") && !done {
            lines.push(format!("statistics_version = {STATISTICS_VERSION}"));
            done = true;
        }
    }
    std::fs::write(&path, lines.join("\n")).unwrap();
}

#[test]
fn committed_summaries_are_those_of_the_committed_trials() {
    let mut dirs = Vec::new();
    runs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("results"), &mut dirs);
    assert!(dirs.len() > 30, "{dirs:?}");
    for dir in dirs {
        let timed = dir.join("epochs.csv").exists();
        let trials = Trials::from_source(&Source::Directory(dir.clone()), timed).unwrap();
        let mut summary = Vec::new();
        write(&summarise(&trials), &mut summary).unwrap();
        if std::env::var_os("GOODINIT_BLESS").is_some() {
            bless(&dir, &summary, timed);
        }
        let committed = std::fs::read(dir.join("summary.csv")).unwrap();
        if timed {
            assert!(summary == committed, "{}", dir.display());
        }
        assert!(
            rows(&summary, timed) == rows(&committed, timed),
            "{}",
            dir.display()
        );
    }
}
