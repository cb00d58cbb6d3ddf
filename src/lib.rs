//! `goodinit`: how should the weights of a network be set before training starts?
//!
//! The program trains a seeded grid of small networks (schemes x architectures x activations x
//! learning rates x datasets x replicates) and writes CSV tables that are byte-identical for any
//! thread count, shard split, kill-and-resume point, optimisation level and CPU feature set. This
//! library is everything beneath its command line.
//!
//! # A tour
//!
//! One trial is a pure function of what it is and of its data:
//!
//! ```
//! use goodinit::{Cache, Environment, Experiment, Registry, Workspace, train};
//!
//! let text = r#"
//!     name = "tour"
//!     data = { kind = "digits" }
//!     train = { epochs = 1, batch_size = 32 }
//!     grid = { scheme = ["zeros", "he_normal"], architecture = [[32]], learning_rate = 0.1 }
//! "#;
//! let experiment = Experiment::parse("tour.toml".as_ref(), text, &[] as &[&str], &Registry::standard())?;
//! let plan = experiment.plan();
//! let cache = Cache::new(plan.seed(), Environment::default());
//! let mut workspace = Workspace::new();
//! for i in 0..plan.len() {
//!     let trial = plan.trial(i);
//!     let data = trial.data(&cache)?;
//!     let row = train(&trial, &data, &mut workspace)?.record.trial;
//!     println!("{} {:?}", trial.coordinates.scheme, row.test_accuracy);
//! }
//! # goodinit::Result::Ok(())
//! ```
//!
//! - [`Grid`] does this for a whole experiment: concurrently, journaled, resumable.
//! - [`Scheme`] is the trait behind every scheme, on `ndarray` views; [`Registry::with`] adds one
//!   of your own, as `examples/custom_scheme.rs` shows. A [`Stream`] is a generator of `rand`, so
//!   any law of `rand_distr` draws from it.
//! - [`probe()`] measures signals and gradients at initialization, as `examples/probe.rs` shows.
//! - [`Trials`] is the table of a finished grid in memory; [`rank`] and [`check_claims`] read it,
//!   as `examples/rank_results.rs` and `examples/check_claims.rs` show; [`report()`] draws it.
//!
//! # Public interface
//!
//! The items on this page are the public interface; `internal` is not.
#![deny(missing_docs)]
// Docs of what is no part of the interface link to what is private to the crate.
#![allow(rustdoc::private_intra_doc_links)]

pub use crate::activation::Activation;
pub use crate::analysis::check::{Case, Judgement, Part, Verdict, evaluate as check_claims};
pub use crate::analysis::rank::{Comparison, RankingRates, SchemeScore, rank};
pub use crate::analysis::stats::{Estimate, Interval};
pub use crate::data::{Cache, Dataset, Environment, Features, Prepared, Split, Targets};
pub use crate::experiment::{Axis, Claim, Coordinates, Experiment, Plan, Trial};
pub use crate::init::{Definition, InitReport, Network, Registry, Scheme, row_major};
pub use crate::model::{
    Architecture, LayerInfo, LayerTrace, Loss, Model, NetworkShape, Optimizer, Parameters, Rates, Role,
    Score, Trace, Workspace,
};
pub use crate::numerics::{Batch, Weights};
pub use crate::random::{Purpose, Stream};
pub use crate::report::{Report, report};
pub use crate::run::grid::{Grid, GridOutcome};
pub use crate::run::probe::{Probed, probe};
pub use crate::run::train::{Start, Trained, train};
pub use crate::support::catalog::{Entry, Parameter, Spec, Value};
pub use crate::support::error::{Error, Result};
pub use crate::table::{Figure, Subset, Trials};
pub use crate::theory::MeanField;

/// The rows of the tables: a field is a column. `goodinit list columns` documents each column. A figure
/// that is missing or not finite is `None`.
pub mod rows {
    pub use crate::row::{EpochRow, HistogramRow, LayerRow, ProbeRow, Status, StepRow, TrialRow};
    pub use crate::table::probe::ProbeRecord;
    pub use crate::table::record::TrialRecord;
}

/// What the program's own binary, tests, benches and Python package use besides. It may change in any
/// version.
#[doc(hidden)]
pub mod internal {
    pub use crate::analysis::check::evaluate_at;
    pub use crate::analysis::check::print::{json as judgements_json, markdown as judgements_markdown};
    pub use crate::analysis::diff::export::json as diff_json;
    pub use crate::analysis::diff::print::markdown as diff_markdown;
    pub use crate::analysis::diff::{Options as DiffOptions, Tolerance, compare};
    pub use crate::analysis::stats::STATISTICS_VERSION;
    pub use crate::analysis::summary::{SummaryRow, summarise, write};
    pub use crate::analysis::tune::{ReplicateSplit, tune};
    pub use crate::command::list::markdown;
    pub use crate::command::{Arguments, complain, run};
    pub use crate::data::{DataSpec, load, prepare};
    pub use crate::model::Trainer;
    pub use crate::numerics::{Elementwise, FloatMode, Isa, Lane, SparseRows, apply, isa, product};
    pub use crate::random::Key;
    pub use crate::row::Column;
    pub use crate::run::shard::Shard;
    pub use crate::run::signals::Stop;
    pub use crate::support::error::Kind;
    pub use crate::table::io::{EpochLine, Reader, Row, Table, TrialLine};
    pub use crate::table::manifest::Manifest;
    pub use crate::table::source::Source;
}

// Floors, lowest first: a file uses only lower floors or its own. A test enforces it.
mod support;
mod numerics;
mod random;
mod data;
mod activation;
mod model;
mod theory;
mod init;
mod row;
mod experiment;
mod table;
mod analysis;
mod run;
mod report;
mod command;
#[cfg(fuzzing)]
pub mod fuzz;
