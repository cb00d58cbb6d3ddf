//! Uniform weights of one limit for every layer: `w ~ U(-limit, limit)`, variance `limit^2 / 3`.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "uniform",
    aliases: &["random_uniform"],
    summary: "uniform weights of one limit, whatever the fan",
    formula: "U(-limit, limit); Var = limit^2 / 3",
    citation: "Keras RandomUniform, whose default limit is .05",
    parameters: &[Parameter::number(
        "limit",
        0.05,
        0.0,
        1e6,
        "half the width of the interval",
    )],
};

#[derive(Debug)]
struct Uniform {
    limit: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let limit = spec.number("limit");
    Ok(Arc::new(Uniform { limit }))
}

impl Scheme for Uniform {
    fn fill(&self, _: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        stream.fill_uniform(row_major(&mut weights), self.limit as f32);
        Ok(())
    }

    fn expected_variance(&self, _: &LayerInfo) -> Option<f64> {
        Some(self.limit * self.limit / 3.0)
    }
}
