//! How a gradient changes a parameter: a catalogue of optimizers.
//!
//! One file per optimizer holds its entry and its step on one tensor; its `mod` line and a line of
//! the list below bring it in.

use std::fmt;

use super::workspace::State;
use super::{Parameters, Rates, weight_norm};
use crate::support::catalog::{self, Entry, Parameter, Spec, Value, catalogue};
use crate::support::error::Result;

/// Greatest number of buffers in the shape of the parameters, besides the gradient.
pub(super) const MAX_BUFFERS: usize = 2;

/// What one optimizer is made of: its parameters and what it counts over the steps.
trait Rule: Copy {
    const ENTRY: &'static Entry;

    /// Buffers in the shape of the parameters that it keeps between steps.
    const BUFFERS: usize;

    /// Whether a step is normalized by the size of the gradient.
    const ADAPTIVE: bool = false;

    fn from_spec(spec: &Spec) -> Self;

    /// Called once at the start of each step.
    fn advance(&mut self) {}

    /// Changes the tensor `w` by its gradient `g`. `decay` is the optimizer's weight decay where the
    /// tensor is a weight matrix or what one is made of, else 0; only the first
    /// [`Rule::BUFFERS`] buffers are its own.
    fn step(self, rate: f64, decay: f64, g: &[f32], w: &mut [f32], buffers: [&mut [f32]; MAX_BUFFERS]);
}

mod adam;
mod adamw;
mod momentum;
mod nesterov;
mod sgd;

pub(super) use sgd::Descend;

catalogue! {
    "optimizer", Rule, with_rule:
    sgd::Sgd,
    momentum::Momentum,
    nesterov::Nesterov,
    adam::Adam,
    adamw::AdamW,
}

/// The parameter of optimizers whose weight decay is part of the gradient.
const L2_PENALTY: Parameter = Parameter::number(
    "weight_decay",
    0.0,
    0.0,
    1e6,
    "L2 penalty: this times the weight is added to its gradient (weight matrices only)",
);

/// How a gradient changes a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    spec: Spec,
    kind: Variant,
    /// Of weight matrices.
    weight_decay: f64,
}

impl Optimizer {
    /// The optimizer of a catalogue value.
    ///
    /// # Errors
    /// An unknown name or parameter, or a parameter out of range.
    pub fn parse(value: &Value) -> Result<Self> {
        Ok(Optimizer::from_spec(catalog::choose(
            "optimizer",
            value,
            ENTRIES,
        )?))
    }

    /// Plain stochastic gradient descent.
    pub fn sgd() -> Self {
        Optimizer::from_spec(Spec::plain(sgd::Sgd::ENTRY))
    }

    fn from_spec(spec: Spec) -> Self {
        Optimizer {
            kind: Variant::from_spec(&spec),
            weight_decay: spec.number("weight_decay"),
            spec,
        }
    }

    /// The catalogue item and its parameters.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Whether a step is normalized by the size of the gradient, as in Adam.
    pub fn is_adaptive(&self) -> bool {
        fn adaptive<R: Rule>(_: R) -> bool {
            R::ADAPTIVE
        }
        with_rule!(self.kind, rule => adaptive(rule))
    }

    /// Whether a step on `parameters` is nothing but the gradient of what the passes use times the rate, so that it needs
    /// no buffers.
    pub(super) fn is_plain(&self, parameters: &Parameters) -> bool {
        matches!(self.kind, Variant::Sgd(_)) && self.weight_decay == 0.0 && parameters.weight_norms.is_empty()
    }

    /// Gives the buffers that this optimizer uses the shape of `parameters`, all zeros.
    pub(super) fn prepare(&self, parameters: &Parameters, state: &mut State) {
        fn buffers<R: Rule>(_: R) -> usize {
            R::BUFFERS
        }
        if self.is_plain(parameters) {
            return;
        }
        state.gradient.zero_like(parameters);
        for buffer in &mut state.buffers[..with_rule!(self.kind, rule => buffers(rule))] {
            buffer.zero_like(parameters);
        }
    }

    /// One step: changes `parameters` by the gradient in `state`, which is that of the weights as the passes use them.
    pub(super) fn update(
        &mut self,
        parameters: &mut Parameters,
        state: &mut State,
        rates: &Rates,
        rate: f64,
    ) {
        with_rule!(&mut self.kind, rule => rule.advance());
        weight_norm::differentiate(parameters, &mut state.gradient, rates);
        let gradients = state.gradient.fields();
        let mut buffers = state.buffers.each_mut().map(Parameters::fields_mut);
        for ((place, w), (_, g)) in parameters.fields_mut().zip(gradients) {
            let buffers = buffers
                .each_mut()
                .map(|b| b.next().map_or(&mut [][..], |(_, v)| v));
            let multiplier = rates.of(place);
            if multiplier == 0.0 {
                continue;
            }
            let decay = if place.decays() { self.weight_decay } else { 0.0 };
            with_rule!(self.kind, rule => rule.step(rate * multiplier, decay, g, w, buffers));
        }
        weight_norm::compose_trained(parameters, rates);
    }
}

impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}
