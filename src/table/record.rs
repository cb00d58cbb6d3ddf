//! What one trial leaves behind.

use serde::{Deserialize, Serialize};

pub use crate::experiment::Coordinates;
pub use crate::row::{EpochRow, HistogramRow, LayerRow, ProbeRow, Status, StepRow, TrialRow};

/// Everything one trial leaves behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Its place in the grid: the first columns of every table.
    pub coordinates: Coordinates,
    /// Its row of `trials.csv`, behind the coordinates.
    pub trial: TrialRow,
    /// Its rows of `epochs.csv`; empty where not recorded.
    pub epochs: Vec<EpochRow>,
    /// Its rows of `layers.csv`; empty where not recorded.
    pub layers: Vec<LayerRow>,
}
