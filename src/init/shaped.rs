//! What schemes that shape activation functions (TAT, DKS) have in common: orthogonal weights, and functions that
//! are solved for.
//!
//! Weights are the scale-corrected uniform orthogonal ones of Martens et al. 2021, arXiv 2110.01765: a semi-orthogonal
//! matrix times `max(sqrt(fan_out / fan_in), 1)`, of variance `1 / fan_in`; biases are 0. The papers divide each sample by its
//! root mean square, so that the first pre-activations have length 1 for every sample. Here data stay as the
//! experiment has them: of standardized features the length is 1 on average over samples.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use ndarray::ArrayViewMut2;

use super::orthogonal::{fill_haar, variance};
use super::{Network, Scheme};
use crate::activation::Activation;
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::error::{Error, Kind, Result};

/// How the function of a plain network is shaped.
pub(super) trait Rule: fmt::Debug + Send + Sync {
    /// The name of the scheme.
    const NAME: &'static str;

    /// What takes the place of `f` in a plain network of `depth` hidden layers.
    fn shape(&self, f: &Activation, depth: usize) -> Result<Activation>;
}

/// The scheme of a rule.
#[derive(Debug)]
pub(super) struct Shaped<R> {
    rule: R,
    /// Functions found, by text and depth: a pure function's values, kept because solving takes milliseconds.
    found: Mutex<BTreeMap<(String, usize), Activation>>,
}

impl<R: Rule> Shaped<R> {
    pub(super) fn new(rule: R) -> Self {
        Shaped {
            rule,
            found: Mutex::default(),
        }
    }
}

/// The factor on the semi-orthogonal matrix.
fn gain(layer: &LayerInfo) -> f64 {
    (layer.fan_out as f64 / layer.fan_in as f64).sqrt().max(1.0)
}

impl<R: Rule> Scheme for Shaped<R> {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, weights: ArrayViewMut2<f32>) -> Result<()> {
        fill_haar(gain(layer), stream, weights);
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(variance(gain(layer), layer))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let functions = network
            .layers()
            .iter()
            .filter_map(|l| l.input_activation.as_ref());
        if let Some(plain) = functions.into_iter().find(|f| f.transform().is_none()) {
            let message = format!(
                "`{}` needs a network of transformed functions, and {plain} is as it was",
                R::NAME
            );
            return Err(
                Error::new(Kind::Experiment, message).help("plan the network with `init::planned` first")
            );
        }
        network.draw_all(self)
    }

    fn check(&self, model: &Model) -> Result<()> {
        let functions = model.layers.iter().filter_map(|l| l.input_activation.as_ref());
        for f in functions {
            self.activation(model, f)?;
        }
        Ok(())
    }

    fn activation(&self, model: &Model, activation: &Activation) -> Result<Activation> {
        if model.residual.is_some() {
            let message = format!(
                "`{}` is for plain networks, and this one has residual blocks",
                R::NAME
            );
            return Err(Error::new(Kind::Experiment, message).help("for residual networks: fixup, skipinit"));
        }
        let original = activation.original();
        let depth = model.layers.len() - 1;
        let key = (original.to_string(), depth);
        let known = self
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let shaped = self.rule.shape(&original, depth)?.in_place_of(&original);
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert(key, shaped.clone());
        Ok(shaped)
    }

    /// It says what the functions of the whole network are.
    fn layerwise(&self) -> bool {
        false
    }
}

/// Leaky ReLU with `slope`.
pub(super) fn leaky(slope: f64) -> Result<Activation> {
    use crate::support::catalog::Value;
    let table = [
        ("kind".to_owned(), Value::Text("leaky_relu".to_owned())),
        ("slope".to_owned(), Value::Number(slope)),
    ];
    Activation::parse(&Value::Table(table.into()))
}

/// The scheme is not defined for `f`.
pub(super) fn refused(scheme: &str, f: &Activation, why: &str, help: &str) -> Error {
    let message = format!("`{scheme}` is not defined for the activation function {f}: {why}");
    Error::new(Kind::Experiment, message).help(help.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, layer, moments, plain, residual};
    use super::super::{BiasInit, Context, initialize, planned};
    use crate::model::Parameters;

    #[test]
    fn weights_are_orthogonal_of_variance_one_over_fan_in() {
        for (fan_in, fan_out) in [(80, 80), (120, 60), (60, 120)] {
            for scheme in ["\"tat\"", "\"dks\""] {
                let layer = layer(fan_in, fan_out, "tanh");
                let scheme = choice(scheme).scheme;
                let expected = 1.0 / fan_in as f64;
                assert!((scheme.expected_variance(&layer).unwrap() - expected).abs() < 1e-15);
                let mut weights = ndarray::Array2::zeros((fan_in, fan_out));
                let mut stream = crate::random::Key::new(3, 0, crate::random::Purpose::Weights).stream(1);
                scheme.fill(&layer, &mut stream, weights.view_mut()).unwrap();
                // Of a semi-orthogonal matrix the sum of squares is known exactly.
                let weights = weights.into_raw_vec_and_offset().0;
                let m = moments(&weights);
                assert!(((m.variance + m.mean * m.mean) / expected - 1.0).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn biases_are_zero_and_an_untransformed_network_is_refused() {
        for scheme in ["\"tat\"", "\"dks\""] {
            let (scheme, bias) = (choice(scheme).scheme, BiasInit::default());
            let (model, context) = (plain(6, &[8, 8, 8], 3, "tanh"), Context::new(1, 0, &bias));
            let mut parameters = Parameters::default();
            let error = initialize(&model, &*scheme, &context, &mut parameters).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("needs a network of transformed functions"),
                "{error}"
            );
            let model = planned(model, &*scheme).unwrap();
            initialize(&model, &*scheme, &context, &mut parameters).unwrap();
            assert!(parameters.biases.iter().flatten().all(|b| *b == 0.0));
            let residual = residual(r#"{ kind = "residual", width = 8, blocks = 2 }"#, 6);
            let error = scheme.check(&residual).unwrap_err().to_string();
            assert!(error.contains("is for plain networks"), "{error}");
        }
    }
}
