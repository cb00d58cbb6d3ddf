//! Catalogues: one place where each scheme, activation, optimizer and dataset is described, and
//! look-up by name with "did you mean".
//!
//! A catalogue value in an experiment file is a name (`"he_normal"`) or a table with `kind` and
//! parameters (`{ kind = "normal", std = 0.01 }`). Both become a [`Spec`], whose text form
//! (`normal(std=0.01)`) is the coordinate that stands in the tables.

use std::collections::BTreeMap;
use std::fmt;

mod lookup;
#[cfg(test)]
mod tests;

pub use lookup::{choose, find, nearest, suggest};

use super::expression::Expression;
use crate::support::error::{Context as _, Error, Kind, Result};

/// Makes a catalogue of the types `$module::$Item`, which implement `$Trait` with its constant `ENTRY`
/// and its function `from_spec`: `ENTRIES`, the enum `Variant` with a variant for each, and the macro
/// `$with!(kind, item => expression)`, which runs the expression with the item inside a kind.
macro_rules! catalogue {
    ($noun:literal, $Trait:ident, $with:ident: $($module:ident::$Item:ident),* $(,)?) => {
        #[doc = concat!("Every ", $noun, ", in the order in which they are listed.")]
        pub static ENTRIES: &[&Entry] = &[$(<$module::$Item as $Trait>::ENTRY),*];

        #[derive(Debug, Clone, Copy, PartialEq)]
        enum Variant {
            $($Item($module::$Item)),*
        }

        impl Variant {
            fn from_spec(spec: &Spec) -> Self {
                // By name: a constant may have several addresses.
                $(if spec.entry.name == <$module::$Item as $Trait>::ENTRY.name {
                    return Variant::$Item($Trait::from_spec(spec));
                })*
                unreachable!("`{}` is no {}", spec.name(), $noun)
            }
        }

        macro_rules! $with {
            ($kind:expr, $item:ident => $body:expr) => {
                match $kind {
                    $(Variant::$Item($item) => $body),*
                }
            };
        }
    };
}
pub(crate) use catalogue;

/// What a person reads about one item of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// Canonical name, as in tables.
    pub name: &'static str,
    /// Other names that are accepted.
    pub aliases: &'static [&'static str],
    /// One line: what it is.
    pub summary: &'static str,
    /// The formula, in plain text.
    pub formula: &'static str,
    /// Author, year, title or identifier, and the equation or section.
    pub citation: &'static str,
    /// The parameters that it takes, in the order in which they are written.
    pub parameters: &'static [Parameter],
}

/// One parameter of a catalogue item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Key in the experiment file.
    pub name: &'static str,
    /// What values it takes: type, range or words.
    pub kind: ParameterKind,
    /// Default; `None` makes the parameter required unless `optional`.
    pub default: Option<Default>,
    /// May be left out although it has no default.
    pub optional: bool,
    /// One line: what it means, with unit.
    pub doc: &'static str,
}

/// Type and range of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParameterKind {
    /// A finite number in `min..=max`.
    Number {
        /// Least value allowed.
        min: f64,
        /// Greatest value allowed.
        max: f64,
    },
    /// A whole number in `min..=max`.
    Integer {
        /// Least value allowed.
        min: i64,
        /// Greatest value allowed.
        max: i64,
    },
    /// `true` or `false`.
    Flag,
    /// One of these words; any text if the list is empty.
    Text(&'static [&'static str]),
    /// A formula over these variables, or a number; see [`expression`](super::expression).
    Formula(&'static [&'static str]),
    /// A list of any values; the item itself checks them.
    List,
    /// Any value at all (a name, a table, a list); the item itself checks it.
    Any,
}

/// A default value that can stand in a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    Number(f64),
    Integer(i64),
    Flag(bool),
    Text(&'static str),
}

/// A value of a parameter, as given in an experiment file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `0.5`, `1e-3`.
    Number(f64),
    /// `3`.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// Text in quotes: a name, a path.
    Text(String),
    /// `[64, 32]`.
    List(Vec<Value>),
    /// `{ kind = "normal", std = 0.01 }`.
    Table(BTreeMap<String, Value>),
}

impl From<Default> for Value {
    fn from(default: Default) -> Self {
        match default {
            Default::Number(x) => Value::Number(x),
            Default::Integer(x) => Value::Integer(x),
            Default::Flag(x) => Value::Flag(x),
            Default::Text(x) => Value::Text(x.to_owned()),
        }
    }
}

