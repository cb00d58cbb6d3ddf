//! Fixup: residual networks without normalization.
//!
//! Zhang, Dauphin and Ma 2019, arXiv 1901.09321, section 3: (1) the last layer of each branch and the
//! head are 0; (2) every other layer of a branch is drawn by a standard scheme and scaled by
//! `B^(-1 / (2m - 2))`, B branches of m layers (mind the minus sign, which copies of the rule lose);
//! (3) a scalar multiplier per branch and scalar biases, which the architecture
//! `residual(fixup=true)` provides, learn at `scalar_rate` times the learning rate (a tenth in the authors' code). At the
//! start every output is 0, so the loss is exactly ln K.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Network, Registry, Scheme};
use crate::model::{LayerInfo, Model, Role};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "fixup",
    aliases: &[],
    summary: "residual networks: zero heads of branches, the rest scaled by depth",
    formula: "B branches of m layers: last layer of a branch and head 0; other branch layers base x B^(-1/(2m-2))",
    citation: "Zhang, Dauphin and Ma 2019, Fixup initialization, arXiv 1901.09321, section 3",
    parameters: &[
        Parameter::any("base", "he_normal", "scheme of the weights before scaling"),
        Parameter::number(
            "scalar_rate",
            0.1,
            0.0,
            1e6,
            "factor on the learning rate of scalars",
        ),
    ],
};

#[derive(Debug)]
struct Fixup {
    base: Arc<dyn Scheme>,
    scalar_rate: f64,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Fixup {
        base: registry.nested_layerwise(spec, "base")?,
        scalar_rate: spec.number("scalar_rate"),
    }))
}

/// The factor on `layer`: 0 at the end of branches and network, 1 outside of branches.
fn factor(layer: &LayerInfo) -> f64 {
    match layer.block {
        Some(place) if place.is_last() => 0.0,
        Some(place) => {
            let exponent = -1.0 / (2.0 * place.length as f64 - 2.0);
            libm::pow(place.blocks as f64, exponent)
        }
        None if layer.role == Role::Output => 0.0,
        None => 1.0,
    }
}

impl Scheme for Fixup {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let factor = factor(layer) as f32;
        if factor != 0.0 {
            self.base.fill(layer, stream, weights.view_mut())?;
            weights *= factor;
        }
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        let factor = factor(layer);
        Some(factor * factor * self.base.expected_variance(layer)?)
    }

    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        factor(layer) == 0.0 || self.base.leaves_units_at_zero(layer)
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        for rate in &mut network.rates_mut().layers {
            rate.scalars = self.scalar_rate;
        }
        network.parameters_mut().branch_scales.fill(1.0);
        network.draw_all(self)
    }

    fn check(&self, model: &Model) -> Result<()> {
        if model.residual.is_none() {
            let message = "`fixup` is for residual networks, and this one has no residual blocks";
            let help =
                "give the architecture as { kind = \"residual\", width = 64, blocks = 16, fixup = true }";
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
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, toml_value};
    use crate::activation::Activation;
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::{Architecture, Loss, Model, Parameters};

    #[test]
    fn branches_shrink_and_their_ends_are_zero() {
        let value = toml_value(r#"{ kind = "residual", width = 8, blocks = 16, branch = 3, fixup = true }"#);
        let architecture = Architecture::parse(&value).unwrap();
        let relu = Activation::named("relu").unwrap();
        let model = Model::new(&architecture, &[relu], 5, 3, Loss::CrossEntropy).unwrap();
        let (scheme, he, bias) = (choice("\"fixup\""), choice("\"he_normal\""), BiasInit::default());
        let context = Context::new(1, 0, &bias);
        let (mut fixup, mut plain) = (Parameters::default(), Parameters::default());
        let report = initialize(&model, &*scheme.scheme, &context, &mut fixup).unwrap();
        initialize(&model, &*he.scheme, &context, &mut plain).unwrap();
        assert!(
            report
                .rates
                .layers
                .iter()
                .all(|r| r.scalars == 0.1 && r.norm == 1.0)
        );
        for (layer, (a, b)) in model.layers.iter().zip(fixup.weights.iter().zip(&plain.weights)) {
            // 16^(-1/4) = 1/2 exactly.
            let factor = match layer.block {
                Some(place) if place.position == 2 => 0.0,
                Some(_) => 0.5,
                None if layer.index == 0 => 1.0,
                None => 0.0,
            };
            let expected: Vec<f32> = b.to_row_major().iter().map(|w| w * factor).collect();
            assert_eq!(a.to_row_major(), expected, "layer {}", layer.index);
        }
        assert_eq!(fixup.branch_scales, [1.0; 16]);
    }

    #[test]
    fn plain_networks_are_refused() {
        let model = super::super::tests::plain(4, &[4], 2, "relu");
        let (scheme, bias) = (choice("\"fixup\"").scheme, BiasInit::default());
        let error = initialize(
            &model,
            &*scheme,
            &Context::new(1, 0, &bias),
            &mut Parameters::default(),
        );
        assert!(error.unwrap_err().to_string().contains("residual"));
    }
}
