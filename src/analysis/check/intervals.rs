//! The interval of what a claim compares.
//!
//! - A mean, an interquartile mean, a sum: Student's t ([`Effects`]), within what the metric can be;
//!   differences are paired by unit. A standard deviation or variance: the jackknife, by its logarithm;
//!   so a ratio.
//! - A fraction or number of independent trials: Clopper and Pearson ([`share_interval`]). A difference
//!   of two, from their intervals ([`Estimate::less`]). Where a unit has several trials, Student's t.
//! - A median: the order statistics of the values ([`order_interval`]), in a difference or a ratio those
//!   of the pairs; where not every unit of the one side has one on the other, from the ends of the two
//!   medians' intervals, each at the level that makes both hold.
//! - A least or a greatest value has no interval; the note says how many further trials may lie beyond
//!   it ([`share_beyond`]).
//! - The least step, the spread and the rank are made of differences. That *all* differences satisfy
//!   something is asked of each at the level of the claim; that *some* one does, at a level shared among
//!   all of them (Bonferroni).

use crate::experiment::Claim;
use crate::experiment::claim::{Aggregate, Metric, Relation, Side, Transform};

use super::aggregate::aggregate;
use super::samples::{Sample, Value, transform};
use crate::analysis::stats::compare::difference;
use crate::analysis::stats::interval::{
    OrderInterval, band_interval, median_interval, order_interval, share_beyond, share_interval,
    skewed_mean_interval,
};
use crate::analysis::stats::{Effects, Estimate, Interval, Units, median};
use crate::row::Domain;

/// The interval of a figure.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    /// `None` where there is none.
    pub interval: Option<Interval>,
    /// Of an interval between order statistics the level that it attains, and the number of values.
    pub attained: Option<(f64, usize)>,
    /// It is the least or greatest of values of so many units, and has no interval.
    pub extreme: Option<usize>,
    /// The values show no spread that Student's t could go by: all are equal, or some infinite.
    pub flat: bool,
    /// Where it is Student's of one sample, or of plain means, which no difference makes symmetric: the interval that
    /// holds for any law within what the metric can be.
    pub of_any_law: Option<Interval>,
    /// Where it is Student's of a plain mean, or of a difference of two: the interval that allows for skewness.
    pub skewed: Option<Interval>,
}

impl Bounds {
    /// Whether it is an interval of `units` that has the `level` asked for. That of values without a
    /// spread has the level of their median's (see [`order_interval`]).
    pub fn has_level(self, level: f64, units: usize) -> bool {
        let of_median = 1.0 - libm::exp2(1.0 - units as f64);
        let attained = self.attained.map_or(1.0, |(attained, _)| attained);
        let flat = if self.flat { of_median } else { 1.0 };
        self.interval.is_some() && self.extreme.is_none() && attained.min(flat) >= level - 1e-9
    }

    /// What the reader must know of it.
    pub fn note(self, level: f64) -> Option<String> {
        let percent = |x: f64| (x * 1e4).floor() / 100.0;
        if let Some(values) = self.extreme {
            return Some(format!(
                "a least or greatest value has no interval: the verdict is of the {values} trials at hand; \
                 with {}% confidence at most {:.0}% of further trials lie beyond it",
                percent(level),
                100.0 * share_beyond(values, level)
            ));
        }
        let (attained, values) = self.attained.filter(|(attained, _)| *attained < level - 1e-9)?;
        Some(format!(
            "{values} values give a median an interval of at most {}%, not {}%",
            percent(attained),
            percent(level)
        ))
    }

