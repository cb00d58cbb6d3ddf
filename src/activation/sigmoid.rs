//! Logistic sigmoid.

use super::Function;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sigmoid;

impl Function for Sigmoid {
    const ENTRY: &'static Entry = &Entry {
        name: "sigmoid",
        aliases: &["logistic"],
        summary: "logistic sigmoid",
        formula: "1 / (1 + exp(-z)); derivative a * (1 - a)",
        citation: "Rumelhart, Hinton and Williams 1986, Learning representations by back-propagating errors, eq. 2; gain 1 as in PyTorch's calculate_gain",
        parameters: &[],
    };

    fn from_spec(_: &Spec) -> Self {
        Sigmoid
    }

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        z.sigmoid()
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, _: L, a: L) -> L {
        a * (L::splat(1.0) - a)
    }

    fn value64(self, z: f64) -> f64 {
        logistic(z)
    }

    fn derivative64(self, z: f64) -> f64 {
        logistic(z) * logistic(-z)
    }

    fn known_gain(self) -> Option<f64> {
        Some(1.0)
    }
}

/// `1 / (1 + exp(-z))` in f64.
pub(super) fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-z))
}
