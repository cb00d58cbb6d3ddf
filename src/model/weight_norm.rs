//! Weight normalization: `W = g v / norm(v)`, with a matrix `v` of the shape of `W` and one `g` per unit.
//!
//! Salimans and Kingma 2016, Weight normalization, arXiv 1602.07868, equations 2 and 3. With `n = norm(v)` of a unit:
//!
//! - `W = (g / n) v`: one factor per unit, so that `g = n` leaves the bits of `v`;
//! - `dg = (dW . v) / n`;
//! - `dv = (g / n) (dW - (dg / n) v)`, which is orthogonal to `v`.
//!
//! `W` stands in [`Parameters::weights`] as it does without: whatever reads weights reads it there. Training changes `v`
//! and `g`, and makes `W` anew after each step. A layer's factor on the learning rate is for both, and so is weight decay, as
//! in PyTorch. Norms and products of a unit are one chain of fused multiply-adds over its
//! inputs, ascending, from +0.

use super::elementwise::kernels;
use super::{LayerInfo, Parameters, Rates};
use crate::numerics::Weights;
use crate::numerics::matrix::PANEL;
use crate::support::error::{Error, Kind, Result};

/// What is right where a unit's weights are all 0.
pub(crate) const NO_UNIT_AT_ZERO: &str =
    "take a scheme that leaves no unit at 0, or an architecture without weight_norm = true";

/// What a weight-normalized layer is trained by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WeightNorm {
    /// `v`, `fan_in x fan_out`; all zeros as long as nothing has set it.
    pub direction: Weights,
    /// `g`, one per unit: the norm of its weights, but for the sign.
    pub gain: Vec<f32>,
}

impl WeightNorm {
    /// Of `layer`, before anything is set.
    pub(super) fn new(layer: &LayerInfo) -> Self {
        WeightNorm {
            direction: Weights::zeros(layer.fan_in, layer.fan_out),
            gain: vec![0.0; layer.fan_out],
        }
    }

    /// Whether `v` has been set.
    pub(crate) fn is_set(&self) -> bool {
        self.direction.storage().iter().any(|&x| x != 0.0)
    }

    /// Takes the weights as they are: `v = W`, `g = norm(v)`.
    fn split(&mut self, weights: &Weights) {
        self.direction.clone_from(weights);
        norms(&self.direction, &mut self.gain);
    }

    /// Makes `W`.
    pub(crate) fn compose(&self, weights: &mut Weights) {
        compose(&self.direction, &self.gain, weights);
    }
}

/// For each column of one panel, the sum of `x y` over its rows.
#[inline(always)]
fn column_products(x: &[f32], y: &[f32]) -> [f32; PANEL] {
    let mut sums = [0.0f32; PANEL];
    for (x, y) in x.chunks_exact(PANEL).zip(y.chunks_exact(PANEL)) {
        for ((s, &x), &y) in sums.iter_mut().zip(x).zip(y) {
            *s = x.mul_add(y, *s);
        }
    }
    sums
}

kernels! {
    /// The norm of each unit's weights.
    fn norms(v: &'k Weights, out: &'k mut [f32]) -> () {
        for (v, out) in v.panels().zip(out.chunks_mut(PANEL)) {
            for (out, square) in out.iter_mut().zip(column_products(v, v)) {
                *out = square.sqrt();
            }
        }
    }
}

kernels! {
    /// `w = (g / norm(v)) v`; -0 becomes +0, and padding stays +0.
    fn compose(v: &'k Weights, g: &'k [f32], w: &'k mut Weights) -> () {
        for ((v, g), w) in v.panels().zip(g.chunks(PANEL)).zip(w.panels_mut()) {
            let mut factors = [0.0f32; PANEL];
            for ((factor, &g), square) in factors.iter_mut().zip(g).zip(column_products(v, v)) {
                *factor = g / square.sqrt();
            }
            for (v, w) in v.chunks_exact(PANEL).zip(w.chunks_exact_mut(PANEL)) {
                for ((w, &v), &factor) in w.iter_mut().zip(v).zip(&factors) {
                    *w = v.mul_add(factor, 0.0);
                }
            }
        }
    }
}

kernels! {
    /// From `dw`, the gradient with respect to `W`, those with respect to `v` and `g`.
    fn differentiate_layer(p: &'k WeightNorm, dw: &'k Weights, gradient: &'k mut WeightNorm) -> () {
        let (v, g) = (&p.direction, &p.gain);
        let panels = v.panels().zip(g.chunks(PANEL)).zip(dw.panels());
        let out = gradient.direction.panels_mut().zip(gradient.gain.chunks_mut(PANEL));
        for (((v, g), dw), (dv, dg)) in panels.zip(out) {
            let (squares, products) = (column_products(v, v), column_products(dw, v));
            let (mut factors, mut shares) = ([0.0f32; PANEL], [0.0f32; PANEL]);
            for (j, (&g, dg)) in g.iter().zip(dg).enumerate() {
                let norm = squares[j].sqrt();
                *dg = products[j] / norm;
                factors[j] = g / norm;
                shares[j] = -(*dg / norm);
            }
            let rows = v.chunks_exact(PANEL).zip(dw.chunks_exact(PANEL));
            for ((v, dw), dv) in rows.zip(dv.chunks_exact_mut(PANEL)) {
                for j in 0..PANEL {
                    dv[j] = factors[j] * shares[j].mul_add(v[j], dw[j]);
                }
            }
        }
    }
}

