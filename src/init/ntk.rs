//! NTK parametrization, written on standard weights: as width grows, features stop moving.
//!
//! Jacot, Gabriel and Hongler 2018, Neural tangent kernel, arXiv 1806.07572, section 2: a layer is `g / sqrt(fan_in) V x`
//! with `V ~ N(0, 1)`, and V is what descends. Written on `W = g V / sqrt(fan_in)`, whose variance is the
//! standard `g^2 / fan_in`, a step of SGD on V is one on W at `g^2 / fan_in` times the rate, and one of Adam, whose
//! size does not depend on the gradient's, at `g / sqrt(fan_in)` times. As for `mup`, rates are relative to `base_width`,
//! at which the parametrization is the standard one, and the first layer, whose fan_in does not grow, keeps its rate.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::variance_scaling::Distribution;
use super::{Network, Registry, Scheme, row_major};
use crate::activation::Activation;
use crate::model::{LayerInfo, LayerRate, Optimizer};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "ntk",
    aliases: &["neural_tangent"],
    summary: "NTK parametrization: rates fall with width so that features move less and less",
    formula: "Var = g^2 / fan_in; hidden and output rate x base / fan_in (SGD), x sqrt(base / fan_in) (Adam)",
    citation: "Jacot, Gabriel and Hongler 2018, Neural tangent kernel, arXiv 1806.07572, section 2",
    parameters: &[Parameter::integer(
        "base_width",
        64,
        1,
        1 << 20,
        "width at which it is the standard parametrization",
    )],
};

#[derive(Debug)]
struct Ntk {
    base: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let base = spec.integer("base_width") as f64;
    Ok(Arc::new(Ntk { base }))
}

impl Scheme for Ntk {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let gain = layer.input_activation.as_ref().map_or(1.0, Activation::gain);
        Distribution::Normal.fill(gain * gain / layer.fan_in as f64, stream, row_major(&mut weights));
        Ok(())
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let adam = network.optimizer().is_some_and(Optimizer::is_adaptive);
        for layer in network.layers().iter().filter(|l| l.input_activation.is_some()) {
            let ratio = self.base / layer.fan_in as f64;
            network.rates_mut().layers[layer.index] = LayerRate {
                weight: if adam { ratio.sqrt() } else { ratio },
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

    #[test]
    fn rates_fall_with_width() {
        assert_eq!(rates("\"ntk\"", 256, "sgd"), [1.0, 0.25, 0.25]);
        assert_eq!(rates("\"ntk\"", 256, "adam"), [1.0, 0.5, 0.5]);
        assert_eq!(rates("\"ntk\"", 64, "sgd"), [1.0; 3]);
        assert_eq!(
            rates(r#"{ kind = "ntk", base_width = 256 }"#, 256, "momentum"),
            [1.0; 3]
        );
    }

    /// A step on V at rate e is one on W at rate e g^2 / fan_in: the function moves alike. Weights are those of
    /// `adaptive`, whose variance is the same.
    #[test]
    fn weights_are_the_standard_ones() {
        assert_eq!(start("\"ntk\"", 96).weights, start("\"adaptive\"", 96).weights);
    }
}
