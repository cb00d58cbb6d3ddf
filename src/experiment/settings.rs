//! The checked settings of an experiment that are not axes of its grid.

use std::fmt;

use serde_json::{Value as Json, json};

use super::claim::Layers;
use super::keys::FieldType;
use crate::row::EpochRow;

/// Enums that are written as one of a few words.
macro_rules! words {
    ($($(#[$meta:meta])* $Name:ident { $($(#[$doc:meta])* $Variant:ident = $word:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
        pub enum $Name {
            $($(#[$doc])* #[serde(rename = $word)] $Variant,)*
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $($Name::$Variant => $word,)* })
            }
        }

        impl FieldType for $Name {
            const TAKES: &'static str = words!(@takes $($word),*);

            fn schema() -> Json {
                json!({ "enum": [$($word),*] })
            }
        }
    )*};
    (@takes $first:literal $(, $rest:literal)*) => { concat!("one of ", $first $(, ", ", $rest)*) };
}
pub(super) use words;

words! {
    /// What the training loss and accuracy of an evaluation are measured on.
    EvaluateTrain {
        /// The batches since the last evaluation, as they were trained. Costs nothing.
        Running = "running",
        /// The whole training part, with the weights at that evaluation.
        Full = "full",
    }

    SaveWeights {
        None = "none",
        /// Those before the first step.
        Initial = "initial",
        /// Those at the end.
        Final = "final",
        Both = "both",
    }
}

/// `[train]`: how every trial is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    pub length: Length,
    /// Evaluate every so many epochs, or steps where the length is given in steps. At least 1;
    /// the end of training is always evaluated.
    pub evaluate_every: u32,
    /// What the training columns of an evaluation are measured on.
    pub evaluate_train: EvaluateTrain,
    /// Whether the training samples are put into a new order every epoch.
    pub shuffle: bool,
}

/// How long a trial trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Passes over the training part.
    Epochs(u32),
    Steps(u64),
}

/// `[seeds]`: what each of a trial's three seeds follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds {
    pub weights: Seeding,
    pub order: Seeding,
    /// Split and label noise.
    pub data: Seeding,
}

/// What a seed follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seeding {
    /// The replicate's number: varies together with every other seed that does.
    Replicate,
    /// One seed for every trial.
    Fixed(u32),
    /// Each of these seeds in turn, crossed with everything else.
    Crossed(Vec<u32>),
}

/// The seeds of one trial of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrialSeeds {
    pub replicate: u32,
    /// Which draw of initial weights.
    pub weights: u32,
    /// Which draw of sample order.
    pub order: u32,
    /// Which draw of split and label noise.
    pub data: u32,
}

impl Seeds {
    /// The seeds of all trials of a cell, in the order of the tables.
    pub fn trials(&self, replicates: u32) -> Vec<TrialSeeds> {
        let values = |seeding: &Seeding, replicate| match seeding {
            Seeding::Replicate => vec![replicate],
            Seeding::Fixed(seed) => vec![*seed],
            Seeding::Crossed(seeds) => seeds.clone(),
        };
        let mut trials = Vec::new();
        for replicate in 0..replicates {
            for &weights in &values(&self.weights, replicate) {
                for &order in &values(&self.order, replicate) {
                    for &data in &values(&self.data, replicate) {
                        trials.push(TrialSeeds {
                            replicate,
                            weights,
                            order,
                            data,
                        });
                    }
                }
            }
        }
        trials.sort_unstable();
        trials
    }

    /// Trials of a cell, without making a list of them.
    pub fn count(&self, replicates: u32) -> u64 {
        [&self.weights, &self.order, &self.data].iter().fold(
            u64::from(replicates),
            |n, seeding| match seeding {
                Seeding::Crossed(seeds) => n.saturating_mul(seeds.len() as u64),
                _ => n,
            },
        )
    }
}

/// `[record]`: which tables are written beyond trials and summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whether `epochs.csv` is written.
    pub epochs: bool,
    /// The evaluations whose rows are written to `epochs.csv`, ascending: after so many epochs, or
    /// steps where the length is given in steps. Empty for all; the first and the last always are.
    pub epoch_rows: Vec<u32>,
    /// At which epochs the layers are measured for `layers.csv`; empty for never.
    pub layers: Vec<LayerEpoch>,
    /// The layers whose rows are written to `layers.csv` and `probe.csv`.
    pub layer_rows: Layers,
    /// Training samples that the layers are measured on: the first ones of the training part.
    pub probe_samples: u32,
    /// Which weights are saved as `.safetensors` files.
    pub weights: SaveWeights,
    /// After how many optimizer steps a probe measures the layers for `steps.csv`, ascending and with 0
    /// first; empty for no coordinate check.
    pub steps: Vec<u32>,
}

