//! Depth-muP: residual branches over the root of the depth, and rates that go with it.
//!
//! Yang, Yu, Zhu and Hayou 2023, Tensor programs VI: feature learning in infinite-depth neural networks, arXiv
//! 2310.02244, section 4: `h + (a / sqrt(L)) branch(h)` for L blocks, and in the branches the rate of Adam over `sqrt(L)`, that of
//! SGD unchanged. The factor belongs to the architecture, `alpha = "1/sqrt(blocks)"`; weights, and rates by width, come from `base`.
//!
//! The rule for branches times `L^-p`: a step of Adam on a branch moves the stream by `L^-p` and L of them add up, so its
//! rate goes as `L^(p - 1)`; the gradient of a branch is `L^-p` small as well, so that of SGD goes as `L^(2 p - 1)`. `complete_p` is p = 1.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{CoordinateText, Network, Registry, Scheme};
use crate::model::{LayerInfo, Model, Optimizer};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec, number};
use crate::support::error::{Error, Kind, Result};

/// The scheme of width that a rule for depth stands on.
pub(super) const BASE: Parameter = Parameter::any("base", "mup", "scheme of weights, and of rates by width");

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "depth_mup",
    aliases: &[],
    summary: "residual networks: branches and Adam's rates over the root of the number of blocks",
    formula: "h + branch(h) / sqrt(L) for L blocks; rates in branches x 1 / sqrt(L) (Adam), x 1 (SGD); weights by base",
    citation: "Yang, Yu, Zhu and Hayou 2023, Tensor programs VI, arXiv 2310.02244, section 4",
    parameters: &[BASE],
};

/// Rates for residual branches that the architecture multiplies by `blocks^-power`.
#[derive(Debug, Clone)]
pub(super) struct DepthRule {
    pub name: &'static str,
    pub base: Arc<dyn Scheme>,
    pub power: f64,
    /// How the architecture writes the factor.
    pub alpha: &'static str,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(DepthRule {
        name: ENTRY.name,
        base: registry.nested(spec, "base")?,
        power: 0.5,
        alpha: "1/sqrt(blocks)",
    }))
}

impl Scheme for DepthRule {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, weights: ArrayViewMut2<f32>) -> Result<()> {
        self.base.fill(layer, stream, weights)
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        self.base.initialize(network)?;
        let adam = network.optimizer().is_some_and(Optimizer::is_adaptive);
        let exponent = if adam {
            self.power - 1.0
        } else {
            2.0 * self.power - 1.0
        };
        for layer in network.layers() {
            if let Some(place) = layer.block {
                let factor = libm::pow(place.blocks as f64, exponent);
                let rate = &mut network.rates_mut().layers[layer.index];
                rate.weight *= factor;
                rate.bias *= factor;
                rate.norm *= factor;
            }
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        let right = |blocks: usize| libm::pow(blocks as f64, -self.power);
        let fits = model
            .residual
            .is_some_and(|r| !r.learned && (r.alpha / right(r.blocks) - 1.0).abs() < 1e-9);
        if !fits {
            let has = match model.residual {
                None => "this network has no residual blocks".to_owned(),
                Some(r) if r.learned => "this network learns it".to_owned(),
                Some(r) => format!("this one is {}", number(r.alpha)),
            };
            let message = format!(
                "`{}` needs the fixed factor {} on each residual branch, and {has}",
                self.name, self.alpha
            );
            let help = format!(
                "give the architecture as {{ kind = \"residual\", width = 64, blocks = 16, alpha = \"{}\" }}",
                self.alpha
            );
            return Err(Error::new(Kind::Experiment, message).help(help));
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
        Some(Arc::new(DepthRule { base, ..self.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, plain, residual};
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::{Optimizer, Parameters};
    use crate::support::catalog::Value;

    /// Rates of the layers of 16 blocks of one layer, width 64, at which muP's own are 1.
    fn rates(scheme: &str, alpha: &str, optimizer: &str) -> Vec<f64> {
        let model = residual(
            &format!(r#"{{ kind = "residual", width = 64, blocks = 16, branch = 1, alpha = "{alpha}" }}"#),
            64,
        );
        let bias = BiasInit::default();
        let optimizer = Optimizer::parse(&Value::Text(optimizer.to_owned())).unwrap();
        let context = Context {
            optimizer: Some(&optimizer),
            ..Context::new(1, 0, &bias)
        };
        let report = initialize(
            &model,
            &*choice(scheme).scheme,
            &context,
            &mut Parameters::default(),
        )
        .unwrap();
        report.rates.layers.iter().map(|r| r.weight).collect()
    }

    #[test]
    fn branches_have_the_rates_of_the_rules() {
        for (scheme, alpha, optimizer, expected) in [
            ("\"depth_mup\"", "1/sqrt(blocks)", "adam", 0.25),
            ("\"depth_mup\"", "1/sqrt(blocks)", "sgd", 1.0),
            ("\"complete_p\"", "1/blocks", "adamw", 1.0),
            ("\"complete_p\"", "1/blocks", "momentum", 16.0),
        ] {
            let rates = rates(scheme, alpha, optimizer);
            assert_eq!((rates[0], rates[17]), (1.0, 1.0), "{scheme} {optimizer}");
            assert_eq!(rates[1..17], [expected; 16], "{scheme} {optimizer}");
        }
    }

    #[test]
    fn other_factors_are_refused() {
        let refusal = |model| {
            choice("\"depth_mup\"")
                .scheme
                .check(&model)
                .unwrap_err()
                .to_string()
        };
        let error = refusal(plain(4, &[5], 3, "relu"));
        assert!(error.contains("no residual blocks"), "{error}");
        let error = refusal(residual(
            r#"{ kind = "residual", width = 8, blocks = 4, alpha = "1/blocks" }"#,
            4,
        ));
        assert!(error.contains("this one is 0.25"), "{error}");
        let error = refusal(residual(
            r#"{ kind = "residual", width = 8, blocks = 4, alpha = 0.5, learn_alpha = true }"#,
            4,
        ));
        assert!(error.contains("learns it"), "{error}");
        choice("\"complete_p\"")
            .scheme
            .check(&residual(
                r#"{ kind = "residual", width = 8, blocks = 4, alpha = 0.25 }"#,
                4,
            ))
            .unwrap();
    }
}
