//! Sigmoid linear unit.

use super::Function;
use super::sigmoid::logistic;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Silu;

impl Function for Silu {
    const ENTRY: &'static Entry = &Entry {
        name: "silu",
        aliases: &["swish"],
        summary: "sigmoid linear unit",
        formula: "z / (1 + exp(-z))",
        citation: "Elfwing, Uchibe and Doya 2017, arXiv 1702.03118, eq. 5; Ramachandran et al. 2017, arXiv 1710.05941",
        parameters: &[],
    };

    fn from_spec(_: &Spec) -> Self {
        Silu
    }

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        z * z.sigmoid()
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, z: L, _: L) -> L {
        let (s, one) = (z.sigmoid(), L::splat(1.0));
        s * z.mul_add(one - s, one)
    }

    fn value64(self, z: f64) -> f64 {
        z * logistic(z)
    }

    fn derivative64(self, z: f64) -> f64 {
        let s = logistic(z);
        s * (1.0 + z * (1.0 - s))
    }
}
