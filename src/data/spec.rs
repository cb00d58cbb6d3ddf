//! The `[data]` table of an experiment file: which dataset, which part of it, how prepared.

use std::collections::BTreeMap;
use std::fmt;

use super::{KnownDataset, SplitRule, catalog};
use crate::support::catalog::{self, Entry, Parameter, ParameterKind, Spec, Value, number};
use crate::support::error::{Error, Kind, Result};

/// Over what a statistic of the training part is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Not at all.
    None,
    /// Each feature apart.
    Feature,
    /// All features together.
    Global,
}

/// The divisor of the raw values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Raw values as they are.
    None,
    /// By the largest value that the format allows (255 for bytes, 16 for the digits); 1 where
    /// the format names none.
    Unit,
    /// By this number.
    By(f64),
}

/// What a random label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// Drawn anew, uniform over the classes (Zhang et al. 2016, "random labels").
    Redraw,
    /// The chosen rows' labels in another order, which keeps the class counts.
    Permute,
}

/// A dataset and everything about its preparation but label noise and seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSpec {
    /// The catalogue value: which dataset, with its own parameters.
    pub source: Spec,
    /// Text that stands in the tables instead of the canonical one.
    pub name: Option<String>,
    /// Division into parts; `None` is the dataset's default.
    pub split: Option<SplitRule>,
    /// Whether each part has the classes in proportion.
    pub stratified: bool,
    /// At most so many training rows, taken from the training part.
    pub train_rows: Option<usize>,
    /// Only these classes, relabelled in this order.
    pub classes: Option<Vec<u16>>,
    /// Two classes: label below this, and not.
    pub binary_threshold: Option<u16>,
    /// Divisor of the raw values; `None` is the dataset's default.
    pub scale: Option<Scale>,
    /// Subtract the mean of the training part; `None` is the dataset's default.
    pub center: Option<Over>,
    /// Divide by the standard deviation of the training part; `None` is the dataset's default.
    pub standardize: Option<Over>,
    /// Standardize real-valued targets by the training part.
    pub standardize_targets: bool,
    /// What a random label is.
    pub noise: Noise,
}

const OVER: &[&str] = &["none", "feature", "global"];

/// The keys that every dataset takes beside its own.
pub static COMMON: Entry = Entry {
    name: "data",
    aliases: &[],
    summary: "keys that every dataset takes",
    formula: "x = (raw / scale - mean) / std, statistics from the training part",
    citation: "",
    parameters: &[
        Parameter::optional(
            "name",
            ParameterKind::Text(&[]),
            "text for the tables instead of the canonical one",
        ),
        Parameter::optional(
            "split",
            ParameterKind::Any,
            "{ train, validation, test }: decimals are fractions, whole numbers are counts; test may be \"official\"",
        ),
        Parameter::flag("stratified", true, "each part has the classes in proportion"),
        Parameter::optional(
            "train_rows",
            ParameterKind::Integer {
                min: 1,
                max: u32::MAX as i64,
            },
            "use only so many rows of the training part",
        ),
        Parameter::optional(
            "classes",
            ParameterKind::List,
            "use only these classes, relabelled from 0 in this order",
        ),
        Parameter::optional(
            "binary_threshold",
            ParameterKind::Integer { min: 1, max: 65_535 },
            "two classes: label below this (0), and not (1)",
        ),
        Parameter::optional(
            "scale",
            ParameterKind::Any,
            "divide raw values by this number; \"unit\" by the largest the format allows; \"none\"",
        ),
        Parameter::optional(
            "center",
            ParameterKind::Text(OVER),
            "subtract the training mean of each feature, or of all",
        ),
        Parameter::optional(
            "standardize",
            ParameterKind::Text(OVER),
            "divide by the training standard deviation of each feature, or of all; also centres unless `center` is given",
        ),
        Parameter::flag(
            "standardize_targets",
            false,
            "bring real-valued targets to mean 0 and variance 1 over the training part",
        ),
        Parameter::choice(
            "random_labels",
            "redraw",
            &["redraw", "permute"],
            "what label noise does to the chosen rows: new uniform labels, or their own labels permuted",
        ),
    ],
};

