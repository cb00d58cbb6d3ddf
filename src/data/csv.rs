//! Tables in CSV, gzipped or not: numeric features, numeric or categorical label, or real-valued
//! targets. Every complaint names file, line and column.

mod layout;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ::csv::ByteRecord;

use self::layout::{Layout, Lines, is_header, texts};
use super::file::Source;
use super::{Dataset, Environment, Features, Item, Targets};
use crate::support::catalog::{Entry, Parameter, ParameterKind, Spec, Value, number};
use crate::support::error::{Error, Kind, Result};

/// More different labels than this are taken for a regression target by mistake.
const MOST_CLASSES: usize = 10_000;

pub(super) static ITEM: Item = Item::brought(
    &Entry {
        name: "csv",
        aliases: &[],
        summary: "a table: numeric features, and a label (a number or a word) or real-valued targets",
        formula: "one sample per line; features standardized on the training part unless told otherwise",
        citation: "RFC 4180",
        parameters: &[
            Parameter::path(
                "path",
                "the file, relative to the working directory, gzipped or not",
            ),
            Parameter::optional(
                "test_path",
                ParameterKind::Text(&[]),
                "a second file, the official test part",
            ),
            Parameter::optional(
                "label",
                ParameterKind::Any,
                "the column to predict: its name, or its number from 1; a list of them for regression; default: the last",
            ),
            Parameter::optional(
                "header",
                ParameterKind::Flag,
                "whether the first line names the columns; default: if no cell of it is a number",
            ),
            Parameter::choice(
                "task",
                "classification",
                &["classification", "regression"],
                "whether the label is a class or a real value",
            ),
            Parameter::optional(
                "ignore",
                ParameterKind::List,
                "columns to leave out: names, or numbers from 1",
            ),
            Parameter::text(
                "delimiter",
                ",",
                "what separates cells: one character, or \"tab\"",
            ),
        ],
    },
    "as in the file",
    "a file you bring",
    load,
)
.tabular();

fn load(spec: &Spec, _seed: u64, _: &Environment) -> Result<Dataset> {
    let train = Source::open(&PathBuf::from(spec.text("path")))?;
    let test = match spec.value("test_path") {
        Some(Value::Text(path)) => Some(Source::open(&PathBuf::from(path))?),
        _ => None,
    };
    read(train, test, spec)
}

/// Reads one table, or two of the same columns, the second as the official test part.
pub(super) fn read(train: Source, test: Option<Source>, spec: &Spec) -> Result<Dataset> {
    let mut table = Table::new(train, spec)?;
    let rows = table.rows;
    if let Some(test) = test {
        let path = test.path().to_owned();
        table.append(test, spec)?;
        if table.rows == rows {
            return Err(Error::new(Kind::Data, format!("{} has no rows", path.display())));
        }
    }
    let mut dataset = table.finish()?;
    if dataset.rows > rows {
        dataset.official_test = Some(rows..dataset.rows);
    }
    Ok(dataset)
}

/// A table as it grows.
struct Table {
    layout: Layout,
    regression: bool,
    rows: usize,
    features: Values,
    targets: Vec<f32>,
    /// Numbers of the labels in order of appearance, and each row's.
    seen: BTreeMap<Vec<u8>, u32>,
    labels: Vec<u32>,
}

impl Table {
    fn new(source: Source, spec: &Spec) -> Result<Table> {
        let path = source.path().to_owned();
        let mut lines = Lines::new(source, spec)?;
        let Some(first) = lines.next()? else {
            return Err(Error::new(Kind::Data, format!("{} is empty", path.display())));
        };
        let header = is_header(&first, spec);
        let layout = Layout::new(&path, &first, header, spec)?;
        let mut table = Table {
            layout,
            regression: spec.text("task") == "regression",
            rows: 0,
            features: Values::Bytes(Vec::new()),
            targets: Vec::new(),
            seen: BTreeMap::new(),
            labels: Vec::new(),
        };
        if !header {
            table.push(&path, &first)?;
        }
        table.take_all(&path, lines)?;
        Ok(table)
    }

    /// Adds the rows of a second file with the same columns.
    fn append(&mut self, source: Source, spec: &Spec) -> Result<()> {
        let path = source.path().to_owned();
        let mut lines = Lines::new(source, spec)?;
        if let Some(first) = lines.next()? {
            if first.len() != self.layout.width {
                let message = format!(
                    "{} has {} columns, but {} has {}",
                    path.display(),
                    first.len(),
                    self.layout.path.display(),
                    self.layout.width
                );
                return Err(Error::new(Kind::Data, message));
            }
            if !is_header(&first, spec) {
                self.push(&path, &first)?;
            } else if self
                .layout
                .names
                .as_ref()
                .is_some_and(|names| *names != texts(&first))
            {
                let message = format!(
                    "{} and {} name their columns differently",
                    path.display(),
                    self.layout.path.display()
                );
                return Err(Error::new(Kind::Data, message));
            }
        }
        self.take_all(&path, lines)
    }

