//! Where tables are read from: a directory, one file, or a place in a git revision.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use crate::support::error::{Error, Kind, Result};
use crate::table::format;

/// A place that tables are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A directory of tables.
    Directory(PathBuf),
    /// One table.
    File(PathBuf),
    /// Tables that were computed here, by name.
    Memory {
        /// What messages call them.
        name: String,
        /// Their bytes.
        files: BTreeMap<String, Arc<[u8]>>,
    },
    /// A directory or a table as it is in a git revision; `path` as git reads it after the colon
    /// (from the top of the work tree, or from here after `./`).
    Git {
        /// The revision.
        revision: String,
        /// The path in it.
        path: String,
        /// Whether it is a directory.
        tree: bool,
    },
}

/// Bytes of a table, from wherever it is.
pub type Bytes = Box<dyn Read + Send>;

/// The path of the file `name` in `directory`. Refuses where the tables beside it are being replaced, or a run
/// was killed that did so: some would be old and some new.
///
/// # Errors
/// That is so.
fn settled(directory: &Path, name: &str) -> Result<PathBuf> {
    let path = directory.join(name);
    let beside = path.parent().unwrap_or(directory);
    if !beside.join(format::REPLACING).exists() {
        return Ok(path);
    }
    let message = format!(
        "{}: a run is replacing its tables, or was killed while it did",
        beside.display()
    );
    Err(Error::new(Kind::Store, message)
        .help("the next `grid`, `probe` or `merge` with this directory puts the rest of them in place"))
}

