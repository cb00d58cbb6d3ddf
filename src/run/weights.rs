//! Weights of trials as files: `weights/<trial_id>-initial.safetensors` and `-final` in the results
//! directory, as `[record] weights` or `grid --save-weights` asks for.
//!
//! What they hold is described in [`crate::init::checkpoint`]; `transfer` reads them back. The
//! metadata are the trial's coordinates, its id and the numerics version: the same trial leaves the
//! same bytes. A trial's files are in place before its record is kept, so a run that is resumed
//! misses none. A trial that diverged has no final weights.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::files::write_atomically;
use super::train::Trained;
use crate::experiment::{SaveWeights, Trial};
use crate::init::checkpoint::encode;
use crate::model::Parameters;
use crate::numerics::NUMERICS_VERSION;
use crate::support::error::{Error, Result};
use crate::table::record::Status;

/// Name of the directory.
pub const DIRECTORY: &str = "weights";

/// Writes the weights that `trial` has been asked to leave in the results directory `results`.
///
/// # Errors
/// An I/O error.
pub fn save(results: &Path, trial: &Trial, outcome: &Trained) -> Result<()> {
    let (initial, last) = match trial.record.weights {
        SaveWeights::None => return Ok(()),
        SaveWeights::Initial => (true, false),
        SaveWeights::Final => (false, true),
        SaveWeights::Both => (true, true),
    };
    let directory = results.join(DIRECTORY);
    fs::create_dir_all(&directory).map_err(|e| Error::io("create", &directory, &e))?;
    let ended_well = outcome.record.trial.status == Status::Ok;
    let files = [
        ("initial", initial, &outcome.initial),
        ("final", last && ended_well, &outcome.last),
    ];
    for (moment, wanted, parameters) in files {
        if wanted {
            let path = directory.join(format!("{}-{moment}.safetensors", trial.id));
            write_atomically(&path, &bytes(trial, moment, parameters)?)?;
        }
    }
    Ok(())
}

fn bytes(trial: &Trial, moment: &str, parameters: &Parameters) -> Result<Vec<u8>> {
    let coordinates = trial.coordinates.identity();
    let coordinates = coordinates.map(|(axis, text)| (axis.name().to_owned(), text.into_owned()));
    let mut metadata: BTreeMap<String, String> = coordinates.collect();
    metadata.insert("moment".to_owned(), moment.to_owned());
    metadata.insert("numerics_version".to_owned(), NUMERICS_VERSION.to_string());
    metadata.insert("trial_id".to_owned(), trial.id.clone());
    encode(parameters, &metadata)
}
