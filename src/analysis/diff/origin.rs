//! Where the difference between two versions of a trial began.

use std::collections::BTreeMap;

use crate::experiment::Axis;

use super::table::{CellChange, Change, RowChange};

/// The first thing in which two versions of a trial differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `trial_id`: a setting outside the coordinates (seed, epochs, a data setting).
    Settings,
    /// `data_hash`: the samples, their split, noise or preprocessing.
    Data,
    /// `initial_hash`: the initial weights.
    InitialWeights,
    /// The weights after this epoch, equal ones before: the arithmetic of training.
    Epoch(u32),
    /// `final_hash`: training; without `epochs.csv` (or between its rows) there is no saying when.
    Training,
    /// Nothing that is hashed: equal weights are measured differently.
    Measurement,
}

/// Where differences began, over all changed trials.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Origins {
    /// By origin: the trials, and how many of each scheme.
    pub by_origin: BTreeMap<Origin, Began>,
}

/// The trials whose difference began in one place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Began {
    /// How many.
    pub trials: u64,
    /// How many of each scheme.
    pub schemes: BTreeMap<String, u64>,
}

/// Collects what the diffs of `epochs.csv` and then of `trials.csv` tell.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// By trial_id read as a number: the first epoch with other weights.
    epochs: BTreeMap<u64, u32>,
    origins: Origins,
}

fn id(change: &RowChange) -> Option<u64> {
    u64::from_str_radix(change.trial_id.as_deref()?, 16).ok()
}

fn changed<'c>(cells: &'c [CellChange], column: &str) -> Option<&'c CellChange> {
    cells.iter().find(|c| c.column == column)
}

impl Finder {
    pub fn epoch(&mut self, change: &RowChange) {
        let Change::Changed(cells) = &change.change else {
            return;
        };
        let epoch = change.key.get(Axis::ALL.len()).and_then(|cell| cell.parse().ok());
        if let (Some(_), Some(id), Some(epoch)) = (changed(cells, "weights_hash"), id(change), epoch) {
            let first = self.epochs.entry(id).or_insert(epoch);
            *first = epoch.min(*first);
        }
    }

    pub fn trial(&mut self, change: &RowChange) {
        let Change::Changed(cells) = &change.change else {
            return;
        };
        let epoch = id(change).and_then(|id| self.epochs.get(&id));
        let origin = if changed(cells, "trial_id").is_some() {
            Origin::Settings
        } else if changed(cells, "data_hash").is_some() {
            Origin::Data
        } else if changed(cells, "initial_hash").is_some() {
            Origin::InitialWeights
        } else if let Some(epoch) = epoch {
            Origin::Epoch(*epoch)
        } else if changed(cells, "final_hash").is_some() {
            Origin::Training
        } else {
            Origin::Measurement
        };
        let began = self.origins.by_origin.entry(origin).or_default();
        began.trials += 1;
        let scheme = Axis::ALL.iter().position(|a| *a == Axis::Scheme);
        if let Some(scheme) = scheme.and_then(|i| change.key.get(i)) {
            *began.schemes.entry(scheme.clone()).or_default() += 1;
        }
    }

    pub fn finish(self) -> Origins {
        self.origins
    }
}
