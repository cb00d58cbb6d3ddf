//! SIREN: weights of networks of sines, such that each pre-activation, times omega, is about standard normal.
//!
//! Sitzmann et al. 2020, Implicit neural representations with periodic activation functions, arXiv 2006.09661,
//! section 3.2, and the authors' code (vsitzmann/siren, modules.py): first layer `U(-1/n, 1/n)`, all others,
//! the head included, `U(-l, l)` with `l = sqrt(6 / n) / omega`, n = fan_in. Biases are left to PyTorch's default
//! there, `U(-1/sqrt(n), 1/sqrt(n))`, and so they are here. Omega is that of the network's `sine`.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::variance_scaling::Distribution;
use super::{Registry, Scheme, row_major};
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{Entry, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "siren",
    aliases: &[],
    summary: "networks of sines: pre-activations times omega are about standard normal at any depth; biases too",
    formula: "first U(-1/n, 1/n), others U(-l, l), l = sqrt(6 / n) / omega; b ~ U(-1/sqrt(n), 1/sqrt(n)); n = fan_in",
    citation: "Sitzmann et al. 2020, Implicit neural representations with periodic activation functions, arXiv 2006.09661, section 3.2",
    parameters: &[],
};

#[derive(Debug)]
struct Siren;

pub(super) fn build(_: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Siren))
}

/// Omega of the sine behind the layer, or of the one that feeds the head.
fn omega(layer: &LayerInfo) -> Option<f64> {
    let around = [&layer.output_activation, &layer.input_activation];
    let mut sines = around.into_iter().flatten().filter(|f| f.name() == "sine");
    sines.next().map(|f| f.spec().number("omega"))
}

/// The square of the limit, over 3.
fn variance(layer: &LayerInfo) -> Option<f64> {
    let n = layer.fan_in as f64;
    match (&layer.input_activation, omega(layer)) {
        (None, _) => Some(1.0 / (3.0 * n * n)),
        (Some(_), Some(omega)) => Some(2.0 / (n * omega * omega)),
        (Some(_), None) => None,
    }
}

fn refusal() -> Error {
    Error::new(
        Kind::Experiment,
        "`siren` is for networks whose activation function is `sine` throughout",
    )
    .help("write activation = { kind = \"sine\", omega = 30 }")
}

impl Scheme for Siren {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let variance = variance(layer).ok_or_else(refusal)?;
        Distribution::Uniform.fill(variance, stream, row_major(&mut weights));
        Ok(())
    }

    fn fill_bias(&self, layer: &LayerInfo, stream: &mut Stream, bias: &mut [f32]) -> Result<()> {
        Distribution::Uniform.fill(1.0 / (3.0 * layer.fan_in as f64), stream, bias);
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        variance(layer)
    }

    fn check(&self, model: &Model) -> Result<()> {
        let sine = |layer: &LayerInfo| {
            layer
                .output_activation
                .as_ref()
                .is_none_or(|f| f.name() == "sine")
        };
        if model.layers.iter().all(sine) {
            Ok(())
        } else {
            Err(refusal())
        }
    }

    fn layerwise(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, moments, plain, toml_value};
    use crate::activation::Activation;
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::{Architecture, Loss, Model, Parameters};

    #[test]
    fn limits_are_the_authors() {
        let activation = Activation::parse(&toml_value(r#"{ kind = "sine", omega = 30 }"#)).unwrap();
        let architecture = Architecture::plain(vec![200, 150]).unwrap();
        let model = Model::new(&architecture, &[activation], 2, 1, Loss::MeanSquared).unwrap();
        let (scheme, bias) = (choice("\"siren\"").scheme, BiasInit::default());
        let mut parameters = Parameters::default();
        initialize(&model, &*scheme, &Context::new(1, 0, &bias), &mut parameters).unwrap();
        for (layer, limit) in [
            0.5,
            (6.0_f64 / 200.0).sqrt() / 30.0,
            (6.0_f64 / 150.0).sqrt() / 30.0,
        ]
        .iter()
        .enumerate()
        {
            let weights = parameters.weights[layer].to_row_major();
            let largest = weights.iter().fold(0.0_f32, |a, w| a.max(w.abs()));
            assert!(
                f64::from(largest) <= limit * (1.0 + 1e-6),
                "{layer}: {largest} over {limit}"
            );
            assert!(
                f64::from(largest) > 0.95 * limit,
                "{layer}: {largest} far from {limit}"
            );
            let (m, expected) = (moments(&weights), limit * limit / 3.0);
            assert!(
                (m.variance / expected - 1.0).abs() < 5.0 * (0.8 / weights.len() as f64).sqrt(),
                "{layer}"
            );
        }
        let bound = 1.0 / 200.0_f32.sqrt();
        assert!(parameters.biases[1].iter().all(|b| *b != 0.0 && b.abs() <= bound));
    }

    #[test]
    fn other_functions_are_refused() {
        let error = choice("\"siren\"")
            .scheme
            .check(&plain(4, &[5], 3, "relu"))
            .unwrap_err();
        assert!(error.to_string().contains("`sine`"), "{error}");
    }
}
