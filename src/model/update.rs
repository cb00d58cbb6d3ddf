//! The update rules of optimizers that keep the gradient in a buffer of its own.

use super::optimizer::{Optimizer, Rule};
use super::workspace::State;
use super::{Parameters, Rates};
use crate::numerics::{Elementwise, Lane, apply};

/// Numbers of one step that depend on how many came before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Steps taken.
    steps: u64,
    /// `beta1^steps` and `beta2^steps`.
    powers: [f64; 2],
}

impl Clock {
    pub(super) fn new() -> Self {
        Clock {
            steps: 0,
            powers: [1.0; 2],
        }
    }

    fn tick(&mut self, rule: Rule) {
        self.steps += 1;
        if let Rule::Adam { beta1, beta2, .. } = rule {
            self.powers[0] *= beta1;
            self.powers[1] *= beta2;
        }
    }
}

/// Momentum at step `t` (from 0): `beta`, or with the schedule
/// `min(1 - 2^(-1 - log2(floor(t / 250) + 1)), beta)`; `2^(-1 - log2(k))` is `1 / (2 k)`.
pub(super) fn momentum(beta: f64, scheduled: bool, t: u64) -> f64 {
    if !scheduled {
        return beta;
    }
    (1.0 - 0.5 / (t / 250 + 1) as f64).min(beta)
}

impl Optimizer {
    /// Whether an update is nothing but the gradient times the rate.
    pub(super) fn is_plain(&self) -> bool {
        self.rule == Rule::Sgd && self.weight_decay == 0.0
    }

    /// Gives the buffers that this optimizer uses the shape of `parameters`, all zeros.
    pub(super) fn prepare(&self, parameters: &Parameters, state: &mut State) {
        if self.is_plain() {
            return;
        }
        state.gradient.zero_like(parameters);
        if self.rule != Rule::Sgd {
            state.first.zero_like(parameters);
        }
        if matches!(self.rule, Rule::Adam { .. }) {
            state.second.zero_like(parameters);
        }
    }

    /// Changes `parameters` by the gradient in `state`.
    pub(super) fn update(
        &self,
        parameters: &mut Parameters,
        state: &mut State,
        rates: &Rates,
        rate: f64,
        clock: &mut Clock,
    ) {
        let t = clock.steps;
        clock.tick(self.rule);
        let gradients = state.gradient.fields();
        let (mut first, mut second) = (state.first.fields_mut(), state.second.fields_mut());
        for ((place, w), (_, g)) in parameters.fields_mut().zip(gradients) {
            let first = first.next().map_or(&mut [][..], |(_, v)| v);
            let second = second.next().map_or(&mut [][..], |(_, v)| v);
            let multiplier = rates.of(place);
            if multiplier == 0.0 {
                continue;
            }
            let decay = if place.is_weight() { self.weight_decay } else { 0.0 };
            let rate = rate * multiplier;
            match self.rule {
                Rule::Sgd => {
                    let op = Descend {
                        rate: rate as f32,
                        decay: decay as f32,
                    };
                    apply(&op, [g], [w]);
                }
                Rule::Momentum {
                    beta,
                    scheduled,
                    nesterov,
                } => {
                    let op = Roll {
                        now: momentum(beta, scheduled, t) as f32,
                        ahead: nesterov.then(|| momentum(beta, scheduled, t + 1) as f32),
                        rate: rate as f32,
                        decay: decay as f32,
                    };
                    apply(&op, [g], [w, first]);
                }
                Rule::Adam {
                    beta1,
                    beta2,
                    epsilon,
                } => {
                    let step = AdamStep {
                        beta1: beta1 as f32,
                        beta2: beta2 as f32,
                        rest1: (1.0 - beta1) as f32,
                        rest2: (1.0 - beta2) as f32,
                        rate: (rate / (1.0 - clock.powers[0])) as f32,
                        root: (1.0 / (1.0 - clock.powers[1]).sqrt()) as f32,
                        epsilon: epsilon as f32,
                        penalty: if self.decoupled { 0.0 } else { decay as f32 },
                        keep: if self.decoupled {
                            (1.0 - rate * decay) as f32
                        } else {
                            1.0
                        },
                    };
                    apply(&step, [g], [w, first, second]);
                }
            }
        }
    }
}

/// `w -= rate * (g + decay * w)`.
struct Descend {
    rate: f32,
    decay: f32,
}

impl Elementwise<1, 1> for Descend {
    #[inline(always)]
    fn apply<L: Lane>(&self, [g]: [L; 1], [w]: [L; 1]) -> [L; 1] {
        let g = L::splat(self.decay).mul_add(w, g);
        [L::splat(-self.rate).mul_add(g, w)]
    }
}

/// `v = now * v + g + decay * w`, then `w -= rate * v`, or with a look `ahead`
/// `w -= rate * (g + decay * w + ahead * v)`.
struct Roll {
    now: f32,
    ahead: Option<f32>,
    rate: f32,
    decay: f32,
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

/// The constants of one step of Adam on one tensor.
struct AdamStep {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_sutskevers() {
        for (t, expected) in [
            (0, 0.5),
            (249, 0.5),
            (250, 0.75),
            (500, 1.0 - 1.0 / 6.0),
            (1_000_000, 0.99),
        ] {
            let formula = 1.0 - libm::exp2(-1.0 - libm::log2((t / 250 + 1) as f64));
            let mu = momentum(0.99, true, t);
            assert_eq!(mu, expected);
            assert!((mu - formula.min(0.99)).abs() < 1e-15);
        }
        assert_eq!(momentum(0.9, false, 0), 0.9);
    }
}
