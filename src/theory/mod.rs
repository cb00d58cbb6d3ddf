//! Closed forms about networks at initialization, in infinite width or in expectation: what a probe
//! is held against. All in f64 over the `libm` crate, so the same on every machine.

pub mod finite_width;
pub mod local_maps;
pub mod mean_field;
pub mod newton;
pub mod quadrature;
#[cfg(test)]
pub mod special;

pub use mean_field::MeanField;
