//! The axis `scheme`.

use serde_json::{Map, Value as Json, json};

use super::GridAxis;
use crate::experiment::schema;
use crate::init::{Choice, Registry};
use crate::support::catalog::{Entry, Value};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::visible;

/// The key that gives a scheme a name for people.
const LABEL: &str = "label";

/// The most characters of a label.
const LONGEST_LABEL: usize = 60;

/// How the weights are set before training.
#[derive(Debug)]
pub struct Scheme;

impl GridAxis for Scheme {
    type Value = Choice;
    type Coordinate = String;

    const DOC: &'static str = "initialization of the weights; see `goodinit list schemes`; label = \"mine\" in a table \
        { kind = .. } names it on the terminal, in reports and in claims";
    const TAKES: &'static str = "schemes";
    const DEFAULT: Option<&'static str> = None;
    const PLURAL: &'static str = "schemes";
    const IS_SELF_EXPLANATORY: bool = true;
    const AFFECTS_INIT: bool = true;

    fn catalogue() -> Vec<&'static Entry> {
        Registry::standard().entries().collect()
    }

    /// As of any catalogue, with a label in each table.
    fn schema() -> Json {
        let entries = Self::catalogue();
        let mut schema = schema::catalogue(&entries);
        let label = json!({
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_LABEL,
            "description": "what people call it on the terminal, in reports and in claims"
        });
        let alternatives = schema["anyOf"].as_array_mut().into_iter().flatten();
        for properties in alternatives.filter_map(|alternative| alternative.get_mut("properties")) {
            properties[LABEL] = label.clone();
        }
        let plain = entries.iter().filter(|entry| entry.parameters.is_empty());
        let names: Vec<&str> = plain
            .flat_map(|entry| [&[entry.name][..], entry.aliases].concat())
            .collect();
        let mut properties = Map::new();
        properties.insert("kind".into(), json!({ "enum": names }));
        properties.insert(LABEL.into(), label);
        if let Some(alternatives) = schema["anyOf"].as_array_mut() {
            alternatives.push(schema::object(properties, &["kind"]));
        }
        schema
    }

    fn parse(value: &Value, registry: &Registry) -> Result<Choice> {
        let mut value = value.clone();
        let label = match &mut value {
            Value::Table(table) => table.remove(LABEL),
            _ => None,
        };
        let label = label.map(|label| checked(&label, registry)).transpose()?;
        Ok(Choice {
            label,
            ..registry.parse(&value)?
        })
    }

    fn coordinate(value: &Choice) -> String {
        value.to_string()
    }

    fn label(value: &Choice) -> Option<&str> {
        value.label.as_deref()
    }

    fn check_same(a: &Choice, b: &Choice) -> Result<()> {
        if a.label == b.label {
            return Ok(());
        }
        let name = |choice: &Choice| match &choice.label {
            Some(label) => format!("the label `{label}`"),
            None => "no label".to_owned(),
        };
        let message = format!("`{a}` has {} here and {} before", name(b), name(a));
        Err(Error::new(Kind::Experiment, message).help("a scheme has one label in an experiment"))
    }
}

/// A label as given in a file.
///
/// # Errors
/// It is no name for people, or it is that of a scheme.
fn checked(label: &Value, registry: &Registry) -> Result<String> {
    let wrong = |message: String| Err(Error::new(Kind::Experiment, message));
    let Value::Text(text) = label else {
        return wrong(format!(
            "`{LABEL}` of a scheme must be text, not {}",
            label.quoted()
        ));
    };
    let length = text.chars().count();
    if text.trim() != text
        || length == 0
        || length > LONGEST_LABEL
        || text.contains(char::is_control)
        || visible(text) != *text
    {
        return wrong(format!(
            "`{LABEL}` of a scheme must be a line of 1 to {LONGEST_LABEL} characters without space at its ends, not {}",
            label.quoted()
        ));
    }
    if registry.entries().any(|entry| entry.answers_to(text)) || text.ends_with(')') {
        return wrong(format!("`{text}` is the name of a scheme, and so no `{LABEL}`"));
    }
    Ok(text.clone())
}
