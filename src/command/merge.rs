//! `goodinit merge`: the shards of an experiment into its tables.

use std::path::PathBuf;
use std::process::ExitCode;

use super::execute::print_tables;
use crate::run::merge::merge;
use crate::run::progress::say;
use crate::support::error::Result;

/// Arguments of `goodinit merge`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit merge results/full
  goodinit merge results/full /copied/from/node1 /copied/from/node2

The tables are byte for byte those of a run that was never cut. If trials are missing, nothing is
written; the shards that lack them are named, each with the command to run.

Exit codes: 0 done, 1 done but trials failed, 2 error, 75 replicates go on until a decision, and another
round of shards is needed: the commands are printed.")]
pub struct Args {
    /// The results directory that the shards ran in; the tables go there
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// More results directories with shards of the same run
    #[arg(value_name = "FROM")]
    pub from: Vec<PathBuf>,
}

/// Merges.
///
/// # Errors
/// The shards are not parts of one whole, or not all there, or the tables cannot be written.
pub fn run(args: Args) -> Result<ExitCode> {
    super::on_all_cores(|| run_here(args))
}

fn run_here(args: Args) -> Result<ExitCode> {
    let merged = merge(&args.directory, &args.from)?;
    for note in &merged.notes {
        say(note);
    }
    if let Some(aside) = &merged.replaced {
        say(&format!(
            "older tables that differ are now in {}",
            aside.display()
        ));
    }
    super::print(&format!(
        "{} trials of {} shards merged into {}\n",
        merged.trials,
        merged.shards,
        args.directory.display()
    ))?;
    print_tables(&args.directory)
}
