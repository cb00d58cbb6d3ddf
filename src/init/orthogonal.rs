//! Orthogonal weights, Haar distributed: `W = gain Q`, Q from the QR decomposition of a Gaussian
//! matrix with the signs of R's diagonal made positive.
//!
//! A deep linear network of orthogonal layers is an isometry: all singular values of its Jacobian are
//! 1, and training time does not depend on depth (Saxe, McClelland and Ganguli 2013, arXiv 1312.6120).
//! Without the sign fix Q is not Haar distributed (Mezzadri 2007, arXiv
//! math-ph/0609050). Where `fan_in > fan_out` the columns are orthonormal, else the rows are.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::activation::Activation;
use crate::model::LayerInfo;
use crate::numerics::linalg;
use crate::random::Stream;
use crate::support::catalog::{self, Entry, Parameter, ParameterKind, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "orthogonal",
    aliases: &["haar"],
    summary: "orthogonal (semi-orthogonal if not square), Haar distributed",
    formula: "W = gain Q, Q R = Gaussian, diag(R) > 0; Var = gain^2 / max(fan_in, fan_out)",
    citation: "Saxe, McClelland and Ganguli 2013, arXiv 1312.6120; Mezzadri 2007, arXiv math-ph/0609050",
    parameters: &[
        Parameter::number("gain", 1.0, -1e6, 1e6, "factor on the orthogonal matrix"),
        Parameter {
            name: "activation_gain",
            kind: ParameterKind::Flag,
            default: Some(catalog::Default::Flag(false)),
            optional: false,
            doc: "also multiply by the gain of the activation function that feeds the layer",
        },
    ],
};

#[derive(Debug)]
struct Orthogonal {
    gain: f64,
    activation_gain: bool,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Orthogonal {
        gain: spec.number("gain"),
        activation_gain: spec.flag("activation_gain"),
    }))
}

impl Orthogonal {
    fn gain_of(&self, layer: &LayerInfo) -> f64 {
        match &layer.input_activation {
            Some(activation) if self.activation_gain => self.gain * Activation::gain(activation),
            _ => self.gain,
        }
    }
}

/// Fills `weights` with `gain` times a Haar-distributed matrix whose short side is orthonormal.
pub(super) fn fill_haar(gain: f64, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) {
    stream.fill_normal(row_major(&mut weights), 1.0);
    let (fan_in, fan_out) = weights.dim();
    let mut tall = if fan_in >= fan_out {
        weights
    } else {
        weights.reversed_axes()
    };
    let (rows, cols) = tall.dim();
    let mut q: Vec<f64> = tall.iter().map(|&w| f64::from(w)).collect();
    linalg::orthonormalize(rows, cols, &mut q);
    for (w, q) in tall.iter_mut().zip(q) {
        *w = (gain * q) as f32;
    }
}

impl Scheme for Orthogonal {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, weights: ArrayViewMut2<f32>) -> Result<()> {
        fill_haar(self.gain_of(layer), stream, weights);
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(variance(self.gain_of(layer), layer))
    }
}

/// Variance of one element of `gain Q`.
pub(super) fn variance(gain: f64, layer: &LayerInfo) -> f64 {
    gain * gain / layer.fan_in.max(layer.fan_out) as f64
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draw, layer};

    #[test]
    fn the_short_side_is_orthonormal() {
        for (fan_in, fan_out) in [(48, 48), (70, 30), (30, 70), (1, 5)] {
            let w = draw("\"orthogonal\"", &layer(fan_in, fan_out, "tanh"), 4);
            let vector = |k: usize| -> Vec<f64> {
                let (count, start, stride) = if fan_in >= fan_out {
                    (fan_in, k, fan_out)
                } else {
                    (fan_out, k * fan_out, 1)
                };
                (0..count).map(|i| f64::from(w[start + i * stride])).collect()
            };
            let mut worst: f64 = 0.0;
            for a in 0..fan_in.min(fan_out) {
                for b in 0..=a {
                    let product: f64 = vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum();
                    worst = worst.max((product - f64::from(u8::from(a == b))).abs());
                }
            }
            assert!(worst < 3e-7, "{fan_in} x {fan_out}: {worst:e}");
        }
    }

    #[test]
    fn gains_multiply() {
        let layer = layer(8, 8, "relu");
        let base = draw("\"orthogonal\"", &layer, 4);
        let scaled = draw(
            r#"{ kind = "orthogonal", gain = 3, activation_gain = true }"#,
            &layer,
            4,
        );
        for (a, b) in base.iter().zip(scaled) {
            assert!((f64::from(b) - 3.0 * std::f64::consts::SQRT_2 * f64::from(*a)).abs() < 1e-6);
        }
    }
}