impl Source {
    /// Understands an argument of the command line: a path that exists, or `REVISION:path`.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(argument: impl AsRef<OsStr>) -> Result<Self> {
        let argument = argument.as_ref();
        let path = Path::new(argument);
        if path.is_dir() {
            return Ok(Source::Directory(path.to_owned()));
        }
        if path.exists() {
            return Ok(Source::File(path.to_owned()));
        }
        match argument.to_str().and_then(|text| text.split_once(':')) {
            Some((revision, path)) if !revision.is_empty() => Source::git(revision, path),
            _ => {
                let message = format!("there is no file or directory `{}`", path.display());
                let error = Error::new(Kind::Usage, message);
                Err(error
                    .help("for an earlier commit: HEAD~1:results/quick, or `diff HEAD~1 -- results/quick`"))
            }
        }
    }

    /// `path` in `revision`.
    ///
    /// # Errors
    /// Git is not there, or knows no such revision or path.
    pub fn git(revision: &str, path: &str) -> Result<Self> {
        // Paths with a trailing slash name the same tree.
        let path = path.trim_end_matches('/').to_owned();
        let object = format!("{revision}:{path}");
        let kind = git(&["cat-file", "-t", "--end-of-options", &object], &object)?;
        let tree = match String::from_utf8_lossy(&kind).trim() {
            "tree" => true,
            "blob" => false,
            other => {
                let message = format!("`{object}` is a {other}, not a file or directory");
                return Err(Error::new(Kind::Usage, message));
            }
        };
        Ok(Source::Git {
            revision: revision.to_owned(),
            path,
            tree,
        })
    }

    /// Whether it holds several tables.
    pub fn is_directory(&self) -> bool {
        !matches!(self, Source::File(_) | Source::Git { tree: false, .. })
    }

    /// The tables in it, as paths relative to it with `/`, sorted; a single file is one table
    /// without a name.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn tables(&self) -> Result<BTreeSet<String>> {
        let mut tables = BTreeSet::new();
        match self {
            Source::Directory(dir) => walk(dir, "", 0, &mut tables)?,
            Source::Memory { files, .. } => tables.extend(files.keys().cloned()),
            Source::File(_) | Source::Git { tree: false, .. } => {
                tables.insert(String::new());
            }
            Source::Git { revision, path, .. } => {
                let object = format!("{revision}:{path}");
                let names = git(
                    &[
                        "ls-tree",
                        "--full-tree",
                        "-r",
                        "-z",
                        "--name-only",
                        "--end-of-options",
                        &object,
                    ],
                    &object,
                )?;
                let names = String::from_utf8_lossy(&names);
                tables.extend(names.split('\0').filter(|n| is_table(n)).map(str::to_owned));
            }
        }
        Ok(tables)
    }

    /// Opens the file `name` in it (any name for a single file); `None` if there is none.
    ///
    /// # Errors
    /// It is there and cannot be read, or the tables beside it are being replaced.
    pub fn open(&self, name: &str) -> Result<Option<Bytes>> {
        let path = match self {
            Source::Directory(dir) => settled(dir, name)?,
            Source::File(path) => path.clone(),
            Source::Memory { files, .. } => {
                let file = files.get(name).cloned();
                return Ok(file.map(|bytes| Box::new(std::io::Cursor::new(bytes)) as Bytes));
            }
            Source::Git { revision, path, tree } => {
                let object = match (tree, path.as_str()) {
                    (false, _) => format!("{revision}:{path}"),
                    (true, "") => format!("{revision}:{name}"),
                    (true, _) => format!("{revision}:{path}/{name}"),
                };
                return open_object(&object);
            }
        };
        match File::open(&path) {
            Ok(file) => Ok(Some(Box::new(BufReader::with_capacity(1 << 16, file)))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("read", &path, &e)),
        }
    }

    /// The file `name` in it, to be read at any place; `None` if there is none. What is no file is
    /// copied into a temporary one.
    ///
    /// # Errors
    /// As for [`Source::open`].
    pub fn seekable(&self, name: &str) -> Result<Option<File>> {
        let unreadable = |e| Error::new(Kind::Io, format!("cannot read {}: {e}", self.name_of(name)));
        if let Source::Directory(dir) = self {
            return match File::open(settled(dir, name)?) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                file => file.map(Some).map_err(unreadable),
            };
        }
        let Some(mut bytes) = self.open(name)? else {
            return Ok(None);
        };
        let mut file = tempfile::tempfile().map_err(unreadable)?;
        std::io::copy(&mut bytes, &mut file).map_err(unreadable)?;
        Ok(Some(file))
    }

    /// The text of the file `name` in it; `None` if there is none.
    ///
    /// # Errors
    /// It is there and cannot be read, or is not text.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        let Some(mut bytes) = self.open(name)? else {
            return Ok(None);
        };
        let mut text = String::new();
        match bytes.read_to_string(&mut text) {
            Ok(_) => Ok(Some(text)),
            Err(e) => Err(Error::new(
                Kind::Io,
                format!("cannot read {}: {e}", self.name_of(name)),
            )),
        }
    }

    /// What messages call the file `name` in it.
    pub fn name_of(&self, name: &str) -> String {
        match self {
            Source::Directory(dir) if !name.is_empty() => dir.join(name).display().to_string(),
            Source::Git { tree: true, .. } if !name.is_empty() => format!("{self}/{name}"),
            _ => self.to_string(),
        }
    }

    /// The directory `name` in it.
    #[must_use]
    pub fn inside(&self, name: &str) -> Source {
        match self {
            _ if name.is_empty() => self.clone(),
            Source::Directory(dir) => Source::Directory(dir.join(name)),
            Source::File(_) | Source::Memory { .. } => self.clone(),
            Source::Git { revision, path, tree } => Source::Git {
                revision: revision.clone(),
                path: if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}/{name}")
                },
                tree: *tree,
            },
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Directory(path) | Source::File(path) => write!(f, "{}", path.display()),
            Source::Memory { name, .. } => f.write_str(name),
            Source::Git { revision, path, .. } => write!(f, "{revision}:{path}"),
        }
    }
}

/// Whether the files `names` in the directory `dir` are, byte for byte, in the last commit of a git
/// repository. False where that cannot be told.
pub fn are_committed(dir: &Path, names: &[&str]) -> bool {
    let succeeds = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(dir).args(arguments).arg("--").args(names);
        git.env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null());
        let ran = git.stdout(Stdio::null()).stderr(Stdio::null()).status();
        ran.is_ok_and(|status| status.success())
    };
    // The second of files that git knows nothing of sees no difference.
    names.is_empty() || succeeds(&["ls-files", "--error-unmatch"]) && succeeds(&["diff", "--quiet", "HEAD"])
}

