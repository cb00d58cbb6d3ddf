//! Leaky rectified linear unit.

use super::Function;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Parameter, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LeakyRelu {
    slope: f64,
}

impl Function for LeakyRelu {
    const ENTRY: &'static Entry = &Entry {
        name: "leaky_relu",
        aliases: &[],
        summary: "leaky rectified linear unit",
        formula: "z if z > 0, else slope * z",
        citation: "Maas et al. 2013, Rectifier nonlinearities improve neural network acoustic models; gain sqrt(2 / (1 + slope^2)): He et al. 2015, arXiv 1502.01852, eq. 15",
        parameters: &[Parameter::number(
            "slope",
            0.01,
            -1.0,
            1.0,
            "slope for negative z",
        )],
    };

    fn from_spec(spec: &Spec) -> Self {
        LeakyRelu {
            slope: spec.number("slope"),
        }
    }

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        L::select(z.gt(L::zero()), z, z * L::splat(self.slope as f32))
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, z: L, _: L) -> L {
        L::select(z.gt(L::zero()), L::splat(1.0), L::splat(self.slope as f32))
    }

    fn value64(self, z: f64) -> f64 {
        if z > 0.0 { z } else { z * self.slope }
    }

    fn derivative64(self, z: f64) -> f64 {
        if z > 0.0 { 1.0 } else { self.slope }
    }

    fn known_gain(self) -> Option<f64> {
        Some((2.0 / (1.0 + self.slope * self.slope)).sqrt())
    }
}
