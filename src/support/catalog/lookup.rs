//! Look-up by name, with "did you mean".

use std::collections::BTreeMap;

use super::{Entry, Spec, Value};
use crate::support::error::{Error, Kind, Result};

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
    let plural = if noun.ends_with('s') { "es" } else { "s" };
    Err(error.help(suggest(name, names, &format!("{noun}{plural}"))))
}

/// "did you mean `x`?", or the list of what there is when nothing is near.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, plural: &str) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(k) => format!("did you mean `{k}`?"),
        None if known.is_empty() => format!("there are no {plural} here"),
        None => format!("{plural}: {}", known.join(", ")),
    }
}

/// The word among `known` that was probably meant by `word`, if one is near enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let length = lower.chars().count();
    // Not so far that nothing of the word is left.
    let most = (1 + word.len() / 3).min(length.saturating_sub(1));
    known
        .into_iter()
        .map(|k| {
            // `xaveir` is nearer to `xavier_uniform` than any whole-word distance says.
            let head: String = k.chars().take(length).collect();
            let begun = strsim::damerau_levenshtein(&lower, &head);
            let begun = if begun == 0 {
                0
            } else {
                begun + usize::from(head != k)
            };
            (strsim::damerau_levenshtein(&lower, k).min(begun), k)
        })
        .filter(|(distance, _)| !word.is_empty() && *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}
