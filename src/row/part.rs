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

/// What the cells of a column measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Words.
    Text,
    /// A digest.
    Hash,
    /// Yes or no: `true` or `false`, or 1 or 0.
    Flag,
    /// A number of things, or one that tells them apart.
    Count,
    /// A number of epochs.
    Epochs,
    /// A number of optimizer steps.
    Steps,
    /// A number of samples.
    Samples,
    /// The fraction of samples that are classified correctly.
    Accuracy,
    /// Any other fraction of a whole.
    Fraction,
    /// A cosine, or a mean of cosines.
    Cosine,
    /// A mean loss.
    Loss,
    /// A natural logarithm of a ratio.
    Nats,
    /// A deviation in standard errors.
    StandardErrors,
    /// A learning rate.
    Rate,
    /// A figure from 0 on: a moment, a deviation, a ratio of moments.
    NonNegative,
    /// A figure of either sign.
    Signed,
}

impl Domain {
    /// The unit; nothing where there is none.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Hash => "hexadecimal digits",
            Self::Epochs => "epochs",
            Self::Steps => "steps",
            Self::Samples => "samples",
            Self::Accuracy | Self::Fraction => "fraction",
            Self::Loss => "nats (cross-entropy), squared units of the target (MSE)",
            Self::Nats => "nats",
            Self::StandardErrors => "standard errors",
            Self::Rate => "per step",
            Self::Text | Self::Flag | Self::Count | Self::Cosine | Self::NonNegative | Self::Signed => "",
        }
    }

    /// The least and the greatest value.
    pub fn range(self) -> (f64, f64) {
        match self {
            Self::Flag | Self::Accuracy | Self::Fraction => (0.0, 1.0),
            Self::Cosine => (-1.0, 1.0),
            Self::Count | Self::Epochs | Self::Steps | Self::Samples => (0.0, f64::INFINITY),
            Self::Loss | Self::Rate | Self::NonNegative => (0.0, f64::INFINITY),
            Self::Text | Self::Hash | Self::Nats | Self::StandardErrors | Self::Signed => {
                (f64::NEG_INFINITY, f64::INFINITY)
            }
        }
    }

    /// Whether a greater value is better (an accuracy) or a smaller one (a loss); `None` where
    /// neither is (a count).
    pub fn higher_is_better(self) -> Option<bool> {
        match self {
            Self::Accuracy => Some(true),
            Self::Loss => Some(false),
            _ => None,
        }
    }
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
    /// What its cells measure.
    pub domain: Domain,
    /// When a cell of it is empty; `None` if it never is.
    pub empty: Option<&'static str>,
    /// What it holds.
    pub doc: &'static str,
}

