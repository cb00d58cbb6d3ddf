//! How soon each scheme reaches the score of a reference scheme (AlgoPerf: Dahl et al. 2023,
//! "Benchmarking Neural Network Training Algorithms", arXiv:2306.07179).
//!
//! In each setting the target is what more than half of the reference's replicates attain on validation
//! data (test data, where there are none) at the end of training, at its tuned rate. A scheme's time is
//! the median over its replicates of the optimizer steps at the first evaluation that attains it,
//! infinite if it never does. Times are compared by their ratio to the least one in the setting; the
//! score integrates the performance profile, the share of settings with a ratio of at most r, from 1
//! to [`MOST_RATIO`] and divides by the width: 1 for the fastest everywhere, 0 for one that is nowhere
//! less than four times slower.

use crate::analysis::rank::{Group, RankingRates, sides, sign};
use crate::analysis::stats::{mean, median, sorted};
use crate::row::{EpochRow, RowPart as _, position};
use crate::table::{Figure, Subset};

/// Where the profile ends, as in AlgoPerf.
pub const MOST_RATIO: f64 = 4.0;

/// Schemes that are the reference if none is named, the first that is there: the defaults of PyTorch, Keras
/// and Flax, and He's.
pub const REFERENCES: [&str; 5] = [
    "torch_default",
    "xavier_uniform",
    "lecun_normal",
    "he_normal",
    "he_uniform",
];

/// How soon the schemes reach the targets.
#[derive(Debug, Clone, PartialEq)]
pub struct TimesToTarget {
    /// The scheme that sets the targets.
    pub reference: String,
    /// The figure that the targets are of.
    pub figure: Figure,
    pub settings: usize,
    /// Settings in which the reference ends no better than it began, so that it sets no target.
    pub without_target: usize,
    /// By scheme, by name.
    pub schemes: Vec<TimeToTarget>,
}

/// How soon one scheme reaches the targets.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeToTarget {
    pub scheme: String,
    /// Of each setting with a target: steps to it over the least steps of any scheme, infinite if it is
    /// missed.
    pub ratios: Vec<f64>,
    /// The integral of the performance profile, 0 to 1, 1 the best.
    pub score: f64,
}

impl TimeToTarget {
    /// In how many settings the target was reached.
    pub fn reached(&self) -> usize {
        self.ratios.iter().filter(|r| r.is_finite()).count()
    }

    pub fn median_ratio(&self) -> f64 {
        median(&self.ratios)
    }
}

/// The scheme in `trials` that sets targets if none is named: the first of [`REFERENCES`] that is
/// there, else the first in the table.
pub fn default_reference(schemes: &[String]) -> Option<&str> {
    let there = |name: &&str| schemes.iter().any(|scheme| scheme == name);
    let usual = REFERENCES.into_iter().find(there);
    usual.or_else(|| schemes.first().map(String::as_str))
}

/// The integral over r from 1 to [`MOST_RATIO`] of the share of `ratios` that are at most r, over its
/// width. NaN for none.
pub fn profile_score(ratios: &[f64]) -> f64 {
    // A ratio holds from itself on.
    let part = |ratio: &f64| ((MOST_RATIO - ratio) / (MOST_RATIO - 1.0)).max(0.0);
    mean(&ratios.iter().map(part).collect::<Vec<_>>())
}

