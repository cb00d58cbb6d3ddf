//! Probes of all networks of an experiment, into the tables of a results directory.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::files::{Pending, replace};
use super::job::Job;
use super::pool::Pool;
use super::probe::probe;
use crate::error::{Error, Kind, Result};
use crate::experiment::{Axis, Trial};
use crate::model::Workspace;
use crate::results::format;
use crate::results::manifest::Manifest;
use crate::results::probe::{ProbeRecord, write_histograms, write_layers};

/// What came of probing an experiment.
#[derive(Debug)]
pub struct Probes {
    /// One record for each network, in the order of the tables.
    pub records: Vec<ProbeRecord>,
    /// The networks that could not be initialized, and why.
    pub failures: Vec<(Trial, Error)>,
}

/// The trials of `job` whose initial networks are probed. What a network is before training does
/// not depend on learning rate, batch size or sample order: of trials that differ in nothing
/// else, the first stands for all.
pub fn networks(job: &Job) -> Vec<usize> {
    const IGNORED: [Axis; 3] = [Axis::LearningRate, Axis::BatchSize, Axis::OrderSeed];
    let mut seen = BTreeSet::new();
    let key = |i: usize| -> Vec<String> {
        let coordinates = job.plan.trial(i).coordinates;
        let kept = Axis::ALL.iter().filter(|axis| !IGNORED.contains(axis));
        kept.map(|axis| coordinates.text(*axis).into_owned()).collect()
    };
    (0..job.plan.len()).filter(|i| seen.insert(key(*i))).collect()
}

/// Probes the networks of `job` on the threads of `pool`; `done` is called after each.
pub fn run(job: &Job, pool: &Pool, done: impl Fn() + Sync) -> Probes {
    let one = |workspace: &mut Workspace, i: usize| {
        let trial = job.plan.trial(i);
        let result = job.data(&trial).and_then(|data| probe(&trial, &data, workspace));
        done();
        result.map_err(|e| Box::new((trial, e)))
    };
    let results: Vec<_> = pool.install(|| {
        let networks = networks(job).into_par_iter();
        networks
            .map_init(Workspace::default, |workspace, i| one(workspace, i))
            .collect()
    });
    let mut probes = Probes {
        records: Vec::new(),
        failures: Vec::new(),
    };
    for result in results {
        match result {
            Ok(record) => probes.records.push(record),
            Err(failure) => probes.failures.push(*failure),
        }
    }
    probes
}

/// Refuses a directory that holds the results of something else.
///
/// # Errors
/// It does, or its manifest cannot be read.
pub fn check_directory(dir: &Path, job: &Job) -> Result<()> {
    if !dir.join(format::MANIFEST).exists() {
        return Ok(());
    }
    let found = Manifest::load(dir)?;
    if found.experiment_digest == job.manifest.experiment_digest
        && found.numerics_version == job.manifest.numerics_version
    {
        return Ok(());
    }
    let message = format!(
        "{} holds the results of another experiment (`{}`, or an earlier form of it)",
        dir.display(),
        found.name
    );
    Err(Error::new(Kind::Store, message).help("choose another directory with --out"))
}

/// Writes `probe.csv`, `histograms.csv` and, last, the manifest. Where older ones differ, they are
/// moved to a `previous-N` directory, whose path is returned.
///
/// # Errors
/// The operating system refuses.
pub fn write(dir: &Path, job: &Job, records: &[ProbeRecord]) -> Result<Option<PathBuf>> {
    std::fs::create_dir_all(dir).map_err(|e| Error::io("create", dir, &e))?;
    let mut probe = Pending::create(&dir.join(format::PROBE))?;
    write_layers(records, &job.plan.record().layer_rows, &mut probe)?;
    let mut histograms = Pending::create(&dir.join(format::HISTOGRAMS))?;
    write_histograms(records, &mut histograms)?;
    let aside = replace(vec![probe, histograms], &[])?;
    let path = dir.join(format::MANIFEST);
    let mut manifest = Pending::create(&path)?;
    let text = job.manifest.to_toml()?;
    manifest
        .write_all(text.as_bytes())
        .map_err(|e| Error::io("write", &path, &e))?;
    manifest.commit()?;
    Ok(aside)
}