impl Column {
    /// The column of a field of type `T`. `domain` is an empty list where the type says what is
    /// measured, `empty` where no cell is empty.
    pub(crate) const fn of<T: ColumnValue>(
        name: &'static str,
        doc: &'static str,
        domain: &[Domain],
        empty: &[&'static str],
    ) -> Self {
        // Exactly the optional columns say when they are empty. The compiler's message names the column.
        assert!(T::OPTIONAL != empty.is_empty(), "{}", name);
        Column {
            name,
            kind: T::KIND,
            expected: T::EXPECTED,
            domain: if let [domain] = domain { *domain } else { T::DOMAIN },
            empty: if let [empty] = empty { Some(*empty) } else { None },
            doc,
        }
    }

    /// Whether its cells are numbers.
    pub const fn is_number(&self) -> bool {
        matches!(self.kind, ColumnKind::Number)
    }
}

/// A value that stands in one cell.
pub trait ColumnValue: Sized {
    /// How such cells compare.
    const KIND: ColumnKind;
    /// What a reader expects, for messages: "a finite number".
    const EXPECTED: &'static str;
    /// What such cells measure where the column says nothing else.
    const DOMAIN: Domain;
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

impl ColumnValue for f64 {
    const KIND: ColumnKind = ColumnKind::Number;
    const EXPECTED: &'static str = "a finite number";
    const DOMAIN: Domain = Domain::Signed;
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
        impl ColumnValue for $type {
            const KIND: ColumnKind = ColumnKind::Number;
            const EXPECTED: &'static str = "a whole number";
            const DOMAIN: Domain = Domain::Count;
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

impl ColumnValue for bool {
    const KIND: ColumnKind = ColumnKind::Text;
    const EXPECTED: &'static str = "true or false";
    const DOMAIN: Domain = Domain::Flag;
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl ColumnValue for String {
    const KIND: ColumnKind = ColumnKind::Text;
    const EXPECTED: &'static str = "text";
    const DOMAIN: Domain = Domain::Text;
    fn write(&self, out: &mut String) {
        out.push_str(self);
    }
    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl<T: ColumnValue> ColumnValue for Option<T> {
    const KIND: ColumnKind = T::KIND;
    const EXPECTED: &'static str = T::EXPECTED;
    const DOMAIN: Domain = T::DOMAIN;
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

impl ColumnValue for Status {
    const KIND: ColumnKind = ColumnKind::Text;
    const EXPECTED: &'static str = "ok, diverged or failed";
    const DOMAIN: Domain = Domain::Text;
    fn write(&self, out: &mut String) {
        out.push_str(self.name());
    }
    fn read(text: &str) -> Option<Self> {
        Status::named(text)
    }
}

/// A cell that cannot be read: which column of the row, and what should stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadValue {
    /// Position of the column, from 0.
    pub column: usize,
    /// What was expected there.
    pub expected: &'static str,
}

/// A run of neighbouring cells of a row.
pub trait RowPart: Sized {
    /// Their columns, in order.
    const COLUMNS: &'static [Column];
    /// Hands the text of each cell to `push`, in order.
    fn write(&self, push: &mut dyn FnMut(&str));
    /// Reads the cells that begin at column `at`.
    ///
    /// # Errors
    /// A cell that does not hold what its column promises.
    fn read(record: &csv::StringRecord, at: usize) -> Result<Self, BadValue>;
    /// The value of each column as a number, in the order of [`RowPart::COLUMNS`]; `None` for text
    /// and where it is missing.
    fn numbers(&self) -> impl Iterator<Item = Option<f64>>;
}

/// Position of the column `name` in a row of this type.
pub fn position<R: RowPart>(name: &str) -> Option<usize> {
    R::COLUMNS.iter().position(|column| column.name == name)
}

/// What the column `name` of a row of this type measures.
pub fn domain<R: RowPart>(name: &str) -> Option<Domain> {
    let column = R::COLUMNS.iter().find(|column| column.name == name);
    column.map(|column| column.domain)
}

/// The names of the numeric columns of a row of this type but those in `except`.
pub fn numeric<R: RowPart>(except: &[&str]) -> Vec<&'static str> {
    let numbers = R::COLUMNS.iter().filter(|c| c.is_number());
    numbers
        .map(|c| c.name)
        .filter(|name| !except.contains(name))
        .collect()
}

/// Defines a row: each field of the struct is a column, with the field's name as its heading. Behind the
/// type stands in brackets what it measures, a variant of [`Domain`] (where its type does not say so), and
/// of an optional column when it is empty.
macro_rules! columns {
    (
        $(#[$meta:meta])*
        pub struct $Row:ident {
            $($(#[doc = $doc:literal])*
            pub $field:ident: $kind:ty $([$domain:ident $(, $empty:literal)?])?,)*
        }
    ) => {
        $(#[$meta])*
        pub struct $Row {
            $($(#[doc = $doc])* pub $field: $kind,)*
        }
        $crate::row::row_part!($Row {
            $($(#[doc = $doc])* $field: $kind $([$crate::row::Domain::$domain $(, $empty)?])?,)*
        });
    };
}
pub(crate) use columns;

/// Implements [`RowPart`] for a struct that has these fields and no others: they are the columns, in
/// this order.
macro_rules! row_part {
    ($Row:ident {
        $($(#[doc = $doc:literal])* $field:ident: $kind:ty $([$domain:expr $(, $empty:literal)?])?,)*
    }) => {
        impl $crate::row::RowPart for $Row {
            const COLUMNS: &'static [$crate::row::Column] = &[
                $($crate::row::Column::of::<$kind>(
                    stringify!($field),
                    concat!($($doc),*),
                    &[$($domain)?],
                    &[$($($empty)?)?],
                ),)*
            ];

            fn write(&self, push: &mut dyn FnMut(&str)) {
                let $Row { $($field,)* } = self;
                let mut text = String::new();
                $(
                    text.clear();
                    $crate::row::ColumnValue::write($field, &mut text);
                    push(&text);
                )*
            }

            fn read(
                record: &csv::StringRecord,
                at: usize,
            ) -> ::std::result::Result<Self, $crate::row::BadValue> {
                let mut column = at;
                $(
                    let $field = record
                        .get(column)
                        .and_then(<$kind as $crate::row::ColumnValue>::read)
                        .ok_or($crate::row::BadValue {
                            column,
                            expected: <$kind as $crate::row::ColumnValue>::EXPECTED,
                        })?;
                    column += 1;
                )*
                let _ = column;
                Ok($Row { $($field,)* })
            }

            fn numbers(&self) -> impl Iterator<Item = Option<f64>> {
                [$($crate::row::ColumnValue::number(&self.$field),)*].into_iter()
            }
        }
    };
}
pub(crate) use row_part;

#[cfg(test)]
mod tests {
    use super::*;

    columns! {
        #[derive(Debug, PartialEq)]
        pub struct Three {
            /// A digest.
            pub id: String [Hash],
            /// A loss,
            /// if there is one.
            pub loss: Option<f64> [Loss, "diverged"],
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
        let about: Vec<_> = Three::COLUMNS.iter().map(|c| (c.domain, c.empty)).collect();
        assert_eq!(
            about,
            [
                (Domain::Hash, None),
                (Domain::Loss, Some("diverged")),
                (Domain::Count, None)
            ]
        );
        assert_eq!(domain::<Three>("loss"), Some(Domain::Loss));
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
