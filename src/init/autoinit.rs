//! AutoInit, for plain networks, where it is `adaptive(rule = "variance")` exactly.
//!
//! Bingham and Miikkulainen 2023, AutoInit: analytic signal-preserving weight initialization for neural networks, arXiv
//! 2109.08958: from mean mu and variance sigma^2 of what feeds a layer, `Var(w) = 1 / (fan_in (mu^2 + sigma^2))`, after which its
//! output has mean 0 and variance 1. Behind a function f these are the moments of f of a standard normal variable,
//! and `mu^2 + sigma^2 = E[f(z)^2]`. The data are taken as standardized: variance `1 / fan_in`. In a residual network
//! moments add up along the stream, which this does not follow: it is refused.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::adaptive::Adaptive;
use super::{Registry, Scheme};
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "autoinit",
    aliases: &[],
    summary: "plain networks: variance by the exact moments of the activation function; is adaptive(rule = variance)",
    formula: "Var = 1 / (fan_in E[f(z)^2]), z standard normal, f the function that feeds the layer; 1 / fan_in for the data",
    citation: "Bingham and Miikkulainen 2023, AutoInit, arXiv 2109.08958",
    parameters: &[Parameter::choice(
        "distribution",
        "normal",
        &["normal", "uniform", "truncated_normal"],
        "law of a weight",
    )],
};

#[derive(Debug)]
struct AutoInit(Adaptive);

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(AutoInit(Adaptive::by_variance(
        &spec.text("distribution"),
    ))))
}

impl Scheme for AutoInit {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, weights: ArrayViewMut2<f32>) -> Result<()> {
        self.0.fill(layer, stream, weights)
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        self.0.expected_variance(layer)
    }

    fn check(&self, model: &Model) -> Result<()> {
        if model.residual.is_some() {
            let message = "`autoinit` is for plain networks, and this one has residual blocks";
            return Err(Error::new(Kind::Experiment, message).help(
                "use { kind = \"adaptive\", rule = \"variance\" }, which takes every layer by itself",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, layer};

    /// `fan_in Var (mu^2 + sigma^2) = 1` with the two moments taken apart.
    #[test]
    fn mean_and_variance_of_the_function_decide() {
        use crate::activation::Activation;
        use crate::theory::quadrature::normal_mean;
        for name in ["relu", "sigmoid", "gelu", "softplus", "tanh"] {
            let f = Activation::named(name).unwrap();
            let mean = normal_mean(|z| f.value64(z));
            let variance = normal_mean(|z| (f.value64(z) - mean) * (f.value64(z) - mean));
            let given = choice("\"autoinit\"")
                .scheme
                .expected_variance(&layer(50, 30, name))
                .unwrap();
            assert!(
                (50.0 * given * (mean * mean + variance) - 1.0).abs() < 1e-6,
                "{name}: {given}"
            );
        }
    }
}
