//! The identity: linear networks.

use super::Function;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Spec};

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

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        z
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, _: L, _: L) -> L {
        L::splat(1.0)
    }

    #[inline(always)]
    fn pull<L: Lane>(self, _: L, _: L, delta: L) -> L {
        delta
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
