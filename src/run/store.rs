//! Which trials of a plan are done, and where the record of each is.
//!
//! The one place that answers this: a run resumes from its own journal, a merge reads the journals
//! of all shards, and `verify` keeps its records in memory. Another kind of place (the tables of an
//! earlier run) is another [`Backing`].

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::directory::journal_path;
use super::header::Header;
use super::journal::{Damage, Journal, Location, TrialKey, decode};
use crate::support::error::{Error, Kind, Result};
use crate::table::record::TrialRecord;

/// Records reach the operating system at once, and the disk itself this often: a loss of power
/// costs at most so much work. A killed process loses nothing.
const SYNC_INTERVAL: Duration = Duration::from_secs(2);

/// Something that holds records.
#[derive(Debug)]
enum Backing {
    Journal(Box<Journal>),
    Memory(Vec<Box<[u8]>>),
}

/// Where the record of a trial is: in which backing, and where in that.
#[derive(Debug, Clone, Copy)]
struct Place {
    backing: u32,
    at: Location,
}

/// What a journal added to a store.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Found {
    /// Trials that are done.
    pub trials: u64,
    /// What was not intact.
    pub damage: Damage,
    /// The identities of records that belong to no trial of the plan or shard.
    pub foreign: Vec<String>,
}

/// Which trials are done, and where the record of each is.
#[derive(Debug)]
pub(crate) struct Store {
    places: Vec<Option<Place>>,
    backings: Vec<Backing>,
    /// When the last backing was last brought to the disk.
    synced: Instant,
    dirty: bool,
}

impl Store {
    /// A store for `trials` trials, with no record and nowhere to keep one.
    pub fn new(trials: usize) -> Self {
        Store {
            places: vec![None; trials],
            backings: Vec::new(),
            synced: Instant::now(),
            dirty: false,
        }
    }

    /// A store for `trials` trials that keeps records in memory.
    pub fn in_memory(trials: usize) -> Self {
        let mut store = Store::new(trials);
        store.backings.push(Backing::Memory(Vec::new()));
        store
    }

    /// Opens the journal that belongs to `header` below `directory`, or begins one, to append to.
    /// `belongs` says whether a record is one of this run; `seen` is called for every trial that is
    /// already done.
    ///
    /// # Errors
    /// The journal belongs to something else or cannot be told (it is left alone), or an I/O error.
    pub fn open(
        directory: &Path,
        header: &Header,
        belongs: impl Fn(&TrialKey) -> bool,
        seen: impl FnMut(&TrialKey),
    ) -> Result<(Self, Found)> {
        let path = journal_path(directory, header.shard);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| Error::io("create", parent, &e))?;
        }
        if !path.exists() {
            Journal::create(&path, header)?;
        }
        let journal = Journal::open(&path, true)?;
        journal.header.check(&path, header)?;
        let mut store = Store::new(header.manifest.trials as usize);
        let found = store.add(journal, belongs, seen)?;
        if let Some(Backing::Journal(journal)) = store.backings.last_mut() {
            journal.truncate()?;
        }
        Ok((store, found))
    }

    /// Adds the records of `journal` for which `belongs` holds; `seen` is called for each trial
    /// that was not there yet. A trial trained again after damage may occur twice, with equal
    /// records: the first one counts.
    ///
    /// # Errors
    /// An I/O error.
    pub fn add(
        &mut self,
        mut journal: Journal,
        belongs: impl Fn(&TrialKey) -> bool,
        mut seen: impl FnMut(&TrialKey),
    ) -> Result<Found> {
        let mut found = Found::default();
        let backing = self.backings.len() as u32;
        found.damage = journal.scan(|key, at| match self.places.get_mut(key.index as usize) {
            Some(place) if belongs(&key) => {
                if place.is_none() {
                    *place = Some(Place { backing, at });
                    found.trials += 1;
                    seen(&key);
                }
            }
            _ => found.foreign.push(key.trial_id),
        })?;
        self.backings.push(Backing::Journal(Box::new(journal)));
        Ok(found)
    }

    /// Whether trial `index` is done.
    pub fn has(&self, index: u32) -> bool {
        self.places.get(index as usize).is_some_and(Option::is_some)
    }

    /// The record of trial `index`.
    ///
    /// # Errors
    /// It is not done, or its journal has changed.
    pub fn fetch(&mut self, index: u32) -> Result<TrialRecord> {
        let place = self.places.get(index as usize).copied().flatten();
        let backing =
            place.and_then(|place| Some((self.backings.get_mut(place.backing as usize)?, place.at)));
        let record = match backing {
            Some((Backing::Journal(journal), at)) => Some(journal.read(at)?),
            Some((Backing::Memory(frames), at)) => frames.get(at.offset as usize).and_then(|f| decode(f)),
            None => None,
        };
        record.ok_or_else(|| Error::new(Kind::Store, format!("trial {index} is not in the store")))
    }

    /// Keeps finished trials, given as keys and encoded frames, in the backing that was added last.
    ///
    /// # Errors
    /// The journal cannot be written; what was kept before stays good.
    pub fn append<'a>(&mut self, frames: impl Iterator<Item = (&'a TrialKey, &'a [u8])>) -> Result<()> {
        let (keys, frames): (Vec<_>, Vec<_>) = frames.unzip();
        let Some(last) = self.backings.last_mut().filter(|_| !keys.is_empty()) else {
            return Ok(());
        };
        let mut offset = match last {
            Backing::Journal(journal) => journal.append(&frames.concat())?,
            Backing::Memory(records) => {
                records.extend(frames.iter().map(|&f| Box::from(f)));
                (records.len() - frames.len()) as u64
            }
        };
        let in_memory = matches!(last, Backing::Memory(_));
        let backing = (self.backings.len() - 1) as u32;
        self.dirty = true;
        for (key, frame) in keys.into_iter().zip(frames) {
            let length = frame.len() as u32;
            let at = Location { offset, length };
            self.places[key.index as usize] = Some(Place { backing, at });
            offset += if in_memory { 1 } else { u64::from(length) };
        }
        Ok(())
    }

    /// Called now and then during a run: every two seconds, brings what was appended to the disk
    /// and checks that the journal is still in place.
    ///
    /// # Errors
    /// As [`Store::sync`].
    pub fn tick(&mut self) -> Result<()> {
        match self.synced.elapsed() < SYNC_INTERVAL {
            true => Ok(()),
            false => self.sync(),
        }
    }

    /// Brings what was appended to the disk.
    ///
    /// # Errors
    /// An I/O error, or the journal has been removed.
    pub fn sync(&mut self) -> Result<()> {
        if let Some(Backing::Journal(journal)) = self.backings.last() {
            journal.check_in_place()?;
            if std::mem::take(&mut self.dirty) {
                journal.sync()?;
            }
            self.synced = Instant::now();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
