//! Normal weights, redrawn until within `cut` standard deviations of the parent:
//! `w ~ N(0, std^2)` given `|w| <= cut std`.
//!
//! The deviation of what remains is smaller than `std`: with `cut = 2` it is `.8796 std`
//! (TensorFlow's and Keras's `TruncatedNormal`, JAX's `truncated_normal`). The variance is
//! `std^2 (1 - 2 cut phi(cut) / (2 Phi(cut) - 1))`.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "truncated_normal",
    aliases: &["keras_truncated_normal", "timm_trunc_normal_tf"],
    summary: "normal weights cut at a number of the parent's deviations, as in Keras and JAX",
    formula: "N(0, std^2) given |w| <= cut std; Var = std^2 (1 - 2 cut phi(cut) / (2 Phi(cut) - 1))",
    citation: "Keras TruncatedNormal; jax.nn.initializers.truncated_normal",
    parameters: &[
        Parameter::number("std", 0.05, 0.0, 1e6, "standard deviation of the parent"),
        Parameter::number(
            "cut",
            2.0,
            0.5,
            30.0,
            "where it is cut, in deviations of the parent",
        ),
    ],
};

#[derive(Debug)]
struct TruncatedNormal {
    std: f64,
    cut: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(TruncatedNormal {
        std: spec.number("std"),
        cut: spec.number("cut"),
    }))
}

impl Scheme for TruncatedNormal {
    fn fill(&self, _: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        stream.fill_truncated_normal(row_major(&mut weights), self.std as f32, self.cut as f32);
        Ok(())
    }

    fn expected_variance(&self, _: &LayerInfo) -> Option<f64> {
        Some(self.std * self.std * variance_of_standard(self.cut))
    }
}

/// Variance of a standard normal cut at `+-cut`.
pub(super) fn variance_of_standard(cut: f64) -> f64 {
    let density = libm::exp(-0.5 * cut * cut) / std::f64::consts::TAU.sqrt();
    let mass = libm::erf(cut * std::f64::consts::FRAC_1_SQRT_2);
    1.0 - 2.0 * cut * density / mass
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::variance_scaling::TRUNCATED_STD;

    #[test]
    fn the_closed_form_agrees_with_the_constant_of_jax_and_keras() {
        assert!((variance_of_standard(2.0).sqrt() - TRUNCATED_STD).abs() < 1e-15);
        assert!((variance_of_standard(30.0) - 1.0).abs() < 1e-15);
    }
}
