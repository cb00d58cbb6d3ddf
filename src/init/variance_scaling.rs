//! Independent weights of mean 0 and variance `scale / n`, n being a fan: one table for the
//! classical schemes and their dialects.
//!
//! `Var(w) = scale / n` with n = fan_in, fan_out, their mean (fan_in + fan_out) / 2, or their
//! geometric mean sqrt(fan_in fan_out). Drawn as
//! `N(0, scale/n)`, as `U(-l, l)` with `l = sqrt(3 scale / n)`, or as a normal cut at two standard
//! deviations of its parent, whose deviation is widened by `1 / 0.87962566...` so that the variance
//! is still `scale / n`.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// Standard deviation of a standard normal cut at +-2: `sqrt(1 - 2 * 2 phi(2) / (2 Phi(2) - 1))`.
/// JAX and Keras write it as .87962566103423978.
pub const TRUNCATED_STD: f64 = 0.879_625_661_034_239_8;

/// Which fan divides the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fan {
    /// Inputs of a unit: keeps forward variance.
    In,
    /// Units that an input feeds: keeps backward variance.
    Out,
    /// The mean of both.
    Average,
    /// The geometric mean of both.
    GeometricAverage,
}

impl Fan {
    pub fn of(self, layer: &LayerInfo) -> f64 {
        let (fan_in, fan_out) = (layer.fan_in as f64, layer.fan_out as f64);
        match self {
            Fan::In => fan_in,
            Fan::Out => fan_out,
            Fan::Average => (fan_in + fan_out) / 2.0,
            Fan::GeometricAverage => (fan_in * fan_out).sqrt(),
        }
    }

    pub(super) fn named(name: &str) -> Self {
        match name {
            "fan_out" => Fan::Out,
            "fan_avg" => Fan::Average,
            "fan_geo_avg" => Fan::GeometricAverage,
            _ => Fan::In,
        }
    }
}

/// The law of one weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    Normal,
    /// Uniform on a symmetric interval.
    Uniform,
    /// Normal cut at two standard deviations, with the variance that was asked for.
    TruncatedNormal,
}

impl Distribution {
    /// Fills `out` with draws of mean 0 and this variance.
    pub fn fill(self, variance: f64, stream: &mut Stream, out: &mut [f32]) {
        match self {
            Distribution::Normal => stream.fill_normal(out, variance.sqrt() as f32),
            Distribution::Uniform => stream.fill_uniform(out, (3.0 * variance).sqrt() as f32),
            Distribution::TruncatedNormal => {
                let parent = variance.sqrt() / TRUNCATED_STD;
                stream.fill_truncated_normal(out, parent as f32, 2.0);
            }
        }
    }

    pub(super) fn named(name: &str) -> Self {
        match name {
            "uniform" => Distribution::Uniform,
            "truncated_normal" => Distribution::TruncatedNormal,
            _ => Distribution::Normal,
        }
    }
}

/// A scheme of this family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceScaling {
    /// Numerator of the variance.
    pub scale: f64,
    /// Its denominator.
    pub fan: Fan,
    /// The law.
    pub distribution: Distribution,
}

impl Scheme for VarianceScaling {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        self.distribution
            .fill(self.scale / self.fan.of(layer), stream, row_major(&mut weights));
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(self.scale / self.fan.of(layer))
    }
}

/// A row of the table: what a person reads, and how its parameters make a scheme.
pub struct Preset {
    /// The catalogue entry.
    pub entry: Entry,
    pub scheme: fn(&Spec) -> VarianceScaling,
}

/// Makes the preset whose entry `spec` has chosen.
pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let preset = PRESETS.iter().find(|p| std::ptr::eq(&p.entry, spec.entry));
    let preset = preset.unwrap_or(&PRESETS[0]);
    Ok(Arc::new((preset.scheme)(spec)))
}

