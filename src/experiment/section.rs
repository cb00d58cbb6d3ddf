//! Reading one table of an experiment file through serde, with errors that point at the key and
//! say what it takes.

use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Unexpected, Visitor};

use super::document::{Document, Member, Node, Span, Toml};
use super::keys::{FileTable, SECTIONS, TableDoc};
use crate::support::catalog::{nearest, suggest};
use crate::support::error::{Error, Result};

/// A table of the file: which section it is, and where its keys and values stand.
#[derive(Clone, Copy)]
pub(super) struct TableReader<'d> {
    pub document: &'d Document,
    section: &'static TableDoc,
    members: &'d [Member],
    span: Span,
}

impl<'d> TableReader<'d> {
    /// `node` as the table `section`, without a look at its keys.
    fn new(document: &'d Document, node: &'d Node, section: &'static TableDoc) -> Result<Self> {
        match &node.item {
            Toml::Table(members) => Ok(TableReader {
                document,
                section,
                members,
                span: node.span,
            }),
            _ => {
                let message = format!("`{}` must be a table, not {}", section.name, node.describe());
                let error = document.error(node.span, message, "not a table");
                Err(error.help(format!(
                    "write {} on a line of its own, with its keys below",
                    section.title()
                )))
            }
        }
    }

    /// Opens `node` as `section`, whose values are open-ended: all its keys are known ones.
    pub fn open(document: &'d Document, node: &'d Node, section: &'static TableDoc) -> Result<Self> {
        let table = TableReader::new(document, node, section)?;
        match table.members.iter().find(|m| section.key(&m.key).is_none()) {
            Some(unknown) => Err(table.unknown(unknown)),
            None => Ok(table),
        }
    }

    /// Reads `node` as a `T`; the table goes along, for errors that come later.
    pub fn read<T: FileTable>(document: &'d Document, node: &'d Node) -> Result<(T, Self)> {
        let table = TableReader::new(document, node, T::SECTION)?;
        let given = |key: &str| table.members.iter().any(|m| m.key == key);
        let defaults: Vec<Member> = T::DEFAULTS
            .iter()
            .filter(|(key, _)| !given(key))
            .map(|(key, text)| Member::default_of(key, text, node.span))
            .collect();
        let members: Vec<&Member> = table.members.iter().chain(&defaults).collect();
        let read = T::deserialize(de::value::MapAccessDeserializer::new(Members {
            members: members.into_iter(),
            value: None,
        }));
        Ok((read.map_err(|refusal| table.explain(refusal))?, table))
    }

    /// What serde found wrong, as an error that a person can act on.
    fn explain(&self, refusal: Refusal) -> Error {
        let key = refusal.key.as_deref().unwrap_or_default();
        let span = refusal.span.unwrap_or(self.span);
        match refusal.what {
            Wrong::Key(name) => match self.members.iter().find(|m| m.key == name) {
                Some(member) => self.unknown(member),
                None => self.error(span, format!("unknown key `{name}` in {}", self.section.title())),
            },
            Wrong::Missing(name) => self.missing(name),
            Wrong::Value(expected) => {
                let message = format!("`{key}` must be {expected}, not {}", refusal.got);
                self.about(key, self.error(span, message))
            }
            Wrong::Word(word, choices) => {
                let error = self.error(span, format!("`{key}` cannot be `{word}`"));
                error.help(suggest(
                    &word,
                    choices.iter().copied(),
                    &format!("choices for {key}"),
                ))
            }
            Wrong::Other(message) => self.about(key, self.error(span, message)),
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

    fn member(&self, key: &str) -> Option<&'d Member> {
        debug_assert!(self.section.key(key).is_some(), "`{key}` is no key here");
        self.members.iter().find(|m| m.key == key)
    }

    /// The value of a key, if given.
    pub fn get(&self, key: &str) -> Option<&'d Node> {
        self.member(key).map(|m| &m.node)
    }

