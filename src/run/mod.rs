//! Running trials: one (pure), many (rayon), stored (journal).

pub(crate) mod attempt;
pub(crate) mod command_line;
pub(crate) mod directory;
pub(crate) mod files;
pub mod grid;
pub(crate) mod header;
pub(crate) mod jacobian;
pub(crate) mod job;
pub(crate) mod journal;
pub(crate) mod layer_stats;
pub(crate) mod lock;
pub mod merge;
pub mod metadata;
pub(crate) mod pool;
pub mod probe;
pub(crate) mod probes;
pub(crate) mod progress;
pub(crate) mod replacement;
pub(crate) mod reuse;
pub(crate) mod rounds;
pub mod shard;
pub mod signals;
pub(crate) mod steps;
pub(crate) mod store;
pub(crate) mod sweep;
pub(crate) mod tables;
pub(crate) mod trace;
pub mod train;
pub(crate) mod verify;
pub(crate) mod weights;

/// Fingerprint of this program: its version and a digest of its source. Journals carry it, so
/// that trials of two different programs are never mixed.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("GOODINIT_SOURCE"));
