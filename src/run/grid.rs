//! From a checked experiment to its tables: see what is done, sweep, write.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::attempt::Work as _;
use super::command_line::shard_command;
use super::directory::{
    self, Contents, contents, journal_path, remove_journals, same_shard_count, take_locks,
};
use super::header::Header;
use super::job::Job;
use super::journal::{Journal, TrialKey, damaged};
use super::lock::Lock;
use super::metadata::RunMetadata;
use super::pool::{Pool, default_threads};
use super::progress::{Progress, say};
use super::replacement::OldTables;
use super::reuse::{SearchOptions, Survey, Wanted};
use super::rounds::{earlier_journals, look_state, look_state_of_all, owners_by_look};
use super::shard::{Shard, longest_first};
use super::signals::Stop;
use super::store::{JournalScan, Store};
use super::sweep::{Settings, SweepEnd, sweep};
use super::trace::EventLog;
pub use super::verify::Amount;
use super::{BUILD, files, tables};
use crate::analysis::looks::LookState;
use crate::data::Environment;
use crate::experiment::{Experiment, Plan};
use crate::numerics::{FloatMode, isa};
use crate::support::error::{Error, Kind, Result};
use crate::support::memory;
use crate::support::text::{counted_as, duration, grouped};
use crate::table::format;
use crate::table::inputs::brought_data;
use crate::table::manifest::Manifest;
use crate::table::record::Status;
use crate::table::source::Source;

/// How long running trials may go on after the program has been asked to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// A run of an experiment: all of its grid, or a shard of it.
///
/// It trains what is not there: rows in the journal of an earlier run that did not end, and in tables
/// of an earlier form of the experiment, are kept. Before rows of tables are reused, a sample of
/// them is trained again and compared by bits.
///
/// ```
/// use goodinit::{Experiment, Grid, GridOutcome, Registry};
///
/// let text = r#"
///     name = "tour"
///     data = { kind = "digits" }
///     train = { epochs = 1, batch_size = 64 }
///     grid = { scheme = ["zeros", "he_normal"], architecture = [[8]], learning_rate = 0.1 }
/// "#;
/// let experiment = Experiment::parse::<&str>("tour.toml".as_ref(), text, &[], &Registry::standard())?;
/// let directory = std::env::temp_dir().join("goodinit-tour");
/// let outcome = Grid::new(experiment).directory(&directory).threads(2).fresh(true).run()?;
/// if let GridOutcome::Written { metadata, .. } = outcome {
///     println!("{} trials; tables in {}", metadata.trials, directory.display());
/// }
/// # goodinit::Result::Ok(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a grid trains nothing until `run` is called"]
pub struct Grid {
    experiment: Experiment,
    environment: Environment,
    directory: PathBuf,
    threads: usize,
    pool: Option<Pool>,
    shard: Shard,
    fresh: bool,
    reuse: Vec<Source>,
    recheck: Option<Amount>,
    journal: bool,
    fail_fast: bool,
    trace: Option<PathBuf>,
    progress: bool,
    command: String,
    stop: Stop,
}

impl Grid {
    /// All of `experiment`, on all cores, into `results/<its name>`, without progress on standard
    /// error.
    pub fn new(experiment: Experiment) -> Self {
        Grid {
            environment: Environment::default(),
            directory: experiment.default_directory(),
            experiment,
            threads: default_threads(),
            pool: None,
            shard: Shard::WHOLE,
            fresh: false,
            reuse: Vec::new(),
            recheck: None,
            journal: true,
            fail_fast: false,
            trace: None,
            progress: false,
            command: String::new(),
            stop: Stop::manual(),
        }
    }

    /// Where the tables go; made if it is not there. `results/<name of the experiment>` unless set.
    pub fn directory(self, directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        Grid { directory, ..self }
    }

    /// Where downloaded datasets are kept.
    pub fn environment(self, environment: Environment) -> Self {
        Grid { environment, ..self }
    }

    /// The number of threads that train, one trial each. It never changes a byte of a table.
    pub fn threads(self, threads: usize) -> Self {
        Grid { threads, ..self }
    }

