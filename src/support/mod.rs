//! What every other module uses: errors, catalogues of named things, text for people.

pub mod catalog;
pub mod error;
pub mod expression;
pub(crate) mod memory;
pub(crate) mod memo;
pub(crate) mod text;
