//! What a journal belongs to: its first frame.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::shard::Shard;
use crate::experiment::DataShape;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::short_digest;
use crate::table::manifest::Manifest;

/// What a journal belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Fingerprint of the program.
    pub build: String,
    /// Which part of the plan.
    pub shard: Shard,
    /// The manifest of the results, with experiment and data in it, so that `merge` needs no other
    /// file.
    pub manifest: Manifest,
    /// Sizes of the datasets, on which the division into shards depends.
    pub shapes: Vec<DataShape>,
    /// The command line that started the run, without the shard, for messages.
    pub command: String,
}

impl Header {
    /// Why a journal with this header does not belong to the experiment of `manifest`, if so.
    fn other_experiment(&self, manifest: &Manifest) -> Option<String> {
        let ours = &self.manifest;
        if ours.experiment_digest != manifest.experiment_digest {
            Some(format!(
                "another experiment ({}, not {})",
                short_digest(&ours.experiment_digest),
                short_digest(&manifest.experiment_digest)
            ))
        } else if ours.numerics_version != manifest.numerics_version {
            let (found, wanted) = (ours.numerics_version, manifest.numerics_version);
            Some(format!("numerics version {found}, not {wanted}"))
        } else {
            None
        }
    }

    /// Why a run with the header `wanted` cannot resume from a journal with this one, if so.
    pub fn difference(&self, wanted: &Header) -> Option<String> {
        let (ours, theirs) = (&self.manifest, &wanted.manifest);
        if let Some(other) = self.other_experiment(theirs) {
            Some(other)
        } else if self.build != wanted.build {
            let (found, wanted) = (&self.build, &wanted.build);
            Some(format!("another build of the program ({found}, not {wanted})"))
        } else if ours.dataset != theirs.dataset {
            Some("this experiment on other data".to_owned())
        } else if (self.shard, ours.trials) != (wanted.shard, theirs.trials) {
            Some(format!("shard {} of {} trials", self.shard, ours.trials))
        } else {
            None
        }
    }

    /// Checks that a run with the header `wanted` can resume from the journal at `path`, which has
    /// this one.
    ///
    /// # Errors
    /// It belongs to something else; the error says what.
    pub fn check(&self, path: &Path, wanted: &Header) -> Result<()> {
        self.difference(wanted)
            .map_or(Ok(()), |why| Err(refuse(path, &why)))
    }

    /// Checks that the journal at `path`, with this header, belongs to the experiment that
    /// `manifest` describes.
    ///
    /// # Errors
    /// It does not.
    pub fn check_experiment(&self, path: &Path, manifest: &Manifest) -> Result<()> {
        self.other_experiment(manifest)
            .map_or(Ok(()), |why| Err(refuse(path, &why)))
    }
}

fn refuse(path: &Path, why: &str) -> Error {
    let message = format!("{} is the journal of an unfinished run: {why}", path.display());
    Error::new(Kind::Store, message)
        .help("it is left as it is: finish that run with what began it, or choose another --out")
        .help("`--fresh` moves it aside and starts anew")
}
