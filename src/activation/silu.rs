//! Sigmoid linear unit.

use super::Function;
use super::sigmoid::logistic;
use crate::catalog::{Entry, Spec};

/// See [`Silu::ENTRY`].
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

    fn value(self, z: f32) -> f32 {
        self.value64(f64::from(z)) as f32
    }

    fn derivative(self, z: f32, _: f32) -> f32 {
        self.derivative64(f64::from(z)) as f32
    }

    fn value64(self, z: f64) -> f64 {
        z * logistic(z)
    }

    fn derivative64(self, z: f64) -> f64 {
        let s = logistic(z);
        s * (1.0 + z * (1.0 - s))
    }
}
