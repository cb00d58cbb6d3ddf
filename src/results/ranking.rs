//! Which scheme is best, and which others are not told apart from it.
//!
//! Trials of several cells (architectures, datasets) are pooled: intervals resample each cell
//! apart, differences are paired by cell and seeds. Every scheme is compared with the leader, and
//! being told apart takes the number of schemes into account: the interval of the difference has
//! the level 1 - 0.05/m for m comparisons (Bonferroni), and the p-values are Holm-adjusted.
//!
//! Two things to keep in mind. With fewer than about 10 pairs a percentile bootstrap is too
//! narrow; the sign-flip p-value beside it is exact, and with 5 pairs never below 1/16. And the
//! leader is picked from the same trials, which favours it a little where many are nearly equal.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::Axis;

use super::cell::{Cell, Figure, Outcome};
use super::record::Status;
use super::stats::bootstrap::{LEVEL, interval_of_strata};
use super::stats::compare::{
    PairedDifference, difference, holm, paired_difference, probability_of_improvement,
};
use super::stats::{Identity, Interval, median};
use super::summary::Estimate;
use super::tuning;

/// At which learning rate schemes are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rates {
    /// Each scheme at the rate chosen for it in each cell, see [`tuning`].
    Tuned,
    /// All at this rate.
    Fixed(f64),
    /// Trials of all rates pooled: how much does the scheme depend on the rate?
    Pooled,
}

/// What is known about one scheme.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The scheme, canonical text.
    pub scheme: String,
    /// Median of the trials' test accuracy (loss for regression), with its interval.
    pub median: Estimate,
    /// Trials behind it.
    pub trials: usize,
    /// Trials that diverged, among them.
    pub diverged: usize,
    /// Trials that failed, among them.
    pub failed: usize,
    /// In how many of the groups of cells the chosen rate lies at the edge of those tried.
    pub at_edge: usize,
    /// Groups of cells (architectures, datasets) behind it.
    pub groups: usize,
    /// Against the leader; `None` for the leader itself, and where no trials pair.
    pub against_leader: Option<Comparison>,
}

impl Standing {
    /// Whether the scheme is the leader, or the trials do not tell it from the leader.
    pub fn leads(&self) -> bool {
        let apart = |c: &Comparison| c.simultaneous.is_some_and(|i| !i.contains(0.0));
        !self.against_leader.as_ref().is_some_and(apart)
    }
}

/// One scheme against the leader.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// This scheme less the leader, pair by pair.
    pub difference: PairedDifference,
    /// Probability that a trial of this scheme is better than one of the leader, averaged over
    /// groups of cells.
    pub probability: f64,
    /// Interval of the median difference at a level shared among all comparisons with the
    /// leader; `None` for fewer than two pairs.
    pub simultaneous: Option<Interval>,
    /// Sign-flip p-value, Holm-adjusted over the schemes.
    pub p_adjusted: f64,
}

/// The trials of one scheme that count, by group of cells.
#[derive(Debug, Default)]
struct Side<'a> {
    /// Group, and in it the trials' scores.
    groups: BTreeMap<Vec<String>, Vec<(&'a Outcome, f64)>>,
    at_edge: usize,
}

impl Side<'_> {
    fn strata(&self) -> Vec<Vec<f64>> {
        let scores = |trials: &Vec<(&Outcome, f64)>| trials.iter().map(|(_, x)| *x).collect();
        self.groups.values().map(scores).collect()
    }

    fn count(&self, status: Status) -> usize {
        let trials = self.groups.values().flatten();
        trials.filter(|(o, _)| o.status == status).count()
    }
}

/// The schemes in `cells` with the median of their trials, the best first, ties by name: the
/// order of [`standings`] without its intervals.
pub fn medians(cells: &[&Cell], rates: Rates) -> Vec<(String, f64)> {
    let Some(figure) = cells.first().map(|c| c.headline()) else {
        return Vec::new();
    };
    let sign = if figure.is_accuracy() { 1.0 } else { -1.0 };
    let pooled = |side: &Side| median(&side.strata().concat());
    let mut medians: Vec<(String, f64)> = collect(cells, rates, figure)
        .iter()
        .map(|(scheme, side)| (scheme.clone(), pooled(side)))
        .collect();
    medians.sort_by(|a, b| (sign * b.1).total_cmp(&(sign * a.1)).then_with(|| a.0.cmp(&b.0)));
    medians
}

/// Ranks the schemes in `cells`, the best first, ties by name. `what` names the selection of
/// cells ("relu"): it seeds the intervals.
pub fn standings(cells: &[&Cell], rates: Rates, what: &str) -> Vec<Standing> {
    let figure = match cells.first() {
        Some(cell) => cell.headline(),
        None => return Vec::new(),
    };
    let sides = collect(cells, rates, figure);
    let identity = Identity::new(["ranking", what]);
    let sign = if figure.is_accuracy() { 1.0 } else { -1.0 };
    let mut standings: Vec<Standing> = sides
        .iter()
        .map(|(scheme, side)| {
            let strata = side.strata();
            let pooled: Vec<f64> = strata.iter().flatten().copied().collect();
            let identity = identity.clone().and([scheme.as_str()]);
            Standing {
                scheme: scheme.clone(),
                median: Estimate {
                    value: median(&pooled),
                    interval: interval_of_strata(&identity, &strata, LEVEL, median),
                },
                trials: pooled.len(),
                diverged: side.count(Status::Diverged),
                failed: side.count(Status::Failed),
                at_edge: side.at_edge,
                groups: side.groups.len(),
                against_leader: None,
            }
        })
        .collect();
    standings.sort_by(|a, b| {
        let order = (sign * b.median.value).total_cmp(&(sign * a.median.value));
        order.then_with(|| a.scheme.cmp(&b.scheme))
    });
    compare_with_leader(&mut standings, &sides, sign, &identity);
    standings
}

