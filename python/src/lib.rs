//! The native half of the Python package `goodinit`. `package/goodinit/` is what users import; the
//! types of what stands here are in `package/goodinit/_native.pyi`, with the same docstrings: editors read those, `help` these.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

mod command;
mod math;
mod results;
mod rng;
mod running;
mod scheme;

create_exception!(
    goodinit,
    Error,
    PyException,
    "What ``goodinit`` could not do: the message that its command prints."
);
create_exception!(
    goodinit,
    Interrupted,
    Error,
    "A grid was asked to stop. What is done is kept; the same call goes on."
);

/// An error of the library as an exception.
fn raise(error: goodinit::Error) -> PyErr {
    use goodinit::internal::Kind;
    match error.kind() {
        Kind::Interrupted => Interrupted::new_err(error.to_string()),
        _ => Error::new_err(error.to_string()),
    }
}

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::command::main;
    #[pymodule_export]
    use super::math::{cos, exp, log, pow, sin, tanh};
    #[pymodule_export]
    use super::results::{check, columns, diff, ranking, report, scores};
    #[pymodule_export]
    use super::rng::Rng;
    #[pymodule_export]
    use super::running::{Running, start};
    #[pymodule_export]
    use super::scheme::{Definition, Layer};
    #[pymodule_export]
    use super::{Error, Interrupted};
}
