//! The axis `architecture`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::GridAxis;
use crate::experiment::schema;
use crate::init::Registry;
use crate::model::{self, architecture};
use crate::support::catalog::{Entry, Value};
use crate::support::error::Result;

/// The hidden layers.
#[derive(Debug)]
pub struct Architecture;

impl GridAxis for Architecture {
    type Value = Arc<model::Architecture>;
    type Coordinate = String;

    const DOC: &'static str =
        "hidden layers: [256, 128] or { depth = 20, width = 64 }; several in a list of their own";
    const TAKES: &'static str = "architectures";
    const DEFAULT: Option<&'static str> = None;
    const PLURAL: &'static str = "architectures";
    const IS_SELF_EXPLANATORY: bool = true;
    const AFFECTS_INIT: bool = true;

    fn catalogue() -> Vec<&'static Entry> {
        architecture::ENTRIES.to_vec()
    }

    /// A list of numbers: the widths of one architecture.
    fn is_one_value(list: &[Value]) -> bool {
        !list.is_empty() && list.iter().all(|item| matches!(item, Value::Integer(_)))
    }

    fn schema() -> Json {
        let widths = json!({ "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": architecture::MAX_WIDTH } });
        let mut any = schema::alternatives(architecture::ENTRIES);
        any.push(widths);
        any.push(json!({ "type": "string", "description": "as in tables: 20x64, 256-128, linear" }));
        any.push(json!({ "type": "object", "not": { "required": ["kind"] } }));
        json!({ "anyOf": any })
    }

    fn parse(value: &Value, _: &Registry) -> Result<Self::Value> {
        parse(value).map(Arc::new)
    }

    fn coordinate(value: &Self::Value) -> String {
        value.to_string()
    }
}

/// An architecture as a value, or in the text form of the tables: `20x64`, `256-128`, `linear`,
/// `20x64(norm=layer)`.
fn parse(value: &Value) -> Result<model::Architecture> {
    let (text, options) = match value {
        Value::Text(text) => (text, None),
        Value::Table(table) => match table.get("kind") {
            Some(Value::Text(text)) => (text, Some(table)),
            _ => return model::Architecture::parse(value),
        },
        _ => return model::Architecture::parse(value),
    };
    let Some(widths) = widths(text) else {
        return model::Architecture::parse(value);
    };
    let mut table = options.cloned().unwrap_or_default();
    table.remove("kind");
    table.extend(widths);
    model::Architecture::parse(&Value::Table(table))
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
