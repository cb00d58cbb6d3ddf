//! Preprocessing of features: `x = (raw / scale - mean) / std`, statistics from the training part.

use sha2::{Digest as _, Sha256};

use super::dataset::update_chunked;
use super::{DataSpec, Dataset, Features, Over, Scale};

/// The operations on one row, in f64 and in this order; the result is rounded to f32 once. So
/// numbers that differ by a small part of their size keep what they differ by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaling {
    /// Divisor of the raw values; none is no division.
    divisor: Option<f64>,
    /// Subtracted: one number per feature, or one for all, or none.
    mean: Vec<f64>,
    /// Divisor: one number per feature, or one for all, or none.
    std: Vec<f64>,
}

/// So many values of a row are computed at a time, on the stack.
const PART: usize = 64;

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
            Scale::Unit => dataset.unit.map(f64::from),
            Scale::By(x) => Some(x),
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
    ///
    /// The first pass sums differences from the first row (for `Global`, from its first value), so
    /// that the mean of equal values is that value and their deviation 0.
    fn moments(&self, dataset: &Dataset, train: &[u32], over: Over) -> (Vec<f64>, Vec<f64>) {
        let cols = dataset.cols;
        let (mut row, mut origin) = (vec![0.0; cols], vec![0.0; cols]);
        if let Some(&first) = train.first() {
            self.compute(dataset, first as usize, 0, &mut origin);
        }
        if over == Over::Global {
            origin.truncate(1);
        }
        let mut sums = vec![0.0; cols];
        for &r in train {
            self.compute(dataset, r as usize, 0, &mut row);
            each(&mut row, &origin, 0, |x, o| x - o);
            sums.iter_mut().zip(&row).for_each(|(sum, d)| *sum += d);
        }
        let means = share(&sums, train.len(), over);
        let means: Vec<f64> = means.iter().zip(&origin).map(|(m, o)| m + o).collect();
        let mut squares = vec![0.0; cols];
        for &r in train {
            self.compute(dataset, r as usize, 0, &mut row);
            each(&mut row, &means, 0, |x, m| x - m);
            squares.iter_mut().zip(&row).for_each(|(sum, d)| *sum += d * d);
        }
        let variances = share(&squares, train.len(), over);
        (means, variances.into_iter().map(deviation).collect())
    }

    /// Writes row `row` of `dataset`, after all operations, to `out`.
    pub(super) fn apply(&self, dataset: &Dataset, row: usize, out: &mut [f32]) {
        let mut values = [0.0; PART];
        for (part, out) in out.chunks_mut(PART).enumerate() {
            let values = &mut values[..out.len()];
            self.compute(dataset, row, part * PART, values);
            for (o, &x) in out.iter_mut().zip(&*values) {
                *o = x as f32;
            }
        }
    }

    /// Writes the features of row `row` from number `from` on to `out`: `raw`, `/ divisor`,
    /// `- mean`, `/ std`, each left out where there is nothing to do.
    fn compute(&self, dataset: &Dataset, row: usize, from: usize, out: &mut [f64]) {
        fn copy<T: Copy + Into<f64>>(raw: &[T], out: &mut [f64]) {
            for (o, &x) in out.iter_mut().zip(raw) {
                *o = x.into();
            }
        }
        let start = row * dataset.cols + from;
        match &dataset.features {
            Features::U8(v) => copy(&v[start..], out),
            Features::F32(v) => copy(&v[start..], out),
            Features::F64(v) => copy(&v[start..], out),
        }
        each(out, self.divisor.as_slice(), from, |x, d| x / d);
        each(out, &self.mean, from, |x, m| x - m);
        each(out, &self.std, from, |x, s| x / s);
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

/// The divisor that makes a variance 1; values that do not vary stay as they are.
fn deviation(variance: f64) -> f64 {
    let std = variance.sqrt();
    if std > 0.0 { std } else { 1.0 }
}

/// `op` of each value and its feature's statistic, or the one for all, or nothing. `out` begins with
/// feature `from`.
fn each(out: &mut [f64], statistics: &[f64], from: usize, op: impl Fn(f64, f64) -> f64) {
    match statistics {
        [] => {}
        [one] => out.iter_mut().for_each(|x| *x = op(*x, *one)),
        many => out
            .iter_mut()
            .zip(&many[from..])
            .for_each(|(x, s)| *x = op(*x, *s)),
    }
}

/// Brings each column of `values` (`rows x outputs`) to mean 0 and variance 1 over the rows
/// `train`, by the same operations as features.
pub(super) fn standardize_columns(values: &mut [f64], outputs: usize, train: &[u32]) {
    let n = train.len().max(1) as f64;
    for j in 0..outputs {
        let at = |&r: &u32| values[r as usize * outputs + j];
        let origin = train.first().map_or(0.0, at);
        let mean = origin + train.iter().fold(0.0, |sum, r| sum + (at(r) - origin)) / n;
        let square = |r: &u32| (at(r) - mean) * (at(r) - mean);
        let std = deviation(train.iter().fold(0.0, |sum, r| sum + square(r)) / n);
        for row in values.chunks_exact_mut(outputs) {
            row[j] = (row[j] - mean) / std;
        }
    }
}
