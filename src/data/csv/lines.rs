//! The rows of a table as cells: delimiters, quotes, numbers and the words for "not known".

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization as _;

use crate::data::file::DataFile;
use crate::support::catalog::{Spec, Value};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::{counted, excerpt};

/// No line of a table is longer; a device, or a file of zeros, would fill the memory.
const LONGEST_LINE: usize = 64 << 20;

/// No quoted cell has more lines; one that has is a quote that was never closed.
const TALLEST_CELL: usize = 100;

/// What a cell may hold where nothing is known, in lower case, unless `missing` lists others. An
/// empty cell is always missing.
const MISSING: &[&str] = &[
    "?", "na", "n/a", "<na>", "#na", "#n/a", "nan", "-nan", "null", "none", "nil", "\\n",
];

/// How a file is written, as the experiment says.
#[derive(Debug)]
pub(super) struct Dialect {
    /// `None`: runs of blanks.
    delimiter: Option<u8>,
    decimal: u8,
    quotes: bool,
    missing: Vec<String>,
}

impl Dialect {
    pub(super) fn of(spec: &Spec) -> Result<Dialect> {
        let text = spec.text("delimiter");
        let delimiter = match text.as_bytes() {
            [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => Some(*one),
            _ if text == "tab" => Some(b'\t'),
            _ if text == "whitespace" => None,
            _ => {
                let message = format!(
                    "`delimiter` must be one ASCII character, \"tab\" or \"whitespace\", not `{text}`"
                );
                return Err(Error::new(Kind::Experiment, message));
            }
        };
        let decimal = if spec.text("decimal") == "," { b',' } else { b'.' };
        if delimiter == Some(decimal) {
            let message = format!("`decimal` and `delimiter` are both `{}`", char::from(decimal));
            let help = "with decimal = \",\" cells are mostly separated by delimiter = \";\" or \"tab\"";
            return Err(Error::new(Kind::Experiment, message).help(help));
        }
        let missing = match spec.value("missing") {
            Some(Value::List(words)) => words.iter().map(|w| w.to_string().to_lowercase()).collect(),
            _ => MISSING.iter().map(|w| (*w).to_owned()).collect(),
        };
        Ok(Dialect {
            delimiter,
            decimal,
            quotes: spec.flag("quotes"),
            missing,
        })
    }

    /// Whether `cell` says that its value is not known: one rule for every column.
    pub(super) fn is_missing(&self, cell: &[u8]) -> bool {
        let is = |word: &String| cell.eq_ignore_ascii_case(word.as_bytes());
        cell.is_empty() || self.missing.iter().any(is)
    }

    /// The number in `cell`, with a decimal point.
    pub(super) fn decimal_text<'a>(&self, cell: &'a [u8]) -> Option<std::borrow::Cow<'a, str>> {
        let text = std::str::from_utf8(cell).ok()?;
        match self.decimal {
            b'.' => Some(text.into()),
            _ if text.contains('.') => None,
            _ => Some(text.replace(',', ".").into()),
        }
    }

    /// The number in `cell`, infinite where it is too large; nothing for any other text.
    pub(super) fn number(&self, cell: &[u8]) -> Option<f64> {
        let x = self.decimal_text(cell)?.parse::<f64>().ok()?;
        (!x.is_nan()).then_some(x)
    }

    /// What may be meant by `cell`, which should be a number and is none.
    pub(super) fn advice(&self, cell: &[u8]) -> &'static str {
        let text = String::from_utf8_lossy(cell);
        let digits = |c: char| c.is_ascii_digit();
        let fortran = text
            .split_once(['d', 'D'])
            .is_some_and(|(x, exponent)| x.parse::<f64>().is_ok() && exponent.parse::<i32>().is_ok());
        if ["true", "false"].contains(&text.to_lowercase().as_str()) {
            return "write truth values as 1 and 0: in pandas, df.astype(float)";
        }
        if text.starts_with('#') {
            return "lines that begin with # are not skipped: remove them";
        }
        if !text.contains(digits) {
            return "leave a column out with ignore = [..]; a first line of names needs header = true";
        }
        let separates = |c: u8| self.delimiter != Some(c) && cell.contains(&c);
        if text.contains('\n') {
            "a quote that is not closed? quotes = false takes quotes as part of the cell"
        } else if separates(b';') {
            "are cells separated by delimiter = \";\"?"
        } else if separates(b'\t') {
            "are cells separated by delimiter = \"tab\"?"
        } else if separates(b'|') {
            "are cells separated by delimiter = \"|\"?"
        } else if text.contains(':') {
            "times and LibSVM's `column:value` are not read"
        } else if text.contains(' ') {
            "are cells separated by delimiter = \"whitespace\"?"
        } else if self.decimal == b'.' && text.contains(',') {
            "is the comma a decimal comma? decimal = \",\"; separators of thousands are not read"
        } else if self.decimal == b',' && text.contains('.') {
            "with decimal = \",\" a point separates thousands, which is not read"
        } else if text.contains('_') || text.contains('\'') {
            "separators of thousands are not read"
        } else if text.to_lowercase().starts_with("0x") {
            "hexadecimal numbers are not read"
        } else if text.ends_with('%') {
            "percent signs are not read"
        } else if text.contains('\u{2212}') {
            "the minus sign U+2212 is not read: write a hyphen"
        } else if text.contains('\u{a0}') {
            "a non-breaking space stands in the cell: remove it"
        } else if fortran {
            "Fortran's exponents are not read: write 1.0e3 for 1.0D3"
        } else {
            "leave a column out with ignore = [..]; a first line of names needs header = true"
        }
    }

    /// The separator as an experiment file names it.
    pub(super) fn delimiter(&self) -> String {
        match self.delimiter {
            None => "runs of blanks".to_owned(),
            Some(b'\t') => "tabs".to_owned(),
            Some(other) => format!("`{}`", char::from(other)),
        }
    }

    fn separates(&self, byte: u8) -> bool {
        match self.delimiter {
            Some(delimiter) => byte == delimiter,
            None => byte == b' ' || byte == b'\t',
        }
    }

    fn is_blank(&self, byte: u8) -> bool {
        (byte == b' ' || byte == b'\t') && self.delimiter != Some(byte)
    }
}

