//! One file per subcommand: read, call the library, print.
//!
//! A command is a module with `pub struct Args` (deriving [`clap::Args`]) and
//! `pub fn run(args: Args) -> Result<ExitCode>`; one line in [`Command`]'s list brings it in.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::run::pool::{Pool, default_threads};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::width_of_errors;

pub mod check;
pub mod completions;
pub mod diff;
mod dry_run;
mod execute;
pub mod fetch;
pub mod grid;
pub mod list;
mod list_columns;
mod list_keys;
pub mod man;
mod notes;
pub mod merge;
pub mod probe;
pub mod report;
pub mod verify;
pub mod weights;
mod weights_write;

/// The benchmark and reproducibility harness for neural-network weight initialization.
#[derive(Debug, Parser)]
#[command(
    name = "goodinit",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Examples:
  goodinit grid experiments/quick.toml      train every cell of a grid, write its tables
  goodinit list schemes                     what there is, with formula and citation
  goodinit diff HEAD~1 -- results/quick     did a number change since the last commit?
  goodinit check results/quick              do the experiment's claims hold?

Exit codes: 0 done (same, holds), 1 differs, does not hold, or trials failed, 2 error,
75 interrupted (go on later)."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Declares the subcommands: the text of `--help`, the variant, and the module that runs it.
macro_rules! commands {
    ($($(#[$attribute:meta])* $variant:ident => $module:ident,)*) => {
        /// What to do.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(#[$attribute])* $variant($module::Args),)*
        }

        /// Runs the command that the arguments name.
        ///
        /// # Errors
        /// Whatever the command reports; the caller prints it and takes the exit code from it.
        pub fn run(arguments: Arguments) -> Result<ExitCode> {
            crate::run::signals::report_file_size_limit();
            // A wrong GOODINIT_ISA is said now, not in the middle of a run.
            crate::numerics::isa::choose()?;
            match arguments.command {
                $(Command::$variant(args) => $module::run(args),)*
            }
        }
    };
}

commands! {
    /// Train every cell of an experiment file and write its tables
    Grid => grid,
    /// Check an experiment's claims against its tables
    Check => check,
    /// Compare two sets of tables, or one across commits
    Diff => diff,
    /// Make one self-contained page from a results directory, or from two
    Report => report,
    /// Measure signal propagation at initialization, without training
    Probe => probe,
    /// Make the tables out of shards
    Merge => merge,
    /// Recompute a sample of committed rows and compare bits
    Verify => verify,
    /// List schemes, activations, datasets, experiment keys and table columns
    List => list,
    /// Print what files of initial weights must hold, or write the weights of schemes as files
    Weights => weights,
    /// Download a dataset once, checked by its SHA-256
    Fetch => fetch,
    /// Print a completion script for a shell
    Completions => completions,
    /// Print the manual page
    Man => man,
}

/// Form of what a command prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// The threads that `--threads` asks for; one for each core where it doesn't.
///
/// # Errors
/// The operating system refuses.
fn pool(threads: Option<u16>) -> Result<Pool> {
    Pool::new(threads.map_or_else(default_threads, usize::from))
}

/// Carries out what only reads results, on as many threads as there are cores.
fn on_all_cores<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    Pool::or_this_thread()?.install(work)
}

/// Prints an error on standard error.
pub fn complain(error: &Error) {
    // Nothing sensible is left to do when standard error itself is closed.
    let text = error.text("error: ", width_of_errors());
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Standard output. A reader that has gone (`goodinit list | head -1`) is no error.
struct Out;

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match io::stdout().lock().write(bytes) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match io::stdout().lock().flush() {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

fn unwritable(error: impl fmt::Display) -> Error {
    Error::new(Kind::Io, format!("cannot write to standard output: {error}"))
}

/// Prints `text` on standard output.
///
/// # Errors
/// Standard output cannot be written, on a full disk for example.
pub fn print(text: &str) -> Result<()> {
    let written = Out.write_all(text.as_bytes()).and_then(|()| Out.flush());
    written.map_err(unwritable)
}

/// Prints `value` as JSON on standard output.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|e| Error::new(Kind::Io, format!("cannot write JSON: {e}")))?;
    print(&(json + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        for command in Arguments::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("Examples:\n  goodinit "),
                "{} has none",
                command.get_name()
            );
        }
    }
}
