//! Randomized asymmetric initialization, against units that are born dead.
//!
//! Each unit has `fan_in + 1` parameters, its bias among them. All are drawn `N(0, sigma^2)`,
//! `sigma = .6007 / sqrt(fan_in)`; then one of them, at a random place, is replaced by a draw of
//! Beta(2, 1), which is positive. Lu, Shin, Su and Karniadakis 2019, Dying ReLU and initialization,
//! arXiv 1903.06733, section 4; sigma keeps the second moment of a ReLU network.
//!
//! Normal draws come from the layers' usual streams; the places and Beta draws (the square root of a
//! uniform draw) from the bias stream after the biases.

use std::sync::Arc;

use ndarray::{Array2, ArrayViewMut2};

use super::{Network, Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::{Purpose, Stream};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "rai",
    aliases: &["randomized_asymmetric"],
    summary: "randomized asymmetric: one positive parameter per unit keeps ReLUs from being born dead",
    formula: "w, b ~ N(0, scale^2 / fan_in), then one of a unit's fan_in + 1 parameters ~ Beta(2, 1)",
    citation: "Lu, Shin, Su and Karniadakis 2019, Dying ReLU and initialization, arXiv 1903.06733, section 4",
    parameters: &[Parameter::number(
        "scale",
        0.6007,
        0.0,
        1e6,
        "standard deviation of the normal draws times sqrt(fan_in)",
    )],
};

#[derive(Debug)]
struct Rai {
    scale: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let scale = spec.number("scale");
    Ok(Arc::new(Rai { scale }))
}

impl Scheme for Rai {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        let message = "`rai` draws weights and biases together and cannot set weights alone";
        Err(Error::new(Kind::Experiment, message))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        for layer in network.layers() {
            let (fan_in, fan_out) = (layer.fan_in, layer.fan_out);
            let std = (self.scale / (fan_in as f64).sqrt()) as f32;
            let mut weights = Array2::zeros((fan_in, fan_out));
            let mut bias = vec![0.0; fan_out];
            network
                .stream(Purpose::Weights, layer.index)
                .fill_normal(row_major(&mut weights.view_mut()), std);
            let mut stream = network.stream(Purpose::Biases, layer.index);
            stream.fill_normal(&mut bias, std);
            for (unit, bias) in bias.iter_mut().enumerate() {
                let place = stream.below(fan_in as u32 + 1) as usize;
                let beta = stream.unit_f64().sqrt() as f32;
                let parameter = weights.get_mut((place, unit));
                *parameter.unwrap_or(bias) = beta;
            }
            network.set_weights(layer.index, weights.view());
            network.set_biases(layer.index, &bias);
        }
        Ok(())
    }

    fn layerwise(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, moments, plain};
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::Parameters;

    /// One parameter of each unit is a Beta(2, 1) draw (mean 2/3, variance 1/18), uniformly placed.
    #[test]
    fn one_parameter_per_unit_is_beta() {
        let model = plain(9, &[6000], 2, "relu");
        let (scheme, bias) = (
            choice(r#"{ kind = "rai", scale = 1e-6 }"#).scheme,
            BiasInit::default(),
        );
        let mut parameters = Parameters::default();
        initialize(&model, &*scheme, &Context::new(1, 0, &bias), &mut parameters).unwrap();
        let weights = parameters.weights[0].to_row_major();
        let mut betas = Vec::new();
        let mut in_bias = 0;
        for unit in 0..6000 {
            let mut all: Vec<f32> = (0..9).map(|k| weights[k * 6000 + unit]).collect();
            all.push(parameters.biases[0][unit]);
            in_bias += u32::from(all[9] > 1e-4);
            let large: Vec<f32> = all.into_iter().filter(|x| *x > 1e-4).collect();
            assert!(large.len() <= 1 && large.iter().all(|x| *x < 1.0));
            betas.extend(large);
        }
        let m = moments(&betas);
        let n = betas.len() as f64;
        assert!(n > 5990.0);
        assert!(
            (m.mean - 2.0 / 3.0).abs() < 5.0 * (1.0 / 18.0 / n).sqrt(),
            "{}",
            m.mean
        );
        let bound = 5.0 * ((m.kurtosis - 1.0) / n).sqrt();
        assert!((m.variance * 18.0 - 1.0).abs() < bound, "{}", m.variance);
        // A tenth of 6000 places, deviation 23.
        assert!((485..=715).contains(&in_bias), "{in_bias}");
    }
}
