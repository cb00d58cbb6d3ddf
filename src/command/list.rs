//! `goodinit list`: what there is to put into an experiment file, from the catalogues.

use std::process::ExitCode;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use serde::Serialize;

use super::{list_columns, list_keys, print, print_json};
use crate::experiment::Axis;
use crate::support::catalog::{self, Entry, Parameter, ParameterKind, Value, number};
use crate::support::error::{self, Error, Result};
use crate::support::text::{Style, bold, entry, markdown_cell};
use crate::{data, model};

/// Arguments of `goodinit list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit list                          names of all there is
  goodinit list schemes                  every scheme with formula and citation
  goodinit list schemes he_normal        one of them
  goodinit list keys                     every key of an experiment file
  goodinit list columns summary          every column of summary.csv
  goodinit list schemes --format json    for programs
  goodinit list keys --format schema     for editors that complete and check experiment files")]
pub struct Args {
    /// What to list [default: the names of everything]
    #[arg(value_enum)]
    kind: Option<Listing>,
    /// Only this one
    #[arg(requires = "kind")]
    name: Option<String>,
    /// Form of the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Form of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// A table for a document
    Markdown,
    /// The JSON Schema of an experiment file, for editors; of the keys only
    Schema,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// The catalogue of an axis
    Axis(Axis),
    /// Losses
    Losses,
    /// Keys of an experiment file
    Keys,
    /// Columns of the tables
    Columns,
}

impl Listing {
    /// Everything that has a catalogue.
    fn catalogues() -> impl Iterator<Item = Listing> {
        let axes = Axis::CELL.into_iter().filter(|axis| axis.catalogue().is_some());
        axes.map(Listing::Axis).chain([Listing::Losses])
    }

    /// What one entry is called, and several.
    fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Listing::Axis(axis) => (axis.name(), axis.plural()),
            Listing::Losses => ("loss", "losses"),
            Listing::Keys => ("key", "keys"),
            Listing::Columns => ("column", "columns"),
        }
    }

    /// The catalogue, in its order.
    pub fn entries(self) -> Vec<&'static Entry> {
        match self {
            Listing::Axis(axis) => axis.catalogue().unwrap_or_default(),
            Listing::Losses => model::loss::ENTRIES.to_vec(),
            Listing::Keys | Listing::Columns => Vec::new(),
        }
    }
}

impl clap::ValueEnum for Listing {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<Listing>> = LazyLock::new(|| {
            Listing::catalogues()
                .chain([Listing::Keys, Listing::Columns])
                .collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Listing::Axis(axis) => format!("Values of the axis `{axis}`"),
            Listing::Losses => "Losses".to_owned(),
            Listing::Keys => "Keys of an experiment file".to_owned(),
            Listing::Columns => "Columns of the tables".to_owned(),
        };
        Some(PossibleValue::new(self.nouns().1).help(help))
    }
}

