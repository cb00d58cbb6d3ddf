//! From values to cells of a table and back.

use crate::experiment::{CellCoordinates, Coordinates, axes};
use crate::support::catalog::number;

use crate::table::record::{EpochRow, HistogramRow, LayerRow, ProbeRow, Status, TrialRow};

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
}

/// A value that stands in one cell.
pub trait CellValue: Sized {
    /// How such cells compare.
    const KIND: ColumnKind;
    /// What a reader expects, for messages: "a finite number".
    const EXPECTED: &'static str;
    /// Appends the text of the cell to `out`.
    fn write(&self, out: &mut String);
    /// Reads it back; `None` if `text` is no such value.
    fn read(text: &str) -> Option<Self>;
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
}

/// Implements [`Cells`] for a struct: the fields named, in this order, are the columns. A field
/// left out does not compile.
macro_rules! cells {
    ($type:ident { $($field:ident: $kind:ty,)* }) => {
        impl $crate::table::cells::Cells for $type {
            const COLUMNS: &'static [$crate::table::cells::Column] = &[
                $($crate::table::cells::Column {
                    name: stringify!($field),
                    kind: <$kind as $crate::table::cells::CellValue>::KIND,
                },)*
            ];
            fn write(&self, push: &mut dyn FnMut(&str)) {
                let $type { $($field,)* } = self;
                let mut text = String::new();
                $(
                    text.clear();
                    $crate::table::cells::CellValue::write($field, &mut text);
                    push(&text);
                )*
            }
            fn read(
                record: &csv::StringRecord,
                at: usize,
            ) -> ::std::result::Result<Self, $crate::table::cells::BadCell> {
                let mut column = at;
                $(
                    let $field = record
                        .get(column)
                        .and_then(<$kind as $crate::table::cells::CellValue>::read)
                        .ok_or($crate::table::cells::BadCell {
                            column,
                            expected: <$kind as $crate::table::cells::CellValue>::EXPECTED,
                        })?;
                    column += 1;
                )*
                let _ = column;
                Ok($type { $($field,)* })
            }
        }
    };
}
pub(crate) use cells;

/// Both kinds of coordinates, from the list of axes.
macro_rules! coordinates {
    (
        cell { $($(#[$_a:meta])* $_b:ident $cell:ident: $cell_type:ty,)* }
        trial { $($(#[$_c:meta])* $_d:ident $trial:ident: $trial_type:ty,)* }
    ) => {
        cells!(Coordinates { $($cell: $cell_type,)* $($trial: $trial_type,)* });
        cells!(CellCoordinates { $($cell: $cell_type,)* });
    };
}
axes!(coordinates);

cells!(TrialRow {
    trial_id: String,
    status: Status,
    stopped_epoch: Option<u32>,
    message: Option<String>,
    steps: u64,
    parameters: u64,
    initial_loss: Option<f64>,
    train_loss: Option<f64>,
    train_accuracy: Option<f64>,
    validation_loss: Option<f64>,
    validation_accuracy: Option<f64>,
    test_loss: Option<f64>,
    test_accuracy: Option<f64>,
    best_epoch: Option<u32>,
    best_validation_accuracy: Option<f64>,
    best_test_accuracy: Option<f64>,
    data_hash: String,
    initial_hash: Option<String>,
    final_hash: Option<String>,
});

cells!(EpochRow {
    epoch: u32,
    step: u64,
    train_loss: Option<f64>,
    train_accuracy: Option<f64>,
    validation_loss: Option<f64>,
    validation_accuracy: Option<f64>,
    test_loss: Option<f64>,
    test_accuracy: Option<f64>,
    weights_hash: String,
});

cells!(LayerRow {
    epoch: u32,
    layer: u32,
    fan_in: u32,
    fan_out: u32,
    weight_mean: Option<f64>,
    weight_std: Option<f64>,
    weight_max: Option<f64>,
    preactivation_mean: Option<f64>,
    preactivation_std: Option<f64>,
    preactivation_moment: Option<f64>,
    preactivation_ratio: Option<f64>,
    activation_mean: Option<f64>,
    activation_std: Option<f64>,
    activation_moment: Option<f64>,
    gradient_mean: Option<f64>,
    gradient_std: Option<f64>,
    gradient_moment: Option<f64>,
    gradient_ratio: Option<f64>,
    dead_fraction: Option<f64>,
    zero_fraction: Option<f64>,
    saturated_fraction: Option<f64>,
    distinct_units: Option<u32>,
    correlation: Option<f64>,
    weight_rank: Option<u32>,
    change_rank: Option<u32>,
    column_spread: Option<f64>,
});

cells!(ProbeRow {
    log_length: Option<f64>,
    first_ratio: Option<f64>,
    pair_correlation: Option<f64>,
    weight_variance_theory: Option<f64>,
    weight_variance_error: Option<f64>,
    moment_theory: Option<f64>,
    moment_error: Option<f64>,
    correlation_theory: Option<f64>,
    correlation_error: Option<f64>,
    gradient_ratio_theory: Option<f64>,
    gradient_ratio_error: Option<f64>,
    jacobian_mean: Option<f64>,
    jacobian_spread: Option<f64>,
    jacobian_min: Option<f64>,
    jacobian_max: Option<f64>,
    initial_loss: Option<f64>,
    born_dead: Option<u32>,
    first_dead: Option<u32>,
});

cells!(HistogramRow {
    layer: u32,
    low: f64,
    high: f64,
    counts: String,
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::metric::{EPOCH_COLUMNS, LAYER_COLUMNS, PROBE_COLUMNS, TRIAL_COLUMNS};

    /// Claims are read a floor below, where the rows are not known.
    #[test]
    fn claims_know_the_numeric_columns_of_every_table() {
        let numeric = |columns: &[Column], place: &[&str]| -> Vec<&'static str> {
            columns
                .iter()
                .filter(|c| c.kind != ColumnKind::Text && !place.contains(&c.name))
                .map(|c| c.name)
                .collect()
        };
        assert_eq!(numeric(TrialRow::COLUMNS, &[]), TRIAL_COLUMNS);
        assert_eq!(numeric(EpochRow::COLUMNS, &["epoch", "step"]), EPOCH_COLUMNS);
        assert_eq!(numeric(LayerRow::COLUMNS, &["epoch", "layer"]), LAYER_COLUMNS);
        assert_eq!(numeric(ProbeRow::COLUMNS, &[]), PROBE_COLUMNS);
    }
}
