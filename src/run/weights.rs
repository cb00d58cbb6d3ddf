//! Weights of trials as files: `weights/<trial_id>-initial.safetensors` and `-final` in the results
//! directory, as `[record] weights` or `grid --save-weights` asks for.
//!
//! What they hold is described in [`crate::init::checkpoint`]; `transfer` reads them back. The
//! metadata are the trial's coordinates, its id and the numerics version: the same trial leaves the
//! same bytes. A trial's files are in place before its record is kept, so a run that is resumed
//! misses none. A trial that diverged has no final weights.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::write_atomically;
use super::train::Trained;
use crate::experiment::{SaveWeights, Trial};
use crate::init::checkpoint::encode;
use crate::model::Parameters;
use crate::numerics::NUMERICS_VERSION;
use crate::support::error::{Error, Result};
use crate::table::record::Status;

pub const DIRECTORY: &str = "weights";

/// Writes the weights that `trial` has been asked to leave in the results directory `results`.
///
/// # Errors
/// An I/O error.
pub fn save(results: &Path, trial: &Trial, outcome: &Trained) -> Result<()> {
    if trial.record.weights == SaveWeights::None {
        return Ok(());
    }
    let directory = results.join(DIRECTORY);
    fs::create_dir_all(&directory).map_err(|e| Error::io("create", &directory, &e))?;
    let ended_well = outcome.record.trial.status == Status::Ok;
    for (moment, path) in files(results, &trial.id, trial.record.weights, ended_well) {
        let parameters = match moment {
            INITIAL => &outcome.start.parameters,
            _ => &outcome.last,
        };
        write_atomically(&path, &bytes(trial, moment, parameters)?)?;
    }
    Ok(())
}

/// Whether the weights that `what` asks for of trial `id` are in the results directory `results`.
/// `ended_well` tells whether it has final ones.
pub fn are_saved(results: &Path, id: &str, what: SaveWeights, ended_well: bool) -> bool {
    let mut files = files(results, id, what, ended_well);
    files.all(|(_, path)| path.exists())
}

/// The initial weights of `trial` as the bytes of a file.
///
/// # Errors
/// As for [`encode`].
pub fn initial(trial: &Trial, parameters: &Parameters) -> Result<Vec<u8>> {
    bytes(trial, INITIAL, parameters)
}

const INITIAL: &str = "initial";

/// The moments whose weights are saved, and the file of each.
fn files<'a>(
    results: &'a Path,
    id: &'a str,
    what: SaveWeights,
    ended_well: bool,
) -> impl Iterator<Item = (&'static str, PathBuf)> + 'a {
    let (initial, last) = match what {
        SaveWeights::None => (false, false),
        SaveWeights::Initial => (true, false),
        SaveWeights::Final => (false, true),
        SaveWeights::Both => (true, true),
    };
    let moments = [(INITIAL, initial), ("final", last && ended_well)];
    let wanted = moments.into_iter().filter(|(_, wanted)| *wanted);
    let path = move |moment| results.join(DIRECTORY).join(format!("{id}-{moment}.safetensors"));
    wanted.map(move |(moment, _)| (moment, path(moment)))
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
