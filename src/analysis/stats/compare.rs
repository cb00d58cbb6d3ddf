//! Comparing two schemes.

use super::bootstrap::{self, Ascending, DRAWS, Identity, Interval, Units, draw_all_into};

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
pub struct Paired(Vec<Units<(f64, f64)>>);

impl Paired {
    /// Pairs of scores, a stratum for each cell.
    pub fn new(strata: Vec<Units<(f64, f64)>>) -> Self {
        Paired(strata)
    }

    /// Number of pairs.
    pub fn count(&self) -> usize {
        self.0.iter().map(|units| units.values().len()).sum()
    }

    /// `statistic` of the first scores, stratum by stratum, less that of the second ones.
    pub fn difference(&self, statistic: impl Fn(&[Vec<f64>]) -> f64) -> f64 {
        let strata = self.0.iter().map(|units| units.values().iter().copied().unzip());
        let (x, y): (Vec<Vec<f64>>, Vec<Vec<f64>>) = strata.unzip();
        difference(statistic(&x), statistic(&y))
    }

    /// The bootstrap interval of [`Paired::difference`]: pairs and units stay together and strata
    /// apart (for one stratum of single pairs SciPy's `bootstrap(..., paired=True,
    /// method="percentile")`). `None` where no stratum has two units.
    pub fn interval(
        &self,
        identity: &Identity,
        level: f64,
        statistic: impl Fn(&[Vec<f64>]) -> f64 + Sync,
    ) -> Option<Interval> {
        if self.0.iter().all(|units| units.len() < 2) {
            return None;
        }
        let side = |pick: fn((f64, f64)) -> f64| -> Vec<Ascending> {
            self.0.iter().map(|units| Ascending::new(units, pick)).collect()
        };
        let sides = [side(|pair| pair.0), side(|pair| pair.1)];
        let mut resampled = vec![Vec::new(); self.0.len()];
        let values = bootstrap::resample_units(&mut identity.stream(), &self.0, DRAWS, |times| {
            let [x, y] = sides.each_ref().map(|side| {
                draw_all_into(side, times, &mut resampled);
                statistic(&resampled)
            });
            difference(x, y)
        });
        Some(bootstrap::percentile_interval(values, level))
    }
}

/// `x - y`, where two equal infinities (both trials diverged) differ by nothing.
pub fn difference(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { x - y }
}
