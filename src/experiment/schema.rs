//! The JSON Schema of an experiment file, from the structs of [`keys`](super::keys) and the
//! catalogues: editors complete and check keys with it.

use serde_json::{Map, Value as Json, json};

use super::coordinates::Axis;
use super::keys::{FileKeys, FileTable, GRID, KeyDoc, TimeToKeys};
use super::metric;
use crate::data;
use crate::support::catalog::{Default, Entry, ParameterKind};

/// The schema of a whole file. Draft 7, which the editors' TOML extensions know.
pub fn experiment() -> Json {
    let mut schema = table::<FileKeys>();
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "goodinit experiment".into();
    let mut definitions: Map<String, Json> = Axis::CELL
        .into_iter()
        .map(|axis| (axis.name().to_owned(), axis.schema()))
        .collect();
    let coordinates: Map<String, Json> = Axis::ALL
        .into_iter()
        .map(|axis| {
            let value = match axis {
                // A label names a scheme too.
                Axis::Scheme => json!({ "anyOf": [reference(axis.name()), { "type": "string" }] }),
                _ if Axis::CELL.contains(&axis) => reference(axis.name()),
                _ => json!({ "type": "integer", "minimum": 0 }),
            };
            (axis.name().to_owned(), one_or_many(value))
        })
        .collect();
    definitions.insert("coordinates".into(), object(coordinates, &[]));
    schema["definitions"] = definitions.into();
    schema
}

/// The schema of a table that is read into `T`.
pub(super) fn table<T: FileTable>() -> Json {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (key, (value, optional)) in T::SECTION.keys.iter().zip(T::schemas()) {
        let mut value = described(key, value);
        if let Some((_, text)) = T::DEFAULTS.iter().find(|(name, _)| *name == key.name) {
            value["default"] = serde_json::from_str(text).unwrap_or_else(|_| Json::from(*text));
        }
        properties.insert(key.name.into(), value);
        if !optional {
            required.push(key.name);
        }
    }
    object(properties, &required)
}

/// The schema of one `[grid]`.
pub(super) fn grid() -> Json {
    let schema = |key: &'static KeyDoc| match Axis::named(key.name) {
        Some(_) => one_or_many(reference(key.name)),
        None => one_or_many(reference("coordinates")),
    };
    let keys = GRID.keys.iter();
    let properties = keys.map(|key| (key.name.to_owned(), described(key, schema(key))));
    object(properties.collect(), &[])
}

/// `schema` with what the key means.
fn described(key: &KeyDoc, schema: Json) -> Json {
    let default = match key.default {
        "" => String::new(),
        default => format!("; default {default}"),
    };
    let text = format!("{} ({}{default})", key.doc, key.takes);
    // Draft 7 ignores what stands beside a reference.
    let mut described = match schema.get("$ref") {
        Some(_) => json!({ "allOf": [schema] }),
        None => schema,
    };
    described["description"] = text.into();
    described
}

pub(super) fn object(properties: Map<String, Json>, required: &[&str]) -> Json {
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}

/// One value of this schema, or a list of them.
pub(super) fn one_or_many(schema: Json) -> Json {
    json!({ "anyOf": [schema, { "type": "array", "items": schema }] })
}

/// The definition called `name`.
pub(super) fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// A value of a catalogue: a name, a table with `kind`, or the text that stands in tables.
pub(super) fn catalogue(entries: &[&Entry]) -> Json {
    let mut any = alternatives(entries);
    any.push(json!({ "type": "string", "pattern": "\\)$", "description": "as in tables: name(key=value)" }));
    json!({ "anyOf": any })
}

