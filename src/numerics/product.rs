//! Matrix products in the three forms that training needs.

use super::{Batch, Weights};

/// `out[b][j] = bias[j] + sum_k x[b][k] * w[k][j]`: one FMA chain over ascending k from the bias,
/// a zero result canonicalised to +0.0. Resizes `out` to `x.rows() x w.fan_out()`.
pub fn forward(x: &Batch, w: &Weights, bias: &[f32], out: &mut Batch) {
    out.resize(x.rows(), w.fan_out());
    for b in 0..x.rows() {
        for j in 0..w.fan_out() {
            let mut acc = bias[j];
            for (k, &v) in x.row(b).iter().enumerate() {
                acc = v.mul_add(w.get(k, j), acc);
            }
            out.row_mut(b)[j] = acc + 0.0;
        }
    }
}

/// `out[b][k] = sum_j delta[b][j] * w[k][j]`: one FMA chain over ascending j from +0.
pub fn input_gradient(delta: &Batch, w: &Weights, out: &mut Batch) {
    out.resize(delta.rows(), w.fan_in());
    for b in 0..delta.rows() {
        for k in 0..w.fan_in() {
            let mut acc = 0.0;
            for (j, &d) in delta.row(b).iter().enumerate() {
                acc = d.mul_add(w.get(k, j), acc);
            }
            out.row_mut(b)[k] = acc + 0.0;
        }
    }
}

/// `c[k][j] += sum_b x[b][k] * delta[b][j]`: one FMA chain over ascending b from the old c.
/// The weight gradient (c zeroed first), or, with delta pre-scaled by -rate/B, the plain-SGD
/// update itself.
pub fn accumulate(x: &Batch, delta: &Batch, c: &mut Weights) {
    let n = c.fan_out();
    for k in 0..c.fan_in() {
        for j in 0..n {
            let mut acc = c.get(k, j);
            for b in 0..x.rows() {
                acc = x.row(b)[k].mul_add(delta.row(b)[j], acc);
            }
            c.set(k, j, acc + 0.0);
        }
    }
}
