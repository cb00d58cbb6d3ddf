//! Running trials: one (pure), many (rayon), kept (journal).

pub mod about;
pub mod attempt;
pub mod command_line;
pub mod directory;
pub mod files;
pub mod frame;
pub mod gather;
pub mod grid;
pub mod header;
pub mod jacobian;
pub mod job;
pub mod journal;
pub mod lock;
pub mod measure;
pub mod merge;
pub mod pool;
pub mod probe;
pub mod probes;
pub mod progress;
pub mod shard;
pub mod signals;
pub mod store;
pub mod sweep;
mod syncer;
pub mod tables;
pub mod trace;
pub mod train;
pub mod verify;
pub mod weights;

/// Fingerprint of this program: its version and a digest of its source. Journals carry it, so
/// that trials of two different programs are never mixed.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("GOODINIT_SOURCE"));
