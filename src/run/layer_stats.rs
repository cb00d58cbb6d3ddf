//! Measures each layer of a network: the rows of `layers.csv`.
//!
//! A pure function of a [`Trace`] and the parameters it was taken with. Sums are in f64 in
//! ascending order (samples, then units). A figure that is not finite is left out.

use std::collections::BTreeSet;

use crate::activation::Activation;
use crate::model::{LayerTrace, Model, Norm, Parameters, Trace};
use crate::numerics::spectrum::Matrix;
use crate::numerics::{Batch, Weights};
use crate::table::record::LayerRow;

/// One row for each weight layer of `model`, from the data to the loss, as `trace` saw it under
/// `parameters`. `initial` are the parameters before training, for the rank of the change.
///
/// Activation figures of the output layer, which no activation function follows, are those of
/// its outputs; it can be neither dead, sparse nor saturated. Saturation is left out where a
/// normalization stands between pre-activation and activation function.
pub fn layer_stats(
    model: &Model,
    trace: &Trace,
    parameters: &Parameters,
    initial: Option<&Parameters>,
    epoch: u32,
) -> Vec<LayerRow> {
    let input = Moments::of(&trace.inputs);
    let forward: Vec<Moments> = trace
        .layers
        .iter()
        .map(|l| Moments::of(&l.preactivation))
        .collect();
    let backward: Vec<Moments> = trace.layers.iter().map(|l| Moments::of(&l.gradient)).collect();
    let rows = model.layers.iter().zip(&trace.layers).zip(&parameters.weights);
    rows.map(|((layer, seen), weights)| {
        let l = layer.index;
        let before = if l == 0 { &input } else { &forward[l - 1] };
        let values = Moments::of(&seen.activation);
        let follower = layer.output_activation.as_ref();
        let mut row = LayerRow {
            epoch,
            layer: l as u32 + 1,
            fan_in: layer.fan_in as u32,
            fan_out: layer.fan_out as u32,
            preactivation_mean: finite(forward[l].mean),
            preactivation_std: finite(forward[l].std),
            preactivation_moment: finite(forward[l].moment),
            preactivation_ratio: ratio(forward[l].moment, before.moment),
            activation_mean: finite(values.mean),
            activation_std: finite(values.std),
            activation_moment: finite(values.moment),
            gradient_mean: finite(backward[l].mean),
            gradient_std: finite(backward[l].std),
            gradient_moment: finite(backward[l].moment),
            gradient_ratio: backward
                .get(l + 1)
                .and_then(|after| ratio(backward[l].moment, after.moment)),
            dead_fraction: follower.and_then(|_| dead_fraction(&seen.activation)),
            zero_fraction: follower.and_then(|_| zero_fraction(&seen.activation)),
            saturated_fraction: follower
                .filter(|_| model.norm == Norm::None)
                .and_then(|f| saturated_fraction(f, seen)),
            distinct_units: distinct_units(&seen.activation),
            correlation: correlation(&seen.activation),
            ..LayerRow::default()
        };
        measure_weights(&mut row, weights, initial.map(|i| &i.weights[l]));
        row
    })
    .collect()
}

fn measure_weights(row: &mut LayerRow, weights: &Weights, initial: Option<&Weights>) {
    let (rows, cols) = (weights.fan_in(), weights.fan_out());
    let values = weights.to_row_major();
    let moments = Moments::over(|| values.iter().copied());
    row.weight_mean = finite(moments.mean);
    row.weight_std = finite(moments.std);
    let largest = values.iter().fold(0.0f64, |m, w| m.max(f64::from(w.abs())));
    if values.iter().any(|w| !w.is_finite()) {
        return;
    }
    row.weight_max = Some(largest);
    let spread = values.chunks_exact(cols.max(1)).map(|of_input| {
        let (low, high) = of_input
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), w| {
                (l.min(*w), h.max(*w))
            });
        f64::from(high) - f64::from(low)
    });
    let spread = spread.fold(0.0, f64::max);
    row.column_spread = if largest > 0.0 {
        finite(spread / largest)
    } else {
        Some(0.0)
    };

    let at = |v: &[f32], i: usize, j: usize| f64::from(v[i * cols + j]);
    let matrix = Matrix::new(rows, cols, |i, j| at(&values, i, j));
    let pivots = matrix.pivots();
    row.weight_rank = matrix.rank_from(&pivots, 0.0).map(|r| r as u32);
    if let Some(initial) = initial {
        let before = initial.to_row_major();
        let change = Matrix::new(rows, cols, |i, j| at(&values, i, j) - at(&before, i, j));
        // A change carries the rounding of the weights that it was added to.
        let scale = pivots.first().copied().unwrap_or(0.0);
        row.change_rank = change.rank_from(&change.pivots(), scale).map(|r| r as u32);
    }
}

/// Mean, standard deviation (of the population) and mean square of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moments {
    mean: f64,
    std: f64,
    moment: f64,
}

impl Moments {
    fn of(batch: &Batch) -> Moments {
        Moments::over(|| elements(batch))
    }

