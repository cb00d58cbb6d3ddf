//! The probe of one network at initialization, as a pure function: signal, gradient, dead units,
//! spectra, and the theory beside them. Nothing is trained.

use super::jacobian;
use super::layer_stats::{finite, layer_stats};
use super::train::{Start, probe_samples};
use crate::data::Prepared;
use crate::experiment::Trial;
use crate::model::{Model, Norm, Parameters, Trace, Workspace};
use crate::numerics::{Batch, FloatMode, Weights, isa};
use crate::support::error::Result;
use crate::table::probe::ProbeRecord;
use crate::table::record::{HistogramRow, LayerRow, ProbeRow};
use crate::theory::finite_width::relu_correlation;
use crate::theory::mean_field::MeanField;

/// Bins of a histogram.
const BINS: usize = 40;

/// What probing one network leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    /// Its rows in the tables.
    pub record: ProbeRecord,
    /// What the scheme had to say, as in [`InitReport::notes`](crate::init::InitReport::notes).
    pub notes: Vec<String>,
}

/// Probes the initial state of `trial` on the first training samples, as many as
/// `record.probe_samples` says. Histograms are those of replicate 0 alone.
///
/// # Errors
/// The scheme is not defined for this network, the network does not fit the data, or `GOODINIT_ISA` names no
/// instruction set of this machine.
pub fn probe(trial: &Trial, data: &Prepared, workspace: &mut Workspace) -> Result<Probed> {
    isa::ensure_chosen()?;
    let _mode = FloatMode::standard();
    let model = trial.model(data.inputs(), data.outputs())?;
    trial.loss.accepts(&data.targets)?;
    let Start { parameters, report } = Start::of(trial, &model, data)?;
    let rows = probe_samples(trial, data);
    let trace = model.trace(&parameters, &report.rates, data, rows, workspace);
    let layers = layer_stats(&model, &trace, &parameters, None, 0);
    let mut figures = figures(&model, &trace, &parameters, &layers);
    for (row, layer) in figures.iter_mut().zip(&model.layers) {
        let theory = trial.values.scheme.scheme.expected_variance(layer);
        row.weight_variance_theory = theory;
        row.weight_variance_error = theory.and_then(|t| variance_error(&parameters.weights[layer.index], t));
    }
    let histograms = match trial.coordinates.replicate {
        0 => parameters
            .weights
            .iter()
            .enumerate()
            .filter_map(histogram)
            .collect(),
        _ => Vec::new(),
    };
    let record = ProbeRecord {
        coordinates: trial.coordinates.clone(),
        trial_id: trial.id.clone(),
        layers: layers.into_iter().zip(figures).collect(),
        histograms,
    };
    Ok(Probed {
        record,
        notes: report.notes,
    })
}

/// What only a probe measures, for each layer.
fn figures(model: &Model, trace: &Trace, parameters: &Parameters, layers: &[LayerRow]) -> Vec<ProbeRow> {
    let mut rows = vec![ProbeRow::default(); layers.len()];
    // Squares of f32 don't vanish in f64.
    let length = |batch: &Batch| mean_product(batch, 0, 0);
    let start = length(&trace.inputs);
    let first = layers.first().and_then(|l| l.preactivation_moment);
    for ((row, seen), layer) in rows.iter_mut().zip(&trace.layers).zip(layers) {
        let ratio = length(&seen.activation)
            .zip(start)
            .map(|(end, start)| end / start);
        row.log_length = ratio.filter(|r| *r > 0.0).map(libm::log).and_then(finite);
        row.first_ratio = layer
            .preactivation_moment
            .zip(first)
            .and_then(|(m, first)| finite(m / first));
        row.pair_correlation = cosine(&seen.preactivation);
    }
    for (row, spectrum) in rows
        .iter_mut()
        .zip(jacobian::spectra(model, parameters, trace, 0))
    {
        let Some(spectrum) = spectrum else { continue };
        row.jacobian_mean = finite(spectrum.mean);
        row.jacobian_spread = finite(spectrum.spread);
        row.jacobian_min = spectrum.ends.map(|e| e.0);
        row.jacobian_max = spectrum.ends.map(|e| e.1);
    }
    beside_theory(model, trace, parameters, layers, &mut rows);
    if let Some(network) = rows.last_mut() {
        network.initial_loss = finite(trace.loss);
        network.born_dead = Some(u32::from(layers.iter().any(|l| l.dead_fraction == Some(1.0))));
        let hidden = model
            .layers
            .iter()
            .zip(&trace.layers)
            .filter(|(l, _)| l.output_activation.is_some());
        let mut lengths = hidden.map(|(_, seen)| length(&seen.activation));
        network.first_dead = Some(u32::from(lengths.any(|l| l == Some(0.0))));
    }
    rows
}

