//! A scheme that tables name and that this program does not have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::ArrayViewMut2;

use super::Scheme;
use super::registry::Choice;
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, ParameterKind, Value};
use crate::support::error::{Error, Kind, Result};

/// The scheme of a catalogue value whose name is not `known`, with parameters in the order of their
/// names; `None` for any other value.
pub(super) fn choose(value: &Value, known: impl Fn(&str) -> bool) -> Option<Result<Choice>> {
    let (name, mut given) = match value {
        Value::Text(name) => (name, BTreeMap::new()),
        Value::Table(table) => match table.get("kind") {
            Some(Value::Text(name)) => (name, table.clone()),
            _ => return None,
        },
        _ => return None,
    };
    if known(name) {
        return None;
    }
    given.remove("kind");
    let entry = entry(name, given.keys());
    Some(entry.resolve(given).map(|spec| Choice {
        spec,
        scheme: Arc::new(Unknown(entry.name)),
        label: None,
    }))
}

/// An entry with this name and these parameters. Each is made once: entries live as long as the
/// program.
fn entry<'a>(name: &str, parameters: impl Iterator<Item = &'a String>) -> &'static Entry {
    static MADE: Mutex<Vec<&'static Entry>> = Mutex::new(Vec::new());
    let parameters: Vec<&String> = parameters.collect();
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let same = |entry: &&&'static Entry| {
        let names = entry.parameters.iter().map(|p| p.name);
        entry.name == name && names.eq(parameters.iter().map(|p| p.as_str()))
    };
    if let Some(entry) = made.iter().find(same) {
        return entry;
    }
    let forever = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let parameter =
        |name: &&String| Parameter::optional(forever(name), ParameterKind::Any, "as in the tables");
    let entry = Box::leak(Box::new(Entry {
        name: forever(name),
        aliases: &[],
        summary: "a scheme that this program does not have",
        formula: "",
        citation: "",
        parameters: Box::leak(parameters.iter().map(parameter).collect()),
    }));
    made.push(entry);
    entry
}

#[derive(Debug)]
struct Unknown(&'static str);

impl Scheme for Unknown {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        let message = format!("this program does not have the scheme `{}`", self.0);
        Err(Error::new(Kind::Trial, message))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::experiment::{Axis, Experiment};
    use crate::init::Registry;

    const TEXT: &str = r#"
        name = "t"
        train = { epochs = 1 }
        [grid]
        scheme = ["mine", { kind = "mine", b = 2, a = 0.5 }, "he_normal"]
        architecture = [[4]]
        learning_rate = 0.1
    "#;

    #[test]
    fn tables_of_schemes_from_elsewhere_can_be_read() {
        let read = |registry| Experiment::parse::<&str>(Path::new("t.toml"), TEXT, &[], &registry);
        let plan = read(Registry::recorded()).unwrap().plan();
        for text in ["mine", "mine(a=0.5 b=2)", "he_normal"] {
            assert!(plan.values(Axis::Scheme).contains(&text), "{text}");
        }
        let error = read(Registry::standard()).unwrap_err().to_string();
        assert!(error.contains("unknown scheme `mine`"), "{error}");
    }

    #[test]
    fn names_of_this_program_keep_their_checks() {
        let text = TEXT.replace("he_normal", "he_normal\", { kind = \"normal\", sd = 1 }, \"zeros");
        let error = Experiment::parse::<&str>(Path::new("t.toml"), &text, &[], &Registry::recorded());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("`normal` has no parameter `sd`"), "{error}");
    }
}
