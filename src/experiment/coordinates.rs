//! The coordinates of a trial: the first columns of every table.
//!
//! The structs and [`Axis`] are made from the list of axes.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::axis::{self, AlsoIn, GridAxis, axes};
use super::keys::KeyDoc;
use crate::row::{ColumnKind, ColumnValue, Domain};
use crate::support::catalog::{Entry, number};

/// A type of coordinates.
pub trait Coordinate: ColumnValue + Clone + fmt::Debug + Default {
    /// As it stands in a table.
    fn text(&self) -> Cow<'_, str>;
    /// The order of the tables: numbers by value, text by bytes.
    fn compare(&self, other: &Self) -> Ordering;
}

impl Coordinate for String {
    fn text(&self) -> Cow<'_, str> {
        Cow::from(self)
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

impl Coordinate for f64 {
    fn text(&self) -> Cow<'_, str> {
        number(*self).into()
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}

impl Coordinate for u32 {
    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

macro_rules! define {
    (
        cell { $($Cell:ident $cell:ident: $cell_type:ty,)* }
        trial {
            $($(#[$trial_doc:meta])*
            $Trial:ident $trial:ident: $trial_type:ty [$seed:ident, $affects_init:literal, $plural:literal],)*
        }
    ) => {
        /// Where a trial stands in the grid. Rows of all tables begin with these columns and are
        /// sorted by them: text by bytes, numbers by value.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct Coordinates {
            $(#[doc = concat!("The value on the axis `", stringify!($cell), "`.")]
            pub $cell: $cell_type,)*
            $($(#[$trial_doc])* pub $trial: $trial_type,)*
        }

        /// Where a cell stands in the grid: coordinates without replicate and seeds.
        #[derive(Debug, Clone, PartialEq)]
        pub struct CellCoordinates {
            $(#[doc = concat!("The value on the axis `", stringify!($cell), "`.")]
            pub $cell: $cell_type,)*
        }

        /// One of the coordinates: an axis of the grid, the replicate, or a seed. In the order of
        /// the columns.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Axis {
            $(#[doc = concat!("The axis `", stringify!($cell), "`.")]
            $Cell,)*
            $($(#[$trial_doc])* $Trial,)*
        }

        impl Axis {
            /// The coordinates that make a cell: all but the replicate and the seeds. They come
            /// first.
            pub const CELL: [Axis; [$(Axis::$Cell),*].len()] = [$(Axis::$Cell),*];

            /// The replicate and the seeds, which tell the trials of a cell apart.
            pub const TRIAL: [Axis; [$(Axis::$Trial),*].len()] = [$(Axis::$Trial),*];

            /// Every coordinate, in the order of the columns.
            pub const ALL: [Axis; Axis::CELL.len() + Axis::TRIAL.len()] =
                [$(Axis::$Cell,)* $(Axis::$Trial),*];

            /// Name of the column, and of the key under `[grid]` for those in [`Axis::CELL`].
            pub const fn name(self) -> &'static str {
                match self {
                    $(Axis::$Cell => stringify!($cell),)*
                    $(Axis::$Trial => stringify!($trial),)*
                }
            }

            /// Whether values of this coordinate are numbers, sorted by value.
            pub const fn is_number(self) -> bool {
                match self {
                    $(Axis::$Cell => matches!(<$cell_type as ColumnValue>::KIND, ColumnKind::Number),)*
                    $(Axis::$Trial => matches!(<$trial_type as ColumnValue>::KIND, ColumnKind::Number),)*
                }
            }

            /// What its values measure.
            pub(crate) const fn domain(self) -> Domain {
                match self {
                    $(Axis::$Cell => axis::$Cell::DOMAIN,)*
                    $(Axis::$Trial => <$trial_type as ColumnValue>::DOMAIN,)*
                }
            }

            /// Several values in words: `batch sizes`.
            pub const fn plural(self) -> &'static str {
                match self {
                    $(Axis::$Cell => axis::$Cell::PLURAL,)*
                    $(Axis::$Trial => $plural,)*
                }
            }

            /// Whether a reader who sees only the text of a value knows what it is: `relu` says
            /// so, `32` does not.
            pub const fn is_self_explanatory(self) -> bool {
                match self {
                    $(Axis::$Cell => axis::$Cell::IS_SELF_EXPLANATORY,)*
                    $(Axis::$Trial)|* => false,
                }
            }

            /// Whether the network before training depends on it.
            pub const fn affects_init(self) -> bool {
                match self {
                    $(Axis::$Cell => axis::$Cell::AFFECTS_INIT,)*
                    $(Axis::$Trial => $affects_init,)*
                }
            }

            /// The entries of its catalogue; `None` without a catalogue.
            pub(crate) fn catalogue(self) -> Option<Vec<&'static Entry>> {
                let entries = match self {
                    $(Axis::$Cell => axis::$Cell::catalogue(),)*
                    $(Axis::$Trial)|* => Vec::new(),
                };
                (!entries.is_empty()).then_some(entries)
            }

            /// The value that a table without this column means; `None` if tables always have it.
            pub const fn default_without_column(self) -> Option<&'static str> {
                match self {
                    $(Axis::$Cell if axis::$Cell::COLUMN_IS_OPTIONAL => axis::$Cell::DEFAULT,)*
                    $(Axis::$Cell)|* | $(Axis::$Trial)|* => None,
                }
            }

            /// The JSON Schema of one value.
            pub(super) fn schema(self) -> Json {
                match self {
                    $(Axis::$Cell => axis::$Cell::schema(),)*
                    $(Axis::$Trial)|* => json!({ "type": "integer", "minimum": 0 }),
                }
            }

            /// Where outside `[grid]` its one value may be given.
            pub(super) const fn also_in(self) -> Option<AlsoIn> {
                match self {
                    $(Axis::$Cell => axis::$Cell::ALSO_IN,)*
                    $(Axis::$Trial)|* => None,
                }
            }
        }

        impl Default for Coordinates {
            /// Every axis at its default. Those that must be given are empty or 0, and so are the
            /// replicate and the seeds.
            fn default() -> Self {
                Coordinates {
                    $($cell: axis::$Cell::default_coordinate(),)*
                    $($trial: Default::default(),)*
                }
            }
        }

        impl Coordinates {
            /// Replicate, and seeds of weights, order and data: what trials of several cells are
            /// paired by.
            pub fn seeds(&self) -> [u32; Axis::TRIAL.len()] {
                [$(self.$trial),*]
            }

            /// The text of one coordinate, as it stands in a table.
            pub fn text(&self, axis: Axis) -> Cow<'_, str> {
                match axis {
                    $(Axis::$Cell => self.$cell.text(),)*
                    $(Axis::$Trial => self.$trial.text(),)*
                }
            }

            /// Compares one coordinate of two trials as tables are sorted.
            pub fn compare(&self, other: &Self, axis: Axis) -> Ordering {
                match axis {
                    $(Axis::$Cell => self.$cell.compare(&other.$cell),)*
                    $(Axis::$Trial => self.$trial.compare(&other.$trial),)*
                }
            }
        }

