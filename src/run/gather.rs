//! Brings the journals of shards together, after checking that they are parts of one whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::command_line::shard_command;
use super::directory;
use super::header::Header;
use super::journal::Journal;
use super::shard::{Shard, owners};
use super::store::Store;
use crate::support::error::{Error, Kind, Result};

/// The journals of one run, one for each shard, not yet scanned.
#[derive(Debug)]
pub(crate) struct Shards {
    /// What they all belong to; shard and command are those of the first.
    pub header: Header,
    journals: BTreeMap<u32, (PathBuf, Journal)>,
}

impl Shards {
    /// Finds the journals below `directories` and checks that they belong together.
    ///
    /// # Errors
    /// There are none, they belong to different runs, or two are of the same shard.
    pub fn find(directories: &[PathBuf]) -> Result<Self> {
        let mut shards: Option<Shards> = None;
        for directory in directories {
            for (shard, path) in directory::journals(directory)? {
                let journal = Journal::open(&path, false)?;
                let found = journal.header.shard;
                if found != shard {
                    let message = format!("{} is the journal of shard {found}", path.display());
                    return Err(Error::new(Kind::Store, message).help("give it back the name it had"));
                }
                let shards = shards.get_or_insert_with(|| Shards {
                    header: journal.header.clone(),
                    journals: BTreeMap::new(),
                });
                shards.add(path, journal)?;
            }
        }
        shards.ok_or_else(|| {
            let places = directories
                .iter()
                .map(|d| d.join("journal").display().to_string());
            let message = format!("there are no shards in {}", places.collect::<Vec<_>>().join(", "));
            Error::new(Kind::Store, message)
                .help("each is written by: goodinit grid EXPERIMENT.toml --shard I/N")
        })
    }

    fn add(&mut self, path: PathBuf, journal: Journal) -> Result<()> {
        let shard = journal.header.shard;
        let wanted = Header {
            shard: Shard {
                index: shard.index,
                ..self.header.shard
            },
            ..self.header.clone()
        };
        if let (Some(why), Some((first, _))) =
            (journal.header.difference(&wanted), self.journals.values().next())
        {
            let (first, second) = (first.display(), path.display());
            let message = format!("{first} and {second} do not belong together: the second is of {why}");
            return Err(Error::new(Kind::Store, message)
                .help("move the journals that are not wanted out of the way, then merge again"));
        }
        let name = path.display().to_string();
        if let Some((twin, _)) = self.journals.insert(shard.index, (path, journal)) {
            let message = format!("{} and {name} are the same shard", twin.display());
            return Err(Error::new(Kind::Store, message).help("keep the one that has more trials"));
        }
        Ok(())
    }

    /// Reads where every record is and checks that all are there, each once. `trial_id` is the
    /// identity of a trial of the plan, `costs` are those of its trials. Also returns what a person
    /// should know of damaged journals.
    ///
    /// # Errors
    /// Trials are missing (the error names the shards and the commands to run), or a shard holds
    /// trials that are not its own.
    pub fn gather(self, trial_id: impl Fn(u32) -> String, costs: &[u64]) -> Result<(Store, Vec<String>)> {
        let owners = owners(costs, self.header.shard.count);
        let (mut store, mut notes) = (Store::new(costs.len()), Vec::new());
        let mut states = BTreeMap::new();
        for (index, (path, journal)) in self.journals {
            states.insert(index, "unfinished");
            let mine = |i: u32| owners.get(i as usize) == Some(&index);
            let found = store.add(
                journal,
                |key| mine(key.index) && trial_id(key.index) == key.trial_id,
                |_| {},
            )?;
            if let Some(id) = found.foreign.first() {
                let message = format!(
                    "{} holds trial {id}, which is not of shard {index}",
                    path.display()
                );
                return Err(Error::new(Kind::Store, message)
                    .help("was it cut in another way? run that shard again in a directory of its own"));
            }
            notes.extend(
                found
                    .damage
                    .ranges
                    .iter()
                    .map(|range| damaged(&path, range) + " and not used"),
            );
        }
        // Of each shard: trials that are missing, and trials.
        let mut missing: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        for (i, &owner) in (0u32..).zip(&owners) {
            let (lacking, all) = missing.entry(owner).or_default();
            *lacking += usize::from(!store.has(i));
            *all += 1;
        }
        missing.retain(|_, (lacking, _)| *lacking > 0);
        match missing.is_empty() {
            true => Ok((store, notes)),
            false => Err(incomplete(&self.header, &missing, &states)),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.journals.len()
    }
}

/// What a person reads about the damaged bytes `range` of the journal at `path`.
pub(crate) fn damaged(path: &Path, range: &std::ops::Range<u64>) -> String {
    let (path, from, to) = (path.display(), range.start, range.end);
    format!("{path}: bytes {from} to {to} are damaged")
}

fn incomplete(
    header: &Header,
    missing: &BTreeMap<u32, (usize, usize)>,
    states: &BTreeMap<u32, &str>,
) -> Error {
    const SHOWN: usize = 20;
    let (all, count) = (header.manifest.trials, header.shard.count);
    let trials: usize = missing.values().map(|(lacking, _)| lacking).sum();
    let mut text = format!("{trials} of {all} trials are missing");
    for (index, (lacking, all)) in missing.iter().take(SHOWN) {
        let state = states.get(index).unwrap_or(&"not begun");
        let _ = write!(text, "\n  shard {index}/{count}: {lacking} of {all} ({state})");
    }
    if missing.len() > SHOWN {
        let _ = write!(text, "\n  and {} more shards", missing.len() - SHOWN);
    }
    let commands = missing
        .keys()
        .take(SHOWN)
        .map(|&index| shard_command(&header.command, Shard { index, count }));
    commands
        .fold(Error::new(Kind::Store, text), Error::help)
        .help("then merge again")
}

#[cfg(test)]
mod tests;
