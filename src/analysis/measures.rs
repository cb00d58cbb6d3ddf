//! What the field asks for beside a score and its interval, scheme by scheme: the optimality gap, what
//! finite test data add to the spread, tunability and time to target.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::average_rank::{AverageRanks, average_ranks};
use crate::analysis::budget::{BudgetCurve, budget_curves};
use crate::analysis::rank::{RankingRates, SchemeScore, SchemeTrials, sides};
use crate::analysis::stats::proportion::{binomial_deviation, counted_on};
use crate::analysis::stats::{Effects, Estimate, mean, variance};
use crate::analysis::time_to_target::{TimesToTarget, times_to_target};
use crate::experiment::Axis;
use crate::row::EpochRow;
use crate::table::{Figure, Subset};

/// More samples than any test part has.
const MOST_SAMPLES: u32 = 1_000_000;

/// The measures of all schemes of a run.
#[derive(Debug)]
pub struct Measures {
    pub schemes: BTreeMap<String, SchemeMeasures>,
    /// Test samples, if all settings have as many and the table tells (see [`counted_on`]).
    pub test_samples: Option<u32>,
    /// Expected best scores against the number of learning rates; empty where no rate is chosen.
    pub budgets: Vec<BudgetCurve>,
    /// Times to the target; `None` where evaluations during training were not recorded.
    pub times: Option<TimesToTarget>,
    /// Average ranks; `None` for few schemes or blocks.
    pub ranks: Option<AverageRanks>,
}

/// What is known of one scheme from its trials alone.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemeMeasures {
    /// 1 less the mean accuracy, averaged over settings (rliable's optimality gap with gamma = 1; Agarwal
    /// et al. 2021, arXiv:2108.13264): all trials count, also those that an interquartile mean cuts
    /// off. `None` for losses, which have no best score to be short of.
    pub optimality_gap: Option<Estimate>,
    /// The deviation of trials of a setting: root of the mean variance over settings. `None` where no
    /// setting has two trials, and where losses are infinite.
    pub deviation: Option<f64>,
    /// Of it, what finite test data bring by themselves: root of the mean of p (1 - p) / n over settings
    /// with the mean accuracy p on n test samples (Jordan 2023, arXiv:2304.01910). `None` for losses
    /// and where the number of samples is unknown.
    pub binomial_deviation: Option<f64>,
}

impl Measures {
    /// The measures of the schemes in `trials` (all for classification, or all for regression);
    /// `evaluations` are those of each row of the table, `reference` sets the targets.
    pub fn of(trials: &Subset, evaluations: &[Vec<EpochRow>], reference: Option<&str>) -> Self {
        let schemes = trials.headline().map(|figure| of_schemes(trials, figure));
        Measures {
            schemes: schemes.unwrap_or_default(),
            test_samples: test_samples(trials),
            budgets: budget_curves(trials),
            times: reference.and_then(|reference| times_to_target(trials, evaluations, reference)),
            ranks: average_ranks(trials),
        }
    }

    /// The expected best scores of a scheme.
    pub fn budget(&self, scheme: &str) -> Option<&BudgetCurve> {
        self.budgets.iter().find(|curve| curve.scheme == scheme)
    }

    /// Each scheme of `ranking` with its measures, for programs.
    pub fn rows(&self, ranking: &[SchemeScore]) -> Vec<MeasuresRow> {
        ranking.iter().map(|scored| self.row(scored)).collect()
    }

    fn row(&self, scored: &SchemeScore) -> MeasuresRow {
        let scheme = scored.scheme.as_str();
        let own = self.schemes.get(scheme);
        let against = scored.against_leader.as_ref();
        let budget = self.budget(scheme);
        let times = self.times.as_ref();
        let time = times.and_then(|times| times.schemes.iter().find(|t| t.scheme == scheme));
        let ranks = self.ranks.as_ref();
        let rank = ranks.and_then(|ranks| ranks.schemes.iter().find(|(name, _)| name == scheme));
        MeasuresRow {
            scheme: scheme.to_owned(),
            score: cells(scored.score),
            optimality_gap: own.and_then(|m| m.optimality_gap).map(cells),
            deviation: own.and_then(|m| m.deviation),
            binomial_deviation: own.and_then(|m| m.binomial_deviation),
            better_than_leader: against.map(|c| cells(c.probability)),
            advantage_of_leader: against.and_then(|c| c.advantage_of_leader()).map(|a| a.words()),
            expected_best: budget.map(|b| b.scores.iter().copied().map(cells).collect()),
            tunability: budget.map(|b| b.tunability),
            target_reference: time.and(times).map(|times| times.reference.clone()),
            target_settings: time.map(|t| t.ratios.len()),
            target_reached: time.map(|t| t.reached()),
            time_to_target_score: time.map(|t| t.score),
            average_rank: rank.map(|(_, rank)| *rank),
            critical_difference: rank.and(ranks).map(|r| r.test.critical_difference),
        }
    }
}

