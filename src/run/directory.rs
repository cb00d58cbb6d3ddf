//! Which files are where in a results directory, and what they belong to.
//!
//! ```text
//! results/quick/lock               held while a process works there (shards share it)
//! results/quick/journal/1-of-1     the journal of a whole run
//! results/quick/journal/3-of-16    that of a shard, with 3-of-16.lock beside it
//! results/quick/journal/1-of-1.1   that of a run of an earlier form of the experiment
//! results/quick/previous-1/        what a later run replaced, never deleted
//! ```
//!
//! A journal is there while a run is unfinished. Once the tables are in place (manifest last) it
//! is removed: the manifest then says that the run is complete.

use std::fs;
use std::path::{Path, PathBuf};

use super::lock::{Lock, Mode};
use super::progress::say;
use super::shard::Shard;
use super::{replacement, tables};
use crate::experiment::Experiment;
use crate::numerics::NUMERICS_VERSION;
use crate::support::error::{Error, Kind, Result};
use crate::table::format;
use crate::table::inputs::{inputs_changed, recorded_experiment};
use crate::table::manifest::Manifest;

/// The tables that training leaves.
pub(crate) const TRAINED: [&str; 4] = [format::TRIALS, format::EPOCHS, format::LAYERS, format::SUMMARY];
/// The tables that a probe leaves.
pub(crate) const PROBED: [&str; 3] = [format::PROBE, format::HISTOGRAMS, format::STEPS];

/// The path of the journal of `shard` below `directory`.
pub(crate) fn journal_path(directory: &Path, shard: Shard) -> PathBuf {
    directory
        .join("journal")
        .join(format!("{}-of-{}", shard.index, shard.count))
}

/// Every journal below `directory` that a run may go on with, with its shard, in order.
///
/// # Errors
/// The directory cannot be read.
pub(crate) fn journals(directory: &Path) -> Result<Vec<(Shard, PathBuf)>> {
    let all = all_journals(directory)?.into_iter();
    let current = all.filter(|(_, number, _)| *number == 0);
    Ok(current.map(|(shard, _, path)| (shard, path)).collect())
}

