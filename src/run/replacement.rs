//! Tables of one directory that replace others as one step, and old ones that are set aside, never lost.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{Pending, parent, sync_directory, write_atomically};
use crate::support::error::{Error, Kind, Result};
use crate::table::format::REPLACING;

/// What becomes of the files that others replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldTables {
    /// They are set aside where any of them would change or go.
    SetAside,
    /// They are overwritten: nothing in them would be lost.
    Overwrite,
}

/// A replacement that is decided, as [`REPLACING`] holds it: the new files are on the disk beside the old ones, under their names
/// with `.tmp`. All are names in one directory.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Replacement {
    /// The directory that the old files are moved into; without one they are overwritten.
    #[serde(skip_serializing_if = "Option::is_none")]
    aside: Option<String>,
    /// The files that are replaced, in this order.
    files: Vec<String>,
    /// The files that go.
    stale: Vec<String>,
}

/// Puts all of `files` in place, and takes those of `stale` away; all are in one directory. If any would
/// change, or any of `stale` exists, the whole old set is moved together into a new `previous-N`
/// directory beside them, whose path is returned, unless `old` says that it need not be kept. Identical
/// files are left untouched. A replacement that a killed process has begun is finished by
/// [`finish_replacing`].
///
/// # Errors
/// An I/O error. Old files are then either in place or in `previous-N`.
pub(crate) fn replace(files: Vec<Pending>, stale: &[PathBuf], old: OldTables) -> Result<Option<PathBuf>> {
    let Some(directory) = files.first().map(|f| parent(&f.destination).to_owned()) else {
        return Ok(None);
    };
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let stale: Vec<&PathBuf> = stale.iter().filter(|p| p.exists()).collect();
    let (mut changed, mut replaced) = (Vec::new(), !stale.is_empty());
    for mut file in files {
        file.sync()?;
        let (there, same) = (file.destination.exists(), file.is_unchanged()?);
        replaced |= there && !same;
        changed.push((file, same));
    }
    let set_aside = replaced && old == OldTables::SetAside;
    let (kept, same): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(_, same)| set_aside || !same);
    // Their temporary files go.
    drop(same);
    if kept.is_empty() && stale.is_empty() {
        return Ok(None);
    }
    let mut replacement = Replacement {
        aside: None,
        files: kept.iter().map(|(file, _)| name(&file.destination)).collect(),
        stale: stale.into_iter().map(|path| name(path)).collect(),
    };
    let mark = directory.join(REPLACING);
    let decided = (|| {
        kept.into_iter().try_for_each(|(file, _)| file.keep())?;
        let aside = match set_aside {
            true => Some(new_aside(&directory)?),
            false => None,
        };
        replacement.aside = aside.as_deref().map(name);
        let text = toml::to_string(&replacement).map_err(|e| Error::new(Kind::Store, e.to_string()))?;
        // From here on the replacement happens, whatever becomes of this process.
        write_atomically(&mark, text.as_bytes())?;
        Ok(aside)
    })();
    if decided.is_err() {
        // The mark goes first: without its files it would mislead.
        let gone = fs::remove_file(&mark).map_or_else(|e| e.kind() == io::ErrorKind::NotFound, |()| true);
        if gone {
            for name in &replacement.files {
                let _ = fs::remove_file(directory.join(format!("{name}.tmp")));
            }
            if let Some(aside) = &replacement.aside {
                let _ = fs::remove_dir(directory.join(aside));
            }
        }
        return decided;
    }
    finish_replacing(&directory)?;
    decided
}

