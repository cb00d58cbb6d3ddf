//! What it does, its formula, and who says so.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "my_scheme",
    aliases: &[],
    summary: "one line",
    formula: "N(0, gain^2 / fan_in)",
    citation: "author, year, title, section",
    parameters: &[Parameter::number("gain", 1.0, 0.0, 1e6, "factor on the weights")],
};

#[derive(Debug)]
struct MyScheme(f64);

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(MyScheme(spec.number("gain"))))
}

impl Scheme for MyScheme {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let std = self.0 / (layer.fan_in as f64).sqrt();
        stream.fill_normal(row_major(&mut weights), std as f32);
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(self.0 * self.0 / layer.fan_in as f64)
    }
}
