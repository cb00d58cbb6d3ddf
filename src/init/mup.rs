//! Maximal update parametrization: initialization and learning rates scaled with width together, so
//! that the best learning rate of a narrow network is that of a wide one.
//!
//! Yang et al. 2022, Tensor programs V, arXiv 2203.03466, table 3 (the form without multipliers),
//! relative to `base_width`, at which it is the standard parametrization: variance `gain^2 / fan_in`
//! for input and hidden layers, and `gain^2 base_width / fan_in^2` for the output layer.
//!
//! | learning rate | input weights, biases | hidden | output weights |
//! |---|---|---|---|
//! | SGD, momentum | fan_out / base_width | 1 | base_width / fan_in |
//! | Adam | 1 | base_width / fan_in | base_width / fan_in |

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::variance_scaling::Distribution;
use super::{Network, Registry, Scheme, row_major};
use crate::activation::Activation;
use crate::model::{LayerInfo, LayerRate, Optimizer, Role};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "mup",
    aliases: &["maximal_update"],
    summary: "muP: variances and per-layer learning rates scale with width together",
    formula: "Var = g^2 / fan_in, output g^2 base / fan_in^2; Adam: hidden and output rate x base / fan_in; SGD: input x fan_out / base, output x base / fan_in",
    citation: "Yang et al. 2022, Tensor programs V, arXiv 2203.03466, table 3",
    parameters: &[Parameter::integer(
        "base_width",
        64,
        1,
        1 << 20,
        "width at which it is the standard parametrization",
    )],
};

#[derive(Debug)]
struct Mup {
    base: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let base = spec.integer("base_width") as f64;
    Ok(Arc::new(Mup { base }))
}

impl Mup {
    fn variance(&self, layer: &LayerInfo) -> f64 {
        let gain = layer.input_activation.as_ref().map_or(1.0, Activation::gain);
        let fan_in = layer.fan_in as f64;
        let standard = gain * gain / fan_in;
        if layer.role == Role::Output && layer.index > 0 {
            standard * self.base / fan_in
        } else {
            standard
        }
    }

    fn rate(&self, layer: &LayerInfo, adam: bool) -> LayerRate {
        let narrow = self.base / layer.fan_in as f64;
        let wide = layer.fan_out as f64 / self.base;
        // A lone layer is as wide as the data make it.
        let role = if layer.index == 0 && layer.role == Role::Output {
            None
        } else {
            Some(layer.role)
        };
        let (weight, bias) = match (adam, role) {
            (_, None) | (true, Some(Role::Input)) => (1.0, 1.0),
            (true, Some(Role::Hidden | Role::Output)) => (narrow, 1.0),
            (false, Some(Role::Input)) => (wide, wide),
            (false, Some(Role::Hidden)) => (1.0, wide),
            (false, Some(Role::Output)) => (narrow, 1.0),
        };
        LayerRate {
            weight,
            bias,
            ..LayerRate::ONE
        }
    }
}

impl Scheme for Mup {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        Distribution::Normal.fill(self.variance(layer), stream, row_major(&mut weights));
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(self.variance(layer))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let adam = network.optimizer().is_some_and(Optimizer::is_adaptive);
        for layer in network.layers() {
            network.rates_mut().layers[layer.index] = self.rate(layer, adam);
        }
        network.draw_all(self)
    }

    fn layerwise(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, plain};
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::{Optimizer, Parameters};
    use crate::support::catalog::Value;

    fn rates(width: usize, optimizer: &str) -> Vec<(f64, f64)> {
        let model = plain(64, &[width, width], 10, "relu");
        let (scheme, bias) = (choice("\"mup\"").scheme, BiasInit::default());
        let optimizer = Optimizer::parse(&Value::Text(optimizer.to_owned())).unwrap();
        let context = Context {
            optimizer: Some(&optimizer),
            ..Context::new(1, 0, &bias)
        };
        let report = initialize(&model, &*scheme, &context, &mut Parameters::default()).unwrap();
        report.rates.layers.iter().map(|r| (r.weight, r.bias)).collect()
    }

    #[test]
    fn table_3() {
        for optimizer in ["adam", "adamw", "sgd"] {
            assert_eq!(rates(64, optimizer), [(1.0, 1.0); 3]);
        }
        assert_eq!(rates(256, "adam"), [(1.0, 1.0), (0.25, 1.0), (0.25, 1.0)]);
        assert_eq!(rates(256, "adamw"), rates(256, "adam"));
        assert_eq!(rates(256, "sgd"), [(4.0, 4.0), (1.0, 4.0), (0.25, 1.0)]);
        assert_eq!(rates(256, "momentum"), rates(256, "sgd"));
    }

    #[test]
    fn the_output_shrinks_with_the_square_of_the_width() {
        let scheme = choice("\"mup\"").scheme;
        let variance = |width: usize, layer: usize| {
            let model = plain(64, &[width, width], 10, "relu");
            scheme.expected_variance(&model.layers[layer]).unwrap()
        };
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        near(variance(64, 2), 2.0 / 64.0);
        near(variance(256, 2), 2.0 * 64.0 / (256.0 * 256.0));
        near(variance(256, 1), 2.0 / 256.0);
        near(variance(256, 0), 1.0 / 64.0);
    }
}
