//! Tables: streaming writers and readers of `trials.csv`, `epochs.csv` and `layers.csv`.
//!
//! Rows must arrive in the order of [`crate::table::order::compare`]; nothing is held in memory. The
//! bytes depend on the rows alone: `\n` line ends, shortest round-trip numbers, quotes only where
//! a message needs them.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::ops::Range;
use std::path::Path;

use crate::experiment::{Axis, Coordinates};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::excerpt;

use crate::row::{BadValue, Column, RowPart};
use crate::table::coordinates::Columns;
use crate::table::format;
use crate::table::record::{EpochRow, LayerRow, TrialRecord, TrialRow};

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `trials.csv`.
    Trials,
    /// `epochs.csv`.
    Epochs,
    /// `layers.csv`.
    Layers,
}

/// The column that follows the coordinates in every table of trials.
pub(super) const TRIAL_ID: Column = TrialRow::COLUMNS[0];

impl Table {
    /// The tables, in the order in which they are written.
    pub const ALL: [Table; 3] = [Table::Trials, Table::Epochs, Table::Layers];

    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Table::Trials => format::TRIALS,
            Table::Epochs => format::EPOCHS,
            Table::Layers => format::LAYERS,
        }
    }

    /// Its columns, in order.
    pub fn columns(self) -> Vec<Column> {
        let rest: &[Column] = match self {
            Table::Trials => &TrialRow::COLUMNS[1..],
            Table::Epochs => EpochRow::COLUMNS,
            Table::Layers => LayerRow::COLUMNS,
        };
        [Coordinates::COLUMNS, &[TRIAL_ID], rest].concat()
    }
}

pub struct Writer<W: Write> {
    table: Table,
    columns: Columns,
    out: csv::Writer<W>,
    /// The cells that begin every row of a record.
    head: csv::StringRecord,
    row: csv::StringRecord,
}

impl<W: Write> Writer<W> {
    /// Begins `table` in `out` with its header, all columns included. `out` need not be buffered.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn new(table: Table, out: W) -> Result<Self> {
        Writer::without_column(table, &[], out)
    }

    /// As [`Writer::new`], without the optional columns of `axes`.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn without_column(table: Table, axes: &[Axis], out: W) -> Result<Self> {
        let mut out = writer(out);
        let columns = Columns::without(axes);
        out.write_record(columns.narrow(table.columns().iter().map(|c| c.name)))
            .map_err(|e| unwritable(table.file(), &e))?;
        Ok(Writer {
            table,
            columns,
            out,
            head: csv::StringRecord::new(),
            row: csv::StringRecord::new(),
        })
    }

    /// Adds the rows that `record` has in this table.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn push(&mut self, record: &TrialRecord) -> Result<()> {
        let head = &mut self.head;
        head.clear();
        record.coordinates.write(&mut |cell| head.push_field(cell));
        match self.table {
            Table::Trials => self.line(&record.trial)?,
            Table::Epochs => {
                self.head.push_field(&record.trial.trial_id);
                for row in &record.epochs {
                    self.line(row)?;
                }
            }
            Table::Layers => {
                self.head.push_field(&record.trial.trial_id);
                for row in &record.layers {
                    self.line(row)?;
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, cells: &impl RowPart) -> Result<()> {
        let row = &mut self.row;
        row.clone_from(&self.head);
        cells.write(&mut |cell| row.push_field(cell));
        self.out
            .write_record(self.columns.narrow(row.iter()))
            .map_err(|e| unwritable(self.table.file(), &e))
    }

    /// Writes what is still buffered and hands `out` back.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(self) -> Result<W> {
        let file = self.table.file();
        self.out
            .into_inner()
            .map_err(|e| Error::new(Kind::Io, format!("cannot write {file}: {}", e.error())))
    }
}

/// A CSV writer with this crate's dialect.
pub(crate) fn writer<W: Write>(out: W) -> csv::Writer<W> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .flexible(false)
        .from_writer(out)
}

fn unwritable(file: &str, error: &csv::Error) -> Error {
    Error::new(Kind::Io, format!("cannot write {file}: {error}"))
}

