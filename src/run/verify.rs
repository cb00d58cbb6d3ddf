//! Recomputes a sample of the trials of a results directory, the summary of all of them and a sample
//! of its probed networks, and compares that with the tables by [`diff`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::directory::PROBED;
use super::grid::GRACE;
use super::job::Job;
use super::pool::Pool;
use super::probes;
use super::progress::Progress;
use super::shard::longest_first;
use super::signals::Stop;
use super::store::Store;
use super::sweep::{End, Settings, sweep};
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
pub struct Sample {
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

impl Sample {
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
    /// 0 to 1.
    Share(f64),
    /// So many.
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

    /// How many of `trials` that is: one at least.
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
    sample: &Sample,
    stop: &Stop,
) -> Result<Verified> {
    let there = |file: &str| directory.join(file).exists();
    let (trained, probed) = (there(format::TRIALS), there(format::PROBE));
    let rows = if trained {
        trials_there(directory, job)?
    } else {
        Vec::new()
    };
    let count_there = rows.len() as u32;
    let networks = if probed { probes::networks(job) } else { Vec::new() };
    let mut verified = Verified {
        trials: count_there,
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
    let mut here = BTreeMap::new();
    let mut chosen = Vec::new();
    if trained {
        // First, since it takes no training.
        match sample.pool.install(|| summary_of(directory, job)) {
            // Of other statistics: the trials are what can be verified.
            Ok(_) if manifest.statistics_version != STATISTICS_VERSION => {}
            Ok(bytes) => drop(here.insert(format::SUMMARY.to_owned(), bytes)),
            Err(error) => verified.notes.push(format!(
                "{}: cannot be recomputed: {}",
                directory.join(format::SUMMARY).display(),
                error.message()
            )),
        }
        let numbers = sample
            .choose(count_there, sample.amount.of(count_there))
            .into_iter();
        chosen = numbers.map(|number| rows[number as usize]).collect();
        here.extend(train(directory, job, &chosen, sample, stop)?);
        verified.trials_checked = chosen.len() as u32;
    }
    let mut picked: Vec<u32> = Vec::new();
    if probed && !networks.is_empty() {
        // The same share of the networks as of the trials.
        let share = f64::from(sample.amount.of(job.len())) / f64::from(job.len().max(1));
        let count = (share * f64::from(verified.networks)).ceil() as u32;
        let numbers = sample.choose(verified.networks, count);
        picked = numbers.iter().map(|&i| networks[i as usize] as u32).collect();
        here.extend(probe(directory, job, &picked, sample)?);
        verified.networks_checked = picked.len() as u32;
    }
    let timed = !job.experiment.record.epochs || there(format::EPOCHS);
    let old = Source::Directory(directory.to_owned());
    let new = Source::Memory {
        name: "recomputed here".to_owned(),
        files: here,
    };
    // The trials in a sample and the networks in one are different.
    let compare = |of_probe: bool, sampled: &[u32]| {
        let files = new.tables()?.into_iter();
        let files = files.filter(|file| PROBED.contains(&file.as_str()) == of_probe);
        let options = Options {
            limit: sample.limit,
            // Without epochs.csv nothing tells when the target was reached.
            ignored: match timed {
                true => BTreeSet::new(),
                false => FROM_EPOCHS.map(str::to_owned).into(),
            },
            left_out: Some(left_out(job, sampled)),
            ..Options::default()
        };
        diff::compare_tables(&old, &new, &files.collect::<Vec<_>>(), &options)
    };
    let mut report = compare(false, &chosen)?;
    if probed {
        let probes = compare(true, &picked)?;
        report.same &= probes.same;
        report.directories.extend(probes.directories);
    }
    let trials = report.tables().find(|t| t.name == format::TRIALS);
    if let Some(rows) = trials
        .map(|t| t.rows_old)
        .filter(|n| *n != u64::from(count_there))
    {
        let message = format!(
            "{} has {rows} rows, but the experiment has {} trials",
            directory.join(format::TRIALS).display(),
            count_there
        );
        let help = "`goodinit grid EXPERIMENT --fresh` writes it anew";
        return Err(Error::new(Kind::Store, message).help(help));
    }
    verified.report = Some(report);
    Ok(verified)
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
        let message = format!(
            "{} has no row of a trial of the experiment",
            directory.join(format::TRIALS).display()
        );
        let help = "`goodinit grid EXPERIMENT --fresh` writes it anew";
        return Err(Error::new(Kind::Store, message).help(help));
    }
    Ok(there)
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
        End::Complete => Ok(store),
        End::Interrupted { .. } => Err(Error::new(
            Kind::Interrupted,
            "interrupted before the sample was recomputed",
        )),
    }
}

/// The rows of `records` in each table that the experiment of `job` has.
///
/// # Errors
/// Never: memory can be written.
pub(crate) fn tables_of(job: &Job, records: &[TrialRecord]) -> Result<Tables> {
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
    Table::ALL.into_iter().filter(recorded).map(write).collect()
}

/// Trains the `chosen` trials: their rows in the tables that `directory` has. Committed results
/// often leave out the large ones.
fn train(directory: &Path, job: &Arc<Job>, chosen: &[u32], sample: &Sample, stop: &Stop) -> Result<Tables> {
    let mut store = recompute(job, chosen, &sample.pool, sample.quiet, stop)?;
    let records = chosen.iter().map(|&index| store.fetch(index));
    let mut tables = tables_of(job, &records.collect::<Result<Vec<_>>>()?)?;
    tables.retain(|(file, _)| directory.join(file).exists());
    Ok(tables)
}

/// Probes these networks: their rows in the tables that `directory` has.
fn probe(directory: &Path, job: &Job, networks: &[u32], sample: &Sample) -> Result<Tables> {
    let networks: Vec<usize> = networks.iter().map(|&i| i as usize).collect();
    let wanted = &job.plan.record().layer_rows;
    let mut steps = Vec::new();
    if directory.join(format::STEPS).exists() && !probes::stepped(job).is_empty() {
        let results = probes::run_steps(job, &networks, &sample.pool, || {});
        let records: Vec<_> = results.into_iter().flatten().collect();
        write_steps(&records, wanted, &mut steps)?;
    }
    let probed = probes::run_these(job, networks, &sample.pool, || {});
    let mut layers = Vec::new();
    write_layers(&probed.records, wanted, &mut layers)?;
    let mut tables = vec![(format::PROBE.to_owned(), layers.into())];
    if !steps.is_empty() {
        tables.push((format::STEPS.to_owned(), steps.into()));
    }
    if directory.join(format::HISTOGRAMS).exists() {
        let mut histograms = Vec::new();
        write_histograms(&probed.records, &mut histograms)?;
        tables.push((format::HISTOGRAMS.to_owned(), histograms.into()));
    }
    Ok(tables)
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