fn is_table(name: &str) -> bool {
    name.ends_with(".csv")
}

/// A directory that is further below the one that is searched is not a results directory.
const MAX_DEPTH: usize = 8;

/// The names of the files in `dir`, and the directories in it that a search for results goes into. `dir` is `depth`
/// below where the search began.
///
/// # Errors
/// It cannot be read.
pub(crate) fn entries(dir: &Path, depth: usize) -> Result<(Vec<String>, Vec<PathBuf>)> {
    let unreadable = |e: std::io::Error| Error::io("read", dir, &e);
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Links are not followed: they could lead round in circles.
        if !entry.file_type().map_err(unreadable)?.is_dir() {
            files.push(name);
        } else if depth < MAX_DEPTH && !name.starts_with('.') {
            directories.push(entry.path());
        }
    }
    Ok((files, directories))
}

fn walk(dir: &Path, prefix: &str, depth: usize, tables: &mut BTreeSet<String>) -> Result<()> {
    let (files, directories) = entries(dir, depth)?;
    let files = files.into_iter().filter(|name| is_table(name));
    tables.extend(files.map(|name| format!("{prefix}{name}")));
    for below in directories {
        let name = below.file_name().unwrap_or_default().to_string_lossy();
        walk(&below, &format!("{prefix}{name}/"), depth + 1, tables)?;
    }
    Ok(())
}

/// Runs git and returns what it prints; its complaint about `object` becomes the error.
fn git(arguments: &[&str], object: &str) -> Result<Vec<u8>> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|e| Error::new(Kind::Io, format!("cannot run git: {e}")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let mut complaint = complaint.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = complaint.next().unwrap_or("it failed");
    let error = Error::new(Kind::Usage, format!("`{object}`: git says: {first}"));
    let advice: Vec<&str> = complaint.collect();
    Err(error.help(match advice.is_empty() {
        true => "a place in a revision is written HEAD~3:results/full".to_owned(),
        false => format!("git says: {}", advice.join(" ")),
    }))
}

fn open_object(object: &str) -> Result<Option<Bytes>> {
    if git(&["cat-file", "-e", "--end-of-options", object], object).is_err() {
        return Ok(None);
    }
    let child = Command::new("git")
        .args(["cat-file", "blob", "--end-of-options", object])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.map_err(|e| Error::new(Kind::Io, format!("cannot run git: {e}")))?;
    let Some(out) = child.stdout.take() else {
        return Err(Error::new(Kind::Io, "cannot read what git prints"));
    };
    Ok(Some(Box::new(BufReader::with_capacity(
        1 << 16,
        GitObject { child, out },
    ))))
}

/// What `git cat-file` prints; a git that fails half-way is an error, not a short file.
struct GitObject {
    child: Child,
    out: ChildStdout,
}

impl Read for GitObject {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.out.read(buffer)?;
        if n == 0 && !buffer.is_empty() && !self.child.wait()?.success() {
            return Err(std::io::Error::other("git failed"));
        }
        Ok(n)
    }
}

impl Drop for GitObject {
    fn drop(&mut self) {
        // A reader that stopped early leaves git writing into a closed pipe.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_is_read_while_tables_are_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let source = Source::Directory(directory.path().to_owned());
        std::fs::write(directory.path().join(format::TRIALS), "").unwrap();
        let opened = || (source.open(format::TRIALS), source.seekable(format::TRIALS));
        assert!(matches!(opened(), (Ok(Some(_)), Ok(Some(_)))));
        std::fs::write(directory.path().join(format::REPLACING), "").unwrap();
        let (plain, seekable) = opened();
        for error in [plain.err().unwrap(), seekable.err().unwrap()] {
            assert!(error.to_string().contains("is replacing its tables"), "{error}");
        }
    }
}
