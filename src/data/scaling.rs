//! Preprocessing of features: `x = (raw / scale - mean) / std`, statistics from the training part.

use sha2::{Digest as _, Sha256};

use super::dataset::update_chunked;
use super::{DataSpec, Dataset, Features, Over, Scale};

/// The operations on one row, each in f32 and rounded, in this order; see [`Scaling::apply`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaling {
    /// Divisor of the raw values; none is no division.
    divisor: Option<f32>,
    /// Subtracted: one number per feature, or one for all, or none.
    mean: Vec<f32>,
    /// Divisor: one number per feature, or one for all, or none.
    std: Vec<f32>,
}

impl Scaling {
    pub(super) fn identity() -> Self {
        Scaling {
            divisor: None,
            mean: Vec::new(),
            std: Vec::new(),
        }
    }

    /// Fits the statistics that `spec` asks for on the rows `train`.
    pub(super) fn fit(dataset: &Dataset, spec: &DataSpec, train: &[u32]) -> Self {
        let tabular = spec.item().tabular;
        let divisor = match spec
            .scale
            .unwrap_or(if tabular { Scale::None } else { Scale::Unit })
        {
            Scale::None => None,
            Scale::Unit => dataset.unit,
            Scale::By(x) => Some(x as f32),
        };
        let default = if tabular { Over::Feature } else { Over::None };
        let standardize = spec.standardize.unwrap_or(default);
        // Standardizing means both, unless centring is spoken of on its own.
        let center = spec.center.unwrap_or(standardize);
        let mut scaling = Scaling {
            divisor: divisor.filter(|&d| d != 1.0),
            ..Scaling::identity()
        };
        if center != Over::None {
            scaling.mean = scaling.moments(dataset, train, center).0;
        }
        if standardize != Over::None {
            scaling.std = scaling.moments(dataset, train, standardize).1;
        }
        scaling
    }

    /// Mean and standard deviation of the training part under the operations so far: sums in f64
    /// over rows in ascending order (and, for `Global`, over the features' sums in ascending
    /// order), two passes, divided by the number of values. A deviation of zero counts as 1.
    fn moments(&self, dataset: &Dataset, train: &[u32], over: Over) -> (Vec<f32>, Vec<f32>) {
        let cols = dataset.cols;
        let mut row = vec![0.0f32; cols];
        let mut sums = vec![0.0f64; cols];
        for &r in train {
            self.apply(dataset, r as usize, &mut row);
            for (sum, &x) in sums.iter_mut().zip(&row) {
                *sum += f64::from(x);
            }
        }
        let means = share(&sums, train.len(), over);
        let mut squares = vec![0.0f64; cols];
        for &r in train {
            self.apply(dataset, r as usize, &mut row);
            for ((sum, &x), j) in squares.iter_mut().zip(&row).zip(0..) {
                let d = f64::from(x) - means[if over == Over::Global { 0 } else { j }];
                *sum += d * d;
            }
        }
        let std = share(&squares, train.len(), over)
            .into_iter()
            .map(|v| v.sqrt() as f32)
            .map(|s| if s > 0.0 { s } else { 1.0 })
            .collect();
        (means.into_iter().map(|m| m as f32).collect(), std)
    }

    /// Writes row `row` of `dataset` to `out`: `raw`, `/ divisor`, `- mean`, `/ std`, each a
    /// rounded f32 operation, each left out where there is nothing to do.
    pub(super) fn apply(&self, dataset: &Dataset, row: usize, out: &mut [f32]) {
        let start = row * dataset.cols;
        match (&dataset.features, self.divisor) {
            (Features::U8(v), Some(d)) => {
                for (o, &p) in out.iter_mut().zip(&v[start..]) {
                    *o = f32::from(p) / d;
                }
            }
            (Features::U8(v), None) => {
                for (o, &p) in out.iter_mut().zip(&v[start..]) {
                    *o = f32::from(p);
                }
            }
            (Features::F32(v), Some(d)) => {
                for (o, &x) in out.iter_mut().zip(&v[start..]) {
                    *o = x / d;
                }
            }
            (Features::F32(v), None) => out.copy_from_slice(&v[start..][..dataset.cols]),
        }
        each(out, &self.mean, |x, m| x - m);
        each(out, &self.std, |x, s| x / s);
    }

    pub(super) fn keeps_zeros(&self) -> bool {
        self.mean.iter().all(|&m| m == 0.0)
    }

    pub(super) fn hash_into(&self, hash: &mut Sha256) {
        let divisor = self.divisor.unwrap_or(1.0);
        hash.update(divisor.to_le_bytes());
        for statistics in [&self.mean, &self.std] {
            hash.update((statistics.len() as u64).to_le_bytes());
            update_chunked(hash, statistics, |x| x.to_le_bytes());
        }
    }
}

/// The sums over so many rows as means: per feature, or one over all features.
fn share(sums: &[f64], rows: usize, over: Over) -> Vec<f64> {
    let rows = rows.max(1) as f64;
    if over == Over::Global {
        let sum: f64 = sums.iter().fold(0.0, |a, x| a + x);
        vec![sum / (rows * sums.len() as f64)]
    } else {
        sums.iter().map(|s| s / rows).collect()
    }
}

/// `op` of each value and its feature's statistic, or the one for all, or nothing.
fn each(out: &mut [f32], statistics: &[f32], op: impl Fn(f32, f32) -> f32) {
    match statistics {
        [] => {}
        [one] => out.iter_mut().for_each(|x| *x = op(*x, *one)),
        many => out.iter_mut().zip(many).for_each(|(x, s)| *x = op(*x, *s)),
    }
}

/// Brings each column of `values` (`rows x outputs`) to mean 0 and variance 1 over the rows
/// `train`, by the same operations as features.
pub(super) fn standardize_columns(values: &mut [f32], outputs: usize, train: &[u32]) {
    let n = train.len().max(1) as f64;
    for j in 0..outputs {
        let column = |values: &[f32], f: &dyn Fn(f64) -> f64| {
            let at = |&r: &u32| f(f64::from(values[r as usize * outputs + j]));
            train.iter().map(at).fold(0.0, |a, x| a + x) / n
        };
        let mean = column(values, &|x| x);
        let std = column(values, &|x| (x - mean) * (x - mean)).sqrt() as f32;
        let std = if std > 0.0 { std } else { 1.0 };
        for row in values.chunks_exact_mut(outputs) {
            row[j] = (row[j] - mean as f32) / std;
        }
    }
}
