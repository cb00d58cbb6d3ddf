//! Experiment files: TOML text, checked, into an ordered plan of trials.

pub mod claim;
pub mod coordinates;
mod document;
pub mod keys;
mod overrides;
pub mod plan;
mod read;
mod section;
pub mod settings;

pub use claim::Claim;
pub use coordinates::{Axis, Coordinates};
pub use plan::Trial;
pub use settings::{EvaluateTrain, LayerEpoch, Length, Record, SaveWeights, Seeding, Seeds, Train};