/// Finishes the replacement of tables that a killed process has begun in `directory`, if there is one. Two
/// processes must not do this at a time.
///
/// # Errors
/// An I/O error, or a replacement that cannot be finished: it is not this program's, or its files are gone.
pub(crate) fn finish_replacing(directory: &Path) -> Result<()> {
    let mark = directory.join(REPLACING);
    let text = match fs::read_to_string(&mark) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|e| Error::io("read", &mark, &e))?,
    };
    let replacement: Replacement = toml::from_str(&text).map_err(|e| {
        let message = format!("{} cannot be read: {}", mark.display(), e.message());
        Error::new(Kind::Store, message).help(
            "a run was killed while it replaced tables here: run the program that wrote this again, or put the directory back from a copy",
        )
    })?;
    let names = replacement
        .files
        .iter()
        .chain(&replacement.stale)
        .chain(&replacement.aside);
    if let Some(name) = names.into_iter().find(|name| !is_file_name(name)) {
        let message = format!(
            "{}: `{name}` is no name of a file in this directory",
            mark.display()
        );
        return Err(Error::new(Kind::Store, message).help("this program did not write it: remove it"));
    }
    if let Some(aside) = &replacement.aside {
        let aside = directory.join(aside);
        fs::create_dir_all(&aside).map_err(|e| Error::io("create", &aside, &e))?;
    }
    let aside = |path: &Path| match &replacement.aside {
        Some(aside) if path.exists() => {
            let to = directory.join(aside).join(path.file_name().unwrap_or_default());
            fs::rename(path, to).map_err(|e| Error::io("move aside", path, &e))
        }
        _ => Ok(()),
    };
    for name in &replacement.files {
        let (path, new) = (directory.join(name), directory.join(format!("{name}.tmp")));
        if !new.try_exists().map_err(|e| Error::io("look at", &new, &e))? {
            // It is in its place already.
            if path.exists() {
                continue;
            }
            let message = format!("{} is gone, and so is what was to take its place", path.display());
            return Err(Error::new(Kind::Store, message).help(format!(
                "a run was killed while it replaced tables here: put the directory back from a copy, or remove {}",
                mark.display()
            )));
        }
        aside(&path)?;
        fs::rename(&new, &path).map_err(|e| Error::io("put in place", &path, &e))?;
    }
    for path in replacement.stale.iter().map(|name| directory.join(name)) {
        aside(&path)?;
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(Error::io("remove", &path, &e)),
            _ => {}
        }
    }
    sync_directory(directory)?;
    fs::remove_file(&mark).map_err(|e| Error::io("remove", &mark, &e))
}

/// Whether `name` joined to a directory is something directly in it.
fn is_file_name(name: &str) -> bool {
    Path::new(name).file_name() == Some(std::ffi::OsStr::new(name))
}

/// Makes a new directory `previous-N` in `parent`.
fn new_aside(parent: &Path) -> Result<PathBuf> {
    let mut n = 1;
    loop {
        let candidate = parent.join(format!("previous-{n}"));
        match fs::create_dir(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => n += 1,
            Err(e) => return Err(Error::io("create", &candidate, &e)),
        }
    }
}