impl DataSpec {
    /// Reads a catalogue value: a dataset's name, or a table with `kind`, that dataset's own keys
    /// and any of the [`COMMON`] keys.
    ///
    /// # Errors
    /// An unknown dataset or key, a wrong type, a value out of range; the message names the key.
    pub fn parse(value: &Value) -> Result<DataSpec> {
        let table = match value {
            Value::Text(name) => BTreeMap::from([("kind".to_owned(), Value::Text(name.clone()))]),
            Value::Table(table) => table.clone(),
            _ => {
                let message = format!("a dataset is a name or a table with `kind`, not `{value}`");
                return Err(Error::new(Kind::Experiment, message));
            }
        };
        Self::from_table(table)
    }

    fn from_table(mut table: BTreeMap<String, Value>) -> Result<DataSpec> {
        let kind = match table.remove("kind") {
            Some(Value::Text(kind)) => kind,
            Some(other) => {
                let message = format!("`kind` must be the name of a dataset, not `{other}`");
                return Err(Error::new(Kind::Experiment, message));
            }
            None => {
                let error = Error::new(Kind::Experiment, "the dataset has no `kind`");
                return Err(
                    error.help("for example kind = \"digits\"; `goodinit list datasets` shows them all")
                );
            }
        };
        if kind == "synthetic" {
            let generated = catalog()
                .iter()
                .filter(|i| i.source == "generated")
                .map(|i| i.entry.name);
            let names = generated.collect::<Vec<_>>().join(", ");
            let error = Error::new(Kind::Experiment, "unknown dataset `synthetic`");
            return Err(error.help(format!("generated datasets go by their own names: {names}")));
        }
        let item = catalog::find("dataset", &kind, catalog(), |item: &&KnownDataset| item.entry)?;
        let own = item.entry.parameters;
        if let Some(key) = table
            .keys()
            .find(|k| !own.iter().chain(COMMON.parameters).any(|p| p.name == **k))
        {
            let known = own.iter().chain(COMMON.parameters).map(|p| p.name);
            let message = format!("dataset `{}` has no key `{key}`", item.entry.name);
            return Err(Error::new(Kind::Experiment, message).help(catalog::suggest(key, known, "keys")));
        }
        let (own, common) = table
            .into_iter()
            .partition(|(key, _)| own.iter().any(|p| p.name == *key));
        let source = item.entry.resolve(own)?;
        let common = COMMON.resolve(common)?;
        Self::from_parts(item, source, &common)
    }

    fn from_parts(item: &KnownDataset, source: Spec, common: &Spec) -> Result<DataSpec> {
        let split = common.value("split").map(|v| SplitRule::parse(&v)).transpose()?;
        let over = |name: &str| {
            Some(match common.value(name)? {
                Value::Text(word) if word == "feature" => Over::Feature,
                Value::Text(word) if word == "global" => Over::Global,
                _ => Over::None,
            })
        };
        let whole = |name: &str| common.optional_number(name).map(|n| n as usize);
        let name = common.value("name").map(|v| v.to_string());
        if let Some(name) = &name
            && (name.is_empty() || name.contains([',', '"', '\n', '\r']))
        {
            let message =
                format!("`name` of a dataset must be a word without commas or quotes, not `{name}`");
            return Err(Error::new(Kind::Experiment, message));
        }
        Ok(DataSpec {
            source,
            name,
            // A split that is spelt out but is the default must not make another dataset of it.
            split: split.filter(|s| item.default_split != Some(*s)),
            stratified: common.flag("stratified"),
            train_rows: whole("train_rows"),
            classes: common.value("classes").map(|v| classes(&v)).transpose()?,
            binary_threshold: whole("binary_threshold").map(|n| n as u16),
            scale: common.value("scale").map(|v| scale(&v)).transpose()?,
            center: over("center"),
            standardize: over("standardize"),
            standardize_targets: common.flag("standardize_targets"),
            noise: if common.text("random_labels") == "permute" {
                Noise::Permute
            } else {
                Noise::Redraw
            },
        })
    }

