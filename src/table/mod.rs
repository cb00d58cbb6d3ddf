//! The rows of the tables, and how they are written and read.

pub(crate) mod coordinates;
pub mod format;
pub mod inputs;
pub mod labels;
pub(crate) mod lookup;
pub mod manifest;
pub mod order;
pub mod probe;
pub mod record;
pub mod source;
pub mod io;
pub mod trials;

pub use trials::{Figure, Subset, Trials};

/// A trial's digest as a number; `None` for what is no digest: 16 lower-case hexadecimal digits.
pub(crate) fn trial_number(id: &str) -> Option<u64> {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let is_digest = id.len() == 16 && id.bytes().all(is_digit);
    is_digest.then(|| u64::from_str_radix(id, 16).ok()).flatten()
}

#[cfg(test)]
pub(crate) mod example;
