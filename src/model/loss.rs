//! What training minimises.

use std::fmt;

use crate::data::Targets;
use crate::support::catalog::{self, Entry, Value};
use crate::support::error::{Error, Kind, Result};

static CROSS_ENTROPY: Entry = Entry {
    name: "cross_entropy",
    aliases: &["softmax"],
    summary: "softmax cross-entropy in nats; for class labels",
    formula: "ln(sum_j exp(z_j)) - z_label, mean over samples",
    citation: "Bridle 1990, Probabilistic interpretation of feedforward classification network outputs",
    parameters: &[],
};

static MEAN_SQUARED: Entry = Entry {
    name: "mean_squared",
    aliases: &["mse", "mean_squared_error"],
    summary: "mean squared error over samples and outputs; class labels count as one-hot targets",
    formula: "sum_j (z_j - t_j)^2 / outputs, mean over samples; gradient 2 (z_j - t_j) / outputs",
    citation: "Gauss 1809; the mean over outputs as in PyTorch's MSELoss",
    parameters: &[],
};

/// Every loss.
pub static ENTRIES: &[&Entry] = &[&CROSS_ENTROPY, &MEAN_SQUARED];

/// What training minimises: a mean over samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// `ln(sum_j exp(z_j)) - z_label`, in nats.
    CrossEntropy,
    /// `sum_j (z_j - t_j)^2 / outputs`; a class label is its one-hot vector.
    MeanSquared,
}

impl Loss {
    /// The loss of a catalogue value.
    ///
    /// # Errors
    /// An unknown name.
    pub fn parse(value: &Value) -> Result<Self> {
        let spec = catalog::choose("loss", value, ENTRIES)?;
        Ok(if spec.name() == CROSS_ENTROPY.name {
            Loss::CrossEntropy
        } else {
            Loss::MeanSquared
        })
    }

    /// Checks that this loss can be used with such targets.
    ///
    /// # Errors
    /// Cross-entropy with real-valued targets.
    pub fn accepts(&self, targets: &Targets) -> Result<()> {
        match (self, targets) {
            (Loss::CrossEntropy, Targets::Values { .. }) => Err(Error::new(
                Kind::Experiment,
                "the loss `cross_entropy` needs class labels, but the targets are real values",
            )
            .help("use loss = \"mean_squared\"")),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Loss::CrossEntropy => CROSS_ENTROPY.name,
            Loss::MeanSquared => MEAN_SQUARED.name,
        })
    }
}
