//! Which scheme is best, and which others cannot be distinguished from it.
//!
//! A scheme's score is the interquartile mean of its trials in a group of cells that differ in
//! scheme and rate alone, averaged over the groups (architectures, datasets): a stray replicate
//! does not rule it, and failure in a few of the groups shows. Replicates are the units of its interval
//! ([`Effects`]): what a replicate does to all groups at once, since they share seeds, is counted.
//! Where there are several learning rates and no validation data to choose by, the trials
//! of all rates are pooled: then schemes are compared at the same rate.
//!
//! **Which schemes are distinguishable from the leader.** The leader is picked from the data, so any pair might have
//! been compared. The test is of the mean difference of trials that share group and seeds, by Student's
//! t over replicates, and holds its error over all pairs of schemes: the smallest probability times
//! k(k - 1)/2 must be at most 0.05; then that scheme is set aside, and k is one less (Holm 1979,
//! Scandinavian Journal of Statistics 6, 65-70; Shaffer 1986, JASA 81, 826-831). The difference of two
//! schemes of unequal spread is as skewed as the wider of the two, which makes t too liberal: where
//! few pairs are left, the probability is multiplied by [`allowance`] instead. Few replicates may
//! fail together by chance, which no t sees: with up to [`MOST_PERMUTED`] replicates the range of the
//! schemes' means must also be greater than all but 5% of those with schemes permuted within each
//! replicate. `docs/statistics.md` states how often equal schemes come out as distinguishable, and the power.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::analysis::stats::compare::{Advantage, difference, wins};
use crate::analysis::stats::interval::{LEVEL, share_beyond};
use crate::analysis::stats::proportion::clustered_proportion;
use crate::analysis::stats::student::two_sided;
use crate::analysis::stats::{Effects, Estimate, Identity, Interval, Units, mean, quantile};
use crate::analysis::tune::{ReplicateSplit, tune};
use crate::experiment::Axis;
use crate::random::Stream;
use crate::row::Status;
use crate::table::{Figure, Subset};

/// With more replicates schemes are not permuted: that all fail together by chance is out of the
/// question.
pub const MOST_PERMUTED: usize = 20;

/// Permutations behind a comparison at [`LEVEL`].
const PERMUTATIONS: usize = 999;

/// Permutations behind a comparison whose error is to be at most `error`: a few dozen of them decide.
fn permutations(error: f64) -> usize {
    ((50.0 / error) as usize).clamp(PERMUTATIONS + 1, 100_000) - 1
}

/// At which learning rate schemes are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RankingRates {
    /// Each scheme at the rates chosen for it in each group of cells, see [`tune`]; where there are
    /// no validation data to choose by, the trials of all its rates, pooled.
    Tuned,
    /// Only trials at this learning rate.
    Fixed(f64),
}

/// What is known about one scheme.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemeScore {
    /// The scheme, as tables write it.
    pub scheme: String,
    /// Mean over groups of cells of the interquartile mean of the trials' test accuracy (loss for
    /// regression), with its interval.
    pub score: Estimate,
    /// Trials that its score is made of.
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
    /// A scheme of which nothing is known but that it is compared with the leader.
    #[cfg(test)]
    pub(super) fn compared(scheme: &str) -> Self {
        let nothing = Estimate {
            value: f64::NAN,
            interval: None,
        };
        let comparison = Comparison {
            difference: f64::NAN,
            interval: None,
            p_value: None,
            distinguished: false,
            replicates_needed: None,
            replicates: 0,
            probability: nothing,
            pairs: 0,
            groups: 0,
        };
        SchemeScore {
            scheme: scheme.to_owned(),
            score: nothing,
            trials: 0,
            diverged: 0,
            failed: 0,
            at_edge: 0,
            groups: 0,
            against_leader: Some(comparison),
        }
    }

    /// Whether the scheme is the leader, or the trials do not distinguish it from the leader.
    pub fn leads(&self) -> bool {
        !self.against_leader.as_ref().is_some_and(|c| c.distinguished)
    }
}

