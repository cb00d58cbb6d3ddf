//! What two cells share that differ in scheme and learning rate alone.

use crate::catalog::number;
use crate::experiment::Coordinates;

/// Everything about a cell but its scheme and its learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The coordinates; those that don't belong to the setting are blank.
    of: Coordinates,
}

/// Name of an axis, and its text at some coordinates.
type Named = (&'static str, fn(&Coordinates) -> String);

/// The axes of a setting, in the order of the tables.
pub const AXES: [Named; 7] = [
    ("dataset", |c| c.dataset.clone()),
    ("label noise", |c| number(c.label_noise)),
    ("architecture", |c| c.architecture.clone()),
    ("activation", |c| c.activation.clone()),
    ("bias", |c| c.bias.clone()),
    ("optimizer", |c| c.optimizer.clone()),
    ("batch size", |c| c.batch_size.to_string()),
];

/// The place of the architecture in [`AXES`].
pub const ARCHITECTURE: usize = 2;

/// The place of the activation function in [`AXES`].
pub const ACTIVATION: usize = 3;

impl Setting {
    /// The setting of a trial.
    pub fn of(c: &Coordinates) -> Setting {
        let of = Coordinates {
            scheme: String::new(),
            learning_rate: 0.0,
            replicate: 0,
            weight_seed: 0,
            order_seed: 0,
            data_seed: 0,
            ..c.clone()
        };
        Setting { of }
    }

    /// The text of axis `i` of [`AXES`].
    pub fn axis(&self, i: usize) -> String {
        AXES[i].1(&self.of)
    }

    /// The dataset.
    pub fn dataset(&self) -> &str {
        &self.of.dataset
    }
}
