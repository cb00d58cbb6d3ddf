//! The shape of a network between its input and its output, both of which come from the data.

use std::collections::BTreeMap;
use std::fmt;

use crate::support::catalog::{Entry, Parameter, ParameterKind, Spec, Value, number, suggest};
use crate::support::error::{Error, Kind, Result};

/// Widest layer that is accepted.
pub const MAX_WIDTH: usize = 16_384;
/// Greatest number of weight layers that is accepted.
pub const MAX_DEPTH: usize = 10_000;

const NORM: Parameter = Parameter::choice(
    "norm",
    "none",
    &["none", "layer", "batch"],
    "normalization of what enters each activation function",
);

const WEIGHT_NORM: Parameter = flag(
    "weight_norm",
    "weight normalization of every layer: W = g v / norm(v), one g per unit; v and g train",
);

const fn integer(name: &'static str, max: usize, optional: bool, doc: &'static str) -> Parameter {
    Parameter {
        name,
        kind: ParameterKind::Integer {
            min: 1,
            max: max as i64,
        },
        default: None,
        optional,
        doc,
    }
}

const fn flag(name: &'static str, doc: &'static str) -> Parameter {
    Parameter {
        name,
        kind: ParameterKind::Flag,
        default: Some(crate::support::catalog::Default::Flag(false)),
        optional: false,
        doc,
    }
}

static PLAIN: Entry = Entry {
    name: "plain",
    aliases: &["mlp"],
    summary: "multilayer perceptron: [256, 128], or { depth = 20, width = 64 }; [] is linear softmax regression",
    formula: "h_l = f(W_l^T h_(l-1) + b_l), output W^T h + b",
    citation: "Rumelhart, Hinton and Williams 1986",
    parameters: &[
        Parameter {
            name: "hidden",
            kind: ParameterKind::List,
            default: None,
            optional: true,
            doc: "widths of the hidden layers",
        },
        integer("depth", MAX_DEPTH, true, "number of hidden layers of equal width"),
        integer("width", MAX_WIDTH, true, "their width"),
        NORM,
        WEIGHT_NORM,
    ],
};

static RESIDUAL: Entry = Entry {
    name: "residual",
    aliases: &["resnet"],
    summary: "residual perceptron, pre-activation order: stem, blocks with identity skips, head",
    formula: "h_0 = W^T x + b; h_k = h_(k-1) + alpha * branch(h_(k-1)), branch = (f then linear) repeated; output W^T f(h_B) + b",
    citation: "He et al. 2016, Identity mappings in deep residual networks, arXiv 1603.05027; learned alpha: ReZero, arXiv 2003.04887, SkipInit, arXiv 2002.10444; fixup: arXiv 1901.09321",
    parameters: &[
        integer("width", MAX_WIDTH, false, "width of the stream and the branches"),
        integer("blocks", MAX_DEPTH, false, "number of blocks"),
        Parameter {
            name: "branch",
            kind: ParameterKind::Integer { min: 1, max: 64 },
            default: Some(crate::support::catalog::Default::Integer(2)),
            optional: false,
            doc: "weight layers per branch",
        },
        Parameter {
            name: "alpha",
            kind: ParameterKind::Any,
            default: Some(crate::support::catalog::Default::Number(1.0)),
            optional: false,
            doc: "factor on each branch: a number, \"1/sqrt(blocks)\" or \"1/blocks\"",
        },
        flag(
            "learn_alpha",
            "alpha is the initial value of a learned scalar per branch",
        ),
        flag(
            "fixup",
            "Fixup's scalars: a learned factor per branch, and in the branches scalar biases before each activation function and each linear layer in place of bias vectors",
        ),
        NORM,
        WEIGHT_NORM,
    ],
};

/// Every kind of architecture.
pub static ENTRIES: &[&Entry] = &[&PLAIN, &RESIDUAL];

/// What is normalized before each activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// Nothing.
    None,
    /// Each sample over its units (Ba, Kiros and Hinton 2016, arXiv 1607.06450).
    Layer,
    /// Each unit over the samples of the batch (Ioffe and Szegedy 2015, arXiv 1502.03167).
    Batch,
}