    /// Threads that are there already, in place of new ones.
    pub(crate) fn pool(self, pool: Pool) -> Self {
        let pool = Some(pool);
        Grid { pool, ..self }
    }

    /// Trains only this part of the plan; the tables then come from [`super::merge::merge`].
    pub(crate) fn shard(self, shard: Shard) -> Self {
        Grid { shard, ..self }
    }

    /// Whether to start over; what an earlier run left is moved aside.
    pub fn fresh(self, fresh: bool) -> Self {
        Grid { fresh, ..self }
    }

    /// Another place to take rows from: a results directory, or one in a git revision.
    #[doc(hidden)]
    pub fn reuse(mut self, place: Source) -> Self {
        self.reuse.push(place);
        self
    }

    /// How many of the rows of each place are trained again before they are reused; `None` is 1 % and
    /// at least 3, fewer where they take long.
    pub(crate) fn recheck(self, amount: Option<Amount>) -> Self {
        let recheck = amount;
        Grid { recheck, ..self }
    }

    /// Whether to keep a journal (the default). A run without one cannot be resumed.
    pub fn journal(self, journal: bool) -> Self {
        Grid { journal, ..self }
    }

    /// Whether to stop at the first trial that fails.
    pub fn fail_fast(self, fail_fast: bool) -> Self {
        Grid { fail_fast, ..self }
    }

    /// A file that gets a line when a trial starts and when it ends.
    pub fn trace(self, path: impl Into<PathBuf>) -> Self {
        let trace = Some(path.into());
        Grid { trace, ..self }
    }

    /// Whether to show progress on standard error.
    pub fn progress(self, progress: bool) -> Self {
        Grid { progress, ..self }
    }

    /// What stops the run early; it can then be resumed.
    #[doc(hidden)]
    pub fn stop(self, stop: Stop) -> Self {
        Grid { stop, ..self }
    }

    /// The command line that resumes this run, without the shard, for messages and `run.json`.
    pub(crate) fn command(self, command: String) -> Self {
        Grid { command, ..self }
    }

    /// Trains what is not done yet, then writes the tables.
    ///
    /// # Errors
    /// Another process works in the directory; it holds something else, or rows that are not what this
    /// program computes; data cannot be read; an I/O error; or a stop was requested, which leaves everything ready to be resumed.
    pub fn run(self) -> Result<GridOutcome> {
        isa::ensure_chosen()?;
        let _mode = FloatMode::standard();
        run(&self)
    }

    /// How many trials of this run are done, and what the run would say of them. `plan` is that of the
    /// experiment, with the sizes of the data; `data` are the names and digests of those that can be
    /// read. Changes nothing.
    ///
    /// # Errors
    /// The run would be refused.
    pub(crate) fn preview(
        &self,
        plan: &Plan,
        data: Vec<(String, String)>,
    ) -> Result<(usize, Option<String>)> {
        let mine = self.mine(plan);
        if self.fresh {
            return Ok((0, None));
        }
        if complete(self)?.is_some() {
            let line = format!(
                "all trials are in {} already; 0 to train",
                self.directory.display()
            );
            return Ok((plan.len(), Some(line)));
        }
        let mut survey = Survey::new(Wanted {
            experiment: &self.experiment,
            plan,
            data,
            directory: &self.directory,
            mine: &mine,
        });
        let mut store = Store::new(mine.len());
        survey.search(&mut store, &self.search_options(None), |_, _, _| {})?;
        let sample = survey.sample(&store, self.recheck, self.threads);
        let planned = sample.iter().map(|chosen| chosen.len() as u64).sum();
        let done = (0..plan.len() as u32).filter(|i| store.has(*i)).count();
        let line = match self.experiment.sequential {
            None => survey.line(&store, None, planned),
            // How many it needs is not known before they are looked at.
            Some(_) => Some(format!("{} trials are there already", grouped(done as u64))),
        };
        Ok((done, line))
    }

    /// Which trials of `plan` are those of this run.
    fn mine(&self, plan: &Plan) -> Vec<bool> {
        let owners = owners_by_look(&self.experiment, plan, self.shard.count);
        owners
            .into_iter()
            .map(|owner| owner == self.shard.index)
            .collect()
    }

