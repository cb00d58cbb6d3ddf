//! Rectified linear unit.

use super::Function;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Relu;

impl Function for Relu {
    const ENTRY: &'static Entry = &Entry {
        name: "relu",
        aliases: &[],
        summary: "rectified linear unit",
        formula: "z if z > 0, else 0; derivative 1 if z > 0, else 0",
        citation: "Nair and Hinton 2010, Rectified linear units improve restricted Boltzmann machines; gain sqrt(2): He et al. 2015, arXiv 1502.01852, eq. 10",
        parameters: &[],
    };

    fn from_spec(_: &Spec) -> Self {
        Relu
    }

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        z.max(L::zero())
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, z: L, _: L) -> L {
        L::splat(1.0).masked(z.gt(L::zero()))
    }

    #[inline(always)]
    fn pull<L: Lane>(self, z: L, _: L, delta: L) -> L {
        delta.masked(z.gt(L::zero()))
    }

    fn value64(self, z: f64) -> f64 {
        if z > 0.0 { z } else { 0.0 }
    }

    fn derivative64(self, z: f64) -> f64 {
        if z > 0.0 { 1.0 } else { 0.0 }
    }

    fn known_gain(self) -> Option<f64> {
        Some(std::f64::consts::SQRT_2)
    }
}
