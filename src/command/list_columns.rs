//! `goodinit list columns`: every column of every table, and the keys of a manifest. `docs/tables.md`
//! shows it.

use serde_json::{Value as Json, json};

use super::list::Format;
use super::{print, print_json};
use crate::analysis::summary::SummaryRow;
use crate::experiment::Axis;
use crate::experiment::keys::GRID;
use crate::row::Column;
use crate::support::catalog;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::{Style, bold, entry, markdown_cell};
use crate::table::format;
use crate::table::io::{EpochLine, LayerLine, Row, TrialLine};
use crate::table::manifest::KEYS;
use crate::table::probe::{HistogramLine, ProbeLine, StepLine};

/// A file of results.
struct File {
    name: &'static str,
    /// What a row of it is.
    doc: &'static str,
    columns: Vec<ColumnDoc>,
}

/// A column for a reader.
struct ColumnDoc {
    name: &'static str,
    takes: &'static str,
    unit: &'static str,
    range: String,
    /// When it is empty; nothing where it never is.
    empty: &'static str,
    doc: String,
}

impl ColumnDoc {
    fn new(column: &Column) -> Self {
        let axis = Axis::named(column.name).and_then(|axis| GRID.key(axis.name()));
        let doc = axis.map_or_else(
            || plain(column.doc),
            |key| format!("axis of the grid: {}", key.doc),
        );
        ColumnDoc {
            name: column.name,
            takes: column.expected,
            unit: column.domain.unit(),
            range: if column.is_number() {
                range(column)
            } else {
                String::new()
            },
            empty: column.empty.unwrap_or_default(),
            doc,
        }
    }
}

/// The file whose rows are of type `R`.
fn file<R: Row>(doc: &'static str) -> File {
    File {
        name: R::FILE,
        doc,
        columns: R::columns().iter().map(ColumnDoc::new).collect(),
    }
}

/// The tables of a results directory: those of training, then those of a probe.
fn files() -> Vec<File> {
    vec![
        file::<TrialLine>("a trial"),
        file::<SummaryRow>("a cell: the trials that differ in replicate and seeds alone"),
        file::<EpochLine>("an evaluation of a trial; one that is not finite has no row"),
        file::<LayerLine>(
            "a layer of a trial at one epoch; figures are over the probe samples and the units of the layer",
        ),
        file::<ProbeLine>(
            "a layer of a network before training; figures of the network stand in the row of its output layer. \
             Theory is for weights drawn independently, with the mean squares of this layer's own, in the \
             limit of wide layers",
        ),
        file::<HistogramLine>("the weights of a layer before training"),
        file::<StepLine>(
            "a layer of a trial after a number of its first optimizer steps; means are over the probe samples \
             and the units of the layer",
        ),
    ]
}

/// A doc comment without links to other items.
fn plain(doc: &str) -> String {
    let (mut out, mut rest) = (String::new(), doc.trim());
    while let Some(start) = rest.find("[`") {
        out.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        let Some(end) = rest.find(']') else { break };
        out.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        if let Some(target) = rest.strip_prefix('(') {
            rest = target.split_once(')').map_or("", |(_, after)| after);
        }
    }
    out + rest
}

fn range(column: &Column) -> String {
    match column.domain.range() {
        (0.0, f64::INFINITY) => "0 or more".to_owned(),
        (f64::NEG_INFINITY, f64::INFINITY) => "any".to_owned(),
        (low, high) => format!("{low} to {high}"),
    }
}

/// Every column, or those of the file `name` (`summary` or `summary.csv`).
pub(super) fn columns(format: Format, name: Option<&str>) -> Result<()> {
    let mut files = files();
    if let Some(name) = name {
        let names: Vec<&str> = files.iter().map(|f| f.name).collect();
        let full = if name.ends_with(".csv") {
            name.to_owned()
        } else {
            format!("{name}.csv")
        };
        if !names.contains(&full.as_str()) {
            let message = format!("there is no table `{name}`");
            let help = catalog::suggest(&full, names, "tables");
            return Err(Error::new(Kind::Usage, message).help(help));
        }
        files.retain(|f| f.name == full);
    }
    match format {
        Format::Json => print_json(&files.iter().map(json_of).collect::<Vec<_>>()),
        Format::Markdown => print(&tables_markdown(&files, name.is_none())),
        Format::Text | Format::Schema => print(&text_of(&files, Style::detect())),
    }
}

