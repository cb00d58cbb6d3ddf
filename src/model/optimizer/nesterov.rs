//! Nesterov's accelerated gradient.

use super::momentum::{BETA, Coefficient, Roll, SCHEDULE};
use super::{L2_PENALTY, MAX_BUFFERS, Rule};
use crate::numerics::apply;
use crate::support::catalog::{Entry, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Nesterov {
    coefficient: Coefficient,
}

impl Rule for Nesterov {
    const ENTRY: &'static Entry = &Entry {
        name: "nesterov",
        aliases: &[],
        summary: "Nesterov's accelerated gradient",
        formula: "v = mu_t v + g; w -= rate * (g + mu_(t+1) v)",
        citation: "Sutskever et al. 2013; this form: Bengio, Boulanger-Lewandowski and Pascanu 2012, arXiv 1212.0901, eq. 7",
        parameters: &[BETA, SCHEDULE, L2_PENALTY],
    };
    const BUFFERS: usize = 1;

    fn from_spec(spec: &Spec) -> Self {
        Nesterov {
            coefficient: Coefficient::from_spec(spec),
        }
    }

    fn advance(&mut self) {
        self.coefficient.advance();
    }

    fn step(self, rate: f64, decay: f64, g: &[f32], w: &mut [f32], [v, _]: [&mut [f32]; MAX_BUFFERS]) {
        let op = Roll {
            now: self.coefficient.now() as f32,
            ahead: Some(self.coefficient.next() as f32),
            rate: rate as f32,
            decay: decay as f32,
        };
        apply(&op, [g], [w, v]);
    }
}
