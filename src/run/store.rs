//! Which trials of a plan are done, and where the record of each is.
//!
//! The one place that answers this: of the journal that a run appends to, of journals that others
//! left, of tables, and of records that `verify` keeps in memory. Each is a [`Backing`]; what was
//! added first counts.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::directory::journal_path;
use super::header::Header;
use super::journal::{Damage, Journal, Location, TrialKey, decode, encode};
use crate::experiment::{Length, Record};
use crate::support::error::{Error, Kind, Result};
use crate::table::lookup::{self, Lookup};
use crate::table::record::{Status, TrialRecord};

/// Records reach the operating system at once, and the disk itself this often: a loss of power
/// costs at most so much work. A killed process loses nothing.
const SYNC_INTERVAL: Duration = Duration::from_secs(2);

/// Something that holds records.
enum Backing {
    Journal(Box<Journal>),
    Memory(Vec<Box<[u8]>>),
    /// Tables, and where in them each record stands.
    Tables(Box<Lookup>, Vec<lookup::RowLocation>),
}

/// Where the record of a trial is: in which backing, and where in that. The offset of a record that
/// is not in a journal is its number.
#[derive(Debug, Clone, Copy)]
struct Stored {
    backing: u32,
    at: Location,
    failed: bool,
}

/// Records that are copied from one backing to another at a time.
const COPIED_AT_ONCE: usize = 256;

/// What a journal added to a store.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct JournalScan {
    /// Trials that are done.
    pub trials: u64,
    /// What was not intact.
    pub damage: Damage,
    /// The identities of records that belong to no trial of the plan or shard.
    pub foreign: Vec<String>,
}

/// Which trials are done, and where the record of each is.
pub(crate) struct Store {
    places: Vec<Option<Stored>>,
    backings: Vec<Backing>,
    /// The backing that records are appended to.
    sink: Option<usize>,
    /// What records keep of their rows of epochs and of layers; all, where that is not said.
    keeps: Option<(Record, Length)>,
    /// When the sink was last brought to the disk.
    synced: Instant,
    dirty: bool,
}

impl Store {
    /// A store for `trials` trials, with no record and nowhere to keep one.
    pub fn new(trials: usize) -> Self {
        Store {
            places: vec![None; trials],
            backings: Vec::new(),
            sink: None,
            keeps: None,
            synced: Instant::now(),
            dirty: false,
        }
    }

    /// A store for `trials` trials that keeps records in memory.
    pub fn in_memory(trials: usize) -> Self {
        let mut store = Store::new(trials);
        store.append_in_memory();
        store
    }

    /// Keeps what is appended in memory.
    pub fn append_in_memory(&mut self) {
        self.sink = Some(self.backings.len());
        self.backings.push(Backing::Memory(Vec::new()));
    }

    /// Its records then have the rows that `record` asks for, and no others.
    pub fn keeping(self, record: &Record, length: Length) -> Self {
        let keeps = Some((record.clone(), length));
        Store { keeps, ..self }
    }

