//! `goodinit man`: the manual page, or a directory of pages, one per subcommand.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory as _;

use super::{Arguments, print};
use crate::support::error::{Error, Result};

/// Arguments of `goodinit man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit man | man -l -
  goodinit man --out ~/.local/share/man/man1")]
pub struct Args {
    /// Write goodinit.1 and a page for each subcommand into this directory instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints or writes the pages.
///
/// # Errors
/// The pages cannot be written.
pub fn run(args: Args) -> Result<ExitCode> {
    let command = Arguments::command();
    if let Some(directory) = args.out {
        std::fs::create_dir_all(&directory).map_err(|e| Error::io("create", &directory, &e))?;
        clap_mangen::generate_to(command, &directory)
            .map_err(|e| Error::io("write the manual pages to", &directory, &e))?;
    } else {
        let mut page = Vec::new();
        // Writing to memory does not fail.
        let _ = clap_mangen::Man::new(command).render(&mut page);
        print(&String::from_utf8_lossy(&page))?;
    }
    Ok(ExitCode::SUCCESS)
}
