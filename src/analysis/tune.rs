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
use crate::table::{Figure, Subset, Trials};

/// Which replicates choose the rate at which a replicate is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplicateSplit {
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
    pub fn rate(&self) -> f64 {
        self.chosen.value(Axis::LearningRate)
    }
}

/// Chooses a rate for `trials`, which differ in nothing but learning rate, replicate and seeds, by
/// their validation figures. `None` where there are several rates and nothing is measured on
/// validation data.
pub fn tune<'t>(trials: &Subset<'t>, split: ReplicateSplit) -> Option<Tuned<'t>> {
    let selector = trials.selector()?;
    tune_by(trials, split, |row| merit(trials.trials(), row, selector))
}

/// Chooses a rate for `trials` as [`tune`] does, by `merit`: greater is better, and a rate at which
/// a trial that chooses has none is not chosen.
pub fn tune_by<'t>(
    trials: &Subset<'t>,
    split: ReplicateSplit,
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
    let replicates = trials.replicates();
    let (chooses, scored): (BTreeSet<u32>, BTreeSet<u32>) = match split {
        ReplicateSplit::Others | ReplicateSplit::Shared => (replicates.clone(), replicates.clone()),
        ReplicateSplit::First(n) => replicates.iter().partition(|r| **r < n),
    };
    let candidates: Vec<Candidate> = rates
        .iter()
        .map(|rate| Candidate::of(rate, |r| chooses.contains(&r), &merit_of))
        .collect();
    let place = best(&candidates, None)?;
    let crossed = split == ReplicateSplit::Others && replicates.len() > 1;
    let place_for = |replicate: u32| match crossed {
        true => best(&candidates, Some(replicate)),
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

/// Of each replicate the codes of all learning rates of `trials` in the order in which the other
/// replicates prefer them, the best first: the rule of [`tune`] with [`ReplicateSplit::Others`], asked for more
/// than the best. `None` where some rate has nothing to be chosen by.
pub fn preferences(trials: &Subset) -> Option<BTreeMap<u32, Vec<u32>>> {
    let selector = trials.selector()?;
    let rates = trials.group_by(&[Axis::LearningRate]);
    let merit_of = |row| merit(trials.trials(), row, selector);
    let candidates: Vec<Candidate> = rates
        .iter()
        .map(|rate| Candidate::of(rate, |_| true, merit_of))
        .collect();
    let replicates = trials.replicates();
    let alone = replicates.len() == 1;
    let prefers = |replicate: u32| {
        let order = order(&candidates, Some(replicate).filter(|_| !alone));
        let codes: Vec<u32> = order.into_iter().map(|place| code(&rates[place])).collect();
        (codes.len() == rates.len()).then_some((replicate, codes))
    };
    replicates.iter().map(|r| prefers(*r)).collect()
}

/// A learning rate, by the trials that choose: what each counts with, and its loss on validation data.
struct Candidate {
    merits: SortedFigures,
    losses: SortedFigures,
}

impl Candidate {
    /// Of the trials at one rate those of the replicates that choose.
    fn of(
        rate: &Subset,
        chooses: impl Fn(u32) -> bool,
        merit_of: impl Fn(usize) -> Option<f64>,
    ) -> Candidate {
        let replicate = |row| rate.trials().replicate(row);
        let rows = || rate.rows().filter(|row| chooses(replicate(*row)));
        let loss = |row| merit(rate.trials(), row, Figure::VALIDATION_LOSS);
        Candidate {
            merits: SortedFigures::of(rows().map(|row| (replicate(row), merit_of(row)))),
            losses: SortedFigures::of(rows().map(|row| (replicate(row), loss(row)))),
        }
    }
}

/// The place of the best rate by the merits of all that choose, but for one replicate.
fn best(candidates: &[Candidate], without: Option<u32>) -> Option<usize> {
    order(candidates, without).first().copied()
}

/// The places of the rates, the best first, by the merits of all that choose, but for one replicate;
/// without those at which a trial that chooses has none.
fn order(candidates: &[Candidate], without: Option<u32>) -> Vec<usize> {
    let mut keyed: Vec<((f64, f64), usize)> = Vec::new();
    for (place, candidate) in candidates.iter().enumerate() {
        let Some(value) = candidate.merits.median(without) else {
            continue;
        };
        let loss = candidate.losses.median(without);
        // Zeros of either sign are one.
        keyed.push(((value + 0.0, loss.unwrap_or(f64::NEG_INFINITY) + 0.0), place));
    }
    keyed.sort_by(|((a, c), i), ((b, d), j)| b.total_cmp(a).then(d.total_cmp(c)).then(i.cmp(j)));
    keyed.into_iter().map(|(_, place)| place).collect()
}

/// Values of replicates, sorted once, so that the median without one replicate costs no other sort.
struct SortedFigures {
    values: Vec<f64>,
    /// Of each replicate the ascending places of its values, and how many of its trials have none.
    places: BTreeMap<u32, (Vec<usize>, usize)>,
    /// How many trials have no value.
    missing: usize,
}

impl SortedFigures {
    fn of(trials: impl Iterator<Item = (u32, Option<f64>)>) -> SortedFigures {
        let mut places: BTreeMap<u32, (Vec<usize>, usize)> = BTreeMap::new();
        let (mut found, mut missing) = (Vec::new(), 0);
        for (replicate, value) in trials {
            match value {
                Some(value) => found.push((value, replicate)),
                None => {
                    missing += 1;
                    places.entry(replicate).or_default().1 += 1;
                }
            }
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (place, (_, replicate)) in found.iter().enumerate() {
            places.entry(*replicate).or_default().0.push(place);
        }
        SortedFigures {
            values: found.into_iter().map(|(value, _)| value).collect(),
            places,
            missing,
        }
    }

    /// The median of all replicates but `without`; `None` where a trial has no value, or none is left.
    fn median(&self, without: Option<u32>) -> Option<f64> {
        let empty = (Vec::new(), 0);
        let (left_out, missing) = without.and_then(|r| self.places.get(&r)).unwrap_or(&empty);
        let count = self.values.len() - left_out.len();
        if self.missing > *missing || count == 0 {
            return None;
        }
        let middle = (count - 1) / 2..=count / 2;
        Some(median(
            &middle.map(|rank| self.value(rank, left_out)).collect::<Vec<_>>(),
        ))
    }

    /// The value of this rank among those whose places are not `left_out`.
    fn value(&self, rank: usize, left_out: &[usize]) -> f64 {
        let place = left_out
            .iter()
            .fold(rank, |at, place| at + usize::from(*place <= at));
        self.values[place]
    }
}

/// The code of the learning rate that `trials` share.
fn code(trials: &Subset) -> u32 {
    let first = trials.first().unwrap_or_default();
    trials.trials().code(first, Axis::LearningRate)
}

/// What the trial in `row` counts with in `figure`, turned so that greater is better.
pub fn merit(trials: &Trials, row: usize, figure: Figure) -> Option<f64> {
    let score = trials.score(row, figure)?;
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
mod tests;
