//! Catalogues: one place where each scheme, activation, optimizer and dataset is described, and
//! look-up by name with "did you mean".
//!
//! A catalogue value in an experiment file is a name (`"he_normal"`) or a table with `kind` and
//! parameters (`{ kind = "normal", std = 0.01 }`). Both become a [`Spec`], whose text form
//! (`normal(std=0.01)`) is the coordinate that stands in the tables.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::{Error, Kind, Result};

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
    /// The parameters it takes.
    pub parameters: &'static [Parameter],
}

/// One parameter of a catalogue item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Key in the experiment file.
    pub name: &'static str,
    /// Type and range.
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
    /// A list of any values; the item itself checks them.
    List,
    /// Any value at all (a name, a table, a list); the item itself checks it.
    Any,
}

/// A default value that can stand in a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    /// A number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// A flag.
    Flag(bool),
    /// A word.
    Text(&'static str),
}

/// A value of a parameter, as given in an experiment file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// A flag.
    Flag(bool),
    /// A word.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A table (a nested catalogue value).
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
    /// The item chosen.
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
    /// A number with a default.
    pub const fn number(name: &'static str, default: f64, min: f64, max: f64, doc: &'static str) -> Self {
        let kind = ParameterKind::Number { min, max };
        Parameter {
            name,
            kind,
            default: Some(Default::Number(default)),
            optional: false,
            doc,
        }
    }

    /// A number that must be given.
    pub const fn required(name: &'static str, min: f64, max: f64, doc: &'static str) -> Self {
        let kind = ParameterKind::Number { min, max };
        Parameter {
            name,
            kind,
            default: None,
            optional: false,
            doc,
        }
    }

    /// A whole number with a default.
    pub const fn integer(name: &'static str, default: i64, min: i64, max: i64, doc: &'static str) -> Self {
        let kind = ParameterKind::Integer { min, max };
        Parameter {
            name,
            kind,
            default: Some(Default::Integer(default)),
            optional: false,
            doc,
        }
    }

    /// A word out of `choices`, with a default.
    pub const fn choice(
        name: &'static str,
        default: &'static str,
        choices: &'static [&'static str],
        doc: &'static str,
    ) -> Self {
        let kind = ParameterKind::Text(choices);
        Parameter {
            name,
            kind,
            default: Some(Default::Text(default)),
            optional: false,
            doc,
        }
    }

    fn check(&self, item: &str, value: Value) -> Result<Value> {
        let wrong = |expected: String| {
            let message = format!("`{}` of `{item}` must be {expected}, not `{value}`", self.name);
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
            (ParameterKind::List, Value::List(_)) => Ok(value),
            (ParameterKind::List, _) => wrong("a list".to_owned()),
            (ParameterKind::Any, _) => Ok(value),
        }
    }
}

/// Checks a catalogue value (a name, or a table with `kind` and parameters) against `entries`;
/// `noun` ("activation") is for messages.
///
/// # Errors
/// Neither a name nor a table with `kind`, no such item, or wrong parameters for it.
pub fn choose(noun: &str, value: &Value, entries: &[&'static Entry]) -> Result<Spec> {
    let wrong = |what: String| {
        let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        let help =
            format!("{article} {noun} is a name, or a table like {{ kind = \"name\", parameter = value }}");
        Error::new(Kind::Experiment, what).help(help)
    };
    match value {
        Value::Text(name) => find(noun, name, entries, |e| e)?.resolve(BTreeMap::new()),
        Value::Table(table) => {
            let mut table = table.clone();
            match table.remove("kind") {
                Some(Value::Text(name)) => find(noun, &name, entries, |e| e)?.resolve(table),
                Some(other) => Err(wrong(format!(
                    "`kind` of the {noun} must be a name, not `{other}`"
                ))),
                None => Err(wrong(format!("the {noun} `{value}` has no `kind`"))),
            }
        }
        other => Err(wrong(format!("`{other}` is not a {noun}"))),
    }
}

/// Finds the item called `name` among `entries`; `noun` ("scheme") is for the message.
///
/// # Errors
/// No such item; the help says what was probably meant.
pub fn find<'a, T>(
    noun: &str,
    name: &str,
    items: impl IntoIterator<Item = &'a T>,
    entry: impl Fn(&T) -> &'static Entry,
) -> Result<&'a T> {
    let mut names = Vec::new();
    for item in items {
        let e = entry(item);
        if e.answers_to(name) {
            return Ok(item);
        }
        names.push(e.name);
        names.extend(e.aliases);
    }
    let error = Error::new(Kind::Experiment, format!("unknown {noun} `{name}`"));
    Err(error.help(suggest(name, names, &format!("{noun}s"))))
}

