//! From the journals of shards to the tables of the whole.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use super::directory::{remove_journals, take_locks};
use super::gather::Shards;
use super::grid::about;
use super::shard::Shard;
use super::store::Plan;
use super::tables;
use crate::experiment::{self, Experiment};
use crate::init::Registry;
use crate::support::error::{Error, Kind, Result};
use crate::table::manifest::Manifest;

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

struct Whole(experiment::Plan);

impl Plan for Whole {
    fn trial_id(&self, index: u64) -> Option<String> {
        let index = usize::try_from(index).ok().filter(|&i| i < self.0.len())?;
        Some(self.0.trial_id(index))
    }
}

/// Merges the journals in `directory` and `others` into tables in `directory`. Needs no data and
/// no experiment file: both are described in the journals. The journals in `directory` are then
/// removed; those in `others` are left alone.
///
/// # Errors
/// Somebody is at work in `directory`, the shards are not parts of one whole or not all there, or
/// the operating system refuses. Nothing is then changed.
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
    let header = &shards.header;
    let origin = directory.join("journal");
    let manifest = Manifest::parse(&origin, &header.manifest)?;
    let experiment = Experiment::parse::<&str>(&origin, &manifest.experiment, &[], &Registry::standard())?;
    let mut plan = experiment.plan();
    plan.learn_shapes(&header.data_shapes());
    if plan.len() as u64 != header.trials || experiment.digest() != header.experiment {
        let message = "this program reads the experiment in these journals differently";
        return Err(Error::new(Kind::Store, message).help(format!(
            "merge them with the program that trained them ({})",
            header.build
        )));
    }
    let costs: Vec<u64> = (0..plan.len()).map(|i| plan.cost(i)).collect();
    let mut gathered = shards.gather(&Whole(plan), &costs)?;
    let replaced = tables::write(directory, &experiment.record, &manifest, &mut gathered)?;
    let notes = std::mem::take(&mut gathered.notes);
    // An open file cannot be removed everywhere.
    drop(gathered);
    about(manifest.trials, 0, 0, &header.command, started).write(directory)?;
    remove_journals(directory)?;
    Ok(Merged {
        trials: manifest.trials,
        shards: shards.len(),
        replaced,
        notes,
    })
}
