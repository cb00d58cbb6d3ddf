//! What the columns of a CSV file are for, and reading its lines.

use std::io::Read;
use std::path::{Path, PathBuf};

use ::csv::{ByteRecord, ReaderBuilder, Trim};

use crate::data::file::Source;
use crate::support::catalog::{self, Spec, Value};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::{counted, excerpt};

/// What each column is for, decided by the first line of the first file.
pub(super) struct Layout {
    pub(super) path: PathBuf,
    pub(super) names: Option<Vec<String>>,
    pub(super) width: usize,
    pub(super) labels: Vec<usize>,
    /// Whether a column is neither label nor ignored.
    pub(super) feature: Vec<bool>,
}

impl Layout {
    pub(super) fn new(path: &Path, first: &ByteRecord, header: bool, spec: &Spec) -> Result<Layout> {
        let mut layout = Layout {
            path: path.to_owned(),
            names: header.then(|| texts(first)),
            width: first.len(),
            labels: Vec::new(),
            feature: vec![true; first.len()],
        };
        layout.labels = match spec.value("label") {
            None => vec![first.len().saturating_sub(1)],
            Some(Value::List(columns)) => layout.columns("label", &columns)?,
            Some(column) => layout.columns("label", &[column])?,
        };
        if layout.labels.is_empty() || (layout.labels.len() > 1 && spec.text("task") != "regression") {
            let message = format!("`label` names {} columns", layout.labels.len());
            let help = "one column for classification, one or more for task = \"regression\"";
            return Err(Error::new(Kind::Experiment, message).help(help));
        }
        let ignored = match spec.value("ignore") {
            Some(Value::List(columns)) => layout.columns("ignore", &columns)?,
            _ => Vec::new(),
        };
        for &column in layout.labels.iter().chain(&ignored) {
            layout.feature[column] = false;
        }
        if !layout.feature.contains(&true) {
            let message = format!("{} has no columns left for features", path.display());
            return Err(Error::new(Kind::Data, message).help("is `delimiter` right?"));
        }
        Ok(layout)
    }

    /// Positions of columns given by name or by number from 1.
    fn columns(&self, key: &str, columns: &[Value]) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        for column in columns {
            let position = match column {
                Value::Integer(n) => usize::try_from(*n)
                    .ok()
                    .filter(|n| (1..=self.width).contains(n))
                    .map(|n| n - 1),
                Value::Text(name) => self
                    .names
                    .as_ref()
                    .and_then(|names| names.iter().position(|n| n == name)),
                _ => None,
            };
            if let (Some(names), Value::Text(name)) = (&self.names, column)
                && names.iter().filter(|n| *n == name).count() > 1
            {
                let message = format!("{}: `{key}` names several columns: `{name}`", self.path.display());
                return Err(Error::new(Kind::Data, message).help("say which by its number, from 1"));
            }
            let Some(position) = position.filter(|p| !found.contains(p)) else {
                let message = match position {
                    Some(_) => format!(
                        "{}: `{key}` names the column `{column}` twice",
                        self.path.display()
                    ),
                    None => format!(
                        "{}: `{key}` names a column that is not there: `{column}`",
                        self.path.display()
                    ),
                };
                let error = Error::new(Kind::Data, message);
                return Err(match (&self.names, column) {
                    (Some(names), Value::Text(name)) => error.help(catalog::suggest(
                        name,
                        names.iter().map(String::as_str),
                        "columns",
                    )),
                    (None, Value::Text(_)) => {
                        error.help("the file has no header: use column numbers from 1, or header = true")
                    }
                    _ => error.help(format!("columns are numbered from 1 to {}", self.width)),
                });
            };
            found.push(position);
        }
        Ok(found)
    }

    pub(super) fn number(&self, path: &Path, record: &ByteRecord, column: usize, cell: &[u8]) -> Result<f32> {
        // Small whole numbers, the bulk of image data.
        if let [a @ b'0'..=b'9'] = cell {
            return Ok(f32::from(a - b'0'));
        }
        if is_missing(cell) {
            return Err(self.complain(path, record, column, "the value is missing"));
        }
        let parsed = std::str::from_utf8(cell)
            .ok()
            .and_then(|text| text.parse::<f32>().ok());
        match parsed {
            Some(x) if x.is_finite() => Ok(x),
            Some(_) => {
                let what = format!("`{}` is not a finite 32-bit number", shown(cell));
                Err(self.complain(path, record, column, &what))
            }
            None => {
                let what = format!("`{}` is not a number", shown(cell));
                let error = self.complain(path, record, column, &what);
                Err(error
                    .help("leave a column out with ignore = [..]; a first line of names needs header = true"))
            }
        }
    }

    pub(super) fn complain(&self, path: &Path, record: &ByteRecord, column: usize, what: &str) -> Error {
        let line = record.position().map_or(0, ::csv::Position::line);
        let name = self.names.as_ref().and_then(|n| n.get(column));
        let name = name.map_or(String::new(), |n| format!(" (`{}`)", shown(n.as_bytes())));
        let message = format!(
            "{}, line {line}, column {}{name}: {what}",
            path.display(),
            column + 1
        );
        Error::new(Kind::Data, message)
    }
}

