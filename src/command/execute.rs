//! The part of `goodinit grid` that trains.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::check::paragraphs;
use super::grid::Args;
use super::notes::SchemeWarnings;
use super::{Format, print, print_json};
use crate::analysis::check;
use crate::data::Environment;
use crate::experiment::Experiment;
use crate::report::terminal;
use crate::row::Status;
use crate::run::command_line::command_line;
use crate::run::grid::{Grid, GridOutcome};
use crate::run::metadata::RunMetadata;
use crate::run::pool::Pool;
use crate::run::progress::say;
use crate::run::shard::Shard;
use crate::run::signals::Stop;
use crate::support::error::Result;
use crate::support::text::{Style, counted, duration, entry, grouped, visible};
use crate::table::labels::Labels;
use crate::table::manifest::Manifest;
use crate::table::source::Source;
use crate::table::{Trials, format};

/// What a run has come to, as a program reads it.
#[derive(Debug, Serialize)]
pub struct Done {
    experiment: String,
    directory: PathBuf,
    /// `written`, `complete` (the tables were there already) or `shard` (no tables yet).
    state: &'static str,
    trials: u64,
    /// Of those, trained by this process.
    trials_run: u64,
    /// How the trials ended; not known of a shard.
    #[serde(flatten)]
    endings: Option<Endings>,
    /// What schemes had to say about trials; not known of a shard.
    notes: Option<SchemeWarnings>,
    /// The verdicts on the experiment's claims; null of a shard.
    claims: serde_json::Value,
    /// What was decided at which look, where replicates go on until a decision.
    looks: Vec<String>,
    /// Where older, different tables are now.
    moved_aside: Option<PathBuf>,
    /// What `run.json` says, where tables were written.
    run: Option<RunMetadata>,
}

/// How many trials ended in which way.
#[derive(Debug, Serialize)]
struct Endings {
    ok: usize,
    diverged: usize,
    failed: usize,
}

/// Runs `experiment` into `out` on the threads of `pool`, telling on standard error what becomes of
/// it.
///
/// # Errors
/// As [`Grid::run`].
pub fn execute(
    args: &Args,
    experiment: Experiment,
    out: &Path,
    environment: Environment,
    pool: &Pool,
) -> Result<Done> {
    let shard = args.shard()?;
    let name = experiment.name.clone();
    let mut grid = Grid::new(experiment)
        .environment(environment)
        .directory(out)
        .pool(pool.clone())
        .shard(shard)
        .fresh(args.fresh)
        .recheck(args.recheck)
        .journal(!args.no_journal)
        .fail_fast(args.fail_fast)
        .progress(true)
        .command(resume_command(args))
        .stop(Stop::on_signals());
    if let Some(trace) = &args.trace {
        grid = grid.trace(trace);
    }
    for place in &args.reuse {
        grid = grid.reuse(Source::parse(place)?);
    }
    let outcome = grid.run()?;
    say_outcome(&outcome, out, shard);
    Ok(Done::new(name, out, outcome))
}

impl Done {
    fn new(experiment: String, directory: &Path, outcome: GridOutcome) -> Done {
        let mut done = Done {
            experiment,
            directory: directory.to_owned(),
            state: "written",
            trials: 0,
            trials_run: 0,
            endings: None,
            notes: None,
            claims: serde_json::Value::Null,
            looks: Vec::new(),
            moved_aside: None,
            run: None,
        };
        match outcome {
            GridOutcome::Written { metadata, replaced } => {
                (done.trials, done.trials_run) = (metadata.trials, metadata.trials_run);
                (done.moved_aside, done.run) = (replaced, Some(metadata));
            }
            GridOutcome::ShardDone {
                trials, trials_run, ..
            } => {
                (done.state, done.trials, done.trials_run) = ("shard", trials, trials_run);
            }
            GridOutcome::AlreadyComplete { trials, .. } => {
                (done.state, done.trials) = ("complete", trials);
            }
        }
        done
    }
}

/// Says on standard error how a run ended.
fn say_outcome(outcome: &GridOutcome, out: &Path, shard: Shard) {
    match outcome {
        GridOutcome::Written { metadata, replaced } => {
            say(&format!(
                "{} in {} on {} ({:.1} per second)",
                counted(metadata.trials_run, "trial"),
                duration(metadata.wall_seconds),
                counted(metadata.threads as u64, "thread"),
                metadata.trials_per_second
            ));
            if let Some(aside) = replaced {
                let compare = command_line(["diff".as_ref(), aside.as_os_str(), out.as_os_str()]);
                say(&format!(
                    "the tables that were there differed and are now in {}; compare: {compare}",
                    aside.display()
                ));
            }
        }
        GridOutcome::ShardDone {
            trials,
            trials_run,
            failed,
            look,
        } => {
            if *failed > 0 {
                say(&format!(
                    "{} of {} trials of this shard failed; `goodinit merge` says so by its exit code",
                    grouped(*failed),
                    grouped(*trials)
                ));
            }
            say(&format!(
                "shard {shard} is complete{}: {}, {} trained now; when all shards are: {}",
                look.as_ref()
                    .map_or_else(String::new, |look| format!(" as far as {look}")),
                counted(*trials, "trial"),
                grouped(*trials_run),
                command_line(["merge".as_ref(), out.as_os_str()])
            ));
        }
        GridOutcome::AlreadyComplete {
            trials,
            manifest_updated,
        } => {
            say(&format!(
                "{} is complete ({} trials): nothing to train; `--fresh` trains all of it again",
                out.display(),
                grouped(*trials)
            ));
            if *manifest_updated {
                say("its manifest now has the experiment's current text and claims");
            }
        }
    }
}

