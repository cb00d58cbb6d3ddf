//! From a checked experiment to its tables: resume, sweep, write.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::about::{About, utc};
use super::gather::{command_line, shard_command};
use super::job::Job;
use super::journal::Header;
use super::lock::{Lock, host};
use super::progress::{Progress, duration, grouped, say};
use super::shard::{Shard, longest_first, members};
use super::signals::Stop;
use super::store::{self, Plan, Resumed, Store};
use super::sweep::{End, Settings, Work as _, sweep};
use super::{BUILD, files, tables};
use crate::data::Environment;
use crate::error::{Error, Kind, Result};
use crate::experiment::{DataShape, Experiment};
use crate::numerics::{self, NUMERICS_VERSION};
use crate::results::format;
use crate::results::manifest::Manifest;

/// How long running trials may go on after the program has been asked to stop.
pub const GRACE: Duration = Duration::from_secs(5);

/// How to run an experiment.
#[derive(Debug, Clone)]
pub struct Options {
    /// The results directory.
    pub directory: PathBuf,
    /// Trials at a time.
    pub threads: usize,
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
    mine: Vec<bool>,
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
    let locks = store::take_locks(directory, options.shard)?;
    if options.fresh {
        begin_anew(options)?;
    }
    let unfinished = store::journal_path(directory, options.shard).exists();
    if !unfinished && !options.fresh {
        match standing(directory, &experiment)? {
            Standing::Empty => {}
            Standing::Complete(manifest) => return already(directory, &experiment, manifest),
            Standing::Other(error) => return Err(error),
        }
        same_cut(directory, options.shard)?;
    }
    let mut job = Job::new(experiment, environment)?;
    job.weights_into = Some(directory.clone());
    let job = Arc::new(job);
    let costs = job.costs();
    let mine = members(&costs, options.shard);
    let mut slice = Slice {
        job: &job,
        mine: vec![false; costs.len()],
    };
    mine.iter().for_each(|&i| slice.mine[i as usize] = true);
    let work: u64 = mine
        .iter()
        .fold(0, |sum: u64, &i| sum.saturating_add(costs[i as usize]));
    let mut progress = Progress::new(mine.len() as u64, work, options.quiet);

    let (mut store, resumed) = if options.journal {
        let seen = |key: &super::journal::Key| {
            let index = key.index as u32;
            progress.resumed(key, costs[index as usize], || job.describe(index));
        };
        Store::open(directory, &header(&job, options)?, &slice, seen)?
    } else {
        (Store::in_memory(costs.len()), Resumed::default())
    };
    tell(&progress, &resumed, mine.len(), directory, options.shard);
    let order = longest_first(&costs)
        .into_iter()
        .filter(|&i| slice.mine[i as usize] && !store.has(i))
        .collect();
    let settings = Settings {
        threads: options.threads,
        fail_fast: options.fail_fast,
        grace: GRACE,
        trace: options.trace.clone(),
    };
    let end = sweep(&job, order, &mut store, &settings, stop, &mut progress);
    progress.clear();
    if let End::Interrupted { dropped } = end? {
        return Err(interrupted(&progress, mine.len(), dropped, options));
    }
    if !options.shard.is_whole() {
        return Ok(Outcome::ShardDone {
            trials: mine.len() as u64,
            trials_run: progress.trials_here(),
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
    let replaced = tables::write(
        directory,
        &job.experiment.record,
        &job.manifest,
        &mut store.reader()?,
    )?;
    // Before the journal goes: an open file cannot be removed everywhere.
    drop(store);
    let about = about(
        u64::from(job.len()),
        trials_run,
        options.threads,
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
        cores: super::sweep::default_threads(),
        host: host(),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
        isa: numerics::isa().to_string(),
    }
}

/// Removes the journals below `directory`, whose records are all in its tables.
///
/// # Errors
/// The operating system refuses.
pub fn remove_journals(directory: &Path) -> Result<()> {
    let folder = directory.join("journal");
    match std::fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &folder, &e)),
        _ => Ok(()),
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
        shapes: job.shapes.iter().map(numbers).collect(),
        command: options.command.clone(),
    })
}

fn numbers(shape: &DataShape) -> [u64; 4] {
    [shape.inputs, shape.outputs, shape.train, shape.held_out].map(|n| n as u64)
}

/// The sizes of datasets as a journal's header has them.
pub fn shapes(header: &Header) -> Vec<DataShape> {
    let shape = |&[inputs, outputs, train, held_out]: &[u64; 4]| DataShape {
        inputs: inputs as usize,
        outputs: outputs as usize,
        train: train as usize,
        held_out: held_out as usize,
    };
    header.shapes.iter().map(shape).collect()
}

/// What a results directory holds when no run is under way in it.
enum Standing {
    Empty,
    /// The complete results of this very experiment.
    Complete(Manifest),
    /// Something that must not be overwritten.
    Other(Error),
}

fn standing(directory: &Path, experiment: &Experiment) -> Result<Standing> {
    let other = |what: String| {
        let message = format!("{} holds {what}", directory.display());
        Ok(Standing::Other(Error::new(Kind::Store, message).help(
            "choose another directory with --out, or `--fresh` to replace it (the old tables are moved aside, not deleted)",
        )))
    };
    let there = |name: &&str| directory.join(name).exists();
    if !there(&format::MANIFEST) {
        return match [format::TRIALS, format::EPOCHS, format::LAYERS, format::SUMMARY]
            .iter()
            .find(|n| there(n))
        {
            Some(name) => other(format!(
                "{name} without a {}: what it belongs to cannot be told",
                format::MANIFEST
            )),
            None => Ok(Standing::Empty),
        };
    }
    let manifest = match Manifest::load(directory) {
        Ok(manifest) => manifest,
        Err(error) => return other(format!("results that cannot be read ({})", error.message())),
    };
    if manifest.experiment_digest != experiment.digest() {
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
    let expected = tables::expected(&experiment.record);
    if !expected.iter().any(there) {
        // A probe leaves a manifest too.
        return Ok(Standing::Empty);
    }
    match expected.iter().find(|n| !there(n)) {
        Some(name) => other(format!("the results of this experiment, but {name} is missing")),
        None => Ok(Standing::Complete(manifest)),
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

/// A directory holds shards of one cut only.
fn same_cut(directory: &Path, shard: Shard) -> Result<()> {
    match store::journals(directory)?
        .iter()
        .find(|(other, _)| other.count != shard.count)
    {
        None => Ok(()),
        Some((other, path)) => {
            let message = format!(
                "{} is of shard {other}, which does not go together with {shard}",
                path.display()
            );
            Err(Error::new(Kind::Store, message).help(format!(
                "use I/{} again, or another --out, or remove the old journals",
                other.count
            )))
        }
    }
}

/// Moves the journals aside that this run would go on with.
fn begin_anew(options: &Options) -> Result<()> {
    let mut paths = vec![store::journal_path(&options.directory, options.shard)];
    if options.shard.is_whole() {
        paths = store::journals(&options.directory)?
            .into_iter()
            .map(|(_, path)| path)
            .collect();
    }
    if let Some(aside) = store::set_aside(&options.directory, &paths)? {
        say(&format!(
            "--fresh: the journal of an unfinished run is now in {}",
            aside.display()
        ));
    }
    Ok(())
}

fn tell(progress: &Progress, resumed: &Resumed, trials: usize, directory: &Path, shard: Shard) {
    if resumed.trials > 0 {
        progress.note(&format!(
            "resuming: {} of {} trials done",
            grouped(resumed.trials),
            grouped(trials as u64)
        ));
    }
    let path = store::journal_path(directory, shard);
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
