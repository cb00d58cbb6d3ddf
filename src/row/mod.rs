//! The rows of the tables, one struct for each: a field is a column. Rows begin with coordinates
//! in the tables; those belong to the experiment, a floor above.
//!
//! A missing figure is `None` and an empty cell; a figure that is not finite is written as missing
//! (a diverged trial has `status = diverged` and empty figures).

use serde::{Deserialize, Serialize};

mod cells;

pub use cells::{BadCell, CellValue, Cells, Column, ColumnKind, numeric, position, range};
pub(crate) use cells::{cells, columns};

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Ran to its end.
    Ok,
    /// Loss or weights became non-finite.
    Diverged,
    /// A panic or an error; see `message`.
    Failed,
}

impl Status {
    /// The word that stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Diverged => "diverged",
            Status::Failed => "failed",
        }
    }
}

columns! {
    /// One row of `trials.csv`, after the coordinates.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct TrialRow {
        /// Digest of the canonical coordinates and settings, 16 hexadecimal digits.
        pub trial_id: String,
        /// How it ended.
        pub status: Status,
        /// Epoch in which it ended when not `ok`.
        pub stopped_epoch: Option<u32>,
        /// Why it failed, or what the scheme had to say (LSUV that did not converge), one line.
        pub message: Option<String>,
        /// Optimizer steps taken.
        pub steps: u64,
        /// Trainable parameters.
        pub parameters: u64,
        /// Mean training loss before the first step.
        pub initial_loss: Option<f64>,
        /// Mean training loss at the end.
        pub train_loss: Option<f64>,
        /// Training accuracy at the end, 0 to 1 (empty for regression).
        pub train_accuracy: Option<f64>,
        /// Mean validation loss at the end.
        pub validation_loss: Option<f64>,
        /// Validation accuracy at the end.
        pub validation_accuracy: Option<f64>,
        /// Mean test loss at the end.
        pub test_loss: Option<f64>,
        /// Test accuracy at the end.
        pub test_accuracy: Option<f64>,
        /// Epoch with the best validation score (accuracy, or loss for regression); ties to the first.
        pub best_epoch: Option<u32>,
        /// Validation accuracy there.
        pub best_validation_accuracy: Option<f64>,
        /// Test accuracy there.
        pub best_test_accuracy: Option<f64>,
        /// Hash of all data that training saw.
        pub data_hash: String,
        /// Hash of the initial parameters.
        pub initial_hash: Option<String>,
        /// Hash of the final parameters.
        pub final_hash: Option<String>,
    }
}

columns! {
    /// One row of `epochs.csv`, after the coordinates and `trial_id`: one evaluation of a trial.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct EpochRow {
        /// Epochs finished; 0 is before training.
        pub epoch: u32,
        /// Optimizer steps taken.
        pub step: u64,
        /// Mean training loss: over the epoch's batches as they were trained, or over the whole
        /// training part where `evaluate_train = "full"`, and always so in row 0.
        pub train_loss: Option<f64>,
        /// Training accuracy, likewise.
        pub train_accuracy: Option<f64>,
        /// Mean validation loss.
        pub validation_loss: Option<f64>,
        /// Validation accuracy.
        pub validation_accuracy: Option<f64>,
        /// Mean test loss.
        pub test_loss: Option<f64>,
        /// Test accuracy.
        pub test_accuracy: Option<f64>,
        /// Hash of the parameters.
        pub weights_hash: String,
    }
}

columns! {
    /// One row of `layers.csv`, after the coordinates and `trial_id`: one layer of a trial at one
    /// epoch. Moments are over the probe samples and units of the layer.
    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct LayerRow {
        /// Epochs finished; 0 is before training. An epoch that the last step cuts short counts.
        pub epoch: u32,
        /// Weight layer, from 1.
        pub layer: u32,
        /// Inputs of a unit.
        pub fan_in: u32,
        /// Units.
        pub fan_out: u32,
        /// Mean of the weights.
        pub weight_mean: Option<f64>,
        /// Standard deviation of the weights.
        pub weight_std: Option<f64>,
        /// Largest absolute weight.
        pub weight_max: Option<f64>,
        /// Mean pre-activation.
        pub preactivation_mean: Option<f64>,
        /// Standard deviation of the pre-activation.
        pub preactivation_std: Option<f64>,
        /// Second moment of the pre-activation (mean of squares).
        pub preactivation_moment: Option<f64>,
        /// That moment over the layer before's (layer 1: over the input's).
        pub preactivation_ratio: Option<f64>,
        /// Mean activation.
        pub activation_mean: Option<f64>,
        /// Standard deviation of the activation.
        pub activation_std: Option<f64>,
        /// Second moment of the activation.
        pub activation_moment: Option<f64>,
        /// Mean of the gradient of the mean loss with respect to the pre-activation.
        pub gradient_mean: Option<f64>,
        /// Its standard deviation.
        pub gradient_std: Option<f64>,
        /// Its second moment.
        pub gradient_moment: Option<f64>,
        /// That moment over the next layer's (how a gradient changes as it passes back).
        pub gradient_ratio: Option<f64>,
        /// Fraction of units whose activation is zero on every probe sample.
        pub dead_fraction: Option<f64>,
        /// Fraction of activations that are exactly zero (sparsity).
        pub zero_fraction: Option<f64>,
        /// Fraction of activations where the derivative is below 0.01 of its largest value.
        pub saturated_fraction: Option<f64>,
        /// Number of distinct units: columns of the activation matrix that differ.
        pub distinct_units: Option<u32>,
        /// Mean cosine of the activations of pairs of probe samples.
        pub correlation: Option<f64>,
        /// Numerical rank of the weights.
        pub weight_rank: Option<u32>,
        /// Numerical rank of the change of the weights since the start.
        pub change_rank: Option<u32>,
        /// Largest difference between two units' incoming weights, over the largest absolute weight.
        pub column_spread: Option<f64>,
    }
}

