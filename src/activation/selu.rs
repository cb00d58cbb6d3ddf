//! Scaled exponential linear unit.

use super::Function;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Spec};

/// The constants for which mean 0 and variance 1 are a fixed point, to f64's precision.
const ALPHA: f64 = 1.673_263_242_354_377_2;
const LAMBDA: f64 = 1.050_700_987_355_480_5;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Selu;

impl Function for Selu {
    const ENTRY: &'static Entry = &Entry {
        name: "selu",
        aliases: &[],
        summary: "scaled exponential linear unit: mean 0 and variance 1 are a fixed point under LeCun normal weights",
        formula: "lambda * (z if z > 0, else alpha * (exp(z) - 1)), lambda = 1.0507009873554805, alpha = 1.6732632423543772; gain 1 (PyTorch's calculate_gain says 3/4, which leaves the fixed point)",
        citation: "Klambauer et al. 2017, Self-normalizing neural networks, arXiv 1706.02515, eq. 2 and 14",
        parameters: &[],
    };

    fn from_spec(_: &Spec) -> Self {
        Selu
    }

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        let factor = L::select(
            z.gt(L::zero()),
            L::splat(LAMBDA as f32),
            L::splat((LAMBDA * ALPHA) as f32),
        );
        factor * L::select(z.gt(L::zero()), z, z.exp_m1())
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, z: L, a: L) -> L {
        let limit = L::splat((LAMBDA * ALPHA) as f32);
        L::select(z.gt(L::zero()), L::splat(LAMBDA as f32), a + limit)
    }

    fn value64(self, z: f64) -> f64 {
        LAMBDA * if z > 0.0 { z } else { ALPHA * libm::expm1(z) }
    }

    fn derivative64(self, z: f64) -> f64 {
        LAMBDA * if z > 0.0 { 1.0 } else { ALPHA * libm::exp(z) }
    }

    fn known_gain(self) -> Option<f64> {
        Some(1.0)
    }
}
