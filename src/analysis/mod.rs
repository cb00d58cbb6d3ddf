//! From tables to statistics, rankings, verdicts on claims and comparisons.

pub mod average_rank;
pub mod budget;
pub mod check;
pub mod diff;
pub mod looks;
#[cfg(test)]
mod looks_study;
pub mod measures;
pub mod rank;
pub mod scaling;
pub mod stats;
#[cfg(test)]
mod study;
pub mod summary;
pub mod time_to_target;
pub mod tune;
