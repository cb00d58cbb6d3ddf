//! Stochastic gradient descent. Without weight decay the trainer takes a shorter way: see
//! [`Trainer`](crate::model::Trainer).

use super::{L2_PENALTY, MAX_BUFFERS, Rule};
use crate::numerics::{Elementwise, Lane, apply};
use crate::support::catalog::{Entry, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sgd;

impl Rule for Sgd {
    const ENTRY: &'static Entry = &Entry {
        name: "sgd",
        aliases: &[],
        summary: "stochastic gradient descent",
        formula: "w -= rate * g",
        citation: "Robbins and Monro 1951",
        parameters: &[L2_PENALTY],
    };
    const BUFFERS: usize = 0;

    fn from_spec(_: &Spec) -> Self {
        Sgd
    }

    fn step(self, rate: f64, decay: f64, g: &[f32], w: &mut [f32], _: [&mut [f32]; MAX_BUFFERS]) {
        let op = Descend {
            rate: rate as f32,
            decay: decay as f32,
        };
        apply(&op, [g], [w]);
    }
}

/// `w -= rate * (g + decay * w)`.
pub(in crate::model) struct Descend {
    pub rate: f32,
    pub decay: f32,
}

impl Elementwise<1, 1> for Descend {
    #[inline(always)]
    fn apply<L: Lane>(&self, [g]: [L; 1], [w]: [L; 1]) -> [L; 1] {
        let g = L::splat(self.decay).mul_add(w, g);
        [L::splat(-self.rate).mul_add(g, w)]
    }
}
