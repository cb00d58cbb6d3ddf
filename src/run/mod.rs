//! Running trials: one (pure), many (rayon), kept (journal).

pub mod about;
pub mod files;
pub mod gather;
pub mod grid;
pub mod jacobian;
pub mod job;
pub mod journal;
pub mod lock;
pub mod measure;
pub mod probe;
pub mod probes;
pub mod merge;
pub mod progress;
pub mod shard;
pub mod signals;
pub mod store;
pub mod sweep;
pub mod tables;
pub mod train;
pub mod verify;
pub mod weights;

/// Fingerprint of this program: its version and a digest of its source. Journals carry it, so
/// that trials of two different programs are never mixed.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("GOODINIT_SOURCE"));
