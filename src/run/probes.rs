//! Probes of all networks of an experiment, into the tables of a results directory.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::directory::{self, Owner, TRAINED, earlier, owner_with_data, take_locks};
use super::files::Pending;
use super::job::Job;
use super::journal::Journal;
use super::lock::Lock;
use super::pool::Pool;
use super::probe::probe;
use super::replacement::{OldTables, replace};
use super::shard::Shard;
use super::steps::steps;
use super::train::message;
use crate::experiment::Trial;
use crate::model::Workspace;
use crate::support::error::{Error, Result};
use crate::table::format;
use crate::table::manifest::Manifest;
use crate::table::probe::{ProbeRecord, StepRecord, write_histograms, write_layers, write_steps};

/// What came of probing an experiment.
#[derive(Debug)]
pub struct Probes {
    /// One record for each network, in the order of the tables.
    pub records: Vec<ProbeRecord>,
    /// What schemes had to say, on one line for each network on which they had.
    pub notes: Vec<String>,
    /// The networks that could not be initialized, and why.
    pub failures: Vec<(Trial, Error)>,
    /// The first steps of each trial, in the order of the tables; empty unless the experiment asks for
    /// them. A trial whose steps cannot be taken stands in `failures`.
    pub steps: Vec<StepRecord>,
}

/// The trials of `job` whose initial networks are probed: of trials that differ only in what does
/// not affect the initial network, the first.
pub fn networks(job: &Job) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    (0..job.plan.len())
        .filter(|i| seen.insert(job.plan.coordinates(*i).of_start()))
        .collect()
}

/// Probes the networks of `job` on the threads of `pool`; `done` is called after each.
pub fn run(job: &Job, pool: &Pool, done: impl Fn() + Sync) -> Probes {
    let mut probes = run_these(job, networks(job), pool, &done);
    for result in run_steps(job, &stepped(job), pool, &done) {
        match result {
            Ok(record) => probes.steps.push(record),
            Err(failure) if probes.failures.iter().any(|(trial, _)| trial.id == failure.0.id) => {}
            Err(failure) => probes.failures.push(*failure),
        }
    }
    probes
}

/// The trials of `job` of which the first steps are measured: all, or none.
pub fn stepped(job: &Job) -> Vec<usize> {
    match job.plan.record().steps.is_empty() {
        true => Vec::new(),
        false => (0..job.plan.len()).collect(),
    }
}

/// Takes the first steps of these trials.
pub fn run_steps(
    job: &Job,
    trials: &[usize],
    pool: &Pool,
    done: impl Fn() + Sync,
) -> Vec<std::result::Result<StepRecord, Box<(Trial, Error)>>> {
    let one = |workspace: &mut Workspace, i: &usize| {
        let trial = job.plan.trial(*i);
        let result = job.data(&trial).and_then(|data| steps(&trial, &data, workspace));
        done();
        result.map_err(|e| Box::new((trial, e)))
    };
    let results = |trials: &[usize]| trials.par_iter().map_init(Workspace::default, one).collect();
    pool.install(|| results(trials))
}

/// The same for these of its [`networks`].
pub fn run_these(job: &Job, networks: Vec<usize>, pool: &Pool, done: impl Fn() + Sync) -> Probes {
    let one = |workspace: &mut Workspace, i: usize| {
        let trial = job.plan.trial(i);
        let result = job.data(&trial).and_then(|data| probe(&trial, &data, workspace));
        done();
        result.map_err(|e| Box::new((trial, e)))
    };
    let results: Vec<_> = pool.install(|| {
        networks
            .into_par_iter()
            .map_init(Workspace::default, |workspace, i| one(workspace, i))
            .collect()
    });
    let mut probes = Probes {
        records: Vec::new(),
        notes: Vec::new(),
        failures: Vec::new(),
        steps: Vec::new(),
    };
    for result in results {
        match result {
            Ok(probed) => {
                probes.records.push(probed.record);
                probes.notes.extend(message(&probed.notes));
            }
            Err(failure) => probes.failures.push(*failure),
        }
    }
    probes
}

/// Makes `dir` ready for the tables of `job`, and keeps others out of it until the lock is dropped.
/// What is in the way is refused, or with `fresh` left to [`write()`], which moves it aside; the
/// journals of something else are moved at once. An unfinished run of this very experiment may go
/// on afterwards.
///
/// # Errors
/// Another process works in `dir`, or it holds something else.
pub fn enter(dir: &Path, job: &Job, fresh: bool) -> Result<Vec<Lock>> {
    let locks = take_locks(dir, Shard::WHOLE)?;
    let mut foreign = Vec::new();
    for (_, path) in directory::journals(dir)? {
        let journal = Journal::open(&path, false);
        match journal.and_then(|j| j.header.check_experiment(&path, &job.manifest)) {
            Ok(()) => {}
            Err(_) if fresh => foreign.push(path),
            Err(error) => return Err(error),
        }
    }
    directory::set_journals_aside(dir, &foreign, "--fresh")?;
    match owner_with_data(dir, &job.experiment, &job.manifest) {
        Owner::Other(error) if !fresh => Err(error),
        Owner::Earlier(manifest, changed) if !fresh => {
            let name = &manifest.name;
            let what =
                format!("the tables of another experiment, or of an earlier form of this one (`{name}`)");
            Err(earlier(dir, changed, &what))
        }
        _ => Ok(locks),
    }
}

/// Writes `probe.csv`, `histograms.csv`, `steps.csv` where there are any, and, last, the manifest. Where older ones differ, they are
/// moved to a `previous-N` directory, whose path is returned; where they are of something else, with
/// all tables that belong to them.
///
/// # Errors
/// An I/O error.
pub fn write(dir: &Path, job: &Job, probes: &Probes) -> Result<Option<PathBuf>> {
    let records = &probes.records;
    std::fs::create_dir_all(dir).map_err(|e| Error::io("create", dir, &e))?;
    let mut probe = Pending::create(&dir.join(format::PROBE))?;
    write_layers(records, &job.plan.record().layer_rows, &mut probe)?;
    let mut histograms = Pending::create(&dir.join(format::HISTOGRAMS))?;
    write_histograms(records, &mut histograms)?;
    let mut pending = vec![probe, histograms];
    if !probes.steps.is_empty() {
        let mut steps = Pending::create(&dir.join(format::STEPS))?;
        write_steps(&probes.steps, &job.plan.record().layer_rows, &mut steps)?;
        pending.push(steps);
    }
    let path = dir.join(format::MANIFEST);
    let mut manifest = Pending::create(&path)?;
    let theirs = Manifest::load(dir).ok();
    let theirs = theirs.filter(|theirs| theirs.is_of_the_same(&job.manifest));
    let ours = Manifest {
        tables: theirs.map(|theirs| theirs.tables).unwrap_or_default(),
        ..job.manifest.clone()
    };
    let text = ours.to_toml()?;
    manifest
        .write_all(text.as_bytes())
        .map_err(|e| Error::io("write", &path, &e))?;
    if matches!(
        owner_with_data(dir, &job.experiment, &job.manifest),
        Owner::Other(_) | Owner::Earlier(..)
    ) {
        let theirs = TRAINED.iter().chain([&format::RUN]);
        let theirs: Vec<PathBuf> = theirs.map(|name| dir.join(name)).collect();
        pending.push(manifest);
        return replace(pending, &theirs, OldTables::SetAside);
    }
    // The manifest alone may differ, in what no table depends on: claims, name.
    let aside = replace(pending, &[], OldTables::SetAside)?;
    manifest.commit()?;
    Ok(aside)
}
