//! Reading the tables of an experiment file key by key, with errors that say what a key takes.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::document::{Document, Item, Member, Node, Span};
use super::keys::{SECTIONS, Section};
use crate::support::catalog::{nearest, number, suggest};
use crate::support::error::{Error, Result};

/// A table of the file, opened: all its keys are known ones.
pub(super) struct Reader<'d> {
    pub document: &'d Document,
    section: &'static Section,
    members: &'d [Member],
    span: Span,
}

impl<'d> Reader<'d> {
    /// Opens `node` as `section`.
    pub fn open(document: &'d Document, node: &'d Node, section: &'static Section) -> Result<Self> {
        let Item::Table(members) = &node.item else {
            let message = format!("`{}` must be a table, not {}", section.name, node.describe());
            let help = format!(
                "write {} on a line of its own, with its keys below",
                section.title()
            );
            return Err(document.error(node.span, message, "not a table").help(help));
        };
        let reader = Reader {
            document,
            section,
            members,
            span: node.span,
        };
        match members.iter().find(|m| section.key(&m.key).is_none()) {
            Some(unknown) => Err(reader.unknown(unknown)),
            None => Ok(reader),
        }
    }

    fn unknown(&self, member: &Member) -> Error {
        let message = format!("unknown key `{}` in {}", member.key, self.section.title());
        let error = self.document.error(member.span, message, "not a key here");
        let elsewhere = SECTIONS
            .iter()
            .find(|s| !s.name.is_empty() && s.key(&member.key).is_some());
        let keys = || self.section.keys.iter().map(|k| k.name);
        let Some(section) = elsewhere else {
            return error.help(suggest(&member.key, keys(), "keys"));
        };
        let error = match nearest(&member.key, keys()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        };
        error.help(format!("`{}` is a key of {}", member.key, section.title()))
    }

    /// The place of the table.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The value of a key, if given.
    pub fn get(&self, key: &str) -> Option<&'d Node> {
        self.members.iter().find(|m| m.key == key).map(|m| &m.node)
    }

    /// The place of a key, if given.
    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.members.iter().find(|m| m.key == key).map(|m| m.span)
    }

    /// The value of a key that must be given.
    pub fn require(&self, key: &str) -> Result<&'d Node> {
        self.get(key).ok_or_else(|| self.missing(key))
    }

    /// The error for a key that is not there.
    pub fn missing(&self, key: &str) -> Error {
        let message = format!("`{key}` is missing in {}", self.section.title());
        self.about(key, self.document.error(self.head(), message, ""))
    }

    /// Where the table begins: its header, without the keys below.
    fn head(&self) -> Span {
        let first = self
            .members
            .iter()
            .map(|m| m.span)
            .filter(|s| s.source == self.span.source)
            .min();
        match first {
            Some(first) if first.start < self.span.end && first.start > self.span.start => Span {
                end: first.start,
                ..self.span
            },
            _ => self.span,
        }
    }

    /// `error` with a line on what a key takes and means, if it is one of the section's own.
    pub fn about(&self, key: &str, error: Error) -> Error {
        match self.section.key(key) {
            Some(k) => error.help(format!("{key} takes {}: {}", k.takes, k.doc)),
            None => error,
        }
    }

    /// The error for a value of the wrong type or out of range.
    pub fn wrong(&self, key: &str, node: &Node, expected: impl Display) -> Error {
        let message = format!("`{key}` must be {expected}, not {}", node.describe());
        self.about(key, self.document.error(node.span, message, ""))
    }

    /// A whole number within a range.
    pub fn integer(&self, key: &str, range: RangeInclusive<i64>) -> Result<Option<i64>> {
        self.get(key)
            .map(|node| self.as_integer(key, node, range))
            .transpose()
    }

    /// `node`, under `key`, as a whole number within a range.
    pub fn as_integer(&self, key: &str, node: &Node, range: RangeInclusive<i64>) -> Result<i64> {
        match node.item {
            Item::Integer(x) if range.contains(&x) => Ok(x),
            _ => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                Err(self.wrong(key, node, expected))
            }
        }
    }

    /// `node`, under `key`, as a number that `accepts`; `expected` says which those are.
    pub fn as_number(
        &self,
        key: &str,
        node: &Node,
        expected: &str,
        accepts: impl Fn(f64) -> bool,
    ) -> Result<f64> {
        let x = match node.item {
            Item::Integer(x) => x as f64,
            Item::Number(x) => x,
            _ => return Err(self.wrong(key, node, expected)),
        };
        // -0 and 0 are one coordinate.
        let x = if x == 0.0 { 0.0 } else { x };
        if accepts(x) {
            Ok(x)
        } else {
            Err(self.wrong(key, node, format!("{expected} ({} is none)", number(x))))
        }
    }

    /// A number that `accepts`.
    pub fn number(&self, key: &str, expected: &str, accepts: impl Fn(f64) -> bool) -> Result<Option<f64>> {
        self.get(key)
            .map(|node| self.as_number(key, node, expected, accepts))
            .transpose()
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.get(key)
            .map(|node| match node.item {
                Item::Flag(x) => Ok(x),
                _ => Err(self.wrong(key, node, "true or false")),
            })
            .transpose()
    }

    /// Text.
    pub fn text(&self, key: &str) -> Result<Option<&'d str>> {
        self.get(key).map(|node| self.as_text(key, node)).transpose()
    }

    /// `node`, under `key`, as text.
    pub fn as_text(&self, key: &str, node: &'d Node) -> Result<&'d str> {
        match &node.item {
            Item::Text(x) => Ok(x),
            _ => Err(self.wrong(key, node, "text")),
        }
    }

    /// One of the words of `choices`.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<Option<T>> {
        self.get(key)
            .map(|node| self.as_choice(key, node, choices))
            .transpose()
    }

    /// `node`, under `key`, as one of the words of `choices`.
    pub fn as_choice<T: Copy>(&self, key: &str, node: &'d Node, choices: &[(&str, T)]) -> Result<T> {
        let word = self.as_text(key, node)?;
        choices
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, value)| *value)
            .ok_or_else(|| {
                let error = self
                    .document
                    .error(node.span, format!("`{key}` cannot be `{word}`"), "");
                error.help(suggest(
                    word,
                    choices.iter().map(|(name, _)| *name),
                    &format!("choices for {key}"),
                ))
            })
    }
}
