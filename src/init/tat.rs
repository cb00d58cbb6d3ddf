//! Tailored activation transformation (TAT): orthogonal weights, and functions shaped so that a deep plain network
//! neither loses nor scatters what tells inputs apart.
//!
//! Zhang, Botev and Martens 2022, Deep learning without shortcuts: shaping the kernel with tailored rectifiers, arXiv
//! 2203.08120. Leaky ReLU: the slope for which the correlation map of the whole network takes 0 to eta, and a factor of
//! `sqrt(2 / (1 + slope^2))`; the slope of the experiment is not read. Smooth functions: `gamma (f(alpha z + beta) + delta)` with
//! `Q(1) = Q'(1) = C'(1) = 1` and `C''(1) = tau / L` for L hidden layers (see [`crate::theory::local_maps`]). As in the
//! authors' code (google-deepmind/dks) solutions with `alpha gamma >= 2` are not taken; here alpha is positive besides, and
//! `|beta| >= 2`, which puts the bend into the tail of the normal law, is not taken either.
//! Weights and data: see [`super::shaped`].

use std::sync::Arc;

use super::shaped::{Rule, Shaped, leaky, refused};
use super::{Registry, Scheme};
use crate::activation::{Activation, Transform};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;
use crate::theory::local_maps::{LocalMaps, curvature, leaky_correlation};
use crate::theory::newton::newton;
use crate::theory::quadrature::bisect;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "tat",
    aliases: &["tailored_activation_transformation"],
    summary: "deep plain networks: orthogonal weights, and the activation function shaped for the depth (leaky ReLU: its slope)",
    formula: "W = max(sqrt(fan_out / fan_in), 1) Q; leaky_relu: C_L(0) = eta, times sqrt(2 / (1 + slope^2)); smooth f: gamma (f(alpha z + beta) + delta), Q(1) = Q'(1) = C'(1) = 1, C''(1) = tau / L",
    citation: "Zhang, Botev and Martens 2022, Deep learning without shortcuts: shaping the kernel with tailored rectifiers, arXiv 2203.08120; Martens et al. 2021, arXiv 2110.01765",
    parameters: &[
        Parameter::number(
            "eta",
            0.9,
            0.0,
            1.0,
            "leaky_relu: correlation behind all hidden layers of inputs that have none",
        ),
        Parameter::number(
            "tau",
            0.3,
            1e-6,
            100.0,
            "smooth functions: number of hidden layers times C''(1)",
        ),
    ],
};

#[derive(Debug)]
struct Tat {
    eta: f64,
    tau: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Shaped::new(Tat {
        eta: spec.number("eta"),
        tau: spec.number("tau"),
    })))
}

impl Rule for Tat {
    const NAME: &'static str = "tat";

    fn shape(&self, f: &Activation, depth: usize) -> Result<Activation> {
        match f.name() {
            "leaky_relu" => self.rectifier(f, depth),
            "relu" => Err(refused(
                "tat",
                f,
                "it has no slope to set",
                "use leaky_relu; the scheme sets its slope",
            )),
            "gelu" | "silu" | "tanh" | "softplus" => self.smooth(f, depth),
            "sigmoid" => Err(refused(
                "tat",
                f,
                "alpha gamma would be above 2",
                "use tanh, which is this function moved and scaled",
            )),
            _ => Err(refused(
                "tat",
                f,
                "it has a kink, or bends nowhere, or has a frequency of its own",
                "use leaky_relu, tanh, silu, gelu or softplus",
            )),
        }
    }
}

impl Tat {
    fn rectifier(&self, f: &Activation, depth: usize) -> Result<Activation> {
        let reached = |slope: f64| (0..depth).fold(0.0, |c, _| leaky_correlation(slope, c));
        let most = reached(0.0);
        if most < self.eta {
            let why = format!(
                "at {depth} hidden layers C(0) is at most {most:.4} (at slope 0), less than eta = {}",
                self.eta
            );
            return Err(refused(
                "tat",
                f,
                &why,
                "make the network deeper or eta smaller, or use a smooth function",
            ));
        }
        let slope = bisect(0.0, 1.0, |slope| reached(slope) - self.eta);
        Ok(leaky(slope)?.transformed(Transform {
            output_scale: (2.0 / (1.0 + slope * slope)).sqrt(),
            ..Transform::IDENTITY
        }))
    }

    fn smooth(&self, f: &Activation, depth: usize) -> Result<Activation> {
        let target = self.tau / depth as f64;
        let with = |[log_alpha, beta, delta]: [f64; 3]| {
            f.transformed(Transform {
                input_scale: libm::exp(log_alpha),
                input_shift: beta,
                output_shift: delta,
                output_scale: 1.0,
            })
        };
        let conditions = |x: [f64; 3]| {
            let shaped = with(x);
            let maps = LocalMaps::new(&shaped);
            [
                maps.length_slope - 1.0,
                maps.slope - 1.0,
                libm::log(curvature(&shaped, maps.length) / target),
            ]
        };
        for alpha in [1.0, 0.1] {
            for beta in [0.0, 1.0, -1.0] {
                for delta in [0.0, 1.0, -1.0] {
                    let Some(x) = newton([libm::log(alpha), beta, delta], conditions) else {
                        continue;
                    };
                    let shaped = with(x);
                    let gamma = 1.0 / LocalMaps::new(&shaped).length.sqrt();
                    if libm::exp(x[0]) * gamma < 2.0 && x[1].abs() < 2.0 {
                        return Ok(scaled(&shaped, gamma));
                    }
                }
            }
        }
        let why = format!("no transformation was found for {depth} hidden layers");
        Err(refused(
            "tat",
            f,
            &why,
            "use another depth, tau or function, or leaky_relu",
        ))
    }
}