/// The residual kind, see [`Shape::Residual`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// Width of the stream and of every layer but the head.
    pub width: usize,
    pub blocks: usize,
    /// Weight layers per branch.
    pub length: usize,
    /// Factor on each branch, or its initial value.
    pub alpha: f64,
    /// Whether the factor is a learned scalar.
    pub learned: bool,
    /// Whether branches have Fixup's scalar biases in place of bias vectors.
    pub fixup: bool,
}

/// The layers between input and output.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Widths of the hidden layers, first to last; none of them is 0.
    Plain(Vec<usize>),
    /// A stem, residual blocks and a head.
    Residual(Residual),
}

/// A checked architecture. Two that describe the same network are equal and have one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// The hidden layers.
    pub shape: Shape,
    /// Normalization before activation functions.
    pub norm: Norm,
    /// Whether weights are normalized (Salimans and Kingma 2016, arXiv 1602.07868).
    pub weight_norm: bool,
    /// How alpha was written, when not as a number.
    alpha_text: Option<&'static str>,
}

impl Architecture {
    /// The architecture of a value in an experiment file: a list of widths, or a table.
    ///
    /// # Errors
    /// Not such a value, or a width or depth of 0 or beyond [`MAX_WIDTH`] and [`MAX_DEPTH`].
    pub fn parse(value: &Value) -> Result<Self> {
        match value {
            Value::List(widths) => Architecture::plain(read_widths(widths)?),
            Value::Table(table) => {
                let mut table = table.clone();
                match table.remove("kind") {
                    None => Architecture::from_plain(table),
                    Some(Value::Text(kind)) if PLAIN.answers_to(&kind) => Architecture::from_plain(table),
                    Some(Value::Text(kind)) if RESIDUAL.answers_to(&kind) => {
                        Architecture::from_residual(&RESIDUAL.resolve(table)?)
                    }
                    Some(other) => Err(Error::new(
                        Kind::Experiment,
                        format!("unknown kind of architecture `{other}`"),
                    )
                    .help(suggest(&other.to_string(), ["plain", "residual"], "kinds"))),
                }
            }
            other => Err(
                Error::new(Kind::Experiment, format!("`{other}` is not an architecture")).help(
                    "write a list of widths of the hidden layers, as [256, 128], or a table, as { depth = 20, width = 64 }",
                ),
            ),
        }
    }

    /// Number of weight layers, the output layer included.
    pub fn weight_layers(&self) -> u32 {
        let count = match &self.shape {
            Shape::Plain(hidden) => hidden.len() + 1,
            Shape::Residual(r) => r.blocks * r.length + 2,
        };
        count as u32
    }

    /// A plain perceptron with these hidden layers.
    ///
    /// # Errors
    /// A width or the depth is out of range.
    pub fn plain(hidden: Vec<usize>) -> Result<Self> {
        if let Some(width) = hidden.iter().find(|w| !(1..=MAX_WIDTH).contains(*w)) {
            return Err(Error::new(
                Kind::Experiment,
                format!("a hidden layer must have from 1 to {MAX_WIDTH} units, not {width}"),
            ));
        }
        if hidden.len() > MAX_DEPTH {
            let message = format!("{} hidden layers are more than {MAX_DEPTH}", hidden.len());
            return Err(Error::new(Kind::Experiment, message));
        }
        Ok(Architecture {
            shape: Shape::Plain(hidden),
            norm: Norm::None,
            weight_norm: false,
            alpha_text: None,
        })
    }

    fn from_plain(table: BTreeMap<String, Value>) -> Result<Self> {
        let spec = PLAIN.resolve(table)?;
        let hidden = match (spec.value("hidden"), spec.value("depth"), spec.value("width")) {
            (Some(Value::List(widths)), None, None) => read_widths(&widths)?,
            (None, Some(Value::Integer(depth)), Some(Value::Integer(width))) => {
                vec![width as usize; depth as usize]
            }
            _ => {
                let message = "an architecture needs either `hidden`, or `depth` and `width`";
                return Err(Error::new(Kind::Experiment, message)
                    .help("for example { depth = 20, width = 64 } or { hidden = [256, 128] }"));
            }
        };
        Ok(Architecture {
            norm: read_norm(&spec),
            weight_norm: spec.flag("weight_norm"),
            ..Architecture::plain(hidden)?
        })
    }

