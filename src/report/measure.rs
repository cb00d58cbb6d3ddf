//! What trials are scored by: accuracy or loss, on a part of the data.

use crate::row::{EpochRow, RowPart as _, position};
use crate::table::{Figure, Trials};

/// What trials are scored by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// The column of `trials.csv`.
    pub figure: Figure,
}

impl Measure {
    /// The measure that `trials` have: accuracy before loss; test before validation before training.
    pub fn of(trials: &Trials) -> Measure {
        let measured = |figure: &Figure| (0..trials.len()).any(|row| trials.measures(row, *figure));
        let candidates = [
            Figure::TEST_ACCURACY,
            Figure::VALIDATION_ACCURACY,
            Figure::TRAIN_ACCURACY,
            Figure::TEST_LOSS,
            Figure::VALIDATION_LOSS,
            Figure::TRAIN_LOSS,
        ];
        let figure = candidates.into_iter().find(measured);
        Measure {
            figure: figure.unwrap_or(Figure::TEST_ACCURACY),
        }
    }

    /// The figure that one rate for all schemes is chosen by: not the one that is reported, where
    /// there is another.
    pub fn tuning(self, trials: &Trials) -> Figure {
        let other = match self.higher_is_better() {
            true => Figure::VALIDATION_ACCURACY,
            false => Figure::VALIDATION_LOSS,
        };
        let measured = (0..trials.len()).any(|row| trials.measures(row, other));
        if measured { other } else { self.figure }
    }

    /// Whether more is better.
    pub fn higher_is_better(self) -> bool {
        self.figure.is_accuracy()
    }

    /// Decimals that its figures are shown with; three significant digits where not given.
    pub fn decimals(self) -> Option<usize> {
        self.higher_is_better().then_some(3)
    }

    /// What it is called: `test accuracy`.
    pub fn name(self) -> String {
        self.figure
            .name()
            .replace("train_", "training_")
            .replace('_', " ")
    }

    /// The figure of one evaluation.
    pub fn epoch(self, row: &EpochRow) -> Option<f64> {
        row.numbers().nth(position::<EpochRow>(self.figure.name())?)?
    }
}