/// How soon the schemes in `trials` reach what `reference` attains; `evaluations` are those of each row
/// of the table. Groups of cells whose rates cannot be chosen have no target. `None` where
/// evaluations during training were not recorded, or the reference is not there.
pub fn times_to_target(
    trials: &Subset,
    evaluations: &[Vec<EpochRow>],
    reference: &str,
) -> Option<TimesToTarget> {
    let headline = trials.headline()?;
    let recorded = |row: usize| {
        evaluations
            .get(row)
            .is_some_and(|rows| rows.iter().any(|r| r.step > 0))
    };
    if evaluations.len() < trials.trials().len() || !trials.rows().any(recorded) {
        return None;
    }
    let selector = trials.selector()?;
    let measured = trials.rows().all(|row| trials.trials().measures(row, selector));
    let figure = if measured { selector } else { headline };
    let at = Evaluations {
        rows: evaluations,
        column: position::<EpochRow>(figure.name())?,
        sign: sign(figure),
    };
    let sides = sides(trials, RankingRates::Tuned, headline);
    let (mut targets, mut without_target) = (Vec::new(), 0);
    for (setting, group) in &sides.get(reference)?.groups {
        match at.target(group, figure) {
            Some(target) => targets.push((setting, target)),
            None => without_target += 1,
        }
    }
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); sides.len()];
    for (setting, target) in &targets {
        let time = |group: &Group| at.time(group, *target);
        let times = sides.values().map(|side| side.groups.get(*setting).map(time));
        let times: Vec<Option<f64>> = times.collect();
        let least = times.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        for (ratios, time) in ratios.iter_mut().zip(times) {
            ratios.extend(time.map(|t| if t.is_finite() { t / least } else { t }));
        }
    }
    let schemes = sides.keys().zip(ratios);
    Some(TimesToTarget {
        reference: reference.to_owned(),
        figure,
        settings: targets.len(),
        without_target,
        schemes: schemes
            .map(|(scheme, ratios)| TimeToTarget {
                scheme: (*scheme).to_owned(),
                score: profile_score(&ratios),
                ratios,
            })
            .collect(),
    })
}

/// The evaluations of all trials, and what of them is looked at, better when greater.
struct Evaluations<'e> {
    rows: &'e [Vec<EpochRow>],
    column: usize,
    sign: f64,
}

impl Evaluations<'_> {
    fn value(&self, row: &EpochRow) -> Option<f64> {
        row.numbers().nth(self.column)?.map(|x| self.sign * x)
    }

    /// What more than half of the trials attain at the end; `None` where that is no better than one of
    /// them before training, and where rates are pooled.
    fn target(&self, group: &Group, figure: Figure) -> Option<f64> {
        let table = group.trials.trials();
        let ends = group
            .trials
            .rows()
            .map(|row| Some(self.sign * table.score(row, figure)?));
        let ends = sorted(&ends.collect::<Option<Vec<f64>>>()?);
        let target = ends[(ends.len() - 1) / 2];
        let rows = group.trials.rows().flat_map(|row| &self.rows[row]);
        let untrained = rows.filter(|row| row.step == 0).filter_map(|row| self.value(row));
        let before = untrained.fold(f64::NEG_INFINITY, f64::max);
        (!group.pooled && target > before && target.is_finite()).then_some(target)
    }

    /// The median of the steps to the target.
    fn time(&self, group: &Group, target: f64) -> f64 {
        let first = |row: usize| {
            let mut trained = self.rows[row].iter().filter(|row| row.step > 0);
            let reached = trained.find(|row| self.value(row).is_some_and(|x| x >= target));
            reached.map_or(f64::INFINITY, |row| row.step as f64)
        };
        median(&group.trials.rows().map(first).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_by_hand() {
        // The fastest everywhere; half of the way; beyond the end; missed.
        assert_eq!(profile_score(&[1.0, 1.0]), 1.0);
        assert_eq!(profile_score(&[2.5]), 0.5);
        assert_eq!(profile_score(&[4.0, 9.0, f64::INFINITY]), 0.0);
        // The profile is 1/2 from 1 to 2 and 1 from there: (1/2 + 2) / 3.
        assert!((profile_score(&[1.0, 2.0]) - 2.5 / 3.0).abs() < 1e-15);
        assert!(profile_score(&[]).is_nan());
    }

    #[test]
    fn the_reference_is_what_frameworks_do() {
        let schemes = ["zeros", "he_normal", "xavier_uniform"].map(str::to_owned);
        assert_eq!(default_reference(&schemes), Some("xavier_uniform"));
        assert_eq!(default_reference(&schemes[..1]), Some("zeros"));
        assert_eq!(default_reference(&[]), None);
    }
}
