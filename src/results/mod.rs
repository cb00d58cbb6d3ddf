//! Rows, tables, statistics, comparison.

pub mod cell;
pub mod cells;
pub mod check;
pub mod diff;
pub mod format;
pub mod manifest;
pub mod order;
pub mod probe;
pub mod ranking;
pub mod record;
pub mod source;
pub mod stats;
pub mod summary;
pub mod table;
pub mod terminal;
pub mod tuning;

#[cfg(test)]
pub(crate) mod example;