/// Moves `paths` into a new directory `previous-N` in `parent`. Returns its path, or `None` if
/// there was nothing to move.
///
/// # Errors
/// An I/O error.
pub(crate) fn set_aside(parent: &Path, paths: &[&Path]) -> Result<Option<PathBuf>> {
    if paths.is_empty() {
        return Ok(None);
    }
    let target = new_aside(parent)?;
    for path in paths {
        let to = target.join(path.file_name().unwrap_or_default());
        fs::rename(path, &to).map_err(|e| Error::io("move aside", path, &e))?;
    }
    sync_directory(parent)?;
    Ok(Some(target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::files::tests::pending;

    #[test]
    fn replacing_sets_the_whole_old_set_aside_only_when_something_differs() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let files = |a, b| vec![pending(&at("a.csv"), a), pending(&at("manifest"), b)];
        assert_eq!(replace(files("1", "m"), &[], OldTables::SetAside).unwrap(), None);
        assert_eq!(
            replace(files("1", "m"), &[], OldTables::SetAside).unwrap(),
            None,
            "identical: untouched"
        );
        let aside = replace(files("2", "m"), &[], OldTables::SetAside)
            .unwrap()
            .unwrap();
        assert_eq!(aside, at("previous-1"));
        assert_eq!(fs::read(aside.join("a.csv")).unwrap(), b"1");
        assert_eq!(fs::read(aside.join("manifest")).unwrap(), b"m");
        assert_eq!(fs::read(at("a.csv")).unwrap(), b"2");
        fs::write(at("layers.csv"), "old").unwrap();
        let aside = replace(files("2", "m"), &[at("layers.csv")], OldTables::SetAside).unwrap();
        assert_eq!(
            aside,
            Some(at("previous-2")),
            "a table that is no longer written goes, too"
        );
        assert!(at("previous-2").join("layers.csv").exists() && !at("layers.csv").exists());
        fs::write(at("layers.csv"), "old").unwrap();
        let aside = replace(files("3", "m"), &[at("layers.csv")], OldTables::Overwrite).unwrap();
        assert_eq!((aside, at("layers.csv").exists()), (None, false));
        assert_eq!(fs::read(at("a.csv")).unwrap(), b"3");
    }

    /// A process that is killed after any of the steps of a replacement leaves what the next one finishes.
    #[test]
    fn a_replacement_that_was_cut_short_is_finished() {
        for (aside, steps) in [(None, 0..6), (Some("previous-1"), 0..9)] {
            for cut in steps {
                let dir = tempfile::tempdir().unwrap();
                let at = |name: &str| dir.path().join(name);
                for name in ["a.csv", "b.csv", "layers.csv"] {
                    fs::write(at(name), "old").unwrap();
                }
                for name in ["a.csv.tmp", "b.csv.tmp", "new.csv.tmp"] {
                    fs::write(at(name), "new").unwrap();
                }
                let replacement = Replacement {
                    aside: aside.map(str::to_owned),
                    files: ["a.csv", "b.csv", "new.csv"].map(str::to_owned).to_vec(),
                    stale: vec!["layers.csv".to_owned()],
                };
                fs::write(at(REPLACING), toml::to_string(&replacement).unwrap()).unwrap();
                if let Some(name) = aside {
                    fs::create_dir(at(name)).unwrap();
                }
                let mut steps: Vec<Box<dyn Fn()>> = Vec::new();
                for name in &replacement.files {
                    let (path, new) = (at(name), at(&format!("{name}.tmp")));
                    if let (Some(aside), true) = (aside, path.exists()) {
                        let (from, to) = (path.clone(), at(aside).join(name));
                        steps.push(Box::new(move || fs::rename(&from, &to).unwrap()));
                    }
                    steps.push(Box::new(move || fs::rename(&new, &path).unwrap()));
                }
                let layers = at("layers.csv");
                steps.push(match aside.map(|aside| at(aside).join("layers.csv")) {
                    Some(to) => Box::new(move || fs::rename(&layers, &to).unwrap()),
                    None => Box::new(move || fs::remove_file(&layers).unwrap()),
                });
                steps.iter().take(cut).for_each(|step| step());
                finish_replacing(dir.path()).unwrap();
                finish_replacing(dir.path()).unwrap();
                let mut names: Vec<String> = fs::read_dir(dir.path())
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                    .collect();
                names.sort();
                let mut expected = vec!["a.csv", "b.csv", "new.csv"];
                expected.extend(aside);
                assert_eq!(names, expected, "after {cut} steps");
                for name in ["a.csv", "b.csv", "new.csv"] {
                    assert_eq!(fs::read(at(name)).unwrap(), b"new");
                }
                for name in aside
                    .map(|_| ["a.csv", "b.csv", "layers.csv"])
                    .into_iter()
                    .flatten()
                {
                    assert_eq!(fs::read(at("previous-1").join(name)).unwrap(), b"old");
                }
            }
        }
    }

    #[test]
    fn a_replacement_without_its_files_is_said_and_a_missing_directory_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at(REPLACING), "files = [\"a.csv\"]\nstale = []\n").unwrap();
        let error = finish_replacing(dir.path()).unwrap_err().to_string();
        assert!(error.contains("a.csv is gone"), "{error}");
        fs::write(at("a.csv"), "old").unwrap();
        fs::write(at("a.csv.tmp"), "new").unwrap();
        fs::write(
            at(REPLACING),
            "aside = \"previous-1\"\nfiles = [\"a.csv\"]\nstale = []\n",
        )
        .unwrap();
        finish_replacing(dir.path()).unwrap();
        assert_eq!(fs::read(at("previous-1/a.csv")).unwrap(), b"old");
        assert_eq!(fs::read(at("a.csv")).unwrap(), b"new");
        fs::write(at("kept"), "mine").unwrap();
        for foreign in ["../a.csv", "/a.csv", "", ".", "..", "a/", "a/.", "b/a.csv"] {
            fs::write(
                at(REPLACING),
                format!("files = []\nstale = [\"kept\", \"{foreign}\"]\n"),
            )
            .unwrap();
            let error = finish_replacing(dir.path()).unwrap_err().to_string();
            assert!(error.contains("is no name of a file"), "{error}");
            assert!(at("kept").exists());
        }
        fs::write(at(REPLACING), "of another program").unwrap();
        let error = finish_replacing(dir.path()).unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
    }
}
