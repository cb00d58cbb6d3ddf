//! GPT-2's: `N(0, std^2)`, the last layer of each residual branch divided by the root of the number of residual branches.
//!
//! The scaling keeps the variance of the residual stream from growing with depth. Radford et al.
//! 2019, Language models are unsupervised multitask learners, section 2.3.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "gpt2",
    aliases: &[],
    summary: "GPT-2's: small normal, last layer of each residual branch scaled by depth",
    formula: "N(0, std^2); last layer of a branch: N(0, std^2 / branches)",
    citation: "Radford et al. 2019, Language models are unsupervised multitask learners, section 2.3",
    parameters: &[Parameter::number("std", 0.02, 0.0, 1e6, "standard deviation")],
};

#[derive(Debug)]
struct Gpt2 {
    std: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let std = spec.number("std");
    Ok(Arc::new(Gpt2 { std }))
}

impl Gpt2 {
    fn variance(&self, layer: &LayerInfo) -> f64 {
        let branches = layer.block.filter(|b| b.is_last()).map_or(1, |b| b.blocks);
        self.std * self.std / branches as f64
    }
}

impl Scheme for Gpt2 {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        stream.fill_normal(row_major(&mut weights), self.variance(layer).sqrt() as f32);
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(self.variance(layer))
    }
}
