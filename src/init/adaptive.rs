//! Per layer, the gain of the activation function that feeds it: `Var(w) = gain^2 / fan_in`.
//!
//! He et al.'s derivation (arXiv 1502.01852, eq. 5 to 10) asks what the layer *receives*: its inputs
//! are activations of the layer before, so that layer's function decides, and a layer fed by the data
//! has gain 1. `rule` selects where the gain comes from:
//!
//! - `feeding`: the figures of the literature ([`Activation::gain`], those of PyTorch's
//!   `calculate_gain` but 1 for SELU);
//! - `variance`: `1 / sqrt(E[f(z)^2])`, z standard normal, which keeps the second moment of
//!   pre-activations at exactly 1 in infinite width;
//! - `deck`: the mistaken rule of the slide that this began from (slide 10), which looks at the layer's *own*
//!   function: He for ReLU and leaky ReLU, Xavier for tanh and sigmoid alike, and a silent
//!   `N(0, .01^2)` for every other function and for the output layer.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::activation::Activation;
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

use super::variance_scaling::Distribution;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "adaptive",
    aliases: &[],
    summary: "per layer, by the activation function that feeds it",
    formula: "Var = gain^2 / fan_in; gain of the function that feeds the layer, 1 for the data",
    citation: "He et al. 2015, arXiv 1502.01852, eq. 5 to 10; torch.nn.init.calculate_gain",
    parameters: &[
        Parameter::choice(
            "rule",
            "feeding",
            &["feeding", "variance", "deck"],
            "literature's gain, 1 / sqrt(E[f^2]), or slide 10's rule by the layer's own function",
        ),
        Parameter::choice(
            "distribution",
            "normal",
            &["normal", "uniform", "truncated_normal"],
            "law of a weight",
        ),
    ],
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    Feeding,
    Variance,
    Deck,
}

#[derive(Debug)]
pub(super) struct Adaptive {
    rule: Rule,
    distribution: Distribution,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let rule = match spec.text("rule").as_str() {
        "variance" => Rule::Variance,
        "deck" => Rule::Deck,
        _ => Rule::Feeding,
    };
    let distribution = Distribution::named(&spec.text("distribution"));
    Ok(Arc::new(Adaptive { rule, distribution }))
}

impl Adaptive {
    /// The rule `variance` with the law of this name.
    pub(super) fn by_variance(distribution: &str) -> Self {
        Adaptive {
            rule: Rule::Variance,
            distribution: Distribution::named(distribution),
        }
    }

    fn variance(&self, layer: &LayerInfo) -> f64 {
        let fan_in = layer.fan_in as f64;
        let gain = |of: fn(&Activation) -> f64| layer.input_activation.as_ref().map_or(1.0, of);
        match self.rule {
            Rule::Feeding => square(gain(Activation::gain)) / fan_in,
            Rule::Variance => square(gain(Activation::variance_gain)) / fan_in,
            Rule::Deck => match layer.output_activation.as_ref().map(Activation::name) {
                Some("relu" | "leaky_relu") => 2.0 / fan_in,
                Some("tanh" | "sigmoid") => 2.0 / (fan_in + layer.fan_out as f64),
                _ => 1e-4,
            },
        }
    }
}

fn square(x: f64) -> f64 {
    x * x
}

impl Scheme for Adaptive {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        self.distribution
            .fill(self.variance(layer), stream, row_major(&mut weights));
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(self.variance(layer))
    }
}
