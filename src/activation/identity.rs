//! The identity: linear networks.

use super::Function;
use crate::catalog::{Entry, Spec};

/// See [`Identity::ENTRY`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Identity;

impl Function for Identity {
    const ENTRY: &'static Entry = &Entry {
        name: "identity",
        aliases: &["linear", "none"],
        summary: "no nonlinearity: a deep linear network",
        formula: "z; derivative 1",
        citation: "Saxe, McClelland and Ganguli 2013, arXiv 1312.6120, section 1; gain 1",
        parameters: &[],
    };

    fn from_spec(_: &Spec) -> Self {
        Identity
    }

    fn value(self, z: f32) -> f32 {
        z
    }

    fn derivative(self, _: f32, _: f32) -> f32 {
        1.0
    }

    fn value64(self, z: f64) -> f64 {
        z
    }

    fn derivative64(self, _: f64) -> f64 {
        1.0
    }

    fn known_gain(self) -> Option<f64> {
        Some(1.0)
    }
}
