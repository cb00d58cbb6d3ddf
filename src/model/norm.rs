//! Layer and batch normalization, forward and backward.
//!
//! `normal = (u - mean) / sqrt(variance + 1e-5)`, `v = gain * normal + shift`, with the biased
//! variance over a sample's units (layer) or over a unit's samples in the batch (batch). In
//! evaluation batch normalization uses running statistics, which each step moves by a tenth
//! towards the batch's, variance times `m / (m - 1)` for m samples (1 for m = 1). Frozen, it uses
//! them in training too, and nothing about it moves.

use super::elementwise::{Striped, accumulate_column_products, accumulate_columns, kernels};
use super::parameters::NormParameters;
use crate::numerics::Batch;

const EPSILON: f32 = 1e-5;
const MOMENTUM: f32 = 0.1;

#[derive(Debug, Default)]
pub(super) struct NormBuffers {
    /// `(u - mean) / sqrt(variance + epsilon)`.
    pub normal: Batch,
    /// `1 / sqrt(variance + epsilon)`: per sample (layer) or per unit (batch).
    inverse: Vec<f32>,
    /// Mean per unit (batch).
    mean: Vec<f32>,
    /// Variance per unit (batch).
    variance: Vec<f32>,
    /// Sums per unit in the backward pass (batch).
    sums: [Vec<f32>; 2],
}

kernels! {
    /// Layer normalization of `u` into `v`.
    fn layer_forward(u: &'k Batch, p: &'k NormParameters, n: &'k mut NormBuffers, v: &'k mut Batch) -> () {
        let cols = u.cols() as f32;
        n.normal.resize(u.rows(), u.cols());
        v.resize(u.rows(), u.cols());
        n.inverse.resize(u.rows(), 0.0);
        for i in 0..u.rows() {
            let x = u.row(i);
            let mut sum = Striped::new();
            sum.add(x, x, |s, x, _| s + x);
            let mean = sum.total() / cols;
            let mut squares = Striped::new();
            squares.add(x, x, |s, x, _| (x - mean).mul_add(x - mean, s));
            let inverse = 1.0 / (squares.total() / cols + EPSILON).sqrt();
            n.inverse[i] = inverse;
            for (o, &x) in n.normal.row_mut(i).iter_mut().zip(x) {
                *o = (x - mean) * inverse;
            }
            affine(n.normal.row(i), p, v.row_mut(i));
        }
    }
}

#[inline(always)]
fn affine(normal: &[f32], p: &NormParameters, v: &mut [f32]) {
    for (((v, &x), &gain), &shift) in v.iter_mut().zip(normal).zip(&p.gain).zip(&p.shift) {
        *v = gain.mul_add(x, shift);
    }
}

kernels! {
    /// Turns `delta`, a gradient with respect to `v`, into the gradient with respect to `u`:
    /// `inverse * (g - mean(g) - normal * mean(g * normal))` with `g = gain * delta`, means over units.
    fn layer_backward(p: &'k NormParameters, n: &'k NormBuffers, delta: &'k mut Batch) -> () {
        let cols = delta.cols() as f32;
        for i in 0..delta.rows() {
            let (normal, d) = (n.normal.row(i), delta.row_mut(i));
            for (d, &gain) in d.iter_mut().zip(&p.gain) {
                *d *= gain;
            }
            let (mut sum, mut products) = (Striped::new(), Striped::new());
            sum.add(d, normal, |s, g, _| s + g);
            products.add(d, normal, |s, g, x| g.mul_add(x, s));
            let (mean, slope) = (sum.total() / cols, products.total() / cols);
            let inverse = n.inverse[i];
            for (d, &x) in d.iter_mut().zip(normal) {
                *d = (*d - mean - x * slope) * inverse;
            }
        }
    }
}

