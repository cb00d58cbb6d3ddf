//! The committed summaries are what the committed trials give.

use std::path::{Path, PathBuf};

use goodinit::analysis::summary::{summarise, write};
use goodinit::table::Trials;
use goodinit::table::source::Source;

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
    let from_epochs = |name: &str| ["reached_target", "epochs_to_target_median"].contains(&name);
    let kept: Vec<bool> = rows[0].iter().map(|name| timed || !from_epochs(name)).collect();
    let row = |r: &csv::StringRecord| -> Vec<String> {
        let cells = r.iter().zip(&kept).filter(|(_, kept)| **kept);
        cells.map(|(cell, _)| cell.to_owned()).collect()
    };
    rows.iter().map(row).collect()
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
