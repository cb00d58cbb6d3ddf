//! What a run has done so far: the journal of its shard, and which trials are in it.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::directory::journal_path;
use super::frame::{self, Key};
use super::header::Header;
use super::journal::{self, Place, Reader, Writer};
use super::shard::Shard;
use super::syncer::{Syncer, sync};
use crate::support::error::{Error, Kind, Result};
use crate::table::record::TrialRecord;

pub(super) const NOWHERE: Place = Place { offset: 0, length: 0 };

/// Which trials belong here, for checking what a journal says.
pub trait Plan {
    /// The identity of trial `index`; `None` if the shard has no such trial.
    fn trial_id(&self, index: u64) -> Option<String>;
}

/// Where records can be had, in any order.
pub trait Fetch {
    /// The record of trial `index`.
    ///
    /// # Errors
    /// It is not there, or the journal has changed.
    fn fetch(&mut self, index: u32) -> Result<TrialRecord>;
}

/// What was found of an earlier run.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Resumed {
    /// Trials that are done.
    pub trials: u64,
    /// Bytes of a record cut short at the end.
    pub torn: u64,
    /// Stretches of the journal that are damaged.
    pub damaged: Vec<Range<u64>>,
    /// Records that belong to no trial of this shard, or come twice.
    pub foreign: u64,
}

/// A journal being written, and what is in it.
#[derive(Debug)]
pub struct Store {
    places: Vec<Place>,
    backing: Backing,
}

#[derive(Debug)]
enum Backing {
    Journal {
        writer: Writer,
        path: PathBuf,
        syncer: Syncer,
    },
    Memory(Vec<Box<[u8]>>),
}

impl Store {
    /// Records in memory only, for `trials` trials: nothing to resume, nothing on disk.
    pub fn in_memory(trials: usize) -> Self {
        Store {
            places: vec![NOWHERE; trials],
            backing: Backing::Memory(Vec::new()),
        }
    }

    /// Opens the journal that belongs to `header` below `directory`, or begins one. `seen` is
    /// called for every trial that is already done.
    ///
    /// # Errors
    /// The journal belongs to something else or cannot be told (it is left alone), or the
    /// operating system refuses.
    pub fn open(
        directory: &Path,
        header: &Header,
        plan: &impl Plan,
        mut seen: impl FnMut(&Key),
    ) -> Result<(Self, Resumed)> {
        let path = journal_path(
            directory,
            Shard {
                index: header.shard,
                count: header.shards,
            },
        );
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| Error::io("create", parent, &e))?;
        }
        let mut places = vec![NOWHERE; header.trials as usize];
        let mut resumed = Resumed::default();
        if !path.exists() {
            journal::create(&path, header)?;
        }
        let found = journal::header(&path)?;
        found.check(&path, header)?;
        let scan = journal::scan(&path, |key, place| {
            let free = places.get(key.index as usize).is_some_and(|p| *p == NOWHERE);
            if free && plan.trial_id(key.index).is_some_and(|id| id == key.trial_id) {
                places[key.index as usize] = place;
                resumed.trials += 1;
                seen(&key);
            } else {
                resumed.foreign += 1;
            }
        })?;
        (resumed.torn, resumed.damaged) = (scan.torn, scan.damaged);
        let writer = Writer::open(&path, scan.end)?;
        let syncer = Syncer::start(writer.handle()?, path.clone());
        let backing = Backing::Journal { writer, path, syncer };
        Ok((Store { places, backing }, resumed))
    }

    /// Whether trial `index` is done.
    pub fn has(&self, index: u32) -> bool {
        self.places.get(index as usize).is_some_and(|p| *p != NOWHERE)
    }

    /// Keeps finished trials, given as keys and encoded frames.
    ///
    /// # Errors
    /// The journal cannot be written; what was kept before stays good.
    pub fn append<'a>(&mut self, frames: impl Iterator<Item = (&'a Key, &'a [u8])>) -> Result<()> {
        let frames: Vec<_> = frames.collect();
        if frames.is_empty() {
            return Ok(());
        }
        let mut offset = match &mut self.backing {
            Backing::Journal { writer, syncer, .. } => {
                let start = match frames.as_slice() {
                    [(_, one)] => writer.append(one)?,
                    many => writer.append(
                        &many
                            .iter()
                            .flat_map(|(_, f)| f.iter().copied())
                            .collect::<Vec<u8>>(),
                    )?,
                };
                syncer.dirty();
                start
            }
            Backing::Memory(records) => {
                let start = records.len() as u64;
                records.extend(frames.iter().map(|(_, f)| Box::from(*f)));
                start
            }
        };
        for (key, frame) in frames {
            let length = frame.len() as u32;
            self.places[key.index as usize] = Place { offset, length };
            offset += match self.backing {
                Backing::Journal { .. } => u64::from(length),
                Backing::Memory(_) => 1,
            };
        }
        Ok(())
    }

    /// Whether everything that was written is still good, as far as is known: the journal is
    /// still where it was, and the disk takes it.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&mut self) -> Result<()> {
        match &self.backing {
            Backing::Journal { syncer, .. } => syncer.error(),
            Backing::Memory(_) => Ok(()),
        }
    }

    /// Waits until everything is on the disk.
    ///
    /// # Errors
    /// The disk refuses, or the journal has been removed.
    pub fn sync(&mut self) -> Result<()> {
        match &self.backing {
            Backing::Journal { writer, path, .. } => sync(&writer.handle()?, path),
            Backing::Memory(_) => Ok(()),
        }
    }

    /// Access to the records that are there.
    ///
    /// # Errors
    /// The journal cannot be opened.
    pub fn reader(&self) -> Result<Records<'_>> {
        let journal = match &self.backing {
            Backing::Journal { path, .. } => Some(Reader::open(path)?),
            Backing::Memory(_) => None,
        };
        Ok(Records { store: self, journal })
    }
}

/// Records read back from a store, in any order.
#[derive(Debug)]
pub struct Records<'a> {
    store: &'a Store,
    journal: Option<Reader>,
}

impl Fetch for Records<'_> {
    fn fetch(&mut self, index: u32) -> Result<TrialRecord> {
        let missing = || Error::new(Kind::Store, format!("trial {index} is not in the journal"));
        let place = *self
            .store
            .places
            .get(index as usize)
            .filter(|p| **p != NOWHERE)
            .ok_or_else(missing)?;
        match (&self.store.backing, &mut self.journal) {
            (Backing::Memory(records), _) => records
                .get(place.offset as usize)
                .and_then(|f| frame::decode(f))
                .ok_or_else(missing),
            (_, Some(reader)) => reader.read(place),
            (_, None) => Err(missing()),
        }
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
