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
//! use goodinit::data::{Cache, Environment};
//! use goodinit::experiment::Experiment;
//! use goodinit::init::Registry;
//! use goodinit::model::Workspace;
//! use goodinit::run::train::train;
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
//!     let c = &trial.coordinates;
//!     let data = cache.prepared(&trial.values.dataset, c.label_noise, u64::from(c.data_seed))?;
//!     let row = train(&trial, &data, &mut workspace)?.record.trial;
//!     println!("{} {:?}", c.scheme, row.test_accuracy);
//! }
//! # goodinit::support::error::Result::Ok(())
//! ```
//!
//! - [`run::grid`] does this for a whole experiment: concurrently, journaled, resumable.
//! - [`init::Scheme`] is the trait behind every scheme; [`init::Registry::with`] adds one of your
//!   own, as `examples/custom_scheme.rs` shows.
//! - [`numerics`] states the arithmetic contract that makes the bits the same everywhere, and
//!   [`random`] how every draw is addressed by what it means.
//! - [`row`] has the columns of every table, [`table`] writes and reads records as tables, [`analysis`] turns tables into statistics,
//!   rankings, comparisons and verdicts on claims;
//!   [`report`] turns tables into a page.
//!
//! # Floors
//!
//! Modules are floors, lowest first: a file uses only lower floors or its own. A test enforces it.
#![deny(missing_docs)]

pub mod support;
pub mod numerics;
pub mod random;
pub mod data;
pub mod activation;
pub mod model;
pub mod theory;
pub mod init;
pub mod row;
pub mod experiment;
pub mod table;
pub mod analysis;
pub mod run;
pub mod report;
pub mod command;