/// One scheme against the leader, over the groups of cells that both have.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Score of this scheme less that of the leader.
    pub difference: f64,
    /// Its interval at [`LEVEL`], of this difference alone; `None` for fewer than two pairs.
    pub interval: Option<Interval>,
    /// The probability of at least such a difference among equal schemes, in any of the comparisons
    /// that might have been made; `None` for fewer than two pairs.
    pub p_value: Option<f64>,
    /// Whether the trials distinguish the scheme from the leader: the probability is at most 0.05.
    pub distinguished: bool,
    /// How many replicates would, did the mean difference and the spread stay as they are; `None` where
    /// these do, and where even thousands would not.
    pub replicates_needed: Option<u32>,
    /// Replicates that both have.
    pub replicates: usize,
    /// Probability that a trial of this scheme is better than the leader's with the same seeds (and
    /// at the same learning rate where rates are pooled), averaged over groups of cells; a tie counts
    /// half.
    pub probability: Estimate,
    /// Pairs of trials behind it.
    pub pairs: usize,
    /// Groups of cells behind it.
    pub groups: usize,
}

impl Comparison {
    /// What the probability says of the leader's advantage; `None` for fewer than two pairs.
    pub fn advantage_of_leader(&self) -> Option<Advantage> {
        let interval = self.probability.interval?;
        Some(Advantage::of(interval.short_of(1.0)))
    }
}

/// What the reader of a ranking (or of several) should know of failures that were not drawn; `None` where nothing is
/// distinguished, or so many replicates are there that failures of one trial in five show.
///
/// No test of few trials can see them: of schemes with equal means, one of which fails in one trial
/// of five and so is better in the others, a test that distinguishes what differs in all trials
/// drawn distinguishes these in 0.8^n of experiments with n replicates.
pub fn unseen_failures<'r>(ranking: impl IntoIterator<Item = &'r SchemeScore>) -> Option<String> {
    let apart = ranking.into_iter().filter_map(|s| s.against_leader.as_ref());
    let fewest = apart.filter(|c| c.distinguished).map(|c| c.replicates).min()?;
    let unseen = share_beyond(fewest, LEVEL);
    (unseen > 0.2).then(|| {
        format!(
            "Differences are those of trials like these: {fewest} replicates do not show a failure that \
             happens in up to {:.0}% of trials.",
            100.0 * unseen
        )
    })
}

/// The trials of one scheme that count in one group of cells.
#[derive(Debug)]
pub(super) struct Group<'t> {
    pub(super) trials: Subset<'t>,
    pub(super) scores: Vec<f64>,
    /// The trials are those of several rates, none of which is chosen.
    pub(super) pooled: bool,
}

impl Group<'_> {
    /// The scores, those of the same seeds in one unit.
    pub(super) fn units(&self) -> Units<f64> {
        Units::of_trials(self.trials.seeds().zip(self.scores.iter().copied()))
    }
}

/// The trials of one scheme that count, by group of cells in the order of the tables.
#[derive(Debug, Default)]
pub(super) struct SchemeTrials<'t> {
    pub(super) groups: BTreeMap<Vec<u32>, Group<'t>>,
    at_edge: usize,
}

impl<'t> SchemeTrials<'t> {
    /// The groups that both sides have.
    fn shared<'s>(
        &'s self,
        other: &'s SchemeTrials<'t>,
    ) -> impl Iterator<Item = (&'s Group<'t>, &'s Group<'t>)> {
        let both = |(key, group)| Some((group, other.groups.get(key)?));
        self.groups.iter().filter_map(both)
    }

    fn score(&self, figure: Figure) -> Estimate {
        let groups: Vec<Effects> = self
            .groups
            .values()
            .map(|g| Effects::interquartile_mean(&g.units()).within(figure.range()))
            .collect();
        let nothing = Estimate {
            value: f64::NAN,
            interval: None,
        };
        Effects::average(&groups).map_or(nothing, |score| score.estimate())
    }

    fn count(&self, status: Status) -> usize {
        self.groups.values().map(|g| g.trials.count(status)).sum()
    }
}

/// The schemes in `trials` with their scores, the best first, ties by name: the order of [`rank`]
/// without its intervals.
pub fn scores(trials: &Subset, rates: RankingRates) -> Vec<(String, f64)> {
    let Some(figure) = trials.headline() else {
        return Vec::new();
    };
    let sign = sign(figure);
    let mut scores: Vec<(String, f64)> = sides(trials, rates, figure)
        .iter()
        .map(|(scheme, side)| ((*scheme).to_owned(), side.score(figure).value))
        .collect();
    scores.sort_by(|a, b| best_first(sign, (a.1, &a.0), (b.1, &b.0)));
    scores
}

