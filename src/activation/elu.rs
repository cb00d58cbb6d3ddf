//! Exponential linear unit.

use super::Function;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Parameter, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Elu {
    alpha: f64,
}

impl Function for Elu {
    const ENTRY: &'static Entry = &Entry {
        name: "elu",
        aliases: &[],
        summary: "exponential linear unit",
        formula: "z if z > 0, else alpha * (exp(z) - 1)",
        citation: "Clevert, Unterthiner and Hochreiter 2015, arXiv 1511.07289, eq. 15",
        parameters: &[Parameter::number(
            "alpha",
            1.0,
            0.0,
            100.0,
            "minus the limit for very negative z",
        )],
    };

    fn from_spec(spec: &Spec) -> Self {
        Elu {
            alpha: spec.number("alpha"),
        }
    }

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        L::select(z.gt(L::zero()), z, L::splat(self.alpha as f32) * z.exp_m1())
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, z: L, a: L) -> L {
        L::select(z.gt(L::zero()), L::splat(1.0), a + L::splat(self.alpha as f32))
    }

    fn value64(self, z: f64) -> f64 {
        if z > 0.0 { z } else { self.alpha * libm::expm1(z) }
    }

    fn derivative64(self, z: f64) -> f64 {
        if z > 0.0 { 1.0 } else { self.alpha * libm::exp(z) }
    }
}
