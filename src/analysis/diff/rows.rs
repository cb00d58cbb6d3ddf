//! Rows of one table, in the order of their keys.

use std::cmp::Ordering;

use csv::ByteRecord;

use crate::experiment::Axis;
use crate::support::error::{Error, Kind, Result};

use crate::support::text::excerpt;
use crate::table::io::unreadable;
use crate::table::source::Bytes;

/// A column that rows are matched by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyColumn {
    pub name: &'static str,
    /// Whether its cells compare as numbers.
    pub number: bool,
}

/// The columns that identify a row wherever they occur, in order.
pub fn key_columns() -> impl Iterator<Item = KeyColumn> {
    let axes = Axis::ALL.into_iter().map(|axis| KeyColumn {
        name: axis.name(),
        number: axis.is_number(),
    });
    axes.chain(["epoch", "steps_taken", "layer"].map(|name| KeyColumn { name, number: true }))
}

/// The order of two cells: equal text is equal; numbers by value; text by bytes.
pub fn compare_values(a: &[u8], b: &[u8], number: bool) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    match (number, parse(a), parse(b)) {
        (true, Some(x), Some(y)) => x.total_cmp(&y),
        // What is not a number comes after all numbers.
        (true, Some(_), None) => Ordering::Less,
        (true, None, Some(_)) => Ordering::Greater,
        _ => a.cmp(b),
    }
}

