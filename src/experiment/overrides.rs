//! Overrides of single keys from the command line (`--set key=value`).

use std::path::PathBuf;

use toml::de::DeValue;

use super::document::{Document, Member, Misplaced, Node, Parsed, Span, Text, Toml};
use crate::support::error::Result;

/// How many parts a key has at most: tables in tables are walked by recursion.
const DEEPEST: usize = 16;

impl Document {
    /// Overrides a key: `argument` is `key.path=value`; a value in TOML syntax, or a bare word.
    /// An empty value takes the key away.
    pub fn set(&mut self, argument: &str) -> Result<()> {
        let text = self.texts.len() as u32;
        self.texts.push(Text {
            path: PathBuf::from("--set"),
            text: argument.to_owned(),
        });
        let whole = Parsed { text, offset: 0 };
        let wrong = |document: &Document, end, message, label| {
            let error = document.error(whole.span(0..end), message, label);
            error.help("for example --set grid.learning_rate=[0.1] or --set train.epochs=5")
        };
        let Some((keys, value)) = argument.split_once('=') else {
            let message = "an override is KEY=VALUE";
            return Err(wrong(self, argument.len(), message, "no `=` here"));
        };
        let mut path = Vec::new();
        let mut start = 0;
        for part in keys.split('.') {
            if part.trim().is_empty() {
                let message = "an override names a key before the `=`";
                return Err(wrong(self, keys.len().max(1), message, ""));
            }
            path.push((part.trim().to_owned(), whole.span(start..start + part.len())));
            start += part.len() + 1;
            if path.len() > DEEPEST {
                let message = format!("a key of an override has at most {DEEPEST} parts");
                return Err(wrong(self, start - 1, &message, ""));
            }
        }
        let value = value.trim_start();
        let offset = argument.len() - value.len();
        let value = match value.trim_end() {
            "" => None,
            value => Some(self.override_value(&Parsed { text, offset }, value)?),
        };
        set_in(&mut self.root, &path, value).map_err(|(span, message)| self.error(span, message, ""))
    }

    fn override_value(&self, parsed: &Parsed, text: &str) -> Result<Node> {
        let is_bare = |c: char| c.is_alphanumeric() || " _-./:\\~".contains(c);
        match DeValue::parse(text) {
            Ok(value) => {
                let node = parsed.node(&value);
                node.map_err(|(span, message)| self.error(span, message, ""))
            }
            Err(_) if text.chars().all(is_bare) => {
                Ok(parsed.node_at(0..text.len(), Toml::Text(text.to_owned())))
            }
            Err(e) => {
                let span = parsed.span(e.span().unwrap_or(0..text.len()));
                let error = self.error(span, format!("not a TOML value: {}", e.message()), "");
                Err(error.help(
                    "lists and tables follow TOML: [\"relu\", \"tanh\"], { kind = \"normal\", std = 0.01 }",
                ))
            }
        }
    }
}

/// Puts `value` at `path` inside `node`, or takes away what is there.
fn set_in(node: &mut Node, path: &[(String, Span)], value: Option<Node>) -> Misplaced<()> {
    let Some(((key, span), rest)) = path.split_first() else {
        if let Some(value) = value {
            *node = value;
        }
        return Ok(());
    };
    let remove = rest.is_empty() && value.is_none();
    match &mut node.item {
        Toml::List(items) => {
            let count = items.len();
            match key.parse::<usize>() {
                Ok(i) if i < count && remove => {
                    items.remove(i);
                    Ok(())
                }
                Ok(i) if i < count => set_in(&mut items[i], rest, value),
                _ if count == 0 => Err((*span, format!("this is an empty list: there is no `{key}` in it"))),
                _ => {
                    let last = count - 1;
                    Err((
                        *span,
                        format!(
                            "this is a list of {count}, numbered from 0 to {last}: `{key}` is none of them"
                        ),
                    ))
                }
            }
        }
        Toml::Table(members) => {
            let found = members.iter().position(|m| m.key == *key);
            let index = match (found, remove) {
                (Some(i), true) => {
                    members.remove(i);
                    return Ok(());
                }
                (None, true) => return Err((*span, format!("there is no `{key}` to take away"))),
                (Some(i), false) => i,
                (None, false) => {
                    members.push(Member {
                        key: key.clone(),
                        span: *span,
                        node: Node {
                            span: *span,
                            item: Toml::Table(Vec::new()),
                        },
                    });
                    members.len() - 1
                }
            };
            members[index].span = *span;
            set_in(&mut members[index].node, rest, value)
        }
        _ => Err((
            *span,
            format!("there is no `{key}` here: the key before it has a plain value"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(Path::new("a.toml"), text.to_owned()).unwrap()
    }

    #[test]
    fn overrides_replace_create_and_remove() {
        let mut d = document("[train]\nepochs = 20\n[[claim]]\nthreshold = 1.0\n");
        d.set("train.epochs=5").unwrap();
        d.set("grid.scheme=he_normal").unwrap();
        d.set("grid.learning_rate = [0.1, 0.2]").unwrap();
        d.set("claim.0.threshold=0.5").unwrap();
        let expected = "[[claim]]\nthreshold = 0.5\n\n[grid]\nlearning_rate = [0.1, 0.2]\nscheme = \"he_normal\"\n\n[train]\nepochs = 5\n";
        assert_eq!(d.resolved(), expected);
        d.set("train.epochs=").unwrap();
        d.set("grid=").unwrap();
        assert_eq!(d.resolved(), "[[claim]]\nthreshold = 0.5\n\n[train]\n");
    }

    #[test]
    fn a_bad_override_points_at_the_argument() {
        for (argument, message, excerpt) in [
            ("epochs", "KEY=VALUE", "--set:1:1"),
            ("=3", "names a key", "--set:1:1"),
            ("train..epochs=3", "names a key", "--set:1:1"),
            ("train.epochs=[1", "not a TOML value", "train.epochs=[1"),
            ("train.epochs.x=1", "a plain value", "--set:1:14"),
            ("claim.7.threshold=1", "a list of 1", "--set:1:7"),
            ("train.steps=", "no `steps` to take away", "--set:1:7"),
            ("seed=inf", "not a finite number", "--set:1:6"),
        ] {
            let mut d = document("[train]\nepochs = 20\n[[claim]]\nthreshold = 1.0\n");
            let error = d.set(argument).unwrap_err().to_string();
            assert!(
                error.contains(message) && error.contains(excerpt),
                "{argument}: {error}"
            );
            assert!(d.resolved().contains("epochs = 20"), "the document stays whole");
        }
    }
}
