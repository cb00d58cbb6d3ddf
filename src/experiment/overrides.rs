//! Overrides of single keys from the command line (`--set key=value`).

use std::path::PathBuf;

use toml::de::DeValue;

use super::document::{Document, Item, Member, Misplaced, Node, Place, Source, Span};
use crate::support::error::Result;

impl Document {
    /// Overrides a key: `argument` is `key.path=value`; a value in TOML syntax, or a bare word.
    /// An empty value takes the key away.
    pub fn set(&mut self, argument: &str) -> Result<()> {
        let source = self.sources.len() as u32;
        self.sources.push(Source {
            path: PathBuf::from("--set"),
            text: argument.to_owned(),
        });
        let whole = Span {
            source,
            start: 0,
            end: argument.len() as u32,
        };
        let example = "for example --set grid.learning_rate=[0.1] or --set train.epochs=5";
        let Some(equals) = argument.find('=') else {
            return Err(self
                .error(whole, "an override is KEY=VALUE", "no `=` here")
                .help(example));
        };
        let mut path = Vec::new();
        let mut start = 0;
        for part in argument[..equals].split('.') {
            let span = Span {
                source,
                start: start as u32,
                end: (start + part.len()) as u32,
            };
            if part.trim().is_empty() {
                let span = Span {
                    end: equals.max(1) as u32,
                    start: 0,
                    ..span
                };
                return Err(self
                    .error(span, "an override names a key before the `=`", "")
                    .help(example));
            }
            path.push((part.trim().to_owned(), span));
            start += part.len() + 1;
        }
        let text = argument[equals + 1..].trim_start();
        let value = match text {
            "" => None,
            _ => Some(self.override_value(source, argument.len() - text.len(), text.trim_end())?),
        };
        let mut root = std::mem::replace(
            &mut self.root,
            Node {
                span: whole,
                item: Item::Flag(false),
            },
        );
        let done = set_in(&mut root, &path, value);
        self.root = root;
        done.map_err(|(span, message)| self.error(span, message, ""))
    }

    fn override_value(&self, source: u32, offset: usize, text: &str) -> Result<Node> {
        let place = Place { source, offset };
        match DeValue::parse(text) {
            Ok(value) => place
                .node(&value)
                .map_err(|(span, message)| self.error(span, message, "")),
            Err(_)
                if text
                    .chars()
                    .all(|c| c.is_alphanumeric() || " _-./:\\~".contains(c)) =>
            {
                Ok(Node {
                    span: place.span(0..text.len()),
                    item: Item::Text(text.trim().to_owned()),
                })
            }
            Err(e) => {
                let span = place.span(e.span().unwrap_or(0..text.len()));
                let error = self.error(span, format!("not a TOML value: {}", e.message()), "");
                Err(error.help(
                    "lists and tables follow TOML: [\"relu\", \"tanh\"], { kind = \"normal\", std = 0.01 }",
                ))
            }
        }
    }
}

/// Puts `value` (or nothing) at `path` inside `node`.
fn set_in(node: &mut Node, path: &[(String, Span)], value: Option<Node>) -> Misplaced<()> {
    let Some(((key, span), rest)) = path.split_first() else {
        if let Some(value) = value {
            *node = value;
        }
        return Ok(());
    };
    match &mut node.item {
        Item::List(items) => {
            let count = items.len();
            let index = key.parse::<usize>().ok().filter(|i| *i < count);
            let Some(index) = index else {
                return Err((
                    *span,
                    match count {
                        0 => format!("this is an empty list: there is no `{key}` in it"),
                        _ => format!(
                            "this is a list of {count}, numbered from 0 to {}: `{key}` is none of them",
                            count - 1
                        ),
                    },
                ));
            };
            if rest.is_empty() && value.is_none() {
                items.remove(index);
                return Ok(());
            }
            set_in(&mut items[index], rest, value)
        }
        Item::Table(members) => {
            let found = members.iter().position(|m| m.key == *key);
            if rest.is_empty() && value.is_none() {
                return match found {
                    Some(i) => {
                        members.remove(i);
                        Ok(())
                    }
                    None => Err((*span, format!("there is no `{key}` to take away"))),
                };
            }
            let index = found.unwrap_or_else(|| {
                let node = Node {
                    span: *span,
                    item: Item::Table(Vec::new()),
                };
                members.push(Member {
                    key: key.clone(),
                    span: *span,
                    node,
                });
                members.len() - 1
            });
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
