//! The part of `goodinit grid` that trains.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::grid::{Args, Format};
use super::text::counted;
use super::{print, print_json};
use crate::data::Environment;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::results::manifest::Manifest;
use crate::results::record::Status;
use crate::results::table::{EpochLine, Reader, TrialLine};
use crate::results::terminal::{self, Style};
use crate::results::{cell, check, format};
use crate::run::about::About;
use crate::run::gather::command_line;
use crate::run::grid::{Options, Outcome, run};
use crate::run::progress::{duration, grouped, say};
use crate::run::shard::Shard;
use crate::run::signals::Stop;
use crate::run::sweep::default_threads;

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
    /// The verdicts on the experiment's claims; null of a shard.
    claims: serde_json::Value,
    /// Where older, different tables are now.
    moved_aside: Option<PathBuf>,
    /// What `run.json` says, where tables were written.
    run: Option<About>,
}

/// How many trials ended in which way.
#[derive(Debug, Serialize)]
struct Endings {
    ok: usize,
    diverged: usize,
    failed: usize,
}

/// Runs `experiment` into `out`, telling on standard error what becomes of it.
///
/// # Errors
/// As [`run`].
pub fn execute(args: &Args, experiment: Experiment, out: &Path, environment: Environment) -> Result<Done> {
    let shard = match &args.shard {
        Some(text) => Shard::parse(text, |name| std::env::var(name).ok())?,
        None => Shard::WHOLE,
    };
    let options = Options {
        directory: out.to_owned(),
        threads: args.threads.map_or_else(default_threads, usize::from),
        shard,
        fresh: args.fresh,
        journal: !args.no_journal,
        fail_fast: args.fail_fast,
        trace: args.trace.clone(),
        quiet: false,
        command: again(args),
    };
    let stop = Stop::on_signals();
    let mut done = Done {
        experiment: experiment.name.clone(),
        directory: out.to_owned(),
        state: "written",
        trials: 0,
        trials_run: 0,
        endings: None,
        claims: serde_json::Value::Null,
        moved_aside: None,
        run: None,
    };
    match run(experiment, environment, &options, &stop)? {
        Outcome::Written { about, replaced } => {
            say(&format!(
                "{} trials in {} on {} ({:.1} per second)",
                grouped(about.trials_run),
                duration(about.wall_seconds),
                counted(about.threads as u64, "thread"),
                about.trials_per_second
            ));
            if let Some(aside) = &replaced {
                say(&format!(
                    "the tables that were there differed and are now in {0}; compare: {1}",
                    aside.display(),
                    command_line(&[
                        "diff".to_owned(),
                        aside.display().to_string(),
                        out.display().to_string()
                    ])
                ));
            }
            (done.trials, done.trials_run) = (about.trials, about.trials_run);
            (done.moved_aside, done.run) = (replaced, Some(about));
        }
        Outcome::ShardDone { trials, trials_run } => {
            say(&format!(
                "shard {shard} is complete: {} trials, {} trained now; when all shards are: {}",
                grouped(trials),
                grouped(trials_run),
                command_line(&["merge".to_owned(), out.display().to_string()])
            ));
            (done.state, done.trials, done.trials_run) = ("shard", trials, trials_run);
        }
        Outcome::AlreadyComplete {
            trials,
            described_anew,
        } => {
            say(&format!(
                "{} is complete ({} trials): nothing to train; `--fresh` trains all of it again",
                out.display(),
                grouped(trials)
            ));
            if described_anew {
                say("its manifest now has the experiment's current text and claims");
            }
            (done.state, done.trials) = ("complete", trials);
        }
    }
    Ok(done)
}

/// Prints what the run has come to: the table that a person reads, or JSON.
///
/// # Errors
/// The tables cannot be read, or standard output cannot be written.
pub fn tell(mut done: Done, out: &Path, format: Format) -> Result<()> {
    let cells = match done.state {
        "shard" => Vec::new(),
        _ => cells(out)?,
    };
    match format {
        Format::Text if done.state == "shard" => Ok(()),
        Format::Text => print(&text(&cells, out)?),
        Format::Json => {
            let count = |status: Status| {
                let trials = cells.iter().flat_map(|cell| &cell.outcomes);
                trials.filter(|t| t.status == status).count()
            };
            done.endings = (done.state != "shard").then(|| Endings {
                ok: count(Status::Ok),
                diverged: count(Status::Diverged),
                failed: count(Status::Failed),
            });
            if done.state != "shard" {
                let verdicts = check::evaluate(out)?;
                done.claims = check::print::json(&out.display().to_string(), &verdicts)["claims"].take();
            }
            print_json(&done)
        }
    }
}

/// The arguments that go on with this run, without what is of this process only.
fn again(args: &Args) -> Vec<String> {
    let mut words = vec!["grid".to_owned(), args.experiment.display().to_string()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(out) = &args.out {
        option("--out", out.display().to_string());
    }
    for set in &args.set {
        option("--set", set.clone());
    }
    if let Some(data) = &args.data_dir {
        option("--data-dir", data.display().to_string());
    }
    if args.save_weights {
        words.push("--save-weights".to_owned());
    }
    if args.fail_fast {
        words.push("--fail-fast".to_owned());
    }
    words
}

/// What a person reads when the tables in `out` are there: the table of schemes and the verdicts
/// on the experiment's claims.
///
/// # Errors
/// They cannot be read.
pub fn summary(out: &Path) -> Result<String> {
    text(&cells(out)?, out)
}

fn text(cells: &[cell::Cell], out: &Path) -> Result<String> {
    let style = Style::detect();
    let mut text = terminal::render(cells, out, style);
    let verdicts = check::evaluate(out)?;
    if !verdicts.is_empty() {
        text.push('\n');
        text.push_str(&check::print::text(&out.display().to_string(), &verdicts, style));
    }
    Ok(text)
}

/// The cells of the tables in `out`.
fn cells(out: &Path) -> Result<Vec<cell::Cell>> {
    let manifest = Manifest::load(out)?;
    let trials = Reader::<TrialLine, _>::open(&out.join(format::TRIALS))?;
    let epochs = out.join(format::EPOCHS);
    let epochs = epochs
        .exists()
        .then(|| Reader::<EpochLine, _>::open(&epochs))
        .transpose()?;
    cell::collect(trials, epochs, Some(&manifest))
}