    /// The place of a key, if given.
    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.member(key).map(|m| m.span)
    }

    /// The place of the value of a key, else of the table.
    pub fn place(&self, key: &str) -> Span {
        self.get(key).map_or(self.span, |node| node.span)
    }

    /// The value of a key that must be given.
    pub fn require(&self, key: &str) -> Result<&'d Node> {
        self.get(key).ok_or_else(|| self.missing(key))
    }

    /// The error for a key that is not there.
    pub fn missing(&self, key: &str) -> Error {
        let message = format!("`{key}` is missing in {}", self.section.title());
        self.about(key, self.error(self.head(), message))
    }

    /// Where the table begins: its header, without the keys below.
    fn head(&self) -> Span {
        let Span { text, start, end } = self.span;
        let keys = self.members.iter().map(|m| m.span);
        let below = keys.filter(|s| s.text == text && s.start > start && s.start < end);
        Span {
            end: below.map(|s| s.start).min().unwrap_or(end),
            ..self.span
        }
    }

    /// An error that points at `span`.
    pub fn error(&self, span: Span, message: impl Into<String>) -> Error {
        self.document.error(span, message, "")
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
        self.about(key, self.error(node.span, message))
    }

    /// `node`, under `key`, as a `T`.
    pub fn value<T: de::Deserialize<'d>>(&self, key: &str, node: &'d Node) -> Result<T> {
        T::deserialize(node).map_err(|refusal| self.explain(refusal.at(node).under(key)))
    }

    /// `node`, under `key`, as a whole number within a range that other keys decide.
    pub fn integer(&self, key: &str, node: &Node, range: RangeInclusive<i64>) -> Result<i64> {
        match node.item {
            Toml::Integer(x) if range.contains(&x) => Ok(x),
            _ => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                Err(self.wrong(key, node, expected))
            }
        }
    }
}

/// What serde makes of a value, or why it refused it.
type Read<T> = std::result::Result<T, Refusal>;

/// Why serde refused a value, where it stands, and under which key.
#[derive(Debug)]
pub(super) struct Refusal {
    what: Wrong,
    key: Option<String>,
    span: Option<Span>,
    /// The value, for messages.
    got: String,
}

#[derive(Debug)]
enum Wrong {
    /// A key that the table does not have.
    Key(String),
    /// A key that must be given.
    Missing(&'static str),
    /// What a value must be.
    Value(String),
    /// A word, and those that would be right.
    Word(String, &'static [&'static str]),
    Other(String),
}

impl Refusal {
    fn new(what: Wrong) -> Self {
        Refusal {
            what,
            key: None,
            span: None,
            got: String::new(),
        }
    }

    /// The innermost value counts.
    fn at(mut self, node: &Node) -> Self {
        if self.span.is_none() {
            self.span = Some(node.span);
            self.got = node.describe();
        }
        self
    }

    /// The innermost key counts.
    fn under(mut self, key: &str) -> Self {
        self.key.get_or_insert_with(|| key.to_owned());
        self
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.what)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: Display>(message: T) -> Self {
        Refusal::new(Wrong::Other(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Refusal::new(Wrong::Value(match expected.to_string().as_str() {
            "a boolean" => "true or false".to_owned(),
            "a string" | "a borrowed string" => "text".to_owned(),
            other => other.to_owned(),
        }))
    }

    fn invalid_value(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        de::Error::invalid_type(got, expected)
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Refusal::new(Wrong::Key(field.to_owned()))
    }

    fn unknown_variant(word: &str, choices: &'static [&'static str]) -> Self {
        Refusal::new(Wrong::Word(word.to_owned(), choices))
    }

    fn missing_field(field: &'static str) -> Self {
        Refusal::new(Wrong::Missing(field))
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match &self.item {
            Toml::Text(x) => visitor.visit_borrowed_str(x),
            Toml::Integer(x) => visitor.visit_i64(*x),
            Toml::Number(x) => visitor.visit_f64(*x),
            Toml::Flag(x) => visitor.visit_bool(*x),
            Toml::List(items) => visitor.visit_seq(Items(items.iter())),
            Toml::Table(members) => visitor.visit_map(Members {
                members: members.iter(),
                value: None,
            }),
        }
        .map_err(|refusal| refusal.at(self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        match &self.item {
            Toml::Text(word) => visitor.visit_enum(BorrowedStrDeserializer::new(word)),
            _ => Err(Refusal::new(Wrong::Value(format!(
                "one of {}",
                variants.join(", ")
            )))),
        }
        .map_err(|refusal| refusal.at(self))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The items of a list, for serde.
struct Items<'d>(std::slice::Iter<'d, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        let read = |node: &'de Node| seed.deserialize(node).map_err(|refusal| refusal.at(node));
        self.0.next().map(read).transpose()
    }
}

/// The members of a table, for serde.
struct Members<'d, I> {
    members: I,
    value: Option<&'d Member>,
}

impl<'de, I: Iterator<Item = &'de Member>> MapAccess<'de> for Members<'de, I> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        self.value = self.members.next();
        let read = |member: &'de Member| seed.deserialize(BorrowedStrDeserializer::new(&member.key));
        self.value.map(read).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        let Some(Member { key, node, .. }) = self.value.take() else {
            return Err(de::Error::custom("a value without a key"));
        };
        seed.deserialize(node)
            .map_err(|refusal| refusal.at(node).under(key))
    }
}
