//! `goodinit completions`: a completion script for a shell.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Arguments, print};
use crate::support::error::Result;

/// Arguments of `goodinit completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit completions bash > ~/.local/share/bash-completion/completions/goodinit
  goodinit completions zsh > \"${fpath[1]}/_goodinit\"
  goodinit completions fish > ~/.config/fish/completions/goodinit.fish")]
pub struct Args {
    /// The shell to write for
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: Args) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "goodinit", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
