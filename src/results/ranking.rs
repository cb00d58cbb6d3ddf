//! Which scheme is best, and which others are not told apart from it.
//!
//! A scheme's score is the interquartile mean of its trials in a group of cells that differ in
//! scheme and rate alone, averaged over the groups (architectures, datasets): a stray replicate
//! does not rule it, and failure in a few of the groups shows. Intervals resample each group apart.
//! Every scheme is compared with the leader by the difference of the two scores; its interval
//! resamples trials that share group and seeds together, so that what a replicate does to both
//! cancels. Being told apart takes the number of schemes into account: that interval has the level
//! 1 - 0.05/m for m comparisons (Bonferroni).
//!
//! Two things to keep in mind. With fewer than about 10 pairs a percentile bootstrap is too
//! narrow. And the leader is picked from the same trials, which favours it a little where many are
//! nearly equal.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::Axis;

use super::cell::{Cell, Figure, Outcome};
use super::record::Status;
use super::stats::bootstrap::{Estimate, LEVEL, interval_of_strata};
use super::stats::compare::{Paired, probability_of_improvement};
use super::stats::{Identity, Interval, stratified_mean};
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
    /// [`stratified_mean`] of the trials' test accuracy (loss for regression), with its interval.
    pub score: Estimate,
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
        let apart = |c: &Comparison| c.interval.is_some_and(|i| !i.contains(0.0));
        !self.against_leader.as_ref().is_some_and(apart)
    }
}

/// One scheme against the leader, over the groups of cells that both have.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Score of this scheme less that of the leader.
    pub difference: f64,
    /// Its interval at a level shared among all comparisons with the leader; `None` for fewer
    /// than two pairs.
    pub interval: Option<Interval>,
    /// Probability that a trial of this scheme is better than one of the leader, averaged over
    /// groups of cells.
    pub probability: f64,
    /// Pairs of trials behind it.
    pub pairs: usize,
    /// Groups of cells behind it.
    pub groups: usize,
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

/// The schemes in `cells` with their scores, the best first, ties by name: the order of
/// [`standings`] without its intervals.
pub fn scores(cells: &[&Cell], rates: Rates) -> Vec<(String, f64)> {
    let Some(figure) = cells.first().map(|c| c.headline()) else {
        return Vec::new();
    };
    let sign = if figure.is_accuracy() { 1.0 } else { -1.0 };
    let mut scores: Vec<(String, f64)> = collect(cells, rates, figure)
        .iter()
        .map(|(scheme, side)| (scheme.clone(), stratified_mean(&side.strata())))
        .collect();
    scores.sort_by(|a, b| (sign * b.1).total_cmp(&(sign * a.1)).then_with(|| a.0.cmp(&b.0)));
    scores
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
            let identity = identity.clone().and([scheme.as_str()]);
            Standing {
                scheme: scheme.clone(),
                score: Estimate {
                    value: stratified_mean(&strata),
                    interval: interval_of_strata(&identity, &strata, LEVEL, stratified_mean),
                },
                trials: strata.iter().map(Vec::len).sum(),
                diverged: side.count(Status::Diverged),
                failed: side.count(Status::Failed),
                at_edge: side.at_edge,
                groups: side.groups.len(),
                against_leader: None,
            }
        })
        .collect();
    standings.sort_by(|a, b| {
        let order = (sign * b.score.value).total_cmp(&(sign * a.score.value));
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
    for standing in others {
        let side = &sides[&standing.scheme];
        let shared = side
            .groups
            .iter()
            .filter_map(|(key, trials)| Some((trials, best.groups.get(key)?)));
        let (mut strata, mut probabilities) = (Vec::new(), Vec::new());
        for (trials, rivals) in shared {
            let better = |t: &[(&Outcome, f64)]| -> Vec<f64> { t.iter().map(|(_, x)| sign * x).collect() };
            probabilities.push(probability_of_improvement(&better(trials), &better(rivals)));
            strata.push(pair(trials, rivals));
        }
        let paired = Paired::new(strata);
        if paired.count() == 0 {
            continue;
        }
        let identity = identity
            .clone()
            .and([standing.scheme.as_str(), leader.scheme.as_str()]);
        standing.against_leader = Some(Comparison {
            difference: paired.difference(stratified_mean),
            interval: paired.interval(&identity.and(["simultaneous"]), level, stratified_mean),
            probability: probabilities.iter().sum::<f64>() / probabilities.len() as f64,
            pairs: paired.count(),
            groups: probabilities.len(),
        });
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
