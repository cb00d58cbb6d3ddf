//! Deep kernel shaping (DKS): orthogonal weights, and functions shaped so that a deep plain network is nearly linear
//! in its kernel.
//!
//! Martens, Ballard, Desjardins, Swirszcz, Dalibard, Sohl-Dickstein and Schoenholz 2021, Rapid training of deep neural networks
//! without skip connections or normalization layers using deep kernel shaping, arXiv 2110.01765:
//! `gamma (f(alpha z + beta) + delta)` with `Q(1) = Q'(1) = 1`, `C(0) = 0` and `C'(1) = zeta^(1 / L)` for L hidden layers (see
//! [`crate::theory::local_maps`]). Of leaky ReLU, for which alpha is a second gamma, the slope is solved for in place of alpha;
//! the slope of the experiment is not read. Weights and data: see [`super::shaped`].

use std::sync::Arc;

use super::shaped::{Rule, Shaped, leaky, refused};
use super::tat::scaled;
use super::{Registry, Scheme};
use crate::activation::{Activation, Transform};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;
use crate::theory::local_maps::LocalMaps;
use crate::theory::newton::newton;
use crate::theory::quadrature::normal_mean_around;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "dks",
    aliases: &["deep_kernel_shaping"],
    summary: "deep plain networks: orthogonal weights, and the activation function shaped so that the kernel is nearly linear",
    formula: "W = max(sqrt(fan_out / fan_in), 1) Q; gamma (f(alpha z + beta) + delta), Q(1) = Q'(1) = 1, C(0) = 0, C'(1) = zeta^(1 / L)",
    citation: "Martens et al. 2021, Rapid training of deep neural networks without skip connections or normalization layers using deep kernel shaping, arXiv 2110.01765",
    parameters: &[Parameter::number(
        "zeta",
        1.5,
        1.000_001,
        1000.0,
        "derivative at 1 of the correlation map of all hidden layers",
    )],
};

#[derive(Debug)]
struct Dks {
    zeta: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let zeta = spec.number("zeta");
    Ok(Arc::new(Shaped::new(Dks { zeta })))
}

impl Rule for Dks {
    const NAME: &'static str = "dks";

    fn shape(&self, f: &Activation, depth: usize) -> Result<Activation> {
        let rectifier = match f.name() {
            "leaky_relu" => true,
            "relu" | "abs" => {
                let why =
                    "a factor on its argument is one on its values, which leaves too few numbers to set";
                let help = "use leaky_relu; the scheme sets its slope";
                return Err(refused("dks", f, why, help));
            }
            "identity" | "sine" => {
                let why = "it is linear, or has a frequency of its own";
                return Err(refused(
                    "dks",
                    f,
                    why,
                    "use leaky_relu, tanh, silu, gelu or softplus",
                ));
            }
            _ => false,
        };
        // The first unknown is the logarithm of alpha, or the slope.
        let with = |[first, beta]: [f64; 2]| -> Option<Activation> {
            let (f, alpha) = if rectifier {
                (leaky(first).ok()?, 1.0)
            } else {
                (f.clone(), libm::exp(first))
            };
            let mut transform = Transform {
                input_scale: alpha,
                input_shift: beta,
                ..Transform::IDENTITY
            };
            let moved = f.transformed(transform);
            transform.output_shift = -normal_mean_around(-beta / alpha, |z| moved.value64(z));
            Some(f.transformed(transform))
        };
        let slope = libm::pow(self.zeta, 1.0 / depth as f64);
        let conditions = |x: [f64; 2]| match with(x) {
            Some(shaped) => {
                let maps = LocalMaps::new(&shaped);
                // The second in units of what it is away from the linear function's.
                [
                    maps.length_slope - 1.0,
                    libm::log((maps.slope - 1.0) / (slope - 1.0)),
                ]
            }
            None => [f64::NAN; 2],
        };
        let firsts: &[f64] = if rectifier {
            &[0.0, 0.5, 0.9]
        } else {
            &[0.0, -std::f64::consts::LN_10]
        };
        for &first in firsts {
            for beta in [0.0, 1.0, -1.0] {
                if let Some(shaped) = newton([first, beta], conditions).and_then(with) {
                    let gamma = 1.0 / LocalMaps::new(&shaped).length.sqrt();
                    return Ok(scaled(&shaped, gamma));
                }
            }
        }
        let why = format!("no transformation was found for {depth} hidden layers");
        let help = "use another depth, zeta or function, such as tanh, silu or softplus";
        Err(refused("dks", f, &why, help))
    }
}

#[cfg(test)]
mod tests {
    use super::super::planned;
    use super::super::tests::{choice, plain};
    use crate::activation::Activation;

    fn shaped(function: &str, depth: usize) -> Activation {
        let model = plain(6, &vec![8; depth], 3, function);
        let model = planned(model, &*choice("\"dks\"").scheme).unwrap();
        model.layers[1].input_activation.clone().unwrap()
    }

    /// `E[g(z)]`: the midpoint rule, which shares nothing with the crate's quadrature.
    fn mean(g: impl Fn(f64) -> f64) -> f64 {
        let h = 5e-5;
        let density = |z: f64| libm::exp(-0.5 * z * z) / std::f64::consts::TAU.sqrt();
        let points = (-180_000..180_000).map(|i| (f64::from(i) + 0.5) * h);
        points.map(|z| h * density(z) * g(z)).sum()
    }

    #[test]
    fn shaped_functions_meet_the_four_conditions() {
        for (function, depth) in [("tanh", 2), ("tanh", 50), ("silu", 50), ("leaky_relu", 50)] {
            let f = shaped(function, depth);
            let close = |what: &str, value: f64, expected: f64| {
                assert!(
                    (value - expected).abs() < 2e-5,
                    "{function}, {depth}: {what} is {value}, not {expected}"
                );
            };
            let d = |z: f64| f.derivative64(z);
            close("Q(1)", mean(|z| f.value64(z) * f.value64(z)), 1.0);
            close("Q'(1)", mean(|z| f.value64(z) * d(z) * z), 1.0);
            close("the mean", mean(|z| f.value64(z)), 0.0);
            close("C'(1)", mean(|z| d(z) * d(z)), libm::pow(1.5, 1.0 / depth as f64));
            assert_eq!(f.original(), Activation::named(function).unwrap());
        }
    }

    #[test]
    fn gradients_of_the_shaped_functions_follow_differences() {
        for function in ["tanh", "silu", "softplus"] {
            let f = shaped(function, 50);
            let z: Vec<f32> = (-40..40).map(|i| i as f32 * 0.1 + 0.05).collect();
            let (mut a, mut delta) = (vec![0.0; z.len()], vec![1.0; z.len()]);
            f.apply_slice(&z, &mut a);
            f.backprop_slice(&z, &a, &mut delta);
            for (z, d) in z.iter().map(|z| f64::from(*z)).zip(delta) {
                let difference = (f.value64(z + 1e-5) - f.value64(z - 1e-5)) / 2e-5;
                assert!((f.derivative64(z) - difference).abs() < 1e-7, "{function} at {z}");
                assert!((f64::from(d) - difference).abs() < 1e-5, "{function} at {z}");
            }
        }
    }

    #[test]
    fn what_has_no_solution_is_refused() {
        for (function, part) in [("relu", "too few numbers"), ("identity", "it is linear")] {
            let model = plain(6, &[8; 50], 3, function);
            let error = choice("\"dks\"").scheme.check(&model).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
