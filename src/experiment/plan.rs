//! The plan: every trial of an experiment in the order of the tables, kept compact.

use std::sync::Arc;

use super::coordinates::Coordinates;
use super::settings::{Record, Train};

/// One trial, with everything that decides its bits.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Where it stands in the grid; the first columns of every table.
    pub coordinates: Coordinates,
    /// Digest of the coordinates and of every setting that reaches the bits: 16 hexadecimal
    /// digits. Not of the position in the grid.
    pub id: String,
    /// The experiment's seed.
    pub seed: u64,
    /// How it is trained.
    pub train: Arc<Train>,
    /// What is recorded of it.
    pub record: Arc<Record>,
}