/// Names of [`Fan`]s.
pub(super) const MODES: &[&str] = &["fan_in", "fan_out", "fan_avg", "fan_geo_avg"];
const LAWS: &[&str] = &["normal", "uniform", "truncated_normal"];
const HE_MODE: Parameter = Parameter::choice(
    "mode",
    "fan_in",
    &["fan_in", "fan_out"],
    "fan_in keeps forward variance, fan_out backward variance",
);
const SLOPE: Parameter = Parameter::number(
    "slope",
    0.0,
    -1e3,
    1e3,
    "slope of the leaky ReLU that feeds the layer for negative input",
);
const GAIN: Parameter = Parameter::number("gain", 1.0, 0.0, 1e6, "factor on the standard deviation");
const HE_PARAMETERS: &[Parameter] = &[HE_MODE, SLOPE];
const GLOROT: &str = "Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 12 and 16";
const HE: &str = "He et al. 2015, Delving deep into rectifiers, arXiv 1502.01852, eq. 10, 14 and 15";
const LECUN: &str = "LeCun, Bottou, Orr and Mueller 1998, Efficient BackProp, section 4.6, eq. 16";
const JAX: &str = "jax.nn.initializers.variance_scaling; Keras VarianceScaling";

fn law(scale: f64, fan: Fan, distribution: Distribution) -> VarianceScaling {
    VarianceScaling {
        scale,
        fan,
        distribution,
    }
}

fn glorot(spec: &Spec, distribution: Distribution) -> VarianceScaling {
    let gain = spec.number("gain");
    law(gain * gain, Fan::Average, distribution)
}

fn he(spec: &Spec, distribution: Distribution) -> VarianceScaling {
    let slope = spec.number("slope");
    law(
        2.0 / (1.0 + slope * slope),
        Fan::named(&spec.text("mode")),
        distribution,
    )
}

macro_rules! preset {
    ($name:literal $aliases:expr, $summary:literal, $formula:literal, $citation:expr, $parameters:expr, $scheme:expr) => {
        Preset {
            entry: Entry {
                name: $name,
                aliases: &$aliases,
                summary: $summary,
                formula: $formula,
                citation: $citation,
                parameters: $parameters,
            },
            scheme: $scheme,
        }
    };
}

