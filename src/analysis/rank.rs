//! Which scheme is best, and which others cannot be distinguished from it.
//!
//! A scheme's score is the interquartile mean of its trials in a group of cells that differ in
//! scheme and rate alone, averaged over the groups (architectures, datasets): a stray replicate
//! does not rule it, and failure in a few of the groups shows. Intervals resample each group apart.
//! Every scheme is compared with the leader by the difference of the two scores; its interval
//! resamples trials that share group and seeds together, so that what a replicate does to both
//! cancels. Where there are several learning rates and no validation data to choose by, the trials
//! of all rates are pooled: then they are compared at the same rate, and the trials that a
//! replicate has at the several rates are drawn together, as one unit. The level of that interval
//! takes the number of schemes into account: it is 1 - 0.05/m for m comparisons (Bonferroni).
//!
//! Two limits. With fewer than about 10 replicates a percentile bootstrap is too narrow. And the
//! leader is picked from the same trials, which favours it a little where many are nearly equal.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::analysis::stats::bootstrap::{Estimate, LEVEL, interval_of_strata};
use crate::analysis::stats::compare::{Paired, probability_of_improvement};
use crate::analysis::stats::{Identity, Interval, Units, mean, stratified_mean};
use crate::analysis::tune::{Split, tune};
use crate::experiment::Axis;
use crate::row::Status;
use crate::table::{Figure, Subset};

/// At which learning rate schemes are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rates {
    /// Each scheme at the rate chosen for it in each group of cells, see [`tune`]; where there are
    /// no validation data to choose by, the trials of all its rates, pooled.
    Tuned,
    /// All at this rate.
    Fixed(f64),
}

/// What is known about one scheme.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemeScore {
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

impl SchemeScore {
    /// Whether the scheme is the leader, or the trials do not distinguish it from the leader.
    pub fn leads(&self) -> bool {
        let distinguished = |c: &Comparison| c.interval.is_some_and(|i| !i.contains(0.0));
        !self.against_leader.as_ref().is_some_and(distinguished)
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

/// The trials of one scheme that count in one group of cells.
#[derive(Debug)]
struct Group<'t> {
    trials: Subset<'t>,
    scores: Vec<f64>,
    /// The trials are those of several rates.
    pooled: bool,
}

impl Group<'_> {
    /// The scores, those of the same seeds in one unit.
    fn units(&self) -> Units<f64> {
        Units::of_trials(self.trials.seeds().zip(self.scores.iter().copied()))
    }
}

/// The trials of one scheme that count, by group of cells in the order of the tables.
#[derive(Debug, Default)]
struct Side<'t> {
    groups: BTreeMap<Vec<u32>, Group<'t>>,
    at_edge: usize,
}

impl<'t> Side<'t> {
    /// The groups that both sides have.
    fn shared<'s>(&'s self, other: &'s Side<'t>) -> impl Iterator<Item = (&'s Group<'t>, &'s Group<'t>)> {
        let both = |(key, group)| Some((group, other.groups.get(key)?));
        self.groups.iter().filter_map(both)
    }

    fn strata(&self) -> Vec<Vec<f64>> {
        self.groups.values().map(|g| g.scores.clone()).collect()
    }

    fn units(&self) -> Vec<Units<f64>> {
        self.groups.values().map(Group::units).collect()
    }

    fn count(&self, status: Status) -> usize {
        self.groups.values().map(|g| g.trials.count(status)).sum()
    }
}

