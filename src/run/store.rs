//! A results directory while a run is at work in it: locks, the journal of its shard, and which
//! trials are already there.
//!
//! ```text
//! results/quick/lock               held while anybody is at work (shards share it)
//! results/quick/journal/1-of-1     the journal of a whole run
//! results/quick/journal/3-of-16    that of a shard, with 3-of-16.lock beside it
//! results/quick/previous-1/        what a later run replaced, never deleted
//! ```
//!
//! A journal is there while a run is unfinished. Once the tables are in place (manifest last) it
//! is removed: the manifest then says that the run is complete.

use std::fs::{self, File};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::files;
use super::journal::{self, Header, Key, Place, Reader, Writer};
use super::lock::{Lock, Mode};
use super::shard::Shard;
use crate::error::{Error, Kind, Result};
use crate::results::record::TrialRecord;

/// Records reach the operating system at once and the disk itself this often: what a loss of
/// power can cost at most. A killed process loses none of them.
pub const SYNC_INTERVAL: Duration = Duration::from_secs(2);

pub(super) const NOWHERE: Place = Place { offset: 0, length: 0 };

/// The path of the journal of `shard` below `directory`.
pub fn journal_path(directory: &Path, shard: Shard) -> PathBuf {
    directory
        .join("journal")
        .join(format!("{}-of-{}", shard.index, shard.count))
}

/// Every journal below `directory` with its shard, in order.
///
/// # Errors
/// The directory cannot be read.
pub fn journals(directory: &Path) -> Result<Vec<(Shard, PathBuf)>> {
    let folder = directory.join("journal");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|e| Error::io("read", &folder, &e))? {
        let path = entry.map_err(|e| Error::io("read", &folder, &e))?.path();
        let shard = path
            .file_name()
            .and_then(|n| n.to_str())
            .and_then(|n| n.split_once("-of-"));
        if let Some((Ok(index), Ok(count))) = shard.map(|(i, n)| (i.parse(), n.parse())) {
            found.push((Shard { index, count }, path));
        }
    }
    found.sort();
    Ok(found)
}

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
        belongs(&path, &found, header)?;
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
                .and_then(|f| journal::decode(f))
                .ok_or_else(missing),
            (_, Some(reader)) => reader.read(place),
            (_, None) => Err(missing()),
        }
    }
}

/// Takes the locks of a run of `shard` in `directory`, which is created if it is not there.
///
/// # Errors
/// Somebody else is at work there, or the operating system refuses.
pub fn take_locks(directory: &Path, shard: Shard) -> Result<Vec<Lock>> {
    fs::create_dir_all(directory).map_err(|e| Error::io("create", directory, &e))?;
    let mode = if shard.is_whole() {
        Mode::Exclusive
    } else {
        Mode::Shared
    };
    let place = directory.display().to_string();
    let mut locks = vec![Lock::take(&directory.join("lock"), mode, &place)?];
    if !shard.is_whole() {
        let folder = directory.join("journal");
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, &e))?;
        let own = folder.join(format!("{}-of-{}.lock", shard.index, shard.count));
        locks.push(Lock::take(
            &own,
            Mode::Exclusive,
            &format!("shard {shard} of {place}"),
        )?);
    }
    Ok(locks)
}

/// Why a journal with header `found` cannot be gone on with by a run with header `wanted`.
///
/// # Errors
/// It belongs to something else; the error says what.
pub fn belongs(path: &Path, found: &Header, wanted: &Header) -> Result<()> {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let why = if found.experiment != wanted.experiment {
        format!(
            "another experiment ({}, not {})",
            short(&found.experiment),
            short(&wanted.experiment)
        )
    } else if found.numerics_version != wanted.numerics_version {
        format!(
            "numerics version {}, not {}",
            found.numerics_version, wanted.numerics_version
        )
    } else if found.build != wanted.build {
        format!(
            "another build of the program ({}, not {})",
            found.build, wanted.build
        )
    } else if found.data != wanted.data {
        "this experiment on other data".to_owned()
    } else if (found.shard, found.shards, found.trials) != (wanted.shard, wanted.shards, wanted.trials) {
        format!(
            "shard {}/{} of {} trials",
            found.shard, found.shards, found.trials
        )
    } else {
        return Ok(());
    };
    let message = format!("{} is the journal of an unfinished run: {why}", path.display());
    Err(Error::new(Kind::Store, message)
        .help("it is left as it is: finish that run with what began it, or choose another --out")
        .help("`--fresh` moves it aside and starts anew"))
}

/// Forces a journal to the disk and makes sure that it is still the file at `path`.
fn sync(file: &File, path: &Path) -> Result<()> {
    file.sync_data().map_err(|e| Error::io("write to", path, &e))?;
    if !is_at(file, path) {
        let message = format!(
            "{} was removed or replaced while the run was at work",
            path.display()
        );
        return Err(Error::new(Kind::Store, message)
            .help("run the same command again: it goes on from what is there"));
    }
    Ok(())
}

/// Whether `path` still names `file`. Where open files cannot be removed, it does.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
        matches!((&file.metadata(), &fs::metadata(path)), (Ok(a), Ok(b)) if same(a, b))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// A thread that waits for the disk, so that nobody else has to.
#[derive(Debug)]
struct Syncer {
    dirty: Arc<Mutex<bool>>,
    failure: Arc<Mutex<Option<Error>>>,
    /// Dropped to end the thread.
    life: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    fn start(file: File, path: PathBuf) -> Self {
        let (life, death) = mpsc::channel::<()>();
        let (dirty, failure) = (Arc::new(Mutex::new(false)), Arc::new(Mutex::new(None)));
        let (flag, slot) = (dirty.clone(), failure.clone());
        let thread = std::thread::spawn(move || {
            while death.recv_timeout(SYNC_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let was = std::mem::take(&mut *flag.lock().unwrap_or_else(PoisonError::into_inner));
                if (was || !is_at(&file, &path))
                    && let Err(error) = sync(&file, &path)
                {
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return;
                }
            }
        });
        Syncer {
            dirty,
            failure,
            life: Some(life),
            thread: Some(thread),
        }
    }

    fn dirty(&self) {
        *self.dirty.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    fn error(&self) -> Result<()> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.life.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Moves what lies at `paths` (those that exist) into a new `previous-N` in `directory`.
///
/// # Errors
/// The operating system refuses.
pub fn set_aside(directory: &Path, paths: &[PathBuf]) -> Result<Option<PathBuf>> {
    let there: Vec<&Path> = paths
        .iter()
        .map(PathBuf::as_path)
        .filter(|p| p.exists())
        .collect();
    files::set_aside(directory, &there)
}
