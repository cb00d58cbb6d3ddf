//! `[[claim]]`: what must be true of an experiment's tables, as a checked value.
//!
//! A claim compares one figure of the `left` cells with a threshold, or with the same figure of
//! the `right` cells:
//!
//! ```toml
//! [[claim]]
//! source = "He et al. 2015, arXiv:1502.01852, section 2.2"
//! sentence = "With ReLU at depth 30, He initialization trains and Xavier's stalls."
//! metric = "test_accuracy"
//! left = { scheme = "he_normal", architecture = "30x64" }
//! right = { scheme = "xavier_normal", architecture = "30x64" }
//! aggregate = "median"
//! relation = "left - right >= 0.5"
//! ```
//!
//! **How a figure comes about.** Each trial that a selector matches gives one value of the
//! [`Metric`] (per-layer metrics are first reduced over layers by `across`), the [`Transform`]
//! is applied, and [`Aggregate`] reduces the replicates. A selector must match one cell, but for
//! the axes named in `for_each` (the claim must hold for each value apart), in `pool` (their
//! trials are taken together), in the relation (`increasing over architecture`), and for the
//! learning rate where `rate = "tuned"`.
//!
//! **Trials that did not end well are never dropped.** A diverged or failed trial counts as
//! chance where the metric is an accuracy, as infinite where it is a loss or a number of steps
//! to a target, and as a rate that is never the best.
//!
//! **Verdicts.** A claim holds when the figure satisfies the relation and so does its
//! interval at level `confidence`; it fails when neither does; else it is inconclusive.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, Unexpected};
use serde_json::{Value as Json, json};

use super::coordinates::Axis;
use super::keys::FieldType;
use super::relation;
use super::settings::words;
use crate::row::{Domain, EpochRow, LayerRow, ProbeRow, Status, StepRow, TrialRow, domain};

/// One claim, checked against the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Short name, unique in the file; `claim-1`, `claim-2`, ... where none is given.
    pub name: String,
    /// Who says so: author, year, identifier, section.
    pub source: String,
    /// What is claimed, in words.
    pub sentence: String,
    /// Whether the claim is evidence or an identity.
    pub(crate) kind: ClaimKind,
    /// The figure per trial.
    pub(crate) metric: Metric,
    /// Applied to each trial's figure before aggregation.
    pub(crate) transform: Transform,
    /// The cells on the left.
    pub(crate) left: Selector,
    /// The cells on the right; present where the relation mentions `right`, else absent.
    pub(crate) right: Option<Selector>,
    /// Axes for each of whose values the claim must hold apart. Both sides have the same ones.
    pub(crate) for_each: Vec<Axis>,
    /// Axes whose trials are taken together.
    pub(crate) pool: Vec<Axis>,
    /// How the trials of a side become one figure.
    pub(crate) aggregate: Aggregate,
    /// At which learning rate.
    pub(crate) rate: Rate,
    /// What must hold.
    pub(crate) relation: Relation,
    /// Level of the interval that a verdict asks, 0 to 1. 0.95 unless given.
    pub confidence: f64,
}

words! {
    /// What it means that a claim holds.
    ClaimKind {
        /// An empirical statement: it holds or fails by what training did.
        Evidence = "evidence",
        /// A theorem of the arithmetic: it cannot fail unless the program is wrong. Counted apart
        /// from the evidence.
        Identity = "identity",
    }

    /// A function of a figure.
    Transform {
        Identity = "none",
        /// Natural logarithm.
        Ln = "ln",
        /// Logarithm to base 2.
        Log2 = "log2",
        /// Square (a variance from a standard deviation).
        Square = "square",
    }
}

/// A figure of one trial.
#[derive(Debug, Clone, PartialEq)]
pub enum Metric {
    /// A column of `trials.csv`.
    Trial { column: String },
    /// A column of `epochs.csv` at one evaluation.
    Epoch { column: String, at: Evaluation },
    /// A column of `layers.csv`, reduced over layers.
    Layer {
        column: String,
        at: Evaluation,
        layers: Layers,
        /// How the layers become one value.
        across: Aggregate,
    },
    /// A column of the table that `probe` writes, reduced over layers where it has layers.
    Probe {
        column: String,
        layers: Layers,
        /// How the layers become one value.
        across: Aggregate,
    },
    /// A column of the table that `probe` writes of the first steps, reduced over layers.
    Steps {
        column: String,
        /// After how many steps: [`Evaluation::AfterEpoch`] counts steps here.
        at: Evaluation,
        layers: Layers,
        /// How the layers become one value.
        across: Aggregate,
    },
    /// Steps (or epochs) until a column of `epochs.csv` first reaches a target: at least the
    /// target for accuracies, at most for losses. A trial that never does is right-censored: its
    /// value lies above its last evaluation, and orders behind every trial that did.
    TimeTo {
        column: String,
        target: f64,
        /// What is counted.
        unit: TimeUnit,
    },
    /// log2 of the learning rate whose aggregated `by` is best. One value per side, not per
    /// trial: `aggregate` is applied to `by`.
    BestRate {
        /// Column of `trials.csv`.
        by: String,
    },
    /// 1 for a trial that ended so, 0 for any other: the mean is a fraction, the sum a count.
    Ended(Status),
}