/// The schemes in `trials` with their scores, the best first, ties by name: the order of [`rank`]
/// without its intervals.
pub fn scores(trials: &Subset, rates: Rates) -> Vec<(String, f64)> {
    let Some(figure) = trials.headline() else {
        return Vec::new();
    };
    let sign = sign(figure);
    let mut scores: Vec<(String, f64)> = sides(trials, rates, figure)
        .iter()
        .map(|(scheme, side)| ((*scheme).to_owned(), stratified_mean(&side.strata())))
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

/// Ranks the schemes in `trials` (all for classification, or all for regression), the best first,
/// ties by name. `what` names the selection of trials ("relu"): it seeds the intervals.
///
/// ```
/// use goodinit::analysis::rank::{Rates, rank};
/// use goodinit::table::Trials;
///
/// let trials = Trials::load("results/quick".as_ref())?;
/// for place in rank(&trials.all(), Rates::Tuned, "all") {
///     println!("{:20} {:.3} of {} trials", place.scheme, place.score.value, place.trials);
/// }
/// # goodinit::support::error::Result::Ok(())
/// ```
pub fn rank(trials: &Subset, rates: Rates, what: &str) -> Vec<SchemeScore> {
    let Some(figure) = trials.headline() else {
        return Vec::new();
    };
    let sides = sides(trials, rates, figure);
    let sign = sign(figure);
    let mut ranking: Vec<SchemeScore> = sides
        .par_iter()
        .map(|(scheme, side)| {
            let strata = side.strata();
            let identity = Identity::new(["ranking", what, scheme]);
            SchemeScore {
                scheme: (*scheme).to_owned(),
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
    ranking.sort_by(|a, b| best_first(sign, (a.score.value, &a.scheme), (b.score.value, &b.scheme)));
    compare_with_leader(&mut ranking, &sides, sign, what);
    ranking
}

/// The trials of each scheme that count.
fn sides<'t>(trials: &Subset<'t>, rates: Rates, figure: Figure) -> BTreeMap<&'t str, Side<'t>> {
    let at_rates = match rates {
        Rates::Tuned => trials.clone(),
        Rates::Fixed(rate) => trials.filter(|row| trials.trials().value(row, Axis::LearningRate) == rate),
    };
    let context: Vec<Axis> = Axis::CELL
        .into_iter()
        .filter(|axis| ![Axis::Scheme, Axis::LearningRate].contains(axis))
        .collect();
    let mut sides: BTreeMap<&str, Side> = BTreeMap::new();
    for scheme in at_rates.group_by(&[Axis::Scheme]) {
        let mut side = Side::default();
        for group in scheme.group_by(&context) {
            let tuned = match rates {
                Rates::Tuned => tune(&group, Split::Halves),
                Rates::Fixed(_) => None,
            };
            side.at_edge += usize::from(tuned.as_ref().is_some_and(|t| t.at_edge));
            let kept = tuned.map_or(group, |t| t.scored);
            if let (Some(scores), Some(first)) = (kept.scores(figure), kept.first()) {
                let key: Vec<u32> = context
                    .iter()
                    .map(|axis| kept.trials().code(first, *axis))
                    .collect();
                let group = Group {
                    pooled: kept.values(Axis::LearningRate).len() > 1,
                    trials: kept,
                    scores,
                };
                side.groups.insert(key, group);
            }
        }
        if !side.groups.is_empty() {
            sides.insert(scheme.text(Axis::Scheme), side);
        }
    }
    sides
}

/// The paired test of one scheme against the leader: whether it is distinguished from the leader
/// depends on nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedTest {
    /// The scheme.
    pub scheme: String,
    /// The leader.
    pub leader: String,
    what: String,
    paired: Paired,
    level: f64,
}

impl PairedTest {
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

    /// Whether the trials distinguish the scheme from the leader.
    pub fn distinguishes(&self) -> bool {
        self.interval().is_some_and(|i| !i.contains(0.0))
    }
}

/// The paired tests of the schemes in `trials` against the first of [`scores`]; without those that
/// share no trials with it.
pub fn paired_tests(trials: &Subset, rates: Rates, what: &str) -> Vec<PairedTest> {
    let (Some(figure), scores) = (trials.headline(), scores(trials, rates)) else {
        return Vec::new();
    };
    let Some(((leader, _), others)) = scores.split_first() else {
        return Vec::new();
    };
    let sides = sides(trials, rates, figure);
    let test = |(scheme, _): &(String, f64)| paired_test(&sides, scheme, leader, others.len(), what);
    others.iter().map(test).filter(|t| t.pairs() > 0).collect()
}

fn paired_test(
    sides: &BTreeMap<&str, Side>,
    scheme: &str,
    leader: &str,
    others: usize,
    what: &str,
) -> PairedTest {
    let shared = sides[scheme].shared(&sides[leader]);
    PairedTest {
        scheme: scheme.to_owned(),
        leader: leader.to_owned(),
        what: what.to_owned(),
        paired: Paired::new(shared.map(|(x, y)| pair(x, y)).collect()),
        level: 1.0 - (1.0 - LEVEL) / others.max(1) as f64,
    }
}

fn compare_with_leader(ranking: &mut [SchemeScore], sides: &BTreeMap<&str, Side>, sign: f64, what: &str) {
    let Some((leader, others)) = ranking.split_first_mut() else {
        return;
    };
    let count = others.len();
    others.par_iter_mut().for_each(|place| {
        let test = paired_test(sides, &place.scheme, &leader.scheme, count, what);
        if test.pairs() == 0 {
            return;
        }
        let shared = sides[place.scheme.as_str()].shared(&sides[leader.scheme.as_str()]);
        let probabilities: Vec<f64> = shared.filter_map(|(x, y)| improvement(x, y, sign)).collect();
        place.against_leader = Some(Comparison {
            difference: test.paired.difference(stratified_mean),
            interval: test.interval(),
            probability: mean(&probabilities),
            pairs: test.pairs(),
            groups: probabilities.len(),
        });
    });
}

/// The axes on which trials of two schemes must agree to be compared: the rate where rates are
/// pooled, else a scheme would be called better for what a rate does to both.
fn compared_on(group: &Group, rivals: &Group) -> &'static [Axis] {
    match group.pooled || rivals.pooled {
        true => &[Axis::LearningRate],
        false => &[],
    }
}

/// The probability that a trial of `group` is better than one of `rivals`. Where rates are pooled,
/// of one at the same rate, averaged over the rates that both have. `None` where there is nothing
/// to compare.
fn improvement(group: &Group, rivals: &Group, sign: f64) -> Option<f64> {
    let axes = compared_on(group, rivals);
    let by_rate = |group: &Group| {
        let mut scores: BTreeMap<Vec<u32>, Vec<f64>> = BTreeMap::new();
        for (row, score) in group.trials.rows().zip(&group.scores) {
            let rate = axes
                .iter()
                .map(|axis| group.trials.trials().code(row, *axis))
                .collect();
            scores.entry(rate).or_default().push(sign * score);
        }
        scores
    };
    let theirs = by_rate(rivals);
    let probabilities: Vec<f64> = by_rate(group)
        .iter()
        .filter_map(|(rate, ours)| Some(probability_of_improvement(ours, theirs.get(rate)?)))
        .collect();
    (!probabilities.is_empty()).then(|| mean(&probabilities))
}

/// The scores of trials that share replicate and seeds, and the rate where rates are pooled: each
/// scheme's own rate is no reason not to pair, but among several a trial pairs with that at its
/// own. Pairs of the same seeds are a unit.
fn pair(group: &Group, rivals: &Group) -> Units<(f64, f64)> {
    let trials = group.trials.trials();
    let score_of = |group: &Group| -> BTreeMap<usize, f64> {
        group.trials.rows().zip(group.scores.iter().copied()).collect()
    };
    let (ours, theirs) = (score_of(group), score_of(rivals));
    let pairs = group
        .trials
        .pair_by_seeds(&rivals.trials, compared_on(group, rivals));
    Units::of_trials(
        pairs
            .into_iter()
            .map(|(x, y)| (trials.seeds(x), (ours[&x], theirs[&y]))),
    )
}

#[cfg(test)]
#[path = "rank_tests.rs"]
mod tests;
