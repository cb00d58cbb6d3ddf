//! What trials are scored by: accuracy or loss, on a part of the data.

use super::run::Run;
use crate::table::record::{EpochRow, TrialRow};

/// What trials are scored by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Accuracy on the test part, or the best part there is.
    Accuracy(Part),
    /// Loss, likewise.
    Loss(Part),
}

/// Part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Training samples.
    Train,
    /// Validation samples.
    Validation,
    /// Test samples.
    Test,
}

impl Measure {
    /// The measure that the trials of `run` have, test before validation before training.
    pub fn of(run: &Run) -> Measure {
        let parts = [Part::Test, Part::Validation, Part::Train];
        let all = parts
            .map(Measure::Accuracy)
            .into_iter()
            .chain(parts.map(Measure::Loss));
        let mut present = all.filter(|m| run.trials.iter().any(|t| m.trial(&t.trial).is_some()));
        present.next().unwrap_or(Measure::Accuracy(Part::Test))
    }

    /// The measure that one rate for all schemes is chosen by: not the one that is reported, where
    /// there is another.
    pub fn tuning(self, run: &Run) -> Measure {
        let other = match self {
            Measure::Accuracy(_) => Measure::Accuracy(Part::Validation),
            Measure::Loss(_) => Measure::Loss(Part::Validation),
        };
        if run.trials.iter().any(|t| other.trial(&t.trial).is_some()) {
            other
        } else {
            self
        }
    }

    fn part(self) -> Part {
        match self {
            Measure::Accuracy(part) | Measure::Loss(part) => part,
        }
    }

    /// Whether more is better.
    pub fn higher_is_better(self) -> bool {
        matches!(self, Measure::Accuracy(_))
    }

    /// Decimals that its figures are shown with; three significant digits where not given.
    pub fn decimals(self) -> Option<usize> {
        self.higher_is_better().then_some(3)
    }

    /// What it is called.
    pub fn name(self) -> String {
        let part = match self.part() {
            Part::Train => "training",
            Part::Validation => "validation",
            Part::Test => "test",
        };
        format!(
            "{part} {}",
            if self.higher_is_better() {
                "accuracy"
            } else {
                "loss"
            }
        )
    }

    /// The figure of a trial that has ended.
    pub fn trial(self, row: &TrialRow) -> Option<f64> {
        self.pick(
            [row.train_accuracy, row.validation_accuracy, row.test_accuracy],
            [row.train_loss, row.validation_loss, row.test_loss],
        )
    }

    /// The figure of one evaluation.
    pub fn epoch(self, row: &EpochRow) -> Option<f64> {
        self.pick(
            [row.train_accuracy, row.validation_accuracy, row.test_accuracy],
            [row.train_loss, row.validation_loss, row.test_loss],
        )
    }

    /// One of the figures of the training, validation and test part.
    fn pick(self, accuracies: [Option<f64>; 3], losses: [Option<f64>; 3]) -> Option<f64> {
        let [train, validation, test] = if self.higher_is_better() {
            accuracies
        } else {
            losses
        };
        match self.part() {
            Part::Train => train,
            Part::Validation => validation,
            Part::Test => test,
        }
    }
}
