//! Canonical texts back to values: `normal(std=0.01)` is `{ kind = "normal", std = 0.01 }`.

use std::collections::BTreeMap;

use crate::support::catalog::Value;

/// The value that a text of the form `name(key=value key=value)` stands for; any other value,
/// and a plain name, as it is.
pub(super) fn expand(value: Value) -> Value {
    match &value {
        Value::Text(text) if text.ends_with(')') => call(text).unwrap_or(value),
        _ => value,
    }
}

fn call(text: &str) -> Option<Value> {
    let (name, rest) = text.split_once('(')?;
    let mut table = BTreeMap::from([("kind".to_owned(), Value::Text(name.to_owned()))]);
    for pair in words(rest.strip_suffix(')')?)? {
        let (key, value) = pair.split_once('=')?;
        table.insert(key.to_owned(), scalar(value));
    }
    Some(Value::Table(table))
}

/// The value whose text is `text`: a number, a flag, a list in brackets, a word or a table.
pub(super) fn scalar(text: &str) -> Value {
    let list = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .and_then(words);
    if let Some(items) = list {
        return Value::List(items.into_iter().map(scalar).collect());
    }
    match (text.parse(), text.parse::<f64>(), text.parse()) {
        (Ok(whole), ..) => Value::Integer(whole),
        (_, Ok(number), _) if number.is_finite() => Value::Number(number),
        (_, _, Ok(flag)) => Value::Flag(flag),
        _ => expand(Value::Text(text.to_owned())),
    }
}

/// The parts of a text between spaces that stand outside of brackets; `None` if brackets don't
/// match.
fn words(text: &str) -> Option<Vec<&str>> {
    let (mut depth, mut start, mut words) = (0u32, 0, Vec::new());
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            ' ' if depth == 0 => {
                words.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
        // Nesting beyond this is no canonical text of anything.
        if depth > 8 {
            return None;
        }
    }
    words.push(&text[start..]);
    words.retain(|w| !w.is_empty());
    (depth == 0).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_values_expand_to_the_values() {
        for text in [
            "normal(std=0.01)",
            "momentum(beta=0.9 schedule=sutskever)",
            "x(list=[1 2.5 word [true false]] nested=inner(a=1))",
            "transfer(frozen=true path=a-b.safetensors)",
            "empty()",
        ] {
            let value = expand(Value::Text(text.to_owned()));
            assert!(matches!(value, Value::Table(_)), "{text}");
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn other_texts_stay() {
        let deep = format!("a({})", "(".repeat(100_000));
        for text in [
            "he_normal",
            "a(b",
            "a)b)",
            "(",
            ")",
            "a(b=])",
            "a(novalue)",
            deep.as_str(),
            "",
        ] {
            assert_eq!(expand(Value::Text(text.to_owned())), Value::Text(text.to_owned()));
        }
    }
}
