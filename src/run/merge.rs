//! From the journals of shards to the tables of the whole: a run that finds everything done.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use super::command_line::shard_command;
use super::directory::{journals, remove_journals, take_locks};
use super::header::Header;
use super::journal::Journal;
use super::metadata::RunMetadata;
use super::reuse::{Survey, Wanted};
use super::rounds::{look_state, owners_by_look};
use super::shard::Shard;
use super::store::Store;
use super::{BUILD, tables};
use crate::analysis::looks::LookState;
use crate::experiment::Experiment;
use crate::init::Registry;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::counted_as;

#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
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
    let headers = headers(&directories)?;
    let header = &headers[0];
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
    let mine = vec![true; plan.len()];
    let mut survey = Survey::new(Wanted {
        experiment: &experiment,
        plan: &plan,
        data: manifest.digests(),
        directory,
        mine: &mine,
    });
    let mut store = Store::new(mine.len()).keeping(&experiment.record, experiment.train.length);
    for directory in &directories {
        survey.shards(&mut store, directory)?;
    }
    let state = look_state(&experiment, &plan, manifest, &mut store)?;
    let is_wanted = |i: &u32| state.as_ref().is_none_or(|s| s.wanted[*i as usize]);
    let wanted: Vec<u32> = (0..plan.len() as u32).filter(is_wanted).collect();
    if !wanted.iter().all(|i| store.has(*i)) {
        let owners = |count| owners_by_look(&experiment, &plan, count);
        let incomplete = Incomplete {
            headers: &headers,
            store: &store,
            wanted: &wanted,
        };
        return Err(incomplete.error(owners, state.as_ref()));
    }
    survey.decide_old_tables();
    let replaced = tables::write(directory, &experiment, manifest, &mut store, &wanted, survey.old)?;
    // An open file cannot be removed everywhere.
    drop(store);
    RunMetadata::new(wanted.len() as u64, 0, 0, &header.command, started).write(directory)?;
    remove_journals(directory, &survey.outgrown)?;
    Ok(Merged {
        trials: wanted.len() as u64,
        shards: headers.len(),
        replaced,
        notes: survey.notes,
    })
}

/// The headers of the journals below `directories`, which all belong to one run.
///
/// # Errors
/// There are none, or they belong to different runs.
fn headers(directories: &[PathBuf]) -> Result<Vec<Header>> {
    let mut found: Vec<(PathBuf, Header)> = Vec::new();
    for directory in directories {
        for (shard, path) in journals(directory)? {
            let header = Journal::open(&path, false)?.header;
            if header.shard != shard {
                let message = format!("{} is the journal of shard {}", path.display(), header.shard);
                return Err(Error::new(Kind::Store, message).help("give it back the name it had"));
            }
            if let Some((first, wanted)) = found.first() {
                let wanted = Header {
                    shard,
                    ..wanted.clone()
                };
                if let Some(why) = header.difference(&wanted) {
                    let (first, second) = (first.display(), path.display());
                    let message =
                        format!("{first} and {second} do not belong together: the second is of {why}");
                    return Err(Error::new(Kind::Store, message)
                        .help("move the journals that are not wanted out of the way, then merge again"));
                }
            }
            found.push((path, header));
        }
    }
    if found.is_empty() {
        let places = directories
            .iter()
            .map(|d| d.join("journal").display().to_string());
        let message = format!("there are no shards in {}", places.collect::<Vec<_>>().join(", "));
        return Err(Error::new(Kind::Store, message)
            .help("each is written by: goodinit grid EXPERIMENT.toml --shard I/N"));
    }
    Ok(found.into_iter().map(|(_, header)| header).collect())
}

/// Trials that are wanted and not all there.
struct Incomplete<'a> {
    headers: &'a [Header],
    store: &'a Store,
    wanted: &'a [u32],
}

impl Incomplete<'_> {
    /// Which trials are missing, with the commands that train them: by shard, or in one where the
    /// shards are of different cuts. `owners` gives the shard of each trial, of so many.
    fn error(&self, owners: impl Fn(u32) -> Vec<u32>, state: Option<&LookState>) -> Error {
        const SHOWN: usize = 20;
        let Incomplete {
            headers,
            store,
            wanted,
        } = self;
        let counts: BTreeSet<u32> = headers.iter().map(|header| header.shard.count).collect();
        let count = match (counts.first(), counts.len()) {
            (Some(count), 1) => *count,
            _ => 1,
        };
        // Of each shard: trials that are missing, and trials.
        let mut missing: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        let owners = owners(count);
        for i in wanted.iter() {
            let (lacking, all) = missing.entry(owners[*i as usize]).or_default();
            *lacking += usize::from(!store.has(*i));
            *all += 1;
        }
        missing.retain(|_, (lacking, _)| *lacking > 0);
        let trials: usize = missing.values().map(|(lacking, _)| lacking).sum();
        let mut text = format!("{trials} of {} trials are missing", wanted.len());
        let mut kind = Kind::Store;
        if let Some(state) = state {
            let open = counted_as(state.open() as u64, "comparison is open", "comparisons are open");
            text = format!("{}: {open}; {text}", state.name());
            // That no shard has begun the next look is no error.
            let begun = (0..state.wanted.len() as u32).any(|i| state.is_of_this_look(i) && store.has(i));
            if state.look > 0 && !begun {
                kind = Kind::Interrupted;
                text += ": another round of shards is needed";
            }
        }
        for (index, (lacking, all)) in missing.iter().take(SHOWN).filter(|_| count > 1) {
            let begun = headers.iter().any(|header| header.shard.index == *index);
            let how = if begun { "unfinished" } else { "not begun" };
            // Writing to a string does not fail.
            let _ = write!(text, "\n  shard {index}/{count}: {lacking} of {all} ({how})");
        }
        if missing.len() > SHOWN {
            let _ = write!(text, "\n  and {} more shards", missing.len() - SHOWN);
        }
        let commands = missing
            .keys()
            .take(SHOWN)
            .map(|&index| shard_command(&headers[0].command, Shard { index, count }));
        let error = commands.fold(Error::new(kind, text), Error::help);
        match count {
            1 => error,
            _ => error.help("then merge again"),
        }
    }
}