        impl CellCoordinates {
            /// The text of one coordinate as it stands in a table; empty for replicate and seeds.
            pub fn text(&self, axis: Axis) -> Cow<'_, str> {
                match axis {
                    $(Axis::$Cell => self.$cell.text(),)*
                    $(Axis::$Trial)|* => Cow::Borrowed(""),
                }
            }
        }

        impl From<&Coordinates> for CellCoordinates {
            fn from(c: &Coordinates) -> Self {
                CellCoordinates { $($cell: c.$cell.clone(),)* }
            }
        }

        /// The keys of `[grid]`: the axes, and `exclude`.
        pub(super) const GRID_KEYS: &[KeyDoc] = &[
            $(KeyDoc {
                name: stringify!($cell),
                takes: axis::$Cell::TAKES,
                default: default_in_words(axis::$Cell::DEFAULT, axis::$Cell::ALSO_IN),
                doc: axis::$Cell::DOC,
            },)*
            KeyDoc {
                name: "exclude",
                takes: "tables",
                default: "none",
                doc: "cells to leave out: { scheme = \"zeros\", activation = [\"relu\", \"tanh\"] }",
            },
        ];
    };
}
axes!(define);

/// The default of an axis for the list of keys; empty if it must be given.
const fn default_in_words(default: Option<&'static str>, also_in: Option<AlsoIn>) -> &'static str {
    match (also_in, default) {
        (Some(place), _) => place.that_of(),
        (None, Some(text)) => text,
        (None, None) => "",
    }
}

impl Axis {
    /// The coordinate whose column is called `name`.
    pub fn named(name: &str) -> Option<Axis> {
        Axis::ALL.into_iter().find(|axis| axis.name() == name)
    }

    /// The axes of a cell but `free`, in their order.
    pub(crate) fn cell_but(free: &[Axis]) -> impl Iterator<Item = Axis> {
        Axis::CELL.into_iter().filter(move |axis| !free.contains(axis))
    }

    /// Whether `text` is the default of an optional axis. Such a value stands in no identity, seed
    /// or message: what was there before the axis was added stays as it was.
    pub fn is_optional_default(self, text: &str) -> bool {
        self.default_without_column() == Some(text)
    }

    /// The axis in words: `batch size`.
    pub fn words(self) -> String {
        self.name().replace('_', " ")
    }
}

impl Coordinates {
    /// The coordinates that the network before training depends on, as a key ([`Axis::affects_init`]).
    pub(crate) fn of_start(&self) -> String {
        let kept = Axis::ALL.into_iter().filter(|axis| axis.affects_init());
        let texts: Vec<_> = kept.map(|axis| self.text(axis)).collect();
        texts.join("\n")
    }

    /// What tells the trial from others: all coordinates but optional ones at their default.
    pub(crate) fn identity(&self) -> impl Iterator<Item = (Axis, Cow<'_, str>)> {
        let all = Axis::ALL.into_iter().map(|axis| (axis, self.text(axis)));
        all.filter(|(axis, text)| !axis.is_optional_default(text))
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::RowPart as _;

    #[test]
    fn axes_are_the_columns_in_their_order() {
        let coordinates = Coordinates {
            scheme: "he_normal".into(),
            architecture: "20x64".into(),
            label_noise: 0.25,
            learning_rate: 0.1,
            weight_seed: 2,
            ..Coordinates::default()
        };
        let columns: Vec<&str> = Coordinates::COLUMNS.iter().map(|c| c.name).collect();
        assert_eq!(columns, Axis::ALL.map(Axis::name));
        let mut cells = Vec::new();
        coordinates.write(&mut |cell| cells.push(cell.to_owned()));
        assert_eq!(cells, Axis::ALL.map(|axis| coordinates.text(axis).into_owned()));
        for axis in Axis::ALL {
            assert_eq!(serde_json::to_string(&axis).unwrap(), format!("\"{axis}\""));
        }
    }

    #[test]
    fn a_default_is_a_value_of_its_axis_under_its_canonical_text() {
        macro_rules! check {
            (cell { $($Cell:ident $cell:ident: $cell_type:ty,)* } $($trial:tt)*) => {
                $(if let Some(value) = axis::$Cell::default_value() {
                    let parsed = axis::$Cell::parse(&value, &crate::init::Registry::standard()).unwrap();
                    let text = axis::$Cell::coordinate(&parsed).text().into_owned();
                    assert_eq!(Some(text.as_str()), axis::$Cell::DEFAULT);
                    assert_eq!(Coordinates::default().text(Axis::$Cell), text);
                })*
            };
        }
        axes!(check);
    }
}
