//! Local maps of an activation function at length 1: how one layer moves lengths and correlations.
//!
//! Martens et al. 2021, Rapid training of deep neural networks without skip connections or normalization layers using
//! deep kernel shaping, arXiv 2110.01765: for standard normal z and a function f,
//! `Q(q) = E[f(sqrt(q) z)^2]` and `C(c) = E[f(u) f(v)] / Q(1)` for u, v of correlation c.

use super::quadrature::normal_mean_around;
use crate::activation::Activation;

/// Values and derivatives of the two maps. All but the first are relative to it, so that a factor on the function
/// changes the first alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalMaps {
    /// `Q(1) = E[f^2]`.
    pub length: f64,
    /// `Q'(1) / Q(1) = E[f f' z] / Q(1)`.
    pub length_slope: f64,
    /// `C(0) = E[f]^2 / Q(1)`.
    pub at_zero: f64,
    /// `C'(1) = E[f'^2] / Q(1)`.
    pub slope: f64,
}

/// Step of the differences that stand for second derivatives.
const STEP: f64 = 1e-3;

impl LocalMaps {
    /// Those of `f`, which may have a kink where the function without its transformation has its argument 0.
    pub fn new(f: &Activation) -> Self {
        let kink = kink(f);
        let mean = |g: &dyn Fn(f64) -> f64| normal_mean_around(kink, g);
        let length = mean(&|z| f.value64(z) * f.value64(z));
        let first = mean(&|z| f.value64(z));
        LocalMaps {
            length,
            length_slope: mean(&|z| f.value64(z) * f.derivative64(z) * z) / length,
            at_zero: first * first / length,
            slope: mean(&|z| f.derivative64(z) * f.derivative64(z)) / length,
        }
    }
}

/// `C''(1) = E[f''^2] / Q(1)` of a smooth function; its second derivative is taken by differences of fourth order.
pub fn curvature(f: &Activation, length: f64) -> f64 {
    let d = |z: f64| f.derivative64(z);
    let second = |z: f64| {
        let (near, far) = (d(z + STEP) - d(z - STEP), d(z + 2.0 * STEP) - d(z - 2.0 * STEP));
        (8.0 * near - far) / (12.0 * STEP)
    };
    normal_mean_around(kink(f), |z| second(z) * second(z)) / length
}

fn kink(f: &Activation) -> f64 {
    f.transform().map_or(0.0, |t| -t.input_shift / t.input_scale)
}

/// `C(c)` of leaky ReLU with `slope` (Zhang et al. 2022, arXiv 2203.08120; for slope 0 Cho and Saul 2009).
pub fn leaky_correlation(slope: f64, c: f64) -> f64 {
    use std::f64::consts::PI;
    let c = c.clamp(-1.0, 1.0);
    let bend = ((1.0 - c * c).sqrt() + (PI - libm::acos(c)) * c) / PI;
    ((1.0 - slope) * (1.0 - slope) * bend + 2.0 * slope * c) / (1.0 + slope * slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::quadrature::correlated_mean;

    /// Closed forms for a sine: `E[sin^2] = (1 - e^-2) / 2`, `E[cos^2] = (1 + e^-2) / 2`, and `f'' = -f`.
    #[test]
    fn the_maps_of_a_sine_have_closed_forms() {
        let sine = Activation::named("sine").unwrap();
        // The catalogue's sine has a frequency.
        let omega = sine.derivative64(0.0);
        let e = libm::exp(-2.0 * omega * omega);
        let maps = LocalMaps::new(&sine);
        assert!((maps.length - 0.5 * (1.0 - e)).abs() < 1e-10, "{maps:?}");
        assert!(
            (maps.slope - omega * omega * (1.0 + e) / (1.0 - e)).abs() < 1e-9,
            "{maps:?}"
        );
        assert!(maps.at_zero.abs() < 1e-20);
        let w4 = omega * omega * omega * omega;
        assert!((curvature(&sine, maps.length) / w4 - 1.0).abs() < 1e-8);
    }

    #[test]
    fn the_closed_form_of_leaky_relu_is_its_integral() {
        for slope in [0.0, 0.3, 0.9] {
            let f = |z: f64| if z > 0.0 { z } else { slope * z };
            for c in [-0.4, 0.0, 0.5, 0.9] {
                let integral = correlated_mean(c, f) / (0.5 * (1.0 + slope * slope));
                assert!(
                    (leaky_correlation(slope, c) - integral).abs() < 1e-8,
                    "{slope}, {c}"
                );
            }
            assert!((leaky_correlation(slope, 1.0) - 1.0).abs() < 1e-15);
        }
    }
}
