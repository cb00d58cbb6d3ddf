//! From the fields of a row to cells of a table and back.

use super::Status;
use crate::support::catalog::number;

/// How the cells of a column compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// By bytes.
    Text,
    /// By value.
    Number,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// How its cells compare.
    pub kind: ColumnKind,
    /// What stands in a cell that is not empty: "a finite number".
    pub expected: &'static str,
    /// Whether a cell of it may be empty.
    pub optional: bool,
    /// What it holds.
    pub doc: &'static str,
}

impl Column {
    /// Whether its cells are numbers.
    pub fn is_number(&self) -> bool {
        self.kind == ColumnKind::Number
    }

    /// The least and the greatest value that stands in it.
    pub fn range(&self) -> (f64, f64) {
        range(self.name)
    }
}

/// The least and the greatest value that a column of this name can hold: known by what columns of
/// that name measure.
pub fn range(column: &str) -> (f64, f64) {
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| column.ends_with(suffix));
    let share = column.contains("accuracy") || ends(&["_fraction", "_share", "_dead", "label_noise"]);
    let cosine = ends(&["correlation"]) || column == "correlation_theory";
    let signed = ends(&[
        "_error",
        "weight_mean",
        "activation_mean",
        "gradient_mean",
        "log_length",
    ]);
    match (share, cosine, signed || ["low", "high"].contains(&column)) {
        (true, ..) => (0.0, 1.0),
        (_, true, _) => (-1.0, 1.0),
        (.., true) => (f64::NEG_INFINITY, f64::INFINITY),
        // Losses, moments, deviations, ratios of moments, counts, rates.
        _ => (0.0, f64::INFINITY),
    }
}

/// A value that stands in one cell.
pub trait CellValue: Sized {
    /// How such cells compare.
    const KIND: ColumnKind;
    /// What a reader expects, for messages: "a finite number".
    const EXPECTED: &'static str;
    /// Whether the value may be missing, and its cell empty.
    const OPTIONAL: bool = false;
    /// Appends the text of the cell to `out`.
    fn write(&self, out: &mut String);
    /// Reads it back; `None` if `text` is no such value.
    fn read(text: &str) -> Option<Self>;
    /// The value as a number; `None` for text and where it is missing.
    fn number(&self) -> Option<f64> {
        None
    }
}

impl CellValue for f64 {
    const KIND: ColumnKind = ColumnKind::Number;
    const EXPECTED: &'static str = "a finite number";
    fn write(&self, out: &mut String) {
        // Missing and not finite are the same thing to a reader: no figure.
        if self.is_finite() {
            out.push_str(&number(*self));
        }
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|x: &f64| x.is_finite())
    }
    fn number(&self) -> Option<f64> {
        Some(*self).filter(|x| x.is_finite())
    }
}

macro_rules! whole {
    ($type:ty) => {
        impl CellValue for $type {
            const KIND: ColumnKind = ColumnKind::Number;
            const EXPECTED: &'static str = "a whole number";
            fn write(&self, out: &mut String) {
                use std::fmt::Write as _;
                // Writing to a String does not fail.
                let _ = write!(out, "{self}");
            }
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
            fn number(&self) -> Option<f64> {
                Some(*self as f64)
            }
        }
    };
}
whole!(u32);
whole!(u64);

impl CellValue for bool {
    const KIND: ColumnKind = ColumnKind::Text;
    const EXPECTED: &'static str = "true or false";
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl CellValue for String {
    const KIND: ColumnKind = ColumnKind::Text;
    const EXPECTED: &'static str = "text";
    fn write(&self, out: &mut String) {
        out.push_str(self);
    }
    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl<T: CellValue> CellValue for Option<T> {
    const KIND: ColumnKind = T::KIND;
    const EXPECTED: &'static str = T::EXPECTED;
    const OPTIONAL: bool = true;
    fn write(&self, out: &mut String) {
        if let Some(value) = self {
            value.write(out);
        }
    }
    fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            Some(None)
        } else {
            T::read(text).map(Some)
        }
    }
    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(T::number)
    }
}

impl CellValue for Status {
    const KIND: ColumnKind = ColumnKind::Text;
    const EXPECTED: &'static str = "ok, diverged or failed";
    fn write(&self, out: &mut String) {
        out.push_str(self.name());
    }
    fn read(text: &str) -> Option<Self> {
        [Status::Ok, Status::Diverged, Status::Failed]
            .into_iter()
            .find(|s| s.name() == text)
    }
}

/// A cell that cannot be read: which column of the row, and what should stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadCell {
    /// Position of the column, from 0.
    pub column: usize,
    /// What was expected there.
    pub expected: &'static str,
}

