//! Percentile bootstrap with stable bytes: for what is no mean and no median, the share of trials in a
//! performance profile and the best learning rate of a claim.

use sha2::{Digest as _, Sha256};

use super::interval::Interval;
use super::{Units, quantile};
use crate::random::{Key, Purpose, Stream};

pub const DRAWS: usize = 2000;

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
        match stratum.crossing() {
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
                .crossing()
                .map_or(stratum.len(), |c| c.sizes().iter().sum());
            let (times, others) = rest.split_at(drawn);
            match stratum.crossing() {
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
