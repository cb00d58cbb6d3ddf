//! The plan: every trial of an experiment in the order of the tables, kept compact.

use std::sync::Arc;

use super::coordinates::Coordinates;
use super::settings::{Record, Train};
use crate::activation::Activation;
use crate::error::Result;
use crate::init::{BiasInit, Scheme};
use crate::model::{Architecture, Loss, Model, Optimizer};

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
    /// Hidden layers.
    pub architecture: Arc<Architecture>,
    /// One activation function for all places, or one per place.
    pub activations: Arc<[Activation]>,
    /// What training minimises.
    pub loss: Loss,
    /// How weights are set.
    pub scheme: Arc<dyn Scheme>,
    /// How biases are set.
    pub bias: Arc<BiasInit>,
    /// How parameters move.
    pub optimizer: Arc<Optimizer>,
    /// How it is trained.
    pub train: Arc<Train>,
    /// What is recorded of it.
    pub record: Arc<Record>,
}

impl Trial {
    /// The network of this trial between `inputs` features and `outputs` units.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn model(&self, inputs: usize, outputs: usize) -> Result<Model> {
        Model::new(&self.architecture, &self.activations, inputs, outputs, self.loss)
    }
}
