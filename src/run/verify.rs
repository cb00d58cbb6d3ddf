//! Recomputes a sample of the trials of a results directory, the summary of all of them and a sample
//! of its probed networks, and compares that with the tables by [`diff`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::grid::GRACE;
use super::job::Job;
use super::pool::Pool;
use super::probes;
use super::progress::Progress;
use super::shard::longest_first;
use super::signals::Stop;
use super::store::Store;
use super::sweep::{Settings, SweepEnd, sweep};
use crate::analysis::diff::{self, Options};
use crate::analysis::stats::STATISTICS_VERSION;
use crate::analysis::summary;
use crate::random::{Key, Purpose};
use crate::support::error::{Error, Kind, Result};
use crate::table::inputs::{ChangedInput, inputs_changed};
use crate::table::io::{Table, Writer};
use crate::table::manifest::Manifest;
use crate::table::probe::{write_histograms, write_layers, write_steps};
use crate::table::record::TrialRecord;
use crate::table::source::Source;
use crate::table::{Trials, format, trial_number};

/// What was recomputed, and how it differs.
#[derive(Debug)]
pub struct Verified {
    /// Trials of the experiment; 0 where only a probe is here.
    pub trials: u32,
    /// How many of them were recomputed.
    pub trials_checked: u32,
    /// Networks of the probe; 0 where there is none.
    pub networks: u32,
    /// How many of them were recomputed.
    pub networks_checked: u32,
    /// Data that are not those of the tables; then nothing is recomputed.
    pub changed: Vec<ChangedInput>,
    /// Why a table could not be recomputed.
    pub notes: Vec<String>,
    /// How the tables differ from what was recomputed.
    pub report: Option<diff::Diff>,
}

impl Verified {
    /// Whether every bit is the same.
    pub fn is_same(&self) -> bool {
        let same = |r: &diff::Diff| r.same && r.tables().all(|t| !t.unsorted);
        self.changed.is_empty() && self.notes.is_empty() && self.report.as_ref().is_some_and(same)
    }
}

/// How much to verify, and how.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// How many trials.
    pub amount: Amount,
    /// Which ones: another seed takes others.
    pub seed: u64,
    /// The threads that train, a trial each.
    pub pool: Pool,
    /// No progress on standard error.
    pub quiet: bool,
    /// Rows that are printed of each table.
    pub limit: usize,
}

impl VerifyOptions {
    /// The `count` of `all` numbers that are sampled, ascending.
    fn choose(&self, all: u32, count: u32) -> Vec<u32> {
        let mut chosen = choose(self.seed, all, count);
        chosen.sort_unstable();
        chosen
    }
}

/// `count` of the numbers below `all`, in random order.
pub(crate) fn choose(seed: u64, all: u32, count: u32) -> Vec<u32> {
    let mut chosen: Vec<u32> = (0..all).collect();
    Key::new(seed, 0, Purpose::Verify).stream(0).shuffle(&mut chosen);
    chosen.truncate(count as usize);
    chosen
}

/// A share of all trials, or a number of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A share, over 0 and up to 1.
    Share(f64),
    /// A number of trials.
    Trials(u32),
}

impl Amount {
    /// Reads `2%` or `100`.
    ///
    /// # Errors
    /// The text is neither, or nothing at all, or more than all.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let amount = match text.strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse()
                .ok()
                .filter(|p| *p > 0.0 && *p <= 100.0)
                .map(|p: f64| Amount::Share(p / 100.0)),
            None => text.parse().ok().filter(|n| *n > 0).map(Amount::Trials),
        };
        amount.ok_or_else(|| "give a share over 0% and up to 100%, or a number of trials".to_owned())
    }

    /// Whether it is every trial.
    pub fn is_all(self) -> bool {
        self == Amount::Share(1.0)
    }

    /// How many of `trials` that is: one at least, where there are any.
    pub fn of(self, trials: u32) -> u32 {
        match self {
            Amount::Share(share) => ((f64::from(trials) * share).ceil() as u32).max(1).min(trials),
            Amount::Trials(n) => n.min(trials),
        }
    }
}

/// Verifies the results in `directory`, which `manifest` describes, with `job` made from that
/// manifest.
///
/// # Errors
/// The tables are not those of the manifest, or cannot be read; or the program has been asked to
/// stop.
pub fn verify(
    directory: &Path,
    manifest: &Manifest,
    job: &Arc<Job>,
    options: &VerifyOptions,
    stop: &Stop,
) -> Result<Verified> {
    let again = Again {
        directory,
        manifest,
        job,
        options,
    };
    let (is_trained, is_probed) = (again.has(format::TRIALS), again.has(format::PROBE));
    let rows = match is_trained {
        true => trials_there(directory, job)?,
        false => Vec::new(),
    };
    let networks = match is_probed {
        true => probes::networks(job),
        false => Vec::new(),
    };
    let mut verified = Verified {
        trials: rows.len() as u32,
        trials_checked: 0,
        networks: networks.len() as u32,
        networks_checked: 0,
        changed: inputs_changed(manifest, &job.experiment, &job.manifest.digests()),
        notes: Vec::new(),
        report: None,
    };
    if !verified.changed.is_empty() {
        return Ok(verified);
    }
    let trained = match is_trained {
        true => again.train(&rows, stop, &mut verified.notes)?,
        false => Recomputed::default(),
    };
    let probed = match networks.is_empty() {
        true => Recomputed::default(),
        false => again.probe(&networks)?,
    };
    verified.trials_checked = trained.trials.len() as u32;
    verified.networks_checked = probed.trials.len() as u32;
    let mut report = again.compare(trained)?;
    if let Some(table) = report.tables().find(|t| t.name == format::TRIALS)
        && table.rows_old != u64::from(verified.trials)
    {
        let what = format!(
            "has {} rows, but the experiment has {} trials",
            table.rows_old, verified.trials
        );
        return Err(not_of_the_experiment(directory, &what));
    }
    if is_probed {
        let probes = again.compare(probed)?;
        report.same &= probes.same;
        report.directories.extend(probes.directories);
    }
    verified.report = Some(report);
    Ok(verified)
}

