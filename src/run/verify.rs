//! Recomputing a sample of the trials of a results directory, here and now, and comparing bits; and
//! the summary of all its trials from their rows.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::grid::GRACE;
use super::job::Job;
use super::pool::Pool;
use super::progress::Progress;
use super::shard::longest_first;
use super::signals::Stop;
use super::store::Store;
use super::sweep::{End, Settings, sweep};
use crate::random::{Key, Purpose};
use crate::support::error::{Error, Kind, Result};
use crate::table::format;
use crate::table::manifest::Manifest;

mod rows;
mod summary;

use rows::Rows;
pub use summary::{CellDifference, Found};

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Rows of `trials.csv`.
    pub trials: u64,
    /// How many of them were recomputed.
    pub checked: u64,
    /// What differs, at most one difference a trial: the earliest in a trial's life.
    pub differences: Vec<Difference>,
    /// Cells whose row of `summary.csv` is not what the rows of their trials give.
    pub cells: Vec<CellDifference>,
}

impl Report {
    /// How much differs: trials, and cells of the summary.
    pub fn count(&self) -> usize {
        self.differences.len() + self.cells.len()
    }
}

/// Where in the tables something is.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line in it, from 1; `None` for a file as a whole, and for rows that are not there.
    pub line: Option<u64>,
}

impl Place {
    fn new(directory: &Path, file: &str, line: Option<u64>) -> Self {
        Place {
            file: directory.join(file).display().to_string(),
            line,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// The text of a cell of a table, for people.
fn shown(text: &str) -> &str {
    if text.is_empty() { "empty" } else { text }
}

/// Where a recomputed trial first departs from its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where it stands.
    pub place: Place,
    /// The trial, as people call it.
    pub trial: String,
    /// Its identity.
    pub trial_id: String,
    /// In which stage.
    pub stage: Stage,
    /// The column.
    pub column: String,
    /// What the table has.
    pub table: String,
    /// What was computed here.
    pub here: String,
}

/// A stage of a trial's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The data that training sees.
    Data,
    /// The weights before the first step.
    InitialWeights,
    /// The first evaluation that differs, so many epochs in.
    Epoch(u32),
    /// The measures of a layer, after so many epochs.
    Layer {
        /// Epochs finished.
        epoch: u32,
        /// The layer, from 1.
        layer: u32,
    },
    /// Only the row of `trials.csv`.
    Trial,
    /// The trial has other rows, or none.
    Rows,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Data => f.write_str("the data"),
            Stage::InitialWeights => f.write_str("the initial weights"),
            Stage::Epoch(epoch) => write!(f, "epoch {epoch}"),
            Stage::Layer { epoch, layer } => write!(f, "layer {layer} after epoch {epoch}"),
            Stage::Trial => f.write_str("the row of trials.csv"),
            Stage::Rows => f.write_str("the rows"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} ({}): first differs in {}: {} is {} in the table, {} here",
            self.place,
            self.trial,
            self.trial_id,
            self.stage,
            self.column,
            shown(&self.table),
            shown(&self.here)
        )
    }
}

/// How much to verify, and how.
#[derive(Debug, Clone)]
pub struct Sample {
    /// How many trials.
    pub count: u32,
    /// Which ones: another seed takes others.
    pub seed: u64,
    /// The threads that train, a trial each.
    pub pool: Pool,
    /// No progress on standard error.
    pub quiet: bool,
}

/// The trials that a sample takes, ascending.
pub fn choose(trials: u32, sample: &Sample) -> Vec<u32> {
    let mut all: Vec<u32> = (0..trials).collect();
    Key::new(sample.seed, 0, Purpose::Verify)
        .stream(0)
        .shuffle(&mut all);
    all.truncate(sample.count as usize);
    all.sort_unstable();
    all
}

/// Recomputes a sample of the results in `directory`, which `manifest` describes, with `job` made
/// from that manifest; and their summary.
///
/// # Errors
/// The tables are not those of the manifest, or cannot be read; or the program has been asked to
/// stop.
pub fn verify(
    directory: &Path,
    manifest: &Manifest,
    job: &Arc<Job>,
    sample: &Sample,
    stop: &Stop,
) -> Result<Report> {
    // First, since it takes no data and no training.
    let record = &job.experiment.record;
    let cells = sample
        .pool
        .install(|| summary::compare(directory, manifest, record))?;
    let mut report = Report {
        trials: u64::from(job.len()),
        cells,
        ..Report::default()
    };
    for (theirs, ours) in manifest.dataset.iter().zip(&job.manifest.dataset) {
        if theirs.digest != ours.digest {
            report.differences.push(Difference {
                place: Place::new(directory, format::MANIFEST, None),
                trial: format!("dataset {}", ours.name),
                trial_id: "every trial on it".to_owned(),
                stage: Stage::Data,
                column: "digest".to_owned(),
                table: theirs.digest.clone(),
                here: ours.digest.clone(),
            });
        }
    }
    if !report.differences.is_empty() {
        return Ok(report);
    }
    let chosen = choose(job.len(), sample);
    let mut rows = Rows::read(directory, job, &chosen)?;
    report.differences.append(&mut rows.strays);
    let costs = job.costs();
    let order: Vec<u32> = longest_first(&costs)
        .into_iter()
        .filter(|i| chosen.binary_search(i).is_ok())
        .collect();
    let work = order
        .iter()
        .fold(0, |sum: u64, &i| sum.saturating_add(costs[i as usize]));
    let mut store = Store::in_memory(costs.len());
    let mut progress = Progress::new(order.len() as u64, work, sample.quiet);
    let settings = Settings {
        pool: sample.pool.clone(),
        fail_fast: false,
        grace: GRACE,
        trace: None,
        go_on: None,
    };
    let end = sweep(job, order, &mut store, &settings, stop, &mut progress);
    progress.clear();
    if end? != End::Complete {
        return Err(Error::new(
            Kind::Interrupted,
            "interrupted before the sample was recomputed",
        ));
    }
    for &index in &chosen {
        let record = store.fetch(index)?;
        report.checked += 1;
        report.differences.extend(rows.compare(job, index, &record)?);
    }
    Ok(report)
}
