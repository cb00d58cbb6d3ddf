//! The coordinates of a trial: the first columns of every table.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::number;

/// Where a trial stands in the grid. Rows of all tables begin with these columns and are sorted
/// by them: text by bytes, numbers by value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coordinates {
    /// Dataset, canonical text.
    pub dataset: String,
    /// Fraction of training labels that are random.
    pub label_noise: f64,
    /// Architecture, canonical text (`256-128`, `20x64`).
    pub architecture: String,
    /// Activation, canonical text; per layer joined by `/`.
    pub activation: String,
    /// Scheme, canonical text (`normal(std=0.01)`).
    pub scheme: String,
    /// Bias initialization, canonical text.
    pub bias: String,
    /// Optimizer, canonical text.
    pub optimizer: String,
    /// Learning rate.
    pub learning_rate: f64,
    /// Samples per step.
    pub batch_size: u32,
    /// Replicate, from 0.
    pub replicate: u32,
    /// Which draw of initial weights.
    pub weight_seed: u32,
    /// Which draw of sample order.
    pub order_seed: u32,
    /// Which draw of split and label noise.
    pub data_seed: u32,
}

/// One of the coordinates: an axis of the grid, the replicate, or a seed. In the order of the
/// columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the column of that name in `Coordinates`")]
pub enum Axis {
    Dataset,
    LabelNoise,
    Architecture,
    Activation,
    Scheme,
    Bias,
    Optimizer,
    LearningRate,
    BatchSize,
    Replicate,
    WeightSeed,
    OrderSeed,
    DataSeed,
}

impl Axis {
    /// Every coordinate, in the order of the columns.
    pub const ALL: [Axis; 13] = [
        Axis::Dataset,
        Axis::LabelNoise,
        Axis::Architecture,
        Axis::Activation,
        Axis::Scheme,
        Axis::Bias,
        Axis::Optimizer,
        Axis::LearningRate,
        Axis::BatchSize,
        Axis::Replicate,
        Axis::WeightSeed,
        Axis::OrderSeed,
        Axis::DataSeed,
    ];

    /// The coordinates that make a cell: all but the replicate and the seeds.
    pub const CELL: [Axis; 9] = [
        Axis::Dataset,
        Axis::LabelNoise,
        Axis::Architecture,
        Axis::Activation,
        Axis::Scheme,
        Axis::Bias,
        Axis::Optimizer,
        Axis::LearningRate,
        Axis::BatchSize,
    ];

    /// Name of the column, and of the key under `[grid]` for those in [`Axis::CELL`].
    pub const fn name(self) -> &'static str {
        match self {
            Axis::Dataset => "dataset",
            Axis::LabelNoise => "label_noise",
            Axis::Architecture => "architecture",
            Axis::Activation => "activation",
            Axis::Scheme => "scheme",
            Axis::Bias => "bias",
            Axis::Optimizer => "optimizer",
            Axis::LearningRate => "learning_rate",
            Axis::BatchSize => "batch_size",
            Axis::Replicate => "replicate",
            Axis::WeightSeed => "weight_seed",
            Axis::OrderSeed => "order_seed",
            Axis::DataSeed => "data_seed",
        }
    }

    /// The coordinate whose column is called `name`.
    pub fn named(name: &str) -> Option<Axis> {
        Axis::ALL.into_iter().find(|axis| axis.name() == name)
    }

    /// Whether values of this coordinate are numbers, sorted by value.
    pub const fn is_number(self) -> bool {
        !matches!(
            self,
            Axis::Dataset
                | Axis::Architecture
                | Axis::Activation
                | Axis::Scheme
                | Axis::Bias
                | Axis::Optimizer
        )
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Coordinates {
    /// The text of one coordinate, as it stands in a table.
    pub fn text(&self, axis: Axis) -> Cow<'_, str> {
        match axis {
            Axis::Dataset => Cow::from(&self.dataset),
            Axis::LabelNoise => number(self.label_noise).into(),
            Axis::Architecture => Cow::from(&self.architecture),
            Axis::Activation => Cow::from(&self.activation),
            Axis::Scheme => Cow::from(&self.scheme),
            Axis::Bias => Cow::from(&self.bias),
            Axis::Optimizer => Cow::from(&self.optimizer),
            Axis::LearningRate => number(self.learning_rate).into(),
            Axis::BatchSize => self.batch_size.to_string().into(),
            Axis::Replicate => self.replicate.to_string().into(),
            Axis::WeightSeed => self.weight_seed.to_string().into(),
            Axis::OrderSeed => self.order_seed.to_string().into(),
            Axis::DataSeed => self.data_seed.to_string().into(),
        }
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
        assert!(
            Axis::ALL
                .iter()
                .all(|axis| Axis::named(axis.name()) == Some(*axis))
        );
    }
}