/// The lines of one file, all of the same number of cells.
pub(super) struct Lines {
    path: PathBuf,
    reader: ::csv::Reader<Bounded>,
    pub(super) record: ByteRecord,
}

impl Lines {
    pub(super) fn new(source: Source, spec: &Spec) -> Result<Lines> {
        let text = spec.text("delimiter");
        let delimiter = match text.as_bytes() {
            [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => *one,
            _ if text == "tab" => b'\t',
            _ => {
                let message = format!("`delimiter` must be one ASCII character or \"tab\", not `{text}`");
                return Err(Error::new(Kind::Experiment, message));
            }
        };
        Ok(Lines {
            path: source.path().to_owned(),
            reader: ReaderBuilder::new()
                .delimiter(delimiter)
                .has_headers(false)
                .trim(Trim::All)
                .from_reader(Bounded { source, length: 0 }),
            record: ByteRecord::new(),
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<ByteRecord>> {
        Ok(self.advance()?.then(|| self.record.clone()))
    }

    pub(super) fn advance(&mut self) -> Result<bool> {
        self.reader
            .read_byte_record(&mut self.record)
            .map_err(|e| match e.into_kind() {
                ::csv::ErrorKind::UnequalLengths {
                    pos,
                    expected_len,
                    len,
                } => {
                    let line = pos.map_or(0, |p| p.line());
                    let message = format!(
                        "{}, line {line}: {}, but the first line has {expected_len}",
                        self.path.display(),
                        counted(len, "cell")
                    );
                    Error::new(Kind::Data, message)
                }
                ::csv::ErrorKind::Io(e) => Error::new(Kind::Data, e.to_string()),
                other => Error::new(Kind::Data, format!("{}: {other:?}", self.path.display())),
            })
    }
}

/// No line of a table is longer; a device, or a file of zeros, would fill the memory.
const LONGEST_LINE: u64 = 64 << 20;

/// A source that refuses lines that never end.
struct Bounded {
    source: Source,
    /// Bytes since the last line break.
    length: u64,
}

impl Read for Bounded {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.source.read(out)?;
        match out[..n].iter().rposition(|b| *b == b'\n') {
            Some(last) => self.length = (n - last - 1) as u64,
            None => self.length += n as u64,
        }
        if self.length > LONGEST_LINE {
            let path = self.source.path().display();
            let message = format!("{path} has a line of more than {LONGEST_LINE} bytes: it is no table");
            return Err(std::io::Error::other(message));
        }
        Ok(n)
    }
}

pub(super) fn texts(record: &ByteRecord) -> Vec<String> {
    record
        .iter()
        .map(|cell| String::from_utf8_lossy(cell).into_owned())
        .collect()
}

pub(super) fn is_header(first: &ByteRecord, spec: &Spec) -> bool {
    match spec.value("header") {
        Some(Value::Flag(flag)) => flag,
        _ => !first
            .iter()
            .any(|cell| std::str::from_utf8(cell).is_ok_and(|t| t.parse::<f64>().is_ok())),
    }
}

/// Empty, or one of the usual words for "not known".
fn is_missing(cell: &[u8]) -> bool {
    cell.is_empty()
        || ["na", "n/a", "nan", "null", "none", "?"]
            .iter()
            .any(|w| cell.eq_ignore_ascii_case(w.as_bytes()))
}

/// A cell for a message.
fn shown(cell: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(cell))
}
