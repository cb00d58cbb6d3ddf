//! The rows of the tables, one struct for each: a field is a column. Rows begin with coordinates
//! in the tables; those belong to the experiment, a floor above.
//!
//! A missing figure is `None` and an empty cell; a figure that is not finite is written as missing
//! (a diverged trial has `status = diverged` and empty figures).

use serde::{Deserialize, Serialize};

mod part;

pub use part::{BadValue, Column, ColumnKind, ColumnValue, Domain, RowPart, domain, numeric, position};
pub(crate) use part::{columns, row_part};

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
    /// Every way to end.
    pub(crate) const ALL: [Status; 3] = [Status::Ok, Status::Diverged, Status::Failed];

    /// The status that is called `name` in tables.
    pub(crate) fn named(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }

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
        /// Digest of the trial's canonical coordinates and settings, 16 hexadecimal digits.
        pub trial_id: String [Hash],
        /// How the trial ended.
        pub status: Status,
        /// Epoch in which the trial diverged, from 1; 0: before the first step.
        pub stopped_epoch: Option<u32> [Epochs, "`ok` or failed"],
        /// Why the trial failed, or what the scheme had to say (LSUV that did not converge), one line.
        pub message: Option<String> [Text, "nothing to say"],
        /// Optimizer steps taken.
        pub steps: u64 [Steps],
        /// Trainable parameters.
        pub parameters: u64,
        /// Mean training loss before the first step.
        pub initial_loss: Option<f64> [Loss, "failed; diverged before the first step"],
        /// Mean training loss at the end.
        pub train_loss: Option<f64> [Loss, "diverged or failed"],
        /// Training accuracy at the end.
        pub train_accuracy: Option<f64> [Accuracy, "diverged or failed; regression"],
        /// Mean validation loss at the end.
        pub validation_loss: Option<f64> [Loss, "diverged or failed; no validation samples"],
        /// Validation accuracy at the end.
        pub validation_accuracy: Option<f64>
            [Accuracy, "diverged or failed; no validation samples; regression"],
        /// Mean test loss at the end.
        pub test_loss: Option<f64> [Loss, "diverged or failed; no test samples"],
        /// Test accuracy at the end.
        pub test_accuracy: Option<f64> [Accuracy, "diverged or failed; no test samples; regression"],
        /// Epoch with the best validation score (accuracy, or loss for regression); ties to the first.
        pub best_epoch: Option<u32> [Epochs, "diverged or failed; no validation samples"],
        /// Validation accuracy at `best_epoch`.
        pub best_validation_accuracy: Option<f64>
            [Accuracy, "diverged or failed; no validation samples; regression"],
        /// Test accuracy at `best_epoch`.
        pub best_test_accuracy: Option<f64>
            [Accuracy, "diverged or failed; no validation or no test samples; regression"],
        /// Hash of all data that training saw.
        pub data_hash: String [Hash],
        /// Hash of the initial parameters.
        pub initial_hash: Option<String> [Hash, "failed"],
        /// Hash of the final parameters.
        pub final_hash: Option<String> [Hash, "diverged or failed"],
    }
}

columns! {
    /// One row of `epochs.csv`, after the coordinates and `trial_id`: one evaluation of a trial. An
    /// evaluation with a loss or a weight that is not finite has no row.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct EpochRow {
        /// Epochs finished; 0 is before training.
        pub epoch: u32 [Epochs],
        /// Optimizer steps taken.
        pub step: u64 [Steps],
        /// Mean training loss: over the epoch's batches as they were trained, or over the whole
        /// training part where `evaluate_train = "full"`, and always so in row 0.
        pub train_loss: Option<f64> [Loss, "never: an epoch whose loss is not finite has no row"],
        /// Training accuracy, measured on the same samples as `train_loss`.
        pub train_accuracy: Option<f64> [Accuracy, "regression"],
        /// Mean validation loss.
        pub validation_loss: Option<f64> [Loss, "no validation samples"],
        /// Validation accuracy.
        pub validation_accuracy: Option<f64> [Accuracy, "no validation samples; regression"],
        /// Mean test loss.
        pub test_loss: Option<f64> [Loss, "no test samples"],
        /// Test accuracy.
        pub test_accuracy: Option<f64> [Accuracy, "no test samples; regression"],
        /// Hash of the parameters.
        pub weights_hash: String [Hash],
    }
}

