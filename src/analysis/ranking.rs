//! Which scheme is best, and which others are not told apart from it.
//!
//! A scheme's score is the interquartile mean of its trials in a group of cells that differ in
//! scheme and rate alone, averaged over the groups (architectures, datasets): a stray replicate
//! does not rule it, and failure in a few of the groups shows. Intervals resample each group apart.
//! Every scheme is compared with the leader by the difference of the two scores; its interval
//! resamples trials that share group and seeds together, so that what a replicate does to both
//! cancels. Where there are several learning rates and no validation data to choose by, the trials
//! of all rates are pooled: then they are compared at the same rate, and the trials that a replicate has at
//! the several rates are drawn together, as one unit. Being told apart takes the number of schemes
//! into account: that interval has the level 1 - 0.05/m for m comparisons (Bonferroni).
//!
//! Two things to keep in mind. With fewer than about 10 replicates a percentile bootstrap is too
//! narrow. And the leader is picked from the same trials, which favours it a little where many are
//! nearly equal.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::experiment::Axis;

use crate::analysis::cell::{Cell, Figure, Outcome};
use crate::analysis::stats::bootstrap::{Estimate, LEVEL, interval_of_strata};
use crate::analysis::stats::compare::{Paired, probability_of_improvement};
use crate::analysis::stats::{Identity, Interval, Units, mean, stratified_mean};
use crate::analysis::tuning;
use crate::table::record::Status;

/// At which learning rate schemes are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rates {
    /// Each scheme at the rate chosen for it in each group of cells, see [`tuning`]; where there
    /// are no validation data to choose by, the trials of all its rates, pooled.
    Tuned,
    /// All at this rate.
    Fixed(f64),
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
    /// Probability that a trial of this scheme is better than one of the leader (at the same
    /// learning rate where rates are pooled), averaged over groups of cells.
    pub probability: f64,
    /// Pairs of trials behind it.
    pub pairs: usize,
    /// Groups of cells behind it.
    pub groups: usize,
}

/// A trial with what it scores.
#[derive(Debug, Clone, Copy)]
struct Scored<'a> {
    outcome: &'a Outcome,
    rate: f64,
    score: f64,
}

/// The trials of one scheme that count in one group of cells.
#[derive(Debug, Default)]
struct Group<'a> {
    trials: Vec<Scored<'a>>,
    /// The trials are those of several rates.
    pooled: bool,
}

impl Group<'_> {
    fn scores(&self) -> Vec<f64> {
        self.trials.iter().map(|t| t.score).collect()
    }

    /// The scores, those of the same seeds in one unit.
    fn units(&self) -> Units<f64> {
        Units::of_trials(self.trials.iter().map(|t| (Cell::pair_key(t.outcome), t.score)))
    }
}

/// The trials of one scheme that count, by group of cells.
#[derive(Debug, Default)]
struct Side<'a> {
    groups: BTreeMap<Vec<String>, Group<'a>>,
    at_edge: usize,
}

impl<'a> Side<'a> {
    /// The trials of the groups that both sides have.
    fn beside<'s>(&'s self, other: &'s Side<'a>) -> impl Iterator<Item = (&'s Group<'a>, &'s Group<'a>)> {
        let both = |(key, group)| Some((group, other.groups.get(key)?));
        self.groups.iter().filter_map(both)
    }

    fn strata(&self) -> Vec<Vec<f64>> {
        self.groups.values().map(Group::scores).collect()
    }

    fn units(&self) -> Vec<Units<f64>> {
        self.groups.values().map(Group::units).collect()
    }

    fn count(&self, status: Status) -> usize {
        let trials = self.groups.values().flat_map(|g| &g.trials);
        trials.filter(|t| t.outcome.status == status).count()
    }
}

/// The schemes in `cells` with their scores, the best first, ties by name: the order of
/// [`standings`] without its intervals.
pub fn scores(cells: &[&Cell], rates: Rates) -> Vec<(String, f64)> {
    let Some(figure) = cells.first().map(|c| c.headline()) else {
        return Vec::new();
    };
    let sign = sign(figure);
    let mut scores: Vec<(String, f64)> = collect(cells, rates, figure)
        .iter()
        .map(|(scheme, side)| (scheme.clone(), stratified_mean(&side.strata())))
        .collect();
    scores.sort_by(|a, b| best_first(sign, (a.1, &a.0), (b.1, &b.0)));
    scores
}

/// 1 where more is better, else -1.
fn sign(figure: Figure) -> f64 {
    if figure.is_accuracy() { 1.0 } else { -1.0 }
}

/// The order of two schemes, score and name each: the better first, ties by name.
fn best_first(sign: f64, a: (f64, &str), b: (f64, &str)) -> Ordering {
    (sign * b.0).total_cmp(&(sign * a.0)).then_with(|| a.1.cmp(b.1))
}