pub(super) fn alternatives(entries: &[&Entry]) -> Vec<Json> {
    let names =
        |e: &Entry| -> Vec<&str> { std::iter::once(e.name).chain(e.aliases.iter().copied()).collect() };
    let mut any = vec![json!({ "enum": entries.iter().flat_map(|e| names(e)).collect::<Vec<_>>() })];
    for entry in entries.iter().filter(|e| !e.parameters.is_empty()) {
        let mut properties = Map::new();
        properties.insert("kind".into(), json!({ "enum": names(entry) }));
        let mut required = vec!["kind"];
        for p in entry.parameters {
            let mut schema = match p.kind {
                ParameterKind::Number { min, max } => {
                    json!({ "type": "number", "minimum": min, "maximum": max })
                }
                ParameterKind::Integer { min, max } => {
                    json!({ "type": "integer", "minimum": min, "maximum": max })
                }
                ParameterKind::Flag => json!({ "type": "boolean" }),
                ParameterKind::Text([]) => json!({ "type": "string" }),
                ParameterKind::Text(words) => json!({ "enum": words }),
                ParameterKind::Formula(_) => json!({ "type": ["string", "number"] }),
                ParameterKind::List => json!({ "type": "array" }),
                ParameterKind::Any => json!({}),
            };
            schema["description"] = p.doc.into();
            match p.default {
                Some(Default::Number(x)) => schema["default"] = x.into(),
                Some(Default::Integer(x)) => schema["default"] = x.into(),
                Some(Default::Flag(x)) => schema["default"] = x.into(),
                Some(Default::Text(x)) => schema["default"] = x.into(),
                None if p.optional => {}
                None => required.push(p.name),
            }
            properties.insert(p.name.into(), schema);
        }
        let mut object = object(properties, &required);
        object["description"] = entry.summary.into();
        any.push(object);
    }
    any
}

/// `[data]`: a dataset with its preparation. What else a dataset takes, it checks itself.
pub(super) fn data() -> Json {
    let names: Vec<&str> = data::catalog().iter().map(|item| item.entry.name).collect();
    let table =
        json!({ "type": "object", "properties": { "kind": { "enum": names } }, "required": ["kind"] });
    json!({ "anyOf": [{ "enum": names }, table, { "type": "string" }] })
}

/// What a seed follows.
pub(super) fn seeding() -> Json {
    let seed = json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX });
    let mut crossed = Map::new();
    crossed.insert(
        "crossed".into(),
        json!({ "type": "integer", "minimum": 1, "maximum": 10_000 }),
    );
    json!({ "anyOf": [{ "const": "replicate" }, one_or_many(seed), object(crossed, &["crossed"])] })
}

/// The epochs at which layers are measured.
pub(super) fn layer_epochs() -> Json {
    let epoch = json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "enum": ["last", "all"] }] });
    json!({ "anyOf": [{ "type": "boolean" }, one_or_many(epoch)] })
}

/// Layers by name or by number.
pub(super) fn layer_names() -> Json {
    let words = super::claim::Layers::WORDS.iter().map(|(word, _)| *word);
    let number = json!({ "type": "integer", "minimum": 1 });
    json!({ "anyOf": [{ "enum": words.collect::<Vec<_>>() }, one_or_many(number)] })
}

