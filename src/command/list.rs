//! `goodinit list`: what there is to put into an experiment file.

use std::process::ExitCode;

use super::print;
use crate::error::Result;

/// Arguments of `goodinit list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit list")]
pub struct Args {}

/// Prints the lists.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(_args: Args) -> Result<ExitCode> {
    print("")?;
    Ok(ExitCode::SUCCESS)
}
