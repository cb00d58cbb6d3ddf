//! Looks-linear: mirrored weights, so that a ReLU network starts as an exactly linear one.
//!
//! Balduzzi, Frean, Leary, Lewis, Ma and McWilliams 2017, The shattered gradients problem, arXiv
//! 1702.08591, section 4. Units come in pairs that see `u` and `-u`. Since `f(u) - f(-u) = c u` for a
//! ReLU (c = 1), a leaky ReLU (c = 1 + slope) or the identity (c = 2), a layer that weighs the members of a
//! pair by `m / c` and `-m / c` passes on `m u` itself:
//!
//! - first layer `[M, -M]`, M being `fan_in x fan_out / 2`;
//! - hidden layers `[[M, -M], [-M, M]] / c`;
//! - head `[M; -M] / c`.
//!
//! Each M is Haar orthogonal (semi-orthogonal if not square), so the network is an isometry where
//! hidden layers have twice the width of the input; narrower ones project.

use std::sync::Arc;

use ndarray::{Array2, ArrayViewMut2, Axis};

use super::orthogonal::fill_haar;
use super::{Registry, Scheme, require_plain};
use crate::activation::Activation;
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "looks_linear",
    aliases: &["ll_init"],
    summary: "mirrored orthogonal weights: a deep ReLU network starts exactly linear",
    formula: "first [M, -M], hidden [[M, -M], [-M, M]] / c, head [M; -M] / c; M = gain Q, c = f(1) - f(-1)",
    citation: "Balduzzi et al. 2017, The shattered gradients problem, arXiv 1702.08591, section 4",
    parameters: &[Parameter::number(
        "gain",
        1.0,
        0.0,
        1e6,
        "factor on the orthogonal matrices",
    )],
};

#[derive(Debug)]
struct LooksLinear {
    gain: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let gain = spec.number("gain");
    Ok(Arc::new(LooksLinear { gain }))
}

/// `f(u) - f(-u)` for `u = 1`, of functions for which it is proportional to `u`.
fn slope(activation: &Activation) -> Option<f64> {
    matches!(activation.name(), "relu" | "leaky_relu" | "identity")
        .then(|| activation.value64(1.0) - activation.value64(-1.0))
        .filter(|slope| *slope != 0.0)
}

/// The blocks of an axis and their signs: halves on a side of paired units.
fn halves(length: usize, paired: bool) -> Vec<(std::ops::Range<usize>, f32)> {
    let half = length / 2;
    if paired {
        vec![(0..half, 1.0), (half..length, -1.0)]
    } else {
        vec![(0..length, 1.0)]
    }
}

impl Scheme for LooksLinear {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let rows = halves(layer.fan_in, layer.input_activation.is_some());
        let columns = halves(layer.fan_out, layer.output_activation.is_some());
        let c = layer.input_activation.as_ref().and_then(slope).unwrap_or(1.0);
        let mut m = Array2::zeros((rows[0].0.len(), columns[0].0.len()));
        fill_haar(self.gain / c, stream, m.view_mut());
        for (row, a) in rows {
            for (column, b) in &columns {
                let mut strip = weights.slice_axis_mut(Axis(0), row.clone().into());
                let mut block = strip.slice_axis_mut(Axis(1), column.clone().into());
                block.assign(&m);
                block *= a * b;
            }
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        require_plain(ENTRY.name, "only there is it linear at the start", model)?;
        let refuse = |what: String, help: &str| {
            let message = format!("`looks_linear` {what}");
            Err(Error::new(Kind::Experiment, message).help(help))
        };
        for layer in &model.layers {
            let Some(activation) = &layer.output_activation else {
                continue;
            };
            if slope(activation).is_none() {
                let help = "for other functions the network would not be linear; see `orthogonal`";
                return refuse(
                    format!("is for relu, leaky_relu and identity, not {activation}"),
                    help,
                );
            }
            if layer.fan_out % 2 == 1 {
                let what = format!(
                    "needs even widths, and layer {} has {}",
                    layer.index + 1,
                    layer.fan_out
                );
                return refuse(what, "its units come in pairs");
            }
        }
        Ok(())
    }

    fn layerwise(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, data, plain};
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::{Parameters, Workspace};
    use crate::numerics::Batch;

    fn start(hidden: &[usize], activation: &str) -> Parameters {
        let (model, bias) = (plain(12, hidden, 3, activation), BiasInit::default());
        let mut parameters = Parameters::default();
        let scheme = choice("\"looks_linear\"").scheme;
        initialize(&model, &*scheme, &Context::new(1, 0, &bias), &mut parameters).unwrap();
        parameters
    }

    /// The sum of two samples has the sum of their outputs, and norms of the pre-activations of twelve layers
    /// of 24 units are those of the samples (times the square root of 2, for there are two of each).
    #[test]
    fn the_network_is_linear_and_an_isometry() {
        for activation in ["relu", "leaky_relu", "identity"] {
            let model = plain(12, &[24; 12], 3, activation);
            let parameters = start(&[24; 12], activation);
            let (prepared, mut rows) = (data(), Batch::default());
            prepared.gather(&(0..20).collect::<Vec<u32>>(), &mut rows);
            let mut sums = Batch::zeros(10, 12);
            for i in 0..10 {
                for (s, (a, b)) in sums
                    .row_mut(i)
                    .iter_mut()
                    .zip(rows.row(i).iter().zip(rows.row(i + 10)))
                {
                    *s = a + b;
                }
            }
            let mut workspace = Workspace::new();
            let single = model.propagate(&parameters, &rows, &mut workspace);
            let sum = model.propagate(&parameters, &sums, &mut workspace);
            let (last, added) = (&single.layers[12].output, &sum.layers[12].output);
            for i in 0..10 {
                for (s, (a, b)) in added.row(i).iter().zip(last.row(i).iter().zip(last.row(i + 10))) {
                    assert!((s - a - b).abs() < 2e-5, "{activation}: {s} is not {a} + {b}");
                }
                let norm = |row: &[f32]| row.iter().map(|x| f64::from(x * x)).sum::<f64>();
                let ratio = norm(single.layers[11].output.row(i)) / norm(rows.row(i));
                assert!((ratio - 2.0).abs() < 1e-4, "{activation}: {ratio}");
            }
        }
    }

    #[test]
    fn other_networks_are_refused() {
        let refusal = |hidden: &[usize], activation: &str| {
            let (model, bias) = (plain(12, hidden, 3, activation), BiasInit::default());
            let scheme = choice("\"looks_linear\"").scheme;
            let result = initialize(
                &model,
                &*scheme,
                &Context::new(1, 0, &bias),
                &mut Parameters::default(),
            );
            result.unwrap_err().to_string()
        };
        assert!(refusal(&[24, 25], "relu").contains("layer 2 has 25"));
        assert!(refusal(&[24], "tanh").contains("not tanh"));
    }
}
