//! Rows, tables, statistics, comparison.

pub mod record;
