//! From tables to statistics, rankings, verdicts on claims and comparisons.

pub mod check;
pub mod diff;
pub mod looks;
pub mod rank;
pub mod scaling;
pub mod stats;
#[cfg(test)]
mod study;
pub mod summary;
pub mod tune;
