//! The experiment files that are shipped.

use std::path::{Path, PathBuf};

use goodinit::internal::Manifest;
use goodinit::{Experiment, Registry};

fn files(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("experiments")
        .join(directory);
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}

/// What a person tries first: results go to a directory of the file's name.
#[test]
fn the_other_experiments_are_well_formed() {
    let files = files("");
    let stems: Vec<_> = files
        .iter()
        .map(|file| file.file_stem().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(stems, ["field", "full", "mnist", "quick", "seeds"]);
    for (file, stem) in files.iter().zip(stems) {
        let experiment = Experiment::load::<&str>(file, &[], &Registry::standard());
        assert_eq!(experiment.unwrap_or_else(|e| panic!("{e}")).name, stem);
    }
}

/// Every paper and every slide reads without an error, says where it comes from, and claims
/// something.
#[test]
fn papers_and_slides_are_well_formed() {
    let mut wrong = Vec::new();
    for (directory, at_least) in [("papers", 30), ("deck", 12)] {
        let files = files(directory);
        assert!(files.len() >= at_least, "{directory}: {}", files.len());
        for file in files {
            match Experiment::load::<&str>(&file, &[], &Registry::standard()) {
                Err(error) => wrong.push(error.to_string()),
                Ok(experiment) => {
                    let stem = file.file_stem().unwrap().to_string_lossy();
                    assert_eq!(
                        experiment.name, stem,
                        "results go to a directory of the file's name"
                    );
                    assert!(!experiment.claims.is_empty(), "{stem} claims nothing");
                    let text = std::fs::read_to_string(&file).unwrap();
                    assert!(text.starts_with("# ") && text.contains("\n# Cost: "), "{stem}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A manifest quotes the experiment that it is of; the same file gives the same text and the same
/// digest again.
#[test]
fn committed_manifests_quote_the_files_that_they_are_of() {
    let mut compared = 0;
    for directory in ["", "papers", "deck"] {
        for file in files(directory) {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
            let path = results.join(directory).join(stem).join("manifest.toml");
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            let manifest = Manifest::parse(&path, &text).unwrap_or_else(|e| panic!("{e}"));
            let experiment = Experiment::load::<&str>(&file, &[], &Registry::standard());
            let experiment = experiment.unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(manifest.experiment, experiment.resolved(), "{}", path.display());
            assert_eq!(
                manifest.experiment_digest,
                experiment.digest(),
                "{}",
                path.display()
            );
            compared += 1;
        }
    }
    assert!(compared >= 40, "{compared}");
}
