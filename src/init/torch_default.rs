//! PyTorch's `nn.Linear` default: `kaiming_uniform_(a = sqrt(5))`, which is
//! `U(-1/sqrt(fan_in), 1/sqrt(fan_in))` for weights and biases alike, variance `1 / (3 fan_in)`. burn
//! (`KaimingUniform` of gain 1/sqrt(3)) and dfdx have the same default.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "torch_default",
    aliases: &["pytorch_default", "burn_default", "dfdx_default"],
    summary: "PyTorch's nn.Linear default, biases included",
    formula: "w, b ~ U(-l, l), l = 1 / sqrt(fan_in); Var = 1 / (3 fan_in)",
    citation: "torch.nn.Linear.reset_parameters; pytorch issue 57109",
    parameters: &[],
};

#[derive(Debug)]
struct TorchDefault;

pub(super) fn build(_: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(TorchDefault))
}

/// `1 / sqrt(fan_in)`.
pub(super) fn limit(layer: &LayerInfo) -> f32 {
    (1.0 / layer.fan_in as f64).sqrt() as f32
}

impl Scheme for TorchDefault {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        stream.fill_uniform(row_major(&mut weights), limit(layer));
        Ok(())
    }

    fn fill_bias(&self, layer: &LayerInfo, stream: &mut Stream, bias: &mut [f32]) -> Result<()> {
        stream.fill_uniform(bias, limit(layer));
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(1.0 / (3.0 * layer.fan_in as f64))
    }
}