/// What is recomputed, and of what.
struct Again<'a> {
    directory: &'a Path,
    manifest: &'a Manifest,
    job: &'a Arc<Job>,
    options: &'a VerifyOptions,
}

/// Tables as they come out again.
#[derive(Default)]
struct Recomputed {
    /// The trials whose rows they have, ascending.
    trials: Vec<u32>,
    tables: Tables,
}

impl Again<'_> {
    fn has(&self, file: &str) -> bool {
        self.directory.join(file).exists()
    }

    /// Makes the summary, and trains a sample of the trials `rows`: their rows in the tables that the directory
    /// has. Committed results often leave out the large ones.
    fn train(&self, rows: &[u32], stop: &Stop, notes: &mut Vec<String>) -> Result<Recomputed> {
        let (job, options) = (self.job, self.options);
        let mut tables = Tables::new();
        // First, since it takes no training.
        match options.pool.install(|| summary_of(self.directory, job)) {
            // Of other statistics: the trials are what can be verified.
            Ok(_) if self.manifest.statistics_version != STATISTICS_VERSION => {}
            Ok(bytes) => tables.push((format::SUMMARY.to_owned(), bytes)),
            Err(error) => notes.push(format!(
                "{}: cannot be recomputed: {}",
                self.directory.join(format::SUMMARY).display(),
                error.message()
            )),
        }
        let all = rows.len() as u32;
        let numbers = options.choose(all, options.amount.of(all)).into_iter();
        let trials: Vec<u32> = numbers.map(|number| rows[number as usize]).collect();
        let mut store = recompute(job, &trials, &options.pool, options.quiet, stop)?;
        let records = trials.iter().map(|&index| store.fetch(index));
        let trained = tables_of(job, &records.collect::<Result<Vec<_>>>()?);
        tables.extend(trained.into_iter().filter(|(file, _)| self.has(file)));
        Ok(Recomputed { trials, tables })
    }

    /// Probes a sample of `networks`, the same share as of the trials: their rows in the tables that the directory
    /// has.
    fn probe(&self, networks: &[usize]) -> Result<Recomputed> {
        let (job, options) = (self.job, self.options);
        let share = f64::from(options.amount.of(job.len())) / f64::from(job.len().max(1));
        let all = networks.len() as u32;
        let numbers = options
            .choose(all, (share * f64::from(all)).ceil() as u32)
            .into_iter();
        let networks: Vec<usize> = numbers.map(|number| networks[number as usize]).collect();
        let wanted = &job.plan.record().layer_rows;
        let mut tables = Tables::new();
        if self.has(format::STEPS) && !probes::stepped(job).is_empty() {
            let results = probes::run_steps(job, &networks, &options.pool, || {});
            let records: Vec<_> = results.into_iter().flatten().collect();
            let mut steps = Vec::new();
            write_steps(&records, wanted, &mut steps)?;
            tables.push((format::STEPS.to_owned(), steps.into()));
        }
        let trials = networks.iter().map(|&i| i as u32).collect();
        let probed = probes::run_these(job, networks, &options.pool, || {});
        let mut layers = Vec::new();
        write_layers(&probed.records, wanted, &mut layers)?;
        tables.push((format::PROBE.to_owned(), layers.into()));
        if self.has(format::HISTOGRAMS) {
            let mut histograms = Vec::new();
            write_histograms(&probed.records, &mut histograms)?;
            tables.push((format::HISTOGRAMS.to_owned(), histograms.into()));
        }
        Ok(Recomputed { trials, tables })
    }

    /// Compares the tables in the directory with what was recomputed of them.
    fn compare(&self, recomputed: Recomputed) -> Result<diff::Diff> {
        let tables: BTreeMap<String, Arc<[u8]>> = recomputed.tables.into_iter().collect();
        let files: Vec<String> = tables.keys().cloned().collect();
        let old = Source::Directory(self.directory.to_owned());
        let new = Source::Memory {
            name: "recomputed here".to_owned(),
            files: tables,
        };
        let timed = !self.job.experiment.record.epochs || self.has(format::EPOCHS);
        let options = Options {
            limit: self.options.limit,
            // Without epochs.csv nothing tells when the target was reached.
            ignored: match timed {
                true => BTreeSet::new(),
                false => FROM_EPOCHS.map(str::to_owned).into(),
            },
            left_out: Some(left_out(self.job, &recomputed.trials)),
            ..Options::default()
        };
        diff::compare_tables(&old, &new, &files, &options)
    }
}

