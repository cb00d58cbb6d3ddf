//! The text of an experiment file as a tree of values with their places, as toml's parser gives
//! them. Overrides from the command line are texts with places of their own.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::support::catalog::Value;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::excerpt;

/// The longest experiment file that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// A place in one of the document's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub text: u32,
    pub start: u32,
    pub end: u32,
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub span: Span,
    pub item: Toml,
}

#[derive(Debug, Clone)]
pub(super) enum Toml {
    Text(String),
    Integer(i64),
    Number(f64),
    Flag(bool),
    List(Vec<Node>),
    Table(Vec<Member>),
}

/// A key of a table with its value.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub key: String,
    pub span: Span,
    pub node: Node,
}

impl Member {
    /// A member as if the file had it: `text` is a number, a flag or else a word.
    pub fn default_of(key: &str, text: &str, span: Span) -> Self {
        let item = match (text.parse(), text.parse(), text.parse()) {
            (Ok(x), ..) => Toml::Integer(x),
            (_, Ok(x), _) => Toml::Number(x),
            (.., Ok(x)) => Toml::Flag(x),
            _ => Toml::Text(text.to_owned()),
        };
        Member {
            key: key.to_owned(),
            span,
            node: Node { span, item },
        }
    }
}

/// A text that values come from: the file, or the argument of a `--set`.
#[derive(Debug)]
pub(super) struct Text {
    pub path: PathBuf,
    pub text: String,
}

/// An experiment file with its overrides.
#[derive(Debug)]
pub(super) struct Document {
    pub texts: Vec<Text>,
    pub root: Node,
}

impl Document {
    pub fn read(path: &Path) -> Result<Self> {
        Document::parse(path, super::read::text(path)?)
    }

    /// Parses the text of the file at `path`.
    pub fn parse(path: &Path, text: String) -> Result<Self> {
        if text.len() > MAX_BYTES {
            let message = format!(
                "{} is {} bytes long; an experiment file has at most {MAX_BYTES}",
                path.display(),
                text.len()
            );
            return Err(Error::new(Kind::Experiment, message));
        }
        // An editor's choice of line ends is no part of an experiment.
        let text = text.replace("\r\n", "\n");
        let parsed = Parsed { text: 0, offset: 0 };
        let root = match DeTable::parse(&text) {
            Ok(table) => parsed
                .table(table.get_ref())
                .map(|item| parsed.node_at(table.span(), item)),
            Err(e) => Err((
                parsed.span(e.span().unwrap_or(0..0)),
                format!("not valid TOML: {}", e.message()),
            )),
        };
        let path = path.to_owned();
        let mut document = Document {
            texts: vec![Text { path, text }],
            root: parsed.node_at(0..0, Toml::Flag(false)),
        };
        document.root = root.map_err(|(span, message)| document.error(span, message, ""))?;
        Ok(document)
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.texts[0].path
    }

    /// An error that points at `span`.
    pub fn error(&self, span: Span, message: impl Into<String>, label: &str) -> Error {
        self.point(Error::new(Kind::Experiment, message), span, label)
    }

    /// Makes an error point at `span`.
    pub fn point(&self, error: Error, span: Span, label: &str) -> Error {
        let text = &self.texts[span.text as usize];
        error.at(
            &text.path,
            &text.text,
            span.start as usize..span.end as usize,
            label,
        )
    }

    /// The line of a place in words, for a message that points elsewhere: `line 7 of quick.toml`.
    pub fn line_of(&self, span: Span) -> String {
        let text = &self.texts[span.text as usize];
        let before = text.text.bytes().take(span.start as usize);
        let line = 1 + before.filter(|b| *b == b'\n').count();
        format!("line {line} of {}", text.path.display())
    }

    /// The document as TOML without comments, overrides included; reads back as the same
    /// experiment.
    pub fn resolved(&self) -> String {
        let value = match to_toml(&self.root) {
            toml::Value::Table(table) => table,
            _ => toml::Table::new(),
        };
        toml::to_string(&value).unwrap_or_default()
    }
}

fn to_toml(node: &Node) -> toml::Value {
    match &node.item {
        Toml::Text(x) => toml::Value::String(x.clone()),
        Toml::Integer(x) => toml::Value::Integer(*x),
        Toml::Number(x) => toml::Value::Float(*x),
        Toml::Flag(x) => toml::Value::Boolean(*x),
        Toml::List(items) => toml::Value::Array(items.iter().map(to_toml).collect()),
        Toml::Table(members) => toml::Value::Table(
            members
                .iter()
                .map(|m| (m.key.clone(), to_toml(&m.node)))
                .collect(),
        ),
    }
}

/// A result whose error is a place and a message.
pub(super) type Misplaced<T> = std::result::Result<T, (Span, String)>;

/// Turns what toml's parser gives into nodes: `offset` is where it began in the text number `text`.
pub(super) struct Parsed {
    pub text: u32,
    pub offset: usize,
}

impl Parsed {
    pub fn span(&self, range: Range<usize>) -> Span {
        Span {
            text: self.text,
            start: (range.start + self.offset) as u32,
            end: (range.end + self.offset) as u32,
        }
    }

    /// `item` at a place that the parser gave.
    pub fn node_at(&self, range: Range<usize>, item: Toml) -> Node {
        let span = self.span(range);
        Node { span, item }
    }

