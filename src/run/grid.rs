//! From a checked experiment to its tables: resume, sweep, write.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::about::{About, utc};
use super::attempt::Work as _;
use super::command_line::{command_line, shard_command};
use super::directory::{self, Standing, journal_path, remove_journals, same_cut, standing, take_locks};
use super::frame::Key;
use super::header::{self, Header};
use super::job::Job;
use super::lock::{Lock, host};
use super::pool::Pool;
use super::progress::Progress;
use super::shard::{Shard, longest_first, members};
use super::signals::Stop;
use super::store::{Plan, Resumed, Store};
use super::sweep::{End, Settings, sweep};
use super::trace::Trace;
use super::{BUILD, files, tables};
use crate::data::Environment;
use crate::experiment::Experiment;
use crate::numerics::{self, NUMERICS_VERSION};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::{duration, grouped};
use crate::table::format;
use crate::table::manifest::Manifest;

/// How long running trials may go on after the program has been asked to stop.
pub const GRACE: Duration = Duration::from_secs(5);

/// How to run an experiment.
#[derive(Debug, Clone)]
pub struct Options {
    /// The results directory.
    pub directory: PathBuf,
    /// The threads that train, a trial each, and that compute the tables.
    pub pool: Pool,
    /// Which part of the plan.
    pub shard: Shard,
    /// Begin anew, whatever is there.
    pub fresh: bool,
    /// Keep a journal; without one nothing can be resumed.
    pub journal: bool,
    /// Stop at the first failed trial.
    pub fail_fast: bool,
    /// A file that gets a line when a trial starts and when it ends.
    pub trace: Option<PathBuf>,
    /// No progress on standard error.
    pub quiet: bool,
    /// The arguments that a person would give to run this again, without the shard.
    pub command: Vec<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)] // one of these per run
pub enum Outcome {
    /// The tables are written.
    Written {
        /// What `run.json` says.
        about: About,
        /// Where older, different tables have been moved.
        replaced: Option<PathBuf>,
    },
    /// This shard is done; the tables come from `merge`.
    ShardDone {
        /// Its trials.
        trials: u64,
        /// Those trained by this process.
        trials_run: u64,
        /// Those that failed, whoever trained them.
        failed: u64,
    },
    /// The tables were there already.
    AlreadyComplete {
        /// Trials in them.
        trials: u64,
        /// The manifest has been brought up to date with the experiment file, in what no table
        /// depends on: claims, name.
        described_anew: bool,
    },
}

/// The part of a plan that one shard runs.
struct Slice<'a> {
    job: &'a Job,
    /// Of each trial, whether this shard runs it.
    mine: Vec<bool>,
    trials: usize,
    /// Their cost together.
    work: u64,
}

impl<'a> Slice<'a> {
    fn new(job: &'a Job, costs: &[u64], shard: Shard) -> Self {
        let members = members(costs, shard);
        let mut slice = Slice {
            job,
            mine: vec![false; costs.len()],
            trials: members.len(),
            work: 0,
        };
        for i in members {
            slice.mine[i as usize] = true;
            slice.work = slice.work.saturating_add(costs[i as usize]);
        }
        slice
    }
}

impl Plan for Slice<'_> {
    fn trial_id(&self, index: u64) -> Option<String> {
        let mine = *self.mine.get(usize::try_from(index).ok()?)?;
        mine.then(|| self.job.trial_id(index as u32))
    }
}

