//! From the journals of shards to the tables of the whole.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use super::directory::{remove_journals, take_locks};
use super::gather::Shards;
use super::metadata::RunMetadata;
use super::shard::Shard;
use super::{BUILD, tables};
use crate::experiment::Experiment;
use crate::init::Registry;
use crate::support::error::{Error, Kind, Result};

/// What was merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// Trials in the tables.
    pub trials: u64,
    /// Shards that they came from.
    pub shards: usize,
    /// Where older, different tables have been moved.
    pub replaced: Option<PathBuf>,
    /// Damage that did not matter in the end.
    pub notes: Vec<String>,
}

/// Merges the journals in `directory` and `others` into tables in `directory`. Needs no data and
/// no experiment file: both are described in the journals. The journals in `directory` are then
/// removed; those in `others` are left alone.
///
/// # Errors
/// Another process works in `directory`, the shards are not parts of one whole or not all there, or
/// an I/O error. Nothing is then changed.
pub fn merge(directory: &Path, others: &[PathBuf]) -> Result<Merged> {
    let started = (SystemTime::now(), Instant::now());
    if !directory.is_dir() {
        return Err(Error::new(
            Kind::Store,
            format!("there is no directory {}", directory.display()),
        ));
    }
    let _locks = take_locks(directory, Shard::WHOLE)?;
    let mut directories = vec![directory.to_owned()];
    directories.extend(others.iter().cloned());
    let shards = Shards::find(&directories)?;
    let (header, count) = (shards.header.clone(), shards.count());
    let not_ours = |message: &str| {
        let help = format!("merge them with the program that trained them ({})", header.build);
        Err(Error::new(Kind::Store, message).help(help))
    };
    if header.build != BUILD {
        return not_ours(&format!(
            "these shards were trained by another build of the program; this is {BUILD}"
        ));
    }
    let manifest = &header.manifest;
    let origin = directory.join("journal");
    let experiment = Experiment::parse::<&str>(&origin, &manifest.experiment, &[], &Registry::standard())?;
    let mut plan = experiment.plan();
    plan.learn_shapes(&header.shapes);
    if plan.len() as u64 != manifest.trials || experiment.digest() != manifest.experiment_digest {
        return not_ours("this program reads the experiment in these journals differently");
    }
    let costs: Vec<u64> = (0..plan.len()).map(|i| plan.cost(i)).collect();
    let (mut store, notes) = shards.gather(|i| plan.trial_id(i as usize), &costs)?;
    let replaced = tables::write(directory, &experiment, manifest, &mut store)?;
    // An open file cannot be removed everywhere.
    drop(store);
    RunMetadata::new(manifest.trials, 0, 0, &header.command, started).write(directory)?;
    remove_journals(directory)?;
    Ok(Merged {
        trials: manifest.trials,
        shards: count,
        replaced,
        notes,
    })
}
