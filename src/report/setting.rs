//! What two cells share that differ in scheme and learning rate alone.

use crate::experiment::{Axis, CellCoordinates, Coordinates};

/// Everything about a cell but its scheme and its learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The coordinates; those that don't belong to the setting are blank.
    of: CellCoordinates,
}

impl Setting {
    /// The setting of a trial.
    pub fn of(c: &Coordinates) -> Setting {
        let of = CellCoordinates {
            scheme: String::new(),
            learning_rate: 0.0,
            ..CellCoordinates::from(c)
        };
        Setting { of }
    }

    /// The axes that make a setting, in the order of the tables.
    pub fn axes() -> impl Iterator<Item = Axis> {
        let others = [Axis::Scheme, Axis::LearningRate];
        Axis::CELL.into_iter().filter(move |axis| !others.contains(axis))
    }

    /// The text of one of its axes.
    pub fn text(&self, axis: Axis) -> String {
        self.of.text(axis).into_owned()
    }

    /// The dataset.
    pub fn dataset(&self) -> &str {
        &self.of.dataset
    }
}

/// An axis in words: `batch size`.
pub fn words(axis: Axis) -> String {
    axis.name().replace('_', " ")
}