    fn search_options<'a>(&'a self, header: Option<&'a Header>) -> SearchOptions<'a> {
        SearchOptions {
            header,
            reuse: &self.reuse,
            all_rechecked: self.recheck.is_some_and(Amount::is_all),
        }
    }

    /// Where a person is told how to resume.
    fn resume_command(&self) -> Option<String> {
        let known = self.journal && !self.command.is_empty();
        known.then(|| shard_command(&self.command, self.shard))
    }
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)] // one of these per run
pub enum GridOutcome {
    /// The tables are written.
    Written {
        /// The contents of `run.json`.
        metadata: RunMetadata,
        /// Where older, different tables have been moved.
        replaced: Option<PathBuf>,
    },
    /// This shard is done; the tables come from `merge`.
    ShardDone {
        /// Trials of this shard.
        trials: u64,
        /// Those trained by this process.
        trials_run: u64,
        /// Those that failed, in this process or an earlier one.
        failed: u64,
        /// Where replicates go on until a decision: the look whose trials these are, in words.
        look: Option<String>,
    },
    /// The tables were there already.
    AlreadyComplete {
        /// Trials in the tables.
        trials: u64,
        /// The manifest has been brought up to date with the experiment file, in what no table
        /// depends on: claims, name.
        manifest_updated: bool,
    },
}

fn run(grid: &Grid) -> Result<GridOutcome> {
    let started = (SystemTime::now(), Instant::now());
    if !grid.journal && !grid.shard.is_whole() {
        return Err(Error::new(
            Kind::Usage,
            "a shard needs its journal: that is what `merge` reads",
        ));
    }
    let directory = &grid.directory;
    // Held to the end.
    let _locks = take_locks(directory, grid.shard)?;
    // After the directory is there, since the trace may be in it, and locked, since another run
    // may be writing that trace; a trace that cannot be opened stops the run before it changes more.
    let trace = grid.trace.as_deref().map(EventLog::open).transpose()?;
    let pool = match &grid.pool {
        Some(pool) => pool.clone(),
        None => Pool::new(grid.threads)?,
    };
    if grid.fresh {
        begin_anew(grid)?;
    } else if let Some(manifest) = pool.install(|| complete(grid))? {
        return already(grid, manifest);
    }
    let job = Arc::new(Job::new(grid.experiment.clone(), grid.environment.clone())?);
    if grid.progress {
        job.notes.iter().for_each(|note| say(&format!("note: {note}")));
    }
    let mine = grid.mine(&job.plan);
    check_memory(&job, &mine, pool.threads())?;
    let run = Run {
        grid,
        job,
        mine,
        pool,
    };
    let mut progress = run.progress();
    let mut gathered = run.open_store(&mut progress)?;
    // Not before: what is rechecked leaves no weights.
    run.job.weights_into.get_or_init(|| directory.clone());
    let reached = run.train(trace.map(Arc::new), &mut gathered.store, &mut progress);
    progress.clear();
    let reached = reached?;
    if !grid.shard.is_whole() {
        return Ok(GridOutcome::ShardDone {
            trials: reached.trials,
            trials_run: progress.trials_here(),
            failed: progress.failed(),
            look: reached.look.map(|state| state.name()),
        });
    }
    run.finish(gathered, &reached.wanted, started, progress.trials_here())
}

/// A run that has something to train.
struct Run<'a> {
    grid: &'a Grid,
    job: Arc<Job>,
    /// By trial, whether it is one of this run.
    mine: Vec<bool>,
    pool: Pool,
}

/// The rows of a run.
struct Gathered {
    store: Store,
    /// Journals with rows that the experiment no longer has.
    outgrown: Vec<PathBuf>,
    /// What becomes of the tables that are there.
    old: OldTables,
}

/// How far a run has been trained.
struct Reached {
    /// By trial, whether the tables are to have it.
    wanted: Vec<bool>,
    /// How many of them are trials of this run.
    trials: u64,
    /// Where replicates go on until a decision: the look whose trials these are.
    look: Option<LookState>,
}

