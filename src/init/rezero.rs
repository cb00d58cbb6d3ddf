//! ReZero: each residual branch is multiplied by a learned scalar that starts at 0, so the network
//! starts as the identity.
//!
//! Bachlechner et al. 2020, ReZero is all you need, arXiv 2003.04887. Weights come from
//! `base`; the scalar is the architecture's (`learn_alpha = true`), whatever its alpha says.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Network, Registry, Scheme};
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "rezero",
    aliases: &[],
    summary: "residual networks: a learned factor on each branch starts at 0",
    formula: "h + alpha branch(h), alpha = 0 at the start; weights by base",
    citation: "Bachlechner et al. 2020, ReZero is all you need, arXiv 2003.04887",
    parameters: &[Parameter::any("base", "xavier_normal", "scheme of the weights")],
};

/// Sets weights by a scheme and the factor on each branch to a number.
#[derive(Debug)]
pub(super) struct BranchFactor {
    pub name: &'static str,
    pub base: Arc<dyn Scheme>,
    pub alpha: f32,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(BranchFactor {
        name: ENTRY.name,
        base: registry.nested_layerwise(spec, "base")?,
        alpha: 0.0,
    }))
}

impl Scheme for BranchFactor {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, weights: ArrayViewMut2<f32>) -> Result<()> {
        self.base.fill(layer, stream, weights)
    }

    fn fill_bias(&self, layer: &LayerInfo, stream: &mut Stream, bias: &mut [f32]) -> Result<()> {
        self.base.fill_bias(layer, stream, bias)
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        self.base.expected_variance(layer)
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        network.parameters_mut().branch_scales.fill(self.alpha);
        network.draw_all(self)
    }

    fn check(&self, model: &Model) -> Result<()> {
        if !model.residual.is_some_and(|r| r.learned) {
            let message = format!("`{}` needs a learned factor on each residual branch", self.name);
            let help = "give the architecture as { kind = \"residual\", width = 64, blocks = 16, learn_alpha = true }";
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
    use super::super::tests::{choice, plain, toml_value};
    use crate::activation::Activation;
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::{Architecture, Loss, Model, Parameters};

    #[test]
    fn factors_start_at_their_value() {
        let value = toml_value(r#"{ kind = "residual", width = 8, blocks = 3, learn_alpha = true }"#);
        let architecture = Architecture::parse(&value).unwrap();
        let relu = Activation::named("relu").unwrap();
        let model = Model::new(&architecture, &[relu], 5, 3, Loss::CrossEntropy).unwrap();
        let bias = BiasInit::default();
        for (scheme, alpha) in [
            ("\"rezero\"", 0.0),
            ("\"skipinit\"", 0.0),
            (r#"{ kind = "skipinit", alpha = 0.25 }"#, 0.25),
        ] {
            let mut parameters = Parameters::default();
            let context = Context::new(1, 0, &bias);
            initialize(&model, &*choice(scheme).scheme, &context, &mut parameters).unwrap();
            assert_eq!(parameters.branch_scales, [alpha; 3]);
            assert!(parameters.weights.iter().all(|w| w.get(0, 0) != 0.0));
        }
        let model = plain(4, &[4], 2, "relu");
        let scheme = choice("\"rezero\"").scheme;
        let error = initialize(
            &model,
            &*scheme,
            &Context::new(1, 0, &bias),
            &mut Parameters::default(),
        );
        assert!(error.unwrap_err().to_string().contains("learn_alpha"));
    }
}
