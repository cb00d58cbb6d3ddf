//! candle's `nn::linear` default: weights `kaiming_uniform` with ReLU's gain, `U(-l, l)` with
//! `l = sqrt(6 / fan_in)`, which is sqrt(6) wider than PyTorch's; biases as PyTorch's,
//! `U(-1/sqrt(fan_in), 1/sqrt(fan_in))`.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major, torch_default};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "candle_default",
    aliases: &[],
    summary: "candle's nn::linear default, biases included: sqrt(6) wider than PyTorch's",
    formula: "w ~ U(-l, l), l = sqrt(6 / fan_in), Var = 2 / fan_in; b ~ U(-1/sqrt(fan_in), 1/sqrt(fan_in))",
    citation: "candle_nn::init::DEFAULT_KAIMING_UNIFORM, candle_nn::linear",
    parameters: &[],
};

#[derive(Debug)]
struct CandleDefault;

pub(super) fn build(_: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(CandleDefault))
}

impl Scheme for CandleDefault {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        stream.fill_uniform(row_major(&mut weights), (6.0 / layer.fan_in as f64).sqrt() as f32);
        Ok(())
    }

    fn fill_bias(&self, layer: &LayerInfo, stream: &mut Stream, bias: &mut [f32]) -> Result<()> {
        stream.fill_uniform(bias, torch_default::limit(layer));
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(2.0 / layer.fan_in as f64)
    }
}