    pub fn node(&self, value: &Spanned<DeValue<'_>>) -> Misplaced<Node> {
        let span = self.span(value.span());
        let item = match value.get_ref() {
            DeValue::String(x) => Toml::Text(x.to_string()),
            DeValue::Integer(x) => {
                let parsed = i64::from_str_radix(x.as_str(), x.radix());
                Toml::Integer(parsed.map_err(|_| (span, format!("`{x}` is too large a number")))?)
            }
            DeValue::Float(x) => match x.as_str().parse::<f64>() {
                Ok(parsed) if parsed.is_finite() => Toml::Number(parsed),
                _ => return Err((span, format!("`{x}` is not a finite number"))),
            },
            DeValue::Boolean(x) => Toml::Flag(*x),
            DeValue::Datetime(x) => {
                return Err((
                    span,
                    format!(
                        "`{x}` is a date; no key of an experiment takes one, but text in quotes: \"{x}\""
                    ),
                ));
            }
            DeValue::Array(items) => {
                Toml::List(items.iter().map(|i| self.node(i)).collect::<Misplaced<_>>()?)
            }
            DeValue::Table(table) => self.table(table)?,
        };
        Ok(Node { span, item })
    }

    fn table(&self, table: &DeTable<'_>) -> Misplaced<Toml> {
        let mut members = Vec::with_capacity(table.len());
        for (key, value) in table {
            members.push(Member {
                key: key.get_ref().to_string(),
                span: self.span(key.span()),
                node: self.node(value)?,
            });
        }
        members.sort_by_key(|m| m.span);
        Ok(Toml::Table(members))
    }
}

impl Node {
    /// What this is, for messages.
    pub fn describe(&self) -> String {
        match &self.item {
            Toml::Text(x) => format!("the text \"{}\"", excerpt(x)),
            Toml::Integer(x) => x.to_string(),
            // 5.0 is not the whole number 5.
            Toml::Number(x) => format!("{x:?}"),
            Toml::Flag(x) => x.to_string(),
            Toml::List(items) if items.is_empty() => "an empty list".to_owned(),
            Toml::List(_) => "a list".to_owned(),
            Toml::Table(_) => "a table".to_owned(),
        }
    }

    /// This as a catalogue value.
    pub fn value(&self) -> Value {
        match &self.item {
            Toml::Text(x) => Value::Text(x.clone()),
            Toml::Integer(x) => Value::Integer(*x),
            Toml::Number(x) => Value::Number(*x),
            Toml::Flag(x) => Value::Flag(*x),
            Toml::List(items) => Value::List(items.iter().map(Node::value).collect()),
            Toml::Table(members) => Value::Table(
                members
                    .iter()
                    .map(|m| (m.key.clone(), m.node.value()))
                    .collect::<BTreeMap<_, _>>(),
            ),
        }
    }

    /// The members of a table; anything else has none.
    pub fn members(&self) -> &[Member] {
        match &self.item {
            Toml::Table(members) => members,
            _ => &[],
        }
    }

    /// The items of a list; anything else is a list of one.
    pub fn as_list(&self) -> &[Node] {
        match &self.item {
            Toml::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// Where an error's caret belongs: at the innermost member whose key, or whose text, the
    /// message quotes; else at the whole value.
    pub fn part_quoted_in(&self, message: &str) -> Span {
        let named = |name: &str| {
            message.contains(&format!("`{name}`")) || message.contains(&format!("the text \"{name}\""))
        };
        match &self.item {
            Toml::Table(members) => {
                let by_text = |m: &&Member| matches!(&m.node.item, Toml::Text(x) if named(x));
                let by_key = |m: &&Member| m.key != "kind" && named(&m.key);
                let found = members
                    .iter()
                    .find(by_key)
                    .or_else(|| members.iter().find(by_text));
                match found {
                    Some(m) if message.contains("no parameter") || message.contains("no key") => m.span,
                    Some(m) => m.node.part_quoted_in(message),
                    None => self.span,
                }
            }
            Toml::List(items) => {
                let found = items.iter().find(|i| match &i.item {
                    Toml::List(_) => false,
                    _ => named(&i.value().to_string()),
                });
                found.map_or(self.span, |i| i.span)
            }
            _ => self.span,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(Path::new("a.toml"), text.to_owned()).unwrap()
    }

    fn failure(text: &str) -> String {
        Document::parse(Path::new("a.toml"), text.to_owned())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_toml_refuses_is_shown_in_place() {
        let error = failure("name = \"x\"\nseed = = 3\n");
        assert!(
            error.contains("a.toml:2:8") && error.contains("not valid TOML"),
            "{error}"
        );
        let error = failure("seed = 99999999999999999999\n");
        assert!(
            error.contains("too large") && error.contains("a.toml:1:8"),
            "{error}"
        );
        let error = failure("[grid]\nlearning_rate = [inf]\n");
        assert!(
            error.contains("`inf` is not a finite number") && error.contains("a.toml:2:18"),
            "{error}"
        );
        assert!(failure("day = 2026-01-01\n").contains("in quotes: \"2026-01-01\""));
        assert!(failure("a = 1e999\n").contains("not a finite number"));
        assert!(failure("a = 1\na = 2\n").contains("a.toml:2:1"));
        // Deep nesting is an error, not an overflow of the stack.
        failure(&format!("a = {}1{}", "[".repeat(10_000), "]".repeat(10_000)));
    }

    #[test]
    fn an_error_points_at_the_member_that_its_message_quotes() {
        let d = document("a = { kind = \"normal\", std = -1 }\n");
        let Toml::Table(members) = &d.root.item else {
            panic!("a table")
        };
        let node = &members[0].node;
        let at = |message: &str| d.error(node.part_quoted_in(message), "m", "here").to_string();
        assert!(
            at("`std` of `normal` must be positive").contains("a.toml:1:30"),
            "{}",
            at("`std`")
        );
        assert!(at("unknown scheme `normal`").contains("a.toml:1:14"));
        assert!(at("something else").contains("a.toml:1:5"));
    }
}
