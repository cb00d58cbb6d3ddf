//! SWIM, sampling where it matters: each hidden unit is made of a pair of samples, drawn where targets change fast.
//!
//! Bolager, Burak, Datar, Sun and Dietrich 2023, Sampling weights of deep neural networks, NeurIPS, arXiv 2306.16830,
//! definition 2 and algorithm 1; what the text leaves open as in the authors' package swimnetworks. Layer after layer, with x
//! what feeds the layer and y the target (a class is its one-hot vector):
//!
//! - candidates are pairs of samples, uniform, as many as there are samples (or the least multiple of that which
//!   is not below the number of units);
//! - a unit takes one of them, with replacement, with probability proportional to `max_i |y2 - y1|_i / norm(x2 - x1)`; pairs that
//!   coincide (within 1e-10) have none, and where all targets are alike those that do not coincide have equal ones;
//! - `w = s1 (x2 - x1) / norm(x2 - x1)^2`, `b = -<w, x1> - s2`. ReLU: s1 = 1, s2 = 0, so that the unit's input is 0 at x1 and 1 at x2.
//!   tanh: s2 = ln(3) / 2 and s1 = 2 s2, so that its value is -1/2 at x1 and 1/2 at x2.
//!
//! The paper then fits the last layer by least squares on the targets and trains nothing; `head = "least_squares"` does that.
//! Singular directions are cut off there by `ridge`, not by their number: the column of a feature is extended by
//! `ridge` times the largest norm of a column (Tikhonov), after all columns have lost their means. The default is above the rounding of
//! features in f32, 6e-8, below which they mean nothing (the package cuts at 1e-8 of the largest, in f64).

use std::sync::Arc;

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use super::{CoordinateText, Network, Registry, Scheme, require_plain};
use crate::activation::Activation;
use crate::model::{LayerInfo, Model, Role, Workspace};
use crate::numerics::Batch;
use crate::numerics::linalg::least_squares;
use crate::random::{Purpose, Stream};
use crate::support::catalog::{self, Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::counted;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "swim",
    aliases: &[],
    summary: "data-driven: each unit from a pair of samples, drawn where targets change fast; biases too; the head by least squares",
    formula: "w = s1 (x2 - x1) / |x2 - x1|^2, b = -<w, x1> - s2, P(x1, x2) ~ |y2 - y1| / |x2 - x1|; ReLU s = (1, 0), tanh s = (ln 3, ln(3) / 2)",
    citation: "Bolager et al. 2023, Sampling weights of deep neural networks, NeurIPS, arXiv 2306.16830, algorithm 1",
    parameters: &[
        Parameter::any(
            "head",
            LEAST_SQUARES,
            "\"least_squares\": the last layer is fitted to the targets; else the scheme of the last layer",
        ),
        Parameter::number(
            "ridge",
            1e-6,
            0.0,
            1e6,
            "of the least squares: penalty on weights, as a part of the largest feature",
        ),
        Parameter::integer(
            "samples",
            10_000,
            2,
            1_000_000,
            "training samples to draw from and to fit to",
        ),
    ],
};

const LEAST_SQUARES: &str = "least_squares";

/// Samples nearer than this are the same.
const COINCIDE: f64 = 1e-10;

/// The natural logarithm of 3.
const LN_3: f64 = 1.098_612_288_668_109_8;

#[derive(Debug, Clone)]
struct Swim {
    /// `None`: least squares.
    head: Option<Arc<dyn Scheme>>,
    ridge: f64,
    samples: usize,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Swim {
        head: match spec.value("head") {
            Some(catalog::Value::Text(text)) if text == LEAST_SQUARES => None,
            _ => Some(registry.nested_layerwise(spec, "head")?),
        },
        ridge: spec.number("ridge"),
        samples: spec.integer("samples") as usize,
    }))
}

/// `(s1, s2)` of the functions that the paper treats.
fn scales(activation: &Activation) -> Option<(f64, f64)> {
    match activation.name() {
        "relu" => Some((1.0, 0.0)),
        "tanh" => Some((LN_3, 0.5 * LN_3)),
        _ => None,
    }
}

