//! The rows of the tables, and how they are written and read.

pub(crate) mod coordinates;
pub mod format;
pub mod inputs;
pub mod labels;
pub(crate) mod lookup;
pub mod manifest;
pub mod order;
pub mod probe;
pub mod record;
pub mod source;
pub mod io;
pub mod trials;

pub use trials::{Figure, Subset, Trials};

#[cfg(test)]
pub(crate) mod example;