/// The number in a cell.
pub fn parse(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// Why rows cannot be walked in order.
#[derive(Debug)]
pub enum RowsError {
    /// They are not sorted.
    Unsorted,
    /// Anything else.
    Failed(Error),
}

impl From<Error> for RowsError {
    fn from(error: Error) -> Self {
        RowsError::Failed(error)
    }
}

enum Input {
    Stream(Box<csv::Reader<Bytes>>),
    Sorted(std::vec::IntoIter<ByteRecord>),
}

/// The rows of a table, one after the other by ascending key.
pub struct Rows {
    name: String,
    input: Input,
    /// What is added to each row: see [`Opened::add_columns_of`].
    added: Vec<&'static str>,
    /// Positions of the key's cells, and whether they are numbers.
    key: Vec<(usize, bool)>,
    names: Vec<&'static str>,
    row: ByteRecord,
    before: ByteRecord,
    /// Rows read.
    pub count: u64,
}

/// The header of a table, and what follows it.
pub struct Opened {
    name: String,
    reader: csv::Reader<Bytes>,
    /// The names of the columns.
    pub header: Vec<String>,
    added: Vec<&'static str>,
}

/// Opens the table called `name`.
///
/// # Errors
/// It is not CSV, or has a column twice.
pub fn open(name: &str, bytes: Bytes) -> Result<Opened> {
    let mut reader = csv::ReaderBuilder::new()
        .buffer_capacity(1 << 18)
        .from_reader(bytes);
    let record = reader.byte_headers().map_err(|e| unreadable(name, &e))?;
    let header: Vec<String> = record
        .iter()
        .map(|h| String::from_utf8_lossy(h).into_owned())
        .collect();
    for (i, column) in header.iter().enumerate() {
        if header[..i].contains(column) {
            let message = format!("{name}:1: the column `{}` is there twice", excerpt(column));
            return Err(Error::new(Kind::Store, message));
        }
    }
    Ok(Opened {
        name: name.to_owned(),
        reader,
        header,
        added: Vec::new(),
    })
}

impl Opened {
    /// Adds the optional coordinates that `other` has and this table lacks, if it is one of ours: all
    /// its rows are at the default.
    pub fn add_columns_of(&mut self, other: &[String]) {
        if !self.header.iter().any(|name| Axis::named(name).is_some()) {
            return;
        }
        for axis in Axis::CELL {
            let has = |header: &[String]| header.iter().any(|h| h == axis.name());
            if let Some(default) = axis.default_without_column()
                && has(other)
                && !has(&self.header)
            {
                self.header.push(axis.name().to_owned());
                self.added.push(default);
            }
        }
    }

    /// Rows by ascending `key`, as they come; sorted in memory if `sort`.
    ///
    /// # Errors
    /// With `sort`, a row that cannot be read.
    pub fn rows(mut self, key: &[KeyColumn], sort: bool) -> Result<Rows> {
        let found = |k: &KeyColumn| {
            let i = self.header.iter().position(|h| h == k.name)?;
            Some(((i, k.number), k.name))
        };
        let (key, names): (Vec<(usize, bool)>, Vec<&'static str>) = key.iter().filter_map(found).unzip();
        let input = if sort {
            let mut all = Vec::new();
            for record in self.reader.byte_records() {
                let mut record = record.map_err(|e| unreadable(&self.name, &e))?;
                record.extend(&self.added);
                all.push(record);
            }
            all.sort_by(|a, b| compare_keys(a, &key, b, &key));
            Input::Sorted(all.into_iter())
        } else {
            Input::Stream(Box::new(self.reader))
        };
        Ok(Rows {
            name: self.name,
            input,
            added: self.added,
            key,
            names,
            row: ByteRecord::new(),
            before: ByteRecord::new(),
            count: 0,
        })
    }
}

fn compare_keys(
    a: &ByteRecord,
    a_key: &[(usize, bool)],
    b: &ByteRecord,
    b_key: &[(usize, bool)],
) -> Ordering {
    for ((i, number), (j, _)) in a_key.iter().zip(b_key) {
        let order = compare_values(
            a.get(*i).unwrap_or_default(),
            b.get(*j).unwrap_or_default(),
            *number,
        );
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

impl Rows {
    /// Goes to the next row; `false` at the end.
    ///
    /// # Errors
    /// A row that cannot be read, one whose key is that of the row before, or one that is out of
    /// order.
    pub fn advance(&mut self) -> std::result::Result<bool, RowsError> {
        std::mem::swap(&mut self.row, &mut self.before);
        let more = match &mut self.input {
            Input::Stream(reader) => {
                let more = reader
                    .read_byte_record(&mut self.row)
                    .map_err(|e| unreadable(&self.name, &e))?;
                self.row.extend(&self.added);
                more
            }
            Input::Sorted(rows) => match rows.next() {
                Some(row) => {
                    self.row = row;
                    true
                }
                None => false,
            },
        };
        if more && self.count > 0 {
            match compare_keys(&self.before, &self.key, &self.row, &self.key) {
                Ordering::Less => {}
                Ordering::Greater => return Err(RowsError::Unsorted),
                Ordering::Equal => return Err(self.duplicate().into()),
            }
        }
        self.count += u64::from(more);
        Ok(more)
    }

    fn duplicate(&self) -> Error {
        if self.names.is_empty() {
            let message = format!("{}: none of its columns is a coordinate", self.name);
            return Error::new(Kind::Store, message)
                .help("did a spreadsheet save it, with `;` between cells? put it back as it was");
        }
        let lines = match (self.before.position(), self.row.position()) {
            (Some(a), Some(b)) => format!(" (lines {} and {})", a.line(), b.line()),
            _ => String::new(),
        };
        let cells: Vec<String> = self.key().into_iter().map(|(_, text)| text).collect();
        let message = format!("{}: two rows are {}{lines}", self.name, cells.join(","));
        Error::new(Kind::Store, message).help("coordinates identify a row, so that rows can be matched")
    }

    /// The row it stands on.
    pub fn row(&self) -> &ByteRecord {
        &self.row
    }

    /// One cell of it, as text.
    pub fn text(&self, i: usize) -> String {
        String::from_utf8_lossy(self.row.get(i).unwrap_or_default()).into_owned()
    }

    /// The cells of its key, with the names of their columns; without optional coordinates at their
    /// default.
    pub fn key(&self) -> Vec<(&'static str, String)> {
        let cells = self.key.iter().map(|(i, _)| self.text(*i));
        let is_default =
            |name: &str, text: &str| Axis::named(name).is_some_and(|a| a.is_optional_default(text));
        let all = self.names.iter().copied().zip(cells);
        all.filter(|(name, text)| !is_default(name, text)).collect()
    }

    /// Its line in the file, from 1.
    pub fn line(&self) -> Option<u64> {
        self.row.position().map(csv::Position::line)
    }

    /// How its key stands to that of `other`'s row.
    pub fn compare(&self, other: &Rows) -> Ordering {
        compare_keys(&self.row, &self.key, &other.row, &other.key)
    }
}