/// The metric of a claim.
pub(super) fn metric() -> Json {
    let in_full = json!({ "type": "string", "pattern": "^trials\\." });
    json!({ "anyOf": [{ "enum": metric::names() }, in_full, table::<TimeToKeys>()] })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `value` is valid by `schema`, for the keywords that are used here.
    fn valid(root: &Json, schema: &Json, value: &Json) -> bool {
        schema.as_object().unwrap().iter().all(|(keyword, rule)| {
            let number =
                |holds: fn(f64, f64) -> bool| value.as_f64().is_none_or(|x| holds(x, rule.as_f64().unwrap()));
            let all = |rule: &Json| valid(root, rule, value);
            match keyword.as_str() {
                "$ref" => all(root.pointer(&rule.as_str().unwrap()[1..]).unwrap()),
                "anyOf" => rule.as_array().unwrap().iter().any(all),
                "allOf" => rule.as_array().unwrap().iter().all(all),
                "not" => !all(rule),
                "enum" => rule.as_array().unwrap().contains(value),
                "const" => rule == value,
                "type" if rule.is_array() => {
                    let mut types = rule.as_array().unwrap().iter();
                    types.any(|one| valid(root, &json!({ "type": one }), value))
                }
                "type" => match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    other => panic!("{other}"),
                },
                "minimum" => number(|x, bound| x >= bound),
                "maximum" => number(|x, bound| x <= bound),
                "exclusiveMinimum" => number(|x, bound| x > bound),
                "exclusiveMaximum" => number(|x, bound| x < bound),
                "items" => {
                    let items = value.as_array().into_iter().flatten();
                    items.into_iter().all(|item| valid(root, rule, item))
                }
                "required" => value.as_object().is_none_or(|table| {
                    let mut keys = rule.as_array().unwrap().iter();
                    keys.all(|key| table.contains_key(key.as_str().unwrap()))
                }),
                "properties" => value.as_object().is_none_or(|table| {
                    let closed = schema.get("additionalProperties") == Some(&Json::from(false));
                    table.iter().all(|(key, value)| match rule.get(key) {
                        Some(schema) => valid(root, schema, value),
                        None => !closed,
                    })
                }),
                "$schema" | "title" | "description" | "default" | "definitions" | "additionalProperties" => {
                    true
                }
                "minLength" | "maxLength" => true,
                "pattern" => value.as_str().is_none_or(|text| match rule.as_str().unwrap() {
                    "\\)$" => text.ends_with(')'),
                    "^fraction" => text.starts_with("fraction"),
                    "^trials\\." => text.starts_with("trials."),
                    "^[A-Za-z0-9_][A-Za-z0-9_.-]*$" => !text.contains('/'),
                    other => panic!("{other}"),
                }),
                other => panic!("{other}"),
            }
        })
    }

    fn accepts(root: &Json, text: &str) -> bool {
        let value: toml::Value = toml::from_str(text).unwrap();
        valid(root, root, &serde_json::to_value(value).unwrap())
    }

    #[test]
    fn the_schema_accepts_every_shipped_experiment() {
        let schema = experiment();
        let mut folders = vec![std::path::PathBuf::from("experiments")];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "toml") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(accepts(&schema, &text), "{}", path.display());
                    files += 1;
                }
            }
        }
        assert!(files >= 4, "{files}");
    }

    #[test]
    fn the_schema_refuses_what_the_program_refuses() {
        let schema = experiment();
        let good = "name = \"t\"\nseed = 1\n[train]\nepochs = 2\n[grid]\nscheme = [\"zeros\", { kind = \"normal\", std = 0.1 }, \"normal(std=0.5)\"]\narchitecture = [[8], \"20x64\", { depth = 3, width = 4 }]\nlearning_rate = 0.1\nactivation = [\"relu\", [\"relu\", \"tanh\"]]\n[record]\nlayers = [0, \"last\"]\nlayer_rows = \"hidden\"\n[[claim]]\nsentence = \"s\"\nmetric = \"layers.weight_std\"\nleft = { scheme = \"zeros\", replicate = 0 }\nrelation = \"left >= 0\"\naggregate = \"fraction >= 1\"\n";
        assert!(accepts(&schema, good));
        for (from, to) in [
            ("seed = 1", "sede = 1"),
            ("seed = 1", "seed = -1"),
            ("seed = 1", "seed = \"1\""),
            ("name = \"t\"", ""),
            ("name = \"t\"", "name = \"a/b\""),
            ("epochs = 2", "epoch = 2"),
            ("epochs = 2", "epochs = 2\nevaluate_train = \"ful\""),
            ("\"zeros\",", "\"zeroes\","),
            ("std = 0.1", "sdt = 0.1"),
            ("std = 0.1", "std = \"0.1\""),
            ("\"tanh\"", "\"tanhh\""),
            ("learning_rate = 0.1", "learning_rate = \"0.1\""),
            ("learning_rate = 0.1", "learning_rates = 0.1"),
            ("\"hidden\"", "\"hiden\""),
            ("[0, \"last\"]", "[0, \"first\"]"),
            ("layers.weight_std", "layers.weight_sdt"),
            ("sentence = \"s\"\n", ""),
            (
                "{ scheme = \"zeros\", replicate",
                "{ sheme = \"zeros\", replicate",
            ),
            ("fraction >= 1", "average"),
        ] {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good);
            assert!(!accepts(&schema, &text), "{text}");
        }
    }

    #[test]
    fn the_schema_says_what_keys_mean_and_what_holds_without_them() {
        let schema = experiment();
        let every = &schema["properties"]["train"]["properties"]["evaluate_train"];
        assert_eq!(every["default"], "running");
        let said = every["description"].as_str().unwrap();
        assert!(said.contains("from the batches as they were trained"), "{said}");
        assert_eq!(schema["properties"]["replicates"]["default"], 5);
        assert_eq!(schema["required"], json!(["name", "train", "grid"]));
    }
}