/// Prints the list.
///
/// # Errors
/// Nothing of that name, or standard output cannot be written.
pub fn run(args: Args) -> Result<ExitCode> {
    let format = args.format;
    if format == Format::Schema && args.kind != Some(Listing::Keys) {
        let message = "only the keys have a schema";
        return Err(Error::new(error::Kind::Usage, message).help("goodinit list keys --format schema"));
    }
    match (args.kind, args.name) {
        (None, _) => overview(format)?,
        (Some(Listing::Keys), name) => list_keys::keys(format, name.as_deref())?,
        (Some(Listing::Columns), name) => list_columns::columns(format, name.as_deref())?,
        (Some(kind), name) => {
            let mut entries = kind.entries();
            if let Some(name) = name {
                entries = vec![*catalog::find(kind.nouns().0, &name, &entries, |e| e)?];
            }
            match format {
                Format::Text => print(&details(&entries, Style::detect()))?,
                Format::Json => print_json(&entries.iter().map(|e| ListedEntry::new(e)).collect::<Vec<_>>())?,
                Format::Markdown => print(&markdown(&entries))?,
                Format::Schema => {}
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn overview(format: Format) -> Result<()> {
    if format == Format::Json {
        let all: std::collections::BTreeMap<&str, Vec<ListedEntry>> = Listing::catalogues()
            .map(|kind| {
                (
                    kind.nouns().1,
                    kind.entries().iter().map(|e| ListedEntry::new(e)).collect(),
                )
            })
            .collect();
        return print_json(&all);
    }
    let mut out = String::new();
    for kind in Listing::catalogues() {
        let names: Vec<&str> = kind.entries().iter().map(|e| e.name).collect();
        match format {
            Format::Markdown => out.push_str(&format!("- {}: `{}`\n", kind.nouns().1, names.join("`, `"))),
            _ => entry(
                &mut out,
                kind.nouns().1,
                15,
                &names.join(", "),
                Style::detect().width,
            ),
        }
    }
    if format == Format::Text {
        out.push_str("\n`goodinit list schemes` shows formulas, citations and parameters; `goodinit list keys` every key, \
             `goodinit list columns` every column of the tables.\n");
    }
    print(&out)
}

/// One entry as a program reads it.
#[derive(Debug, Serialize)]
struct ListedEntry {
    name: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
    formula: &'static str,
    citation: &'static str,
    /// Pairs of label and text; a label may come more than once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<(&'static str, String)>,
    parameters: Vec<ParameterItem>,
}

#[derive(Debug, Serialize)]
struct ParameterItem {
    name: &'static str,
    takes: String,
    default: Option<String>,
    required: bool,
    doc: &'static str,
}

impl ListedEntry {
    fn new(entry: &Entry) -> Self {
        ListedEntry {
            name: entry.name,
            aliases: entry.aliases,
            summary: entry.summary,
            formula: entry.formula,
            citation: entry.citation,
            facts: facts(entry),
            parameters: entry.parameters.iter().map(ParameterItem::new).collect(),
        }
    }
}

impl ParameterItem {
    fn new(parameter: &Parameter) -> Self {
        ParameterItem {
            name: parameter.name,
            takes: takes(parameter.kind),
            default: parameter.default.map(|d| Value::from(d).to_string()),
            required: parameter.default.is_none() && !parameter.optional,
            doc: parameter.doc,
        }
    }
}

fn takes(kind: ParameterKind) -> String {
    match kind {
        ParameterKind::Number { min, max } => format!("a number from {} to {}", bound(min), bound(max)),
        ParameterKind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        ParameterKind::Flag => "true or false".to_owned(),
        ParameterKind::Text([]) => "text".to_owned(),
        ParameterKind::Text(words) => words.join(" or "),
        ParameterKind::Formula(variables) => format!("a number or a formula over {}", variables.join(", ")),
        ParameterKind::List => "a list".to_owned(),
        ParameterKind::Any => "see its description".to_owned(),
    }
}

/// A bound of a range; large ones as powers, which they are.
fn bound(x: f64) -> String {
    if x.abs() >= 1e5 {
        format!("{x:e}")
    } else {
        number(x)
    }
}

/// What there is to say of a dataset beside its entry; nothing of other entries.
fn facts(entry: &Entry) -> Vec<(&'static str, String)> {
    let item = data::catalog()
        .iter()
        .find(|item| std::ptr::eq(item.entry, entry));
    item.map(|item| item.facts()).unwrap_or_default()
}

/// Entries as a person reads them.
fn details(entries: &[&Entry], style: Style) -> String {
    const INDENT: usize = 12;
    let mut out = String::new();
    for (i, e) in entries.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        out.push_str(&bold(e.name, style));
        if !e.aliases.is_empty() {
            out.push_str(&format!(" (or {})", e.aliases.join(", ")));
        }
        out.push('\n');
        let mut line = |label: &str, text: &str| {
            if !text.is_empty() {
                entry(&mut out, label, INDENT, text, style.width);
            }
        };
        line("  what", e.summary);
        line("  formula", e.formula);
        line("  source", e.citation);
        for (label, text) in facts(e) {
            line(&format!("  {label}"), &text);
        }
        for p in e.parameters {
            let default = match p.default {
                Some(catalog::Default::Text("")) => "default none".to_owned(),
                Some(default) => format!("default {}", Value::from(default)),
                None if p.optional => "optional".to_owned(),
                None => "required".to_owned(),
            };
            line(
                &format!("  {}", p.name),
                &format!("{}; {} ({default})", p.doc, takes(p.kind)),
            );
        }
    }
    out
}

/// Entries as a table for a document.
pub fn markdown(entries: &[&Entry]) -> String {
    let mut out = String::from("| Name | What | Formula | Source |\n| --- | --- | --- | --- |\n");
    for e in entries {
        let formula = if e.formula.is_empty() {
            String::new()
        } else {
            // A code span shows `<` as it is.
            format!("`{}`", e.formula.replace('`', "").replace('|', "\\|"))
        };
        out.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            e.name,
            markdown_cell(e.summary),
            formula,
            markdown_cell(e.citation)
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: usize) -> Style {
        Style { width, colour: false }
    }

    #[test]
    fn every_entry_says_what_it_is_and_where_it_is_from() {
        for kind in Listing::catalogues() {
            for e in kind.entries() {
                assert!(!e.summary.is_empty(), "{} has no summary", e.name);
                if kind == Listing::Axis(Axis::Scheme) {
                    assert!(!e.formula.is_empty() && !e.citation.is_empty(), "{}", e.name);
                }
                assert!(e.parameters.iter().all(|p| !p.doc.is_empty()), "{}", e.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_fit_a_table() {
        for kind in Listing::catalogues() {
            let mut seen = std::collections::BTreeSet::new();
            for e in kind.entries() {
                for name in std::iter::once(&e.name).chain(e.aliases) {
                    assert!(seen.insert(*name), "{name} twice");
                    assert!(!name.contains([' ', ',', '(', ')', '=']), "{name}");
                }
            }
        }
    }

    #[test]
    fn details_stay_within_the_width() {
        let text = details(&Listing::Axis(Axis::Scheme).entries(), plain(72));
        let long: Vec<&str> = text
            .lines()
            .filter(|l| l.chars().count() > 72 && l.contains("  what"))
            .collect();
        assert!(long.is_empty(), "{long:?}");
        assert!(text.contains("he_normal") && text.contains("  source"));
        assert!(!text.contains('\x1b'));
        let style = Style {
            colour: true,
            ..plain(72)
        };
        assert!(details(&Listing::Axis(Axis::Scheme).entries()[..1], style).starts_with("\x1b[1m"));
    }

    #[test]
    fn a_dataset_is_listed_with_shape_licence_split_and_digests() {
        let entries = Listing::Axis(Axis::Dataset).entries();
        let text = details(&entries, plain(120));
        for said in [
            "  shape     60000 + 10000 x 784, 10 classes",
            "  licence   CC BY 4.0",
            "  split     rest:0.1:official (train:validation:test)",
            "  size      11.6 MB gzipped",
            "train-images-idx3-ubyte.gz 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ] {
            assert!(text.contains(said), "{said} is not in:\n{text}");
        }
        assert!(!details(&Listing::Axis(Axis::Scheme).entries(), plain(120)).contains("  licence"));
    }

    #[test]
    fn a_table_for_a_document_has_a_row_for_each() {
        let entries = Listing::Axis(Axis::Scheme).entries();
        let table = markdown(&entries);
        assert_eq!(table.lines().count(), entries.len() + 2);
        assert!(
            table
                .lines()
                .all(|l| l.replace("\\|", "").matches('|').count() == 5),
            "{table}"
        );
    }
}