fn collect<'a>(cells: &[&'a Cell], rates: Rates, figure: Figure) -> BTreeMap<String, Side<'a>> {
    let mut groups: BTreeMap<(String, Vec<String>), Vec<&'a Cell>> = BTreeMap::new();
    for cell in cells {
        if matches!(rates, Rates::Fixed(rate) if rate != cell.coordinates.learning_rate) {
            continue;
        }
        let key = cell.coordinates.key(&[Axis::Scheme, Axis::LearningRate]);
        groups
            .entry((cell.coordinates.scheme.clone(), key))
            .or_default()
            .push(cell);
    }
    let mut sides: BTreeMap<String, Side> = BTreeMap::new();
    for ((scheme, key), mut group) in groups {
        group.sort_by(|a, b| {
            a.coordinates
                .learning_rate
                .total_cmp(&b.coordinates.learning_rate)
        });
        let side = sides.entry(scheme).or_default();
        let choice = (rates == Rates::Tuned).then(|| tuning::choose(&group)).flatten();
        let all = BTreeSet::new();
        let (kept, scoring) = match &choice {
            Some(choice) => {
                side.at_edge += usize::from(choice.at_edge);
                (&group[choice.chosen..=choice.chosen], &choice.scoring)
            }
            None => (&group[..], &all),
        };
        for cell in kept {
            let Some(scores) = cell.scores(figure) else {
                continue;
            };
            let trials = cell.outcomes.iter().zip(scores);
            let scored = trials.filter(|(o, _)| choice.is_none() || scoring.contains(&o.replicate));
            side.groups.entry(key.clone()).or_default().extend(scored);
        }
    }
    sides.retain(|_, side| side.groups.values().any(|g| !g.is_empty()));
    sides
}

fn compare_with_leader(
    standings: &mut [Standing],
    sides: &BTreeMap<String, Side>,
    sign: f64,
    identity: &Identity,
) {
    let Some((leader, others)) = standings.split_first_mut() else {
        return;
    };
    let best = &sides[&leader.scheme];
    let level = 1.0 - (1.0 - LEVEL) / others.len().max(1) as f64;
    let mut compared = Vec::new();
    for standing in others {
        let side = &sides[&standing.scheme];
        let (mut pairs, mut strata, mut probabilities) = (Vec::new(), Vec::new(), Vec::new());
        for (key, trials) in &side.groups {
            let Some(rivals) = best.groups.get(key) else {
                continue;
            };
            let scores =
                |trials: &[(&Outcome, f64)]| -> Vec<f64> { trials.iter().map(|(_, x)| sign * x).collect() };
            probabilities.push(probability_of_improvement(&scores(trials), &scores(rivals)));
            let paired = pair(trials, rivals);
            strata.push(paired.iter().map(|(x, y)| difference(*x, *y)).collect());
            pairs.extend(paired);
        }
        if pairs.is_empty() {
            continue;
        }
        let identity = identity
            .clone()
            .and([standing.scheme.as_str(), leader.scheme.as_str()]);
        let mut difference = paired_difference(&identity, &pairs);
        difference.p = rank_safe_p(&identity, &pairs, difference.p);
        let simultaneous = interval_of_strata(&identity.and(["simultaneous"]), &strata, level, median);
        compared.push((
            standing,
            Comparison {
                difference,
                simultaneous,
                probability: probabilities.iter().sum::<f64>() / probabilities.len() as f64,
                p_adjusted: 1.0,
            },
        ));
    }
    let raw: Vec<f64> = compared.iter().map(|(_, c)| c.difference.p).collect();
    for ((standing, mut comparison), p) in compared.into_iter().zip(holm(&raw)) {
        comparison.p_adjusted = p;
        standing.against_leader = Some(comparison);
    }
}

/// The scores of trials that share replicate and seeds.
fn pair(trials: &[(&Outcome, f64)], rivals: &[(&Outcome, f64)]) -> Vec<(f64, f64)> {
    let by_key: BTreeMap<_, f64> = rivals.iter().map(|(o, y)| (Cell::pair_key(o), *y)).collect();
    trials
        .iter()
        .filter_map(|(o, x)| by_key.get(&Cell::pair_key(o)).map(|y| (*x, *y)))
        .collect()
}

/// Where an infinite loss leaves the mean of the differences without meaning, the test uses
/// their signs alone.
fn rank_safe_p(identity: &Identity, pairs: &[(f64, f64)], p: f64) -> f64 {
    let differences: Vec<f64> = pairs.iter().map(|(x, y)| difference(*x, *y)).collect();
    if differences.iter().all(|d| d.is_finite()) {
        return p;
    }
    let signs: Vec<f64> = differences
        .iter()
        .map(|d| f64::from(i8::from(*d > 0.0) - i8::from(*d < 0.0)))
        .collect();
    super::stats::compare::sign_flip_p(identity, &signs)
}
