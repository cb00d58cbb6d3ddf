//! The command line of `goodinit`: parse arguments, run the command, print an error in one place.

use std::process::ExitCode;

use clap::Parser as _;
use goodinit::internal::{Arguments, FloatMode, complain, run};

fn main() -> ExitCode {
    let _mode = FloatMode::standard();
    let arguments = Arguments::parse();
    run(arguments).unwrap_or_else(|error| {
        complain(&error);
        ExitCode::from(error.exit_code())
    })
}
