//! Kumar's variance for functions that are differentiable at 0:
//! `Var(w) = 1 / (fan_in g'(0)^2 (1 + g(0)^2))`, g being the function that feeds the layer.
//!
//! For tanh it is LeCun's 1/N, for the sigmoid (g(0) = 1/2, g'(0) = 1/4) it is 12.8/N, where Xavier's
//! 1/N starves it. Kumar 2017, On weight initialization in deep neural networks, arXiv 1704.08863.
//! Functions with a kink at 0 get the gain of their literature, as Kumar gives
//! He's 2/N for ReLU; a layer fed by the data gets 1/N.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::variance_scaling::Distribution;
use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "kumar",
    aliases: &[],
    summary: "per layer, by value and slope at 0 of the activation function that feeds it",
    formula: "N(0, 1 / (fan_in g'(0)^2 (1 + g(0)^2))); sigmoid: (3.58)^2 / fan_in",
    citation: "Kumar 2017, On weight initialization in deep neural networks, arXiv 1704.08863",
    parameters: &[],
};

#[derive(Debug)]
struct Kumar;

pub(super) fn build(_: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Kumar))
}

fn variance(layer: &LayerInfo) -> f64 {
    let fan_in = layer.fan_in as f64;
    let Some(g) = &layer.input_activation else {
        return 1.0 / fan_in;
    };
    let (value, left, right) = (g.value64(0.0), g.derivative64(-1e-9), g.derivative64(1e-9));
    if (left - right).abs() > 1e-6 || right == 0.0 {
        return g.gain() * g.gain() / fan_in;
    }
    let slope = g.derivative64(0.0);
    1.0 / (fan_in * slope * slope * (1.0 + value * value))
}

impl Scheme for Kumar {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        Distribution::Normal.fill(variance(layer), stream, row_major(&mut weights));
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(variance(layer))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, layer};

    #[test]
    fn published_values() {
        let variance = |activation| {
            let scheme = choice("\"kumar\"").scheme;
            scheme.expected_variance(&layer(100, 10, activation)).unwrap() * 100.0
        };
        assert!((variance("sigmoid").sqrt() - 3.577_708_763_999_663).abs() < 1e-12);
        assert!((variance("tanh") - 1.0).abs() < 1e-12);
        assert!((variance("relu") - 2.0).abs() < 1e-12);
    }
}
