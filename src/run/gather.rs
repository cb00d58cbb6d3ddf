//! Bringing the journals of shards together, after making sure that they are parts of one whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::command_line::shard_command;
use super::directory;
use super::header::Header;
use super::journal::{self, Place, Reader};
use super::shard::{Shard, owners};
use super::store::{self, Fetch, Plan};
use crate::numerics::NUMERICS_VERSION;
use crate::support::error::{Error, Kind, Result};
use crate::table::record::TrialRecord;

/// Journals that belong together, not yet read.
#[derive(Debug)]
pub struct Shards {
    /// What they all belong to; shard and command are those of the first.
    pub header: Header,
    journals: BTreeMap<u32, PathBuf>,
}

/// Every record of a plan, in the journals of its shards.
#[derive(Debug)]
pub struct Gathered {
    sources: Vec<Reader>,
    places: Vec<(u32, Place)>,
    /// What was found on the way that a person should know.
    pub notes: Vec<String>,
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
                let header = journal::header(&path)?;
                if (header.shard, header.shards) != (shard.index, shard.count) {
                    let message = format!(
                        "{} is the journal of shard {}/{}",
                        path.display(),
                        header.shard,
                        header.shards
                    );
                    return Err(Error::new(Kind::Store, message).help("give it back the name it had"));
                }
                match &mut shards {
                    None => {
                        shards = Some(Shards {
                            header,
                            journals: BTreeMap::from([(shard.index, path)]),
                        })
                    }
                    Some(shards) => shards.add(path, &header)?,
                }
            }
        }
        let shards = shards.ok_or_else(|| {
            let places: Vec<String> = directories
                .iter()
                .map(|d| d.join("journal").display().to_string())
                .collect();
            Error::new(
                Kind::Store,
                format!("there are no shards in {}", places.join(", ")),
            )
            .help("each is written by: goodinit grid EXPERIMENT.toml --shard I/N")
        })?;
        if shards.header.numerics_version != NUMERICS_VERSION {
            let message = format!(
                "these shards are of numerics version {}, this program's is {NUMERICS_VERSION}",
                shards.header.numerics_version
            );
            return Err(
                Error::new(Kind::Store, message).help("merge them with the program that trained them")
            );
        }
        Ok(shards)
    }

    fn add(&mut self, path: PathBuf, header: &Header) -> Result<()> {
        let (Some(first), index) = (self.journals.values().next(), header.shard) else {
            return Ok(());
        };
        let wanted = Header {
            shard: header.shard,
            ..self.header.clone()
        };
        if let Some(why) = header.difference(&wanted) {
            let message = format!(
                "{} and {} do not belong together: the second is of {why}",
                first.display(),
                path.display()
            );
            return Err(Error::new(Kind::Store, message)
                .help("move the journals that are not wanted out of the way, then merge again"));
        }
        if let Some(twin) = self.journals.insert(index, path.clone()) {
            let message = format!("{} and {} are the same shard", twin.display(), path.display());
            return Err(Error::new(Kind::Store, message).help("keep the one that has more trials"));
        }
        Ok(())
    }

    /// Reads where every record lies and checks that all are there, each once. `costs` are those
    /// of the plan's trials.
    ///
    /// # Errors
    /// Trials are missing (the error names the shards and the commands to run), or a shard holds
    /// trials that are not its own.
    pub fn gather(&self, plan: &impl Plan, costs: &[u64]) -> Result<Gathered> {
        let count = self.header.shards;
        let mut gathered = Gathered {
            sources: Vec::new(),
            places: vec![(0, store::NOWHERE); costs.len()],
            notes: Vec::new(),
        };
        let owner = owners(costs, count);
        for (&index, path) in &self.journals {
            gathered.add(index, path, plan, &owner)?;
        }
        let mut missing: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        for (place, &owner) in gathered.places.iter().zip(&owner) {
            let (lacking, all) = missing.entry(owner).or_default();
            *lacking += usize::from(place.1 == store::NOWHERE);
            *all += 1;
        }
        missing.retain(|_, (lacking, _)| *lacking > 0);
        if missing.is_empty() {
            Ok(gathered)
        } else {
            Err(self.incomplete(&missing))
        }
    }

    fn incomplete(&self, missing: &BTreeMap<u32, (usize, usize)>) -> Error {
        let trials: usize = missing.values().map(|(lacking, _)| lacking).sum();
        let mut text = format!("{trials} of {} trials are missing", self.header.trials);
        const SHOWN: usize = 20;
        for (index, (lacking, all)) in missing.iter().take(SHOWN) {
            let state = if self.journals.contains_key(index) {
                "unfinished"
            } else {
                "not begun"
            };
            let _ = write!(
                text,
                "\n  shard {index}/{}: {lacking} of {all} ({state})",
                self.header.shards
            );
        }
        if missing.len() > SHOWN {
            let _ = write!(text, "\n  and {} more shards", missing.len() - SHOWN);
        }
        let mut error = Error::new(Kind::Store, text);
        for index in missing.keys().take(SHOWN) {
            let shard = Shard {
                index: *index,
                count: self.header.shards,
            };
            error = error.help(shard_command(&self.header.command, shard));
        }
        error.help("then merge again")
    }

    /// The journals, first shard first.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.journals.values().map(PathBuf::as_path)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.journals.len()
    }

    /// Never: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.journals.is_empty()
    }
}

impl Gathered {
    fn add(&mut self, index: u32, path: &Path, plan: &impl Plan, owner: &[u32]) -> Result<()> {
        let source = self.sources.len() as u32;
        let mut stranger = None;
        let scan = journal::scan(path, |key, place| {
            let at = key.index as usize;
            let known = plan.trial_id(key.index).is_some_and(|id| id == key.trial_id);
            match self.places.get_mut(at) {
                Some(slot) if known && owner[at] == index => {
                    // A trial that was trained again after damage may be there twice, equal.
                    if slot.1 == store::NOWHERE {
                        *slot = (source, place);
                    }
                }
                _ => stranger = stranger.take().or(Some(key.trial_id)),
            }
        })?;
        if let Some(id) = stranger {
            let message = format!(
                "{} holds trial {id}, which is not of shard {index}",
                path.display()
            );
            return Err(Error::new(Kind::Store, message)
                .help("was it cut in another way? run that shard again in a directory of its own"));
        }
        for range in scan.damaged {
            let note = format!(
                "{}: bytes {} to {} are damaged and not used",
                path.display(),
                range.start,
                range.end
            );
            self.notes.push(note);
        }
        self.sources.push(Reader::open(path)?);
        Ok(())
    }
}

impl Fetch for Gathered {
    fn fetch(&mut self, index: u32) -> Result<TrialRecord> {
        let missing = || Error::new(Kind::Store, format!("trial {index} is in no journal"));
        let (source, place) = *self.places.get(index as usize).ok_or_else(missing)?;
        self.sources
            .get_mut(source as usize)
            .ok_or_else(missing)?
            .read(place)
    }
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;
