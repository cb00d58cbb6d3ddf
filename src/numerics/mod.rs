//! The arithmetic contract: every operation that training uses, with its bits fixed.
//!
//! `NUMERICS_VERSION` names the whole contract; any change of bits raises it.
//!
//! 1. Storage and arithmetic are f32; features and real-valued targets are preprocessed in f64 and
//!    rounded once. Each output element of a product is one chain of fused
//!    multiply-adds over k in ascending k, started from the bias (forward) or from +0 (gradients).
//!    A step of plain gradient descent ends the chain of a weight's gradient with
//!    `w = fma(-rate, gradient, w)`, so that each weight is rounded once per step. Kernels
//!    vectorise and tile across outputs, never across k.
//! 2. Products canonicalise a zero result to +0.0, so skipping exact zeros of the left operand
//!    keeps the bits for finite operands.
//! 3. Long reductions have one documented order each, whatever the vector width: f64 chains for
//!    losses, scores, norms and statistics, by ascending index; f32 inside a training step, as one
//!    ascending chain over the rows of a column, or as 16 striped chains over a row or a batch
//!    (layer normalization, Fixup's scalars, branch factors), see `model/elementwise.rs`.
//! 4. `exp`, `ln`, `tanh`, `erf` are polynomials over IEEE operations and FMA, see [`elementary`].
//! 5. One trial runs on one thread; no float is summed across threads.
//! 6. Operations round to nearest and keep subnormal numbers: whatever computes holds a
//!    [`FloatMode`], because a thread inherits the processor's mode.

mod aligned;
pub mod elementary;
mod elementwise;
mod environment;
pub mod isa;
pub mod lane;
pub mod linalg;
pub mod matrix;
pub mod product;
mod sparse_rows;
pub mod spectrum;

pub use elementwise::{Elementwise, apply, apply_batch};
pub use environment::FloatMode;
pub use isa::{Isa, isa};
pub use lane::{Lane, Word};
pub use matrix::{Batch, Weights};
pub use sparse_rows::SparseRows;

/// The version of the arithmetic contract. Raised whenever any bit of any table may change.
pub const NUMERICS_VERSION: u32 = 2;