    /// The interval from `low` of this to `high` of another one.
    fn to(self, other: Bounds) -> Bounds {
        let ends = self.interval.zip(other.interval);
        let attained = match (self.attained, other.attained) {
            (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
            (a, b) => a.or(b),
        };
        Bounds {
            interval: ends.map(|(a, b)| Interval::new(a.low, b.high)),
            attained,
            extreme: match (self.extreme, other.extreme) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            flat: self.flat || other.flat,
            of_any_law: None,
            skewed: None,
        }
    }

    fn map(self, change: impl Fn(Interval) -> Interval) -> Bounds {
        Bounds {
            interval: self.interval.map(change),
            ..self
        }
    }
}

impl From<Option<Interval>> for Bounds {
    fn from(interval: Option<Interval>) -> Self {
        Bounds {
            interval,
            flat: interval.is_some_and(|i| !(i.low < i.high && (i.high - i.low).is_finite())),
            ..Bounds::default()
        }
    }
}

impl From<Option<OrderInterval>> for Bounds {
    fn from(found: Option<OrderInterval>) -> Self {
        Bounds {
            interval: found.map(|i| i.interval),
            attained: found.map(|i| (i.level, i.values)),
            ..Bounds::default()
        }
    }
}

/// One side, or one value of the axis.
enum Figure {
    /// Nearly a mean.
    Smooth(Effects),
    /// One that varies in proportion to itself.
    Scale(Effects),
    /// So many hits of so many independent trials, times a factor.
    Share(usize, usize, f64),
    Median(Units<f64>),
    /// The number of units.
    Extreme(usize),
}

impl Figure {
    fn new(claim: &Claim, units: Units<f64>) -> Self {
        let (how, possible) = (claim.aggregate, possible(claim));
        let count = units.values().len() as f64;
        match how {
            Aggregate::Mean if is_binary(&claim.metric) => Figure::share(&units, 1.0),
            Aggregate::Sum if is_binary(&claim.metric) => Figure::share(&units, count),
            Aggregate::Mean => Figure::Smooth(Effects::mean(&units).within(possible)),
            Aggregate::Iqm => Figure::Smooth(Effects::interquartile_mean(&units).within(possible)),
            Aggregate::Sum => Figure::Smooth(Effects::mean(&units).within(possible).times(count)),
            Aggregate::Fraction(op, bound) => {
                let satisfies = units.map(|x| f64::from(u8::from(op.holds(x, bound))));
                Figure::share(&satisfies, 1.0)
            }
            Aggregate::Std | Aggregate::Var => {
                Figure::Scale(Effects::jackknife(&units, |values| aggregate(how, values)))
            }
            Aggregate::Median => Figure::Median(units),
            Aggregate::Min | Aggregate::Max => Figure::Extreme(units.len()),
        }
    }

    /// `factor` times the share of the values that are 1, where the others are 0.
    fn share(units: &Units<f64>, factor: f64) -> Self {
        if !units.are_single() {
            return Figure::Smooth(Effects::mean(units).within((0.0, 1.0)).times(factor));
        }
        let hits = units.values().iter().filter(|x| **x > 0.0).count();
        Figure::Share(hits, units.values().len(), factor)
    }

    /// A mean or a share with its interval; `None` for other figures.
    fn estimate(&self, level: f64) -> Option<Estimate> {
        let value = match self {
            Figure::Smooth(effects) | Figure::Scale(effects) => effects.value(),
            Figure::Share(hits, trials, factor) => factor * *hits as f64 / *trials as f64,
            Figure::Median(_) | Figure::Extreme(_) => return None,
        };
        let interval = self.bounds(level).interval;
        Some(Estimate { value, interval })
    }

    fn bounds(&self, level: f64) -> Bounds {
        match self {
            Figure::Smooth(effects) => effects.interval(level).into(),
            Figure::Scale(effects) => effects.interval_of_scale(level).into(),
            Figure::Median(units) => median_interval(units, level).into(),
            Figure::Share(hits, trials, factor) => {
                let share = share_interval(*hits as f64, *trials as f64, level);
                Some(Interval::new(factor * share.low, factor * share.high)).into()
            }
            Figure::Extreme(units) => Bounds {
                extreme: Some(*units),
                ..Bounds::default()
            },
        }
    }