    /// Opens the journal that belongs to `header` below `directory`, or begins one, to append to.
    /// `belongs` says whether a record is one of this run; `seen` is called for every trial that is
    /// now done.
    ///
    /// # Errors
    /// The journal belongs to something else or cannot be told (it is left alone), or an I/O error.
    pub fn open(
        &mut self,
        directory: &Path,
        header: &Header,
        belongs: impl Fn(&TrialKey) -> bool,
        mut seen: impl FnMut(&TrialKey),
    ) -> Result<JournalScan> {
        let path = journal_path(directory, header.shard);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| Error::io("create", parent, &e))?;
        }
        if !path.exists() {
            Journal::create(&path, header)?;
        }
        let journal = Journal::open(&path, true)?;
        journal.header.check(&path, header)?;
        let index = |key: &TrialKey| belongs(key).then_some(key.index);
        self.add(journal, true, index, |_, key| seen(key))
    }

    /// Adds those records of `journal` that `index` knows: it gives a trial's number in the plan, or
    /// `None` where its record is not wanted. `seen` is called for each trial that is now done. With
    /// `append`, new records go behind those that are there. Of two records of one trial the first
    /// counts, and any before one that failed: that trial has been trained again.
    ///
    /// # Errors
    /// An I/O error.
    pub fn add(
        &mut self,
        mut journal: Journal,
        append: bool,
        mut index: impl FnMut(&TrialKey) -> Option<u32>,
        mut seen: impl FnMut(u32, &TrialKey),
    ) -> Result<JournalScan> {
        let mut found = JournalScan::default();
        let backing = self.backings.len() as u32;
        let mut ends = Vec::new();
        found.damage = journal.scan(|key, at| {
            let wanted = index(&key);
            let Some((number, place)) = wanted.and_then(|i| Some((i, self.places.get_mut(i as usize)?)))
            else {
                found.foreign.push(key.trial_id);
                return;
            };
            let failed = key.status == Status::Failed;
            match place {
                None => found.trials += 1,
                Some(before) if before.failed && !failed && before.backing == backing => {}
                Some(_) => return,
            }
            *place = Some(Stored { backing, at, failed });
            ends.push((number, key));
        })?;
        for (number, key) in &ends {
            let failed = self.places[*number as usize].is_some_and(|place| place.failed);
            // A record that another one of the same trial has replaced is not counted.
            if failed == (key.status == Status::Failed) {
                seen(*number, key);
            }
        }
        if append {
            journal.truncate()?;
            self.sink = Some(self.backings.len());
        }
        self.backings.push(Backing::Journal(Box::new(journal)));
        Ok(found)
    }

    /// Adds the records in tables at `places`, with their numbers in the plan.
    pub fn add_tables(&mut self, tables: Lookup, places: Vec<(u32, lookup::RowLocation)>) {
        let backing = self.backings.len() as u32;
        for (number, (trial, _)) in (0..).zip(&places) {
            let at = Location {
                offset: number,
                length: 0,
            };
            let place = &mut self.places[*trial as usize];
            let failed = false;
            place.get_or_insert(Stored { backing, at, failed });
        }
        let places = places.into_iter().map(|(_, place)| place).collect();
        self.backings.push(Backing::Tables(Box::new(tables), places));
    }

    /// Forgets the trials that failed: they are to be trained again.
    pub fn forget_failed(&mut self) {
        for place in &mut self.places {
            *place = place.filter(|place| !place.failed);
        }
    }

    /// The number of the backing that is added next.
    pub fn next_backing(&self) -> usize {
        self.backings.len()
    }

    /// The trials whose records are in this backing, ascending.
    pub fn trials_of(&self, backing: usize) -> Vec<u32> {
        let places = (0..).zip(&self.places);
        let here = places.filter(|(_, place)| place.is_some_and(|p| p.backing as usize == backing));
        here.map(|(i, _)| i).collect()
    }

    /// Copies every record that is elsewhere to where records are appended: whatever becomes of the
    /// places that they come from, this run then has them.
    ///
    /// # Errors
    /// A record cannot be read, or the journal cannot be written.
    pub fn gather(&mut self) -> Result<()> {
        let Some(sink) = self.sink else {
            return Ok(());
        };
        let elsewhere = |(i, place): (u32, &Option<Stored>)| {
            place.filter(|place| place.backing as usize != sink).map(|_| i)
        };
        let numbers: Vec<u32> = (0..).zip(&self.places).filter_map(elsewhere).collect();
        for numbers in numbers.chunks(COPIED_AT_ONCE) {
            let mut frames = Vec::new();
            for &i in numbers {
                let record = self.fetch(i)?;
                let key = TrialKey::of(i, &record);
                let frame = encode(&key, &record)?;
                frames.push((key, frame));
            }
            self.append(frames.iter().map(|(key, frame)| (key, frame.as_slice())))?;
        }
        self.sync()
    }

    /// Whether trial `index` is done.
    pub fn has(&self, index: u32) -> bool {
        self.places.get(index as usize).is_some_and(Option::is_some)
    }

    /// Whether all trials are.
    pub fn is_complete(&self) -> bool {
        self.places.iter().all(Option::is_some)
    }

    /// The record of trial `index`.
    ///
    /// # Errors
    /// It is not done, or what holds it has changed.
    pub fn fetch(&mut self, index: u32) -> Result<TrialRecord> {
        let place = self.places.get(index as usize).copied().flatten();
        let backing =
            place.and_then(|place| Some((self.backings.get_mut(place.backing as usize)?, place.at)));
        let record = match backing {
            Some((Backing::Journal(journal), at)) => Some(journal.read(at)?),
            Some((Backing::Memory(frames), at)) => frames.get(at.offset as usize).and_then(|f| decode(f)),
            Some((Backing::Tables(tables, places), at)) => match places.get(at.offset as usize) {
                Some(place) => Some(tables.read(place)?),
                None => None,
            },
            None => None,
        };
        let missing = || Error::new(Kind::Store, format!("trial {index} is not in the store"));
        let mut record = record.ok_or_else(missing)?;
        if let Some((keeps, length)) = &self.keeps {
            record.epochs = keeps.written(record.epochs, *length);
            if keeps.layers.is_empty() {
                record.layers.clear();
            }
        }
        Ok(record)
    }

    /// Keeps finished trials, given as keys and encoded frames, in place of what was there of them.
    ///
    /// # Errors
    /// The journal cannot be written; what was kept before stays good.
    pub fn append<'a>(&mut self, frames: impl Iterator<Item = (&'a TrialKey, &'a [u8])>) -> Result<()> {
        let (keys, frames): (Vec<_>, Vec<_>) = frames.unzip();
        let Some(sink) = self.sink.filter(|_| !keys.is_empty()) else {
            return Ok(());
        };
        let mut offset = match &mut self.backings[sink] {
            Backing::Journal(journal) => journal.append(&frames.concat())?,
            Backing::Memory(records) => {
                records.extend(frames.iter().map(|&f| Box::from(f)));
                (records.len() - frames.len()) as u64
            }
            // Tables are never what is appended to.
            Backing::Tables(..) => return Ok(()),
        };
        let in_memory = matches!(self.backings[sink], Backing::Memory(_));
        let backing = sink as u32;
        self.dirty = true;
        for (key, frame) in keys.into_iter().zip(frames) {
            let length = frame.len() as u32;
            let at = Location { offset, length };
            let failed = key.status == Status::Failed;
            self.places[key.index as usize] = Some(Stored { backing, at, failed });
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
        if let Some(Backing::Journal(journal)) = self.sink.map(|sink| &self.backings[sink]) {
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
