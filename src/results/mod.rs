//! Rows, tables, statistics, comparison.

pub mod cells;
pub mod format;
pub mod manifest;
pub mod order;
pub mod probe;
pub mod record;
pub mod table;

#[cfg(test)]
pub(crate) mod example;