/// What [`Metric::TimeTo`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    Steps,
    Epochs,
}

/// Which evaluation of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluation {
    /// After so many epochs; 0 is before training.
    AfterEpoch(u32),
    Last,
}

/// Which layers of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layers {
    /// All, output layer included.
    All,
    /// All but the output layer.
    Hidden,
    First,
    Output,
    LastHidden,
    /// These, counted from 1.
    These(Vec<u32>),
}

impl Layers {
    pub(super) const WORDS: [(&'static str, Layers); 5] = [
        ("all", Layers::All),
        ("hidden", Layers::Hidden),
        ("first", Layers::First),
        ("last_hidden", Layers::LastHidden),
        ("output", Layers::Output),
    ];

    /// Whether weight layer `layer`, counted from 1, of a network that has `count` of them is one
    /// of these.
    pub fn contain(&self, layer: u32, count: u32) -> bool {
        match self {
            Layers::All => true,
            Layers::Hidden => layer < count,
            Layers::First => layer == 1,
            Layers::Output => layer == count,
            Layers::LastHidden => layer.checked_add(1) == Some(count),
            Layers::These(layers) => layers.contains(&layer),
        }
    }
}

impl fmt::Display for Layers {
    /// As it is written in an experiment file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Layers::These(numbers) = self {
            return write!(f, "{numbers:?}");
        }
        let word = Layers::WORDS.iter().find(|(_, layers)| layers == self);
        write!(f, "\"{}\"", word.map_or("", |(word, _)| word))
    }
}

/// A reduction of several values to one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aggregate {
    Median,
    Mean,
    Iqm,
    Min,
    Max,
    /// The standard deviation (n - 1).
    Std,
    /// The variance (n - 1).
    Var,
    Sum,
    /// The fraction of values for which `value <op> bound` is true.
    Fraction(Op, f64),
}

impl Aggregate {
    const WORDS: &'static [&'static str] = &["median", "mean", "iqm", "min", "max", "std", "var", "sum"];
}

impl<'de> Deserialize<'de> for Aggregate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |_| D::Error::invalid_value(Unexpected::Other(""), &Self::TAKES);
        let text = Cow::<str>::deserialize(deserializer).map_err(wrong)?;
        Ok(match &*text {
            "median" => Aggregate::Median,
            "mean" => Aggregate::Mean,
            "iqm" => Aggregate::Iqm,
            "min" => Aggregate::Min,
            "max" => Aggregate::Max,
            "std" => Aggregate::Std,
            "var" => Aggregate::Var,
            "sum" => Aggregate::Sum,
            text if !text.starts_with("fraction") => {
                return Err(D::Error::unknown_variant(text, Aggregate::WORDS));
            }
            text => {
                let words: Vec<&str> = text.split_whitespace().collect();
                let fraction = match words.as_slice() {
                    ["fraction", op, number] => relation::operator(op).ok().zip(relation::finite(number)),
                    _ => None,
                };
                let (op, bound) = fraction.ok_or_else(|| {
                    let expected = "\"fraction >= 1\" (or <=, >, <, == and any number)";
                    D::Error::invalid_value(Unexpected::Str(text), &expected)
                })?;
                Aggregate::Fraction(op, bound)
            }
        })
    }
}

impl FieldType for Aggregate {
    const TAKES: &'static str = "median, mean, iqm, min, max, std, var, sum, or \"fraction >= x\"";

    fn schema() -> Json {
        json!({ "anyOf": [{ "enum": Aggregate::WORDS }, { "type": "string", "pattern": "^fraction" }] })
    }
}

/// At which learning rate the sides are compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Rate {
    /// At the one that the selector names.
    Fixed,
    /// At the best one of each side.
    Tuned(Tuning),
}

/// How a rate is chosen: never on what is reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// Column of `trials.csv` to choose by; `None` for the claim's own metric, which then needs
    /// `replicates`.
    pub by: Option<String>,
    /// Replicates `0..n` choose and the others are scored; `None` chooses on all of them, by a
    /// validation column.
    pub replicates: Option<u32>,
}

