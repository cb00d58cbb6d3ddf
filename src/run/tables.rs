//! From records to the tables of a results directory, in one pass and with flat memory.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::directory::{PROBED, TRAINED};
use super::files::Pending;
use super::replacement::{OldTables, replace};
use super::store::Store;
use crate::analysis::summary::{self, summarise};
use crate::experiment::{Experiment, Record};
use crate::support::error::{Error, Result};
use crate::table::format;
use crate::table::io::{Table, Writer};
use crate::table::manifest::Manifest;
use crate::table::record::TrialRecord;
use crate::table::trials::Builder;

/// The tables that an experiment has beside the manifest.
pub fn expected(record: &Record) -> Vec<&'static str> {
    let mut files = vec![format::TRIALS, format::SUMMARY];
    if record.epochs {
        files.push(format::EPOCHS);
    }
    if !record.layers.is_empty() {
        files.push(format::LAYERS);
    }
    files
}

/// Records with so many rows are in memory at a time (one record at least), and as many again that
/// are read meanwhile.
const ROWS_AT_ONCE: usize = 4096;

/// Writes every table of the trials `wanted` (ascending) and, last, the manifest. Rows are fetched in
/// the order of the plan, which is that of the tables, while those fetched before are written: on the threads of the rayon pool
/// that this is called in, a table to each. Where older tables differ, they are all moved to a
/// `previous-N` directory, whose path is returned, unless `old` says that they need not be kept.
///
/// # Errors
/// A record cannot be read, or an I/O error; the old tables are then untouched.
pub fn write(
    directory: &Path,
    experiment: &Experiment,
    manifest: &Manifest,
    records: &mut Store,
    wanted: &[u32],
    old: OldTables,
) -> Result<Option<PathBuf>> {
    let files = expected(&experiment.record);
    let without_column = experiment.without_column();
    let mut writers = Vec::new();
    for table in Table::ALL {
        if files.contains(&table.file()) {
            let file = Pending::create(&directory.join(table.file()))?;
            writers.push(Writer::without_column(table, &without_column, file)?);
        }
    }
    let mut trials = Builder::new(experiment.record.epochs);
    let manifest = &Manifest {
        trials: wanted.len() as u64,
        ..manifest.clone()
    };
    let mut unread = wanted.iter();
    let mut fetch = || -> Result<Vec<TrialRecord>> {
        let (mut batch, mut rows) = (Vec::new(), 0);
        while rows < ROWS_AT_ONCE
            && let Some(index) = unread.next()
        {
            let record = records.fetch(*index)?;
            rows += 1 + record.epochs.len() + record.layers.len();
            batch.push(record);
        }
        Ok(batch)
    };
    let mut batch = fetch()?;
    while !batch.is_empty() {
        batch.iter().for_each(|record| trials.push_record(record));
        let push = |writer: &mut Writer<Pending>| batch.iter().try_for_each(|record| writer.push(record));
        let (next, pushed) = rayon::join(&mut fetch, || writers.par_iter_mut().try_for_each(push));
        pushed?;
        batch = next?;
    }
    let mut pending: Vec<Pending> = Vec::new();
    for writer in writers {
        pending.push(writer.finish()?);
    }
    let mut summary = Pending::create(&directory.join(format::SUMMARY))?;
    summary::write(&summarise(&trials.finish(Some(manifest))), &mut summary)?;
    pending.push(summary);
    let manifest = &Manifest {
        tables: pending.iter().map(Pending::digest).collect(),
        ..manifest.clone()
    };
    let path = directory.join(format::MANIFEST);
    let mut last = Pending::create(&path)?;
    last.write_all(manifest.to_toml()?.as_bytes())
        .map_err(|e| Error::io("write", &path, &e))?;
    pending.push(last);
    let stale = stale(directory, &experiment.record, manifest);
    let stale: Vec<PathBuf> = stale.iter().map(|name| directory.join(name)).collect();
    // The manifest of a probe of the same experiment is no table that could be lost.
    let trained = TRAINED.iter().any(|name| directory.join(name).exists());
    let same = Manifest::load(directory).is_ok_and(|old| old.is_of_the_same(manifest));
    let old = if same && !trained {
        OldTables::Overwrite
    } else {
        old
    };
    replace(pending, &stale, old)
}

/// The files in `directory` that must not stand beside the tables of the experiment with `record` and
/// `manifest`: tables that it does not have, and a probe of something else.
pub fn stale(directory: &Path, record: &Record, manifest: &Manifest) -> Vec<&'static str> {
    let files = expected(record);
    let mut stale: Vec<&str> = TRAINED.into_iter().filter(|name| !files.contains(name)).collect();
    if !Manifest::load(directory).is_ok_and(|old| old.is_of_the_same(manifest)) {
        stale.extend(PROBED);
    }
    stale.retain(|name| directory.join(name).exists());
    stale
}
