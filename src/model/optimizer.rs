//! How a gradient changes a parameter.

use std::fmt;

use crate::support::catalog::{self, Entry, Parameter, Spec, Value};
use crate::support::error::Result;

const WEIGHT_DECAY: Parameter = Parameter::number(
    "weight_decay",
    0.0,
    0.0,
    1e6,
    "L2 penalty: this times the weight is added to its gradient (weight matrices only)",
);
const BETA: Parameter = Parameter::number(
    "beta",
    0.9,
    0.0,
    0.999_999,
    "momentum; with the schedule, its largest value",
);
const SCHEDULE: Parameter = Parameter::choice(
    "schedule",
    "constant",
    &["constant", "sutskever"],
    "sutskever: mu_t = min(1 - 2^(-1 - log2(floor(t / 250) + 1)), beta) at step t from 0",
);
const BETA1: Parameter = Parameter::number("beta1", 0.9, 0.0, 0.999_999, "decay of the mean gradient");
const BETA2: Parameter = Parameter::number(
    "beta2",
    0.999,
    0.0,
    0.999_999_999,
    "decay of the mean squared gradient",
);
const EPSILON: Parameter = Parameter::number(
    "epsilon",
    1e-8,
    1e-30,
    1.0,
    "added to the root of the mean squared gradient",
);

static SGD: Entry = Entry {
    name: "sgd",
    aliases: &[],
    summary: "stochastic gradient descent",
    formula: "w -= rate * g",
    citation: "Robbins and Monro 1951",
    parameters: &[WEIGHT_DECAY],
};

static MOMENTUM: Entry = Entry {
    name: "momentum",
    aliases: &[],
    summary: "classical momentum",
    formula: "v = mu v + g; w -= rate * v",
    citation: "Polyak 1964; schedule: Sutskever et al. 2013, On the importance of initialization and momentum in deep learning, eq. 5",
    parameters: &[BETA, SCHEDULE, WEIGHT_DECAY],
};

static NESTEROV: Entry = Entry {
    name: "nesterov",
    aliases: &[],
    summary: "Nesterov's accelerated gradient",
    formula: "v = mu_t v + g; w -= rate * (g + mu_(t+1) v)",
    citation: "Sutskever et al. 2013; this form: Bengio, Boulanger-Lewandowski and Pascanu 2012, arXiv 1212.0901, eq. 7",
    parameters: &[BETA, SCHEDULE, WEIGHT_DECAY],
};

static ADAM: Entry = Entry {
    name: "adam",
    aliases: &[],
    summary: "Adam",
    formula: "m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)",
    citation: "Kingma and Ba 2014, arXiv 1412.6980, algorithm 1",
    parameters: &[BETA1, BETA2, EPSILON, WEIGHT_DECAY],
};

static ADAMW: Entry = Entry {
    name: "adamw",
    aliases: &[],
    summary: "Adam with decoupled weight decay",
    formula: "w -= rate * weight_decay * w, then Adam's step",
    citation: "Loshchilov and Hutter 2017, arXiv 1711.05101, algorithm 2",
    parameters: &[
        BETA1,
        BETA2,
        EPSILON,
        Parameter::number(
            "weight_decay",
            0.01,
            0.0,
            1e6,
            "decoupled decay (weight matrices only)",
        ),
    ],
};

/// Every optimizer.
pub static ENTRIES: &[&Entry] = &[&SGD, &MOMENTUM, &NESTEROV, &ADAM, &ADAMW];

/// The update rule, without weight decay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rule {
    Sgd,
    Momentum {
        beta: f64,
        scheduled: bool,
        nesterov: bool,
    },
    Adam {
        beta1: f64,
        beta2: f64,
        epsilon: f64,
    },
}

/// How a gradient changes a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    spec: Spec,
    pub(super) rule: Rule,
    /// L2 penalty on weight matrices.
    pub(super) weight_decay: f64,
    /// Whether the decay acts on the weights themselves instead of on the gradient.
    pub(super) decoupled: bool,
}

impl Optimizer {
    /// The optimizer of a catalogue value.
    ///
    /// # Errors
    /// An unknown name or parameter, or a parameter out of range.
    pub fn parse(value: &Value) -> Result<Self> {
        let spec = catalog::choose("optimizer", value, ENTRIES)?;
        let rule = match spec.name() {
            "sgd" => Rule::Sgd,
            name @ ("momentum" | "nesterov") => Rule::Momentum {
                beta: spec.number("beta"),
                scheduled: spec.text("schedule") == "sutskever",
                nesterov: name == "nesterov",
            },
            _ => Rule::Adam {
                beta1: spec.number("beta1"),
                beta2: spec.number("beta2"),
                epsilon: spec.number("epsilon"),
            },
        };
        Ok(Optimizer {
            rule,
            weight_decay: spec.number("weight_decay"),
            decoupled: spec.name() == ADAMW.name,
            spec,
        })
    }

    /// Plain stochastic gradient descent.
    pub fn sgd() -> Self {
        Optimizer {
            spec: Spec::plain(&SGD),
            rule: Rule::Sgd,
            weight_decay: 0.0,
            decoupled: false,
        }
    }

    /// The catalogue item and its parameters.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }
}

impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}
