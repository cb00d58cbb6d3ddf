//! Stratified percentile bootstrap with stable bytes.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::{Crossing, quantile};
use crate::random::{Key, Purpose, Stream};

/// Resamples behind every interval of the tables and claims.
pub const DRAWS: usize = 2000;

/// Level of the intervals in tables.
pub const LEVEL: f64 = 0.95;

/// What an interval is about. Its draws are seeded by this and by nothing else, so that other
/// cells, metrics and claims leave its bytes alone.
#[derive(Debug, Clone)]
pub struct Identity(Sha256);

impl Identity {
    /// An identity made of these texts, in this order.
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        Identity(Sha256::new()).and(parts)
    }

    /// This identity, narrowed by further texts.
    #[must_use]
    pub fn and<'a>(mut self, parts: impl IntoIterator<Item = &'a str>) -> Self {
        for part in parts {
            // The length keeps ("ab", "c") apart from ("a", "bc").
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part.as_bytes());
        }
        self
    }

    /// Its stream of draws.
    pub fn stream(&self) -> Stream {
        let digest = self.0.clone().finalize();
        let half = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&digest[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        Key::new(half(0), half(8), Purpose::Bootstrap).stream(0)
    }
}

/// An interval estimate. Either end may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Nothing is known.
    pub const UNBOUNDED: Interval = Interval {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };

    /// Whether `x` lies in it, ends included.
    pub fn contains(self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }
}

/// A figure with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Its 95% bootstrap interval; `None` for fewer than two units.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// `statistic` of the values of `units`, with the interval that `identity` seeds.
    pub fn new(identity: &Identity, units: Units<f64>, statistic: fn(&[f64]) -> f64) -> Self {
        Estimate {
            value: statistic(units.values()),
            interval: interval_of_strata(identity, &[units], LEVEL, |strata| statistic(&strata[0])),
        }
    }

    /// The figure and the ends of its interval, for a table: what is not finite has no cell.
    pub fn cells(self) -> (Option<f64>, Option<f64>, Option<f64>) {
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let low = self.interval.and_then(|i| finite(i.low));
        let high = self.interval.and_then(|i| finite(i.high));
        (finite(self.value), low, high)
    }
}

/// So many units are drawn at a time, in whole resamples.
const UNITS_AT_ONCE: usize = 1 << 16;

/// Resamples the units of each stratum apart, with replacement, `draws` times, and returns what
/// `statistic` says of each resample. `sizes` are the units per stratum; `statistic` is told how
/// many times each unit was drawn, stratum behind stratum.
///
/// Where there are many units, some resamples are drawn while `statistic` looks at those before:
/// by two threads of the rayon pool that this is called in, if it has two.
pub fn resample<T: Send>(
    stream: &mut Stream,
    sizes: &[usize],
    draws: usize,
    mut statistic: impl FnMut(&[u32]) -> T + Send,
) -> Vec<T> {
    let units: usize = sizes.iter().sum();
    if units == 0 {
        return (0..draws).map(|_| statistic(&[])).collect();
    }
    let block = (UNITS_AT_ONCE / units).clamp(1, draws.max(1));
    let mut draw = |resamples: &mut [u32]| {
        resamples.fill(0);
        for resample in resamples.chunks_exact_mut(units) {
            let mut rest = resample;
            for n in sizes {
                let (stratum, others) = rest.split_at_mut(*n);
                for _ in 0..*n {
                    stratum[stream.below(*n as u32) as usize] += 1;
                }
                rest = others;
            }
        }
    };
    let mut values = Vec::with_capacity(draws);
    let (mut now, mut next) = (vec![0; block * units], vec![0; block * units]);
    draw(&mut now[..block.min(draws) * units]);
    while values.len() < draws {
        let count = block.min(draws - values.len());
        let ahead = block.min(draws - values.len() - count);
        let look = || values.extend(now[..count * units].chunks_exact(units).map(&mut statistic));
        rayon::join(|| draw(&mut next[..ahead * units]), look);
        std::mem::swap(&mut now, &mut next);
    }
    values
}

/// [`resample`] of the units of each stratum; where they are crossed, of the seeds of each factor.
pub fn resample_units<U: Copy + Sync, T: Send>(
    stream: &mut Stream,
    strata: &[Units<U>],
    draws: usize,
    mut statistic: impl FnMut(&[u32]) -> T + Send,
) -> Vec<T> {
    let mut sizes = Vec::new();
    for stratum in strata {
        match &stratum.crossing {
            Some(crossing) => sizes.extend(crossing.sizes()),
            None => sizes.push(stratum.len()),
        }
    }
    let mut counts = Vec::new();
    resample(stream, &sizes, draws, |times| {
        counts.clear();
        let mut rest = times;
        for stratum in strata {
            let drawn = stratum
                .crossing
                .as_ref()
                .map_or(stratum.len(), |c| c.sizes().iter().sum());
            let (times, others) = rest.split_at(drawn);
            match &stratum.crossing {
                Some(crossing) => counts.extend(crossing.counts(times)),
                None => counts.extend(times),
            }
            rest = others;
        }
        statistic(&counts)
    })
}

/// The percentile interval at `level` (0.95: from the 2.5th to the 97.5th percentile) of the
/// values of resamples. A statistic that is undefined (infinity less infinity) in any resample
/// bounds nothing.
pub fn percentile_interval(mut values: Vec<f64>, level: f64) -> Interval {
    if values.is_empty() || values.iter().any(|x| x.is_nan()) {
        return Interval::UNBOUNDED;
    }
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Interval {
        low: quantile(&values, tail),
        high: quantile(&values, 1.0 - tail),
    }
}