/// Runs `experiment`, or goes on with it.
///
/// # Errors
/// Somebody else is at work in the directory; it holds something else; the data cannot be had;
/// the operating system refuses; or the program has been asked to stop, which leaves everything
/// ready to go on.
pub fn run(
    experiment: Experiment,
    environment: Environment,
    options: &Options,
    stop: &Stop,
) -> Result<Outcome> {
    let started = (SystemTime::now(), Instant::now());
    if !options.journal && !options.shard.is_whole() {
        return Err(Error::new(
            Kind::Usage,
            "a shard needs its journal: that is what `merge` reads",
        ));
    }
    let directory = &options.directory;
    let locks = take_locks(directory, options.shard)?;
    // Once the directory is there, since the trace may lie in it, and is ours, since another run
    // may be writing that trace; a trace that can't be had touches no more.
    let trace = options.trace.as_deref().map(Trace::open).transpose()?;
    if options.fresh {
        begin_anew(options)?;
    } else if let Some(complete) = done_already(&experiment, options)? {
        return Ok(complete);
    }
    let mut job = Job::new(experiment, environment)?;
    job.weights_into = Some(directory.clone());
    let job = Arc::new(job);
    let costs = job.costs();
    let slice = Slice::new(&job, &costs, options.shard);
    let mut progress = Progress::new(slice.trials as u64, slice.work, options.quiet);
    let (mut store, resumed) = if options.journal {
        let seen = |key: &Key| {
            let index = key.index as u32;
            progress.resumed(key, costs[index as usize], || job.describe(index));
        };
        Store::open(directory, &header(&job, options)?, &slice, seen)?
    } else {
        (Store::in_memory(costs.len()), Resumed::default())
    };
    note_resumed(&progress, &resumed, slice.trials, directory, options.shard);
    let order = longest_first(&costs)
        .into_iter()
        .filter(|&i| slice.mine[i as usize] && !store.has(i))
        .collect();
    let settings = Settings {
        pool: options.pool.clone(),
        fail_fast: options.fail_fast,
        grace: GRACE,
        trace: trace.map(Arc::new),
        go_on: options
            .journal
            .then(|| shard_command(&options.command, options.shard)),
    };
    let end = sweep(&job, order, &mut store, &settings, stop, &mut progress);
    progress.clear();
    if let End::Interrupted { dropped } = end? {
        return Err(interrupted(&progress, slice.trials, dropped, options));
    }
    if !options.shard.is_whole() {
        return Ok(Outcome::ShardDone {
            trials: slice.trials as u64,
            trials_run: progress.trials_here(),
            failed: progress.failed(),
        });
    }
    finish(&job, store, options, started, progress.trials_here(), &locks)
}

/// Writes the tables of a run that is complete, and removes its journal.
fn finish(
    job: &Job,
    store: Store,
    options: &Options,
    started: (SystemTime, Instant),
    trials_run: u64,
    _locks: &[Lock],
) -> Result<Outcome> {
    let directory = &options.directory;
    let mut records = store.reader()?;
    let (record, manifest) = (&job.experiment.record, &job.manifest);
    let replaced = options
        .pool
        .install(|| tables::write(directory, record, manifest, &mut records))?;
    drop(records);
    // Before the journal goes: an open file cannot be removed everywhere.
    drop(store);
    let about = about(
        u64::from(job.len()),
        trials_run,
        options.pool.threads(),
        &options.command,
        started,
    );
    about.write(directory)?;
    remove_journals(directory)?;
    Ok(Outcome::Written { about, replaced })
}

/// What `run.json` says about a run that ends now.
pub fn about(
    trials: u64,
    trials_run: u64,
    threads: usize,
    command: &[String],
    started: (SystemTime, Instant),
) -> About {
    let wall_seconds = started.1.elapsed().as_secs_f64();
    About {
        program: BUILD.to_owned(),
        command: command_line(command),
        started: utc(started.0),
        wall_seconds,
        trials,
        trials_run,
        trials_per_second: trials_run as f64 / wall_seconds.max(1e-9),
        threads,
        cores: super::pool::default_threads(),
        host: host(),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
        isa: numerics::isa().to_string(),
    }
}

fn header(job: &Job, options: &Options) -> Result<Header> {
    Ok(Header {
        experiment: job.manifest.experiment_digest.clone(),
        numerics_version: NUMERICS_VERSION,
        build: BUILD.to_owned(),
        shard: options.shard.index,
        shards: options.shard.count,
        trials: u64::from(job.len()),
        manifest: job.manifest.to_toml()?,
        data: job
            .manifest
            .dataset
            .iter()
            .map(|d| (d.name.clone(), d.digest.clone()))
            .collect(),
        shapes: job.shapes.iter().map(header::numbers).collect(),
        command: options.command.clone(),
    })
}

