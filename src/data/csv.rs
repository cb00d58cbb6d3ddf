//! Tables in CSV, gzipped or not: numeric features, numeric or categorical label, or real-valued
//! targets. Every complaint names file, line and column.

mod columns;
mod labels;
mod lines;
mod schema;

use std::path::{Path, PathBuf};

use self::columns::Column;
use self::labels::Labels;
use self::lines::{Dialect, Lines, Record, shown};
use self::schema::{SAMPLE, Schema, header};
use super::file::{DataFile, reserve};
use super::{Dataset, Environment, Features, KnownDataset, Targets};
use crate::support::catalog::{Entry, Parameter, ParameterKind, Spec, Value};
use crate::support::error::{Error, Kind, Result};

/// More different labels than this are taken for a regression target by mistake.
const MOST_CLASSES: usize = 10_000;

pub(super) static ITEM: KnownDataset = KnownDataset::brought(
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
                "whether the first line names the columns; default: if words or counting numbers stand over numbers",
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
                "what separates cells: one character, \"tab\", or \"whitespace\" for runs of blanks",
            ),
            Parameter::choice("decimal", ".", &[".", ","], "the decimal separator"),
            Parameter::flag("quotes", true, "whether a cell may stand in double quotes"),
            Parameter::optional(
                "missing",
                ParameterKind::List,
                "words for a value that is not known, in place of NA, null, none, nan and the like",
            ),
            Parameter::flag(
                "unseen_classes",
                false,
                "accept classes in the test file that the training file does not have",
            ),
        ],
    },
    "as in the file",
    "a file you bring",
    load,
)
.tabular();

fn load(spec: &Spec, _seed: u64, _: &Environment) -> Result<Dataset> {
    let train = DataFile::open(&PathBuf::from(spec.text("path")))?;
    let test = match spec.value("test_path") {
        Some(Value::Text(path)) => Some(DataFile::open(&PathBuf::from(path))?),
        _ => None,
    };
    read(train, test, spec)
}

/// About how many features and targets a table has, by what its first rows take of the file.
pub(super) fn estimated_values(source: DataFile, spec: &Spec) -> Option<u64> {
    let dialect = Dialect::of(spec).ok()?;
    let mut lines = Lines::new(source, &dialect);
    let (_, sample) = begin(&mut lines).ok()??;
    let cells: u64 = sample.iter().map(|record| record.len() as u64).sum();
    let (read, all) = lines.progress();
    let values = u128::from(all) * u128::from(cells) / u128::from(read.max(1));
    Some(u64::try_from(values).unwrap_or(u64::MAX / 4))
}

/// Reads one table, or two of the same columns, the second as the official test part.
pub(super) fn read(train: DataFile, test: Option<DataFile>, spec: &Spec) -> Result<Dataset> {
    let dialect = Dialect::of(spec)?;
    let train_path = train.path().to_owned();
    let mut table = Table::new(train, &dialect, spec)?;
    let rows = table.rows;
    let Some(test) = test else {
        return table.finish();
    };
    let test_path = test.path().to_owned();
    // An index goes on or begins anew in the second file.
    let counting = table.counting.clone();
    table.append(test, spec)?;
    table.counting = counting;
    if table.rows == rows {
        return Err(Error::new(
            Kind::Data,
            format!("{} has no rows", test_path.display()),
        ));
    }
    let mut dataset = table.finish()?;
    dataset.official_test = Some(rows..dataset.rows);
    dataset.compare_parts(&train_path, &test_path, spec.flag("unseen_classes"))?;
    Ok(dataset)
}

/// A table as it grows.
struct Table<'a> {
    dialect: &'a Dialect,
    schema: Schema,
    rows: usize,
    features: Values,
    targets: Vec<f64>,
    labels: Labels,
    /// What the values of each column suggest; nothing for those that are no features.
    columns: Vec<Column>,
    /// The values of one row, with their columns.
    row: Vec<(usize, f64)>,
    /// Of columns that have counted the rows so far: from which number.
    counting: Vec<Option<f64>>,
    /// The line of a sample that is the line of names again.
    repeated: Option<u64>,
}

/// The first line of a file, and the rows that follow, as far as they are looked at together.
fn begin(lines: &mut Lines<'_>) -> Result<Option<(Record, Vec<Record>)>> {
    if !lines.advance()? {
        return Ok(None);
    }
    let first = lines.record.clone();
    let mut sample = Vec::new();
    while sample.len() < SAMPLE && lines.advance()? {
        sample.push(lines.record.clone());
    }
    Ok(Some((first, sample)))
}

