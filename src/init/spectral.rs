//! Spectral parametrization: spectral norms of weights and of their steps go as `sqrt(fan_out / fan_in)`.
//!
//! Yang, Simon and Bernstein 2023, A spectral condition for feature learning, arXiv 2310.17813: deviation
//! `min(1, sqrt(fan_out / fan_in)) / sqrt(fan_in)` and, for SGD, the rate times `fan_out / fan_in`. A step of Adam has entries of
//! one size, hence a spectral norm of up to `sqrt(fan_in fan_out)` times the rate: there the factor is `1 / fan_in`. With
//! `law = "orthogonal"` weights are semi-orthogonal times `sqrt(fan_out / fan_in)`, the start of Modula (Large et al. 2024,
//! Scalable optimization in the modular norm, arXiv 2405.14813), whose spectral norm is exact. The factor
//! of the activation function that feeds the layer, which the paper leaves open, multiplies the deviation.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::orthogonal::fill_haar;
use super::variance_scaling::Distribution;
use super::{Network, Registry, Scheme, row_major};
use crate::activation::Activation;
use crate::model::{LayerInfo, LayerRate, Optimizer};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "spectral",
    aliases: &["spectral_condition"],
    summary: "spectral norms of weights and steps as sqrt(fan_out / fan_in): features move alike at every width",
    formula: "std = g min(1, sqrt(fan_out / fan_in)) / sqrt(fan_in); rate x fan_out / fan_in (SGD), x 1 / fan_in (Adam)",
    citation: "Yang, Simon and Bernstein 2023, A spectral condition for feature learning, arXiv 2310.17813; Large et al. 2024, arXiv 2405.14813",
    parameters: &[Parameter::choice(
        "law",
        "normal",
        &["normal", "orthogonal"],
        "independent normal weights, or semi-orthogonal ones",
    )],
};

#[derive(Debug)]
struct Spectral {
    orthogonal: bool,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let orthogonal = spec.text("law") == "orthogonal";
    Ok(Arc::new(Spectral { orthogonal }))
}

impl Scheme for Spectral {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let gain = layer.input_activation.as_ref().map_or(1.0, Activation::gain);
        let ratio = layer.fan_out as f64 / layer.fan_in as f64;
        if self.orthogonal {
            fill_haar(gain * ratio.sqrt(), stream, weights);
        } else {
            let variance = gain * gain * ratio.min(1.0) / layer.fan_in as f64;
            Distribution::Normal.fill(variance, stream, row_major(&mut weights));
        }
        Ok(())
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let adam = network.optimizer().is_some_and(Optimizer::is_adaptive);
        for layer in network.layers() {
            let narrow = 1.0 / layer.fan_in as f64;
            // A bias is a layer of one input.
            network.rates_mut().layers[layer.index] = LayerRate {
                weight: if adam {
                    narrow
                } else {
                    layer.fan_out as f64 * narrow
                },
                bias: if adam { 1.0 } else { layer.fan_out as f64 },
                ..LayerRate::ONE
            };
        }
        network.draw_all(self)
    }

    fn layerwise(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rates, start};
    use crate::numerics::spectrum::Matrix;

    /// Largest singular value of each layer over `sqrt(fan_out / fan_in)`.
    fn norms(scheme: &str, width: usize) -> Vec<f64> {
        let norm = |w: &crate::numerics::Weights| {
            let largest = Matrix::new(w.fan_in(), w.fan_out(), |k, j| w.get(k, j).into())
                .singular_values()
                .into_iter()
                .fold(0.0, f64::max);
            largest / (w.fan_out() as f64 / w.fan_in() as f64).sqrt()
        };
        start(scheme, width).weights.iter().map(norm).collect()
    }

    /// Over widths from 32 to 256 no layer's relative norm moves by more than the factor 2 of the theory's constants.
    #[test]
    fn spectral_norms_follow_the_condition_at_every_width() {
        for width in [32, 128, 256] {
            for norm in norms("\"spectral\"", width) {
                assert!((0.8..4.0).contains(&norm), "{width}: {norm}");
            }
            let exact = norms(r#"{ kind = "spectral", law = "orthogonal" }"#, width);
            for (norm, gain) in exact.iter().zip([1.0, 2.0_f64.sqrt(), 2.0_f64.sqrt()]) {
                assert!((norm / gain - 1.0).abs() < 1e-5, "{width}: {norm}");
            }
        }
        let he = |width| norms("\"he_normal\"", width)[2];
        assert!(he(256) / he(32) > 2.0, "He's output layer breaks the condition");
    }

    #[test]
    fn rates_are_those_of_the_condition() {
        assert_eq!(rates("\"spectral\"", 256, "sgd"), [4.0, 1.0, 10.0 / 256.0]);
        assert_eq!(
            rates("\"spectral\"", 256, "adam"),
            [1.0 / 64.0, 1.0 / 256.0, 1.0 / 256.0]
        );
    }
}
