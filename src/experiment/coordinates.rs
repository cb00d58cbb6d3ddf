//! The coordinates of a trial: the first columns of every table.
//!
//! [`axes!`] is the one list of them. The structs and [`Axis`] here are made from it, and so are
//! the cells of the tables in `results`; a coordinate added there is added everywhere, and the
//! compiler points at what it still needs (values of its own in `axes.rs`, if it belongs to the
//! grid).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::support::catalog::number;

/// Hands the list of coordinates to the macro `$to`, in the order of the columns: those that make
/// a cell of the grid, then those that tell its trials apart.
macro_rules! axes {
    ($to:ident) => {
        $to! {
            cell {
                /// Dataset, canonical text.
                Dataset dataset: String,
                /// Fraction of training labels that are random.
                LabelNoise label_noise: f64,
                /// Architecture, canonical text (`256-128`, `20x64`).
                Architecture architecture: String,
                /// Activation, canonical text; per layer joined by `/`.
                Activation activation: String,
                /// Scheme, canonical text (`normal(std=0.01)`).
                Scheme scheme: String,
                /// Bias initialization, canonical text.
                Bias bias: String,
                /// Optimizer, canonical text.
                Optimizer optimizer: String,
                /// Learning rate.
                LearningRate learning_rate: f64,
                /// Samples per step.
                BatchSize batch_size: u32,
            }
            trial {
                /// Replicate, from 0.
                Replicate replicate: u32,
                /// Which draw of initial weights.
                WeightSeed weight_seed: u32,
                /// Which draw of sample order.
                OrderSeed order_seed: u32,
                /// Which draw of split and label noise.
                DataSeed data_seed: u32,
            }
        }
    };
}
pub(crate) use axes;

/// A value that is a coordinate.
trait Value {
    /// Whether it is a number, sorted by value; text is sorted by bytes.
    const IS_NUMBER: bool;
    /// As it stands in a table.
    fn text(&self) -> Cow<'_, str>;
    fn compare(&self, other: &Self) -> Ordering;
}

impl Value for String {
    const IS_NUMBER: bool = false;
    fn text(&self) -> Cow<'_, str> {
        Cow::from(self)
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

impl Value for f64 {
    const IS_NUMBER: bool = true;
    fn text(&self) -> Cow<'_, str> {
        number(*self).into()
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}

impl Value for u32 {
    const IS_NUMBER: bool = true;
    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

macro_rules! define {
    (
        cell { $($(#[$cell_doc:meta])* $Cell:ident $cell:ident: $cell_type:ty,)* }
        trial { $($(#[$trial_doc:meta])* $Trial:ident $trial:ident: $trial_type:ty,)* }
    ) => {
        /// Where a trial stands in the grid. Rows of all tables begin with these columns and are
        /// sorted by them: text by bytes, numbers by value.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct Coordinates {
            $($(#[$cell_doc])* pub $cell: $cell_type,)*
            $($(#[$trial_doc])* pub $trial: $trial_type,)*
        }

        /// Where a cell stands in the grid: coordinates without replicate and seeds.
        #[derive(Debug, Clone, PartialEq)]
        pub struct CellCoordinates {
            $($(#[$cell_doc])* pub $cell: $cell_type,)*
        }

        /// One of the coordinates: an axis of the grid, the replicate, or a seed. In the order of
        /// the columns.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Axis {
            $($(#[$cell_doc])* $Cell,)*
            $($(#[$trial_doc])* $Trial,)*
        }

        impl Axis {
            /// The coordinates that make a cell: all but the replicate and the seeds. They come
            /// first, so that `axis as usize` is the place of one of them here.
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
                    $(Axis::$Cell => <$cell_type as Value>::IS_NUMBER,)*
                    $(Axis::$Trial => <$trial_type as Value>::IS_NUMBER,)*
                }
            }
        }

        impl Coordinates {
            /// Replicate, and seeds of weights, order and data: what trials of several cells are
            /// paired by.
            pub fn seeds(&self) -> [u32; 4] {
                [self.replicate, self.weight_seed, self.order_seed, self.data_seed]
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
    };
}
axes!(define);

impl Axis {
    /// The coordinate whose column is called `name`.
    pub fn named(name: &str) -> Option<Axis> {
        Axis::ALL.into_iter().find(|axis| axis.name() == name)
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl CellCoordinates {
    /// The texts of all its coordinates but those in `without`: a key to group cells by.
    pub fn key(&self, without: &[Axis]) -> Vec<String> {
        let kept = Axis::CELL.into_iter().filter(|axis| !without.contains(axis));
        kept.map(|axis| self.text(axis).into_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_the_columns_in_their_order() {
        let coordinates = Coordinates {
            dataset: "digits".into(),
            label_noise: 0.25,
            architecture: "20x64".into(),
            activation: "relu".into(),
            scheme: "he_normal".into(),
            bias: "zeros".into(),
            optimizer: "sgd".into(),
            learning_rate: 0.1,
            batch_size: 32,
            replicate: 1,
            weight_seed: 2,
            order_seed: 3,
            data_seed: 4,
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(&coordinates).unwrap();
        let table = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let names = Axis::ALL.map(Axis::name).join(",");
        let texts = Axis::ALL
            .map(|axis| coordinates.text(axis).into_owned())
            .join(",");
        assert_eq!(table, format!("{names}\n{texts}\n"));
        assert!(Axis::ALL.windows(2).all(|w| w[0] < w[1]));
        assert!((0..).zip(Axis::ALL).all(|(place, axis)| axis as usize == place));
        assert_eq!(Axis::ALL[..Axis::CELL.len()], Axis::CELL);
        assert!(
            Axis::ALL
                .iter()
                .all(|axis| { serde_json::to_string(axis).unwrap() == format!("\"{axis}\"") })
        );
        let cell = CellCoordinates::from(&coordinates);
        assert!(
            Axis::CELL
                .iter()
                .all(|axis| cell.text(*axis) == coordinates.text(*axis))
        );
        assert!(Axis::TRIAL.iter().all(|axis| cell.text(*axis).is_empty()));
        assert!(
            Axis::ALL
                .iter()
                .all(|axis| Axis::named(axis.name()) == Some(*axis))
        );
    }
}