/// Ranks the schemes in `cells`, the best first, ties by name. `what` names the selection of
/// cells ("relu"): it seeds the intervals.
pub fn standings(cells: &[&Cell], rates: Rates, what: &str) -> Vec<Standing> {
    let Some(figure) = cells.first().map(|c| c.headline()) else {
        return Vec::new();
    };
    let sides = collect(cells, rates, figure);
    let sign = sign(figure);
    let mut standings: Vec<Standing> = sides
        .par_iter()
        .map(|(scheme, side)| {
            let strata = side.strata();
            let identity = Identity::new(["ranking", what, scheme.as_str()]);
            Standing {
                scheme: scheme.clone(),
                score: Estimate {
                    value: stratified_mean(&strata),
                    interval: interval_of_strata(&identity, &side.units(), LEVEL, stratified_mean),
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
    standings.sort_by(|a, b| best_first(sign, (a.score.value, &a.scheme), (b.score.value, &b.scheme)));
    compare_with_leader(&mut standings, &sides, sign, what);
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
            let rate = cell.coordinates.learning_rate;
            let trials = cell.outcomes.iter().zip(scores);
            let scored = trials.map(|(outcome, score)| Scored { outcome, rate, score });
            let into = side.groups.entry(key.clone()).or_default();
            into.pooled = kept.len() > 1;
            into.trials
                .extend(scored.filter(|t| choice.is_none() || scoring.contains(&t.outcome.replicate)));
        }
    }
    sides.retain(|_, side| side.groups.values().any(|g| !g.trials.is_empty()));
    sides
}

/// One scheme and the leader, pair by pair: all that being told apart depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Duel {
    /// The scheme.
    pub scheme: String,
    /// The leader.
    pub leader: String,
    what: String,
    paired: Paired,
    level: f64,
}

impl Duel {
    /// Pairs of trials.
    pub fn pairs(&self) -> usize {
        self.paired.count()
    }

    /// Interval of the difference of their scores.
    pub fn interval(&self) -> Option<Interval> {
        let names = [&self.what, &self.scheme, &self.leader].map(String::as_str);
        let identity = Identity::new(["ranking"]).and(names).and(["simultaneous"]);
        self.paired.interval(&identity, self.level, stratified_mean)
    }

    /// Whether the trials tell the scheme from the leader.
    pub fn apart(&self) -> bool {
        self.interval().is_some_and(|i| !i.contains(0.0))
    }
}

/// The schemes in `cells` but the first, each against the first; those that share no trials with
/// it left out.
pub fn duels(cells: &[&Cell], rates: Rates, what: &str) -> Vec<Duel> {
    let (Some(figure), scores) = (cells.first().map(|c| c.headline()), scores(cells, rates)) else {
        return Vec::new();
    };
    let Some(((leader, _), others)) = scores.split_first() else {
        return Vec::new();
    };
    let sides = collect(cells, rates, figure);
    let duel = |(scheme, _): &(String, f64)| duel(&sides, scheme, leader, others.len(), what);
    others.iter().map(duel).filter(|d| d.pairs() > 0).collect()
}

fn duel(sides: &BTreeMap<String, Side>, scheme: &str, leader: &str, others: usize, what: &str) -> Duel {
    let shared = sides[scheme].beside(&sides[leader]);
    Duel {
        scheme: scheme.to_owned(),
        leader: leader.to_owned(),
        what: what.to_owned(),
        paired: Paired::new(shared.map(|(x, y)| pair(x, y)).collect()),
        level: 1.0 - (1.0 - LEVEL) / others.max(1) as f64,
    }
}

fn compare_with_leader(standings: &mut [Standing], sides: &BTreeMap<String, Side>, sign: f64, what: &str) {
    let Some((leader, others)) = standings.split_first_mut() else {
        return;
    };
    let count = others.len();
    others.par_iter_mut().for_each(|standing| {
        let duel = duel(sides, &standing.scheme, &leader.scheme, count, what);
        if duel.pairs() == 0 {
            return;
        }
        let shared = sides[&standing.scheme].beside(&sides[&leader.scheme]);
        let probabilities: Vec<f64> = shared.filter_map(|(x, y)| better(x, y, sign)).collect();
        standing.against_leader = Some(Comparison {
            difference: duel.paired.difference(stratified_mean),
            interval: duel.interval(),
            probability: mean(&probabilities),
            pairs: duel.pairs(),
            groups: probabilities.len(),
        });
    });
}

/// The probability that a trial of `group` is better than one of `rivals`. Where rates are pooled,
/// of one at the same rate, averaged over the rates that both have: else a scheme would be called
/// better for what a rate does to both. `None` where there is nothing to compare.
fn better(group: &Group, rivals: &Group, sign: f64) -> Option<f64> {
    let by_rate = group.pooled || rivals.pooled;
    let scores = |group: &Group| {
        let mut scores: BTreeMap<Option<u64>, Vec<f64>> = BTreeMap::new();
        for t in &group.trials {
            let rate = by_rate.then_some(t.rate.to_bits());
            scores.entry(rate).or_default().push(sign * t.score);
        }
        scores
    };
    let theirs = scores(rivals);
    let probabilities: Vec<f64> = scores(group)
        .iter()
        .filter_map(|(rate, ours)| Some(probability_of_improvement(ours, theirs.get(rate)?)))
        .collect();
    (!probabilities.is_empty()).then(|| mean(&probabilities))
}

/// The scores of trials that share replicate and seeds, and the rate where rates are pooled: each
/// scheme's own rate is no reason not to pair, but among several a trial pairs with that at its
/// own. Pairs of the same seeds are a unit.
fn pair(group: &Group, rivals: &Group) -> Units<(f64, f64)> {
    let by_rate = group.pooled || rivals.pooled;
    let key = |t: &Scored| (Cell::pair_key(t.outcome), by_rate.then_some(t.rate.to_bits()));
    let by_key: BTreeMap<_, f64> = rivals.trials.iter().map(|t| (key(t), t.score)).collect();
    let pairs = group.trials.iter().filter_map(|t| {
        let rival = by_key.get(&key(t))?;
        Some((Cell::pair_key(t.outcome), (t.score, *rival)))
    });
    Units::of_trials(pairs)
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
