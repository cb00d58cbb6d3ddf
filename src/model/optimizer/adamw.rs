//! Adam with decoupled weight decay.

use super::adam::{BETA1, BETA2, EPSILON, Moments};
use super::{MAX_BUFFERS, Rule};
use crate::numerics::apply;
use crate::support::catalog::{Entry, Parameter, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AdamW {
    moments: Moments,
}

impl Rule for AdamW {
    const ENTRY: &'static Entry = &Entry {
        name: "adamw",
        aliases: &[],
        summary: "Adam with decoupled weight decay",
        formula: "w -= rate * weight_decay * w, then Adam's step",
        citation: "Loshchilov and Hutter 2017, arXiv 1711.05101, algorithm 2",
        parameters: &[
            BETA1,
            BETA2,
            EPSILON,
            Parameter::number(
                "weight_decay",
                0.01,
                0.0,
                1e6,
                "decoupled decay (weight matrices only)",
            ),
        ],
    };
    const BUFFERS: usize = 2;
    const ADAPTIVE: bool = true;

    fn from_spec(spec: &Spec) -> Self {
        AdamW {
            moments: Moments::from_spec(spec),
        }
    }

    fn advance(&mut self) {
        self.moments.advance();
    }

    fn step(self, rate: f64, decay: f64, g: &[f32], w: &mut [f32], [m, v]: [&mut [f32]; MAX_BUFFERS]) {
        let keep = (1.0 - rate * decay) as f32;
        apply(&self.moments.step(rate, 0.0, keep), [g], [w, m, v]);
    }
}