/// A row of a table as read.
pub trait Row: Sized {
    /// Name of the table, for messages.
    const FILE: &'static str;
    /// All columns, in order.
    fn columns() -> Vec<Column>;
    /// Reads one record.
    ///
    /// # Errors
    /// A cell that does not hold what its column promises.
    fn read(record: &csv::StringRecord) -> std::result::Result<Self, BadValue>;
}

/// A row of `trials.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialLine {
    /// Where the trial stands.
    pub coordinates: Coordinates,
    /// What became of it.
    pub trial: TrialRow,
}

/// A row of a table that has several rows for a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesLine<R> {
    /// Where the trial stands in the grid.
    pub coordinates: Coordinates,
    /// Digest of the trial.
    pub trial_id: String,
    /// The cells behind those.
    pub row: R,
}

/// Cells that have a table of their own.
pub trait Series: RowPart {
    /// Name of its file.
    const FILE: &'static str;
}

impl Series for EpochRow {
    const FILE: &'static str = format::EPOCHS;
}

impl Series for LayerRow {
    const FILE: &'static str = format::LAYERS;
}

/// A row of `epochs.csv`.
pub type EpochLine = SeriesLine<EpochRow>;

/// A row of `layers.csv`.
pub type LayerLine = SeriesLine<LayerRow>;

pub(super) const HEAD: usize = Coordinates::COLUMNS.len();

impl Row for TrialLine {
    const FILE: &'static str = format::TRIALS;
    fn columns() -> Vec<Column> {
        Table::Trials.columns()
    }
    fn read(record: &csv::StringRecord) -> std::result::Result<Self, BadValue> {
        Ok(TrialLine {
            coordinates: Coordinates::read(record, 0)?,
            trial: TrialRow::read(record, HEAD)?,
        })
    }
}

impl<R: Series> Row for SeriesLine<R> {
    const FILE: &'static str = R::FILE;
    fn columns() -> Vec<Column> {
        [Coordinates::COLUMNS, &[TRIAL_ID], R::COLUMNS].concat()
    }
    fn read(record: &csv::StringRecord) -> std::result::Result<Self, BadValue> {
        Ok(SeriesLine {
            coordinates: Coordinates::read(record, 0)?,
            trial_id: record.get(HEAD).unwrap_or_default().to_owned(),
            row: R::read(record, HEAD + 1)?,
        })
    }
}

/// Reads one table, row by row. After an error there are no more rows.
pub struct Reader<R: Row, S: Read> {
    name: String,
    columns: Columns,
    input: csv::Reader<S>,
    narrow: csv::StringRecord,
    /// The row read last, all columns included.
    record: csv::StringRecord,
    failed: bool,
    row: std::marker::PhantomData<R>,
}

impl<R: Row> Reader<R, BufReader<File>> {
    /// Opens the table in the file at `path`.
    ///
    /// # Errors
    /// It cannot be read, or is not such a table.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("read", path, &e))?;
        Reader::new(&path.display().to_string(), BufReader::new(file))
    }
}

impl<R: Row, S: Read> Reader<R, S> {
    /// Reads the table in `input`; `name` is what messages call it.
    ///
    /// # Errors
    /// The header is not this table's.
    pub fn new(name: &str, input: S) -> Result<Self> {
        let mut input = csv::ReaderBuilder::new().from_reader(input);
        let header = input.headers().map_err(|e| unreadable(name, &e))?;
        let columns = Columns::of_header(header.iter());
        let expected: Vec<Column> = columns.narrow(R::columns().into_iter()).collect();
        check_header(name, header, &expected)?;
        Ok(Reader {
            name: name.to_owned(),
            columns,
            input,
            narrow: csv::StringRecord::new(),
            record: csv::StringRecord::new(),
            failed: false,
            row: std::marker::PhantomData,
        })
    }
}

impl<'t, R: Row> Reader<R, &'t [u8]> {
    /// Reads rows of the table `name` that stand in `text` without a header.
    pub(crate) fn of_rows(name: &str, columns: &Columns, text: &'t [u8]) -> Self {
        let mut input = csv::ReaderBuilder::new();
        input
            .has_headers(false)
            .buffer_capacity(text.len().clamp(1, 1 << 16));
        Reader {
            name: name.to_owned(),
            columns: columns.clone(),
            input: input.from_reader(text),
            narrow: csv::StringRecord::new(),
            record: csv::StringRecord::new(),
            failed: false,
            row: std::marker::PhantomData,
        }
    }
}

