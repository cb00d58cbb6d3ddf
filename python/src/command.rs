//! The command `goodinit`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use goodinit::internal::{Arguments, FloatMode, complain, run};
use pyo3::prelude::*;

/// Runs the command line `argv`, program first, and returns its exit code.
#[pyfunction]
pub fn main(py: Python<'_>, argv: Vec<OsString>) -> u8 {
    py.detach(|| {
        let _mode = FloatMode::standard();
        let arguments = match Arguments::try_parse_from(argv) {
            Ok(arguments) => arguments,
            Err(error) => {
                // Nothing sensible is left to do when the stream is closed.
                let _ = error.print();
                return u8::try_from(error.exit_code()).unwrap_or(2);
            }
        };
        match run(arguments) {
            Ok(code) => (0..=u8::MAX).find(|c| ExitCode::from(*c) == code).unwrap_or(2),
            Err(error) => {
                complain(&error);
                error.exit_code()
            }
        }
    })
}
