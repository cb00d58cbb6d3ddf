//! In what two manifests differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::error::{Error, Kind, Result};

use crate::table::format;
use crate::table::source::Source;

/// In what two manifests differ, in sentences; what explains changed numbers comes first. The
/// commit is not compared, and line ends are no difference.
///
/// # Errors
/// A manifest is there and cannot be read.
pub fn compare(old: &Source, new: &Source) -> Result<Vec<String>> {
    let (a, b) = match (old.text(format::MANIFEST)?, new.text(format::MANIFEST)?) {
        (Some(a), Some(b)) => (a, b),
        (None, None) => return Ok(Vec::new()),
        (Some(_), None) => return Ok(vec![format!("{} is gone", format::MANIFEST)]),
        (None, Some(_)) => return Ok(vec![format!("{} is new", format::MANIFEST)]),
    };
    // Read as plain TOML: another format_version must be told, not refused.
    let read = |source: &Source, text: &str| -> Result<toml::Table> {
        let name = source.name_of(format::MANIFEST);
        text.parse::<toml::Table>().map_err(|e| {
            let span = e.span().unwrap_or(0..0);
            Error::new(Kind::Store, "not a manifest of results").at(Path::new(&name), text, span, e.message())
        })
    };
    let (a, b) = (read(old, &a)?, read(new, &b)?);
    let mut lines = Vec::new();
    let versions = [
        ("numerics_version", ": changed numbers are expected"),
        (
            "statistics_version",
            ": changed summaries, rankings and verdicts are expected",
        ),
        ("format_version", ": changed columns are expected"),
    ];
    for (key, meaning) in versions {
        let (x, y) = (a.get(key), b.get(key));
        if x != y {
            // The first manifests name no version of the statistics.
            let missing = if key == "statistics_version" { "1" } else { "none" };
            let text = |v: Option<&toml::Value>| v.map_or(missing.to_owned(), ToString::to_string);
            lines.push(format!("{key} {} -> {}{meaning}", text(x), text(y)));
        }
    }
    if a.get("name") != b.get("name") {
        lines.push("the experiment has another name".to_owned());
    }
    if a.get("experiment_digest") != b.get("experiment_digest") {
        lines.push("the experiment differs (settings or grid)".to_owned());
    } else if experiment(&a) != experiment(&b) {
        lines.push("the experiment's text differs in what reaches no table (claims, description)".to_owned());
    }
    if a.get("dataset") != b.get("dataset") {
        lines.push(datasets(&a, &b));
    }
    let sources = differing(&a, &b, "source", "path");
    if let Some((first, more)) = sources.split_first() {
        let more = match more.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        lines.push(format!("schemes read other weights: {first}{more}"));
    }
    Ok(lines)
}

/// The text of the experiment, with the line ends that it was written with.
fn experiment(manifest: &toml::Table) -> Option<String> {
    let text = manifest.get("experiment")?.as_str()?;
    Some(text.replace("\r\n", "\n"))
}

/// What of the list `list` has another digest, or is on one side only, by its key `name`.
fn differing(a: &toml::Table, b: &toml::Table, list: &str, name: &str) -> Vec<String> {
    let digests = |table: &toml::Table| -> BTreeMap<String, String> {
        let list = table.get(list).and_then(toml::Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|d| {
                let text = |key| d.get(key).and_then(toml::Value::as_str);
                Some((text(name)?.to_owned(), text("digest")?.to_owned()))
            })
            .collect()
    };
    let (a, b) = (digests(a), digests(b));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let differing = names.into_iter().filter(|n| a.get(*n) != b.get(*n));
    differing.cloned().collect()
}

fn datasets(a: &toml::Table, b: &toml::Table) -> String {
    let differing = differing(a, b, "dataset", "name");
    if differing.is_empty() {
        return "the descriptions of datasets differ".to_owned();
    }
    format!("other data: {}", differing.join(", "))
}