kernels! {
    /// Batch normalization of `u` into `v` by the batch's own statistics.
    fn batch_forward(u: &'k Batch, p: &'k NormParameters, n: &'k mut NormBuffers, v: &'k mut Batch) -> () {
        let (rows, cols) = (u.rows() as f32, u.cols());
        for sums in [&mut n.mean, &mut n.variance] {
            sums.clear();
            sums.resize(cols, 0.0);
        }
        accumulate_columns(u, &mut n.mean);
        for mean in &mut n.mean {
            *mean /= rows;
        }
        for i in 0..u.rows() {
            for ((s, &x), &mean) in n.variance.iter_mut().zip(u.row(i)).zip(&n.mean) {
                *s = (x - mean).mul_add(x - mean, *s);
            }
        }
        n.inverse.clear();
        for variance in &mut n.variance {
            *variance /= rows;
            n.inverse.push(1.0 / (*variance + EPSILON).sqrt());
        }
        normalize(u, p, n, v);
    }
}

/// Batch normalization of `u` into `v` by running statistics.
pub(super) fn batch_evaluate(u: &Batch, p: &NormParameters, n: &mut NormBuffers, v: &mut Batch) {
    n.mean.clear();
    n.mean.extend_from_slice(&p.running_mean);
    n.inverse.clear();
    let inverse = |variance: &f32| 1.0 / (variance + EPSILON).sqrt();
    n.inverse.extend(p.running_variance.iter().map(inverse));
    normalize(u, p, n, v);
}

kernels! {
    fn normalize(u: &'k Batch, p: &'k NormParameters, n: &'k mut NormBuffers, v: &'k mut Batch) -> () {
        n.normal.resize(u.rows(), u.cols());
        v.resize(u.rows(), u.cols());
        for i in 0..u.rows() {
            let row = n.normal.row_mut(i).iter_mut().zip(u.row(i));
            for ((o, &x), (&mean, &inverse)) in row.zip(n.mean.iter().zip(&n.inverse)) {
                *o = (x - mean) * inverse;
            }
            affine(n.normal.row(i), p, v.row_mut(i));
        }
    }
}

kernels! {
    /// Turns `delta`, a gradient with respect to `v`, into the gradient with respect to `u`: as
    /// [`layer_backward`], with means over the batch's samples.
    fn batch_backward(p: &'k NormParameters, n: &'k mut NormBuffers, delta: &'k mut Batch) -> () {
        let rows = delta.rows() as f32;
        for sums in &mut n.sums {
            sums.clear();
            sums.resize(delta.cols(), 0.0);
        }
        for i in 0..delta.rows() {
            for (d, &gain) in delta.row_mut(i).iter_mut().zip(&p.gain) {
                *d *= gain;
            }
        }
        accumulate_columns(delta, &mut n.sums[0]);
        accumulate_column_products(delta, &n.normal, &mut n.sums[1]);
        for sum in n.sums.iter_mut().flatten() {
            *sum /= rows;
        }
        let [mean, slope] = &n.sums;
        for i in 0..delta.rows() {
            let row = delta.row_mut(i).iter_mut().zip(n.normal.row(i));
            for ((d, &x), ((&mean, &slope), &inverse)) in row.zip(mean.iter().zip(slope).zip(&n.inverse)) {
                *d = (*d - mean - x * slope) * inverse;
            }
        }
    }
}

/// The same behind [`batch_evaluate`]: running statistics do not depend on the batch.
pub(super) fn batch_backward_frozen(p: &NormParameters, n: &NormBuffers, delta: &mut Batch) {
    for i in 0..delta.rows() {
        for ((d, &gain), &inverse) in delta.row_mut(i).iter_mut().zip(&p.gain).zip(&n.inverse) {
            *d = *d * gain * inverse;
        }
    }
}

/// Moves the running statistics towards those of the batch of `rows` samples just seen.
pub(super) fn update_running(p: &mut NormParameters, n: &NormBuffers, rows: usize) {
    let unbias = if rows > 1 {
        rows as f32 / (rows - 1) as f32
    } else {
        1.0
    };
    for (running, &mean) in p.running_mean.iter_mut().zip(&n.mean) {
        *running = MOMENTUM.mul_add(mean - *running, *running);
    }
    for (running, &variance) in p.running_variance.iter_mut().zip(&n.variance) {
        *running = MOMENTUM.mul_add(variance * unbias - *running, *running);
    }
}
