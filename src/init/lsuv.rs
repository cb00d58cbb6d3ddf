//! Layer-sequential unit variance: pre-initialize (orthogonal), then, layer after layer, divide the
//! weights by the standard deviation of the layer's output on a mini-batch until its variance is
//! within `tolerance` of 1.
//!
//! Mishkin and Matas 2015, All you need is a good init, arXiv 1511.06422, algorithm 1. The batch is
//! a sample of the training data that only the weight seed moves. A layer that does not get there
//! within `iterations` is reported, as is one whose output does not vary at all.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{CoordinateText, Network, Registry, Scheme};
use crate::model::{LayerInfo, Workspace};
use crate::numerics::Batch;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec, number};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "lsuv",
    aliases: &["layer_sequential_unit_variance"],
    summary: "data-driven: orthogonal, then each layer scaled until its output has variance 1",
    formula: "W from base; until |Var(z) - 1| < tolerance: W /= sqrt(Var(z))",
    citation: "Mishkin and Matas 2015, All you need is a good init, arXiv 1511.06422, algorithm 1",
    parameters: &[
        Parameter::any("base", "orthogonal", "scheme of the weights before scaling"),
        Parameter::number(
            "tolerance",
            0.01,
            1e-6,
            1.0,
            "largest |Var(z) - 1| that is accepted",
        ),
        Parameter::integer("iterations", 10, 1, 1000, "most scalings of a layer"),
        Parameter::integer("samples", 256, 2, 65_536, "training samples to measure on"),
    ],
};

#[derive(Debug, Clone)]
struct Lsuv {
    base: Arc<dyn Scheme>,
    tolerance: f64,
    iterations: i64,
    samples: usize,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Lsuv {
        base: registry.nested(spec, "base")?,
        tolerance: spec.number("tolerance"),
        iterations: spec.integer("iterations"),
        samples: spec.integer("samples") as usize,
    }))
}

impl Scheme for Lsuv {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        Err(Error::new(
            Kind::Experiment,
            "`lsuv` looks at data and sets whole networks only",
        ))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        self.base.initialize(network)?;
        let inputs = network.sample(self.samples)?;
        let mut workspace = Workspace::new();
        for layer in 0..network.layers().len() {
            self.scale(layer, &inputs, network, &mut workspace);
        }
        Ok(())
    }

    fn base(&self) -> Option<&dyn Scheme> {
        Some(&*self.base)
    }

    fn layerwise(&self) -> bool {
        false
    }

    fn of_trial(&self, coordinate: &CoordinateText<'_>) -> Option<Arc<dyn Scheme>> {
        let base = self.base.of_trial(coordinate)?;
        Some(Arc::new(Lsuv { base, ..self.clone() }))
    }
}

impl Lsuv {
    fn scale(&self, layer: usize, inputs: &Batch, network: &mut Network<'_>, workspace: &mut Workspace) {
        for iteration in 0..=self.iterations {
            let output = network
                .model()
                .layer_output(layer, network.parameters(), inputs, workspace);
            let variance = variance(output);
            if (variance - 1.0).abs() < self.tolerance {
                return;
            }
            let possible = variance > 0.0 && variance.is_finite();
            if !possible || iteration == self.iterations {
                let times = if possible { iteration } else { 0 };
                network.note(format!(
                    "lsuv: layer {} has output variance {} after {times} scalings",
                    layer + 1,
                    number(variance)
                ));
                return;
            }
            network.scale_weights(layer, (1.0 / variance.sqrt()) as f32);
        }
    }
}

/// Variance of all elements, two passes in row order.
fn variance(batch: &Batch) -> f64 {
    let values = || {
        (0..batch.rows())
            .flat_map(|i| batch.row(i))
            .map(|&x| f64::from(x))
    };
    let n = (batch.rows() * batch.cols()) as f64;
    let mean = values().sum::<f64>() / n;
    values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, data, plain};
    use super::variance;
    use crate::init::{BiasInit, Context, InitReport, initialize};
    use crate::model::{Parameters, Workspace};
    use crate::numerics::Batch;

    fn run(scheme: &str) -> (Parameters, InitReport) {
        let (model, data, bias) = (plain(12, &[30; 20], 3, "relu"), data(), BiasInit::default());
        let mut parameters = Parameters::default();
        let context = Context {
            data: Some(&data),
            ..Context::new(1, 0, &bias)
        };
        let report = initialize(&model, &*choice(scheme).scheme, &context, &mut parameters).unwrap();
        (parameters, report)
    }

    /// The postcondition on every layer, from a start that is far too small, and on other samples
    /// than it was scaled on to within sampling error.
    #[test]
    fn every_layer_has_unit_variance() {
        let (parameters, report) = run(
            r#"{ kind = "lsuv", base = { kind = "orthogonal", gain = 0.01 }, samples = 300, tolerance = 0.001 }"#,
        );
        assert!(report.notes.is_empty(), "{:?}", report.notes);
        let (model, data) = (plain(12, &[30; 20], 3, "relu"), data());
        let mut inputs = Batch::default();
        data.gather(&data.split.train, &mut inputs);
        let trace = model.propagate(&parameters, &inputs, &mut Workspace::new());
        for (i, layer) in trace.layers.iter().enumerate() {
            assert!((variance(&layer.output) - 1.0).abs() < 0.001, "layer {i}");
        }
    }

    #[test]
    fn what_does_not_converge_is_said() {
        let (_, report) = run(r#"{ kind = "lsuv", base = "zeros" }"#);
        assert_eq!(report.notes.len(), 21);
        assert_eq!(
            report.notes[0],
            "lsuv: layer 1 has output variance 0 after 0 scalings"
        );
        // Biases are not scaled with the weights, so that one scaling does not get there; ten do.
        let biased = |iterations: u32| {
            run(&format!(
                r#"{{ kind = "lsuv", base = "torch_default", tolerance = 0.0001, iterations = {iterations} }}"#
            ))
        };
        let (_, report) = biased(1);
        assert!(report.notes.len() > 10, "{:?}", report.notes);
        assert!(report.notes.iter().all(|n| n.contains("after 1 scalings")));
        let (_, report) = biased(10);
        assert!(report.notes.is_empty(), "{:?}", report.notes);
    }
}