impl Claim {
    /// Whether replicates can decide it, by an interval at any level. Not one that cannot fail, that
    /// no training decides, on a least or greatest value or the best rate, or on one replicate.
    pub fn is_tested(&self) -> bool {
        let replicates = self.left.texts(Axis::Replicate).map_or(2, <[String]>::len);
        self.kind == ClaimKind::Evidence
            && !matches!(self.metric, Metric::Probe { .. } | Metric::BestRate { .. })
            && !matches!(self.aggregate, Aggregate::Min | Aggregate::Max)
            && replicates > 1
    }

    /// What is claimed, without its name and its words.
    pub(super) fn identity(&self) -> String {
        let Claim {
            name: _,
            source: _,
            sentence: _,
            kind,
            metric,
            transform,
            left,
            right,
            for_each,
            pool,
            aggregate,
            rate,
            relation,
            confidence,
        } = self;
        format!(
            "{kind:?} {metric:?} {transform:?} {left:?} {right:?} {for_each:?} {pool:?} {aggregate:?} {rate:?} {relation:?} {confidence}\n"
        )
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Relation {
    /// `side op threshold`.
    Compare {
        /// The figure compared.
        side: Side,
        op: Op,
        threshold: f64,
    },
    /// `low <= side <= high`.
    Within {
        /// The figure compared.
        side: Side,
        /// Least value allowed.
        low: f64,
        /// Greatest value allowed.
        high: f64,
    },
    /// The left figure, taken for each value of `axis`, never falls (or rises) by more than
    /// `tolerance` from one value to the next. Values come in the order in which the left
    /// selector lists them, else numbers ascending and texts in the order of the grid.
    Monotone {
        axis: Axis,
        /// Whether it rises.
        increasing: bool,
        /// Slack allowed at each step, 0 unless given.
        tolerance: f64,
    },
    /// Greatest minus least of the left figure over the values of `axis`, compared.
    Spread { axis: Axis, op: Op, threshold: f64 },
    /// The left cell is among the best so many over the values of `axis`; the other
    /// coordinates are the left cell's.
    Rank {
        axis: Axis,
        /// 1: it is the best.
        at_most: u32,
    },
}

/// The figure that a relation compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The left figure.
    Left,
    /// Left minus right; paired by replicate for the interval.
    Difference,
    /// The absolute value of that.
    AbsoluteDifference,
    /// Left over right.
    Ratio,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `<`
    Below,
    /// `==`
    Equal,
}

impl Op {
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Op::AtLeast => a >= b,
            Op::AtMost => a <= b,
            Op::Above => a > b,
            Op::Below => a < b,
            Op::Equal => a == b,
        }
    }
}

/// Part of the coordinates: for each axis named, the canonical texts that are meant (any one of
/// them, in the order given). Axes not named are free.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector(pub BTreeMap<Axis, Vec<String>>);

impl Selector {
    /// Whether a row with these coordinates is meant; `text` gives a coordinate's text as it
    /// stands in the table.
    pub fn matches<'a>(&self, text: impl Fn(Axis) -> std::borrow::Cow<'a, str>) -> bool {
        self.0.iter().all(|(axis, texts)| {
            let value = text(*axis);
            texts.iter().any(|t| *t == value)
        })
    }

    /// The texts named for an axis, if any.
    pub fn texts(&self, axis: Axis) -> Option<&[String]> {
        self.0.get(&axis).map(Vec::as_slice)
    }
}

impl Metric {
    /// Whether a probe measures it, and not training.
    pub fn is_probed(&self) -> bool {
        matches!(self, Metric::Probe { .. } | Metric::Steps { .. })
    }

    /// What the column that it names measures; `None` where it names none.
    pub fn domain(&self) -> Option<Domain> {
        match self {
            Metric::Trial { column } | Metric::BestRate { by: column } => domain::<TrialRow>(column),
            Metric::Epoch { column, .. } | Metric::TimeTo { column, .. } => domain::<EpochRow>(column),
            Metric::Layer { column, .. } => domain::<LayerRow>(column),
            Metric::Probe { column, .. } => domain::<ProbeRow>(column).or_else(|| domain::<LayerRow>(column)),
            Metric::Steps { column, .. } => domain::<StepRow>(column),
            Metric::Ended(_) => None,
        }
    }

    /// Whether a greater figure is better; `None` where neither is.
    pub fn higher_is_better(&self) -> Option<bool> {
        match self {
            Metric::Trial { .. } | Metric::Epoch { .. } => self.domain()?.higher_is_better(),
            Metric::TimeTo { .. } => Some(false),
            Metric::Ended(ending) => Some(*ending == Status::Ok),
            Metric::Layer { .. } | Metric::Probe { .. } | Metric::Steps { .. } | Metric::BestRate { .. } => {
                None
            }
        }
    }
}
