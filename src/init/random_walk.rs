//! Random walk: a gain a little above the infinite-width one, so that the logarithm of a gradient's norm has
//! no drift through narrow layers.
//!
//! Sussillo and Abbott 2014, Random walk initialization for training very deep feedforward networks, arXiv
//! 1412.6558, section 2: `W = g / sqrt(N) N(0, 1)` where g makes the mean change of the log squared norm per layer
//! zero. Theirs for a layer of N inputs: linear `exp(1 / (2 N))`, ReLU `sqrt(2) exp(1.2 / (max(N, 6) - 2.4))`, and
//! about 1.13 for tanh, which is the figure of TensorFlow's former `random_walk_initializer`. The function that
//! feeds the layer decides; the data count as linear.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::variance_scaling::Distribution;
use super::{Registry, Scheme, row_major};
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, ParameterKind, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "random_walk",
    aliases: &["sussillo_abbott"],
    summary: "normal with a gain that leaves log gradient norms without drift in narrow networks",
    formula: "N(0, g^2 / n), n = fan_in; relu g = sqrt(2) exp(1.2 / (max(n, 6) - 2.4)), linear exp(1 / (2 n)), tanh 1.13",
    citation: "Sussillo and Abbott 2014, Random walk initialization, arXiv 1412.6558, section 2; tf.contrib random_walk_initializer",
    parameters: &[Parameter::optional(
        "gain",
        ParameterKind::Number { min: 0.0, max: 1e6 },
        "g of every layer, in place of the formulas",
    )],
};

#[derive(Debug)]
struct RandomWalk {
    gain: Option<f64>,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let gain = spec.value("gain").map(|_| spec.number("gain"));
    Ok(Arc::new(RandomWalk { gain }))
}

impl RandomWalk {
    fn gain(&self, layer: &LayerInfo) -> Result<f64> {
        if let Some(gain) = self.gain {
            return Ok(gain);
        }
        let n = layer.fan_in as f64;
        match layer.input_activation.as_ref().map_or("identity", |f| f.name()) {
            "identity" => Ok(libm::exp(0.5 / n)),
            "relu" => Ok(std::f64::consts::SQRT_2 * libm::exp(1.2 / (n.max(6.0) - 2.4))),
            "tanh" => Ok(1.13),
            other => {
                let message =
                    format!("`random_walk` has a formula for relu, identity and tanh, not for {other}");
                Err(Error::new(Kind::Experiment, message)
                    .help("give the gain: { kind = \"random_walk\", gain = 1.4 }"))
            }
        }
    }
}

impl Scheme for RandomWalk {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let gain = self.gain(layer)?;
        Distribution::Normal.fill(gain * gain / layer.fan_in as f64, stream, row_major(&mut weights));
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        let gain = self.gain(layer).ok()?;
        Some(gain * gain / layer.fan_in as f64)
    }

    fn check(&self, model: &Model) -> Result<()> {
        model
            .layers
            .iter()
            .try_for_each(|layer| self.gain(layer).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, layer, plain};
    use crate::theory::finite_width::log_length_increment;

    fn gain(n: usize, activation: &str) -> f64 {
        let variance = choice("\"random_walk\"")
            .scheme
            .expected_variance(&layer(n, n, activation));
        (variance.unwrap() * n as f64).sqrt()
    }

    /// With gain g the log squared length changes by `ln(g^2 / 2)` more than under He's 2 / n, whose drift is
    /// known in closed form: the paper's fit takes out all but a few hundredths of it from width 10 on.
    #[test]
    fn the_fit_of_the_paper_takes_the_drift_out() {
        for n in [10, 20, 50, 200] {
            let drift = log_length_increment(n).0;
            let left = drift + libm::log(libm::pow(gain(n as usize, "relu"), 2.0) / 2.0);
            assert!(drift < -2.0 / f64::from(n), "{n}: He drifts by {drift}");
            assert!(left.abs() < 0.1 * drift.abs() + 5e-4, "{n}: {left} of {drift}");
        }
    }

    /// Mean log of a chi-square over n: psi(n / 2) + ln(2 / n), about -1 / n.
    #[test]
    fn linear_layers_have_no_drift_to_first_order() {
        for n in [10.0, 50.0, 200.0] {
            let drift = crate::theory::special::digamma(n / 2.0) + libm::log(2.0 / n);
            let left = drift + 2.0 * libm::log(gain(n as usize, "identity"));
            assert!(left.abs() < 0.5 / (n * n), "{n}: {left}");
        }
        assert!((gain(64, "tanh") - 1.13).abs() < 1e-12);
    }

    #[test]
    fn functions_without_a_formula_need_a_gain() {
        let model = plain(4, &[5], 3, "gelu");
        let error = choice("\"random_walk\"").scheme.check(&model).unwrap_err();
        assert!(error.to_string().contains("not for gelu"), "{error}");
        choice(r#"{ kind = "random_walk", gain = 1.5 }"#)
            .scheme
            .check(&model)
            .unwrap();
    }
}
