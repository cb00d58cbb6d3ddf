//! Good and bad experiment files, key by key.

use std::path::Path;

use super::*;

const QUICK: &str = include_str!("../../experiments/quick.toml");

fn parse(text: &str) -> Result<Experiment> {
    let none: [&str; 0] = [];
    Experiment::parse(Path::new("a.toml"), text, &none, &Registry::standard())
}

#[test]
fn the_quick_experiment_is_valid() {
    let experiment = parse(QUICK).unwrap_or_else(|e| panic!("{e}"));
    let plan = experiment.plan();
    assert_eq!(plan.cells(), 16);
    assert_eq!(plan.len(), 48);
}
