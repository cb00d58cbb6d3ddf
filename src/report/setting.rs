//! What two cells share that differ in scheme and learning rate alone.

use crate::experiment::{Axis, Coordinates};
use crate::table::Trials;

/// Everything about a cell but its scheme and its learning rate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// The text of each of [`Setting::axes`].
    texts: Vec<String>,
}

impl Setting {
    /// The axes that make a setting, in the order of the tables.
    pub fn axes() -> impl Iterator<Item = Axis> {
        Axis::cell_but(&[Axis::Scheme, Axis::LearningRate])
    }

    /// The setting of a network that was probed.
    pub fn of(c: &Coordinates) -> Setting {
        let texts = Setting::axes().map(|axis| c.text(axis).into_owned());
        Setting {
            texts: texts.collect(),
        }
    }

    /// The setting of a trial.
    pub fn of_trial(trials: &Trials, row: usize) -> Setting {
        let texts = Setting::axes().map(|axis| trials.text(row, axis).to_owned());
        Setting {
            texts: texts.collect(),
        }
    }

    /// The text of one of its axes; empty for others.
    pub fn text(&self, axis: Axis) -> &str {
        let place = Setting::axes().position(|a| a == axis);
        place.map_or("", |place| &self.texts[place])
    }
}
