//! Downloads: from mirrors in turn, resumed where they broke off, and used only if the
//! SHA-256 is right.
//!
//! A download grows as `NAME.gz.part`; it is unpacked to `NAME.part` and takes the name `NAME`
//! last of all, by a rename. So a file of the final name is always whole and true, whenever a
//! program or a machine stopped. A lock file keeps two downloads of one dataset apart.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

mod transfer;

use transfer::{Failure, agent, transfer};

use super::{Environment, KnownDataset, SourceFile};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::hex;

/// How often one mirror is asked again after its download broke off.
const TRIES: usize = 3;

/// From where, and with how much patience.
#[derive(Debug, Clone)]
pub struct Options {
    /// Addresses of directories that hold the files, tried in turn.
    pub mirrors: Vec<String>,
    /// How long a connection may take, and how long a server may be silent.
    pub patience: Duration,
}

impl Options {
    /// The mirrors given; else those in `GOODINIT_MNIST_MIRROR` (`GOODINIT_FASHION_MNIST_MIRROR`),
    /// separated by spaces; else the catalogue's.
    pub fn new(item: &KnownDataset, mirrors: Vec<String>) -> Self {
        let variable = mirror_variable(item);
        let from_environment = || -> Vec<String> {
            let value = std::env::var(&variable).unwrap_or_default();
            value.split_whitespace().map(str::to_owned).collect()
        };
        let mut mirrors = mirrors;
        if mirrors.is_empty() {
            mirrors = from_environment();
        }
        if mirrors.is_empty() {
            mirrors = item.mirrors.iter().map(|m| (*m).to_owned()).collect();
        }
        Options {
            mirrors,
            patience: Duration::from_secs(30),
        }
    }
}

/// The environment variable that names another mirror for `item`.
pub fn mirror_variable(item: &KnownDataset) -> String {
    format!(
        "GOODINIT_{}_MIRROR",
        item.entry.name.replace('-', "_").to_uppercase()
    )
}

/// Someone who wants to know how a download goes.
pub trait FetchProgress {
    /// A file of `total` bytes comes from `mirror`; the first `done` bytes are here already.
    fn begin(&self, file: &str, mirror: &str, done: u64, total: u64);
    /// `bytes` more have come.
    fn advance(&self, bytes: u64);
    /// The file is complete, or this attempt is over.
    fn end(&self);
    /// Something worth a line: a mirror failed, a file was there already.
    fn say(&self, line: &str);
}

/// Brings all files of `item` into its directory, which is returned. Files that are there already
/// are left alone.
///
/// # Errors
/// The item is not one to download, the directory cannot be written, or every mirror failed for
/// a file (each named with its reason).
pub fn fetch(
    item: &KnownDataset,
    environment: &Environment,
    options: &Options,
    progress: &dyn FetchProgress,
) -> Result<PathBuf> {
    if item.mirrors.is_empty() {
        let message = format!("dataset `{}` needs no download", item.entry.name);
        let others: Vec<&str> = super::catalog()
            .iter()
            .filter(|other| !other.mirrors.is_empty())
            .map(|other| other.entry.name)
            .collect();
        return Err(Error::new(Kind::Usage, message).help(format!("those that do: {}", others.join(", "))));
    }
    let dir = environment.directory(item);
    fetch_files(item.files, &dir, options, progress).map_err(|e| match e.kind() {
        Kind::Network => e.help(format!(
            "another mirror: --mirror URL or {}; or put the files into {} yourself",
            mirror_variable(item),
            dir.display()
        )),
        _ => e,
    })?;
    Ok(dir)
}

/// Brings `files` into `dir`.
fn fetch_files(
    files: &[SourceFile],
    dir: &Path,
    options: &Options,
    progress: &dyn FetchProgress,
) -> Result<()> {
    fs::create_dir_all(dir).map_err(|e| Error::io("make the directory", dir, &e))?;
    let lock = lock(dir, progress)?;
    let agent = agent(options.patience);
    for file in files {
        let finished = dir.join(file.unpacked_name());
        if is_whole(&finished, file.unpacked_bytes) {
            progress.say(&format!("{} is there already", finished.display()));
            continue;
        }
        let packed = dir.join(file.name);
        let part = dir.join(format!("{}.part", file.name));
        // Someone may have put the packed file here.
        if is_whole(&packed, file.bytes) && digest(&packed)? == file.sha256 {
            unpack(&packed, file, &finished)?;
            progress.say(&format!("{} unpacked", packed.display()));
            continue;
        }
        download(&agent, file, &part, options, progress)?;
        unpack(&part, file, &finished)?;
        remove(&part)?;
    }
    drop(lock);
    Ok(())
}