/// One row: its cells, trimmed, and the number of its first line.
#[derive(Debug, Default, Clone)]
pub(super) struct Record {
    pub(super) line: u64,
    bytes: Vec<u8>,
    /// Where each cell ends in `bytes`.
    ends: Vec<usize>,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, column: usize) -> &[u8] {
        let start = match column {
            0 => 0,
            _ => self.ends.get(column - 1).copied().unwrap_or(0),
        };
        let end = self.ends.get(column).copied().unwrap_or(start);
        self.bytes[start..end].trim_ascii()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|column| self.get(column))
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.cells().map(text).collect()
    }

    fn begin(&mut self, line: u64) {
        self.line = line;
        self.bytes.clear();
        self.ends.clear();
    }

    fn end_cell(&mut self) {
        self.ends.push(self.bytes.len());
    }
}

/// A cell as text, without blanks of any alphabet around it. Letters with accents have one form, that
/// of [`composed`]; each byte that is no UTF-8 stands as `\xe9`, so that cells that differ still do.
pub(super) fn text(cell: &[u8]) -> String {
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}';
    let mut text = String::new();
    for chunk in cell.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    composed(text.trim_matches(blank))
}

/// The form of `text` in which an accent is part of its letter (Unicode NFC): macOS writes `e` and the
/// accent apart, other systems as one character, and both look alike.
pub(super) fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// The rows of one file, all of the same number of cells.
pub(super) struct Lines<'a> {
    pub(super) path: PathBuf,
    pub(super) record: Record,
    dialect: &'a Dialect,
    source: DataFile,
    line: Vec<u8>,
    /// The number of the line that was read last, from 1.
    number: u64,
    width: Option<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(source: DataFile, dialect: &'a Dialect) -> Lines<'a> {
        Lines {
            path: source.path().to_owned(),
            record: Record::default(),
            dialect,
            source,
            line: Vec::new(),
            number: 0,
            width: None,
        }
    }

    /// Bytes of the file, unpacked, that were read so far, and the file's own length.
    pub(super) fn progress(&self) -> (u64, u64) {
        self.source.progress()
    }

    /// Reads the next row into `record`; false at the end. Blank lines are no rows.
    pub(super) fn advance(&mut self) -> Result<bool> {
        loop {
            if !self.read_line()? {
                return Ok(false);
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        let mut record = std::mem::take(&mut self.record);
        let split = self.split(&mut record);
        self.record = record;
        split?;
        match self.width {
            None => self.width = Some(self.record.len()),
            Some(width) if width != self.record.len() => return Err(self.ragged(width)),
            Some(_) => {}
        }
        Ok(true)
    }

    fn read_line(&mut self) -> Result<bool> {
        let there = self.source.read_line(&mut self.line, LONGEST_LINE)?;
        self.number += u64::from(there);
        if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
            self.line.drain(..3);
        }
        if self.line.contains(&0) {
            return Err(self.fault(self.number, "a byte is zero: this is no text"));
        }
        Ok(there)
    }

    /// Divides the line just read, and those that quoted cells go on over.
    fn split(&mut self, record: &mut Record) -> Result<()> {
        record.begin(self.number);
        let mut at = 0;
        loop {
            while self
                .line
                .get(at)
                .is_some_and(|&b| self.dialect.is_blank(b) || self.skips(b))
            {
                at += 1;
            }
            if self.dialect.delimiter.is_none() && at == self.line.len() {
                return Ok(());
            }
            if self.dialect.quotes && self.line.get(at) == Some(&b'"') {
                at = self.quoted(record, at + 1)?;
            } else {
                let rest = &self.line[at..];
                let length = rest
                    .iter()
                    .position(|&b| self.dialect.separates(b))
                    .unwrap_or(rest.len());
                record.bytes.extend_from_slice(&rest[..length]);
                at += length;
            }
            record.end_cell();
            if at >= self.line.len() {
                return Ok(());
            }
            at += 1;
        }
    }

    /// Whether `byte` stands between cells and means nothing else.
    fn skips(&self, byte: u8) -> bool {
        self.dialect.delimiter.is_none() && self.dialect.separates(byte)
    }

    /// Copies a quoted cell from behind its opening quote; returns where the line goes on.
    fn quoted(&mut self, record: &mut Record, start: usize) -> Result<usize> {
        let opened = self.number;
        let mut at = start;
        loop {
            let rest = &self.line[at..];
            let Some(length) = rest.iter().position(|&b| b == b'"') else {
                record.bytes.extend_from_slice(rest);
                record.bytes.push(b'\n');
                at = 0;
                if !self.read_line()? {
                    return Err(self.unclosed(opened, "is never closed"));
                }
                if self.number - opened >= TALLEST_CELL as u64 {
                    let what = format!("is not closed within {TALLEST_CELL} lines");
                    return Err(self.unclosed(opened, &what));
                }
                continue;
            };
            record.bytes.extend_from_slice(&rest[..length]);
            at += length + 1;
            if self.line.get(at) != Some(&b'"') {
                break;
            }
            record.bytes.push(b'"');
            at += 1;
        }
        while self.line.get(at).is_some_and(|&b| self.dialect.is_blank(b)) {
            at += 1;
        }
        match self.line.get(at) {
            Some(&b) if !self.dialect.separates(b) => {
                let what = format!(
                    "text follows behind the quote that closes the cell opened in line {opened}: `{}`",
                    shown(&self.line[at..])
                );
                let error = self.fault(self.number, &what);
                Err(error.help("a quote within a quoted cell is written twice; quotes = false takes quotes as part of the cell"))
            }
            _ => Ok(at),
        }
    }

    fn unclosed(&self, opened: u64, what: &str) -> Error {
        self.fault(opened, &format!("the quote that opens a cell here {what}"))
            .help("quotes = false takes quotes as part of the cell")
    }

    fn fault(&self, line: u64, what: &str) -> Error {
        Error::new(
            Kind::Data,
            format!("{}, line {line}: {what}", self.path.display()),
        )
    }

    fn ragged(&self, width: usize) -> Error {
        let count = self.record.len();
        let what = format!(
            "{}, but the first line has {width}",
            counted(count as u64, "cell")
        );
        let error = self.fault(self.record.line, &what);
        if self.record.get(0).starts_with(b"#") {
            error.help("lines that begin with # are not skipped: remove them")
        } else if count == width + 1 && self.record.get(width).is_empty() {
            error.help("the line ends in a delimiter, the first does not: make them alike")
        } else if width == 1 {
            error.help("a first line that is no row (`sep=;`, a title, a comment) has to be removed")
        } else if count == width + 1 {
            error.help(
                "R's write.table leaves out the name of the row names: write.csv(.., row.names = FALSE)",
            )
        } else {
            error
        }
    }
}

/// A cell for a message.
pub(super) fn shown(cell: &[u8]) -> String {
    excerpt(&text(cell))
}

/// The place of a cell, for a message.
pub(super) fn place(path: &Path, line: u64, column: usize, name: Option<&String>) -> String {
    let name = name.filter(|n| !n.is_empty());
    let name = name.map_or(String::new(), |n| format!(" (`{}`)", shown(n.as_bytes())));
    format!("{}, line {line}, column {}{name}", path.display(), column + 1)
}
