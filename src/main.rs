//! The command line of `goodinit`: parse arguments, run the command, print an error in one place.

use std::process::ExitCode;

use clap::Parser as _;
use goodinit::command::{self, Arguments};
use goodinit::numerics::FloatMode;

fn main() -> ExitCode {
    let _mode = FloatMode::standard();
    let arguments = Arguments::parse();
    command::run(arguments).unwrap_or_else(|error| {
        command::complain(&error);
        ExitCode::from(error.exit_code())
    })
}