impl Run<'_> {
    fn progress(&self) -> Progress {
        let (mut trials, mut work) = (0, 0u64);
        for (cost, _) in self.job.costs().iter().zip(&self.mine).filter(|(_, mine)| **mine) {
            (trials, work) = (trials + 1, work.saturating_add(*cost));
        }
        Progress::new(trials, work, !self.grid.progress)
    }

    /// Trains what is missing in `store`: once, or where replicates go on until a decision, look after look.
    fn train(
        &self,
        trace: Option<Arc<EventLog>>,
        store: &mut Store,
        progress: &mut Progress,
    ) -> Result<Reached> {
        let (grid, job) = (self.grid, &self.job);
        let settings = Settings {
            pool: self.pool.clone(),
            fail_fast: grid.fail_fast,
            grace: GRACE,
            trace,
            go_on: grid.resume_command(),
        };
        let costs = job.costs();
        loop {
            let look = self.pool.install(|| sequential_state(grid, job, store))?;
            let wanted = match &look {
                Some(state) => state.wanted.clone(),
                None => vec![true; self.mine.len()],
            };
            let ours = |i: &u32| self.mine[*i as usize] && wanted[*i as usize];
            let mut missing: Vec<u32> = longest_first(&costs).into_iter().filter(ours).collect();
            let trials = missing.len() as u64;
            missing.retain(|i| !store.has(*i));
            if let Some(state) = &look {
                let work = missing
                    .iter()
                    .fold(0u64, |sum, i| sum.saturating_add(costs[*i as usize]));
                progress.expect(missing.len() as u64, work);
                if missing.is_empty() {
                    return Ok(Reached { wanted, trials, look });
                }
                progress.note(&format!(
                    "{}: {}, {} of {} trials are there, {} to train",
                    state.name(),
                    counted_as(state.open() as u64, "comparison is open", "comparisons are open"),
                    grouped(trials - missing.len() as u64),
                    grouped(trials),
                    grouped(missing.len() as u64)
                ));
            }
            let end = sweep(job, missing, store, &settings, &grid.stop, progress)?;
            if let SweepEnd::Interrupted { dropped } = end {
                return Err(interrupted(progress, trials, dropped, grid));
            }
            if look.is_none() || !grid.shard.is_whole() {
                return Ok(Reached { wanted, trials, look });
            }
        }
    }

    /// Writes the tables of the trials that are `wanted`, and removes the journals of the run.
    fn finish(
        &self,
        gathered: Gathered,
        wanted: &[bool],
        started: (SystemTime, Instant),
        trials_run: u64,
    ) -> Result<GridOutcome> {
        let (directory, job) = (&self.grid.directory, &self.job);
        let Gathered {
            mut store,
            mut outgrown,
            mut old,
        } = gathered;
        let (wanted, others): (Vec<u32>, Vec<u32>) = (0..job.len()).partition(|i| wanted[*i as usize]);
        if others.into_iter().any(|i| store.has(i)) {
            // Rows of replicates that no look needed.
            old = OldTables::SetAside;
            outgrown.extend(earlier_journals(directory)?);
        }
        let (experiment, manifest) = (&job.experiment, &job.manifest);
        let replaced = self
            .pool
            .install(|| tables::write(directory, experiment, manifest, &mut store, &wanted, old))?;
        // Before the journal goes: an open file cannot be removed everywhere.
        drop(store);
        let (trials, threads) = (wanted.len() as u64, self.pool.threads());
        let metadata = RunMetadata::new(trials, trials_run, threads, &self.grid.command, started);
        metadata.write(directory)?;
        remove_journals(directory, &outgrown)?;
        Ok(GridOutcome::Written { metadata, replaced })
    }

    /// Every trial of this run that is done, in a store and in its journal, where it keeps one.
    fn open_store(&self, progress: &mut Progress) -> Result<Gathered> {
        let Run {
            grid,
            job,
            mine,
            pool,
        } = self;
        let header = &Header {
            build: BUILD.to_owned(),
            shard: grid.shard,
            manifest: job.manifest.clone(),
            shapes: job.shapes.clone(),
            command: grid.command.clone(),
        };
        let directory = &grid.directory;
        let path = journal_path(directory, grid.shard);
        let wanted = Wanted {
            experiment: &job.experiment,
            plan: &job.plan,
            data: job.manifest.digests(),
            directory,
            mine,
        };
        let mut survey = pool.install(|| Survey::new(wanted));
        let mut store = Store::new(mine.len()).keeping(&job.experiment.record, job.experiment.train.length);
        let cost = |i: u32| job.plan.cost(i as usize);
        let go_on = |store: &mut Store, progress: &mut Progress| {
            let belongs = |key: &TrialKey| {
                mine.get(key.index as usize) == Some(&true) && job.trial_id(key.index) == key.trial_id
            };
            let seen = |key: &TrialKey| {
                if key.status != Status::Failed {
                    progress.resumed(key, cost(key.index), || job.describe(key.index));
                }
            };
            store.open(directory, header, belongs, seen)
        };
        let resumes =
            grid.journal && path.exists() && Journal::open(&path, false)?.header.difference(header).is_none();
        if resumes {
            let found = go_on(&mut store, progress)?;
            note_resumed(
                progress,
                &found,
                mine.iter().filter(|mine| **mine).count() as u64,
                &path,
            );
        }
        if !grid.fresh {
            let options = grid.search_options(grid.journal.then_some(header));
            survey.search(&mut store, &options, |i, status, score| {
                let key = TrialKey {
                    index: i,
                    trial_id: String::new(),
                    status,
                    score,
                };
                progress.resumed(&key, cost(i), || job.describe(i));
            })?;
            survey.notes.iter().for_each(|note| progress.note(note));
            let chosen = survey.sample(&store, grid.recheck, pool.threads());
            let count = survey.recheck(job, &mut store, &chosen, pool, !grid.progress, &grid.stop)?;
            let line = survey.line(&store, Some(count), 0);
            // What is to be trained is said at each look.
            if let Some(line) = line.filter(|_| job.experiment.sequential.is_none()) {
                progress.note(&line);
            }
        }
        match (grid.journal, resumes) {
            (true, true) => {}
            (true, false) => {
                if survey.behind {
                    directory::number_journal(&path)?;
                }
                go_on(&mut store, progress)?;
            }
            (false, _) => store.append_in_memory(),
        }
        if grid.journal {
            store.gather()?;
        }
        Ok(Gathered {
            store,
            outgrown: survey.outgrown,
            old: survey.old,
        })
    }
}

