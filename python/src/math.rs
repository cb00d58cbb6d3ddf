//! Elementary functions whose bits do not depend on the machine: those of the pinned `libm`.

use pyo3::prelude::*;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            pub fn $name(x: f64) -> f64 {
                libm::$name(x)
            }
        )*
    };
}
functions! {
    /// e to the power x.
    exp,
    /// The natural logarithm of x; -inf at 0, NaN below.
    log,
    /// The sine of x radians.
    sin,
    /// The cosine of x radians.
    cos,
    /// The hyperbolic tangent of x.
    tanh,
}

/// x to the power y; NaN where it is no real number.
#[pyfunction]
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}