/// Fills in what mean-field theory says, where it says anything: networks without normalization,
/// and without residual blocks for all but the second moment.
fn beside_theory(
    model: &Model,
    trace: &Trace,
    parameters: &Parameters,
    layers: &[LayerRow],
    rows: &mut [ProbeRow],
) {
    if model.norm != Norm::None {
        return;
    }
    let fields = Fields::new(model, parameters);
    let moments = fields.moments(mean_square(&trace.inputs));
    for ((row, layer), theory) in rows.iter_mut().zip(layers).zip(&moments) {
        row.moment_theory = finite(*theory);
        let measured = layer.preactivation_moment.zip(row.moment_theory);
        row.moment_error = measured.and_then(|(m, t)| finite(m / t - 1.0));
    }
    if model.residual.is_some() {
        return;
    }
    let correlations = fields.correlations(&trace.inputs);
    for (row, theory) in rows.iter_mut().zip(correlations) {
        row.correlation_theory = theory;
        row.correlation_error = row.pair_correlation.zip(theory).map(|(m, t)| m - t);
    }
    for l in 0..rows.len().saturating_sub(1) {
        let theory = finite(fields.chi(l, moments[l]));
        rows[l].gradient_ratio_theory = theory;
        let measured = layers[l]
            .gradient_ratio
            .zip(theory)
            .filter(|(m, t)| *m > 0.0 && *t > 0.0);
        rows[l].gradient_ratio_error = measured.map(|(m, t)| libm::log(m) - libm::log(t));
    }
}

/// A network as mean-field theory sees it: its mean squares, layer by layer.
struct Fields<'a> {
    model: &'a Model,
    /// Mean square of the weights of each layer.
    weights: Vec<f64>,
    /// Mean square of the biases of each layer.
    biases: Vec<f64>,
    /// Square of the factor on each residual branch.
    branches: Vec<f64>,
}

impl<'a> Fields<'a> {
    fn new(model: &'a Model, parameters: &Parameters) -> Self {
        let mean = |values: &[f32]| {
            let squares = values
                .iter()
                .map(|x| f64::from(*x))
                .fold(0.0, |acc, x| acc + x * x);
            if values.is_empty() {
                0.0
            } else {
                squares / values.len() as f64
            }
        };
        let branches = model.residual.map_or(Vec::new(), |r| {
            (0..r.blocks)
                .map(|block| {
                    parameters
                        .branch_scales
                        .get(block)
                        .copied()
                        .unwrap_or(r.alpha as f32)
                })
                .map(|alpha| f64::from(alpha) * f64::from(alpha))
                .collect()
        });
        Fields {
            model,
            weights: parameters
                .weights
                .iter()
                .map(|w| mean(&w.to_row_major()))
                .collect(),
            biases: parameters.biases.iter().map(|b| mean(b)).collect(),
            branches,
        }
    }

