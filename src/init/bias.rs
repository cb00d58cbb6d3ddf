//! How biases are set: a setting of its own, apart from the scheme of the weights.

use std::fmt;

use super::Scheme;
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{self, Entry, Parameter, Spec, Value};
use crate::support::error::Result;

macro_rules! entry {
    ($name:ident $text:literal, $summary:literal, $formula:literal, $citation:literal, $parameters:expr) => {
        static $name: Entry = Entry {
            name: $text,
            aliases: &[],
            summary: $summary,
            formula: $formula,
            citation: $citation,
            parameters: $parameters,
        };
    };
}

entry!(SCHEME "scheme", "what the scheme of the weights prescribes (torch_default, mean_field, rai, ...), else zeros",
    "b as the scheme says, else 0", "each scheme's own", &[]);
entry!(ZEROS "zeros", "zero, whatever the scheme says", "b = 0", "Glorot and Bengio 2010, section 2.3", &[]);
entry!(CONSTANT "constant", "all equal; small and positive to keep ReLUs alive", "b = value",
    "Krizhevsky, Sutskever and Hinton 2012, section 5 (value 1)",
    &[Parameter::required("value", -1e6, 1e6, "the bias")]);
entry!(NORMAL "normal", "normal", "b ~ N(0, std^2)", "Poole et al. 2016, arXiv 1606.05340 (std = sigma_b)",
    &[Parameter::required("std", 0.0, 1e6, "standard deviation")]);
entry!(UNIFORM "uniform", "uniform", "b ~ U(-limit, limit)", "Keras RandomUniform",
    &[Parameter::required("limit", 0.0, 1e6, "half the width of the interval")]);
entry!(FAN_IN "fan_in_uniform", "PyTorch's bias default", "b ~ U(-l, l), l = 1 / sqrt(fan_in)",
    "torch.nn.Linear.reset_parameters", &[]);

static ENTRIES: &[&Entry] = &[&SCHEME, &ZEROS, &CONSTANT, &NORMAL, &UNIFORM, &FAN_IN];

/// How biases are set. Draws of biases come from streams of their own, so that this setting does not
/// change a single weight.
#[derive(Debug, Clone, PartialEq)]
pub struct BiasInit {
    spec: Spec,
    law: Law,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Law {
    Scheme,
    Constant(f32),
    Normal(f32),
    Uniform(f32),
    FanIn,
}

impl BiasInit {
    /// What there is.
    pub fn entries() -> &'static [&'static Entry] {
        ENTRIES
    }

    /// The setting of a catalogue value: a name, or a table with `kind` and parameters.
    ///
    /// # Errors
    /// An unknown name or parameter, or a value out of range.
    pub fn parse(value: &Value) -> Result<Self> {
        let spec = catalog::choose("bias", value, BiasInit::entries())?;
        let number = |name| spec.number(name) as f32;
        let law = match spec.name() {
            "zeros" => Law::Constant(0.0),
            "constant" => Law::Constant(number("value")),
            "normal" => Law::Normal(number("std")),
            "uniform" => Law::Uniform(number("limit")),
            "fan_in_uniform" => Law::FanIn,
            _ => Law::Scheme,
        };
        Ok(BiasInit { spec, law })
    }

    /// Whether the scheme of the weights decides.
    pub fn by_scheme(&self) -> bool {
        self.law == Law::Scheme
    }

    /// Fills `bias` (`fan_out` long) by this setting, or by `scheme` where it decides.
    pub(super) fn fill<S: Scheme + ?Sized>(
        &self,
        scheme: &S,
        layer: &LayerInfo,
        stream: &mut Stream,
        bias: &mut [f32],
    ) -> Result<()> {
        match self.law {
            Law::Scheme => scheme.fill_bias(layer, stream, bias)?,
            Law::Constant(value) => bias.fill(value),
            Law::Normal(std) => stream.fill_normal(bias, std),
            Law::Uniform(limit) => stream.fill_uniform(bias, limit),
            Law::FanIn => stream.fill_uniform(bias, super::torch_default::limit(layer)),
        }
        Ok(())
    }
}

impl Default for BiasInit {
    /// What the scheme prescribes; zeros for most.
    fn default() -> Self {
        BiasInit {
            spec: Spec::plain(&SCHEME),
            law: Law::Scheme,
        }
    }
}

impl fmt::Display for BiasInit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}
