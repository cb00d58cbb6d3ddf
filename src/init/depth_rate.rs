//! The rate of plain ReLU networks over depth to the power 3/2.
//!
//! Jelassi, Hanin, Ji, Reddi, Bhojanapalli and Kumar 2023, Depth dependence of muP learning rates in ReLU MLPs, arXiv
//! 2305.07810: the largest rate of gradient descent at which one step changes pre-activations by a bounded amount goes as
//! `L^(-3/2)` in networks of L layers, whatever their width. All rates are those of `base` times `(base_depth / L)^(3/2)`, L being
//! the number of hidden layers. Derived for gradient descent: Adam is refused.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::depth_mup::BASE;
use super::{CoordinateText, Network, Registry, Scheme};
use crate::model::{LayerInfo, Model, Optimizer};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "depth_rate",
    aliases: &["jelassi"],
    summary: "plain networks: SGD's rates fall with depth to the power 3/2",
    formula: "rates x (base_depth / L)^(3/2), L hidden layers; weights, and rates by width, by base",
    citation: "Jelassi et al. 2023, Depth dependence of muP learning rates in ReLU MLPs, arXiv 2305.07810",
    parameters: &[
        BASE,
        Parameter::integer(
            "base_depth",
            1,
            1,
            10_000,
            "number of hidden layers at which rates are those of base",
        ),
    ],
};

#[derive(Debug, Clone)]
struct DepthRate {
    base: Arc<dyn Scheme>,
    base_depth: f64,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(DepthRate {
        base: registry.nested(spec, "base")?,
        base_depth: spec.integer("base_depth") as f64,
    }))
}

impl Scheme for DepthRate {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, weights: ArrayViewMut2<f32>) -> Result<()> {
        self.base.fill(layer, stream, weights)
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        if network.optimizer().is_some_and(Optimizer::is_adaptive) {
            let message = "`depth_rate` is a rule for gradient descent, and this optimizer is adaptive";
            return Err(Error::new(Kind::Experiment, message).help("use sgd, momentum or nesterov"));
        }
        self.base.initialize(network)?;
        let depth = network.layers().len().saturating_sub(1).max(1) as f64;
        let factor = libm::pow(self.base_depth / depth, 1.5);
        for rate in &mut network.rates_mut().layers {
            rate.weight *= factor;
            rate.bias *= factor;
            rate.norm *= factor;
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        if model.residual.is_some() {
            let message = "`depth_rate` is for plain networks, and this one has residual blocks";
            return Err(
                Error::new(Kind::Experiment, message).help("for those see `depth_mup` and `complete_p`")
            );
        }
        self.base.check(model)
    }

    fn base(&self) -> Option<&dyn Scheme> {
        Some(&*self.base)
    }

    fn layerwise(&self) -> bool {
        false
    }

    fn of_trial(&self, coordinate: &CoordinateText<'_>) -> Option<Arc<dyn Scheme>> {
        let base = self.base.of_trial(coordinate)?;
        Some(Arc::new(DepthRate { base, ..self.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, plain, rates};
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::{Optimizer, Parameters};
    use crate::support::catalog::Value;

    #[test]
    fn rates_fall_with_depth() {
        // Two hidden layers: 2^(-3/2) of muP's rates, which are 1 at width 64.
        let expected = libm::pow(0.5, 1.5);
        for rate in rates("\"depth_rate\"", 64, "sgd") {
            assert!((rate / expected - 1.0).abs() < 1e-12, "{rate}");
        }
        assert_eq!(
            rates(r#"{ kind = "depth_rate", base_depth = 2 }"#, 64, "nesterov"),
            [1.0; 3]
        );
    }

    #[test]
    fn adaptive_optimizers_are_refused() {
        let (model, bias) = (plain(4, &[5], 3, "relu"), BiasInit::default());
        let adam = Optimizer::parse(&Value::Text("adam".to_owned())).unwrap();
        let context = Context {
            optimizer: Some(&adam),
            ..Context::new(1, 0, &bias)
        };
        let scheme = choice("\"depth_rate\"").scheme;
        let error = initialize(&model, &*scheme, &context, &mut Parameters::default()).unwrap_err();
        assert!(error.to_string().contains("adaptive"), "{error}");
    }
}