fn json_of(file: &File) -> Json {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let column = |c: &ColumnDoc| {
        json!({
            "name": c.name, "holds": c.takes, "unit": text(c.unit), "range": text(&c.range),
            "empty": text(c.empty), "doc": c.doc,
        })
    };
    let columns: Vec<Json> = file.columns.iter().map(column).collect();
    json!({ "file": file.name, "row": file.doc, "columns": columns })
}

fn text_of(files: &[File], style: Style) -> String {
    let mut out = String::new();
    for (i, file) in files.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let head = format!("{}:", bold(file.name, style));
        entry(&mut out, &head, 0, &format!("a row is {}", file.doc), style.width);
        for column in &file.columns {
            let mut facts = vec![column.takes.to_owned()];
            facts.extend(
                [column.unit, &column.range]
                    .iter()
                    .filter(|f| !f.is_empty())
                    .map(|f| (*f).to_owned()),
            );
            if !column.empty.is_empty() {
                facts.push(format!("empty: {}", column.empty));
            }
            let text = format!("{} ({})", column.doc, facts.join("; "));
            entry(&mut out, &format!("  {}", column.name), 32, &text, style.width);
        }
    }
    out
}

/// The tables, for a document.
fn tables_markdown(files: &[File], manifest: bool) -> String {
    let coordinates = Axis::ALL.len();
    let mut out = String::new();
    for (i, file) in files.iter().enumerate() {
        out.push_str(&format!(
            "### `{}`\n\nA row is {}.",
            file.name,
            markdown_cell(file.doc)
        ));
        // Coordinates are the same everywhere, and told once.
        let shared = match (i, file.name) {
            (0, _) => 0,
            (_, format::SUMMARY) => Axis::CELL.len(),
            _ => coordinates,
        };
        if shared > 0 {
            let what = if shared == coordinates {
                "All"
            } else {
                "The axes of the grid"
            };
            out.push_str(&format!(
                " {what} of the coordinates come first, as in `{}`.",
                files[0].name
            ));
        }
        out.push_str("\n\n| Column | Holds | Unit | Range | Empty where | Meaning |\n| --- | --- | --- | --- | --- | --- |\n");
        for c in &file.columns[shared..] {
            let cells = [c.takes, c.unit, &c.range, c.empty, &c.doc].map(markdown_cell);
            out.push_str(&format!("| `{}` | {} |\n", c.name, cells.join(" | ")));
        }
        out.push('\n');
    }
    if manifest {
        out.push_str(&format!(
            "### `{}`\n\n| Key | Meaning |\n| --- | --- |\n",
            format::MANIFEST
        ));
        for (key, doc) in KEYS {
            out.push_str(&format!("| `{key}` | {} |\n", markdown_cell(doc)));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::directory::{PROBED, TRAINED};

    #[test]
    fn every_column_says_what_it_is_and_when_it_is_empty() {
        let files = files();
        let mut names: Vec<&str> = files.iter().map(|f| f.name).collect();
        let mut written = [&TRAINED[..], &PROBED[..]].concat();
        names.sort_unstable();
        written.sort_unstable();
        assert_eq!(names, written);
        for file in &files {
            for column in &file.columns {
                assert!(
                    column.doc.len() > 3,
                    "{} {}: {:?}",
                    file.name,
                    column.name,
                    column.doc
                );
                assert!(
                    !column.doc.contains("]("),
                    "{} {}: {}",
                    file.name,
                    column.name,
                    column.doc
                );
            }
        }
        let summary = &files[1];
        let column = |name: &str| summary.columns.iter().find(|c| c.name == name).unwrap();
        let low = column("test_accuracy_iqm_low");
        assert!(
            low.doc.contains("Student's t") && low.doc.contains("statistics_version"),
            "{}",
            low.doc
        );
        assert_eq!((low.unit, low.range.as_str()), ("fraction", "0 to 1"));
        assert_eq!(low.empty, "regression; no test samples; one trial only");
        assert_eq!((column("trials").empty, column("rank").empty), ("", ""));
        let coordinate = |name: &str| {
            let c = column(name);
            (c.unit, c.range.as_str())
        };
        assert_eq!(coordinate("label_noise"), ("fraction", "0 to 1"));
        assert_eq!(coordinate("learning_rate"), ("per step", "0 or more"));
        assert_eq!(coordinate("batch_size"), ("samples", "0 or more"));
    }

    #[test]
    fn links_are_left_out_of_docs() {
        assert_eq!(
            plain(" A [`b`](crate::b) and [`c::d`], no [0, 1]."),
            "A `b` and `c::d`, no [0, 1]."
        );
    }
}