impl<'a> Table<'a> {
    fn new(source: DataFile, dialect: &'a Dialect, spec: &Spec) -> Result<Table<'a>> {
        let path = source.path().to_owned();
        let mut lines = Lines::new(source, dialect);
        let Some((first, sample)) = begin(&mut lines)? else {
            return Err(Error::new(Kind::Data, format!("{} is empty", path.display())));
        };
        let schema = Schema::decide(&path, &first, &sample, dialect, spec)?;
        let mut table = Table {
            dialect,
            counting: vec![None; schema.width],
            repeated: None,
            columns: vec![Column::default(); schema.width],
            row: Vec::new(),
            schema,
            rows: 0,
            features: Values::Bytes(Vec::new()),
            targets: Vec::new(),
            labels: Labels::default(),
        };
        if table.schema.names.is_none() {
            table.push(&path, &first)?;
        }
        table.take_all(lines, &sample)?;
        Ok(table)
    }

    /// Adds the rows of a second file with the same columns.
    fn append(&mut self, source: DataFile, spec: &Spec) -> Result<()> {
        let path = source.path().to_owned();
        let mut lines = Lines::new(source, self.dialect);
        let Some((first, sample)) = begin(&mut lines)? else {
            return Ok(());
        };
        if first.len() != self.schema.width {
            let message = format!(
                "{} has {} columns, but {} has {}",
                path.display(),
                first.len(),
                self.schema.path.display(),
                self.schema.width
            );
            return Err(Error::new(Kind::Data, message));
        }
        let same = self.schema.names.as_ref() == Some(&first.texts());
        if !same && !header(&path, &first, &sample, self.dialect, spec)?.0 {
            self.push(&path, &first)?;
        } else if !same && self.schema.names.is_some() {
            let message = format!(
                "{} and {} name their columns differently",
                path.display(),
                self.schema.path.display()
            );
            return Err(Error::new(Kind::Data, message));
        }
        self.take_all(lines, &sample)
    }

    fn take_all(&mut self, mut lines: Lines<'_>, sample: &[Record]) -> Result<()> {
        let path = lines.path.clone();
        for record in sample {
            self.push(&path, record)?;
        }
        // Room for the rest at once, by what the rows so far have taken of the file.
        let (read, all) = lines.progress();
        if sample.len() == SAMPLE && read < all {
            let more = (all - read) as u128 * sample.len() as u128 / u128::from(read.max(1));
            let columns = self.schema.feature.iter().filter(|f| **f).count();
            let values = usize::try_from(more * columns as u128).unwrap_or(usize::MAX);
            self.features.reserve(values, &path)?;
        }
        while lines.advance()? {
            self.push(&path, &lines.record)?;
        }
        if self.rows == 0 {
            return Err(Error::new(Kind::Data, format!("{} has no rows", path.display())));
        }
        Ok(())
    }

    fn number(&self, path: &Path, record: &Record, column: usize) -> Result<f64> {
        let cell = record.get(column);
        // Small whole numbers, the bulk of image data.
        if let [a @ b'0'..=b'9'] = cell {
            return Ok(f64::from(a - b'0'));
        }
        let complain = |what: &str| self.schema.complain(path, record, column, what);
        if self.dialect.is_missing(cell) {
            let error = complain("the value is missing");
            let empty = (0..record.len()).all(|c| record.get(c).is_empty());
            let nameless = self.schema.name(column) == Some("");
            return Err(match cell.is_empty() {
                true if empty && column == 0 => {
                    error.help("no cell of the line has a value: remove the line")
                }
                true if column + 1 == self.schema.width && column > 0 => {
                    error.help("does every line end in a delimiter? ignore the empty column")
                }
                true if nameless => {
                    let help =
                        "a spreadsheet's empty column? ignore = [..] takes its number and those that follow";
                    error.help(help)
                }
                _ => error,
            });
        }
        let text = self.dialect.decimal_text(cell);
        match text.and_then(|text| text.parse::<f64>().ok()) {
            Some(x) if (x as f32).is_finite() => Ok(x),
            Some(_) => Err(complain(&format!(
                "`{}` is not a finite 32-bit number",
                shown(cell)
            ))),
            None => {
                Err(complain(&format!("`{}` is not a number", shown(cell))).help(self.dialect.advice(cell)))
            }
        }
    }

    fn push(&mut self, path: &Path, record: &Record) -> Result<()> {
        if self.schema.is_header_again(record) && !self.schema.names_are_numbers(self.dialect) {
            let what = format!(
                "{}, line {}: the names of the columns again",
                path.display(),
                record.line
            );
            return Err(Error::new(Kind::Data, what)
                .help("files put together? keep the first line of the first only"));
        }
        if self.repeated.is_none() && self.schema.is_header_again(record) {
            self.repeated = Some(record.line);
        }
        self.row.clear();
        for column in 0..self.schema.width {
            if !self.schema.feature[column] {
                continue;
            }
            let value = self.number(path, record, column)?;
            self.features.push(value);
            self.row.push((column, value));
            let from = self.counting[column];
            if self.rows == 0 && (value == 0.0 || value == 1.0) {
                self.counting[column] = Some(value);
            } else if from.is_some_and(|from| value != from + self.rows as f64) {
                self.counting[column] = None;
            }
        }
        for i in 0..self.schema.labels.len() {
            let column = self.schema.labels[i];
            if self.schema.regression {
                let value = self.number(path, record, column)?;
                self.targets.push(value);
                continue;
            }
            let cell = record.get(column);
            let complain = |what: &str| self.schema.complain(path, record, column, what);
            if self.dialect.is_missing(cell) {
                let help = match cell {
                    b"" if column + 1 == self.schema.width => {
                        "does every line end in a delimiter? `label` names another column"
                    }
                    b"" => "every sample needs one: remove the line",
                    _ => "if that is a class, missing = [] lists the words that mean \"not known\"",
                };
                return Err(complain(&format!("the label is missing (`{}`)", shown(cell))).help(help));
            }
            if cell.contains(&b'\n') {
                let error = complain(&format!("the label `{}` goes on over several lines", shown(cell)));
                return Err(
                    error.help("a quote that is not closed? quotes = false takes quotes as part of the cell")
                );
            }
            self.labels.push(cell, self.dialect);
            if self.labels.classes() > MOST_CLASSES {
                let error = complain(&format!("more than {MOST_CLASSES} different labels"));
                return Err(error.help("for a real-valued target set task = \"regression\""));
            }
        }
        let class = self.labels.last();
        for &(column, value) in &self.row {
            self.columns[column].push(value, class);
        }
        self.rows += 1;
        Ok(())
    }

    fn finish(self) -> Result<Dataset> {
        let cols = self.schema.feature.iter().filter(|f| **f).count();
        let features = match self.features {
            Values::Bytes(v) => Features::U8(v),
            Values::Floats(v) => Features::F64(v),
        };
        let counts = |c: &usize| self.rows >= 10 && self.counting[*c].is_some();
        let counting: Vec<usize> = (0..self.schema.width).filter(counts).collect();
        let mut notes = self.schema.doubts(&counting);
        if let Some(line) = self.repeated {
            notes.push(format!(
                "line {line} is the line of names again: a sample, or a header among files put together?"
            ));
        }
        for (column, values) in self.columns.iter().enumerate().filter(|_| self.rows >= 10) {
            let name = self.schema.column(column);
            if let Some(code) = values.code() {
                notes.push(format!(
                    "{name} has the value {code} far from all others: a code for missing values? leave its rows \
                     out, or the column with ignore = [{}]",
                    column + 1
                ));
            }
            if values.copies_label() {
                notes.push(format!(
                    "{name} is the label in other words: each of its values stands at one class; ignore = [{}]",
                    column + 1
                ));
            }
        }
        let (mut class_names, outputs) = (Vec::new(), self.schema.labels.len());
        let targets = if self.schema.regression {
            let values = self.targets;
            Targets::Values { values, outputs }
        } else {
            let (labels, names, more) = self.labels.finish(&self.schema.path, self.dialect)?;
            notes.extend(more);
            let classes = names.len();
            class_names = names;
            Targets::Classes { labels, classes }
        };
        let mut dataset = Dataset::new("csv", cols, features, targets)?;
        dataset.class_names = class_names;
        dataset.reading = self.schema.describe(self.dialect);
        dataset.notes = notes;
        dataset.doubt_classes();
        Ok(dataset)
    }
}

/// Feature values, bytes until one does not fit.
enum Values {
    Bytes(Vec<u8>),
    Floats(Vec<f64>),
}

impl Values {
    fn push(&mut self, value: f64) {
        match self {
            Values::Bytes(bytes) if f64::from(value as u8) == value => bytes.push(value as u8),
            Values::Bytes(bytes) => {
                let mut floats: Vec<f64> = bytes.iter().map(|&b| f64::from(b)).collect();
                floats.push(value);
                *self = Values::Floats(floats);
            }
            Values::Floats(floats) => floats.push(value),
        }
    }

    fn reserve(&mut self, more: usize, path: &Path) -> Result<()> {
        match self {
            Values::Bytes(bytes) => reserve(bytes, more, path),
            Values::Floats(floats) => reserve(floats, more, path),
        }
    }
}

#[cfg(test)]
mod tests;
