//! Softplus.

use super::Function;
use super::sigmoid::logistic;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Softplus;

impl Function for Softplus {
    const ENTRY: &'static Entry = &Entry {
        name: "softplus",
        aliases: &[],
        summary: "smooth form of the rectified linear unit",
        formula: "ln(1 + exp(z)); derivative 1 / (1 + exp(-z))",
        citation: "Dugas et al. 2001, Incorporating second-order functional knowledge for better option pricing, eq. 4",
        parameters: &[],
    };

    fn from_spec(_: &Spec) -> Self {
        Softplus
    }

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        // max(z, 0) + ln(1 + t) with t = exp(-|z|) in [0, 1].
        z.max(L::zero()) + (-z.abs()).exp().ln_1p()
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, z: L, _: L) -> L {
        z.sigmoid()
    }

    fn value64(self, z: f64) -> f64 {
        if z > 0.0 {
            z + libm::log1p(libm::exp(-z))
        } else {
            libm::log1p(libm::exp(z))
        }
    }

    fn derivative64(self, z: f64) -> f64 {
        logistic(z)
    }
}