/// "did you mean `x`?", or the list of what there is when nothing is near.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, plural: &str) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let best = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(&word.to_lowercase(), k), *k))
        .chain(
            known
                .iter()
                .filter(|k| !word.is_empty() && k.starts_with(word))
                .map(|k| (0, *k)),
        )
        // `xaveir` is nearer to `xavier_uniform` than any whole-word distance says.
        .chain(known.iter().map(|k| {
            let head: String = k.chars().take(word.chars().count()).collect();
            (
                strsim::damerau_levenshtein(&word.to_lowercase(), &head) + usize::from(head != *k),
                *k,
            )
        }))
        .min_by_key(|(distance, _)| *distance);
    match best {
        Some((distance, k)) if distance <= 1 + word.len() / 3 => format!("did you mean `{k}`?"),
        _ if known.is_empty() => format!("there are no {plural} here"),
        _ => format!("{plural}: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NORMAL: Entry = Entry {
        name: "normal",
        aliases: &["gaussian"],
        summary: "",
        formula: "",
        citation: "",
        parameters: &[
            Parameter::number("mean", 0.0, -10.0, 10.0, "the mean"),
            Parameter::required("std", 0.0, 100.0, "standard deviation"),
        ],
    };

    fn given(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect()
    }

    #[test]
    fn defaults_are_left_out_of_the_text() {
        let spec = NORMAL.resolve(given(&[
            ("std", Value::Number(0.01)),
            ("mean", Value::Integer(0)),
        ]));
        assert_eq!(spec.unwrap().to_string(), "normal(std=0.01)");
    }

    #[test]
    fn wrong_parameters_are_named() {
        let error = NORMAL
            .resolve(given(&[("sdt", Value::Number(0.1))]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no parameter `sdt`") && error.contains("`std`?"),
            "{error}"
        );
        let error = NORMAL.resolve(given(&[])).unwrap_err().to_string();
        assert!(error.contains("needs the parameter `std`"), "{error}");
        let error = NORMAL
            .resolve(given(&[("std", Value::Number(-1.0))]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("from 0 to 100"), "{error}");
        let error = NORMAL
            .resolve(given(&[("std", Value::Number(f64::NAN))]))
            .unwrap_err();
        assert!(error.to_string().contains("from 0 to 100"));
    }

    #[test]
    fn a_catalogue_value_is_a_name_or_a_table_with_kind() {
        static PLAIN: Entry = Entry {
            name: "zeros",
            aliases: &[],
            parameters: &[],
            ..NORMAL
        };
        let entries = [&NORMAL, &PLAIN];
        let name = Value::Text("zeros".to_owned());
        assert_eq!(choose("scheme", &name, &entries).unwrap().to_string(), "zeros");
        let mut table = given(&[("std", Value::Number(0.5))]);
        let error = choose("scheme", &Value::Table(table.clone()), &entries).unwrap_err();
        assert!(error.to_string().contains("has no `kind`"), "{error}");
        table.insert("kind".to_owned(), Value::Text("gaussian".to_owned()));
        let spec = choose("scheme", &Value::Table(table), &entries).unwrap();
        assert_eq!(spec.to_string(), "normal(std=0.5)");
        let error = choose("scheme", &Value::Integer(3), &entries).unwrap_err();
        assert!(error.to_string().contains("`3` is not a scheme"), "{error}");
    }

    #[test]
    fn misspellings_find_their_way() {
        let names = ["zeros", "xavier_uniform", "xavier_normal", "he_normal"];
        assert_eq!(
            suggest("xaveir", names, "schemes"),
            "did you mean `xavier_uniform`?"
        );
        assert_eq!(
            suggest("he_nromal", names, "schemes"),
            "did you mean `he_normal`?"
        );
        assert!(suggest("quux", names, "schemes").starts_with("schemes: zeros, "));
    }

    #[test]
    fn numbers_are_shortest_round_trip() {
        for (x, text) in [
            (0.1, "0.1"),
            (1.0, "1"),
            (1e-7, "1e-7"),
            (-0.0, "-0"),
            (2.5e20, "2.5e20"),
        ] {
            assert_eq!(number(x), text);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits());
        }
    }
}
