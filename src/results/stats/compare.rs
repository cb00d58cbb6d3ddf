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

    /// `statistic` of the first scores, all strata pooled, less that of the second ones.
    pub fn difference(&self, statistic: impl Fn(&[f64]) -> f64) -> f64 {
        let (x, y): (Vec<f64>, Vec<f64>) = self.0.iter().flatten().copied().unzip();
        difference(statistic(&x), statistic(&y))
    }

    /// The bootstrap interval of [`Paired::difference`]: pairs stay together and strata apart
    /// (for one stratum SciPy's `bootstrap(..., paired=True, method="percentile")`). `None` where
    /// no stratum has two pairs.
    pub fn interval(
        &self,
        identity: &Identity,
        level: f64,
        statistic: impl Fn(&[f64]) -> f64,
    ) -> Option<Interval> {
        if self.0.iter().all(|pairs| pairs.len() < 2) {
            return None;
        }
        let sizes: Vec<usize> = self.0.iter().map(Vec::len).collect();
        let (mut x, mut y) = (Vec::new(), Vec::new());
        let values = bootstrap::resample(&mut identity.stream(), &sizes, DRAWS, |indices| {
            x.clear();
            y.clear();
            for (pairs, drawn) in self.0.iter().zip(indices) {
                x.extend(drawn.iter().map(|i| pairs[*i].0));
                y.extend(drawn.iter().map(|i| pairs[*i].1));
            }
            difference(statistic(&x), statistic(&y))
        });
        Some(bootstrap::percentile_interval(values, level))
    }
}

/// `x - y`, where two equal infinities (both trials diverged) differ by nothing.
pub fn difference(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { x - y }
}