    /// Of this less `other`.
    fn less(&self, other: &Figure, level: f64) -> Bounds {
        match (self, other) {
            (Figure::Smooth(x) | Figure::Scale(x), Figure::Smooth(y) | Figure::Scale(y)) => {
                x.clone().plus(-1.0, y).interval(level).into()
            }
            (Figure::Median(x), Figure::Median(y)) => medians(x, y, level, difference, |x, y| {
                Interval::new(difference(x.low, y.high), difference(x.high, y.low))
            }),
            _ => match (self.estimate(level), other.estimate(level)) {
                (Some(x), Some(y)) => x.less(y).interval.into(),
                _ => self.unbounded(other, level),
            },
        }
    }

    /// What is known where nothing is computed: the notes of both.
    fn unbounded(&self, other: &Figure, level: f64) -> Bounds {
        let both = self.bounds(level).to(other.bounds(level));
        both.map(|_| Interval::UNBOUNDED)
    }

    /// Of this over `other`.
    fn over(&self, other: &Figure, level: f64) -> Bounds {
        match (self, other) {
            (Figure::Smooth(x) | Figure::Scale(x), Figure::Smooth(y) | Figure::Scale(y)) => {
                x.over(y).interval_of_scale(level).into()
            }
            (Figure::Median(x), Figure::Median(y)) => medians(x, y, level, |x, y| x / y, quotient),
            _ => {
                let apart = 1.0 - (1.0 - level) / 2.0;
                let ends = self.estimate(apart).zip(other.estimate(apart));
                match ends.and_then(|(x, y)| x.interval.zip(y.interval)) {
                    Some((x, y)) => Some(quotient(x, y)).into(),
                    None => self.unbounded(other, level),
                }
            }
        }
    }
}

/// `bounds` with the intervals that are safer, of independent `values` within `range`, whose mean or interquartile
/// mean the figure is.
fn with_safer(bounds: Bounds, claim: &Claim, values: &[f64], range: (f64, f64)) -> Bounds {
    let level = claim.confidence;
    let is_mean = claim.aggregate == Aggregate::Mean;
    let trim = if is_mean { 0.0 } else { 0.25 };
    Bounds {
        of_any_law: Some(band_interval(values, trim, range, level)),
        skewed: is_mean.then(|| skewed_mean_interval(values, level)),
        ..bounds
    }
}

/// The differences of two sides, where those are independent of each other.
fn differences(x: &Units<f64>, y: &Units<f64>) -> Option<Vec<f64>> {
    let pairs = paired(x, y).filter(|_| x.crossing().is_none() && y.crossing().is_none())?;
    Some(pairs.into_iter().map(|(x, y)| difference(x, y)).collect())
}

/// Whether every value of the metric is 0 or 1.
fn is_binary(metric: &Metric) -> bool {
    match metric {
        Metric::Ended(_) => true,
        Metric::Probe { across, .. } => metric.domain() == Some(Domain::Flag) && keeps_range(*across),
        _ => false,
    }
}

/// Whether what is made of the layers of a trial lies between the least and the greatest of them.
fn keeps_range(across: Aggregate) -> bool {
    use Aggregate::{Iqm, Max, Mean, Median, Min};
    matches!(across, Median | Mean | Iqm | Min | Max)
}

/// The least and the greatest value that a trial can have of the metric of `claim`, transformed.
fn possible(claim: &Claim) -> (f64, f64) {
    let unbounded = (f64::NEG_INFINITY, f64::INFINITY);
    let (low, high) = match &claim.metric {
        Metric::TimeTo { .. } => (0.0, f64::INFINITY),
        Metric::Ended(_) => (0.0, 1.0),
        Metric::Steps { .. } | Metric::BestRate { .. } => unbounded,
        Metric::Layer { across, .. } | Metric::Probe { across, .. } if !keeps_range(*across) => unbounded,
        metric => metric.domain().map_or(unbounded, Domain::range),
    };
    match claim.transform {
        Transform::Identity => (low, high),
        // From 0 on, all of them rise.
        how if low >= 0.0 => (transform(how, low), transform(how, high)),
        _ => unbounded,
    }
}

/// The range of quotients; unbounded where the divisor may be 0.
fn quotient(x: Interval, y: Interval) -> Interval {
    if y.low <= 0.0 && y.high >= 0.0 {
        return Interval::UNBOUNDED;
    }
    let all = [x.low / y.low, x.low / y.high, x.high / y.low, x.high / y.high];
    let unbounded = all.iter().any(|q| q.is_nan());
    match unbounded {
        true => Interval::UNBOUNDED,
        false => Interval::new(
            all.iter().copied().fold(f64::INFINITY, f64::min),
            all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ),
    }
}

/// The values of two sides by seeds, where each has one for each of the same seeds.
fn paired(x: &Units<f64>, y: &Units<f64>) -> Option<Vec<(f64, f64)>> {
    let by_seeds = |units: &Units<f64>| -> std::collections::BTreeMap<_, f64> {
        let seeds = units.seeds().iter().copied();
        seeds.zip(units.values().iter().copied()).collect()
    };
    let (ours, theirs) = (by_seeds(x), by_seeds(y));
    let single = x.are_single() && y.are_single();
    (single && ours.keys().eq(theirs.keys())).then(|| ours.into_values().zip(theirs.into_values()).collect())
}

/// The interval of two medians, compared by `pairwise`, or `ends` of their intervals.
fn medians(
    x: &Units<f64>,
    y: &Units<f64>,
    level: f64,
    pairwise: impl Fn(f64, f64) -> f64,
    ends: impl Fn(Interval, Interval) -> Interval,
) -> Bounds {
    if let Some(pairs) = paired(x, y) {
        let pairs: Vec<f64> = pairs.into_iter().map(|(x, y)| pairwise(x, y)).collect();
        if pairs.iter().any(|x| x.is_nan()) {
            return Some(Interval::UNBOUNDED).into();
        }
        // The difference of the medians is not quite the median of the differences.
        let figure = pairwise(median(x.values()), median(y.values()));
        return Bounds::from(order_interval(&pairs, level)).map(|i| i.with(figure));
    }
    let apart = 1.0 - (1.0 - level) / 2.0;
    let (a, b) = (median_interval(x, apart), median_interval(y, apart));
    let Some((a, b)) = a.zip(b) else {
        return Bounds::default();
    };
    Bounds {
        interval: Some(ends(a.interval, b.interval)),
        attained: Some((a.level + b.level - 1.0, a.values.min(b.values))),
        ..Bounds::default()
    }
}

/// What is compared with a threshold, where something is.
fn side_of(relation: &Relation) -> Option<Side> {
    match relation {
        Relation::Compare { side, .. } | Relation::Within { side, .. } => Some(*side),
        _ => None,
    }
}

/// The interval of the figure of `claim`, at its level, where `pick` gives the value of a trial.
pub(super) fn bounds(claim: &Claim, samples: &[Sample], pick: impl Fn(&Value) -> f64 + Copy) -> Bounds {
    let level = claim.confidence;
    let figures: Vec<Figure> = samples
        .iter()
        .map(|sample| Figure::new(claim, sample.units(pick)))
        .collect();
    let shared = |count: usize| 1.0 - (1.0 - level) / count.max(1) as f64;
    // Of several: the least (or greatest) of the ends.
    let all = |bounds: &[Bounds], end: fn(Interval) -> f64, least: bool| -> Option<f64> {
        let ends: Option<Vec<f64>> = bounds.iter().map(|b| b.interval.map(end)).collect();
        let pick = if least { f64::min } else { f64::max };
        ends?.into_iter().reduce(pick)
    };
    let of_all = |each: &[Bounds], low: Option<f64>, high: Option<f64>| -> Bounds {
        let joined = each.iter().copied().reduce(Bounds::to).unwrap_or_default();
        Bounds {
            interval: low.zip(high).map(|(low, high)| Interval::new(low, high)),
            ..joined
        }
    };
    let by_student = matches!(figures.first(), Some(Figure::Smooth(_) | Figure::Scale(_)));
    let means = claim.aggregate == Aggregate::Mean && by_student;
    let found = match &claim.relation {
        Relation::Compare { side, .. } | Relation::Within { side, .. } => match (side, figures.as_slice()) {
            (Side::Left, [left, ..]) => match claim.aggregate {
                Aggregate::Mean | Aggregate::Iqm if by_student => {
                    let (bounds, units) = (left.bounds(level), samples[0].units(pick));
                    match units.are_single() && units.crossing().is_none() {
                        true => with_safer(bounds, claim, units.values(), possible(claim)),
                        false => bounds,
                    }
                }
                _ => left.bounds(level),
            },
            (Side::Difference | Side::AbsoluteDifference, [left, right, ..]) => {
                let bounds = left.less(right, level);
                // Means see what is rare on one side alone, and then no difference is symmetric.
                let apart = means.then(|| differences(&samples[0].units(pick), &samples[1].units(pick)));
                let (least, most) = possible(claim);
                match apart.flatten() {
                    Some(values) => with_safer(bounds, claim, &values, (least - most, most - least)),
                    None => bounds,
                }
            }
            (Side::Ratio, [left, right, ..]) => left.over(right, level),
            _ => Bounds::default(),
        },
        Relation::Monotone { increasing, .. } => {
            let steps = |level: f64| -> Vec<Bounds> {
                let step = |w: &[Figure]| match increasing {
                    true => w[1].less(&w[0], level),
                    false => w[0].less(&w[1], level),
                };
                figures.windows(2).map(step).collect()
            };
            let (each, any) = (steps(level), steps(shared(figures.len().saturating_sub(1))));
            of_all(&each, all(&each, |i| i.low, true), all(&any, |i| i.high, true))
        }
        Relation::Spread { .. } => {
            let pairs = |level: f64| -> Vec<Bounds> {
                let ordered = |i: usize| (0..figures.len()).filter(move |j| *j != i).map(move |j| (i, j));
                let pairs = (0..figures.len()).flat_map(ordered);
                pairs.map(|(i, j)| figures[i].less(&figures[j], level)).collect()
            };
            let count = figures.len() * figures.len().saturating_sub(1) / 2;
            let (each, any) = (pairs(level), pairs(shared(count)));
            let low = all(&any, |i| i.low, false).map(|low| low.max(0.0));
            of_all(&each, low, all(&each, |i| i.high, false))
        }
        Relation::Rank { at_most, .. } => {
            let Some((left, rivals)) = figures.split_first() else {
                return Bounds::default();
            };
            let Some(higher) = claim.metric.higher_is_better() else {
                return Bounds::default();
            };
            // By how much each rival is better.
            let better = |level: f64| -> Vec<Bounds> {
                let rival = |rival: &Figure| match higher {
                    true => rival.less(left, level),
                    false => left.less(rival, level),
                };
                rivals.iter().map(rival).collect()
            };
            let any = better(shared(rivals.len()));
            // That none is better is asked of each at the level of the claim.
            let each = if *at_most == 1 { better(level) } else { any.clone() };
            let count = |bounds: &[Bounds], is: fn(Interval) -> bool| {
                let found: Option<Vec<bool>> = bounds.iter().map(|b| b.interval.map(is)).collect();
                found.map(|found| 1.0 + found.iter().filter(|is| **is).count() as f64)
            };
            of_all(
                &each,
                count(&any, |i| i.low > 0.0),
                count(&each, |i| i.high > 0.0),
            )
        }
    };
    // No interval is known that holds for any law of whatever else is made of plain means, or of one side.
    let waits = means || by_student && side_of(&claim.relation) == Some(Side::Left);
    Bounds {
        of_any_law: found.of_any_law.or(waits.then_some(Interval::UNBOUNDED)),
        ..found
    }
}
