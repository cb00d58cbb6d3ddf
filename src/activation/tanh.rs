//! Hyperbolic tangent.

use super::Function;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Spec};

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

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        z.tanh()
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, _: L, a: L) -> L {
        (-a).mul_add(a, L::splat(1.0))
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
