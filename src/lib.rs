//! `goodinit`: how should the weights of a network be set before training starts?
//!
//! Modules are floors, lowest first: a file uses only lower floors or its own.
#![deny(missing_docs)]

pub mod error;
pub mod catalog;
pub mod numerics;
pub mod random;
pub mod data;
pub mod activation;
pub mod model;
pub mod theory;
pub mod init;
pub mod experiment;
pub mod results;
pub mod run;
pub mod report;
pub mod command;