/// The values of a stratum, in units that are drawn whole: one value each, or what one replicate
/// scored at several learning rates.
#[derive(Debug, Clone, PartialEq)]
pub struct Units<T> {
    /// Unit by unit.
    values: Vec<T>,
    /// Where each unit ends in `values`.
    ends: Vec<usize>,
    /// How units hang together, if they do.
    crossing: Option<Crossing>,
}

impl<T: Copy> Units<T> {
    /// Every value is a unit.
    pub fn single(values: Vec<T>) -> Self {
        let ends = (1..=values.len()).collect();
        Units {
            values,
            ends,
            crossing: None,
        }
    }

    /// The values of trials that have these seeds: of replicate, weights, order and data. The units
    /// are replicates; where there is but one, the combinations of seeds, which hang together if
    /// they are crossed.
    pub fn of_trials(trials: impl IntoIterator<Item = ([u32; 4], T)>) -> Self {
        let trials: Vec<([u32; 4], T)> = trials.into_iter().collect();
        if trials.iter().any(|(seeds, _)| seeds[0] != trials[0].0[0]) {
            return Units::grouped(trials.into_iter().map(|(seeds, value)| (seeds[0], value)));
        }
        let mut seen = BTreeSet::new();
        let seeds = trials.iter().map(|([_, seeds @ ..], _)| *seeds);
        let seeds: Vec<[u32; 3]> = seeds.filter(|seeds| seen.insert(*seeds)).collect();
        Units {
            crossing: Crossing::of(&seeds),
            ..Units::grouped(trials)
        }
    }

    /// Values with equal keys are a unit. Units stand in the order in which their keys first come,
    /// and values in theirs.
    pub fn grouped<K: Ord>(values: impl IntoIterator<Item = (K, T)>) -> Self {
        let mut places: BTreeMap<K, usize> = BTreeMap::new();
        let mut units: Vec<Vec<T>> = Vec::new();
        for (key, value) in values {
            let place = *places.entry(key).or_insert(units.len());
            if place == units.len() {
                units.push(Vec::new());
            }
            units[place].push(value);
        }
        let ends = units.iter().scan(0, |end, unit| {
            *end += unit.len();
            Some(*end)
        });
        Units {
            ends: ends.collect(),
            values: units.concat(),
            crossing: None,
        }
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All values.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The values with the place of their unit, unit by unit.
    pub fn placed(&self) -> impl Iterator<Item = (usize, T)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let units = starts.zip(&self.ends).enumerate();
        units.flat_map(|(unit, (start, end))| self.values[start..*end].iter().map(move |v| (unit, *v)))
    }
}

/// The values of a stratum in ascending order, each with its unit: sorted once, so that those of a
/// resample come in order too, and need no sorting for a median.
#[derive(Debug, Clone)]
pub struct Ascending {
    values: Vec<(usize, f64)>,
    units: usize,
}

impl Ascending {
    /// Sorts what `pick` takes from the values of `units`.
    pub fn new<T: Copy>(units: &Units<T>, pick: impl Fn(T) -> f64) -> Self {
        let mut values: Vec<(usize, f64)> = units.placed().map(|(unit, v)| (unit, pick(v))).collect();
        values.sort_by(|a, b| a.1.total_cmp(&b.1));
        Ascending {
            values,
            units: units.len(),
        }
    }

    /// Puts the values into `place` in ascending order, each as many times as its unit was drawn.
    pub fn draw_into(&self, times: &[u32], place: &mut Vec<f64>) {
        // How often a unit was drawn is anybody's guess, a processor's too: that many copies are
        // written in any case, and what is too many is overwritten by the next value.
        const COPIES: usize = 4;
        let mut end = 0;
        for (unit, value) in &self.values {
            let drawn = times[*unit] as usize;
            if place.len() < end + drawn.max(COPIES) {
                place.resize(end + drawn.max(COPIES), 0.0);
            }
            place[end..end + COPIES].fill(*value);
            if drawn > COPIES {
                place[end..end + drawn].fill(*value);
            }
            end += drawn;
        }
        place.truncate(end);
    }
}

/// Puts the values of all `strata` into their `places`; `times` are those of [`resample`].
pub fn draw_all_into(strata: &[Ascending], times: &[u32], places: &mut [Vec<f64>]) {
    let mut rest = times;
    for (stratum, place) in strata.iter().zip(places) {
        let (times, others) = rest.split_at(stratum.units);
        stratum.draw_into(times, place);
        rest = others;
    }
}

/// The interval of `statistic` over several strata (cells, datasets), each resampled apart and
/// given in ascending order. `None` where no stratum has two units.
pub fn interval_of_strata(
    identity: &Identity,
    strata: &[Units<f64>],
    level: f64,
    statistic: impl Fn(&[Vec<f64>]) -> f64 + Sync,
) -> Option<Interval> {
    if strata.iter().all(|s| s.len() < 2) {
        return None;
    }
    let ascending: Vec<Ascending> = strata.iter().map(|s| Ascending::new(s, |x| x)).collect();
    let mut resampled = vec![Vec::new(); strata.len()];
    let values = resample_units(&mut identity.stream(), strata, DRAWS, |times| {
        draw_all_into(&ascending, times, &mut resampled);
        statistic(&resampled)
    });
    Some(percentile_interval(values, level))
}
