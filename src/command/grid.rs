//! `goodinit grid`: train every cell of an experiment file and write its tables.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::dry_run::PlanSummary;
use super::execute::{execute, print_outcome};
use super::{Format, fetch, print, print_json};
use crate::data::Environment;
use crate::experiment::Experiment;
use crate::init::Registry;
use crate::run::grid::Amount;
use crate::run::shard::Shard;
use crate::support::error::Result;
use crate::support::text::Style;

/// Arguments of `goodinit grid`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit grid experiments/quick.toml
  goodinit grid experiments/full.toml --threads 8 --out /tmp/full
  goodinit grid experiments/quick.toml --set grid.learning_rate=[0.1] --dry-run
  goodinit grid experiments/full.toml --shard 2/4      one of four machines; see goodinit merge
  sed 's/relu/tanh/' experiments/quick.toml | goodinit grid - --out /tmp/tanh
  goodinit grid experiments/full.toml --reuse HEAD~1:results/full --reuse /copied/from/a/colleague

Only what is not there is trained: rows of an unfinished run, and of an earlier form of the experiment
in DIR, are kept. Before rows of tables are reused, a sample of them is trained again and compared by
bits. Trials that failed are always trained again.

Exit codes: 0 done, 1 trials failed (a diverged trial is a result, not a failure; with shards, `merge`
reports failures), 2 error, 75 interrupted: run the same command again.")]
pub struct Args {
    /// The experiment file; `-` reads it from standard input
    #[arg(value_name = "EXPERIMENT.toml")]
    pub experiment: PathBuf,
    /// Where the tables go [default: results/<name of the experiment>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Threads to train on; never changes a byte [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Train one part of the grid: 1/4 to 4/4, or `auto` to read it from the scheduler
    #[arg(long, value_name = "I/N|auto")]
    pub shard: Option<String>,
    /// Override a key of the file (grid.learning_rate=[0.1], data.path=DIR), or take it away (KEY=);
    /// may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print the plan (cells, trials, parameters, work) and stop
    #[arg(long)]
    pub dry_run: bool,
    /// Start over; what an earlier run left is moved aside
    #[arg(long)]
    pub fresh: bool,
    /// Take rows from another results directory too, or one in a git revision; may be repeated
    #[arg(long, value_name = "DIR|REV:DIR", conflicts_with = "fresh")]
    pub reuse: Vec<OsString>,
    /// How many of the rows of each place are trained again before they are reused: a share (5%) or
    /// a number [default: 1%, at least 3, fewer where they take long]
    #[arg(long, value_name = "SHARE|N", value_parser = Amount::parse, conflicts_with = "fresh")]
    pub recheck: Option<Amount>,
    /// Keep results in memory until the tables are written: an interrupted run then leaves nothing
    #[arg(long, conflicts_with = "shard")]
    pub no_journal: bool,
    /// Append a line to this file whenever a trial starts or ends
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Stop at the first trial that fails, once those that are running have ended
    #[arg(long)]
    pub fail_fast: bool,
    /// Download datasets that are missing
    #[arg(long)]
    pub fetch: bool,
    /// Save the weights of every trial as .safetensors
    #[arg(long)]
    pub save_weights: bool,
    /// Where downloaded datasets are kept
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Args {
    /// The part of the grid that is to be trained.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn shard(&self) -> Result<Shard> {
        match &self.shard {
            Some(text) => Shard::parse(text, |name| std::env::var(name).ok()),
            None => Ok(Shard::WHOLE),
        }
    }
}

/// Runs the grid.
///
/// # Errors
/// The experiment file is wrong, its data is missing, or the tables cannot be written.
pub fn run(args: Args) -> Result<ExitCode> {
    let mut sets = args.set.clone();
    if args.save_weights {
        sets.push("record.weights=final".to_owned());
    }
    let experiment = Experiment::load(&args.experiment, &sets, &Registry::standard())?;
    let out = args.out.clone().unwrap_or_else(|| experiment.default_directory());
    let environment = Environment::new(args.data_dir.clone());
    if args.dry_run {
        return dry_run(&args, &experiment, &out, environment);
    }
    if args.fetch {
        for spec in experiment.plan().datasets() {
            fetch::ensure(spec, &environment)?;
        }
    }
    let pool = super::pool(args.threads)?;
    let done = execute(&args, experiment, &out, environment, &pool)?;
    pool.install(|| print_outcome(done, &out, args.format))
}

fn dry_run(args: &Args, experiment: &Experiment, out: &Path, environment: Environment) -> Result<ExitCode> {
    let pool = super::pool(args.threads)?;
    let summary = pool.install(|| PlanSummary::new(args, experiment, out, environment))?;
    match args.format {
        Format::Text => print(&summary.text(Style::detect().width))?,
        Format::Json => print_json(&summary)?,
    }
    Ok(ExitCode::SUCCESS)
}