/// One layer whose parameters are known.
#[derive(Debug)]
struct Given {
    weights: Array2<f32>,
    biases: Vec<f32>,
}

impl Scheme for Given {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        weights.assign(&self.weights);
        Ok(())
    }

    fn fill_bias(&self, _: &LayerInfo, _: &mut Stream, bias: &mut [f32]) -> Result<()> {
        bias.copy_from_slice(&self.biases);
        Ok(())
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).fold(0.0, |sum, (&a, &b)| {
        let d = f64::from(a) - f64::from(b);
        d.mul_add(d, sum)
    });
    squares.sqrt()
}

/// The pairs of rows of `x` that `units` units are made of; `None` if no two candidates differ.
fn pairs(x: &Batch, y: ArrayView2<f64>, units: usize, stream: &mut Stream) -> Option<Vec<[usize; 2]>> {
    let n = x.rows();
    let candidates: Vec<[usize; 2]> = (0..n * units.div_ceil(n).max(1))
        .map(|_| {
            let from = stream.below(n as u32) as usize;
            [from, (from + 1 + stream.below(n as u32 - 1) as usize) % n]
        })
        .collect();
    let distances: Vec<f64> = candidates
        .iter()
        .map(|&[from, to]| distance(x.row(from), x.row(to)))
        .collect();
    let slope = |(&[from, to], &distance): (&[usize; 2], &f64)| {
        if distance <= COINCIDE {
            return 0.0;
        }
        let (from, to) = (y.row(from), y.row(to));
        let change = from
            .iter()
            .zip(to)
            .fold(0.0, |m: f64, (a, b)| m.max((b - a).abs()));
        change / distance
    };
    let mut weights: Vec<f64> = candidates.iter().zip(&distances).map(slope).collect();
    if weights.iter().all(|w| *w == 0.0) {
        weights = distances
            .iter()
            .map(|d| f64::from(u8::from(*d > COINCIDE)))
            .collect();
    }
    let mut total = 0.0;
    for weight in &mut weights {
        total += *weight;
        *weight = total;
    }
    if total == 0.0 {
        return None;
    }
    let mut draw = || {
        let threshold = stream.unit_f64() * total;
        candidates[weights
            .partition_point(|sum| *sum <= threshold)
            .min(weights.len() - 1)]
    };
    Some((0..units).map(|_| draw()).collect())
}

/// Weights and biases of units made of these pairs.
fn units(x: &Batch, pairs: &[[usize; 2]], (s1, s2): (f64, f64)) -> Given {
    let mut weights = Array2::zeros((x.cols(), pairs.len()));
    let mut biases = Vec::with_capacity(pairs.len());
    for (unit, &[from, to]) in pairs.iter().enumerate() {
        let (from, to) = (x.row(from), x.row(to));
        let length = distance(from, to);
        let mut bias = -s2;
        for (k, (&a, &b)) in from.iter().zip(to).enumerate() {
            let w = s1 * (f64::from(b) - f64::from(a)) / (length * length);
            weights[[k, unit]] = w as f32;
            bias = (-w).mul_add(a.into(), bias);
        }
        biases.push(bias as f32);
    }
    Given { weights, biases }
}

/// The columns of a table without their means, and the means.
fn centred(
    rows: usize,
    cols: usize,
    element: impl Fn(usize, usize) -> f64,
    centre: bool,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let column = |j: usize| {
        let mut column: Vec<f64> = (0..rows).map(|i| element(i, j)).collect();
        let mean = column.iter().sum::<f64>() / rows as f64;
        let mean = if centre { mean } else { 0.0 };
        column.iter_mut().for_each(|x| *x -= mean);
        (column, mean)
    };
    (0..cols).map(column).unzip()
}

