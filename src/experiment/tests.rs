//! Good and bad experiment files, key by key.

use std::path::Path;

use super::claim::{ClaimKind, Layers};
use super::*;

mod claims;
mod files;
mod grid;
mod identity;
mod mutation;
mod networks;
mod plan;

const QUICK: &str = include_str!("../../experiments/quick.toml");

/// A small file; each test puts its own lines into one of the tables.
fn file(top: &str, train: &str, grid: &str, rest: &str) -> String {
    let train = if train.is_empty() { "epochs = 2" } else { train };
    format!("name = \"t\"\n{top}\n[train]\n{train}\n[grid]\n{grid}\n{rest}\n")
}

const GRID: &str =
    "scheme = [\"zeros\", \"he_normal\"]\narchitecture = [[8], [8, 4]]\nlearning_rate = [0.1, 0.01]";

fn parse(text: &str) -> Result<Experiment> {
    parse_with(text, &[])
}

fn parse_with(text: &str, sets: &[&str]) -> Result<Experiment> {
    Experiment::parse(Path::new("a.toml"), text, sets, &Registry::standard())
}

fn good(text: &str) -> Experiment {
    parse(text).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

/// Asserts that each text is an error that says all of its phrases and points into the file.
fn bad(cases: &[(String, &[&str])]) {
    for (text, phrases) in cases {
        let error = match parse(text) {
            Ok(_) => panic!("accepted:\n{text}"),
            Err(error) => error.to_string(),
        };
        for phrase in *phrases {
            assert!(error.contains(phrase), "expected `{phrase}`:\n{error}");
        }
        assert!(
            error.contains("--> a.toml:") && error.contains('^'),
            "points nowhere:\n{error}"
        );
    }
}
