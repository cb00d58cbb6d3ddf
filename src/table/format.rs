//! Names and versions of the files in a results directory, shared by writer and reader.

/// Version of the tables' layout: columns, their order, their meaning.
pub const FORMAT_VERSION: u32 = 1;

/// One row per trial.
pub const TRIALS: &str = "trials.csv";
/// One row per trial and evaluation.
pub const EPOCHS: &str = "epochs.csv";
/// One row per trial, probed epoch and layer.
pub const LAYERS: &str = "layers.csv";
/// One row per network and layer at initialization, from a probe.
pub const PROBE: &str = "probe.csv";
/// The weights of each of these layers, counted in bins.
pub const HISTOGRAMS: &str = "histograms.csv";
/// One row per trial, number of steps and layer, from a coordinate check.
pub const STEPS: &str = "steps.csv";
/// One row per cell.
pub const SUMMARY: &str = "summary.csv";
/// Versions, digests and the experiment itself.
pub const MANIFEST: &str = "manifest.toml";
/// Wall time, host, threads: whatever differs from run to run. Not part of the results.
pub const RUN: &str = "run.json";
/// Stands in a directory while its tables are replaced.
pub const REPLACING: &str = "replacing.toml";