/// When layers are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerEpoch {
    /// After so many epochs; 0 is before training.
    After(u32),
    /// At the end of training, whenever that is.
    Last,
    /// At every evaluation.
    All,
}

impl Record {
    /// Whether the layers are measured at an evaluation point, `epoch` epochs in; `last` tells
    /// the end of training.
    pub fn measures_layers(&self, epoch: u32, last: bool) -> bool {
        self.layers.iter().any(|at| match at {
            LayerEpoch::After(n) => *n == epoch,
            LayerEpoch::Last => last,
            LayerEpoch::All => true,
        })
    }

    /// Those of `rows`, the evaluations of a trial from the first to the last, that are written to
    /// `epochs.csv`.
    pub fn written(&self, mut rows: Vec<EpochRow>, length: Length) -> Vec<EpochRow> {
        if !self.epochs {
            return Vec::new();
        }
        let ends = [rows.first(), rows.last()].map(|row| row.map(|row| row.step));
        rows.retain(|row| {
            let after = match length {
                Length::Epochs(_) => u64::from(row.epoch),
                Length::Steps(_) => row.step,
            };
            let asked = |at: &u32| u64::from(*at) == after;
            self.epoch_rows.is_empty() || ends.contains(&Some(row.step)) || self.epoch_rows.iter().any(asked)
        });
        rows
    }

    /// Whether all rows that `other` wants in `epochs.csv` are written.
    pub fn writes_epochs_of(&self, other: &Record) -> bool {
        let has = |at: &u32| self.epoch_rows.contains(at);
        let all = self.epoch_rows.is_empty();
        self.epochs && (all || !other.epoch_rows.is_empty() && other.epoch_rows.iter().all(has))
    }

    /// What of this the digest of an experiment covers. Digests of runs that are already there
    /// rest on this form: a key that came later stands in it only where it is not at its default.
    pub fn identity(&self) -> String {
        let Record {
            epochs,
            epoch_rows,
            layers,
            layer_rows,
            probe_samples,
            weights,
            // A row of steps.csv says after how many steps it is, and depends on no other.
            steps: _,
        } = self;
        let rows = match layer_rows {
            Layers::All => String::new(),
            rows => format!(", layer_rows: {rows}"),
        };
        let evaluations = match epoch_rows.as_slice() {
            [] => String::new(),
            some => format!(", epoch_rows: {some:?}"),
        };
        format!(
            "Record {{ epochs: {epochs:?}, layers: {layers:?}, probe_samples: {probe_samples}, weights: {weights:?}{rows}{evaluations} }}"
        )
    }
}

impl Default for Record {
    fn default() -> Self {
        Record {
            epochs: true,
            epoch_rows: Vec::new(),
            layers: Vec::new(),
            layer_rows: Layers::All,
            probe_samples: 500,
            weights: SaveWeights::None,
            steps: Vec::new(),
        }
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Seeds {
            weights: Seeding::Replicate,
            order: Seeding::Replicate,
            data: Seeding::Fixed(0),
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Length::Epochs(n) => write!(f, "epochs={n}"),
            Length::Steps(n) => write!(f, "steps={n}"),
        }
    }
}

impl fmt::Display for Seeding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seeding::Replicate => f.write_str("replicate"),
            Seeding::Fixed(seed) => write!(f, "{seed}"),
            Seeding::Crossed(seeds) => write!(f, "{seeds:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_weights_and_order_vary_together_over_one_split() {
        let trials = Seeds::default().trials(3);
        let flat: Vec<_> = trials
            .iter()
            .map(|t| (t.replicate, t.weights, t.order, t.data))
            .collect();
        assert_eq!(flat, [(0, 0, 0, 0), (1, 1, 1, 0), (2, 2, 2, 0)]);
    }

    #[test]
    fn crossed_seeds_meet_every_other() {
        let seeds = Seeds {
            weights: Seeding::Crossed(vec![0, 1, 2]),
            order: Seeding::Crossed(vec![0, 1]),
            data: Seeding::Fixed(7),
        };
        let trials = seeds.trials(1);
        assert_eq!(trials.len() as u64, seeds.count(1));
        assert_eq!(trials.len(), 6);
        assert!(trials.iter().all(|t| t.data == 7));
        assert!(trials.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn layers_are_measured_when_asked_for() {
        let at = |layers: &[LayerEpoch], epoch, last| {
            Record {
                layers: layers.to_vec(),
                ..Record::default()
            }
            .measures_layers(epoch, last)
        };
        assert!(!at(&[], 0, true));
        assert!(at(&[LayerEpoch::After(3)], 3, false) && !at(&[LayerEpoch::After(3)], 4, true));
        assert!(at(&[LayerEpoch::Last], 9, true) && !at(&[LayerEpoch::Last], 9, false));
        assert!(at(&[LayerEpoch::All], 1, false));
    }
}
