//! Classical momentum, constant or increasing over the steps.

use super::{L2_PENALTY, MAX_BUFFERS, Rule};
use crate::numerics::{Elementwise, Lane, apply};
use crate::support::catalog::{Entry, Parameter, Spec};

pub(super) const BETA: Parameter = Parameter::number(
    "beta",
    0.9,
    0.0,
    0.999_999,
    "momentum; with the schedule, its largest value",
);

pub(super) const SCHEDULE: Parameter = Parameter::choice(
    "schedule",
    "constant",
    &["constant", "sutskever"],
    "sutskever: mu_t = min(1 - 2^(-1 - log2(floor(t / 250) + 1)), beta) at step t from 0",
);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Momentum {
    coefficient: Coefficient,
}

impl Rule for Momentum {
    const ENTRY: &'static Entry = &Entry {
        name: "momentum",
        aliases: &[],
        summary: "classical momentum",
        formula: "v = mu v + g; w -= rate * v",
        citation: "Polyak 1964; schedule: Sutskever et al. 2013, On the importance of initialization and momentum in deep learning, eq. 5",
        parameters: &[BETA, SCHEDULE, L2_PENALTY],
    };
    const BUFFERS: usize = 1;

    fn from_spec(spec: &Spec) -> Self {
        Momentum {
            coefficient: Coefficient::from_spec(spec),
        }
    }

    fn advance(&mut self) {
        self.coefficient.advance();
    }

    fn step(self, rate: f64, decay: f64, g: &[f32], w: &mut [f32], [v, _]: [&mut [f32]; MAX_BUFFERS]) {
        let op = Roll {
            now: self.coefficient.now() as f32,
            ahead: None,
            rate: rate as f32,
            decay: decay as f32,
        };
        apply(&op, [g], [w, v]);
    }
}

/// The momentum coefficient over the steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coefficient {
    beta: f64,
    scheduled: bool,
    /// Steps begun.
    steps: u64,
}

impl Coefficient {
    pub(super) fn from_spec(spec: &Spec) -> Self {
        Coefficient {
            beta: spec.number("beta"),
            scheduled: spec.text("schedule") == "sutskever",
            steps: 0,
        }
    }

    pub(super) fn advance(&mut self) {
        self.steps += 1;
    }

    /// At the current step.
    pub(super) fn now(self) -> f64 {
        self.at(self.steps - 1)
    }

    /// At the next step.
    pub(super) fn next(self) -> f64 {
        self.at(self.steps)
    }

    /// At step `t` (from 0): `beta`, or with the schedule
    /// `min(1 - 2^(-1 - log2(floor(t / 250) + 1)), beta)`; `2^(-1 - log2(k))` is `1 / (2 k)`.
    fn at(self, t: u64) -> f64 {
        if !self.scheduled {
            return self.beta;
        }
        (1.0 - 0.5 / (t / 250 + 1) as f64).min(self.beta)
    }
}

/// `v = now * v + g + decay * w`, then `w -= rate * v`, or with a look `ahead`
/// `w -= rate * (g + decay * w + ahead * v)`.
pub(super) struct Roll {
    pub(super) now: f32,
    pub(super) ahead: Option<f32>,
    pub(super) rate: f32,
    pub(super) decay: f32,
}

impl Elementwise<1, 2> for Roll {
    #[inline(always)]
    fn apply<L: Lane>(&self, [g]: [L; 1], [w, v]: [L; 2]) -> [L; 2] {
        let g = L::splat(self.decay).mul_add(w, g);
        let v = L::splat(self.now).mul_add(v, g);
        let direction = match self.ahead {
            None => v,
            Some(ahead) => L::splat(ahead).mul_add(v, g),
        };
        [L::splat(-self.rate).mul_add(direction, w), v]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_sutskevers() {
        let mut coefficient = Coefficient {
            beta: 0.99,
            scheduled: true,
            steps: 0,
        };
        for (t, expected) in [
            (0, 0.5),
            (249, 0.5),
            (250, 0.75),
            (500, 1.0 - 1.0 / 6.0),
            (1_000_000, 0.99),
        ] {
            let formula = 1.0 - libm::exp2(-1.0 - libm::log2((t / 250 + 1) as f64));
            let mu = coefficient.at(t);
            assert_eq!(mu, expected);
            assert!((mu - formula.min(0.99)).abs() < 1e-15);
        }
        coefficient.steps = 250;
        assert_eq!((coefficient.now(), coefficient.next()), (0.5, 0.75));
        coefficient.scheduled = false;
        assert_eq!(coefficient.at(0), 0.99);
    }
}