/// Every journal below `directory` with its shard and the number behind it: 0, or that of an earlier
/// form of the experiment. In order.
///
/// # Errors
/// The directory cannot be read.
pub(super) fn all_journals(directory: &Path) -> Result<Vec<(Shard, u32, PathBuf)>> {
    let folder = directory.join("journal");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let parse = |name: &str| {
        let (name, number) = match name.split_once('.') {
            Some((name, number)) => (name, number.parse().ok().filter(|n| *n > 0)?),
            None => (name, 0),
        };
        let (index, count) = name.split_once("-of-")?;
        let (index, count) = (index.parse().ok()?, count.parse().ok()?);
        Some((Shard { index, count }, number))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|e| Error::io("read", &folder, &e))? {
        let path = entry.map_err(|e| Error::io("read", &folder, &e))?.path();
        let name = path.file_name().and_then(|n| n.to_str());
        if let Some((shard, number)) = name.and_then(parse) {
            found.push((shard, number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Renames the journal at `path`, so that one of another form of the experiment can be begun there.
/// Its rows are still found.
///
/// # Errors
/// An I/O error.
pub(super) fn number_journal(path: &Path) -> Result<()> {
    let numbered = |n: u32| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{n}"));
        path.with_file_name(name)
    };
    let free = (1..).map(numbered).find(|path| !path.exists());
    let free = free.unwrap_or_else(|| numbered(0));
    fs::rename(path, &free).map_err(|e| Error::io("rename", path, &e))
}

/// Takes the locks of a run of `shard` in `directory`, which is created if it is not there. If a process
/// was killed there while it put tables in place, they are put in place now.
///
/// # Errors
/// Another process works there, or an I/O error.
pub(crate) fn take_locks(directory: &Path, shard: Shard) -> Result<Vec<Lock>> {
    fs::create_dir_all(directory).map_err(|e| Error::io("create", directory, &e))?;
    let mode = if shard.is_whole() {
        Mode::Exclusive
    } else {
        Mode::Shared
    };
    let place = directory.display().to_string();
    let mut locks = vec![Lock::take(&directory.join("lock"), mode, &place)?];
    locks.extend(take_own_lock(directory, shard)?);
    if directory.join(format::REPLACING).exists() {
        // One at a time: shards share the lock of the directory.
        let _turn = match shard.is_whole() {
            true => None,
            false => Some(Lock::wait(&directory.join("journal/replacing.lock"))?),
        };
        replacement::finish_replacing(directory)?;
        let place = directory.display();
        say(&format!(
            "{place}: a run was killed while it replaced the tables; that is finished now"
        ));
    }
    Ok(locks)
}

/// Takes the lock that is a shard's alone. A whole run has none: it locks the directory.
///
/// # Errors
/// The shard is running, or an I/O error.
pub(super) fn take_own_lock(directory: &Path, shard: Shard) -> Result<Option<Lock>> {
    if shard.is_whole() {
        return Ok(None);
    }
    let folder = directory.join("journal");
    fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, &e))?;
    let own = folder.join(format!("{}-of-{}.lock", shard.index, shard.count));
    let place = format!("shard {shard} of {}", directory.display());
    Lock::take(&own, Mode::Exclusive, &place).map(Some)
}

/// To what the tables in a results directory belong.
#[derive(Debug)]
pub(super) enum Owner {
    /// There are no tables.
    None,
    /// Those of this very experiment, some of them at least.
    This(Manifest),
    /// Those of another experiment, or of an earlier form of this one; what has changed, if it is a file
    /// that a scheme reads.
    Earlier(Manifest, Option<String>),
    /// Something that must not be overwritten.
    Other(Error),
}

/// What a run or a probe says that finds `what` in `directory`.
pub(super) fn would_overwrite(directory: &Path, what: &str) -> Error {
    let message = format!("{} holds {what}", directory.display());
    Error::new(Kind::Store, message).help(
        "choose another directory with --out, or `--fresh` to replace it (the old tables are moved aside, not deleted)",
    )
}

/// To what the tables in `directory` belong, seen from `experiment`.
pub(super) fn owner(directory: &Path, experiment: &Experiment) -> Owner {
    let other = |what: String| Owner::Other(would_overwrite(directory, &what));
    let there = |name: &&str| directory.join(name).exists();
    if !there(&format::MANIFEST) {
        return match TRAINED.iter().find(|n| there(n)) {
            Some(name) => other(format!(
                "{name} without a {}: what it belongs to cannot be told",
                format::MANIFEST
            )),
            None => Owner::None,
        };
    }
    let manifest = match Manifest::load(directory) {
        Ok(manifest) => manifest,
        Err(error) => return other(format!("results that cannot be read ({})", error.message())),
    };
    if manifest.numerics_version != NUMERICS_VERSION {
        return other(format!(
            "results of numerics version {}, whose rows are never reused: this program's is {NUMERICS_VERSION}",
            manifest.numerics_version
        ));
    }
    if manifest.experiment_digest == experiment.digest() {
        return Owner::This(manifest);
    }
    let changed = source_changed(&manifest, experiment);
    Owner::Earlier(manifest, changed)
}

/// What is said of an [`Owner::Earlier`] in `directory`: what has changed, or that it is `what`.
pub(super) fn earlier(directory: &Path, changed: Option<String>, what: &str) -> Error {
    match changed {
        Some(changed) => would_overwrite(
            directory,
            &format!("the results of this experiment, but {changed}"),
        ),
        None => would_overwrite(directory, what),
    }
}

/// What differs if `experiment` is that of `manifest`, except for a file that a scheme reads.
fn source_changed(manifest: &Manifest, experiment: &Experiment) -> Option<String> {
    let path = Path::new(format::MANIFEST);
    let recorded = recorded_experiment(manifest, path, experiment.registry()).ok()?;
    let changed = inputs_changed(manifest, &recorded, &[]).first()?.to_string();
    (recorded.digest() == experiment.digest()).then_some(changed)
}

/// The same, seen from the manifest of `experiment` with its data.
pub(super) fn owner_with_data(directory: &Path, experiment: &Experiment, ours: &Manifest) -> Owner {
    match owner(directory, experiment) {
        Owner::This(theirs) if !theirs.is_of_the_same(ours) => Owner::Other(would_overwrite(
            directory,
            "results of this experiment on other data",
        )),
        owner => owner,
    }
}

/// What a results directory holds when no run is unfinished in it.
#[derive(Debug)]
pub(super) enum Contents {
    /// Nothing that would be lost.
    Empty,
    /// All tables of this very experiment.
    Complete(Manifest),
    /// Tables that may have rows of this experiment; the error says what they are if they do not.
    Tables(Manifest, Error),
}

/// Looks at what `directory` holds, for a run of `experiment`.
///
/// # Errors
/// Something that must not be overwritten.
pub(super) fn contents(directory: &Path, experiment: &Experiment) -> Result<Contents> {
    let there = |name: &&str| directory.join(name).exists();
    let (manifest, error) = match owner(directory, experiment) {
        Owner::None => return Ok(Contents::Empty),
        Owner::Other(error) => return Err(error),
        Owner::Earlier(manifest, changed) => {
            let name = &manifest.name;
            let what = match there(&format::TRIALS) {
                true => {
                    format!("the results of another experiment (`{name}`): none of its trials is one of this")
                }
                false => {
                    format!("a probe of another experiment, or of an earlier form of this one (`{name}`)")
                }
            };
            let error = earlier(directory, changed, &what);
            (manifest, Some(error))
        }
        Owner::This(manifest) => (manifest, None),
    };
    match (there(&format::TRIALS), error) {
        (true, Some(error)) => Ok(Contents::Tables(manifest, error)),
        (true, None) if tables::expected(&experiment.record).iter().all(there) => {
            Ok(Contents::Complete(manifest))
        }
        (true, None) => {
            let what = "the results of this experiment, but none of its rows is there";
            Ok(Contents::Tables(manifest, would_overwrite(directory, what)))
        }
        // A probe leaves a manifest too.
        (false, Some(error)) => Err(error),
        (false, None) => Ok(Contents::Empty),
    }
}

/// A directory holds shards of one cut only.
///
/// # Errors
/// There are journals of another cut.
pub(super) fn same_shard_count(directory: &Path, shard: Shard) -> Result<()> {
    match journals(directory)?
        .iter()
        .find(|(other, _)| other.count != shard.count)
    {
        None => Ok(()),
        Some((other, path)) => {
            let message = format!(
                "{} is of shard {other}, which does not go together with {shard}",
                path.display()
            );
            let again = match other.is_whole() {
                true => "run it whole again".to_owned(),
                false => format!("use I/{} again", other.count),
            };
            Err(Error::new(Kind::Store, message).help(format!(
                "{again}, or another --out, or `--fresh`, which moves the journals of another cut aside"
            )))
        }
    }
}

/// Removes the journals below `directory`, whose records are all in its tables, but for those that
/// are `outgrown`: they are set aside.
///
/// # Errors
/// An I/O error.
pub(crate) fn remove_journals(directory: &Path, outgrown: &[PathBuf]) -> Result<()> {
    set_journals_aside(directory, outgrown, "with rows that the experiment no longer has")?;
    let folder = directory.join("journal");
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &folder, &e)),
        _ => Ok(()),
    }
}

