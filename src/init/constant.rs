//! All weights equal: `w = value`.
//!
//! Every unit of a layer computes the same and receives the same gradient, so the layer stays of
//! rank 1 for ever. Goodfellow, Bengio and Courville 2016, Deep Learning, section 8.4.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "constant",
    aliases: &[],
    summary: "all weights equal: a layer never has more than one distinct unit",
    formula: "w = value",
    citation: "Goodfellow, Bengio and Courville 2016, Deep Learning, section 8.4",
    parameters: &[Parameter::required("value", -1e6, 1e6, "the weight")],
};

#[derive(Debug)]
struct Constant {
    value: f32,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let value = spec.number("value") as f32;
    Ok(Arc::new(Constant { value }))
}

impl Scheme for Constant {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        weights.fill(self.value);
        Ok(())
    }

    fn expected_variance(&self, _: &LayerInfo) -> Option<f64> {
        Some(0.0)
    }

    fn leaves_units_at_zero(&self, _: &LayerInfo) -> bool {
        self.value == 0.0
    }
}
