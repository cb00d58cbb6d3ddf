//! Mean-field initialization: `W ~ N(0, sigma_w2 / fan_in)`, `b ~ N(0, sigma_b2)`.
//!
//! In wide networks sigma_w2 and sigma_b2 decide between order (gradients vanish), chaos (they
//! explode) and criticality in between, where depth can be trained: Poole et al. 2016, arXiv
//! 1606.05340; Schoenholz et al. 2016, arXiv 1611.01232. `sigma_w2 = "critical"` has the crate's own
//! solver find the critical point of each activation function ([`crate::theory::mean_field`]); a
//! layer fed by the data takes that of the function that it feeds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::ArrayViewMut2;

use super::variance_scaling::Distribution;
use super::{Registry, Scheme, row_major};
use crate::activation::Activation;
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec, Value};
use crate::support::error::{Error, Kind, Result};
use crate::theory::mean_field::critical_weight_variance;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "mean_field",
    aliases: &["edge_of_chaos"],
    summary: "wide-network theory: order, chaos, or the critical point between them; biases included",
    formula: "W ~ N(0, sigma_w2 / fan_in), b ~ N(0, sigma_b2); critical: sigma_w2 E[f'(sqrt(q*) z)^2] = 1",
    citation: "Poole et al. 2016, arXiv 1606.05340; Schoenholz et al. 2016, arXiv 1611.01232",
    parameters: &[
        Parameter::any(
            "sigma_w2",
            "critical",
            "fan_in times the variance of a weight, from 0 to 1e6, or \"critical\"",
        ),
        Parameter::number("sigma_b2", 0.0, 0.0, 1e6, "variance of a bias"),
    ],
};

#[derive(Debug)]
struct MeanField {
    /// `None`: critical.
    weight_variance: Option<f64>,
    bias_variance: f64,
    /// Critical points found, by activation function: a pure function's values, kept because the solver takes
    /// milliseconds.
    critical: Mutex<BTreeMap<String, f64>>,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let weight_variance = match spec.value("sigma_w2") {
        Some(Value::Number(x)) if (0.0..=1e6).contains(&x) => Some(x),
        Some(Value::Integer(x)) if (0..=1_000_000).contains(&x) => Some(x as f64),
        Some(Value::Text(text)) if text == "critical" => None,
        other => {
            let given = other.map_or_else(String::new, |v| format!(", not {}", v.quoted()));
            let message = format!(
                "`sigma_w2` of `mean_field` must be a number from 0 to 1000000 or \"critical\"{given}"
            );
            return Err(Error::new(Kind::Experiment, message));
        }
    };
    Ok(Arc::new(MeanField {
        weight_variance,
        bias_variance: spec.number("sigma_b2"),
        critical: Mutex::default(),
    }))
}

impl MeanField {
    fn weight_variance(&self, layer: &LayerInfo) -> Result<f64> {
        if let Some(given) = self.weight_variance {
            return Ok(given);
        }
        let Some(activation) = layer
            .input_activation
            .as_ref()
            .or(layer.output_activation.as_ref())
        else {
            return Ok(1.0);
        };
        self.critical(activation)
    }

    fn critical(&self, activation: &Activation) -> Result<f64> {
        let name = activation.to_string();
        let known = |map: &BTreeMap<String, f64>| map.get(&name).copied();
        if let Some(found) = known(&self.critical.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(found);
        }
        let (found, _) = critical_weight_variance(activation, self.bias_variance)?;
        let mut map = self.critical.lock().unwrap_or_else(PoisonError::into_inner);
        map.insert(name, found);
        Ok(found)
    }
}

impl Scheme for MeanField {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let variance = self.weight_variance(layer)? / layer.fan_in as f64;
        Distribution::Normal.fill(variance, stream, row_major(&mut weights));
        Ok(())
    }

    fn fill_bias(&self, _: &LayerInfo, stream: &mut Stream, bias: &mut [f32]) -> Result<()> {
        if self.bias_variance > 0.0 {
            Distribution::Normal.fill(self.bias_variance, stream, bias);
        }
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        let weight_variance = self.weight_variance(layer).ok()?;
        Some(weight_variance / layer.fan_in as f64)
    }

    fn check(&self, model: &Model) -> Result<()> {
        // Layers mostly share their activation function.
        let mut last = None;
        for layer in &model.layers {
            let activations = (&layer.input_activation, &layer.output_activation);
            if last.replace(activations) != Some(activations) {
                self.weight_variance(layer)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, layer, toml_value};
    use crate::init::Registry;

    #[test]
    fn critical_is_solved_per_activation_function() {
        let variance = |value: &str, activation| {
            let layer = layer(100, 10, activation);
            choice(value).scheme.expected_variance(&layer).unwrap() * 100.0
        };
        assert!((variance("\"mean_field\"", "relu") - 2.0).abs() < 1e-9);
        assert!((variance("\"mean_field\"", "tanh") - 1.0).abs() < 1e-9);
        let biased = r#"{ kind = "mean_field", sigma_b2 = 0.05 }"#;
        assert!((variance(biased, "tanh") - 1.761).abs() < 5e-4);
        let given = r#"{ kind = "mean_field", sigma_w2 = 4 }"#;
        assert!((variance(given, "tanh") - 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_wrong_variance_is_refused() {
        for value in ["-1", "\"crit\"", "2e6", "true"] {
            let value = toml_value(&format!("{{ kind = \"mean_field\", sigma_w2 = {value} }}"));
            let error = Registry::standard().parse(&value).unwrap_err().to_string();
            assert!(
                error.contains("must be a number from 0 to 1000000 or \"critical\""),
                "{error}"
            );
        }
    }
}