    /// The mean field that maps layer `l`'s input activation to its own pre-activation.
    fn field(&self, l: usize) -> Option<MeanField<'a>> {
        let layer = &self.model.layers[l];
        Some(MeanField {
            activation: layer.input_activation.as_ref()?,
            weight_variance: layer.fan_in as f64 * self.weights[l],
            bias_variance: self.biases[l],
        })
    }

    /// Second moment of each layer's pre-activation, from that of the data.
    fn moments(&self, input: f64) -> Vec<f64> {
        let mut moments: Vec<f64> = Vec::new();
        for (l, layer) in self.model.layers.iter().enumerate() {
            let own = match self.field(l) {
                None => layer.fan_in as f64 * self.weights[l] * input + self.biases[l],
                Some(field) => field.length(moments[l - 1]),
            };
            moments.push(match layer.block.filter(|b| b.is_last()) {
                // Before the block stands the layer in front of its branch.
                Some(place) => moments[l - place.length] + self.branches[place.block] * own,
                None => own,
            });
        }
        moments
    }

    /// Correlation of the first two samples at each layer, both at the mean of their lengths.
    fn correlations(&self, inputs: &Batch) -> Vec<Option<f64>> {
        let products = [(0, 0), (1, 1), (0, 1)].map(|(a, b)| mean_product(inputs, a, b));
        let [Some(a), Some(b), Some(along)] = products else {
            return vec![None; self.weights.len()];
        };
        let through = |x: f64| self.model.inputs as f64 * self.weights[0] * x + self.biases[0];
        let mut length = 0.5 * (through(a) + through(b));
        let both = (through(a) * through(b)).sqrt();
        let mut correlation = (through(along) / both).clamp(-1.0, 1.0);
        let mut all = vec![finite(correlation)];
        for l in 1..self.weights.len() {
            let Some(field) = self.field(l) else { break };
            if !correlation.is_finite() || !length.is_finite() || length <= 0.0 {
                break;
            }
            correlation = correlation_map(&field, length, correlation).clamp(-1.0, 1.0);
            length = field.length(length);
            all.push(finite(correlation));
        }
        all.resize(self.weights.len(), None);
        all
    }

    /// Ratio of the gradient's second moment at layer `l`'s pre-activation, of second moment `q`,
    /// to that at the next layer's.
    fn chi(&self, l: usize, q: f64) -> f64 {
        let next = &self.model.layers[l + 1];
        let field = self.field(l + 1).map(|f| MeanField {
            weight_variance: next.fan_out as f64 * self.weights[l + 1],
            ..f
        });
        field.map_or(f64::NAN, |f| f.chi(q))
    }
}

/// The correlation map, in closed form where there is one: quadrature in two dimensions would take
/// most of a probe's time.
fn correlation_map(field: &MeanField, length: f64, correlation: f64) -> f64 {
    let mean = match field.activation.name() {
        _ if field.activation.transform().is_some() => return field.correlation(length, correlation),
        "relu" => 0.5 * length * relu_correlation(correlation),
        "identity" => length * correlation,
        _ => return field.correlation(length, correlation),
    };
    (field.weight_variance * mean + field.bias_variance) / field.length(length)
}

/// Mean over the units of the product of two samples.
fn mean_product(batch: &Batch, a: usize, b: usize) -> Option<f64> {
    if a.max(b) >= batch.rows() || batch.cols() == 0 {
        return None;
    }
    let pairs = batch.row(a).iter().zip(batch.row(b));
    let sum = pairs.fold(0.0, |acc, (x, y)| acc + f64::from(*x) * f64::from(*y));
    finite(sum / batch.cols() as f64)
}

fn mean_square(batch: &Batch) -> f64 {
    let rows = (0..batch.rows()).filter_map(|i| mean_product(batch, i, i));
    rows.sum::<f64>() / batch.rows() as f64
}

/// Cosine of the first two samples; none where one of them is zero.
fn cosine(batch: &Batch) -> Option<f64> {
    let (a, b) = (mean_product(batch, 0, 0)?, mean_product(batch, 1, 1)?);
    finite(mean_product(batch, 0, 1)? / (a * b).sqrt())
}

/// How far the mean square of the weights is from `theory`, in standard errors (from the spread of
/// the squares themselves); none where they do not spread.
fn variance_error(weights: &Weights, theory: f64) -> Option<f64> {
    let squares: Vec<f64> = weights
        .to_row_major()
        .iter()
        .map(|w| f64::from(*w) * f64::from(*w))
        .collect();
    let n = squares.len() as f64;
    let mean = squares.iter().sum::<f64>() / n;
    let spread = squares.iter().fold(0.0, |acc, s| acc + (s - mean) * (s - mean)) / n;
    finite((mean - theory) / (spread / n).sqrt())
}

fn histogram((l, weights): (usize, &Weights)) -> Option<HistogramRow> {
    let values = weights.to_row_major();
    let ends = values.iter().map(|w| f64::from(*w));
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), w| {
        (l.min(w), h.max(w))
    });
    if !(low.is_finite() && high.is_finite()) {
        return None;
    }
    let bins = if low < high { BINS } else { 1 };
    let mut counts = vec![0u64; bins];
    for w in &values {
        let at = (f64::from(*w) - low) / (high - low) * bins as f64;
        // The greatest weight belongs to the last bin; with one bin, `at` is not a number, so 0.
        counts[(at as usize).min(bins - 1)] += 1;
    }
    Some(HistogramRow {
        layer: l as u32 + 1,
        low,
        high,
        counts: counts.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
    })
}

#[cfg(test)]
mod tests;
