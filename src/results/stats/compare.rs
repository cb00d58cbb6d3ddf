//! Comparing two schemes.

use super::bootstrap::{self, DRAWS, Identity, Interval};

/// Probability that a trial of `x` scores above one of `y`, ties counted half: the Mann-Whitney
/// statistic over the number of pairs (rliable's `probability_of_improvement` for one task). NaN
/// if either is empty.
pub fn probability_of_improvement(x: &[f64], y: &[f64]) -> f64 {
    let mut halves = 0u64;
    for a in x {
        for b in y {
            halves += if a > b { 2 } else { u64::from(a == b) };
        }
    }
    halves as f64 / (2 * x.len() * y.len()) as f64
}

/// Trials of two schemes that share cell, replicate, sample order and data, cell by cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Paired(Vec<Vec<(f64, f64)>>);

impl Paired {
    /// Pairs of scores, a stratum for each cell.
    pub fn new(strata: Vec<Vec<(f64, f64)>>) -> Self {
        Paired(strata)
    }

    /// Number of pairs.
    pub fn count(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// `statistic` of the first scores, stratum by stratum, less that of the second ones.
    pub fn difference(&self, statistic: impl Fn(&[Vec<f64>]) -> f64) -> f64 {
        let (x, y): (Vec<Vec<f64>>, Vec<Vec<f64>>) =
            self.0.iter().map(|pairs| pairs.iter().copied().unzip()).unzip();
        difference(statistic(&x), statistic(&y))
    }

    /// The bootstrap interval of [`Paired::difference`]: pairs stay together and strata apart
    /// (for one stratum SciPy's `bootstrap(..., paired=True, method="percentile")`). `None` where
    /// no stratum has two pairs.
    pub fn interval(
        &self,
        identity: &Identity,
        level: f64,
        statistic: impl Fn(&[Vec<f64>]) -> f64,
    ) -> Option<Interval> {
        if self.0.iter().all(|pairs| pairs.len() < 2) {
            return None;
        }
        let sizes: Vec<usize> = self.0.iter().map(Vec::len).collect();
        let mut resampled = self.clone();
        let values = bootstrap::resample(&mut identity.stream(), &sizes, DRAWS, |indices| {
            for ((place, pairs), drawn) in resampled.0.iter_mut().zip(&self.0).zip(indices) {
                place.clear();
                place.extend(drawn.iter().map(|i| pairs[*i]));
            }
            resampled.difference(&statistic)
        });
        Some(bootstrap::percentile_interval(values, level))
    }
}

/// `x - y`, where two equal infinities (both trials diverged) differ by nothing.
pub fn difference(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { x - y }
}