/// 1 where more is better, else -1.
pub(super) fn sign(figure: Figure) -> f64 {
    if figure.is_accuracy() { 1.0 } else { -1.0 }
}

/// The order of two schemes, score and name each: the better first, ties by name.
fn best_first(sign: f64, a: (f64, &str), b: (f64, &str)) -> Ordering {
    (sign * b.0).total_cmp(&(sign * a.0)).then_with(|| a.1.cmp(b.1))
}

/// Ranks the schemes in `trials` (all for classification, or all for regression), the best first,
/// ties by name. `what` names the selection of trials ("relu"): it seeds the permutations.
///
/// ```
/// use goodinit::{RankingRates, Trials, rank};
///
/// let trials = Trials::load("results/quick".as_ref())?;
/// for place in rank(&trials.all(), RankingRates::Tuned, "all") {
///     println!("{:20} {:.3} of {} trials", place.scheme, place.score.value, place.trials);
/// }
/// # goodinit::Result::Ok(())
/// ```
pub fn rank(trials: &Subset, rates: RankingRates, what: &str) -> Vec<SchemeScore> {
    rank_at(trials, rates, what, 1.0 - LEVEL)
}

/// As [`rank`]; some scheme is distinguished from an equal leader in a share of at most `error` of
/// experiments.
pub fn rank_at(trials: &Subset, rates: RankingRates, what: &str, error: f64) -> Vec<SchemeScore> {
    let Some(figure) = trials.headline() else {
        return Vec::new();
    };
    let sides = sides(trials, rates, figure);
    let sign = sign(figure);
    let mut ranking: Vec<SchemeScore> = sides
        .par_iter()
        .map(|(scheme, side)| SchemeScore {
            scheme: (*scheme).to_owned(),
            score: side.score(figure),
            trials: side.groups.values().map(|g| g.scores.len()).sum(),
            diverged: side.count(Status::Diverged),
            failed: side.count(Status::Failed),
            at_edge: side.at_edge,
            groups: side.groups.len(),
            against_leader: None,
        })
        .collect();
    ranking.sort_by(|a, b| best_first(sign, (a.score.value, &a.scheme), (b.score.value, &b.scheme)));
    compare_with_leader(&mut ranking, &sides, figure, (what, error));
    ranking
}