impl Swim {
    /// Sets the last layer, which `features` feed.
    fn set_head(&self, network: &mut Network<'_>, features: &Batch, targets: ArrayView2<f64>) -> Result<()> {
        let head = network.layers().len() - 1;
        if let Some(scheme) = &self.head {
            return network.draw(head, &**scheme);
        }
        let (rows, outputs) = targets.dim();
        let fan_in = features.cols();
        // Biases that the experiment sets stay, and the weights are fitted to what they leave.
        let free = network.takes_biases();
        if self.ridge == 0.0 && rows < fan_in + usize::from(free) {
            let message = format!(
                "`swim` with `ridge = 0` fits {} of an output to {}: they are not determined",
                counted((fan_in + usize::from(free)) as u64, "parameter"),
                counted(rows as u64, "sample")
            );
            return Err(Error::new(Kind::Trial, message)
                .help("set a ridge above 0, more `samples`, or fewer units in the last hidden layer"));
        }
        network.draw(
            head,
            &Given {
                weights: Array2::zeros((fan_in, outputs)),
                biases: vec![0.0; outputs],
            },
        )?;
        let set: Vec<f64> = network.parameters().biases[head]
            .iter()
            .map(|b| (*b).into())
            .collect();
        let (a, feature_means) = centred(rows, fan_in, |i, j| features.row(i)[j].into(), free);
        let (b, target_means) = centred(rows, outputs, |i, j| targets[[i, j]] - set[j], free);
        let solution = least_squares(a, b, self.ridge);
        let weights = Array2::from_shape_fn((fan_in, outputs), |(k, j)| solution[j][k] as f32);
        network.set_weights(head, weights.view());
        let bias = |(column, mean): (&Vec<f64>, &f64)| {
            let shift = column
                .iter()
                .zip(&feature_means)
                .fold(0.0, |sum, (w, m)| w.mul_add(*m, sum));
            (mean - shift) as f32
        };
        let biases: Vec<f32> = solution.iter().zip(&target_means).map(bias).collect();
        network.set_biases(head, &biases);
        Ok(())
    }
}

impl Scheme for Swim {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        Err(Error::new(
            Kind::Experiment,
            "`swim` looks at data and sets whole networks only",
        ))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let (inputs, targets) = network.sample_with_targets(self.samples)?;
        let mut workspace = Workspace::new();
        let mut x = inputs.clone();
        for layer in network.layers() {
            let Some(activation) = &layer.output_activation else {
                return self.set_head(network, &x, targets.view());
            };
            let scales = scales(activation).expect("checked before");
            let mut stream = network.stream(Purpose::Weights, layer.index);
            let pairs = if x.rows() < 2 {
                None
            } else {
                pairs(&x, targets.view(), layer.fan_out, &mut stream)
            };
            let Some(pairs) = pairs else {
                let message = format!(
                    "`swim` makes units of pairs of samples, and no two of {} differ in what feeds layer {}",
                    x.rows(),
                    layer.index + 1
                );
                return Err(Error::new(Kind::Trial, message));
            };
            network.draw(layer.index, &units(&x, &pairs, scales))?;
            let (model, parameters) = (network.model(), network.parameters());
            let z = model.layer_output(layer.index, parameters, &inputs, &mut workspace);
            activation.apply(z, &mut x);
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        require_plain(ENTRY.name, "a unit's input must be the layer's own output", model)?;
        let other = model
            .layers
            .iter()
            .filter_map(|layer| layer.output_activation.as_ref())
            .find(|activation| scales(activation).is_none());
        if let Some(activation) = other {
            let message = format!("`swim` has constants for relu and tanh, and none for {activation}");
            return Err(Error::new(Kind::Experiment, message));
        }
        self.head.as_ref().map_or(Ok(()), |head| head.check(model))
    }

    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        let head = self.head.as_ref().filter(|_| layer.role == Role::Output);
        head.is_some_and(|head| head.leaves_units_at_zero(layer))
    }

    fn base(&self) -> Option<&dyn Scheme> {
        self.head.as_deref()
    }

    fn layerwise(&self) -> bool {
        false
    }

    fn of_trial(&self, coordinate: &CoordinateText<'_>) -> Option<Arc<dyn Scheme>> {
        let head = Some(self.head.as_ref()?.of_trial(coordinate)?);
        Some(Arc::new(Swim { head, ..self.clone() }))
    }
}

#[cfg(test)]
mod tests;