columns! {
    /// One row of `layers.csv`, after the coordinates and `trial_id`: one layer of a trial at one
    /// epoch. Moments are over the probe samples and units of the layer.
    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct LayerRow {
        /// Epochs finished; 0 is before training. An epoch that the last step cuts short counts.
        pub epoch: u32 [Epochs],
        /// Weight layer, from 1.
        pub layer: u32,
        /// Inputs of a unit.
        pub fan_in: u32,
        /// Units.
        pub fan_out: u32,
        /// Mean of the weights.
        pub weight_mean: Option<f64> [Signed, "a weight is not finite"],
        /// Standard deviation of the weights.
        pub weight_std: Option<f64> [NonNegative, "a weight is not finite"],
        /// Largest absolute weight.
        pub weight_max: Option<f64> [NonNegative, "a weight is not finite"],
        /// Mean pre-activation.
        pub preactivation_mean: Option<f64> [Signed, "a pre-activation is not finite"],
        /// Standard deviation of the pre-activation.
        pub preactivation_std: Option<f64> [NonNegative, "a pre-activation is not finite"],
        /// Second moment of the pre-activation (mean of squares).
        pub preactivation_moment: Option<f64> [NonNegative, "a pre-activation is not finite"],
        /// `preactivation_moment` over that of the layer before (layer 1: over that of the input).
        pub preactivation_ratio: Option<f64>
            [NonNegative, "one of the two moments is not finite; the divisor is 0"],
        /// Mean activation.
        pub activation_mean: Option<f64> [Signed, "an activation is not finite"],
        /// Standard deviation of the activation.
        pub activation_std: Option<f64> [NonNegative, "an activation is not finite"],
        /// Second moment of the activation.
        pub activation_moment: Option<f64> [NonNegative, "an activation is not finite"],
        /// Mean of the gradient of the mean loss with respect to the pre-activation.
        pub gradient_mean: Option<f64> [Signed, "a gradient is not finite"],
        /// Standard deviation of the gradient with respect to the pre-activation.
        pub gradient_std: Option<f64> [NonNegative, "a gradient is not finite"],
        /// Second moment of the gradient with respect to the pre-activation.
        pub gradient_moment: Option<f64> [NonNegative, "a gradient is not finite"],
        /// `gradient_moment` over that of the next layer (how a gradient changes as it passes back).
        pub gradient_ratio: Option<f64>
            [NonNegative, "output layer; one of the two moments is not finite; the divisor is 0"],
        /// Fraction of units whose activation is zero on every probe sample.
        pub dead_fraction: Option<f64> [Fraction, "output layer; an activation is not finite"],
        /// Fraction of activations that are exactly zero (sparsity).
        pub zero_fraction: Option<f64> [Fraction, "output layer; an activation is not finite"],
        /// Fraction of activations where the derivative is below 0.01 of its largest value.
        pub saturated_fraction: Option<f64>
            [Fraction, "output layer; networks with normalization; a pre-activation is not finite"],
        /// Number of distinct units: columns of the activation matrix that differ.
        pub distinct_units: Option<u32> [Count, "an activation is not finite"],
        /// Mean cosine of the activations of pairs of probe samples.
        pub correlation: Option<f64>
            [Cosine, "fewer than two samples have an activation that is not 0; an activation is not finite"],
        /// Numerical rank of the weights.
        pub weight_rank: Option<u32> [Count, "a weight is not finite"],
        /// Numerical rank of the change of the weights since the start.
        pub change_rank: Option<u32> [Count, "before training; a weight is not finite"],
        /// Largest difference between two units' incoming weights, over the largest absolute weight.
        pub column_spread: Option<f64> [NonNegative, "a weight is not finite"],
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
        /// For the first probe sample: ln(mean square of the activations / mean square of the inputs).
        pub log_length: Option<f64> [Nats, "one of the two is 0 or not finite"],
        /// `preactivation_moment` over that of the first layer (how a residual stream grows).
        pub first_ratio: Option<f64>
            [NonNegative, "one of the two moments is not finite; the divisor is 0"],
        /// Cosine of the pre-activations of the first two probe samples.
        pub pair_correlation: Option<f64>
            [Cosine, "only one sample; the pre-activations of one are all 0, or not finite"],
        /// Variance of a weight as the scheme defines it.
        pub weight_variance_theory: Option<f64> [NonNegative, "the scheme has no closed form for it"],
        /// (mean square of the weights - `weight_variance_theory`) / its standard error.
        pub weight_variance_error: Option<f64>
            [StandardErrors, "`weight_variance_theory` is empty; the squares of the weights are all equal, or not finite"],
        /// Second moment of the pre-activation by theory.
        pub moment_theory: Option<f64> [NonNegative, "networks with normalization; not finite"],
        /// `preactivation_moment` / `moment_theory` - 1.
        pub moment_error: Option<f64>
            [Signed, "`moment_theory` is empty or 0; a pre-activation is not finite"],
        /// Cosine of the pre-activations of the first two probe samples by theory.
        pub correlation_theory: Option<f64>
            [Cosine, "normalization or residual blocks; only one sample; a length by theory is 0 or not finite"],
        /// `pair_correlation` - `correlation_theory`.
        pub correlation_error: Option<f64> [Signed, "one of the two is empty"],
        /// Ratio of the gradient's second moment to that of the next layer by theory (chi_1).
        pub gradient_ratio_theory: Option<f64>
            [NonNegative, "output layer; normalization or residual blocks; not finite"],
        /// ln(`gradient_ratio` / `gradient_ratio_theory`).
        pub gradient_ratio_error: Option<f64> [Nats, "one of the two is empty or 0"],
        /// Mean of the squared singular values of the Jacobian of this layer's activations with
        /// respect to the first probe sample.
        pub jacobian_mean: Option<f64>
            [NonNegative, "all but the last hidden and the output layer; normalization; not finite"],
        /// Variance of the squared singular values of the Jacobian over the square of their mean.
        pub jacobian_spread: Option<f64> [NonNegative, "as `jacobian_mean`"],
        /// Least squared singular value of the Jacobian.
        pub jacobian_min: Option<f64>
            [NonNegative, "as `jacobian_mean`; more than 256 units and more than 256 inputs"],
        /// Greatest squared singular value of the Jacobian.
        pub jacobian_max: Option<f64> [NonNegative, "as `jacobian_min`"],
        /// Mean loss over the probe samples (network).
        pub initial_loss: Option<f64> [Loss, "all but the output layer; not finite"],
        /// 1 if some hidden layer is zero on every probe sample, so that the output is constant, else
        /// 0 (network).
        pub born_dead: Option<u32> [Flag, "all but the output layer"],
        /// 1 if some hidden layer is zero on the first probe sample, else 0 (network).
        pub first_dead: Option<u32> [Flag, "all but the output layer"],
    }
}

columns! {
    /// One row of `steps.csv`, after the coordinates and `trial_id`: one layer of a trial after its first
    /// steps (Yang et al. 2022, Tensor Programs V, arXiv 2203.03466, appendix D.1: the coordinate check).
    /// Means are over the probe samples and the units of the layer.
    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct StepRow {
        /// Optimizer steps taken.
        pub steps_taken: u32 [Steps],
        /// Weight layer, from 1.
        pub layer: u32,
        /// Weight layers of the network, the output layer included.
        pub depth: u32,
        /// Units of the network's widest hidden layer; of the output layer where there is none.
        pub width: u32,
        /// Mean absolute pre-activation.
        pub preactivation_size: Option<f64> [NonNegative, "a pre-activation is not finite"],
        /// Mean absolute difference of the pre-activation from that before the first step.
        pub preactivation_change: Option<f64>
            [NonNegative, "before the first step; a pre-activation is not finite"],
        /// `preactivation_change` over the mean absolute pre-activation before the first step.
        pub relative_change: Option<f64>
            [NonNegative, "before the first step; a pre-activation is not finite; the divisor is 0"],
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
