//! Absolute value.

use super::Function;
use crate::numerics::{Lane, Word as _};
use crate::support::catalog::{Entry, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Abs;

impl Function for Abs {
    const ENTRY: &'static Entry = &Entry {
        name: "abs",
        aliases: &[],
        summary: "absolute value: keeps second moments, forgets signs",
        formula: "|z|; derivative 1 if z > 0, -1 if z < 0, 0 at 0",
        citation: "Jarrett et al. 2009, What is the best multi-stage architecture for object recognition?, section 2; gain 1, exact",
        parameters: &[],
    };

    fn from_spec(_: &Spec) -> Self {
        Abs
    }

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        z.abs()
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, z: L, _: L) -> L {
        self.pull(z, z, L::splat(1.0))
    }

    #[inline(always)]
    fn pull<L: Lane>(self, z: L, _: L, delta: L) -> L {
        let (rising, falling) = (delta.masked(z.gt(L::zero())), (-delta).masked(z.lt(L::zero())));
        (rising.to_bits() | falling.to_bits()).to_lane()
    }

    fn value64(self, z: f64) -> f64 {
        z.abs()
    }

    fn derivative64(self, z: f64) -> f64 {
        if z > 0.0 {
            1.0
        } else if z < 0.0 {
            -1.0
        } else {
            0.0
        }
    }

    fn known_gain(self) -> Option<f64> {
        Some(1.0)
    }
}