/// A run of neighbouring cells of a row.
pub trait Cells: Sized {
    /// Their columns, in order.
    const COLUMNS: &'static [Column];
    /// Hands the text of each cell to `push`, in order.
    fn write(&self, push: &mut dyn FnMut(&str));
    /// Reads the cells that begin at column `at`.
    ///
    /// # Errors
    /// A cell that does not hold what its column promises.
    fn read(record: &csv::StringRecord, at: usize) -> Result<Self, BadCell>;
    /// The value of each column as a number, in the order of [`Cells::COLUMNS`]; `None` for text
    /// and where it is missing.
    fn numbers(&self) -> impl Iterator<Item = Option<f64>>;
}

/// Position of the column `name` in a row of this type.
pub fn position<R: Cells>(name: &str) -> Option<usize> {
    R::COLUMNS.iter().position(|column| column.name == name)
}

/// The names of the numeric columns of a row of this type but those in `except`.
pub fn numeric<R: Cells>(except: &[&str]) -> Vec<&'static str> {
    let numbers = R::COLUMNS.iter().filter(|c| c.kind == ColumnKind::Number);
    numbers
        .map(|c| c.name)
        .filter(|name| !except.contains(name))
        .collect()
}

/// Defines a row: each field of the struct is a column, with the field's name as its heading.
macro_rules! columns {
    (
        $(#[$meta:meta])*
        pub struct $Row:ident {
            $($(#[doc = $doc:literal])* pub $field:ident: $kind:ty,)*
        }
    ) => {
        $(#[$meta])*
        pub struct $Row {
            $($(#[doc = $doc])* pub $field: $kind,)*
        }
        $crate::row::cells!($Row { $($(#[doc = $doc])* $field: $kind,)* });
    };
}
pub(crate) use columns;

/// Implements [`Cells`] for a struct that has these fields and no others: they are the columns, in
/// this order.
macro_rules! cells {
    ($Row:ident { $($(#[doc = $doc:literal])* $field:ident: $kind:ty,)* }) => {
        impl $crate::row::Cells for $Row {
            const COLUMNS: &'static [$crate::row::Column] = &[
                $($crate::row::Column {
                    name: stringify!($field),
                    kind: <$kind as $crate::row::CellValue>::KIND,
                    expected: <$kind as $crate::row::CellValue>::EXPECTED,
                    optional: <$kind as $crate::row::CellValue>::OPTIONAL,
                    doc: concat!($($doc),*),
                },)*
            ];

            fn write(&self, push: &mut dyn FnMut(&str)) {
                let $Row { $($field,)* } = self;
                let mut text = String::new();
                $(
                    text.clear();
                    $crate::row::CellValue::write($field, &mut text);
                    push(&text);
                )*
            }

            fn read(
                record: &csv::StringRecord,
                at: usize,
            ) -> ::std::result::Result<Self, $crate::row::BadCell> {
                let mut column = at;
                $(
                    let $field = record
                        .get(column)
                        .and_then(<$kind as $crate::row::CellValue>::read)
                        .ok_or($crate::row::BadCell {
                            column,
                            expected: <$kind as $crate::row::CellValue>::EXPECTED,
                        })?;
                    column += 1;
                )*
                let _ = column;
                Ok($Row { $($field,)* })
            }

            fn numbers(&self) -> impl Iterator<Item = Option<f64>> {
                [$($crate::row::CellValue::number(&self.$field),)*].into_iter()
            }
        }
    };
}
pub(crate) use cells;

#[cfg(test)]
mod tests {
    use super::*;

    columns! {
        #[derive(Debug, PartialEq)]
        pub struct Three {
            /// A digest.
            pub id: String,
            /// A loss,
            /// if there is one.
            pub loss: Option<f64>,
            /// A count.
            pub steps: u64,
        }
    }

    #[test]
    fn a_field_is_a_column() {
        let columns: Vec<_> = Three::COLUMNS.iter().map(|c| (c.name, c.kind, c.doc)).collect();
        assert_eq!(
            columns,
            [
                ("id", ColumnKind::Text, " A digest."),
                ("loss", ColumnKind::Number, " A loss, if there is one."),
                ("steps", ColumnKind::Number, " A count."),
            ]
        );
        assert_eq!(numeric::<Three>(&["steps"]), ["loss"]);
        assert_eq!(position::<Three>("steps"), Some(2));
        let row = Three {
            id: "x".into(),
            loss: Some(f64::INFINITY),
            steps: 7,
        };
        assert_eq!(row.numbers().collect::<Vec<_>>(), [None, None, Some(7.0)]);
        let mut record = csv::StringRecord::new();
        row.write(&mut |cell| record.push_field(cell));
        assert_eq!(record, csv::StringRecord::from(vec!["x", "", "7"]));
        assert_eq!(Three::read(&record, 0), Ok(Three { loss: None, ..row }));
        let short = csv::StringRecord::from(vec!["x", "", "many"]);
        let bad = Three::read(&short, 0).unwrap_err();
        assert_eq!((bad.column, bad.expected), (2, "a whole number"));
    }
}
