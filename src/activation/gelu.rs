//! Gaussian error linear unit.

use super::Function;
use crate::numerics::Lane;
use crate::support::catalog::{Entry, Parameter, Spec};

/// The constants of the approximation with tanh: sqrt(2 / pi) and the cubic coefficient.
const ROOT: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044_715;
/// Standard normal density at 0: 1 / sqrt(2 pi).
const DENSITY: f64 = 0.398_942_280_401_432_7;

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

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        let half = L::splat(0.5);
        match self {
            Gelu::Exact => z * lane_normal_cdf(z),
            Gelu::Tanh => half * z * (L::splat(1.0) + lane_inner(z).tanh()),
        }
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, z: L, _: L) -> L {
        let (one, half) = (L::splat(1.0), L::splat(0.5));
        match self {
            Gelu::Exact => {
                let density = L::splat(DENSITY as f32) * (-half * z * z).exp();
                z.mul_add(density, lane_normal_cdf(z))
            }
            Gelu::Tanh => {
                let t = lane_inner(z).tanh();
                let slope = (L::splat((3.0 * ROOT * CUBIC) as f32) * z).mul_add(z, L::splat(ROOT as f32));
                half * (one + t) + half * z * (one - t * t) * slope
            }
        }
    }

    fn value64(self, z: f64) -> f64 {
        match self {
            Gelu::Exact => z * normal_cdf(z),
            Gelu::Tanh => 0.5 * z * (1.0 + libm::tanh(inner(z))),
        }
    }

    fn derivative64(self, z: f64) -> f64 {
        match self {
            Gelu::Exact => normal_cdf(z) + z * libm::exp(-0.5 * z * z) * DENSITY,
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

#[inline(always)]
fn lane_normal_cdf<L: Lane>(z: L) -> L {
    let half = L::splat(0.5);
    half.mul_add((z * L::splat(std::f32::consts::FRAC_1_SQRT_2)).erf(), half)
}

#[inline(always)]
fn lane_inner<L: Lane>(z: L) -> L {
    let factor = (L::splat((ROOT * CUBIC) as f32) * z).mul_add(z, L::splat(ROOT as f32));
    z * factor
}
