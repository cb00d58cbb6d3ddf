//! Any scheme, its weights and biases times a factor.
//!
//! Liu, Michaud and Tegmark 2022, Omnigrok: grokking beyond algorithmic data, arXiv 2210.01117, multiply every
//! parameter of PyTorch's default by alpha; Chizat, Oyallon and Bach 2018, On lazy training in differentiable
//! programming, arXiv 1812.07956, study what a large factor does. Learned factors of branches and
//! normalizations are left as they are, and so are biases that the experiment sets itself.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{CoordinateText, Network, Registry, Scheme};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "scaled",
    aliases: &[],
    summary: "another scheme, its weights and biases times alpha",
    formula: "alpha w, alpha b; w and b by base",
    citation: "Liu, Michaud and Tegmark 2022, Omnigrok, arXiv 2210.01117; Chizat, Oyallon and Bach 2018, On lazy training, arXiv 1812.07956",
    parameters: &[
        Parameter::any("base", "he_normal", "scheme of weights and biases before scaling"),
        Parameter::required("alpha", -1e6, 1e6, "factor on every weight and bias"),
    ],
};

#[derive(Debug, Clone)]
struct Scaled {
    base: Arc<dyn Scheme>,
    alpha: f32,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Scaled {
        base: registry.nested(spec, "base")?,
        alpha: spec.number("alpha") as f32,
    }))
}

impl Scheme for Scaled {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        self.base.fill(layer, stream, weights.view_mut())?;
        weights *= self.alpha;
        Ok(())
    }

    fn fill_bias(&self, layer: &LayerInfo, stream: &mut Stream, bias: &mut [f32]) -> Result<()> {
        self.base.fill_bias(layer, stream, bias)?;
        bias.iter_mut().for_each(|b| *b *= self.alpha);
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        let alpha = f64::from(self.alpha);
        Some(alpha * alpha * self.base.expected_variance(layer)?)
    }

    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        self.alpha == 0.0 || self.base.leaves_units_at_zero(layer)
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        self.base.initialize(network)?;
        for layer in 0..network.layers().len() {
            network.scale_weights(layer, self.alpha);
            let biases: Vec<f32> = network.parameters().biases[layer]
                .iter()
                .map(|b| b * self.alpha)
                .collect();
            network.set_biases(layer, &biases);
        }
        Ok(())
    }

    fn base(&self) -> Option<&dyn Scheme> {
        Some(&*self.base)
    }

    fn layerwise(&self) -> bool {
        self.base.layerwise()
    }

    fn of_trial(&self, coordinate: &CoordinateText<'_>) -> Option<Arc<dyn Scheme>> {
        let base = self.base.of_trial(coordinate)?;
        Some(Arc::new(Scaled { base, ..self.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, data, plain, toml_value};
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::Parameters;

    fn start(scheme: &str, bias: &str) -> Parameters {
        let (model, data) = (plain(12, &[9, 7], 3, "relu"), data());
        let bias = BiasInit::parse(&toml_value(bias)).unwrap();
        let context = Context {
            data: Some(&data),
            ..Context::new(1, 0, &bias)
        };
        let mut parameters = Parameters::default();
        initialize(&model, &*choice(scheme).scheme, &context, &mut parameters).unwrap();
        parameters
    }

    #[test]
    fn weights_and_biases_are_those_of_the_base_times_alpha() {
        for base in ["torch_default", "lsuv", "rai"] {
            let plain = start(&format!("\"{base}\""), "\"scheme\"");
            let scaled = start(
                &format!("{{ kind = \"scaled\", base = \"{base}\", alpha = 8 }}"),
                "\"scheme\"",
            );
            for (a, b) in plain.tensors().zip(scaled.tensors()) {
                let expected: Vec<f32> = a.values.iter().map(|x| x * 8.0).collect();
                assert_eq!(b.values, expected, "{base}: {}", a.name);
            }
        }
    }

    #[test]
    fn biases_of_the_experiment_win() {
        let scaled = start(
            r#"{ kind = "scaled", base = "torch_default", alpha = 8 }"#,
            r#"{ kind = "constant", value = 0.5 }"#,
        );
        assert!(scaled.biases.iter().flatten().all(|b| *b == 0.5));
    }
}