/// Moves the journals at `paths` (those that exist) into a new `previous-N` in `directory`, and says
/// so behind `why`.
///
/// # Errors
/// An I/O error.
pub(super) fn set_journals_aside(directory: &Path, paths: &[PathBuf], why: &str) -> Result<()> {
    let there: Vec<&Path> = paths
        .iter()
        .map(PathBuf::as_path)
        .filter(|p| p.exists())
        .collect();
    if let Some(aside) = replacement::set_aside(directory, &there)? {
        let what = match there.len() {
            1 => "the journal of an unfinished run is",
            _ => "the journals of unfinished runs are",
        };
        say(&format!("{why}: {what} now in {}", aside.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_told_and_touches_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let first = take_locks(dir.path(), Shard::WHOLE).unwrap();
        let error = take_locks(dir.path(), Shard::WHOLE).unwrap_err().to_string();
        assert!(
            error.contains("is in use by") && error.contains("nothing was touched"),
            "{error}"
        );
        let shard = take_locks(dir.path(), Shard { index: 1, count: 2 });
        assert!(shard.is_err(), "a shard may not join a whole run");
        drop(first);
        let shard = |index| take_locks(dir.path(), Shard { index, count: 2 });
        let one = shard(1).unwrap();
        let two = shard(2).unwrap();
        let error = shard(1).unwrap_err().to_string();
        assert!(error.starts_with("shard 1/2 of "), "{error}");
        drop((one, two));
    }
}