    fn over<I: Iterator<Item = f32>>(values: impl Fn() -> I) -> Moments {
        let (mut count, mut sum, mut squares) = (0u64, 0.0, 0.0);
        for x in values().map(f64::from) {
            count += 1;
            sum += x;
            squares += x * x;
        }
        let n = count as f64;
        let mean = sum / n;
        let deviations = values()
            .map(|x| f64::from(x) - mean)
            .fold(0.0, |acc, d| acc + d * d);
        Moments {
            mean,
            std: (deviations / n).sqrt(),
            moment: squares / n,
        }
    }
}

fn elements(batch: &Batch) -> impl Iterator<Item = f32> + '_ {
    (0..batch.rows()).flat_map(|i| batch.row(i).iter().copied())
}

/// A figure; none where it is not finite.
pub(super) fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

fn ratio(of: f64, to: f64) -> Option<f64> {
    finite(finite(of)? / finite(to)?)
}

fn all_finite(batch: &Batch) -> bool {
    batch.rows() > 0 && batch.cols() > 0 && elements(batch).all(f32::is_finite)
}

/// Fraction of units (columns) that are zero on every sample.
fn dead_fraction(activation: &Batch) -> Option<f64> {
    if !all_finite(activation) {
        return None;
    }
    let mut dead = vec![true; activation.cols()];
    for i in 0..activation.rows() {
        for (dead, a) in dead.iter_mut().zip(activation.row(i)) {
            *dead &= *a == 0.0;
        }
    }
    let count = dead.iter().filter(|d| **d).count();
    Some(count as f64 / activation.cols() as f64)
}

fn zero_fraction(activation: &Batch) -> Option<f64> {
    if !all_finite(activation) {
        return None;
    }
    let zeros = elements(activation).filter(|a| *a == 0.0).count();
    Some(zeros as f64 / (activation.rows() * activation.cols()) as f64)
}

/// Fraction of places where the derivative is below 0.01 of its largest value on [-8, 8].
fn saturated_fraction(activation: &Activation, seen: &LayerTrace) -> Option<f64> {
    if !all_finite(&seen.preactivation) {
        return None;
    }
    let slope = |z: f64| activation.derivative64(z).abs();
    let steepest = (-256..=256)
        .map(|i| slope(f64::from(i) / 32.0))
        .fold(0.0, f64::max);
    let flat = elements(&seen.preactivation).filter(|z| slope(f64::from(*z)) < 0.01 * steepest);
    Some(flat.count() as f64 / (seen.preactivation.rows() * seen.preactivation.cols()) as f64)
}

/// Number of columns that differ in some bit on some sample (0 and -0 are one value).
fn distinct_units(activation: &Batch) -> Option<u32> {
    if !all_finite(activation) {
        return None;
    }
    let column = |j: usize| -> Vec<u32> {
        (0..activation.rows())
            .map(|i| (activation.row(i)[j] + 0.0).to_bits())
            .collect()
    };
    let distinct: BTreeSet<Vec<u32>> = (0..activation.cols()).map(column).collect();
    Some(distinct.len() as u32)
}