/// Waits until no other process downloads into `dir`.
fn lock(dir: &Path, progress: &dyn FetchProgress) -> Result<File> {
    let path = dir.join(".lock");
    let open = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = open.map_err(|e| Error::io("write", &path, &e))?;
    if file.try_lock().is_err() {
        progress.say(&format!("waiting for another download into {}", dir.display()));
        file.lock().map_err(|e| Error::io("lock", &path, &e))?;
    }
    Ok(file)
}

/// Gets `file` into `part`, whole and with the right digest.
fn download(
    agent: &ureq::Agent,
    file: &SourceFile,
    part: &Path,
    options: &Options,
    progress: &dyn FetchProgress,
) -> Result<()> {
    let mut failures: Vec<String> = Vec::new();
    for mirror in &options.mirrors {
        if let Some(failure) = failures.last() {
            progress.say(&format!("{failure}; trying {mirror}"));
        }
        let url = format!("{}/{}", mirror.trim_end_matches('/'), file.name);
        for attempt in 1..=TRIES {
            let before = length(part);
            let result = transfer(agent, &url, file, part, progress);
            progress.end();
            let failure = match result.and_then(|()| verify(file, part)) {
                Ok(()) => return Ok(()),
                Err(Failure::Disk(error)) => return Err(error),
                Err(failure) => failure,
            };
            let text = format!("{url}: {failure}");
            let again = match failure {
                // What was here before this attempt may be what is wrong: once more from the start.
                Failure::Wrong(_) => {
                    remove(part)?;
                    before > 0
                }
                // Worth another try only if something came.
                Failure::Broken(_) => length(part) > before,
                Failure::Refused(_) | Failure::Disk(_) => false,
            };
            if !again || attempt == TRIES {
                failures.push(text);
                break;
            }
            progress.say(&format!("{text}; trying again"));
        }
    }
    let which = match options.mirrors.len() {
        0 => "no mirror is given".to_owned(),
        1 => "the only mirror failed".to_owned(),
        n => format!("all {n} mirrors failed"),
    };
    let reasons: String = failures.iter().map(|f| format!("\n  {f}")).collect();
    let message = format!("cannot download {}: {which}{reasons}", file.name);
    Err(Error::new(Kind::Network, message))
}

fn verify(file: &SourceFile, part: &Path) -> std::result::Result<(), Failure> {
    let found = digest(part).map_err(Failure::Disk)?;
    if found == file.sha256 {
        return Ok(());
    }
    Err(Failure::Wrong(format!(
        "not the right file: its SHA-256 is {found}, not {}",
        file.sha256
    )))
}

/// SHA-256 of the file at `path`, hexadecimal.
fn digest(path: &Path) -> Result<String> {
    let broken = |e: io::Error| Error::io("read", path, &e);
    let mut file = File::open(path).map_err(broken)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(broken)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// Unpacks the verified file `packed` and gives the result its final name.
fn unpack(packed: &Path, file: &SourceFile, finished: &Path) -> Result<()> {
    let part = finished.with_extension("part");
    let source = File::open(packed).map_err(|e| Error::io("open", packed, &e))?;
    let reader = flate2::bufread::MultiGzDecoder::new(BufReader::new(source));
    let mut out = File::create(&part).map_err(|e| Error::io("write", &part, &e))?;
    // One byte more than expected is enough to know that it is too long.
    let unpacked = io::copy(&mut reader.take(file.unpacked_bytes + 1), &mut out)
        .and_then(|n| out.sync_all().map(|()| n))
        .map_err(|e| Error::io("unpack into", &part, &e))?;
    if unpacked != file.unpacked_bytes {
        remove(&part)?;
        let message = format!(
            "{} does not unpack to {} bytes",
            packed.display(),
            file.unpacked_bytes
        );
        return Err(Error::new(Kind::Data, message));
    }
    drop(out);
    fs::rename(&part, finished).map_err(|e| Error::io("rename to", finished, &e))
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |m| m.len())
}

fn is_whole(path: &Path, bytes: u64) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == bytes)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, &e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