/// How far a run has come that goes on until a decision: from its own rows, or where it is a shard from
/// those of all shards.
fn sequential_state(grid: &Grid, job: &Job, store: &mut Store) -> Result<Option<LookState>> {
    let (experiment, plan, manifest) = (&job.experiment, &job.plan, &job.manifest);
    if grid.shard.is_whole() {
        return look_state(experiment, plan, manifest, store);
    }
    let wanted = Wanted {
        experiment,
        plan,
        data: manifest.digests(),
        directory: &grid.directory,
        mine: &[],
    };
    look_state_of_all(wanted, manifest, &grid.search_options(None))
}

/// Checks that as many trials as there are threads fit into memory at a time.
fn check_memory(job: &Job, mine: &[bool], threads: usize) -> Result<()> {
    let mut largest: Vec<u64> = (0..mine.len())
        .filter(|&i| mine[i])
        .map(|i| job.plan.memory(i))
        .collect();
    largest.sort_unstable_by(|a, b| b.cmp(a));
    let needed = largest
        .iter()
        .take(threads)
        .fold(0, |sum: u64, &n| sum.saturating_add(n));
    let what = format!(
        "training the {} largest trials at a time",
        threads.min(largest.len())
    );
    let help = "use fewer threads (--threads), smaller networks or batches, or a machine with more memory";
    memory::check(needed, memory::available(), &what, help)
}

