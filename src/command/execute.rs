//! The part of `goodinit grid` that trains.

use std::path::Path;

use super::grid::Args;
use crate::data::Environment;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::results::manifest::Manifest;
use crate::results::table::{EpochLine, Reader, TrialLine};
use crate::results::terminal::{self, Style};
use crate::results::{cell, check, format};
use crate::run::gather::command_line;
use crate::run::grid::{Options, Outcome, grouped, run};
use crate::run::progress::duration;
use crate::run::shard::Shard;
use crate::run::signals::Stop;
use crate::run::sweep::default_threads;

/// Runs `experiment` into `out`, telling on standard error what becomes of it. Returns whether its
/// tables are there.
///
/// # Errors
/// As [`run`].
pub fn execute(args: &Args, experiment: Experiment, out: &Path, environment: Environment) -> Result<bool> {
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
    match run(experiment, environment, &options, &stop)? {
        Outcome::Written { about, replaced } => {
            eprintln!(
                "{} trials in {} on {} threads ({:.1} per second)",
                grouped(about.trials_run),
                duration(about.wall_seconds),
                about.threads,
                about.trials_per_second
            );
            if let Some(aside) = replaced {
                eprintln!(
                    "the tables that were there differed and are now in {0}; compare: {1}",
                    aside.display(),
                    command_line(&[
                        "diff".to_owned(),
                        aside.display().to_string(),
                        out.display().to_string()
                    ])
                );
            }
            Ok(true)
        }
        Outcome::ShardDone { trials, trials_run } => {
            eprintln!(
                "shard {shard} is complete: {} trials, {} trained now; when all shards are: goodinit merge {}",
                grouped(trials),
                grouped(trials_run),
                out.display()
            );
            Ok(false)
        }
        Outcome::AlreadyComplete {
            trials,
            described_anew,
        } => {
            eprintln!(
                "{} is complete ({} trials): nothing to train; `--fresh` trains all of it again",
                out.display(),
                grouped(trials)
            );
            if described_anew {
                eprintln!("its manifest now has the experiment's current text and claims");
            }
            Ok(true)
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
    let manifest = Manifest::load(out)?;
    let trials = Reader::<TrialLine, _>::open(&out.join(format::TRIALS))?;
    let epochs = out.join(format::EPOCHS);
    let epochs = epochs
        .exists()
        .then(|| Reader::<EpochLine, _>::open(&epochs))
        .transpose()?;
    let cells = cell::collect(trials, epochs, Some(&manifest))?;
    let style = Style::detect();
    let mut text = terminal::render(&cells, out, style);
    let verdicts = check::evaluate(out)?;
    if !verdicts.is_empty() {
        text.push('\n');
        text.push_str(&check::print::text(&out.display().to_string(), &verdicts, style));
    }
    Ok(text)
}
