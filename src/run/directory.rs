//! Which files are where in a results directory, and what they belong to.
//!
//! ```text
//! results/quick/lock               held while a process works there (shards share it)
//! results/quick/journal/1-of-1     the journal of a whole run
//! results/quick/journal/3-of-16    that of a shard, with 3-of-16.lock beside it
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
use super::{files, tables};
use crate::experiment::Experiment;
use crate::init::Registry;
use crate::numerics::NUMERICS_VERSION;
use crate::support::error::{Error, Kind, Result};
use crate::table::format;
use crate::table::inputs::{inputs_changed, recorded_experiment};
use crate::table::manifest::Manifest;

/// The tables that training leaves.
pub(super) const TRAINED: [&str; 4] = [format::TRIALS, format::EPOCHS, format::LAYERS, format::SUMMARY];
/// The tables that a probe leaves.
pub(super) const PROBED: [&str; 2] = [format::PROBE, format::HISTOGRAMS];

/// The path of the journal of `shard` below `directory`.
pub(crate) fn journal_path(directory: &Path, shard: Shard) -> PathBuf {
    directory
        .join("journal")
        .join(format!("{}-of-{}", shard.index, shard.count))
}

/// Every journal below `directory` with its shard, in order.
///
/// # Errors
/// The directory cannot be read.
pub(crate) fn journals(directory: &Path) -> Result<Vec<(Shard, PathBuf)>> {
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

/// Takes the locks of a run of `shard` in `directory`, which is created if it is not there.
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
    /// Something that must not be overwritten.
    Other(Error),
}

/// What a run or a probe says that finds `what` in `directory`.
pub(super) fn in_the_way(directory: &Path, what: &str) -> Error {
    let message = format!("{} holds {what}", directory.display());
    Error::new(Kind::Store, message).help(
        "choose another directory with --out, or `--fresh` to replace it (the old tables are moved aside, not deleted)",
    )
}

/// To what the tables in `directory` belong, seen from `experiment`.
pub(super) fn owner(directory: &Path, experiment: &Experiment) -> Owner {
    let other = |what: String| Owner::Other(in_the_way(directory, &what));
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
    if manifest.experiment_digest != experiment.digest() {
        if let Some(changed) = source_changed(&manifest, experiment) {
            return other(format!("the results of this experiment, but {changed}"));
        }
        return other(format!(
            "the results of another experiment (`{}`, or an earlier form of it)",
            manifest.name
        ));
    }
    if manifest.numerics_version != NUMERICS_VERSION {
        return other(format!(
            "results of numerics version {}; this is {NUMERICS_VERSION}",
            manifest.numerics_version
        ));
    }
    Owner::This(manifest)
}

/// What differs if `experiment` is that of `manifest`, except for a file that a scheme reads.
fn source_changed(manifest: &Manifest, experiment: &Experiment) -> Option<String> {
    let path = Path::new(format::MANIFEST);
    let recorded = recorded_experiment(manifest, path, &Registry::standard()).ok()?;
    let changed = inputs_changed(manifest, &recorded, &[]).first()?.to_string();
    (recorded.digest() == experiment.digest()).then_some(changed)
}

/// The same, seen from the manifest of `experiment` with its data.
pub(super) fn owner_with_data(directory: &Path, experiment: &Experiment, ours: &Manifest) -> Owner {
    match owner(directory, experiment) {
        Owner::This(theirs) if !theirs.is_of_the_same(ours) => {
            Owner::Other(in_the_way(directory, "results of this experiment on other data"))
        }
        owner => owner,
    }
}

/// What a results directory holds when no run is unfinished in it.
#[derive(Debug)]
pub(super) enum Contents {
    /// Nothing that would be lost.
    Empty,
    /// The complete results of this very experiment.
    Complete(Manifest),
    /// Something that must not be overwritten.
    Other(Error),
}

/// Looks at what `directory` holds, for a run of `experiment`.
pub(super) fn contents(directory: &Path, experiment: &Experiment) -> Contents {
    let manifest = match owner(directory, experiment) {
        Owner::None => return Contents::Empty,
        Owner::Other(error) => return Contents::Other(error),
        Owner::This(manifest) => manifest,
    };
    let there = |name: &&str| directory.join(name).exists();
    let expected = tables::expected(&experiment.record);
    if !expected.iter().any(there) {
        // A probe leaves a manifest too.
        return Contents::Empty;
    }
    match expected.iter().find(|n| !there(n)) {
        Some(name) => {
            let what = format!("the results of this experiment, but {name} is missing");
            Contents::Other(in_the_way(directory, &what))
        }
        None => Contents::Complete(manifest),
    }
}

/// A directory holds shards of one cut only.
///
/// # Errors
/// There are journals of another cut.
pub(super) fn same_cut(directory: &Path, shard: Shard) -> Result<()> {
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

/// Removes the journals below `directory`, whose records are all in its tables.
///
/// # Errors
/// An I/O error.
pub(crate) fn remove_journals(directory: &Path) -> Result<()> {
    let folder = directory.join("journal");
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &folder, &e)),
        _ => Ok(()),
    }
}

/// Moves the journals at `paths` (those that exist) into a new `previous-N` in `directory`, and
/// says so.
///
/// # Errors
/// An I/O error.
pub(super) fn set_journals_aside(directory: &Path, paths: &[PathBuf]) -> Result<()> {
    let there: Vec<&Path> = paths
        .iter()
        .map(PathBuf::as_path)
        .filter(|p| p.exists())
        .collect();
    if let Some(aside) = files::set_aside(directory, &there)? {
        let what = match there.len() {
            1 => "the journal of an unfinished run is",
            _ => "the journals of unfinished runs are",
        };
        say(&format!("--fresh: {what} now in {}", aside.display()));
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
