//! Gaussian error linear unit.

use super::Function;
use crate::catalog::{Entry, Parameter, Spec};

/// The constants of the approximation with tanh: sqrt(2 / pi) and the cubic coefficient.
const ROOT: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044_715;

/// See [`Gelu::ENTRY`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Gelu {
    Exact,
    Tanh,
}

impl Function for Gelu {
    const ENTRY: &'static Entry = &Entry {
        name: "gelu",
        aliases: &[],
        summary: "Gaussian error linear unit",
        formula: "z * P(z), P the standard normal distribution function; with approximate = tanh: z * (1 + tanh(sqrt(2/pi) * (z + 0.044715 z^3))) / 2",
        citation: "Hendrycks and Gimpel 2016, arXiv 1606.08415, section 2",
        parameters: &[Parameter::choice(
            "approximate",
            "none",
            &["none", "tanh"],
            "the exact form, or the approximation by tanh",
        )],
    };

    fn from_spec(spec: &Spec) -> Self {
        if spec.text("approximate") == "tanh" {
            Gelu::Tanh
        } else {
            Gelu::Exact
        }
    }

    fn value(self, z: f32) -> f32 {
        self.value64(f64::from(z)) as f32
    }

    fn derivative(self, z: f32, _: f32) -> f32 {
        self.derivative64(f64::from(z)) as f32
    }

    fn value64(self, z: f64) -> f64 {
        match self {
            Gelu::Exact => z * normal_cdf(z),
            Gelu::Tanh => 0.5 * z * (1.0 + libm::tanh(inner(z))),
        }
    }

    fn derivative64(self, z: f64) -> f64 {
        match self {
            Gelu::Exact => normal_cdf(z) + z * libm::exp(-0.5 * z * z) / std::f64::consts::TAU.sqrt(),
            Gelu::Tanh => {
                let t = libm::tanh(inner(z));
                0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * ROOT * (1.0 + 3.0 * CUBIC * z * z)
            }
        }
    }
}

fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

fn inner(z: f64) -> f64 {
    ROOT * (z + CUBIC * z * z * z)
}
