//! What a journal belongs to: the first thing in it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::experiment::DataShape;
use crate::support::error::{Error, Kind, Result};
use crate::table::manifest::Manifest;

/// What a journal belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Digest of the experiment.
    pub experiment: String,
    /// Version of the arithmetic.
    pub numerics_version: u32,
    /// Fingerprint of the program.
    pub build: String,
    /// Which shard, from 1.
    pub shard: u32,
    /// Of how many.
    pub shards: u32,
    /// Trials in the whole plan.
    pub trials: u64,
    /// The manifest of the results, with experiment and data in it, so that `merge` needs no
    /// other file.
    pub manifest: String,
    /// Names and digests of the datasets.
    pub data: Vec<(String, String)>,
    /// Sizes of the datasets (features, outputs, training samples, others), on which the division
    /// into shards depends.
    pub shapes: Vec<[u64; 4]>,
    /// The arguments of `goodinit` that started the run, for messages.
    pub command: Vec<String>,
}

/// The sizes of a dataset as [`Header::shapes`] has them.
pub fn numbers(shape: &DataShape) -> [u64; 4] {
    [shape.inputs, shape.outputs, shape.train, shape.held_out].map(|n| n as u64)
}

impl Header {
    /// The sizes of the datasets.
    pub fn data_shapes(&self) -> Vec<DataShape> {
        let shape = |&[inputs, outputs, train, held_out]: &[u64; 4]| DataShape {
            inputs: inputs as usize,
            outputs: outputs as usize,
            train: train as usize,
            held_out: held_out as usize,
        };
        self.shapes.iter().map(shape).collect()
    }

    /// The experiment and arithmetic that this header is of, where these are others.
    fn other_experiment(&self, experiment: &str, numerics_version: u32) -> Option<String> {
        let short = |digest: &str| digest.chars().take(12).collect::<String>();
        if self.experiment != experiment {
            let (found, wanted) = (short(&self.experiment), short(experiment));
            Some(format!("another experiment ({found}, not {wanted})"))
        } else if self.numerics_version != numerics_version {
            let found = self.numerics_version;
            Some(format!("numerics version {found}, not {numerics_version}"))
        } else {
            None
        }
    }

    /// What this header is of that `wanted` isn't; `None` if a run with the one can go on with a
    /// journal with the other.
    pub fn difference(&self, wanted: &Header) -> Option<String> {
        let other = self.other_experiment(&wanted.experiment, wanted.numerics_version);
        if other.is_some() {
            other
        } else if self.build != wanted.build {
            let (found, wanted) = (&self.build, &wanted.build);
            Some(format!("another build of the program ({found}, not {wanted})"))
        } else if self.data != wanted.data {
            Some("this experiment on other data".to_owned())
        } else if (self.shard, self.shards, self.trials) != (wanted.shard, wanted.shards, wanted.trials) {
            let (index, count, trials) = (self.shard, self.shards, self.trials);
            Some(format!("shard {index}/{count} of {trials} trials"))
        } else {
            None
        }
    }

    /// Checks that the journal at `path`, of this header, can be gone on with by a run of
    /// `wanted`.
    ///
    /// # Errors
    /// It belongs to something else; the error says what.
    pub fn check(&self, path: &Path, wanted: &Header) -> Result<()> {
        self.difference(wanted)
            .map_or(Ok(()), |why| Err(refuse(path, &why)))
    }

    /// Checks that the journal at `path`, of this header, is of the experiment that `manifest`
    /// describes.
    ///
    /// # Errors
    /// It isn't.
    pub fn check_experiment(&self, path: &Path, manifest: &Manifest) -> Result<()> {
        self.other_experiment(&manifest.experiment_digest, manifest.numerics_version)
            .map_or(Ok(()), |why| Err(refuse(path, &why)))
    }
}

fn refuse(path: &Path, why: &str) -> Error {
    let message = format!("{} is the journal of an unfinished run: {why}", path.display());
    Error::new(Kind::Store, message)
        .help("it is left as it is: finish that run with what began it, or choose another --out")
        .help("`--fresh` moves it aside and starts anew")
}
