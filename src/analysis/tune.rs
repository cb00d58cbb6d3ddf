//! The one rule by which a learning rate is chosen, without looking at what is reported.
//!
//! Trials that differ in nothing but learning rate, replicate and seeds are divided by replicate:
//! some choose the rate with the best median validation figure, the others are scored on test data
//! (see [`Split`]). Ties go to the lower median validation loss, then to the smaller rate. With a
//! single rate there is nothing to choose, and every replicate is scored.

use std::collections::BTreeSet;

use crate::analysis::stats::median;
use crate::experiment::Axis;
use crate::table::{Figure, Subset};

/// Which replicates choose a rate, and which are scored at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// The first half (rounded down, at least one) chooses, the others are scored. A single
    /// replicate does both, on its own validation and test samples.
    #[default]
    Halves,
    /// Replicates `0..n` choose, the others are scored.
    First(u32),
    /// Every replicate both chooses and is scored: fair only if it chooses by a validation figure.
    Shared,
}

impl Split {
    /// The replicates that choose, and those that are scored.
    pub fn divide(self, replicates: &BTreeSet<u32>) -> (BTreeSet<u32>, BTreeSet<u32>) {
        match self {
            Split::Halves if replicates.len() > 1 => {
                let half = replicates.len() / 2;
                let (first, second) = (replicates.iter().take(half), replicates.iter().skip(half));
                (first.copied().collect(), second.copied().collect())
            }
            Split::Halves | Split::Shared => (replicates.clone(), replicates.clone()),
            Split::First(n) => replicates.iter().partition(|r| **r < n),
        }
    }
}

/// The learning rate chosen for some trials.
#[derive(Debug, Clone)]
pub struct Tuned<'t> {
    /// The trials at that rate.
    pub chosen: Subset<'t>,
    /// Those of them that are scored.
    pub scored: Subset<'t>,
    /// The rate is the least or greatest of at least two that were tried: a better one may lie
    /// outside the grid.
    pub at_edge: bool,
    /// Number of replicates that chose; 0 where there was one rate only.
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
    let (tuning, scoring) = split.divide(&trials.replicates());
    let (mut best, mut best_key) = (None, (f64::NEG_INFINITY, f64::NEG_INFINITY));
    for (place, rate) in rates.iter().enumerate() {
        let choosing = of_replicates(rate, &tuning);
        let median_of = |merit: &dyn Fn(usize) -> Option<f64>| -> Option<f64> {
            let merits: Vec<f64> = choosing.rows().map(merit).collect::<Option<_>>()?;
            (!merits.is_empty()).then(|| median(&merits))
        };
        let Some(value) = median_of(&merit_of) else {
            continue;
        };
        let by_loss = |row| merit(trials, row, Figure::VALIDATION_LOSS);
        let key = (value, median_of(&by_loss).unwrap_or(f64::NEG_INFINITY));
        if best.is_none() || key > best_key {
            (best, best_key) = (Some(place), key);
        }
    }
    let place = best?;
    let at_edge = place == 0 || place + 1 == rates.len();
    let chosen = rates.swap_remove(place);
    Some(Tuned {
        scored: of_replicates(&chosen, &scoring),
        chosen,
        at_edge,
        tuning: tuning.len(),
    })
}

/// What a trial counts with in `figure`, turned so that greater is better.
pub fn merit(trials: &Subset, row: usize, figure: Figure) -> Option<f64> {
    let score = trials.trials().score(row, figure)?;
    Some(if figure.is_accuracy() { score } else { -score })
}

fn of_replicates<'t>(trials: &Subset<'t>, replicates: &BTreeSet<u32>) -> Subset<'t> {
    trials.filter(|row| replicates.contains(&trials.trials().replicate(row)))
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
