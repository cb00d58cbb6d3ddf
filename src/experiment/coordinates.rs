//! The coordinates of a trial: the first columns of every table.

use serde::{Deserialize, Serialize};

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
