//! The Jacobian of a network's layers with respect to its input, at one sample.
//!
//! Forward accumulation in f64 from the f32 parameters and pre-activations of a [`Trace`]; each
//! product sums over ascending k.

use crate::model::{Model, Norm, Parameters, Trace};
use crate::numerics::spectrum::Matrix;

/// Greatest smaller side of a Jacobian whose single singular values are computed.
const MOST_VALUES: usize = 256;

/// What the squared singular values of a Jacobian look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spectrum {
    /// Their mean, over `min(units, inputs)` values.
    pub mean: f64,
    /// Their variance over their mean squared.
    pub spread: f64,
    /// The least and the greatest of them; none where both sides of the Jacobian are above 256,
    /// for which it would take too long.
    pub ends: Option<(f64, f64)>,
}

/// Rows of derivatives: one for each unit, as long as the input.
type Rows = Vec<Vec<f64>>;

/// The spectra of the Jacobians of the activations of the last hidden layer and of the outputs
/// with respect to probe sample `sample`: one entry for each layer, empty for all others, and for
/// all of a network with normalization.
pub fn spectra(
    model: &Model,
    parameters: &Parameters,
    trace: &Trace,
    sample: usize,
) -> Vec<Option<Spectrum>> {
    let count = model.layers.len();
    let mut spectra = vec![None; count];
    if model.norm != Norm::None || trace.inputs.rows() <= sample {
        return spectra;
    }
    let unit = |k: usize| (0..model.inputs).map(|i| f64::from(u8::from(i == k))).collect();
    let mut values: Rows = (0..model.inputs).map(unit).collect();
    let mut stream: Rows = Vec::new();
    for (l, layer) in model.layers.iter().enumerate() {
        let mut sums = through(&parameters.weights[l].to_row_major(), layer.fan_out, &values);
        if let Some(residual) = &model.residual {
            match layer.block {
                None if l == 0 => stream.clone_from(&sums),
                Some(place) if place.is_last() => {
                    let scale = parameters.branch_scales.get(place.block).copied();
                    let alpha = f64::from(scale.unwrap_or(residual.alpha as f32));
                    for (sum, kept) in sums.iter_mut().flatten().zip(stream.iter_mut().flatten()) {
                        *kept += alpha * *sum;
                        *sum = *kept;
                    }
                }
                _ => {}
            }
        }
        if let Some(f) = &layer.output_activation {
            let shift = parameters.scalars.get(l).map_or(0.0, |s| s[0]);
            for (row, z) in sums.iter_mut().zip(trace.layers[l].preactivation.row(sample)) {
                let slope = f.derivative64(f64::from(z + shift));
                row.iter_mut().for_each(|x| *x *= slope);
            }
        }
        if l + 2 >= count {
            spectra[l] = spectrum(&sums);
        }
        values = sums;
    }
    spectra
}

/// `weights^T * values` for row-major `fan_in x fan_out` weights.
fn through(weights: &[f32], fan_out: usize, values: &Rows) -> Rows {
    let inputs = values.first().map_or(0, Vec::len);
    let mut sums = vec![vec![0.0; inputs]; fan_out];
    for (row, value) in weights.chunks_exact(fan_out).zip(values) {
        for (sum, w) in sums.iter_mut().zip(row) {
            let w = f64::from(*w);
            if w != 0.0 {
                for (s, v) in sum.iter_mut().zip(value) {
                    *s += w * v;
                }
            }
        }
    }
    sums
}

/// None where something is not finite. The spread of a Jacobian that is zero is 0.
fn spectrum(rows: &Rows) -> Option<Spectrum> {
    let matrix = Matrix::new(rows.len(), rows.first()?.len(), |i, j| rows[i][j]);
    let n = matrix.rows().min(matrix.cols()) as f64;
    let (second, fourth) = matrix.moments();
    let (mean, mean_square) = (second / n, fourth / n);
    if !(mean.is_finite() && mean_square.is_finite()) {
        return None;
    }
    let ends = || {
        let values = matrix.singular_values();
        let (least, greatest) = (values.last()?, values.first()?);
        Some((least * least, greatest * greatest))
    };
    Some(Spectrum {
        mean,
        spread: if mean > 0.0 {
            mean_square / (mean * mean) - 1.0
        } else {
            0.0
        },
        ends: if n as usize <= MOST_VALUES { ends() } else { None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::model::{Architecture, LayerTrace, Loss};
    use crate::numerics::Batch;
    use crate::support::catalog::Value;

    fn model(activation: &str, hidden: &[i64]) -> Model {
        let hidden = Value::List(hidden.iter().map(|h| Value::Integer(*h)).collect());
        let architecture = Architecture::parse(&hidden).unwrap();
        let activation = Activation::named(activation).unwrap();
        Model::new(&architecture, &[activation], 2, 2, Loss::MeanSquared).unwrap()
    }

    fn trace(preactivations: &[&[f32]]) -> Trace {
        let batch = |row: &[f32]| {
            let mut batch = Batch::zeros(1, row.len());
            batch.row_mut(0).copy_from_slice(row);
            batch
        };
        let layer = |row: &&[f32]| LayerTrace {
            preactivation: batch(row),
            ..LayerTrace::default()
        };
        Trace {
            inputs: batch(&[1.0, 1.0]),
            layers: preactivations.iter().map(layer).collect(),
            loss: 0.0,
        }
    }

    #[test]
    fn a_linear_network_has_the_product_of_its_matrices() {
        let model = model("identity", &[2]);
        let mut parameters = Parameters::new(&model);
        parameters.weights[0].copy_from_row_major(&[2.0, 0.0, 0.0, 1.0]);
        parameters.weights[1].copy_from_row_major(&[0.0, 3.0, 1.0, 0.0]);
        let spectra = spectra(&model, &parameters, &trace(&[&[2.0, 1.0], &[1.0, 6.0]]), 0);
        // Singular values 2 and 1, then 6 and 1.
        let hidden = spectra[0].unwrap();
        assert_eq!((hidden.mean, hidden.ends), (2.5, Some((1.0, 4.0))));
        assert!((hidden.spread - 2.25 / 6.25).abs() < 1e-14);
        assert_eq!(spectra[1].unwrap().ends, Some((1.0, 36.0)));
    }

    #[test]
    fn a_unit_that_is_off_passes_nothing() {
        let model = model("relu", &[2, 2]);
        let mut parameters = Parameters::new(&model);
        for weights in &mut parameters.weights {
            weights.copy_from_row_major(&[1.0, 0.0, 0.0, 1.0]);
        }
        let spectra = spectra(
            &model,
            &parameters,
            &trace(&[&[1.0, -1.0], &[1.0, 0.0], &[1.0, 0.0]]),
            0,
        );
        assert_eq!(spectra[0], None);
        for spectrum in [spectra[1].unwrap(), spectra[2].unwrap()] {
            assert_eq!((spectrum.mean, spectrum.ends), (0.5, Some((0.0, 1.0))));
        }
    }
}