    fn take_all(&mut self, path: &Path, mut lines: Lines) -> Result<()> {
        while lines.advance()? {
            self.push(path, &lines.record)?;
        }
        if self.rows == 0 {
            return Err(Error::new(Kind::Data, format!("{} has no rows", path.display())));
        }
        Ok(())
    }

    fn push(&mut self, path: &Path, record: &ByteRecord) -> Result<()> {
        for (column, cell) in record.iter().enumerate() {
            if self.layout.feature.get(column) == Some(&true) {
                let value = self.layout.number(path, record, column, cell)?;
                self.features.push(value);
            }
        }
        for i in 0..self.layout.labels.len() {
            let column = self.layout.labels[i];
            let cell = record.get(column).unwrap_or_default();
            if self.regression {
                let value = self.layout.number(path, record, column, cell)?;
                self.targets.push(value);
                continue;
            }
            // A word like `none` may well be a class.
            if cell.is_empty() || cell == b"?" || cell.eq_ignore_ascii_case(b"nan") {
                return Err(self.layout.complain(path, record, column, "the label is missing"));
            }
            let next = self.seen.len() as u32;
            let number = match self.seen.get(cell) {
                Some(&number) => number,
                None => *self.seen.entry(cell.to_vec()).or_insert(next),
            };
            if self.seen.len() > MOST_CLASSES {
                let what = format!("more than {MOST_CLASSES} different labels");
                let error = self.layout.complain(path, record, column, &what);
                return Err(error.help("for a real-valued target set task = \"regression\""));
            }
            self.labels.push(number);
        }
        self.rows += 1;
        Ok(())
    }

    fn finish(self) -> Result<Dataset> {
        let cols = self.layout.feature.iter().filter(|f| **f).count();
        let features = match self.features {
            Values::Bytes(v) => Features::U8(v),
            Values::Floats(v) => Features::F32(v),
        };
        if self.regression {
            let outputs = self.layout.labels.len();
            return Dataset::new(
                "csv",
                cols,
                features,
                Targets::Values {
                    values: self.targets,
                    outputs,
                },
            );
        }
        let (order, class_names) = rank(&self.layout.path, &self.seen)?;
        let labels = self.labels.iter().map(|&l| order[l as usize]).collect();
        let classes = class_names.len();
        let mut dataset = Dataset::new("csv", cols, features, Targets::Classes { labels, classes })?;
        dataset.class_names = class_names;
        Ok(dataset)
    }
}

/// Feature values, bytes until one does not fit.
enum Values {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

impl Values {
    fn push(&mut self, value: f32) {
        match self {
            Values::Bytes(bytes) if f32::from(value as u8) == value => bytes.push(value as u8),
            Values::Bytes(bytes) => {
                let mut floats: Vec<f32> = bytes.iter().map(|&b| f32::from(b)).collect();
                floats.push(value);
                *self = Values::Floats(floats);
            }
            Values::Floats(floats) => floats.push(value),
        }
    }
}

/// Class numbers for the labels in order of appearance, and the classes' names: whole numbers in
/// ascending order (different spellings of one number are one class), words in byte order.
fn rank(path: &Path, seen: &BTreeMap<Vec<u8>, u32>) -> Result<(Vec<u16>, Vec<String>)> {
    let text = |label: &[u8]| String::from_utf8_lossy(label).into_owned();
    let numbers: Option<Vec<(f64, u32)>> = seen
        .iter()
        .map(|(label, &i)| Some((std::str::from_utf8(label).ok()?.parse::<f64>().ok()?, i)))
        .collect();
    let mut order = vec![0; seen.len()];
    let mut names: Vec<String> = Vec::new();
    let Some(mut numbers) = numbers else {
        for (class, (label, &i)) in seen.iter().enumerate() {
            order[i as usize] = class as u16;
            names.push(text(label));
        }
        return Ok((order, names));
    };
    if let Some((x, _)) = numbers.iter().find(|(x, _)| x.fract() != 0.0 || !x.is_finite()) {
        let message = format!(
            "{}: the label {x} is no class, which is a whole number or a word",
            path.display()
        );
        return Err(
            Error::new(Kind::Data, message).help("for a real-valued target set task = \"regression\"")
        );
    }
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut last = None;
    for (x, i) in numbers {
        // Adding +0 makes -0 the same class as 0.
        let x = x + 0.0;
        if last != Some(x) {
            names.push(number(x));
            last = Some(x);
        }
        order[i as usize] = (names.len() - 1) as u16;
    }
    Ok((order, names))
}

#[cfg(test)]
mod tests;