columns! {
    /// What stands in a row of `probe.csv` after the coordinates, `trial_id` and the columns of
    /// [`LayerRow`] (with epoch 0): one layer of a network at initialization. Figures of the network
    /// as a whole stand in the row of its output layer and are empty elsewhere.
    ///
    /// The theory beside a measurement is for weights drawn independently with this layer's own mean
    /// square (and biases with theirs), in the limit of wide layers.
    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct ProbeRow {
        /// ln of the mean square of the activations of the first probe sample, less that of the
        /// sample itself.
        pub log_length: Option<f64>,
        /// Second moment of the pre-activation over the first layer's (how a residual stream grows).
        pub first_ratio: Option<f64>,
        /// Cosine of the pre-activations of the first two probe samples.
        pub pair_correlation: Option<f64>,
        /// Variance of a weight as the scheme defines it, where it has a closed form.
        pub weight_variance_theory: Option<f64>,
        /// The mean square of the weights less it, in standard errors of that mean square.
        pub weight_variance_error: Option<f64>,
        /// Second moment of the pre-activation by theory.
        pub moment_theory: Option<f64>,
        /// The measured one over it, less 1.
        pub moment_error: Option<f64>,
        /// Cosine of the pre-activations of the first two probe samples by theory.
        pub correlation_theory: Option<f64>,
        /// The measured one less it.
        pub correlation_error: Option<f64>,
        /// Ratio of the gradient's second moment to the next layer's by theory (chi_1).
        pub gradient_ratio_theory: Option<f64>,
        /// ln of the measured one, less its ln.
        pub gradient_ratio_error: Option<f64>,
        /// Mean of the squared singular values of the Jacobian of this layer's activations with
        /// respect to the first probe sample; in the last hidden and the output layer's rows.
        pub jacobian_mean: Option<f64>,
        /// Their variance over their mean squared.
        pub jacobian_spread: Option<f64>,
        /// The least of them.
        pub jacobian_min: Option<f64>,
        /// The greatest of them.
        pub jacobian_max: Option<f64>,
        /// Mean loss over the probe samples (network).
        pub initial_loss: Option<f64>,
        /// 1 if some hidden layer is zero on every probe sample, so that the output is constant, else
        /// 0 (network).
        pub born_dead: Option<u32>,
        /// 1 if some hidden layer is zero on the first probe sample, else 0 (network).
        pub first_dead: Option<u32>,
    }
}

columns! {
    /// One row of `steps.csv`, after the coordinates and `trial_id`: one layer of a trial after its first
    /// steps (Yang et al. 2022, Tensor Programs V, arXiv 2203.03466, appendix D.1: the coordinate check).
    /// Means are over the probe samples and the units of the layer.
    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct StepRow {
        /// Optimizer steps taken.
        pub steps_taken: u32,
        /// Weight layer, from 1.
        pub layer: u32,
        /// Weight layers of the network, the output layer included.
        pub depth: u32,
        /// Units of its widest hidden layer; of the output layer where there is none.
        pub width: u32,
        /// Mean absolute pre-activation.
        pub preactivation_size: Option<f64>,
        /// Mean absolute difference of the pre-activation from that before the first step; empty before it.
        pub preactivation_change: Option<f64>,
        /// That difference over the mean absolute pre-activation before the first step.
        pub relative_change: Option<f64>,
    }
}

columns! {
    /// One row of `histograms.csv`, after the coordinates and `trial_id`: the weights of one layer at
    /// initialization.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct HistogramRow {
        /// Weight layer, from 1.
        pub layer: u32,
        /// Least weight: lower edge of the first bin.
        pub low: f64,
        /// Greatest weight: upper edge of the last bin.
        pub high: f64,
        /// Weights in each of the equal bins, joined by blanks; one bin where all weights are equal.
        pub counts: String,
    }
}
