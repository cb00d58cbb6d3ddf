//! Sinusoidal: each unit's incoming weights are a sine of its own frequency and phase; no randomness.
//!
//! Fernandez-Hernandez et al. 2025, Sinusoidal initialization, time for a new start, arXiv 2505.12909:
//! `W[j][i] = a sin(i (2 pi j / fan_in + 2 pi / fan_out))` for input j from 0 and unit i from 1. The authors' code
//! (jmiravet/Sinusoidal-Initialization, initialize.py) makes the sample variance of the layer (with divisor
//! N - 1) `gain^2 / fan_in` with gain sqrt(2), as the defaults here do; `gain = 1, mode = "fan_avg"` is Xavier's variance.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::variance_scaling::{Fan, MODES};
use super::{Registry, Scheme};
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "sinusoidal",
    aliases: &[],
    summary: "a sine wave per unit, of its own frequency; no randomness",
    formula: "W[j][i] = a sin(i (2 pi j / fan_in + 2 pi / fan_out)), i from 1, j from 0; a such that Var = gain^2 / n",
    citation: "Fernandez-Hernandez et al. 2025, Sinusoidal initialization, time for a new start, arXiv 2505.12909",
    parameters: &[
        Parameter::number(
            "gain",
            std::f64::consts::SQRT_2,
            0.0,
            1e6,
            "factor on the standard deviation",
        ),
        Parameter::choice("mode", "fan_in", MODES, "n, the divisor of the variance"),
    ],
};

#[derive(Debug)]
struct Sinusoidal {
    gain: f64,
    fan: Fan,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Sinusoidal {
        gain: spec.number("gain"),
        fan: Fan::named(&spec.text("mode")),
    }))
}

/// The waves of a layer before scaling, row-major.
fn waves(fan_in: usize, fan_out: usize) -> Vec<f64> {
    let (inputs, units) = (fan_in as f64, fan_out as f64);
    let turns = (0..fan_in).flat_map(|j| (1..=fan_out).map(move |i| (i as f64, j as f64)));
    // Whole turns are taken off before the product with pi: the arguments grow with fan_out.
    let wave = |(i, j): (f64, f64)| {
        let turn = i * j / inputs + i / units;
        libm::sin(std::f64::consts::TAU * (turn - turn.floor()))
    };
    turns.map(wave).collect()
}

/// Sample variance of the waves with divisor N - 1; `None` where they vanish.
fn variance(waves: &[f64]) -> Option<f64> {
    let n = waves.len() as f64;
    let mean = waves.iter().sum::<f64>() / n;
    let variance = waves.iter().map(|w| (w - mean) * (w - mean)).sum::<f64>() / (n - 1.0);
    (variance > 1e-9).then_some(variance)
}

fn flat(layer: &LayerInfo) -> Error {
    let message = format!(
        "`sinusoidal` has no waves for layer {}: at {} inputs and {} units all sines are 0",
        layer.index + 1,
        layer.fan_in,
        layer.fan_out
    );
    Error::new(Kind::Experiment, message).help("make the layer wider than 2, or redraw it with `per_layer`")
}

impl Scheme for Sinusoidal {
    fn fill(&self, layer: &LayerInfo, _: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let waves = waves(layer.fan_in, layer.fan_out);
        let variance = variance(&waves).ok_or_else(|| flat(layer))?;
        let amplitude = self.gain / (variance * self.fan.of(layer)).sqrt();
        for (w, wave) in weights.iter_mut().zip(waves) {
            *w = (amplitude * wave) as f32;
        }
        Ok(())
    }

    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        // The sines of the last unit are those of 2 pi j fan_out / fan_in: rounding apart 0 at all of these.
        self.gain == 0.0 || (2 * layer.fan_out).is_multiple_of(layer.fan_in)
    }

    fn check(&self, model: &Model) -> Result<()> {
        // Only tiny layers can be flat, so nothing is computed twice that takes time.
        let small = model
            .layers
            .iter()
            .filter(|l| l.fan_in.min(l.fan_out) <= 2 && l.fan_in.max(l.fan_out) <= 4);
        small
            .filter(|l| variance(&waves(l.fan_in, l.fan_out)).is_none())
            .try_for_each(|l| Err(flat(l)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::choice;
    use super::super::tests::{draw, layer, moments, plain};

    #[test]
    fn the_layer_has_the_variance_of_its_gain_and_no_mean() {
        for (fan_in, fan_out) in [(64, 64), (100, 30), (30, 100)] {
            let layer = layer(fan_in, fan_out, "relu");
            let he = moments(&draw("\"sinusoidal\"", &layer, 1));
            assert!(
                (he.variance * fan_in as f64 / 2.0 - 1.0).abs() < 2e-3,
                "{fan_in} x {fan_out}: {}",
                he.variance
            );
            assert!(he.mean.abs() < 0.05 * he.variance.sqrt(), "{}", he.mean);
            let xavier = moments(&draw(
                r#"{ kind = "sinusoidal", gain = 1, mode = "fan_avg" }"#,
                &layer,
                1,
            ));
            let expected = 2.0 / (fan_in + fan_out) as f64;
            assert!(
                (xavier.variance / expected - 1.0).abs() < 2e-3,
                "{fan_in} x {fan_out}"
            );
        }
    }

    /// Unit 1 goes round once, whatever the seed; units are symmetric about 0 over a whole number of turns.
    #[test]
    fn units_are_waves() {
        let layer = layer(40, 17, "relu");
        let weights = draw("\"sinusoidal\"", &layer, 1);
        assert_eq!(weights, draw("\"sinusoidal\"", &layer, 2));
        for unit in 0..17 {
            let sum: f32 = (0..40).map(|j| weights[j * 17 + unit]).sum();
            assert!(sum.abs() < 1e-5, "unit {unit}: {sum}");
        }
        let first: Vec<f32> = (0..40).map(|j| weights[j * 17]).collect();
        let changes = first.windows(2).filter(|w| w[0] * w[1] < 0.0).count();
        assert_eq!(changes, 2);
    }

    #[test]
    fn layers_without_waves_are_refused() {
        let error = choice("\"sinusoidal\"")
            .scheme
            .check(&plain(1, &[1], 3, "relu"))
            .unwrap_err();
        assert!(error.to_string().contains("1 inputs and 1 units"), "{error}");
    }
}
