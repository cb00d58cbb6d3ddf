//! Recomputing a sample of the rows of a results directory, here and now, and comparing bits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::grid::GRACE;
use super::job::Job;
use super::pool::Pool;
use super::progress::Progress;
use super::shard::longest_first;
use super::signals::Stop;
use super::store::{Fetch as _, Store};
use super::sweep::{End, Settings, sweep};
use crate::error::{Error, Kind, Result};
use crate::random::{Key, Purpose};
use crate::results::manifest::Manifest;
use crate::results::record::TrialRecord;
use crate::results::table::{Table, Writer, unreadable};

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Rows of `trials.csv`.
    pub trials: u64,
    /// How many of them were recomputed.
    pub checked: u64,
    /// What differs, at most one difference a trial: the earliest in a trial's life.
    pub differences: Vec<Difference>,
}

/// Where a recomputed trial first departs from its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
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
        let shown = |text: &str| {
            if text.is_empty() {
                "empty".to_owned()
            } else {
                text.to_owned()
            }
        };
        write!(
            f,
            "{} ({}): first differs in {}: {} is {} in the table, {} here",
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
/// from that manifest.
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
    let mut report = Report {
        trials: u64::from(job.len()),
        ..Report::default()
    };
    for (theirs, ours) in manifest.dataset.iter().zip(&job.manifest.dataset) {
        if theirs.digest != ours.digest {
            report.differences.push(Difference {
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
    let rows = Rows::read(directory, job, &chosen)?;
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
    let mut records = store.reader()?;
    for &index in &chosen {
        let record = records.fetch(index)?;
        report.checked += 1;
        report.differences.extend(rows.compare(job, index, &record)?);
    }
    Ok(report)
}

type ById = BTreeMap<String, Vec<Vec<String>>>;

/// The rows of the chosen trials, cell by cell as they stand in the files.
struct Rows {
    trials: ById,
    epochs: Option<ById>,
    layers: Option<ById>,
}

impl Rows {
    fn read(directory: &Path, job: &Job, chosen: &[u32]) -> Result<Self> {
        let wanted: BTreeSet<String> = chosen.iter().map(|&i| job.plan.trial_id(i as usize)).collect();
        let read = |table: Table, needed: bool| -> Result<Option<ById>> {
            let path = directory.join(table.file());
            if !needed && !path.exists() {
                return Ok(None);
            }
            let mut found = ById::new();
            let mut count = 0u64;
            each_row(&path, table, |id, cells| {
                count += 1;
                if wanted.contains(id) {
                    found.entry(id.to_owned()).or_default().push(cells());
                }
            })?;
            if table == Table::Trials && count != u64::from(job.len()) {
                let message = format!(
                    "{} has {count} rows, but the experiment has {} trials",
                    path.display(),
                    job.len()
                );
                return Err(Error::new(Kind::Store, message)
                    .help("`goodinit grid EXPERIMENT --fresh` writes it anew"));
            }
            Ok(Some(found))
        };
        let record = &job.experiment.record;
        Ok(Rows {
            trials: read(Table::Trials, true)?.unwrap_or_default(),
            // Committed results often leave out the large tables.
            epochs: if record.epochs {
                read(Table::Epochs, false)?
            } else {
                None
            },
            layers: if record.layers.is_empty() {
                None
            } else {
                read(Table::Layers, false)?
            },
        })
    }

    /// The earliest difference between the rows of trial `index` and `record`.
    fn compare(&self, job: &Job, index: u32, record: &TrialRecord) -> Result<Option<Difference>> {
        let id = &record.trial.trial_id;
        let mut found: Vec<(Stage, String, String, String)> = Vec::new();
        let tables = [
            (Table::Trials, Some(&self.trials)),
            (Table::Epochs, self.epochs.as_ref()),
            (Table::Layers, self.layers.as_ref()),
        ];
        for (table, rows) in tables {
            let Some(rows) = rows else { continue };
            let theirs = rows.get(id).map(Vec::as_slice).unwrap_or_default();
            let ours = render(table, record)?;
            if theirs.len() != ours.len() {
                let count = |n: usize| format!("{n} row{}", if n == 1 { "" } else { "s" });
                let stage = if table == Table::Trials {
                    Stage::Rows
                } else {
                    Stage::Trial
                };
                found.push((
                    stage,
                    table.file().to_owned(),
                    count(theirs.len()),
                    count(ours.len()),
                ));
            }
            for (there, here) in theirs.iter().zip(&ours) {
                for (i, column) in table.columns().iter().enumerate() {
                    if there[i] != here[i] {
                        let stage = stage(table, column.name, here);
                        found.push((stage, column.name.to_owned(), there[i].clone(), here[i].clone()));
                    }
                }
            }
        }
        let earliest = found.into_iter().min_by_key(|(stage, ..)| life(*stage));
        Ok(earliest.map(|(stage, column, table, here)| Difference {
            trial: job.plan.trial(index as usize).to_string(),
            trial_id: id.clone(),
            stage,
            column,
            table,
            here,
        }))
    }
}

/// Order of stages in a trial's life: a layer is measured at the end of its epoch.
fn life(stage: Stage) -> (u8, u32, u8) {
    match stage {
        Stage::Data => (0, 0, 0),
        Stage::InitialWeights => (1, 0, 0),
        Stage::Epoch(epoch) => (2, epoch, 0),
        Stage::Layer { epoch, .. } => (2, epoch, 1),
        Stage::Trial => (3, 0, 0),
        Stage::Rows => (4, 0, 0),
    }
}

fn stage(table: Table, column: &str, cells: &[String]) -> Stage {
    let number = |name: &str| {
        let at = table.columns().iter().position(|c| c.name == name);
        at.and_then(|i| cells.get(i)?.parse().ok()).unwrap_or(0)
    };
    match (table, column) {
        (Table::Trials, "data_hash") => Stage::Data,
        (Table::Trials, "initial_hash") => Stage::InitialWeights,
        (Table::Trials, _) => Stage::Trial,
        (Table::Epochs, _) => Stage::Epoch(number("epoch")),
        (Table::Layers, _) => Stage::Layer {
            epoch: number("epoch"),
            layer: number("layer"),
        },
    }
}

/// The rows of `record` in `table`, cell by cell as they would be written.
fn render(table: Table, record: &TrialRecord) -> Result<Vec<Vec<String>>> {
    let mut writer = Writer::new(table, Vec::new())?;
    writer.push(record)?;
    let text = writer.finish()?;
    let mut rows = Vec::new();
    for row in csv::Reader::from_reader(text.as_slice()).records() {
        let row = row.map_err(|e| Error::new(Kind::Store, format!("cannot render {}: {e}", table.file())))?;
        rows.push(row.iter().map(str::to_owned).collect());
    }
    Ok(rows)
}

/// Calls `visit` with the trial and (on demand) the cells of each row.
fn each_row(path: &Path, table: Table, mut visit: impl FnMut(&str, &dyn Fn() -> Vec<String>)) -> Result<()> {
    let file = File::open(path).map_err(|e| Error::io("read", path, &e))?;
    let bad = |what: String| {
        Error::new(Kind::Store, format!("{}: {what}", path.display()))
            .help("`goodinit grid EXPERIMENT --fresh` writes it anew")
    };
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(file));
    let columns = table.columns();
    let broken = |e: csv::Error| unreadable(&path.display().to_string(), &e);
    let header = reader.headers().map_err(broken)?;
    if !header.iter().eq(columns.iter().map(|c| c.name)) {
        return Err(bad("the columns are not those of this version".to_owned()));
    }
    let id = columns.iter().position(|c| c.name == "trial_id").unwrap_or(0);
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(broken)? {
        visit(row.get(id).unwrap_or_default(), &|| {
            row.iter().map(str::to_owned).collect()
        });
    }
    Ok(())
}