/// Prints what the run has come to: the table that a person reads, or JSON. The exit code is 1 if
/// trials in the tables failed.
///
/// # Errors
/// The tables cannot be read, or standard output cannot be written.
pub fn print_outcome(mut done: Done, out: &Path, format: Format) -> Result<ExitCode> {
    if done.state == "shard" {
        if format == Format::Json {
            print_json(&done)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let shown = load(out)?;
    let trials = &shown.trials;
    match format {
        Format::Text => print(&render_tables(&shown, out))?,
        Format::Json => {
            done.endings = Some(Endings {
                ok: trials.all().count(Status::Ok),
                diverged: trials.all().count(Status::Diverged),
                failed: trials.all().count(Status::Failed),
            });
            done.claims = check::print::json(&out.display().to_string(), &shown.verdicts)["claims"].take();
            done.notes = Some(shown.notes);
            done.looks = shown.looks;
            print_json(&done)?;
        }
    }
    Ok(exit_code(&shown.trials, out))
}

/// 1 if trials failed, and then says so. A training that diverged is a result; a trial that failed
/// could not be carried out, which a reader of the tables must know.
fn exit_code(trials: &Trials, out: &Path) -> ExitCode {
    let failed = trials.all().count(Status::Failed);
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    say(&format!(
        "failed: {} of {} trials; the column `message` of {} says why, `--fresh` trains all of them again",
        grouped(failed as u64),
        grouped(trials.len() as u64),
        out.join(format::TRIALS).display()
    ));
    ExitCode::from(1)
}

/// The command line that resumes this run, without what concerns this process only.
fn resume_command(args: &Args) -> String {
    let mut words: Vec<&OsStr> = vec!["grid".as_ref(), args.experiment.as_os_str()];
    let mut option = |name: &'static str, value| words.extend([OsStr::new(name), value]);
    if let Some(out) = &args.out {
        option("--out", out.as_os_str());
    }
    for set in &args.set {
        option("--set", set.as_ref());
    }
    for place in &args.reuse {
        option("--reuse", place);
    }
    if let Some(data) = &args.data_dir {
        option("--data-dir", data.as_os_str());
    }
    let flags = [
        ("--save-weights", args.save_weights),
        ("--fail-fast", args.fail_fast),
    ];
    words.extend(
        flags
            .iter()
            .filter(|(_, given)| *given)
            .map(|(name, _)| OsStr::new(*name)),
    );
    let line = command_line(words);
    match args.experiment.as_os_str() == "-" {
        // The text that came by standard input is gone.
        true => line + " < EXPERIMENT.toml",
        false => line,
    }
}

/// Prints what a person reads when the tables in `out` are there: the table of schemes and the
/// verdicts on the experiment's claims. The exit code is 1 if trials failed.
///
/// # Errors
/// They cannot be read.
pub fn print_tables(out: &Path) -> Result<ExitCode> {
    let shown = load(out)?;
    print(&render_tables(&shown, out))?;
    Ok(exit_code(&shown.trials, out))
}

/// What a person gets to see of the tables of a run.
struct Shown {
    trials: Trials,
    labels: Labels,
    verdicts: Vec<check::Judgement>,
    /// What was decided at which look.
    looks: Vec<String>,
    notes: SchemeWarnings,
}

/// Reads it.
fn load(out: &Path) -> Result<Shown> {
    let manifest = Manifest::load(out)?;
    let trials = load_trials(out, &manifest)?;
    let (verdicts, looks) = check::evaluate_with_looks(out, Some(&trials))?;
    Ok(Shown {
        notes: notes(&trials),
        labels: Labels::of(&manifest),
        verdicts,
        looks,
        trials,
    })
}

fn render_tables(shown: &Shown, out: &Path) -> String {
    let style = Style::detect();
    let (trials, verdicts) = (&shown.trials, &shown.verdicts);
    let mut text = terminal::render(trials, &shown.labels, out, style);
    if let Some(line) = shown.notes.line(trials.len(), "trial") {
        let line = format!("{line}; see `message` in {}", format::TRIALS);
        entry(&mut text, "", 0, &visible(&line), style.width);
    }
    if !verdicts.is_empty() {
        text.push('\n');
        text.push_str(&check::print::text(&out.display().to_string(), verdicts, style));
    }
    text.push_str(&paragraphs(&shown.looks, style));
    text
}

/// The notes of schemes on `trials`. The message of a failed trial is no note.
fn notes(trials: &Trials) -> SchemeWarnings {
    let mut notes = SchemeWarnings::default();
    for row in 0..trials.len() {
        if trials.status(row) != Status::Failed {
            trials.message(row).into_iter().for_each(|text| notes.add(text));
        }
    }
    notes
}

/// The trials of the tables in `out`.
///
/// # Errors
/// They cannot be read, or are not as many as the manifest lists.
fn load_trials(out: &Path, manifest: &Manifest) -> Result<Trials> {
    let trials = Trials::load(out)?;
    let name = out.join(format::TRIALS).display().to_string();
    manifest.check_rows(trials.len() as u64, &name).map_err(|error| {
        error.help("cut short or edited by hand? `goodinit grid EXPERIMENT --fresh` writes it anew, and moves this one aside")
    })?;
    Ok(trials)
}