/// Looks at whether the tables of all that this run would do are in the directory: then nothing is
/// read but they, and nothing is trained. Returns their manifest.
fn complete(grid: &Grid) -> Result<Option<Manifest>> {
    let (directory, experiment) = (&grid.directory, &grid.experiment);
    let journals = directory::journals(directory)?;
    if !grid.shard.is_whole() {
        same_shard_count(directory, grid.shard)?;
    }
    let resumes = journals
        .iter()
        .any(|(shard, _)| grid.shard.is_whole() || *shard == grid.shard);
    if resumes || grid.recheck.is_some() || !grid.reuse.is_empty() {
        return Ok(None);
    }
    let Contents::Complete(manifest) = contents(directory, experiment)? else {
        return Ok(None);
    };
    let plan = experiment.plan();
    let mine = vec![true; plan.len()];
    let mut survey = Survey::new(Wanted {
        experiment,
        plan: &plan,
        data: brought_data(experiment, &grid.environment),
        directory,
        mine: &mine,
    });
    let mut store = Store::new(mine.len());
    survey.complete_tables(&mut store, &manifest)?;
    let complete = match look_state(experiment, &plan, &manifest, &mut store)? {
        None => store.is_complete(),
        Some(state) => {
            let wanted = state.wanted.iter().filter(|wanted| **wanted).count();
            state.finished && wanted as u64 == manifest.trials
        }
    };
    Ok(complete.then_some(manifest))
}

/// The experiment's text may have changed in what no table depends on (claims, comments): the
/// manifest follows it.
fn already(grid: &Grid, manifest: Manifest) -> Result<GridOutcome> {
    if grid.shard.is_whole() && directory::all_journals(&grid.directory)?.is_empty() {
        // A run was killed between its journal and the folder of it.
        remove_journals(&grid.directory, &[])?;
    }
    let current = Manifest {
        name: grid.experiment.name.clone(),
        experiment: grid.experiment.resolved().to_owned(),
        ..manifest.clone()
    };
    let changed = current != manifest;
    if changed {
        let path = grid.directory.join(format::MANIFEST);
        files::write_atomically(&path, current.to_toml()?.as_bytes())?;
    }
    Ok(GridOutcome::AlreadyComplete {
        trials: manifest.trials,
        manifest_updated: changed,
    })
}

/// Moves the journals aside that this run would go on with, and those of another cut, which
/// could never be merged with what it is about to write. Other shards of the same cut stay.
fn begin_anew(grid: &Grid) -> Result<()> {
    let (directory, shard) = (&grid.directory, grid.shard);
    // One at a time: the shards of an array job all begin at once.
    let _turn = match shard.is_whole() {
        true => None,
        false => Some(Lock::wait(&directory.join("journal/fresh.lock"))?),
    };
    let (mut locks, mut paths) = (Vec::new(), Vec::new());
    for (other, path) in directory::journals(directory)? {
        if other.count != shard.count {
            // Not while that shard is running.
            locks.extend(directory::take_own_lock(directory, other)?);
        }
        if other.count != shard.count || other == shard {
            paths.push(path);
        }
    }
    directory::set_journals_aside(directory, &paths, "--fresh")
}

fn note_resumed(progress: &Progress, found: &JournalScan, trials: u64, path: &Path) {
    if found.trials > 0 {
        progress.note(&format!(
            "resuming: {} of {} trials done",
            grouped(found.trials),
            grouped(trials)
        ));
    }
    for range in &found.damage.ranges {
        progress.note(&format!(
            "{}; the trials that were there are trained again",
            damaged(path, range)
        ));
    }
    let path = path.display();
    match found.damage.torn {
        0 => {}
        n => progress.note(&format!(
            "{path}: a write was cut short: the last {n} bytes are dropped"
        )),
    }
    match found.foreign.len() {
        0 => {}
        n => progress.note(&format!("{path}: {n} records of no trial of this run; not used")),
    }
}

fn interrupted(progress: &Progress, trials: u64, dropped: usize, grid: &Grid) -> Error {
    let mut message = format!("interrupted after {}", duration(progress.elapsed().as_secs_f64()));
    if !grid.journal {
        return Error::new(Kind::Interrupted, message + ": without a journal nothing is kept");
    }
    message += &format!(
        ": {} of {} trials are kept",
        grouped(progress.trials_done()),
        grouped(trials)
    );
    if dropped > 0 {
        message += &format!(", {dropped} that were running are dropped");
    }
    let command = grid
        .resume_command()
        .unwrap_or_else(|| "the same call".to_owned());
    Error::new(Kind::Interrupted, message).help(format!("go on with: {command}"))
}
