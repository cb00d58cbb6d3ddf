//! Hyperbolic tangent.

use super::Function;
use crate::catalog::{Entry, Spec};

/// See [`Tanh::ENTRY`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tanh;

impl Function for Tanh {
    const ENTRY: &'static Entry = &Entry {
        name: "tanh",
        aliases: &[],
        summary: "hyperbolic tangent",
        formula: "tanh(z); derivative 1 - tanh(z)^2",
        citation: "LeCun et al. 1998, Efficient BackProp, section 4.4; gain 5/3 as in PyTorch's calculate_gain",
        parameters: &[],
    };

    fn from_spec(_: &Spec) -> Self {
        Tanh
    }

    fn value(self, z: f32) -> f32 {
        self.value64(f64::from(z)) as f32
    }

    fn derivative(self, _: f32, a: f32) -> f32 {
        1.0 - a * a
    }

    fn value64(self, z: f64) -> f64 {
        libm::tanh(z)
    }

    fn derivative64(self, z: f64) -> f64 {
        let a = libm::tanh(z);
        1.0 - a * a
    }

    fn known_gain(self) -> Option<f64> {
        Some(5.0 / 3.0)
    }
}