    /// The dataset's entry in the catalogue.
    pub fn item(&self) -> &'static KnownDataset {
        catalog()
            .iter()
            .copied()
            .find(|item| item.entry.name == self.source.name())
            .unwrap_or(&super::digits::ITEM)
    }

    /// The canonical text of everything that decides what training sees, but for the directory
    /// in which a file lies: two people with the same file in two places have the same table.
    pub fn canonical(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for parameter in self.source.entry.parameters {
            let given = self.source.value(parameter.name);
            let Some(value) = given.filter(|v| parameter.default.map(Value::from).as_ref() != Some(v)) else {
                continue;
            };
            let value = match value {
                Value::Text(text) if parameter.name.ends_with("path") => file_name(&text),
                other => other.to_string(),
            };
            parts.push(format!("{}={}", parameter.name, value));
        }
        parts.extend(self.common_parts());
        let text = if parts.is_empty() {
            self.source.name().to_owned()
        } else {
            format!("{}({})", self.source.name(), parts.join(" "))
        };
        text.replace([',', '"', '\n', '\r'], "_")
    }

    fn common_parts(&self) -> Vec<String> {
        let over = |o: Over| match o {
            Over::None => "none",
            Over::Feature => "feature",
            Over::Global => "global",
        };
        let list = |c: &Vec<u16>| c.iter().map(u16::to_string).collect::<Vec<_>>().join("+");
        let scale = |s: Scale| match s {
            Scale::None => "none".to_owned(),
            Scale::Unit => "unit".to_owned(),
            Scale::By(x) => number(x),
        };
        [
            self.split.map(|s| format!("split={s}")),
            (!self.stratified).then(|| "stratified=false".to_owned()),
            self.train_rows.map(|n| format!("train_rows={n}")),
            self.classes.as_ref().map(|c| format!("classes={}", list(c))),
            self.binary_threshold.map(|n| format!("binary_threshold={n}")),
            self.scale.map(|s| format!("scale={}", scale(s))),
            self.center.map(|o| format!("center={}", over(o))),
            self.standardize.map(|o| format!("standardize={}", over(o))),
            self.standardize_targets
                .then(|| "standardize_targets=true".to_owned()),
            (self.noise == Noise::Permute).then(|| "random_labels=permute".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The text that stands in the `dataset` column: the `name` given, else [`DataSpec::canonical`].
impl fmt::Display for DataSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => f.write_str(&self.canonical()),
        }
    }
}

/// The last component of a path, whichever separator it is written with.
fn file_name(path: &str) -> String {
    let trimmed = path.trim_end_matches(['/', '\\']);
    trimmed.rsplit(['/', '\\']).next().unwrap_or(trimmed).to_owned()
}

fn classes(value: &Value) -> Result<Vec<u16>> {
    let wrong = || {
        let message = format!(
            "`classes` must be a list of different class numbers, not {}",
            value.quoted()
        );
        Error::new(Kind::Experiment, message).help("classes = [0, 1, 2, 3, 4]")
    };
    let Value::List(items) = value else {
        return Err(wrong());
    };
    let mut classes = Vec::new();
    for item in items {
        match item {
            Value::Integer(n) if (0..65_535).contains(n) && !classes.contains(&(*n as u16)) => {
                classes.push(*n as u16);
            }
            _ => return Err(wrong()),
        }
    }
    if classes.is_empty() {
        Err(wrong())
    } else {
        Ok(classes)
    }
}

fn scale(value: &Value) -> Result<Scale> {
    let divisor = match value {
        Value::Text(word) if word == "unit" => return Ok(Scale::Unit),
        Value::Text(word) if word == "none" => return Ok(Scale::None),
        Value::Number(x) => *x,
        Value::Integer(n) => *n as f64,
        _ => f64::NAN,
    };
    // Within f32's normal range, so that a division neither overflows nor loses digits.
    if (1e-30..=1e30).contains(&divisor) {
        Ok(Scale::By(divisor))
    } else {
        let message = format!(
            "`scale` must be a positive number, \"unit\" or \"none\", not {}",
            value.quoted()
        );
        Err(Error::new(Kind::Experiment, message))
    }
}

#[cfg(test)]
mod tests;