/// The trials of each scheme that count.
pub(super) fn sides<'t>(
    trials: &Subset<'t>,
    rates: RankingRates,
    figure: Figure,
) -> BTreeMap<&'t str, SchemeTrials<'t>> {
    let at_rates = match rates {
        RankingRates::Tuned => trials.clone(),
        RankingRates::Fixed(rate) => {
            trials.filter(|row| trials.trials().value(row, Axis::LearningRate) == rate)
        }
    };
    let context: Vec<Axis> = Axis::cell_but(&[Axis::Scheme, Axis::LearningRate]).collect();
    let mut sides: BTreeMap<&str, SchemeTrials> = BTreeMap::new();
    for scheme in at_rates.group_by(&[Axis::Scheme]) {
        let mut side = SchemeTrials::default();
        for group in scheme.group_by(&context) {
            let tuned = match rates {
                RankingRates::Tuned => tune(&group, ReplicateSplit::Others),
                RankingRates::Fixed(_) => None,
            };
            side.at_edge += usize::from(tuned.as_ref().is_some_and(|t| t.at_edge));
            let pooled = tuned.is_none() && group.values(Axis::LearningRate).len() > 1;
            let kept = tuned.map_or(group, |t| t.scored);
            if let (Some(scores), Some(first)) = (kept.scores(figure), kept.first()) {
                let key: Vec<u32> = context
                    .iter()
                    .map(|axis| kept.trials().code(first, *axis))
                    .collect();
                let group = Group {
                    pooled,
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

fn compare_with_leader(
    ranking: &mut [SchemeScore],
    sides: &BTreeMap<&str, SchemeTrials>,
    figure: Figure,
    (what, error): (&str, f64),
) {
    let sign = sign(figure);
    let Some((leader, others)) = ranking.split_first_mut() else {
        return;
    };
    let ahead = &sides[leader.scheme.as_str()];
    let worst = worst(sides);
    let tests: Vec<Option<MeanTest>> = others
        .par_iter_mut()
        .map(|place| {
            let side = &sides[place.scheme.as_str()];
            let pairs: Vec<Units<(f64, f64)>> = side.shared(ahead).map(|(x, y)| pair(x, y)).collect();
            let count = pairs.iter().map(|units| units.values().len()).sum();
            if count == 0 {
                return None;
            }
            let side_of = |pick: fn((f64, f64)) -> f64| {
                let strata = pairs.iter().filter(|units| !units.is_empty());
                let strata: Vec<Effects> = strata
                    .map(|units| Effects::interquartile_mean(&units.map(pick)).within(figure.range()))
                    .collect();
                Effects::average(&strata)
            };
            let (ours, theirs) = (side_of(|pair| pair.0)?, side_of(|pair| pair.1)?);
            let scores = ours.clone().plus(-1.0, &theirs);
            place.against_leader = Some(Comparison {
                difference: difference(ours.value(), theirs.value()),
                interval: scores.interval(LEVEL),
                p_value: None,
                distinguished: false,
                replicates_needed: None,
                replicates: pairs.iter().map(Units::len).max().unwrap_or(0),
                probability: better(&pairs, sign)?,
                pairs: count,
                groups: pairs.iter().filter(|units| !units.is_empty()).count(),
            });
            let finite = |pairs: &Units<(f64, f64)>| {
                pairs.map(|(ours, leaders)| (sign * ours.min(worst), sign * leaders.min(worst)))
            };
            let pairs: Vec<Units<(f64, f64)>> = pairs.iter().filter(|u| !u.is_empty()).map(finite).collect();
            MeanTest::new(&pairs)
        })
        .collect();
    let permuted = Permuted::new(sides, &leader.scheme, worst, what);
    step_down(others, &tests, &permuted, error);
}

/// The probability that the first of a pair is better, averaged over the groups of cells; `None`
/// without pairs. More is better where `sign` is 1, else -1.
pub(super) fn better(groups: &[Units<(f64, f64)>], sign: f64) -> Option<Estimate> {
    let strata = groups.iter().filter(|units| !units.is_empty());
    let won: Vec<Effects> = strata
        .map(|units| Effects::mean(&units.map(|(x, y)| wins((sign * x, sign * y)))))
        .collect();
    let won = Effects::average(&won)?;
    let pairs = groups.iter().map(|units| units.values().len()).sum();
    Some(Estimate {
        value: won.value(),
        interval: clustered_proportion(&won, pairs),
    })
}

/// What an infinite loss counts as in a mean: twice the greatest finite one.
fn worst(sides: &BTreeMap<&str, SchemeTrials>) -> f64 {
    let scores = sides.values().flat_map(|side| side.groups.values());
    let finite = scores.flat_map(|g| &g.scores).copied().filter(|x| x.is_finite());
    2.0 * finite.fold(0.5, f64::max)
}

/// What is tested of a scheme and the leader.
pub(super) struct MeanTest {
    /// By how much the mean of the leader is better.
    ahead: Effects,
    /// See [`allowance`].
    allowance: f64,
}

impl MeanTest {
    /// Of the values of a scheme and of the leader, greater being better, in each group of cells; `None`
    /// for none.
    pub(super) fn new(groups: &[Units<(f64, f64)>]) -> Option<Self> {
        let average = |of: fn((f64, f64)) -> f64| {
            let means: Vec<Effects> = groups.iter().map(|units| Effects::mean(&units.map(of))).collect();
            Effects::average(&means)
        };
        let error =
            |effects: Option<Effects>| effects.and_then(|e| e.standard_error()).map(|(error, _)| error);
        let spreads = error(average(|pair| pair.0)).zip(error(average(|pair| pair.1)));
        Some(MeanTest {
            ahead: average(|(ours, leaders)| leaders - ours)?,
            allowance: spreads.map_or(1.0, |(a, b)| allowance(a, b)),
        })
    }
}

/// By what the probability of a difference of two schemes with these spreads is to be multiplied at
/// least: 1 where they are equal and the difference is symmetric if laws are of one shape, up to
/// 2.5 where it has the whole skewness of the wider one, which falls with
/// |a^3 - b^3| / (a^2 + b^2)^1.5. Up to that skewness is 1.6 the t test then errs as often as it says:
/// the factor was found by the simulation of `docs/statistics.md`.
fn allowance(a: f64, b: f64) -> f64 {
    let (wide, narrow) = (a.max(b), a.min(b));
    if wide <= 0.0 || !wide.is_finite() {
        return 1.0;
    }
    let ratio = narrow / wide;
    let square = 1.0 + ratio * ratio;
    1.0 + 1.5 * (1.0 - ratio * ratio * ratio) / (square * square.sqrt())
}

/// Decides which of `others` are distinguished from the leader.
pub(super) fn step_down(
    others: &mut [SchemeScore],
    tests: &[Option<MeanTest>],
    permuted: &Permuted,
    error: f64,
) {
    let p_of = |i: &usize| -> Option<f64> {
        let ahead = &tests[*i].as_ref()?.ahead;
        // Where the leader by interquartile means is not ahead by means, nothing is known.
        let p = ahead.p_value()?;
        Some(if ahead.value() > 0.0 { p } else { 1.0 })
    };
    let mut order: Vec<(f64, usize)> = (0..others.len()).filter_map(|i| Some((p_of(&i)?, i))).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let mut left: BTreeSet<&str> = permuted.schemes();
    let names: Vec<String> = others.iter().map(|o| o.scheme.clone()).collect();
    let (mut reached, mut all) = (0.0f64, others.len() + 1);
    for (p, i) in order {
        let Some(test) = &tests[i] else { continue };
        let factor = test.allowance.max((all * (all - 1) / 2) as f64);
        reached = reached.max((p * factor).min(1.0));
        if reached <= error {
            reached = reached.max(permuted.p_value(&left, test.ahead.value(), error).unwrap_or(0.0));
        }
        if let Some(comparison) = &mut others[i].against_leader {
            comparison.p_value = Some(reached);
            comparison.distinguished = reached <= error;
            if !comparison.distinguished {
                comparison.replicates_needed = replicates_needed(&test.ahead, factor, error);
            }
        }
        if reached <= error {
            left.remove(names[i].as_str());
            all -= 1;
        }
    }
}

/// With how many replicates the mean difference would be distinguished from 0 at this error, were its
/// probability multiplied by `factor`, did it and its deviation stay as they are.
fn replicates_needed(test: &Effects, factor: f64, error: f64) -> Option<u32> {
    let (standard_error, freedom) = test.standard_error()?;
    let deviation = standard_error * (freedom + 1.0).sqrt();
    let enough = |n: u32| {
        let t = test.value() * f64::from(n).sqrt() / deviation;
        factor * two_sided(t, f64::from(n) - 1.0) <= error
    };
    let (mut few, mut many) = (freedom as u32 + 1, 10_000);
    if test.value() <= 0.0 || few >= many || !enough(many) {
        return None;
    }
    while many - few > 1 {
        let middle = few + (many - few) / 2;
        match enough(middle) {
            true => many = middle,
            false => few = middle,
        }
    }
    Some(many)
}

/// The schemes' mean scores by replicate, to be permuted within replicates.
pub(super) struct Permuted<'s> {
    /// Of each scheme its mean score in each replicate; without schemes where not all have the same
    /// groups and replicates.
    pub(super) rows: BTreeMap<&'s str, Vec<f64>>,
    pub(super) identity: Identity,
}

impl<'s> Permuted<'s> {
    fn new(sides: &BTreeMap<&'s str, SchemeTrials>, leader: &str, worst: f64, what: &str) -> Self {
        let by_replicate = |side: &SchemeTrials| -> BTreeMap<(usize, u32), Vec<f64>> {
            let mut scores: BTreeMap<(usize, u32), Vec<f64>> = BTreeMap::new();
            for (i, group) in side.groups.values().enumerate() {
                let units = group.units();
                for (seeds, values) in units.seeds().iter().zip(units.each()) {
                    let values = values.iter().map(|x| x.min(worst));
                    scores.entry((i, seeds[0])).or_default().extend(values);
                }
            }
            scores
        };
        let keys = |side: &SchemeTrials| -> (Vec<Vec<u32>>, Vec<(usize, u32)>) {
            let scores = by_replicate(side).into_keys().collect();
            (side.groups.keys().cloned().collect(), scores)
        };
        let wanted = sides.get(leader).map(keys);
        let mut rows = BTreeMap::new();
        for (scheme, side) in sides {
            if Some(keys(side)) != wanted {
                continue;
            }
            let mut by: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            for ((_, replicate), values) in by_replicate(side) {
                by.entry(replicate).or_default().push(mean(&values));
            }
            rows.insert(*scheme, by.values().map(|values| mean(values)).collect());
        }
        Permuted {
            rows,
            identity: Identity::new(["ranking", what]),
        }
    }

    fn schemes(&self) -> BTreeSet<&'s str> {
        self.rows.keys().copied().collect()
    }

    /// The probability of a range of the means of `schemes`, relative to the median spread, of at
    /// least `difference`, if schemes are permuted within each replicate. `None` where there are so
    /// many replicates that the question does not arise, or so few permutations that none is improbable.
    fn p_value(&self, schemes: &BTreeSet<&str>, difference: f64, error: f64) -> Option<f64> {
        let columns: Vec<&Vec<f64>> = schemes.iter().filter_map(|s| self.rows.get(s)).collect();
        let (count, replicates) = (columns.len(), columns.first()?.len());
        let orders: f64 = (2..=count).map(|i| libm::log(i as f64)).sum::<f64>() * (replicates as f64 - 1.0);
        if !(2..=MOST_PERMUTED).contains(&replicates) || orders < -libm::log(error) {
            return None;
        }
        let mut table = Permutation::new(&columns);
        table.sum();
        let observed = difference / table.spread();
        let mut stream = self.identity.clone().and(schemes.iter().copied()).stream();
        let exceeds = |_: &usize| {
            table.permute(&mut stream);
            table.sum();
            // A hair less: the same sum in another order is the same range.
            table.range() / table.spread() >= observed * (1.0 - 1e-9)
        };
        let all = permutations(error);
        let as_great = (0..all).filter(exceeds).count();
        Some((as_great + 1) as f64 / (all + 1) as f64)
    }
}

/// Values of schemes that are permuted within replicates.
struct Permutation {
    /// Replicate by replicate, those of each scheme, less the replicate's mean, which no permutation
    /// changes.
    values: Vec<f64>,
    schemes: usize,
    replicates: f64,
    /// Mean and variance of each scheme.
    means: Vec<f64>,
    variances: Vec<f64>,
}

impl Permutation {
    /// Of the values of each scheme by replicate.
    fn new(schemes: &[&Vec<f64>]) -> Self {
        let replicates = schemes.first().map_or(0, |of| of.len());
        let mut values = Vec::with_capacity(schemes.len() * replicates);
        for replicate in 0..replicates {
            let row: Vec<f64> = schemes.iter().map(|of| of[replicate]).collect();
            let centre = mean(&row);
            values.extend(row.iter().map(|x| x - centre));
        }
        Permutation {
            values,
            schemes: schemes.len(),
            replicates: replicates as f64,
            means: vec![0.0; schemes.len()],
            variances: vec![0.0; schemes.len()],
        }
    }

    fn permute(&mut self, stream: &mut Stream) {
        self.values
            .chunks_exact_mut(self.schemes)
            .for_each(|row| stream.shuffle(row));
    }

    /// Means and variances of the schemes. The sums of all schemes grow together, a replicate at a time:
    /// each is that of [`mean`] and [`variance`].
    fn sum(&mut self) {
        self.means.fill(0.0);
        self.variances.fill(0.0);
        for row in self.values.chunks_exact(self.schemes) {
            self.means.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        for mean in &mut self.means {
            *mean /= self.replicates;
        }
        for row in self.values.chunks_exact(self.schemes) {
            let sums = self.variances.iter_mut().zip(&self.means);
            sums.zip(row)
                .for_each(|((sum, mean), x)| *sum += (x - mean) * (x - mean));
        }
        for variance in &mut self.variances {
            *variance /= self.replicates - 1.0;
        }
    }

    /// Greatest less least mean of a scheme.
    fn range(&self) -> f64 {
        let greatest = self.means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        greatest - self.means.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The median of the schemes' deviations, never 0. The variances are in another order then.
    fn spread(&mut self) -> f64 {
        self.variances.sort_unstable_by(f64::total_cmp);
        quantile(&self.variances, 0.5).sqrt().max(1e-300)
    }
}

/// The axes on which trials of two schemes must agree to be compared: the rate where rates are
/// pooled, else a scheme would be called better for what a rate does to both.
fn compared_on(group: &Group, rivals: &Group) -> &'static [Axis] {
    match group.pooled || rivals.pooled {
        true => &[Axis::LearningRate],
        false => &[],
    }
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
mod tests;
