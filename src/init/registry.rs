//! Which schemes there are, and how a value of an experiment file becomes one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{FILES, Scheme, unknown, variance_scaling};
use crate::support::catalog::{self, Entry, Spec, Value};
use crate::support::error::{Context as _, Error, Kind, Result};

/// Makes a scheme from its checked parameters; the registry is for parameters that name schemes.
pub type Build = fn(&Spec, &Registry) -> Result<Arc<dyn Scheme>>;

/// One scheme of a catalogue.
#[derive(Clone, Copy)]
pub struct Definition {
    /// What a person reads about it, and its parameters.
    pub entry: &'static Entry,
    /// Makes it.
    pub build: Build,
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Definition({})", self.entry.name)
    }
}

/// The schemes that an experiment may name.
#[derive(Debug, Clone)]
pub struct Registry {
    definitions: Vec<Definition>,
    /// Whether a scheme that is not among them is taken by its name.
    takes_unknown: bool,
}

/// A scheme chosen in an experiment file, with its canonical text.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The catalogue item and its parameters. Its text is the coordinate in tables.
    pub spec: Spec,
    /// The scheme itself.
    pub scheme: Arc<dyn Scheme>,
    /// What people call it in this experiment. No table and no identity of a trial has it.
    pub label: Option<String>,
}

impl Registry {
    /// All schemes of this crate.
    pub fn standard() -> Self {
        let presets = variance_scaling::PRESETS.iter().map(|preset| Definition {
            entry: &preset.entry,
            build: variance_scaling::build,
        });
        Registry {
            definitions: presets.chain(FILES.iter().copied()).collect(),
            takes_unknown: false,
        }
    }

    /// All schemes of this crate; any other is taken by its name, and sets no network. For
    /// experiments whose tables are there already: what reads tables needs the texts of schemes,
    /// not the schemes, and a scheme may come from another program, or from Python.
    pub fn recorded() -> Self {
        Registry {
            takes_unknown: true,
            ..Registry::standard()
        }
    }

    /// This registry and one more scheme.
    ///
    /// # Errors
    /// Its name or an alias is taken.
    pub fn with(mut self, definition: Definition) -> Result<Self> {
        let entry = definition.entry;
        for name in std::iter::once(&entry.name).chain(entry.aliases) {
            if let Some(taken) = self.entries().find(|e| e.answers_to(name)) {
                let message = format!("there is a scheme `{name}` already (`{}`)", taken.name);
                return Err(Error::new(Kind::Experiment, message));
            }
        }
        self.definitions.push(definition);
        Ok(self)
    }

    /// What there is, in the order of listing.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        self.definitions.iter().map(|d| d.entry)
    }

    /// The scheme of a catalogue value: a name, or a table with `kind` and parameters.
    ///
    /// # Errors
    /// An unknown name or parameter, a value out of range, or whatever the scheme itself finds
    /// wrong.
    pub fn parse(&self, value: &Value) -> Result<Choice> {
        if self.takes_unknown
            && let Some(choice) = unknown::choose(value, |name| self.entries().any(|e| e.answers_to(name)))
        {
            return choice;
        }
        let entries: Vec<&'static Entry> = self.entries().collect();
        let spec = catalog::choose("scheme", value, &entries)?;
        let definition = catalog::find("scheme", spec.name(), &self.definitions, |d| d.entry)?;
        let scheme = (definition.build)(&spec, self)?;
        Ok(Choice {
            spec,
            scheme,
            label: None,
        })
    }

    /// The scheme called `name`, with default parameters.
    ///
    /// # Errors
    /// No such scheme, or one that needs parameters.
    pub fn named(&self, name: &str) -> Result<Choice> {
        self.parse(&Value::Text(name.to_owned()))
    }

    /// The scheme that parameter `name` of another scheme names.
    ///
    /// # Errors
    /// As for [`Registry::parse`], or the parameter is absent.
    pub fn nested(&self, spec: &Spec, name: &str) -> Result<Arc<dyn Scheme>> {
        self.within(spec, name, |value| Ok(self.parse(value)?.scheme))
    }

    /// Likewise, for a scheme that must be able to set a single layer.
    ///
    /// # Errors
    /// As for [`Registry::nested`], or the scheme sets whole networks only.
    pub fn nested_layerwise(&self, spec: &Spec, name: &str) -> Result<Arc<dyn Scheme>> {
        self.within(spec, name, |value| self.layerwise(value))
    }

    /// Applies `read` to parameter `name` of `spec`, which its errors then name.
    fn within(
        &self,
        spec: &Spec,
        name: &str,
        read: impl FnOnce(&Value) -> Result<Arc<dyn Scheme>>,
    ) -> Result<Arc<dyn Scheme>> {
        let Some(value) = spec.value(name) else {
            let message = format!("`{}` needs the parameter `{name}`", spec.name());
            return Err(Error::new(Kind::Experiment, message));
        };
        read(&value).context(|| format!("`{name}` of `{}`", spec.name()))
    }

    /// The scheme of a catalogue value, which must be able to set a single layer.
    ///
    /// # Errors
    /// As for [`Registry::parse`], or the scheme sets whole networks only.
    pub fn layerwise(&self, value: &Value) -> Result<Arc<dyn Scheme>> {
        let choice = self.parse(value)?;
        if choice.scheme.layerwise() {
            return Ok(choice.scheme);
        }
        let message = format!("`{}` sets whole networks, not single layers", choice.spec.name());
        Err(Error::new(Kind::Experiment, message))
    }

    /// A scheme with parameters, for use from code: `choose("normal", &[("std", 0.1)])`.
    ///
    /// # Errors
    /// As for [`Registry::parse`].
    pub fn choose(&self, name: &str, numbers: &[(&str, f64)]) -> Result<Choice> {
        let mut table: BTreeMap<String, Value> = numbers
            .iter()
            .map(|(key, x)| ((*key).to_owned(), Value::Number(*x)))
            .collect();
        table.insert("kind".to_owned(), Value::Text(name.to_owned()));
        self.parse(&Value::Table(table))
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}
