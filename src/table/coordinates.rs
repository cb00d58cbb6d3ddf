//! Coordinates are the first columns of every table.

use std::borrow::Cow;

use crate::experiment::{Axis, CellCoordinates, Coordinates, axes};
use crate::row::row_part;

macro_rules! coordinates {
    (
        cell { $($Cell:ident $cell:ident: $cell_type:ty,)* }
        trial { $($(#[doc = $trial_doc:literal])* $_b:ident $trial:ident: $trial_type:ty [$($_c:tt)*],)* }
    ) => {
        row_part!(Coordinates {
            $($cell: $cell_type [Axis::$Cell.domain()],)*
            $($(#[doc = $trial_doc])* $trial: $trial_type,)*
        });
        row_part!(CellCoordinates { $($cell: $cell_type [Axis::$Cell.domain()],)* });
    };
}
axes!(coordinates);

/// Which of the optional columns a file of a table lacks.
///
/// An optional axis ([`Axis::default_without_column`]) has a column only in tables where some row
/// is not at the default. Everywhere else all columns are there: [`Columns::narrow`] leaves them out
/// of what is written, [`Columns::widen`] fills them in where a file is read. Such columns can be
/// added later without a change of the tables that are there, and old tables compare with new ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    /// Place among all columns, and the text that a missing cell means; ascending.
    absent: Vec<(usize, &'static str)>,
}

impl Columns {
    /// Without the columns of these axes.
    pub fn without(axes: &[Axis]) -> Self {
        let places = Axis::ALL.into_iter().enumerate();
        let absent = places.filter(|(_, axis)| axes.contains(axis));
        Columns {
            absent: absent
                .filter_map(|(place, axis)| Some((place, axis.default_without_column()?)))
                .collect(),
        }
    }

    /// Those of tables with these rows.
    pub fn of_rows<'a, C: 'a>(
        rows: impl Iterator<Item = &'a C> + Clone,
        text: impl Fn(&'a C, Axis) -> Cow<'a, str>,
    ) -> Self {
        let at_default = |axis: &Axis| {
            let default = axis.default_without_column();
            default.is_some_and(|default| rows.clone().all(|row| text(row, *axis) == default))
        };
        let absent: Vec<Axis> = Axis::CELL.into_iter().filter(at_default).collect();
        Columns::without(&absent)
    }

    /// Those of a file with this header.
    pub fn of_header<'h>(header: impl Iterator<Item = &'h str> + Clone) -> Self {
        let absent = |axis: &Axis| !header.clone().any(|name| name == axis.name());
        let absent: Vec<Axis> = Axis::CELL.into_iter().filter(absent).collect();
        Columns::without(&absent)
    }

    /// Whether the file has every column.
    pub fn are_all(&self) -> bool {
        self.absent.is_empty()
    }

    /// What stands in the file of a row with all columns.
    pub fn narrow<T>(&self, row: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let cells = row.enumerate();
        let kept = cells.filter(|(place, _)| !self.absent.iter().any(|(absent, _)| absent == place));
        kept.map(|(_, cell)| cell)
    }

    /// All columns of a row of the file, in `full`.
    pub fn widen(&self, row: &csv::StringRecord, full: &mut csv::StringRecord) {
        full.clear();
        full.set_position(row.position().cloned());
        let mut absent = self.absent.iter().peekable();
        for cell in row {
            while let Some((_, default)) = absent.next_if(|(place, _)| *place == full.len()) {
                full.push_field(default);
            }
            full.push_field(cell);
        }
    }
}
