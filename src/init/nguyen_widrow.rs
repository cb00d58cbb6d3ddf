//! Nguyen-Widrow: directions at random, lengths and biases such that the active regions of a layer's units
//! cover the range of its inputs.
//!
//! Nguyen and Widrow 1990, Improving the learning speed of 2-layer neural networks by choosing initial values of
//! the adaptive weights, IJCNN; rules as in MATLAB's `initnw`. For inputs in [-1, 1], H units and n inputs (those that vary):
//!
//! - `|w_i| = .7 H^(1/n)`, the direction that of n draws from U(-1, 1);
//! - `b_i = |w_i| t_i sign(w_i1)`, t from -1 to 1 in H equal steps (0 for one unit);
//! - the result, in [-1, 1], is mapped onto the function's active range (tanh -2 to 2, sigmoid -4 to 4), and the inputs
//!   from their own range: that of each feature over the training data, or the function's values for later layers.
//!
//! Layers whose function has no active range (ReLU, the head) take weights and biases from U(-1, 1), as in MATLAB.
//! A feature that does not vary has weight 0.

use std::sync::Arc;

use ndarray::{Array2, ArrayViewMut2};

use super::{Network, Registry, Scheme, require_plain};
use crate::activation::Activation;
use crate::model::{LayerInfo, Model};
use crate::numerics::Batch;
use crate::random::{Purpose, Stream};
use crate::support::catalog::{Entry, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "nguyen_widrow",
    aliases: &["initnw"],
    summary: "active regions of tanh or sigmoid units spread over the range of the data; biases too",
    formula: "|w| = .7 H^(1/n), b = |w| linspace(-1, 1, H) sign(w_1), mapped from the inputs' range to the active range; others U(-1, 1)",
    citation: "Nguyen and Widrow 1990, Improving the learning speed of 2-layer neural networks, IJCNN; MATLAB initnw",
    parameters: &[],
};

#[derive(Debug)]
struct NguyenWidrow;

pub(super) fn build(_: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(NguyenWidrow))
}

/// Where the function is neither flat nor, to the eye, linear.
fn active(activation: Option<&Activation>) -> Option<(f64, f64)> {
    match activation?.name() {
        "tanh" => Some((-2.0, 2.0)),
        "sigmoid" => Some((-4.0, 4.0)),
        _ => None,
    }
}

/// The function's values, an infinite end cut at 1.
fn values(activation: &Activation) -> (f64, f64) {
    match activation.name() {
        "sigmoid" | "relu" | "abs" | "softplus" => (0.0, 1.0),
        _ => (-1.0, 1.0),
    }
}

/// Least and greatest value of each column.
fn ranges(inputs: &Batch) -> Vec<(f64, f64)> {
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); inputs.cols()];
    for row in inputs.iter() {
        for (range, &x) in ranges.iter_mut().zip(row) {
            *range = (range.0.min(x.into()), range.1.max(x.into()));
        }
    }
    ranges
}

/// Weights, `fan_in x units`, and biases for inputs in `ranges`.
fn spread(
    ranges: &[(f64, f64)],
    units: usize,
    active: (f64, f64),
    stream: &mut Stream,
) -> (Array2<f32>, Vec<f32>) {
    let varying: Vec<usize> = (0..ranges.len()).filter(|&k| ranges[k].0 < ranges[k].1).collect();
    let length = 0.7 * libm::pow(units as f64, 1.0 / varying.len().max(1) as f64);
    let (half, middle) = (0.5 * (active.1 - active.0), 0.5 * (active.1 + active.0));
    let mut weights = Array2::zeros((ranges.len(), units));
    let mut biases = vec![0.0; units];
    let mut direction = vec![0.0; varying.len()];
    for (unit, bias) in biases.iter_mut().enumerate() {
        stream.fill_uniform(&mut direction, 1.0);
        let norm = direction
            .iter()
            .map(|&d| f64::from(d) * f64::from(d))
            .sum::<f64>()
            .sqrt();
        let step = if units > 1 {
            2.0 * unit as f64 / (units - 1) as f64 - 1.0
        } else {
            0.0
        };
        let sign = direction.first().map_or(1.0, |d| f64::from(d.signum()));
        let mut shift = half * length * step * sign + middle;
        for (&k, &d) in varying.iter().zip(&direction) {
            let (low, high) = ranges[k];
            let w = half * length * f64::from(d) / norm;
            shift += w * (1.0 - 2.0 * high / (high - low));
            weights[[k, unit]] = (w * 2.0 / (high - low)) as f32;
        }
        *bias = shift as f32;
    }
    (weights, biases)
}

