//! Adam.

use super::{L2_PENALTY, MAX_BUFFERS, Rule};
use crate::numerics::{Elementwise, Lane, apply};
use crate::support::catalog::{Entry, Parameter, Spec};

pub(super) const BETA1: Parameter =
    Parameter::number("beta1", 0.9, 0.0, 0.999_999, "decay of the mean gradient");

pub(super) const BETA2: Parameter = Parameter::number(
    "beta2",
    0.999,
    0.0,
    0.999_999_999,
    "decay of the mean squared gradient",
);

pub(super) const EPSILON: Parameter = Parameter::number(
    "epsilon",
    1e-8,
    1e-30,
    1.0,
    "added to the root of the mean squared gradient",
);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Adam {
    moments: Moments,
}

impl Rule for Adam {
    const ENTRY: &'static Entry = &Entry {
        name: "adam",
        aliases: &[],
        summary: "Adam",
        formula: "m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)",
        citation: "Kingma and Ba 2014, arXiv 1412.6980, algorithm 1",
        parameters: &[BETA1, BETA2, EPSILON, L2_PENALTY],
    };
    const BUFFERS: usize = 2;
    const ADAPTIVE: bool = true;

    fn from_spec(spec: &Spec) -> Self {
        Adam {
            moments: Moments::from_spec(spec),
        }
    }

    fn advance(&mut self) {
        self.moments.advance();
    }

    fn step(self, rate: f64, decay: f64, g: &[f32], w: &mut [f32], [m, v]: [&mut [f32]; MAX_BUFFERS]) {
        apply(&self.moments.step(rate, decay as f32, 1.0), [g], [w, m, v]);
    }
}

/// How the means of gradient and squared gradient decay, over the steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    betas: [f64; 2],
    epsilon: f64,
    /// Each beta to the number of steps begun.
    powers: [f64; 2],
}

impl Moments {
    pub(super) fn from_spec(spec: &Spec) -> Self {
        Moments {
            betas: [spec.number("beta1"), spec.number("beta2")],
            epsilon: spec.number("epsilon"),
            powers: [1.0; 2],
        }
    }

    pub(super) fn advance(&mut self) {
        for (power, beta) in self.powers.iter_mut().zip(self.betas) {
            *power *= beta;
        }
    }

    /// The step on one tensor: the gradient gains `penalty` times the weight, and the weight loses
    /// all but `keep` of itself.
    pub(super) fn step(self, rate: f64, penalty: f32, keep: f32) -> AdamStep {
        let [beta1, beta2] = self.betas;
        AdamStep {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            rest1: (1.0 - beta1) as f32,
            rest2: (1.0 - beta2) as f32,
            rate: (rate / (1.0 - self.powers[0])) as f32,
            root: (1.0 / (1.0 - self.powers[1]).sqrt()) as f32,
            epsilon: self.epsilon as f32,
            penalty,
            keep,
        }
    }
}

/// The constants of one step of Adam on one tensor.
pub(super) struct AdamStep {
    beta1: f32,
    beta2: f32,
    rest1: f32,
    rest2: f32,
    /// Learning rate over `1 - beta1^t`.
    rate: f32,
    /// `1 / sqrt(1 - beta2^t)`.
    root: f32,
    epsilon: f32,
    /// L2 penalty.
    penalty: f32,
    /// Factor on the weight, of decoupled decay.
    keep: f32,
}

impl Elementwise<1, 3> for AdamStep {
    #[inline(always)]
    fn apply<L: Lane>(&self, [g]: [L; 1], [w, m, v]: [L; 3]) -> [L; 3] {
        let g = L::splat(self.penalty).mul_add(w, g);
        let m = L::splat(self.beta1).mul_add(m, L::splat(self.rest1) * g);
        let v = L::splat(self.beta2).mul_add(v, L::splat(self.rest2) * (g * g));
        let size = v.sqrt().mul_add(L::splat(self.root), L::splat(self.epsilon));
        let kept = w * L::splat(self.keep);
        [L::splat(-self.rate).mul_add(m / size, kept), m, v]
    }
}