/// Mean cosine over all pairs of samples whose activations are not all zero; none for fewer than
/// two of these.
fn correlation(activation: &Batch) -> Option<f64> {
    let mut sum = vec![0.0; activation.cols()];
    let mut samples = 0.0;
    for i in 0..activation.rows() {
        // The square of the least f32 is far from the least f64.
        let row = || activation.row(i).iter().map(|a| f64::from(*a));
        let length = row().fold(0.0, |acc, a| acc + a * a).sqrt();
        if length == 0.0 {
            continue;
        }
        for (sum, a) in sum.iter_mut().zip(row()) {
            *sum += a / length;
        }
        samples += 1.0;
    }
    if samples < 2.0 {
        return None;
    }
    // The squared length of the sum of unit vectors holds each pair twice, and each vector once.
    let square = sum.iter().fold(0.0, |acc, s| acc + s * s);
    finite((square - samples) / (samples * (samples - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Architecture, Loss};
    use crate::support::catalog::Value;

    fn batch(rows: &[&[f32]]) -> Batch {
        let mut batch = Batch::zeros(rows.len(), rows[0].len());
        for (i, row) in rows.iter().enumerate() {
            batch.row_mut(i).copy_from_slice(row);
        }
        batch
    }

    /// 2 inputs, 3 relu units, 2 outputs; numbers chosen by hand.
    fn example() -> (Model, Trace, Parameters) {
        let hidden = Value::List(vec![Value::Integer(3)]);
        let architecture = Architecture::parse(&hidden).unwrap();
        let relu = Activation::named("relu").unwrap();
        let model = Model::new(&architecture, &[relu], 2, 2, Loss::CrossEntropy).unwrap();
        let hidden = LayerTrace {
            output: batch(&[&[1.0, -1.0, 1.0], &[3.0, -2.0, 3.0]]),
            preactivation: batch(&[&[1.0, -1.0, 1.0], &[3.0, -2.0, 3.0]]),
            activation: batch(&[&[1.0, 0.0, 1.0], &[3.0, 0.0, 3.0]]),
            gradient: batch(&[&[0.5, 0.0, 0.5], &[-0.5, 0.0, -0.5]]),
        };
        let output = LayerTrace {
            output: batch(&[&[2.0, -2.0], &[6.0, -6.0]]),
            preactivation: batch(&[&[2.0, -2.0], &[6.0, -6.0]]),
            activation: batch(&[&[2.0, -2.0], &[6.0, -6.0]]),
            gradient: batch(&[&[0.5, -0.5], &[-1.0, 1.0]]),
        };
        let trace = Trace {
            inputs: batch(&[&[1.0, 0.0], &[1.0, 2.0]]),
            layers: vec![hidden, output],
            loss: 0.7,
        };
        let mut parameters = Parameters::new(&model);
        parameters.weights[0].copy_from_row_major(&[1.0, -1.0, 1.0, 1.0, -0.5, 1.0]);
        parameters.weights[1].copy_from_row_major(&[1.0, -1.0, 0.0, 0.0, 1.0, -1.0]);
        (model, trace, parameters)
    }

    #[test]
    fn figures_are_those_worked_out_by_hand() {
        let (model, trace, parameters) = example();
        let rows = layer_stats(&model, &trace, &parameters, None, 4);
        let first = &rows[0];
        assert_eq!(
            (first.epoch, first.layer, first.fan_in, first.fan_out),
            (4, 1, 2, 3)
        );
        assert_eq!(first.preactivation_moment, Some(25.0 / 6.0));
        assert_eq!(first.preactivation_ratio, Some(25.0 / 6.0 / 1.5));
        assert_eq!(first.activation_mean, Some(8.0 / 6.0));
        assert_eq!(first.gradient_moment, Some(1.0 / 6.0));
        assert_eq!(first.gradient_ratio, Some(1.0 / 6.0 / 0.625));
        assert_eq!(first.dead_fraction, Some(1.0 / 3.0));
        assert_eq!(first.zero_fraction, Some(1.0 / 3.0));
        assert_eq!(first.saturated_fraction, Some(1.0 / 3.0));
        assert_eq!(first.distinct_units, Some(2));
        assert!((first.correlation.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(first.weight_mean, Some(2.5 / 6.0));
        assert_eq!(first.weight_max, Some(1.0));
        assert_eq!(first.weight_rank, Some(2));
        assert_eq!(first.column_spread, Some(2.0));
        assert_eq!(first.change_rank, None);
        let last = &rows[1];
        assert_eq!(last.preactivation_ratio, Some(20.0 / (25.0 / 6.0)));
        assert_eq!(
            (last.dead_fraction, last.saturated_fraction, last.gradient_ratio),
            (None, None, None)
        );
        assert_eq!(last.weight_rank, Some(1));
    }

    #[test]
    fn the_rank_of_a_change_is_not_that_of_its_rounding() {
        let (model, trace, mut parameters) = example();
        let initial = parameters.clone();
        let mut values = parameters.weights[0].to_row_major();
        values.iter_mut().for_each(|w| *w += 0.25);
        parameters.weights[0].copy_from_row_major(&values);
        let mut values = parameters.weights[1].to_row_major();
        values[0] += f32::EPSILON;
        parameters.weights[1].copy_from_row_major(&values);
        let rows = layer_stats(&model, &trace, &parameters, Some(&initial), 1);
        assert_eq!((rows[0].change_rank, rows[1].change_rank), (Some(1), Some(0)));
    }

    #[test]
    fn what_is_not_finite_is_missing() {
        let (model, mut trace, mut parameters) = example();
        trace.layers[0].preactivation.row_mut(0)[0] = f32::INFINITY;
        trace.layers[0].activation.row_mut(0)[0] = f32::NAN;
        parameters.weights[0].copy_from_row_major(&[f32::NAN; 6]);
        let rows = layer_stats(&model, &trace, &parameters, Some(&parameters), 1);
        let missing = LayerRow {
            epoch: 1,
            layer: 1,
            fan_in: 2,
            fan_out: 3,
            gradient_mean: Some(0.0),
            gradient_std: rows[0].gradient_std,
            gradient_moment: Some(1.0 / 6.0),
            gradient_ratio: rows[0].gradient_ratio,
            ..LayerRow::default()
        };
        assert_eq!(rows[0], missing);
        assert_eq!(rows[1].preactivation_ratio, None);
    }

    #[test]
    fn zero_weights_have_one_unit_and_no_rank() {
        let (model, mut trace, _) = example();
        trace.layers[0].activation = Batch::zeros(2, 3);
        let parameters = Parameters::new(&model);
        let row = &layer_stats(&model, &trace, &parameters, Some(&parameters), 0)[0];
        assert_eq!(row.dead_fraction, Some(1.0));
        assert_eq!((row.distinct_units, row.correlation), (Some(1), None));
        assert_eq!((row.weight_rank, row.change_rank), (Some(0), Some(0)));
        assert_eq!(row.column_spread, Some(0.0));
    }
}