/// `f`, transformed already, times `gamma`.
pub(super) fn scaled(f: &Activation, gamma: f64) -> Activation {
    let transform = *f.transform().unwrap_or(&Transform::IDENTITY);
    f.transformed(Transform {
        output_scale: gamma,
        ..transform
    })
}

#[cfg(test)]
mod tests {
    use super::super::planned;
    use super::super::tests::{choice, plain};
    use crate::activation::Activation;
    use crate::support::error::Result;

    fn shaped(scheme: &str, function: &str, depth: usize) -> Result<Activation> {
        let model = plain(6, &vec![8; depth], 3, function);
        let model = planned(model, &*choice(scheme).scheme)?;
        Ok(model.layers[1].input_activation.clone().unwrap())
    }

    /// `E[g(z)]`: the trapezoidal rule, which shares nothing with the crate's quadrature.
    fn mean(g: impl Fn(f64) -> f64) -> f64 {
        let h = 2e-3;
        let density = |z: f64| libm::exp(-0.5 * z * z) / std::f64::consts::TAU.sqrt();
        (-5000..=5000)
            .map(|i| f64::from(i) * h)
            .map(|z| h * density(z) * g(z))
            .sum()
    }

    #[test]
    fn smooth_functions_meet_the_four_conditions() {
        for (function, depth) in [
            ("tanh", 2),
            ("tanh", 50),
            ("silu", 50),
            ("softplus", 20),
            ("gelu", 100),
        ] {
            let f = shaped("\"tat\"", function, depth).unwrap();
            let d = |z: f64| f.derivative64(z);
            let second = |z: f64| (d(z + 1e-4) - d(z - 1e-4)) / 2e-4;
            let close = |what: &str, value: f64, expected: f64| {
                assert!(
                    (value / expected - 1.0).abs() < 1e-5,
                    "{function}, {depth}: {what} is {value}, not {expected}"
                );
            };
            close("Q(1)", mean(|z| f.value64(z) * f.value64(z)), 1.0);
            close("Q'(1)", mean(|z| f.value64(z) * d(z) * z), 1.0);
            close("C'(1)", mean(|z| d(z) * d(z)), 1.0);
            close("C''(1)", mean(|z| second(z) * second(z)), 0.3 / depth as f64);
            let t = f.transform().unwrap();
            assert!(
                t.input_scale > 0.0 && t.input_scale * t.output_scale < 2.0,
                "{t:?}"
            );
            assert_eq!(f.to_string(), Activation::named(function).unwrap().to_string());
        }
    }

    /// The correlation map of the network, by integrals of one layer's values.
    #[test]
    fn leaky_relu_gets_the_slope_that_takes_0_to_eta() {
        for (scheme, depth, eta) in [("\"tat\"", 50, 0.9), (r#"{ kind = "tat", eta = 0.5 }"#, 12, 0.5)] {
            let f = shaped(scheme, "leaky_relu", depth).unwrap();
            assert!((mean(|z| f.value64(z) * f.value64(z)) - 1.0).abs() < 1e-5);
            let map = |c: f64| crate::theory::quadrature::correlated_mean(c, |z| f.value64(z));
            let reached = (0..depth).fold(0.0, |c, _| map(c));
            assert!((reached - eta).abs() < 1e-6, "{reached}");
            // Written without a slope it keeps the text of the file.
            assert_eq!(
                f.to_string(),
                Activation::named("leaky_relu").unwrap().to_string()
            );
            assert_eq!(f.original(), Activation::named("leaky_relu").unwrap());
        }
    }

    #[test]
    fn gradients_of_the_shaped_functions_follow_differences() {
        for function in ["tanh", "silu", "leaky_relu"] {
            let f = shaped("\"tat\"", function, 50).unwrap();
            let z: Vec<f32> = (-40..40).map(|i| i as f32 * 0.1 + 0.05).collect();
            let (mut a, mut delta) = (vec![0.0; z.len()], vec![1.0; z.len()]);
            f.apply_slice(&z, &mut a);
            f.backprop_slice(&z, &a, &mut delta);
            for ((z, a), d) in z.iter().map(|z| f64::from(*z)).zip(a).zip(delta) {
                let difference = (f.value64(z + 1e-5) - f.value64(z - 1e-5)) / 2e-5;
                assert!((f.derivative64(z) - difference).abs() < 1e-7, "{function} at {z}");
                assert!((f64::from(d) - difference).abs() < 1e-5, "{function} at {z}");
                assert!((f64::from(a) - f.value64(z)).abs() < 1e-5, "{function} at {z}");
            }
        }
    }

    #[test]
    fn what_has_no_solution_is_refused() {
        for (function, depth, part) in [
            ("relu", 50, "use leaky_relu"),
            ("leaky_relu", 3, "less than eta = 0.9"),
            ("identity", 50, "has a kink"),
            ("selu", 50, "has a kink"),
        ] {
            let model = plain(6, &vec![8; depth], 3, function);
            let error = choice("\"tat\"").scheme.check(&model).unwrap_err();
            assert!(format!("{error:?} {error}").contains(part), "{error}");
        }
    }
}
