//! Integration tests, in one binary so that they link once.

mod floors;
mod growth;
mod shipped;
mod summaries;
mod action;
mod arguments;
mod cases;
mod coordinate_check;
mod crash;
mod diff;
mod program;
mod readme;
mod refusals;
mod runs;
mod schedules;
mod shards;
mod until;
mod pages;
mod weights;
mod tutorial;
