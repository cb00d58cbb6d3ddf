//! Elementary functions whose bits do not depend on the machine: those of the pinned `libm`.

use pyo3::prelude::*;

macro_rules! functions {
    ($($name:ident),*) => {
        $(
            #[pyfunction]
            pub fn $name(x: f64) -> f64 {
                libm::$name(x)
            }
        )*
    };
}
functions!(exp, log, sin, cos, tanh);

#[pyfunction]
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}