/// The presets. Adding a row adds a scheme.
#[rustfmt::skip]
pub static PRESETS: &[Preset] = &[
    preset!("variance_scaling" [], "the family itself", "Var = scale / n, n by mode; three laws", JAX,
        &[Parameter::number("scale", 1.0, 0.0, 1e12, "numerator of the variance"),
          Parameter::choice("mode", "fan_in", MODES, "denominator of the variance"),
          Parameter::choice("distribution", "normal", LAWS, "law of a weight")],
        |s| law(s.number("scale"), Fan::named(&s.text("mode")), Distribution::named(&s.text("distribution")))),
    preset!("xavier_uniform" ["glorot_uniform", "keras_default"], "Xavier/Glorot, uniform; Keras's Dense default",
        "U(-l, l), l = gain sqrt(6 / (fan_in + fan_out)); Var = 2 gain^2 / (fan_in + fan_out)", GLOROT, &[GAIN],
        |s| glorot(s, Distribution::Uniform)),
    preset!("xavier_normal" ["glorot_normal"], "Xavier/Glorot, normal",
        "N(0, 2 gain^2 / (fan_in + fan_out))", GLOROT, &[GAIN],
        |s| glorot(s, Distribution::Normal)),
    preset!("he_normal" ["kaiming_normal"], "He/Kaiming, normal, as in PyTorch (not truncated)",
        "N(0, 2 / ((1 + slope^2) n))", HE, HE_PARAMETERS,
        |s| he(s, Distribution::Normal)),
    preset!("he_uniform" ["kaiming_uniform"], "He/Kaiming, uniform",
        "U(-l, l), l = sqrt(6 / ((1 + slope^2) n))", HE, HE_PARAMETERS,
        |s| he(s, Distribution::Uniform)),
    preset!("lecun_normal" ["snn_normal"], "LeCun, normal; self-normalizing networks' choice",
        "N(0, 1 / fan_in)", LECUN, &[],
        |_| law(1.0, Fan::In, Distribution::Normal)),
    preset!("lecun_uniform" [], "LeCun, uniform",
        "U(-l, l), l = sqrt(3 / fan_in)", LECUN, &[],
        |_| law(1.0, Fan::In, Distribution::Uniform)),
    preset!("custom" [], "one gain, one meaning in both laws",
        "Var = gain^2 / fan_in: N(0, gain^2 / fan_in) or U(-l, l), l = gain sqrt(3 / fan_in)", HE,
        &[Parameter::required("gain", 0.0, 1e6, "standard deviation times sqrt(fan_in)"),
          Parameter::choice("distribution", "normal", LAWS, "law of a weight")],
        |s| law(s.number("gain") * s.number("gain"), Fan::In, Distribution::named(&s.text("distribution")))),
    preset!("jax_he_normal" ["keras_he_normal", "jax_kaiming_normal", "haiku_he_normal"], "he_normal as JAX, Keras and haiku mean it: truncated",
        "N(0, 2 / fan_in) cut at 2 standard deviations of the parent, widened by 1 / 0.87962566", JAX, &[],
        |_| law(2.0, Fan::In, Distribution::TruncatedNormal)),
    preset!("jax_glorot_normal" ["keras_glorot_normal", "jax_xavier_normal"], "glorot_normal as JAX and Keras mean it: truncated",
        "N(0, 2 / (fan_in + fan_out)) cut at 2 standard deviations of the parent, widened by 1 / 0.87962566", JAX, &[],
        |_| law(1.0, Fan::Average, Distribution::TruncatedNormal)),
    preset!("jax_lecun_normal" ["keras_lecun_normal", "timm_lecun_normal", "flax_default"], "lecun_normal as JAX, Keras, timm and flax's Dense default mean it: truncated",
        "N(0, 1 / fan_in) cut at 2 standard deviations of the parent, widened by 1 / 0.87962566", JAX, &[],
        |_| law(1.0, Fan::In, Distribution::TruncatedNormal)),
    preset!("haiku_default" ["sonnet_default"], "haiku's and Sonnet's Linear default: truncated and not widened, so short of lecun_normal's variance by a quarter",
        "N(0, 1 / fan_in) cut at 2 standard deviations; Var = .87962566^2 / fan_in", "haiku.Linear, sonnet.Linear: TruncatedNormal(stddev = 1 / sqrt(fan_in))", &[],
        |_| law(TRUNCATED_STD * TRUNCATED_STD, Fan::In, Distribution::TruncatedNormal)),
    preset!("torch_selu_normal" [], "kaiming_normal with PyTorch's SELU gain 3/4, which shrinks the signal of a self-normalizing network",
        "N(0, (3/4)^2 / fan_in)", "torch.nn.init.calculate_gain(\"selu\"), whose documentation warns of it", &[],
        |_| law(0.5625, Fan::In, Distribution::Normal)),
    preset!("small_init" [], "small initialization of transformers without warm-up",
        "N(0, 2 / (5 fan_in))", "Nguyen and Salazar 2019, Transformers without tears, arXiv 1910.05895, section 2.2", &[],
        |_| law(0.4, Fan::In, Distribution::Normal)),
    preset!("standard_uniform" ["commonly_used_heuristic"], "what Glorot and Bengio compare with: shrinks the signal threefold per layer",
        "U(-l, l), l = 1 / sqrt(fan_in); Var = 1 / (3 fan_in)", "Glorot and Bengio 2010, eq. 1", &[],
        |_| law(1.0 / 3.0, Fan::In, Distribution::Uniform)),
    preset!("deck_xavier_uniform" [], "a common mistake in Xavier's limit: a third of the variance that it states",
        "U(-l, l), l = sqrt(2 / (fan_in + fan_out)); Var = 2 / (3 (fan_in + fan_out))",
        "slide 3 of the deck that this program began from; right is xavier_uniform", &[],
        |_| law(1.0 / 3.0, Fan::Average, Distribution::Uniform)),
];