    fn from_residual(spec: &Spec) -> Result<Self> {
        let size = |name| spec.integer(name) as usize;
        let (blocks, length, fixup) = (size("blocks"), size("branch"), spec.flag("fixup"));
        if blocks * length + 2 > MAX_DEPTH {
            let message = format!("{blocks} blocks of {length} layers are more than {MAX_DEPTH} layers");
            return Err(Error::new(Kind::Experiment, message));
        }
        let (alpha, alpha_text) = match spec.value("alpha") {
            Some(Value::Number(x)) if x.is_finite() => (x, None),
            Some(Value::Integer(x)) => (x as f64, None),
            Some(Value::Text(text)) if text == RSQRT_BLOCKS => {
                (1.0 / (blocks as f64).sqrt(), Some(RSQRT_BLOCKS))
            }
            Some(Value::Text(text)) if text == PER_BLOCK => (1.0 / blocks as f64, Some(PER_BLOCK)),
            other => {
                let given = other.map_or_else(String::new, |v| format!(", not {}", v.quoted()));
                let message = format!(
                    "`alpha` of `residual` must be a number, \"{RSQRT_BLOCKS}\" or \"{PER_BLOCK}\"{given}"
                );
                return Err(Error::new(Kind::Experiment, message));
            }
        };
        let width = size("width");
        let residual = Residual {
            width,
            blocks,
            length,
            alpha,
            learned: fixup || spec.flag("learn_alpha"),
            fixup,
        };
        Ok(Architecture {
            shape: Shape::Residual(residual),
            norm: read_norm(spec),
            weight_norm: spec.flag("weight_norm"),
            alpha_text,
        })
    }
}

const RSQRT_BLOCKS: &str = "1/sqrt(blocks)";
const PER_BLOCK: &str = "1/blocks";

fn read_norm(spec: &Spec) -> Norm {
    match spec.text("norm").as_str() {
        "layer" => Norm::Layer,
        "batch" => Norm::Batch,
        _ => Norm::None,
    }
}

fn read_widths(widths: &[Value]) -> Result<Vec<usize>> {
    let read = |value: &Value| match value {
        Value::Integer(width) if (1..=MAX_WIDTH as i64).contains(width) => Ok(*width as usize),
        other => Err(Error::new(
            Kind::Experiment,
            format!(
                "a hidden layer must have a whole number of units from 1 to {MAX_WIDTH}, not {}",
                other.quoted()
            ),
        )),
    };
    widths.iter().map(read).collect()
}

impl fmt::Display for Norm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Norm::None => "none",
            Norm::Layer => "layer",
            Norm::Batch => "batch",
        })
    }
}

impl fmt::Display for Architecture {
    /// The coordinate in tables: `linear`, `256-128`, `20x64` (three or more equal layers),
    /// `20x64(norm=layer)`, `20x64(weight_norm=true)`, `residual(width=64 blocks=16)`; never with a comma.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Plain(hidden) => {
                match hidden.as_slice() {
                    [] => f.write_str("linear")?,
                    [first, rest @ ..] if rest.len() >= 2 && rest.iter().all(|w| w == first) => {
                        write!(f, "{}x{first}", hidden.len())?;
                    }
                    widths => {
                        for (i, width) in widths.iter().enumerate() {
                            write!(f, "{}{width}", if i > 0 { "-" } else { "" })?;
                        }
                    }
                }
                match (self.norm, self.weight_norm) {
                    (Norm::None, false) => Ok(()),
                    (norm, false) => write!(f, "(norm={norm})"),
                    (Norm::None, true) => f.write_str("(weight_norm=true)"),
                    (norm, true) => write!(f, "(norm={norm} weight_norm=true)"),
                }
            }
            Shape::Residual(r) => self.fmt_residual(r, f),
        }
    }
}

impl Architecture {
    fn fmt_residual(&self, r: &Residual, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "residual(blocks={} width={}", r.blocks, r.width)?;
        if r.length != 2 {
            write!(f, " branch={}", r.length)?;
        }
        match self.alpha_text {
            Some(text) => write!(f, " alpha={text}")?,
            None if r.alpha != 1.0 => write!(f, " alpha={}", number(r.alpha))?,
            None => {}
        }
        if r.fixup {
            f.write_str(" fixup=true")?;
        } else if r.learned {
            f.write_str(" learn_alpha=true")?;
        }
        if self.norm != Norm::None {
            write!(f, " norm={}", self.norm)?;
        }
        if self.weight_norm {
            f.write_str(" weight_norm=true")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests;
