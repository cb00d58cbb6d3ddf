//! Normal weights of one standard deviation for every layer: `w ~ N(0, std^2)`.
//!
//! The deviation does not know the fan: .01 is too small for a deep tanh network (the signal
//! shrinks by `.01 sqrt(fan_in)` per layer) and was the state of the art of AlexNet. Krizhevsky,
//! Sutskever and Hinton 2012, section 5.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "normal",
    aliases: &["gaussian"],
    summary: "normal weights of one deviation, whatever the fan",
    formula: "N(0, std^2)",
    citation: "Krizhevsky, Sutskever and Hinton 2012, ImageNet classification with deep convolutional neural networks, section 5",
    parameters: &[Parameter::number("std", 0.01, 0.0, 1e6, "standard deviation")],
};

#[derive(Debug)]
struct Normal {
    std: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let std = spec.number("std");
    Ok(Arc::new(Normal { std }))
}

impl Scheme for Normal {
    fn fill(&self, _: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        stream.fill_normal(row_major(&mut weights), self.std as f32);
        Ok(())
    }

    fn expected_variance(&self, _: &LayerInfo) -> Option<f64> {
        Some(self.std * self.std)
    }
}
