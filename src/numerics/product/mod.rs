//! Matrix products in the three forms that training needs.
//!
//! All are made of the same piece, a [tile](tile) of accumulation chains; the forms differ in
//! what a chain starts from, what it runs over and where it goes. The tests compare bits with
//! the loops that define each form.

use super::isa::{Isa, dispatch, isa};
use super::{Batch, SparseRows, Weights};

mod dense;
mod sparse;
mod tile;
#[cfg(test)]
mod tests;

/// `out[b][j] = bias[j] + sum_k x[b][k] * w[k][j]`: one chain of fused multiply-adds over
/// ascending k from the bias, a zero result made +0.0. Resizes `out` to `x.rows() x w.fan_out()`.
///
/// # Panics
/// If the shapes don't fit.
pub fn forward(x: &Batch, w: &Weights, bias: &[f32], out: &mut Batch) {
    forward_on(isa(), x, w, bias, out);
}

/// `out[b][k] = sum_j delta[b][j] * w[k][j]`: one chain over ascending j from +0, a zero result
/// made +0.0. Resizes `out` to `delta.rows() x w.fan_in()`.
///
/// # Panics
/// If the shapes don't fit.
pub fn input_gradient(delta: &Batch, w: &Weights, out: &mut Batch) {
    input_gradient_on(isa(), delta, w, out);
}

/// What the weight gradient `g[k][j] = sum_b x[b][k] * delta[b][j]` does to a matrix `c`: one chain
/// over ascending b in both cases, a zero result made +0.0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gradient {
    /// `c += g`, the chain starting from the old c.
    Add,
    /// `c = fma(-rate, g, c)`, the chain starting from +0: a step of plain gradient descent, which
    /// rounds the weight once.
    Descend {
        /// The learning rate.
        rate: f32,
    },
}

/// Applies the gradient of a layer's weights to `c`.
///
/// # Panics
/// If the shapes don't fit.
pub fn weight_gradient(x: &Batch, delta: &Batch, what: Gradient, c: &mut Weights) {
    weight_gradient_on(isa(), x, delta, what, c);
}

/// [`forward`] without the zeros of `x`; the same bits as from the dense rows where weights are
/// finite.
///
/// # Panics
/// If the shapes don't fit.
pub fn forward_sparse(x: &SparseRows, w: &Weights, bias: &[f32], out: &mut Batch) {
    forward_sparse_on(isa(), x, w, bias, out);
}

/// [`weight_gradient`] without the zeros of `x`; the same bits as from the dense rows where deltas
/// and `c` are finite and no element of `c` is -0.0.
///
/// # Panics
/// If the shapes don't fit.
pub fn weight_gradient_sparse(x: &SparseRows, delta: &Batch, what: Gradient, c: &mut Weights) {
    weight_gradient_sparse_on(isa(), x, delta, what, c);
}

fn forward_on(isa: Isa, x: &Batch, w: &Weights, bias: &[f32], out: &mut Batch) {
    assert_eq!(x.cols(), w.fan_in(), "inputs of the batch and of the weights");
    assert_eq!(bias.len(), w.fan_out(), "biases and units");
    out.resize(x.rows(), w.fan_out());
    dispatch(
        isa,
        dense::Forward {
            x,
            w,
            bias,
            out: &mut *out,
        },
    );
    out.clear_padding();
}

fn input_gradient_on(isa: Isa, delta: &Batch, w: &Weights, out: &mut Batch) {
    assert_eq!(delta.cols(), w.fan_out(), "units of the batch and of the weights");
    out.resize(delta.rows(), w.fan_in());
    dense::with_scratch(|scratch| {
        dispatch(
            isa,
            dense::InputGradient {
                delta,
                w,
                out: &mut *out,
                scratch,
            },
        );
    });
}

fn weight_gradient_on(isa: Isa, x: &Batch, delta: &Batch, what: Gradient, c: &mut Weights) {
    assert_eq!(x.rows(), delta.rows(), "samples");
    assert_eq!(x.cols(), c.fan_in(), "inputs of the batch and of the weights");
    assert_eq!(delta.cols(), c.fan_out(), "units of the batch and of the weights");
    dispatch(isa, dense::WeightGradient { x, delta, what, c });
}

fn forward_sparse_on(isa: Isa, x: &SparseRows, w: &Weights, bias: &[f32], out: &mut Batch) {
    assert_eq!(x.cols(), w.fan_in(), "inputs of the rows and of the weights");
    assert_eq!(bias.len(), w.fan_out(), "biases and units");
    out.resize(x.rows(), w.fan_out());
    for b in 0..x.rows() {
        for (to, &from) in out.row_mut(b).iter_mut().zip(bias) {
            *to = from + 0.0;
        }
    }
    sparse::with_scratch(|scratch| {
        dispatch(
            isa,
            sparse::Forward {
                x,
                w,
                out: &mut *out,
                scratch,
            },
        );
    });
    out.clear_padding();
}

fn weight_gradient_sparse_on(isa: Isa, x: &SparseRows, delta: &Batch, what: Gradient, c: &mut Weights) {
    assert_eq!(x.rows(), delta.rows(), "samples");
    assert_eq!(x.cols(), c.fan_in(), "inputs of the rows and of the weights");
    assert_eq!(delta.cols(), c.fan_out(), "units of the batch and of the weights");
    sparse::with_scratch(|scratch| {
        dispatch(
            isa,
            sparse::WeightGradient {
                x,
                delta,
                what,
                c,
                scratch,
            },
        );
    });
}