/// The trials that the tables in `directory` are to have: all; or where replicates go on until a
/// decision, those that have a row.
fn trials_there(directory: &Path, job: &Job) -> Result<Vec<u32>> {
    let all = 0..job.len();
    if job.experiment.sequential.is_none() {
        return Ok(all.collect());
    }
    let trials = Trials::load(directory)?;
    let ids: BTreeSet<&str> = (0..trials.len()).map(|row| trials.id(row)).collect();
    let there: Vec<u32> = all
        .filter(|i| ids.contains(job.plan.trial_id(*i as usize).as_str()))
        .collect();
    if there.is_empty() {
        return Err(not_of_the_experiment(
            directory,
            "has no row of a trial of the experiment",
        ));
    }
    Ok(there)
}

/// What is said of a table of trials in `directory` whose rows are not those of the experiment.
fn not_of_the_experiment(directory: &Path, what: &str) -> Error {
    let message = format!("{} {what}", directory.join(format::TRIALS).display());
    Error::new(Kind::Store, message).help("`goodinit grid EXPERIMENT --fresh` writes it anew")
}

/// Columns of the summary that only the evaluations between epochs can tell.
const FROM_EPOCHS: [&str; 2] = ["reached_target", "epochs_to_target_median"];

/// The digests of all trials but the `sampled` ones, as ascending numbers.
fn left_out(job: &Job, sampled: &[u32]) -> Vec<u64> {
    let others = (0..job.len()).filter(|i| sampled.binary_search(i).is_err());
    let mut ids: Vec<u64> = others
        .filter_map(|i| trial_number(&job.plan.trial_id(i as usize)))
        .collect();
    ids.sort_unstable();
    ids
}

/// Tables in memory, by name.
pub(crate) type Tables = Vec<(String, Arc<[u8]>)>;

/// Trains the `chosen` trials again: their records, in memory.
///
/// # Errors
/// The program has been asked to stop, or an I/O error.
pub(crate) fn recompute(
    job: &Arc<Job>,
    chosen: &[u32],
    pool: &Pool,
    quiet: bool,
    stop: &Stop,
) -> Result<Store> {
    let costs = job.costs();
    let order: Vec<u32> = longest_first(&costs)
        .into_iter()
        .filter(|i| chosen.binary_search(i).is_ok())
        .collect();
    let work = order
        .iter()
        .fold(0, |sum: u64, &i| sum.saturating_add(costs[i as usize]));
    let mut store = Store::in_memory(costs.len());
    let mut progress = Progress::new(order.len() as u64, work, quiet);
    let settings = Settings {
        pool: pool.clone(),
        fail_fast: false,
        grace: GRACE,
        trace: None,
        go_on: None,
    };
    let end = sweep(job, order, &mut store, &settings, stop, &mut progress);
    progress.clear();
    match end? {
        SweepEnd::Complete => Ok(store),
        SweepEnd::Interrupted { .. } => Err(Error::new(
            Kind::Interrupted,
            "interrupted before the sample was recomputed",
        )),
    }
}

/// The rows of `records` in each table that the experiment of `job` has.
pub(crate) fn tables_of(job: &Job, records: &[TrialRecord]) -> Tables {
    let record = &job.experiment.record;
    let recorded = |table: &Table| match table {
        Table::Trials => true,
        Table::Epochs => record.epochs,
        Table::Layers => !record.layers.is_empty(),
    };
    let write = |table: Table| {
        let mut writer = Writer::new(table, Vec::new())?;
        records.iter().try_for_each(|record| writer.push(record))?;
        Ok((table.file().to_owned(), writer.finish()?.into()))
    };
    let tables: Result<Tables> = Table::ALL.into_iter().filter(recorded).map(write).collect();
    tables.expect("memory can be written")
}

/// The summary that the tables in `directory` give.
fn summary_of(directory: &Path, job: &Job) -> Result<Arc<[u8]>> {
    // An epochs.csv that was not recorded is of something else.
    let timed = job.experiment.record.epochs && directory.join(format::EPOCHS).exists();
    let trials = Trials::from_source(&Source::Directory(directory.to_owned()), timed)?;
    let mut text = Vec::new();
    summary::write(&summary::summarise(&trials), &mut text)?;
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shares_or_numbers() {
        assert_eq!(Amount::parse("2%"), Ok(Amount::Share(0.02)));
        assert_eq!(Amount::parse("7"), Ok(Amount::Trials(7)));
        for bad in ["0", "0%", "101%", "-1", "nan%", "inf%", "2.5", "", "%"] {
            assert!(Amount::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            (
                Amount::Share(0.02).of(10),
                Amount::Share(1.0).of(10),
                Amount::Trials(99).of(10)
            ),
            (1, 10, 10)
        );
    }
}
