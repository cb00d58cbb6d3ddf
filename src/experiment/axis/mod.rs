//! The axes of a grid: one file each, and one list of them.
//!
//! An axis is a type in a file of this directory that implements [`GridAxis`], and a line of the
//! list in [`axes!`]. All else is derived from the two: the coordinates and their columns, the keys
//! of `[grid]` and their defaults, what `exclude` and claims may select, the plan with the
//! identities of its trials, the settings of a report, the groups of `diff` and `probe`.

mod activation;
mod architecture;
mod batch_size;
mod bias;
mod dataset;
mod label_noise;
mod learning_rate;
mod optimizer;
mod schedule;
mod scheme;

pub use activation::Activation;
pub use architecture::Architecture;
pub use batch_size::BatchSize;
pub use bias::Bias;
pub use dataset::Dataset;
pub use label_noise::LabelNoise;
pub use learning_rate::LearningRate;
pub use optimizer::Optimizer;
pub use schedule::Schedule;
pub use scheme::Scheme;

use serde_json::Value as Json;

use super::canonical;
use super::coordinates::Coordinate;
use super::schema;
use crate::init::Registry;
use crate::row::{ColumnValue, Domain};
use crate::support::catalog::{Entry, Value};
use crate::support::error::{Error, Kind, Result};

/// Hands the list of coordinates to the macro `$to`, in the order of the columns: the axes of the
/// grid (variant of `Axis`, which is also the type here; column and key; type of the coordinate),
/// then what tells the trials of a cell apart (in brackets: the field of `TrialSeeds`, whether the
/// initial network depends on it, the plural).
macro_rules! axes {
    ($to:ident) => {
        $to! {
            cell {
                Dataset dataset: String,
                LabelNoise label_noise: f64,
                Architecture architecture: String,
                Activation activation: String,
                Scheme scheme: String,
                Bias bias: String,
                Optimizer optimizer: String,
                LearningRate learning_rate: f64,
                Schedule schedule: String,
                BatchSize batch_size: u32,
            }
            trial {
                /// Replicate, from 0.
                Replicate replicate: u32 [replicate, true, "replicates"],
                /// Which draw of initial weights.
                WeightSeed weight_seed: u32 [weights, true, "weight seeds"],
                /// Which draw of sample order.
                OrderSeed order_seed: u32 [order, false, "order seeds"],
                /// Which draw of split and label noise.
                DataSeed data_seed: u32 [data, true, "data seeds"],
            }
        }
    };
}
pub(crate) use axes;

/// An axis of the grid.
pub trait GridAxis {
    /// What a trial gets: the value, parsed and checked.
    type Value: Clone + std::fmt::Debug;
    /// What stands in tables for a value.
    type Coordinate: Coordinate;

    /// What the axis is, for the list of keys.
    const DOC: &'static str;
    /// What its values measure.
    const DOMAIN: Domain = <Self::Coordinate as ColumnValue>::DOMAIN;
    /// What its key in `[grid]` takes.
    const TAKES: &'static str;
    /// The text of the value that holds where the grid leaves the axis out; `None` if it must be
    /// given.
    const DEFAULT: Option<&'static str>;
    /// Where else in the file its one value may be given.
    const ALSO_IN: Option<AlsoIn> = None;
    /// Whether tables have its column, and identities of trials its value, only where it is not at
    /// its default. Results from before such an axis was added keep their bytes and their ids.
    const COLUMN_IS_OPTIONAL: bool = false;
    /// Several values in words: `batch sizes`.
    const PLURAL: &'static str;
    /// Whether a reader who sees only the text of a value knows what it is: `relu` says so, `32`
    /// does not.
    const IS_SELF_EXPLANATORY: bool;
    /// Whether the network before training depends on it.
    const AFFECTS_INIT: bool;
    /// The entries of its catalogue; none without a catalogue.
    fn catalogue() -> Vec<&'static Entry> {
        Vec::new()
    }

    /// The JSON Schema of one value.
    fn schema() -> Json {
        schema::catalogue(&Self::catalogue())
    }

    /// Whether a list under its key is one value instead of several.
    fn is_one_value(_list: &[Value]) -> bool {
        false
    }

    /// The value that a file means.
    ///
    /// # Errors
    /// It is not a value of this axis.
    fn parse(value: &Value, registry: &Registry) -> Result<Self::Value>;

    /// What stands in tables for a value; equal coordinates are one value.
    fn coordinate(value: &Self::Value) -> Self::Coordinate;

    /// What people call a value in this experiment, where it has such a name.
    fn label(_value: &Self::Value) -> Option<&str> {
        None
    }

    /// Whether two values with equal coordinates are the same.
    ///
    /// # Errors
    /// They are not: the coordinate would be ambiguous.
    fn check_same(_: &Self::Value, _: &Self::Value) -> Result<()> {
        Ok(())
    }

    /// [`GridAxis::DEFAULT`] as a value of a file.
    fn default_value() -> Option<Value> {
        Self::DEFAULT.map(canonical::scalar)
    }

    /// The coordinate of the default; empty or 0 if there is none.
    fn default_coordinate() -> Self::Coordinate {
        let read = Self::DEFAULT.and_then(<Self::Coordinate as ColumnValue>::read);
        read.unwrap_or_default()
    }
}

/// A place outside `[grid]` where the one value of an axis may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlsoIn {
    /// The table `[data]`, without the keys that are axes of their own.
    Data,
    /// The key of `[data]` that has the name of the axis.
    DataKey,
    /// The key of `[train]` that has the name of the axis.
    TrainKey,
}

impl AlsoIn {
    /// The default of such an axis, for the list of keys.
    pub(super) const fn that_of(self) -> &'static str {
        match self {
            AlsoIn::Data | AlsoIn::DataKey => "that of [data]",
            AlsoIn::TrainKey => "that of [train]",
        }
    }

    /// The table, as it is written.
    pub(super) const fn table(self) -> &'static str {
        match self {
            AlsoIn::Data | AlsoIn::DataKey => "[data]",
            AlsoIn::TrainKey => "[train]",
        }
    }
}

fn plain_number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(x) => Some(*x as f64),
        // -0 and 0 are one coordinate.
        Value::Number(x) => Some(if *x == 0.0 { 0.0 } else { *x }),
        _ => None,
    }
}

fn out_of_range(what: &str, expected: &str, value: &Value) -> Error {
    Error::new(
        Kind::Experiment,
        format!("a {what} must be {expected}, not {}", value.quoted()),
    )
}