impl Value {
    /// This value as a message quotes it: a text is called one, so that `"1e-3"` is not taken for
    /// the number.
    pub fn quoted(&self) -> String {
        match self {
            Value::Text(text) => format!("the text \"{text}\""),
            // 5.0 is not the whole number 5.
            Value::Number(x) => format!("`{x:?}`"),
            other => format!("`{other}`"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(x) => f.write_str(&number(*x)),
            Value::Integer(x) => write!(f, "{x}"),
            Value::Flag(x) => write!(f, "{x}"),
            Value::Text(x) => f.write_str(x),
            Value::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i > 0 { " " } else { "" })?;
                }
                f.write_str("]")
            }
            Value::Table(map) => {
                let kind = map.get("kind");
                if let Some(kind) = kind {
                    write!(f, "{kind}")?;
                }
                f.write_str("(")?;
                let rest = map.iter().filter(|(k, _)| *k != "kind");
                for (i, (key, value)) in rest.enumerate() {
                    write!(f, "{}{key}={value}", if i > 0 { " " } else { "" })?;
                }
                f.write_str(")")
            }
        }
    }
}

/// Shortest text that reads back as the same `f64`: plain decimal from 1e-5 up to 1e16,
/// scientific outside. Every table and every coordinate uses this one form.
pub fn number(x: f64) -> String {
    let magnitude = x.abs();
    if x == 0.0 || (1e-5..1e16).contains(&magnitude) {
        format!("{x}")
    } else {
        format!("{x:e}")
    }
}

/// A checked choice from a catalogue: the item and its parameters, defaults left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The catalogue entry that was chosen.
    pub entry: &'static Entry,
    given: BTreeMap<String, Value>,
}

impl Spec {
    /// The item with every parameter at its default. Meant for items without required ones.
    pub fn plain(entry: &'static Entry) -> Self {
        Spec {
            entry,
            given: BTreeMap::new(),
        }
    }

    /// Canonical name of the item.
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    /// The value of a parameter: as given, else its default, else none.
    pub fn value(&self, name: &str) -> Option<Value> {
        self.given.get(name).cloned().or_else(|| {
            let parameter = self.entry.parameters.iter().find(|p| p.name == name)?;
            parameter.default.map(Value::from)
        })
    }

    /// A number parameter (whole numbers count); 0 if the item has no such parameter.
    pub fn number(&self, name: &str) -> f64 {
        self.optional_number(name).unwrap_or(0.0)
    }

    /// A number parameter that may be absent.
    pub fn optional_number(&self, name: &str) -> Option<f64> {
        match self.value(name)? {
            Value::Number(x) => Some(x),
            Value::Integer(x) => Some(x as f64),
            _ => None,
        }
    }

    /// A whole-number parameter; 0 if the item has no such parameter.
    pub fn integer(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(Value::Integer(x)) => x,
            _ => 0,
        }
    }

    /// A flag; false if the item has no such parameter.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Flag(true)))
    }

    /// A word; empty if absent.
    pub fn text(&self, name: &str) -> String {
        match self.value(name) {
            Some(Value::Text(x)) => x,
            _ => String::new(),
        }
    }
}

impl fmt::Display for Spec {
    /// `name`, or `name(key=value key=value)` with keys in the catalogue's order. No commas, so
    /// that a coordinate never needs quotes in a CSV file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry.name)?;
        let mut given = self
            .entry
            .parameters
            .iter()
            .filter_map(|p| self.given.get(p.name).map(|v| (p.name, v)))
            .peekable();
        if given.peek().is_none() {
            return Ok(());
        }
        f.write_str("(")?;
        for (i, (name, value)) in given.enumerate() {
            write!(f, "{}{name}={value}", if i > 0 { " " } else { "" })?;
        }
        f.write_str(")")
    }
}

impl Entry {
    /// Checks the parameters given for this item (the table without `kind`).
    ///
    /// # Errors
    /// An unknown key, a missing required key, a wrong type or a value out of range; the error's
    /// message names the key, so that a caller who knows the file can point at it.
    pub fn resolve(&'static self, given: BTreeMap<String, Value>) -> Result<Spec> {
        let mut checked = BTreeMap::new();
        for (key, value) in given {
            let Some(parameter) = self.parameters.iter().find(|p| p.name == key) else {
                let names = self.parameters.iter().map(|p| p.name);
                let error = Error::new(
                    Kind::Experiment,
                    format!("`{}` has no parameter `{key}`", self.name),
                );
                return Err(error.help(suggest(&key, names, "parameters")));
            };
            let value = parameter.check(self.name, value)?;
            if parameter.default.map(Value::from).as_ref() != Some(&value) {
                checked.insert(key, value);
            }
        }
        let missing = self
            .parameters
            .iter()
            .find(|p| p.default.is_none() && !p.optional && !checked.contains_key(p.name));
        if let Some(p) = missing {
            let message = format!("`{}` needs the parameter `{}`", self.name, p.name);
            return Err(Error::new(Kind::Experiment, message).help(format!("{}: {}", p.name, p.doc)));
        }
        Ok(Spec {
            entry: self,
            given: checked,
        })
    }

    /// Whether `name` is this item's name or one of its aliases.
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

impl Parameter {
    /// One that has `default`, or must be given.
    const fn new(
        name: &'static str,
        kind: ParameterKind,
        default: Option<Default>,
        doc: &'static str,
    ) -> Self {
        Parameter {
            name,
            kind,
            default,
            optional: false,
            doc,
        }
    }