/// Looks at what the directory holds: nothing that is in the way, an unfinished run to go on with,
/// or all that this one would do.
fn done_already(experiment: &Experiment, options: &Options) -> Result<Option<Outcome>> {
    let directory = &options.directory;
    if journal_path(directory, options.shard).exists() {
        return same_cut(directory, options.shard).map(|()| None);
    }
    match standing(directory, experiment) {
        Standing::Empty => same_cut(directory, options.shard).map(|()| None),
        Standing::Complete(manifest) => already(directory, experiment, manifest).map(Some),
        Standing::Other(error) => Err(error),
    }
}

/// The experiment's text may have changed in what no table depends on (claims, comments): the
/// manifest follows it.
fn already(directory: &Path, experiment: &Experiment, manifest: Manifest) -> Result<Outcome> {
    let current = Manifest {
        name: experiment.name.clone(),
        experiment: experiment.resolved().to_owned(),
        ..manifest.clone()
    };
    let changed = current != manifest;
    if changed {
        files::write_atomically(&directory.join(format::MANIFEST), current.to_toml()?.as_bytes())?;
    }
    Ok(Outcome::AlreadyComplete {
        trials: manifest.trials,
        described_anew: changed,
    })
}

/// Moves the journals aside that this run would go on with, and those of another cut, which
/// could never be merged with what it is about to write. Other shards of the same cut stay.
fn begin_anew(options: &Options) -> Result<()> {
    let (directory, shard) = (&options.directory, options.shard);
    // One at a time: the shards of an array job all begin at once.
    let _turn = match shard.is_whole() {
        true => None,
        false => Some(Lock::wait(&directory.join("journal/fresh.lock"))?),
    };
    let (mut locks, mut paths) = (Vec::new(), Vec::new());
    for (other, path) in directory::journals(directory)? {
        if other.count != shard.count {
            // Not under the feet of a shard that is at work.
            locks.extend(directory::take_own_lock(directory, other)?);
        }
        if other.count != shard.count || other == shard {
            paths.push(path);
        }
    }
    directory::set_journals_aside(directory, &paths)
}

fn note_resumed(progress: &Progress, resumed: &Resumed, trials: usize, directory: &Path, shard: Shard) {
    if resumed.trials > 0 {
        progress.note(&format!(
            "resuming: {} of {} trials done",
            grouped(resumed.trials),
            grouped(trials as u64)
        ));
    }
    let path = journal_path(directory, shard);
    for range in &resumed.damaged {
        progress.note(&format!(
            "{}: bytes {} to {} are damaged; the trials that were there are trained again",
            path.display(),
            range.start,
            range.end
        ));
    }
    if resumed.torn > 0 {
        progress.note(&format!(
            "{}: a record of {} bytes was cut short at the end; dropped",
            path.display(),
            resumed.torn
        ));
    }
    if resumed.foreign > 0 {
        progress.note(&format!(
            "{}: {} records of no trial of this run; not used",
            path.display(),
            resumed.foreign
        ));
    }
}

fn interrupted(progress: &Progress, trials: usize, dropped: usize, options: &Options) -> Error {
    let mut message = format!("interrupted after {}", duration(progress.elapsed().as_secs_f64()));
    if options.journal {
        message += &format!(
            ": {} of {} trials are kept",
            grouped(progress.trials_done()),
            grouped(trials as u64)
        );
        if dropped > 0 {
            message += &format!(", {dropped} that were running are dropped");
        }
        Error::new(Kind::Interrupted, message).help(format!(
            "go on with: {}",
            shard_command(&options.command, options.shard)
        ))
    } else {
        Error::new(Kind::Interrupted, message + ": without a journal nothing is kept")
    }
}