impl Scheme for NguyenWidrow {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        Err(Error::new(
            Kind::Experiment,
            "`nguyen_widrow` looks at data and sets whole networks only",
        ))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let data = ranges(&network.sample(usize::MAX)?);
        for layer in network.layers() {
            let l = layer.index;
            let mut stream = network.stream(Purpose::Weights, l);
            let (weights, biases) = if let Some(active) = active(layer.output_activation.as_ref()) {
                let fed = layer
                    .input_activation
                    .as_ref()
                    .map(|f| vec![values(f); layer.fan_in]);
                spread(fed.as_ref().unwrap_or(&data), layer.fan_out, active, &mut stream)
            } else {
                let mut draws = vec![0.0; layer.fan_in * layer.fan_out];
                stream.fill_uniform(&mut draws, 1.0);
                let mut biases = vec![0.0; layer.fan_out];
                network.stream(Purpose::Biases, l).fill_uniform(&mut biases, 1.0);
                let mut weights = Array2::zeros((layer.fan_in, layer.fan_out));
                weights.iter_mut().zip(draws).for_each(|(w, d)| *w = d);
                (weights, biases)
            };
            network.set_weights(l, weights.view());
            network.set_biases(l, &biases);
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        require_plain(ENTRY.name, "it needs the range of each layer's inputs", model)
    }

    fn layerwise(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, data, plain};
    use super::{ranges, spread};
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::Parameters;
    use crate::numerics::Batch;
    use crate::random::{Key, Purpose};

    /// On inputs scaled to [-1, 1] the weights have the length of the rule, and the centre of a unit's active
    /// region is within it.
    #[test]
    fn lengths_and_centres_are_those_of_the_rule() {
        let ranges = [(-3.0, 5.0), (7.0, 7.0), (0.0, 0.5), (-1.0, 1.0)];
        let mut stream = Key::new(1, 0, Purpose::Weights).stream(0);
        let (weights, biases) = spread(&ranges, 20, (-2.0, 2.0), &mut stream);
        let length = 0.7 * libm::pow(20.0, 1.0 / 3.0);
        for unit in 0..20 {
            assert_eq!(weights[[1, unit]], 0.0);
            let scaled = |k: usize| {
                let (low, high): (f64, f64) = ranges[k];
                f64::from(weights[[k, unit]]) * (high - low) / 2.0 / 2.0
            };
            let norm = [0, 2, 3]
                .map(|k| scaled(k) * scaled(k))
                .iter()
                .sum::<f64>()
                .sqrt();
            assert!(
                (norm / length - 1.0).abs() < 1e-5,
                "unit {unit}: {norm} for {length}"
            );
            // At the middle of the ranges the unit sees the bias of the rule.
            let middle: f64 = [0, 2, 3]
                .iter()
                .map(|&k| f64::from(weights[[k, unit]]) * (ranges[k].0 + ranges[k].1) / 2.0)
                .sum();
            let at_middle = (middle + f64::from(biases[unit])) / 2.0;
            let expected = length * (2.0 * unit as f64 / 19.0 - 1.0) * scaled(0).signum();
            assert!(
                (at_middle - expected).abs() < 1e-4,
                "unit {unit}: {at_middle} for {expected}"
            );
        }
    }

    #[test]
    fn ranges_are_those_of_the_columns() {
        let batch = Batch::from_row_major(3, 2, &[1.0, -2.0, 3.0, 0.0, 2.0, 5.0]);
        assert_eq!(ranges(&batch), [(1.0, 3.0), (-2.0, 5.0)]);
    }

    /// No pre-activation of a unit leaves the reach of its active region, and the head is uniform.
    #[test]
    fn a_network_is_set() {
        let (model, data, bias) = (plain(12, &[30, 20], 3, "tanh"), data(), BiasInit::default());
        let context = Context {
            data: Some(&data),
            ..Context::new(1, 0, &bias)
        };
        let mut parameters = Parameters::default();
        initialize(
            &model,
            &*choice("\"nguyen_widrow\"").scheme,
            &context,
            &mut parameters,
        )
        .unwrap();
        let length = 1.4 * libm::pow(20.0, 1.0 / 30.0);
        let second = parameters.weights[1].to_row_major();
        for unit in 0..20 {
            let norm: f64 = (0..30)
                .map(|k| libm::pow(f64::from(second[k * 20 + unit]), 2.0))
                .sum();
            assert!((norm.sqrt() / length - 1.0).abs() < 1e-5);
        }
        let head = parameters.weights[2].to_row_major();
        assert!(head.iter().all(|w| w.abs() <= 1.0) && head.iter().any(|w| w.abs() > 0.8));
        assert!(parameters.biases.iter().flatten().all(|b| *b != 0.0));
        let none = Context::new(1, 0, &bias);
        let error = initialize(
            &model,
            &*choice("\"nguyen_widrow\"").scheme,
            &none,
            &mut parameters,
        );
        assert!(error.unwrap_err().to_string().contains("data"));
    }
}
