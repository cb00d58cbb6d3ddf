//! Where the difference between two versions of a trial begins.

use std::collections::BTreeMap;

use serde::Serialize;

use super::table::{Change, RowChange};
use crate::experiment::Axis;
use crate::table::format;

/// The first thing in which two versions of a trial differ, earliest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "origin", content = "epoch", rename_all = "snake_case")]
pub enum Stage {
    /// `trial_id`: a setting outside the coordinates (seed, epochs, a data setting).
    Settings,
    /// `data_hash`: the samples, their split, noise or preprocessing.
    Data,
    /// `initial_hash`: the initial weights.
    InitialWeights,
    /// The weights after this epoch, equal ones before: the arithmetic of training.
    Epoch(u32),
    /// `final_hash`: training; without `epochs.csv` (or between its rows) the epoch is unknown.
    Training,
    /// Nothing that is hashed: equal weights are measured differently.
    Measurement,
}

/// The trials whose difference begins at one stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Origin {
    #[serde(flatten)]
    pub stage: Stage,
    pub trials: u64,
    /// How many of each scheme.
    pub schemes: BTreeMap<String, u64>,
}

/// Finds the stage of every changed trial from the changed rows of the tables with one row for each
/// evaluation or layer, and then of `trials.csv`.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// By trial_id read as a number: the first epoch with other weights, and the scheme.
    epochs: BTreeMap<u64, (Option<u32>, u16)>,
    schemes: Vec<String>,
    origins: BTreeMap<Stage, BTreeMap<String, u64>>,
}

impl Finder {
    /// The order in which the finder takes tables: `trials.csv` behind those with more rows for a
    /// trial, and then the rest.
    pub fn rank(file: &str) -> u8 {
        match file {
            format::EPOCHS => 0,
            format::LAYERS => 1,
            format::TRIALS => 2,
            _ => 3,
        }
    }

    /// Takes a changed row of the table `file`.
    pub fn take(&mut self, file: &str, row: &RowChange) {
        if row.change != Change::Changed {
            return;
        }
        match file {
            format::EPOCHS | format::LAYERS => self.row_of_trial(row),
            format::TRIALS => self.trial(row),
            _ => {}
        }
    }

    fn row_of_trial(&mut self, row: &RowChange) {
        let Some(id) = row.trial_number() else { return };
        let scheme = row.key_cell(Axis::Scheme.name());
        let number = self.schemes.iter().position(|s| s == scheme).unwrap_or_else(|| {
            self.schemes.push(scheme.to_owned());
            self.schemes.len() - 1
        });
        let epoch = row.key_cell("epoch").parse().ok();
        let other_weights = epoch.filter(|_| row.has("weights_hash"));
        let entry = self.epochs.entry(id).or_insert((None, number as u16));
        entry.0 = match (entry.0, other_weights) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    fn trial(&mut self, row: &RowChange) {
        let epoch = row.trial_number().and_then(|id| self.epochs.remove(&id));
        let stage = match epoch {
            _ if row.has("trial_id") => Stage::Settings,
            _ if row.has("data_hash") => Stage::Data,
            _ if row.has("initial_hash") => Stage::InitialWeights,
            Some((Some(epoch), _)) => Stage::Epoch(epoch),
            _ if row.has("final_hash") => Stage::Training,
            _ => Stage::Measurement,
        };
        self.count(stage, row.key_cell(Axis::Scheme.name()).to_owned());
    }

    fn count(&mut self, stage: Stage, scheme: String) {
        *self.origins.entry(stage).or_default().entry(scheme).or_default() += 1;
    }

    /// Where the differences begin, earliest stage first.
    pub fn finish(mut self) -> Vec<Origin> {
        // Trials whose row in `trials.csv` is the same.
        for (epoch, scheme) in std::mem::take(&mut self.epochs).into_values() {
            let scheme = self.schemes[usize::from(scheme)].clone();
            self.count(epoch.map_or(Stage::Measurement, Stage::Epoch), scheme);
        }
        let origin = |(stage, schemes): (Stage, BTreeMap<String, u64>)| Origin {
            stage,
            trials: schemes.values().sum(),
            schemes,
        };
        self.origins.into_iter().map(origin).collect()
    }
}
