//! Single values of axes, from what a file says to what is meant.

use std::collections::BTreeMap;

use super::coordinates::Axis;
use super::document::{Item, Node};
use crate::activation::Activation;
use crate::model::Architecture;
use crate::support::catalog::Value;
use crate::support::error::{Error, Kind, Result};

/// The values of an axis that a node lists. A single value is a list of one; a list of numbers
/// under `architecture` is one architecture.
pub(super) fn listed(axis: Axis, node: &Node) -> &[Node] {
    if axis == Axis::Architecture
        && let Item::List(items) = &node.item
        && !items.is_empty()
        && items.iter().all(|i| matches!(i.item, Item::Integer(_)))
    {
        return std::slice::from_ref(node);
    }
    node.as_list()
}

pub(super) fn join(activations: &[Activation]) -> String {
    activations
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("/")
}

pub(super) fn activations(value: &Value) -> Result<Vec<Activation>> {
    match value {
        Value::List(items) if items.is_empty() => Err(Error::new(
            Kind::Experiment,
            "a list of activations per layer must not be empty",
        )),
        Value::List(items) => items.iter().map(Activation::parse).collect(),
        one => Ok(vec![Activation::parse(one)?]),
    }
}

/// An architecture as a value, or in the text form of the tables: `20x64`, `256-128`, `linear`,
/// `20x64(norm=layer)`.
pub(super) fn architecture(value: &Value) -> Result<Architecture> {
    let (text, options) = match value {
        Value::Text(text) => (text, None),
        Value::Table(table) => match table.get("kind") {
            Some(Value::Text(text)) => (text, Some(table)),
            _ => return Architecture::parse(value),
        },
        _ => return Architecture::parse(value),
    };
    let Some(widths) = widths(text) else {
        return Architecture::parse(value);
    };
    let mut table = options.cloned().unwrap_or_default();
    table.remove("kind");
    table.extend(widths);
    Architecture::parse(&Value::Table(table))
}

/// `20x64`, `256-128` and `linear` as keys of an architecture.
fn widths(text: &str) -> Option<BTreeMap<String, Value>> {
    let hidden = |widths| BTreeMap::from([("hidden".to_owned(), Value::List(widths))]);
    if text == "linear" {
        return Some(hidden(Vec::new()));
    }
    if let Some((depth, width)) = text.split_once('x') {
        let size = |text: &str| text.parse().ok().map(Value::Integer);
        let (depth, width) = (size(depth)?, size(width)?);
        return Some(BTreeMap::from([
            ("depth".to_owned(), depth),
            ("width".to_owned(), width),
        ]));
    }
    text.split('-')
        .map(|w| w.parse().ok().map(Value::Integer))
        .collect::<Option<Vec<Value>>>()
        .map(hidden)
}

fn plain_number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(x) => Some(*x as f64),
        // -0 and 0 are one coordinate.
        Value::Number(x) => Some(if *x == 0.0 { 0.0 } else { *x }),
        _ => None,
    }
}

fn out_of_range(what: &str, expected: &str, value: &Value) -> Error {
    Error::new(
        Kind::Experiment,
        format!("a {what} must be {expected}, not {}", value.quoted()),
    )
}

pub(super) fn learning_rate(value: &Value) -> Result<f64> {
    plain_number(value)
        .filter(|x| (1e-30..=1e6).contains(x))
        .ok_or_else(|| out_of_range("learning rate", "a positive number up to 1000000", value))
}

pub(super) fn label_noise(value: &Value) -> Result<f64> {
    plain_number(value)
        .filter(|x| (0.0..=1.0).contains(x))
        .ok_or_else(|| out_of_range("label noise", "a number from 0 to 1", value))
}

pub(super) fn batch_size(value: &Value) -> Result<u32> {
    match value {
        Value::Integer(x @ 1..=1_000_000) => Ok(*x as u32),
        _ => Err(out_of_range(
            "batch size",
            "a whole number from 1 to 1000000",
            value,
        )),
    }
}