impl<R: Row, S: Read> Iterator for Reader<R, S> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Result<R>> {
        if self.failed {
            return None;
        }
        let result = match self.advance() {
            Ok(false) => return None,
            Ok(true) => R::read(&self.record).map_err(|bad| self.misread(bad)),
            Err(error) => Err(error),
        };
        self.failed = result.is_err();
        Some(result)
    }
}

impl<R: Row, S: Read> Reader<R, S> {
    /// Goes to the next row without reading its cells; `false` at the end.
    ///
    /// # Errors
    /// The text there is no row of this table.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        let read = match self.columns.are_all() {
            true => self.input.read_record(&mut self.record),
            false => {
                let read = self.input.read_record(&mut self.narrow);
                self.columns.widen(&self.narrow, &mut self.record);
                read
            }
        };
        read.map_err(|e| unreadable(&self.name, &e))
    }

    /// The bytes of the input in which the row read last stands, its line end included.
    pub(crate) fn bytes(&self) -> Range<u64> {
        let start = self.record.position().map_or(0, csv::Position::byte);
        start..self.input.position().byte()
    }

    /// The digest of the trial that the row read last belongs to.
    pub(crate) fn trial_id(&self) -> &str {
        self.record.get(HEAD).unwrap_or_default()
    }

    /// Which of the optional columns the table lacks.
    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The cells of the row read last, for columns chosen by name.
    pub fn record(&self) -> &csv::StringRecord {
        &self.record
    }

    /// File and line of the row read last, for messages.
    pub(crate) fn place(&self) -> String {
        let line = self.record.position().map_or(0, csv::Position::line);
        format!("{}:{line}", self.name)
    }

    fn misread(&self, bad: BadValue) -> Error {
        let place = self.place();
        let column = R::columns().get(bad.column).map_or("?", |c| c.name);
        let message = match self.record.get(bad.column) {
            None | Some("") => format!("{place}: `{column}` is empty"),
            Some(cell) => format!("{place}: `{column}` is `{}`", excerpt(cell)),
        };
        Error::new(Kind::Store, message).help(format!("it should hold {}", bad.expected))
    }
}

/// What is wrong with a file that is not valid CSV, with its line.
pub(crate) fn unreadable(name: &str, error: &csv::Error) -> Error {
    let line = error.position().map(csv::Position::line);
    let place = line.map_or(name.to_owned(), |line| format!("{name}:{line}"));
    let what = match error.kind() {
        csv::ErrorKind::Io(e) => return Error::new(Kind::Io, format!("cannot read {name}: {e}")),
        csv::ErrorKind::Utf8 { .. } => "not UTF-8 text".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} cells where the header has {expected_len}"),
        _ => error.to_string(),
    };
    let error = Error::new(Kind::Store, format!("{place}: {what}"));
    error.help("a table cut short or edited by hand? `goodinit grid EXPERIMENT --fresh` writes it anew")
}

fn check_header(name: &str, header: &csv::StringRecord, expected: &[Column]) -> Result<()> {
    if header.iter().eq(expected.iter().map(|c| c.name)) {
        return Ok(());
    }
    let missing = expected.iter().find(|c| !header.iter().any(|h| h == c.name));
    let unknown = header.iter().find(|h| !expected.iter().any(|c| c.name == *h));
    let message = match (missing, unknown) {
        _ if header.is_empty() => format!("{name} is empty: not even a header"),
        (Some(column), _) => format!("{name}:1: the column `{}` is missing", column.name),
        (None, Some(column)) => format!("{name}:1: unknown column `{}`", excerpt(column)),
        (None, None) => format!("{name}:1: the columns are not in this version's order"),
    };
    let help = format!(
        "this program reads tables of format_version {} (see manifest.toml)",
        format::FORMAT_VERSION
    );
    Err(Error::new(Kind::Store, message).help(help))
}

#[cfg(test)]
mod tests;
