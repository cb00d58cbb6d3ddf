//! All weights zero: `w = 0`.
//!
//! With ReLU or tanh, all-zero weights give zero activations, hence zero weight gradients: nothing
//! but the output bias ever moves. With sigmoid (activation 1/2 at 0) the output layer moves, then
//! the hidden ones, but all units of a layer stay equal. Goodfellow, Bengio and Courville 2016, Deep
//! Learning, section 8.4.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "zeros",
    aliases: &["zero"],
    summary: "all weights zero: every unit of a layer stays equal to the others",
    formula: "w = 0",
    citation: "Goodfellow, Bengio and Courville 2016, Deep Learning, section 8.4",
    parameters: &[],
};

#[derive(Debug)]
struct Zeros;

pub(super) fn build(_: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Zeros))
}

impl Scheme for Zeros {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        weights.fill(0.0);
        Ok(())
    }

    fn expected_variance(&self, _: &LayerInfo) -> Option<f64> {
        Some(0.0)
    }
}
