//! Made-up records for tests.

use crate::experiment::Coordinates;
use crate::table::format;
use crate::table::manifest::{DatasetEntry, Manifest};
use crate::table::record::{EpochRow, LayerRow, Status, TrialRecord, TrialRow};
use crate::table::trials::{Builder, Trials};

/// A place in a grid.
pub fn coordinates() -> Coordinates {
    Coordinates {
        architecture: "64-32".into(),
        scheme: "he_normal".into(),
        bias: "zeros".into(),
        learning_rate: 0.1,
        ..Coordinates::default()
    }
}

/// A trial at `coordinates` that reached `accuracy` on test data, with two evaluations and one
/// layer.
pub fn record(coordinates: Coordinates, accuracy: f64) -> TrialRecord {
    let trial = TrialRow {
        trial_id: "0123456789abcdef".into(),
        status: Status::Ok,
        stopped_epoch: None,
        message: None,
        steps: 41,
        parameters: 4522,
        initial_loss: Some(2.5),
        train_loss: Some(1.0 - accuracy),
        train_accuracy: Some(accuracy),
        validation_loss: Some(1.0 - accuracy),
        validation_accuracy: Some(accuracy),
        test_loss: Some(1.0 - accuracy),
        test_accuracy: Some(accuracy),
        best_epoch: Some(1),
        best_validation_accuracy: Some(accuracy),
        best_test_accuracy: Some(accuracy),
        data_hash: "d".repeat(16),
        initial_hash: Some("1".repeat(16)),
        final_hash: Some("2".repeat(16)),
    };
    let epoch = |epoch: u32, accuracy: f64, hash: &str| EpochRow {
        epoch,
        step: 41 * u64::from(epoch),
        train_loss: Some(1.0 - accuracy),
        train_accuracy: Some(accuracy),
        validation_loss: Some(1.0 - accuracy),
        validation_accuracy: Some(accuracy),
        test_loss: Some(1.0 - accuracy),
        test_accuracy: Some(accuracy),
        weights_hash: hash.repeat(16),
    };
    let layer = LayerRow {
        layer: 1,
        fan_in: 64,
        fan_out: 32,
        weight_std: Some(0.125),
        ..LayerRow::default()
    };
    TrialRecord {
        coordinates,
        trial,
        epochs: vec![epoch(0, 0.1, "1"), epoch(1, accuracy, "2")],
        layers: vec![layer],
    }
}

/// The same trial, but it diverged in `epoch`.
pub fn diverged(coordinates: Coordinates, epoch: u32) -> TrialRecord {
    let mut record = record(coordinates, 0.1);
    let t = &mut record.trial;
    t.status = Status::Diverged;
    t.stopped_epoch = Some(epoch);
    for figure in [
        &mut t.train_loss,
        &mut t.train_accuracy,
        &mut t.validation_loss,
        &mut t.validation_accuracy,
        &mut t.test_loss,
        &mut t.test_accuracy,
    ] {
        *figure = None;
    }
    record.epochs.truncate(1);
    record
}

/// The manifest of a run on the digits.
pub fn manifest() -> Manifest {
    Manifest {
        format_version: format::FORMAT_VERSION,
        numerics_version: 1,
        statistics_version: 2,
        name: "x".into(),
        experiment_digest: String::new(),
        commit: None,
        tables: Default::default(),
        trials: 0,
        experiment: String::new(),
        dataset: vec![DatasetEntry {
            name: "digits".into(),
            digest: String::new(),
            samples: 1797,
            inputs: 64,
            classes: Some(10),
            reading: Vec::new(),
        }],
        source: Vec::new(),
    }
}

/// The frame of these records, which may stand in any order.
pub fn frame(records: &[TrialRecord], manifest: Option<&Manifest>) -> Trials {
    let mut records = records.to_vec();
    records.sort_by(|a, b| crate::table::order::compare(&a.coordinates, &b.coordinates));
    let mut builder = Builder::new(false);
    for record in &records {
        builder.push_record(record);
    }
    builder.finish(manifest)
}