/// Fills in the gradients of `v` and `g` from those of `W`, for all layers that train.
pub(super) fn differentiate(p: &Parameters, gradient: &mut Parameters, rates: &Rates) {
    let layers = p.weight_norms.iter().zip(&gradient.weights);
    let layers = layers.zip(&mut gradient.weight_norms).zip(&rates.layers);
    for (((p, dw), gradient), rate) in layers {
        if rate.weight != 0.0 {
            differentiate_layer(p, dw, gradient);
        }
    }
}

/// Makes `W` anew where `v` and `g` have changed.
pub(super) fn compose_trained(p: &mut Parameters, rates: &Rates) {
    let layers = p.weight_norms.iter().zip(&mut p.weights).zip(&rates.layers);
    for ((norm, weights), rate) in layers {
        if rate.weight != 0.0 {
            norm.compose(weights);
        }
    }
}

impl Parameters {
    /// Of a weight-normalized network, makes `v`, `g` and `W` agree: where no `v` has been set, `v = W` and
    /// `g = norm(v)`, as PyTorch's `weight_norm` does, which leaves `W` as it is to the bit; elsewhere `W = g v / norm(v)`.
    /// Other networks stay as they are.
    ///
    /// Drawing the start of a trial calls this; code that sets weights by hand must call it before training.
    ///
    /// # Errors
    /// The norm of a unit's weights is 0, and there is no direction to normalize.
    pub fn settle_weight_norm(&mut self) -> Result<()> {
        let mut squares = Vec::new();
        let layers = self.weight_norms.iter_mut().zip(&mut self.weights);
        for (l, (norm, weights)) in layers.enumerate() {
            if !norm.is_set() {
                norm.split(weights);
            }
            squares.resize(norm.gain.len(), 0.0);
            norms(&norm.direction, &mut squares);
            if let Some(unit) = squares.iter().position(|&n| n == 0.0) {
                let message = format!(
                    "layer {}: the weights into unit {} are all 0 (or too small), and weight normalization divides by \
                     their norm",
                    l + 1,
                    unit + 1
                );
                return Err(Error::new(Kind::Trial, message).help(NO_UNIT_AT_ZERO));
            }
            norm.compose(weights);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(fan_in: usize, fan_out: usize) -> Weights {
        let values: Vec<f32> = (0..fan_in * fan_out)
            .map(|i| ((i * 7919) % 1000) as f32 / 31.0 - 15.0)
            .collect();
        Weights::from_row_major(fan_in, fan_out, &values)
    }

    /// The order of the sums is that of the head of this file, whatever the layout.
    #[test]
    fn sums_follow_their_order_to_the_bit() {
        for (fan_in, fan_out) in [(1, 1), (3, 31), (17, 32), (5, 33), (40, 70)] {
            let v = weights(fan_in, fan_out);
            let dw = Weights::from_row_major(
                fan_in,
                fan_out,
                &v.to_row_major().iter().rev().copied().collect::<Vec<_>>(),
            );
            let gain: Vec<f32> = (0..fan_out).map(|j| j as f32 / 7.0 - 1.5).collect();
            let norm = WeightNorm { direction: v, gain };
            let mut w = Weights::zeros(fan_in, fan_out);
            norm.compose(&mut w);
            let mut gradient = WeightNorm {
                direction: Weights::zeros(fan_in, fan_out),
                gain: vec![0.0; fan_out],
            };
            differentiate_layer(&norm, &dw, &mut gradient);
            for j in 0..fan_out {
                let column = |m: &Weights| -> Vec<f32> { (0..fan_in).map(|k| m.get(k, j)).collect() };
                let (v, dw) = (column(&norm.direction), column(&dw));
                let chain = |x: &[f32]| x.iter().zip(&v).fold(0.0, |s: f32, (x, v)| x.mul_add(*v, s));
                let (n, g) = (chain(&v).sqrt(), norm.gain[j]);
                let dg = chain(&dw) / n;
                assert_eq!(gradient.gain[j].to_bits(), dg.to_bits());
                for k in 0..fan_in {
                    assert_eq!(w.get(k, j), v[k] * (g / n), "{k} {j}");
                    let dv = (g / n) * (-(dg / n)).mul_add(v[k], dw[k]);
                    assert_eq!(gradient.direction.get(k, j), dv, "{k} {j}");
                }
            }
            for storage in [w.storage(), gradient.direction.storage()] {
                let padding = storage.len() - fan_in * fan_out;
                assert!(storage.iter().filter(|x| x.to_bits() == 0).count() >= padding);
            }
        }
    }

    #[test]
    fn a_split_keeps_the_bits() {
        let w = weights(40, 70);
        let mut norm = WeightNorm {
            direction: Weights::zeros(40, 70),
            gain: vec![0.0; 70],
        };
        assert!(!norm.is_set());
        norm.split(&w);
        assert!(norm.is_set());
        let mut again = Weights::zeros(40, 70);
        norm.compose(&mut again);
        assert_eq!(again, w);
    }
}