    /// A number with a default.
    pub const fn number(name: &'static str, default: f64, min: f64, max: f64, doc: &'static str) -> Self {
        let kind = ParameterKind::Number { min, max };
        Parameter::new(name, kind, Some(Default::Number(default)), doc)
    }

    /// A number that must be given.
    pub const fn required(name: &'static str, min: f64, max: f64, doc: &'static str) -> Self {
        Parameter::new(name, ParameterKind::Number { min, max }, None, doc)
    }

    /// A whole number with a default.
    pub const fn integer(name: &'static str, default: i64, min: i64, max: i64, doc: &'static str) -> Self {
        let kind = ParameterKind::Integer { min, max };
        Parameter::new(name, kind, Some(Default::Integer(default)), doc)
    }

    /// A word out of `choices`, with a default.
    pub const fn choice(
        name: &'static str,
        default: &'static str,
        choices: &'static [&'static str],
        doc: &'static str,
    ) -> Self {
        Parameter::new(
            name,
            ParameterKind::Text(choices),
            Some(Default::Text(default)),
            doc,
        )
    }

    /// One of any kind, with a text for default: a scheme by its name, a word or a number.
    pub const fn any(name: &'static str, default: &'static str, doc: &'static str) -> Self {
        Parameter::new(name, ParameterKind::Any, Some(Default::Text(default)), doc)
    }

    /// Any text, with a default.
    pub const fn text(name: &'static str, default: &'static str, doc: &'static str) -> Self {
        Parameter::choice(name, default, &[], doc)
    }

    /// A path, which must be given.
    pub const fn path(name: &'static str, doc: &'static str) -> Self {
        Parameter::new(name, ParameterKind::Text(&[]), None, doc)
    }

    /// True or false, with a default.
    pub const fn flag(name: &'static str, default: bool, doc: &'static str) -> Self {
        Parameter::new(name, ParameterKind::Flag, Some(Default::Flag(default)), doc)
    }

    /// One that may be left out and then has no value.
    pub const fn optional(name: &'static str, kind: ParameterKind, doc: &'static str) -> Self {
        Parameter {
            optional: true,
            ..Parameter::new(name, kind, None, doc)
        }
    }

    fn check(&self, item: &str, value: Value) -> Result<Value> {
        let wrong = |expected: String| {
            let message = format!(
                "`{}` of `{item}` must be {expected}, not {}",
                self.name,
                match self.kind {
                    // A word among words.
                    ParameterKind::Text(_) => format!("`{value}`"),
                    _ => value.quoted(),
                }
            );
            Err(Error::new(Kind::Experiment, message).help(format!("{}: {}", self.name, self.doc)))
        };
        match (self.kind, &value) {
            (ParameterKind::Number { min, max }, Value::Number(_) | Value::Integer(_)) => {
                let x = match value {
                    Value::Number(x) => x,
                    Value::Integer(i) => i as f64,
                    _ => unreachable!("matched above"),
                };
                if x.is_finite() && x >= min && x <= max {
                    Ok(Value::Number(x))
                } else {
                    wrong(format!("a number from {} to {}", number(min), number(max)))
                }
            }
            (ParameterKind::Number { .. }, _) => wrong("a number".to_owned()),
            (ParameterKind::Integer { min, max }, Value::Integer(x)) if (min..=max).contains(x) => Ok(value),
            (ParameterKind::Integer { min, max }, _) => wrong(format!("a whole number from {min} to {max}")),
            (ParameterKind::Flag, Value::Flag(_)) => Ok(value),
            (ParameterKind::Flag, _) => wrong("true or false".to_owned()),
            (ParameterKind::Text([]), Value::Text(_)) => Ok(value),
            (ParameterKind::Text(choices), Value::Text(word)) if choices.contains(&word.as_str()) => {
                Ok(value)
            }
            (ParameterKind::Text([]), _) => wrong("text".to_owned()),
            (ParameterKind::Text(choices), _) => wrong(format!("one of {}", choices.join(", "))),
            (ParameterKind::Formula(variables), Value::Text(text)) => {
                let place = || format!("`{}` of `{item}`", self.name);
                let expression = Expression::parse(text, variables).context(place)?;
                Ok(Value::Text(expression.to_string()))
            }
            (ParameterKind::Formula(_), Value::Number(x)) if x.is_finite() => Ok(Value::Text(number(*x))),
            (ParameterKind::Formula(_), Value::Integer(x)) => Ok(Value::Text(number(*x as f64))),
            (ParameterKind::Formula(_), _) => wrong("a number or a formula".to_owned()),
            (ParameterKind::List, Value::List(_)) => Ok(value),
            (ParameterKind::List, _) => wrong("a list".to_owned()),
            (ParameterKind::Any, _) => Ok(value),
        }
    }
}