/// The measures of one scheme, for programs. What is not finite or not known is null.
#[derive(Debug, Clone, Serialize)]
pub struct MeasuresRow {
    scheme: String,
    /// Figure, lower and upper end of its interval, as all of three.
    score: [Option<f64>; 3],
    optimality_gap: Option<[Option<f64>; 3]>,
    deviation: Option<f64>,
    binomial_deviation: Option<f64>,
    better_than_leader: Option<[Option<f64>; 3]>,
    advantage_of_leader: Option<&'static str>,
    expected_best: Option<Vec<[Option<f64>; 3]>>,
    tunability: Option<f64>,
    target_reference: Option<String>,
    target_settings: Option<usize>,
    target_reached: Option<usize>,
    time_to_target_score: Option<f64>,
    average_rank: Option<f64>,
    critical_difference: Option<f64>,
}

fn cells(estimate: Estimate) -> [Option<f64>; 3] {
    let (value, low, high) = estimate.cells();
    [value, low, high]
}

/// On how many test samples the accuracies are fractions, if it is the same number on all datasets.
pub fn test_samples(trials: &Subset) -> Option<u32> {
    let samples = samples_by_dataset(trials);
    let mut numbers = samples.into_values();
    let first = numbers.next()?;
    numbers.all(|n| n == first).then_some(first)?
}

/// On how many test samples the accuracies on each dataset, by its code, are fractions.
fn samples_by_dataset(trials: &Subset) -> BTreeMap<u32, Option<u32>> {
    let table = trials.trials();
    let datasets = trials.group_by(&[Axis::Dataset]).into_iter();
    let samples = |dataset: Subset| {
        let found = dataset
            .rows()
            .filter_map(|row| table.number(row, Figure::TEST_ACCURACY));
        let mut accuracies: Vec<f64> = found.collect();
        accuracies.sort_by(f64::total_cmp);
        accuracies.dedup();
        let code = table.code(dataset.first()?, Axis::Dataset);
        Some((code, counted_on(&accuracies, MOST_SAMPLES)))
    };
    datasets.filter_map(samples).collect()
}

fn of_schemes(trials: &Subset, figure: Figure) -> BTreeMap<String, SchemeMeasures> {
    let samples = samples_by_dataset(trials);
    let sides = sides(trials, RankingRates::Tuned, figure);
    let of = |side: &SchemeTrials| {
        let groups: Vec<_> = side.groups.values().collect();
        let means: Vec<Effects> = groups.iter().map(|g| Effects::mean(&g.units())).collect();
        let spread = groups.iter().filter(|g| g.scores.len() > 1 && !g.pooled);
        let variances: Vec<f64> = spread.map(|g| variance(&g.scores)).collect();
        let binomial = groups.iter().map(|g| {
            let table = g.trials.trials();
            let n = (*samples.get(&table.code(g.trials.first()?, Axis::Dataset))?)?;
            let deviation = binomial_deviation(mean(&g.scores), f64::from(n));
            Some(deviation * deviation)
        });
        let binomial: Option<Vec<f64>> = binomial.collect();
        let root = |squares: &Vec<f64>| Some(mean(squares).sqrt()).filter(|x| x.is_finite());
        let gap = Effects::average(&means).filter(|_| figure.is_accuracy());
        SchemeMeasures {
            optimality_gap: gap.map(|accuracy| {
                let short = accuracy.estimate();
                Estimate {
                    value: 1.0 - short.value,
                    interval: short.interval.map(|i| i.short_of(1.0)),
                }
            }),
            deviation: root(&variances),
            binomial_deviation: binomial.as_ref().and_then(root).filter(|_| figure.is_accuracy()),
        }
    };
    let all = sides
        .iter()
        .map(|(scheme, side)| ((*scheme).to_owned(), of(side)));
    all.collect()
}

#[cfg(test)]
mod tests;
