//! The one rule by which a learning rate is chosen, without looking at what is reported.
//!
//! Trials that differ in nothing but learning rate, replicate and seeds choose the rate with the best
//! median validation figure, and are scored on test data. Each replicate is scored at the rate that
//! the other replicates choose (leave-one-out cross-fitting): all are scored, none at a rate that it
//! chose itself, and what the choice adds to the spread of scores is part of their spread. Ties go to
//! the lower median validation loss, then to the smaller rate. With a single rate there is nothing to
//! choose.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::stats::median;
use crate::experiment::Axis;
use crate::table::{Figure, Subset};

/// Which replicates choose the rate at which a replicate is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// All others. A single replicate chooses its own, on its own validation samples.
    #[default]
    Others,
    /// Replicates `0..n` choose one rate, and only those from `n` on are scored.
    First(u32),
    /// Every replicate both chooses and is scored: fair only if it chooses by a validation figure.
    Shared,
}

/// The learning rate chosen for some trials.
#[derive(Debug, Clone)]
pub struct Tuned<'t> {
    /// The trials at the rate that all who choose prefer together.
    pub chosen: Subset<'t>,
    /// The trials that are scored: of each scored replicate those at the rate chosen for it.
    pub scored: Subset<'t>,
    /// The rate is the least or greatest of at least two that were tried: a better one may lie
    /// outside the grid.
    pub at_edge: bool,
    /// Number of replicates that choose the rate at which another is scored; 0 where there was one rate
    /// only.
    pub tuning: usize,
}

impl Tuned<'_> {
    /// The learning rate.
    pub fn rate(&self) -> f64 {
        self.chosen.value(Axis::LearningRate)
    }
}

/// Chooses a rate for `trials`, which differ in nothing but learning rate, replicate and seeds, by
/// their validation figures. `None` where there are several rates and nothing is measured on
/// validation data.
pub fn tune<'t>(trials: &Subset<'t>, split: Split) -> Option<Tuned<'t>> {
    let selector = trials.selector()?;
    tune_by(trials, split, |row| merit(trials, row, selector))
}

/// What each trial at one rate is chosen by, and its loss on validation data, by replicate.
type Merits = Vec<(u32, Option<f64>, Option<f64>)>;

/// Chooses a rate for `trials` as [`tune`] does, by `merit`: greater is better, and a rate at which
/// a trial that chooses has none is not chosen.
pub fn tune_by<'t>(
    trials: &Subset<'t>,
    split: Split,
    merit_of: impl Fn(usize) -> Option<f64>,
) -> Option<Tuned<'t>> {
    let mut rates = trials.group_by(&[Axis::LearningRate]);
    if rates.len() == 1 {
        let only = rates.remove(0);
        return Some(Tuned {
            scored: only.clone(),
            chosen: only,
            at_edge: false,
            tuning: 0,
        });
    }
    let table = trials.trials();
    let merits_of = |rate: &Subset| -> Merits {
        let loss = |row| merit(trials, row, Figure::VALIDATION_LOSS);
        let each = |row| (table.replicate(row), merit_of(row), loss(row));
        rate.rows().map(each).collect()
    };
    let merits: Vec<Merits> = rates.iter().map(merits_of).collect();
    let replicates = trials.replicates();
    let (chooses, scored): (BTreeSet<u32>, BTreeSet<u32>) = match split {
        Split::Others | Split::Shared => (replicates.clone(), replicates.clone()),
        Split::First(n) => replicates.iter().partition(|r| **r < n),
    };
    let place = best(&merits, |r| chooses.contains(&r))?;
    let crossed = split == Split::Others && replicates.len() > 1;
    let place_for = |replicate: u32| match crossed {
        true => best(&merits, |r| r != replicate),
        false => Some(place),
    };
    let places: BTreeMap<u32, usize> = scored.iter().filter_map(|r| Some((*r, place_for(*r)?))).collect();
    let rate_of: Vec<u32> = rates.iter().map(|rate| code(rate)).collect();
    let is_scored = |row: usize| {
        let place = places.get(&table.replicate(row));
        place.is_some_and(|place| table.code(row, Axis::LearningRate) == rate_of[*place])
    };
    Some(Tuned {
        scored: trials.filter(is_scored),
        at_edge: place == 0 || place + 1 == rates.len(),
        chosen: rates.swap_remove(place),
        tuning: chooses.len() - usize::from(crossed),
    })
}

/// The place of the best rate by the merits of the replicates that choose.
fn best(merits: &[Merits], chooses: impl Fn(u32) -> bool) -> Option<usize> {
    let (mut best, mut best_key) = (None, (f64::NEG_INFINITY, f64::NEG_INFINITY));
    for (place, trials) in merits.iter().enumerate() {
        let choosing = || trials.iter().filter(|(replicate, ..)| chooses(*replicate));
        let median_of = |merits: Option<Vec<f64>>| merits.filter(|m| !m.is_empty()).map(|m| median(&m));
        let Some(value) = median_of(choosing().map(|(_, merit, _)| *merit).collect()) else {
            continue;
        };
        let loss = median_of(choosing().map(|(.., loss)| *loss).collect());
        let key = (value, loss.unwrap_or(f64::NEG_INFINITY));
        if best.is_none() || key > best_key {
            (best, best_key) = (Some(place), key);
        }
    }
    best
}

/// The code of the learning rate that `trials` share.
fn code(trials: &Subset) -> u32 {
    let first = trials.first().unwrap_or_default();
    trials.trials().code(first, Axis::LearningRate)
}

/// What a trial counts with in `figure`, turned so that greater is better.
pub fn merit(trials: &Subset, row: usize, figure: Figure) -> Option<f64> {
    let score = trials.trials().score(row, figure)?;
    Some(if figure.is_accuracy() { score } else { -score })
}

/// What the learning rates of a run are chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Nothing: no scheme has several.
    OneRate,
    /// Validation data, wherever there are several.
    Validation,
    /// Validation data on some datasets; others have none, and nothing to choose by.
    Partly,
    /// Nothing: there are several, but no validation data.
    Nothing,
}

/// What the learning rates of `trials` are chosen by.
pub fn basis(trials: &Subset) -> Basis {
    let groups = trials.group_but(&[Axis::LearningRate]);
    let several = groups
        .iter()
        .filter(|group| group.values(Axis::LearningRate).len() > 1);
    let (chosen, left): (Vec<_>, Vec<_>) = several.partition(|group| has_validation(group));
    match (chosen.is_empty(), left.is_empty()) {
        (true, true) => Basis::OneRate,
        (false, true) => Basis::Validation,
        (true, false) => Basis::Nothing,
        (false, false) => Basis::Partly,
    }
}

/// Whether anything is measured that the learning rates of `trials`, all on one dataset, can be
/// chosen by.
pub fn has_validation(trials: &Subset) -> bool {
    let measured = |row| trials.trials().measures(row, trials.trials().selector(row));
    trials.first().is_some_and(measured)
}

#[cfg(test)]
#[path = "tune_tests.rs"]
mod tests;
