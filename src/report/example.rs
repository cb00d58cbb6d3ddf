//! Tables that are made up, for tests of the report.

use std::path::Path;

use super::Run;
use crate::experiment::Coordinates;
use crate::experiment::claim::Layers;
use crate::numerics;
use crate::random::{Key, Purpose};
use crate::table::format;
use crate::table::io::{Table, Writer};
use crate::table::manifest::{DatasetEntry, Manifest};
use crate::table::order;
use crate::table::probe::{ProbeRecord, write_histograms, write_layers};
use crate::table::record::{EpochRow, HistogramRow, LayerRow, ProbeRow, Status, TrialRecord, TrialRow};

/// A scheme's label that would be a script if it were not escaped.
pub const HOSTILE: &str = "<script>alert('x')</script>&\"";

/// An experiment with claims in hostile words.
const EXPERIMENT: &str = r#"
name = "made-up" # </pre><script>alert(2)</script>
replicates = 4
[data]
kind = "digits"
[train]
epochs = 6
[grid]
scheme = ["he_normal", "xavier_uniform", "zeros"]
architecture = [[256, 128], { depth = 20, width = 64 }]
activation = ["relu", "tanh"]
learning_rate = [0.01, 0.1, 1.0]
[[claim]]
source = "<script>alert(3)</script>"
sentence = "He beats zeros </td><script>alert(4)</script>"
metric = "test_accuracy"
left = { scheme = "he_normal" }
right = { scheme = "zeros" }
for_each = ["architecture", "activation"]
rate = "tuned"
aggregate = "median"
relation = "left - right >= 0.3"
"#;

/// What a made-up run has.
pub struct Made<'a> {
    pub schemes: Vec<&'a str>,
    pub architectures: Vec<&'a str>,
    pub activations: Vec<&'a str>,
    pub rates: Vec<f64>,
    pub replicates: u32,
    pub epochs: u32,
    /// Whether there are validation data.
    pub validation: bool,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Made {
            schemes: vec!["he_normal", "xavier_uniform", "zeros", HOSTILE],
            architectures: vec!["256-128", "20x64"],
            activations: vec!["relu", "tanh"],
            rates: vec![0.01, 0.1, 1.0],
            replicates: 4,
            epochs: 6,
            validation: true,
        }
    }
}

impl Made<'_> {
    fn places(&self) -> Vec<Coordinates> {
        let mut all = Vec::new();
        for architecture in &self.architectures {
            for activation in &self.activations {
                for scheme in &self.schemes {
                    for rate in &self.rates {
                        for replicate in 0..self.replicates {
                            all.push(Coordinates {
                                architecture: (*architecture).into(),
                                activation: (*activation).into(),
                                scheme: (*scheme).into(),
                                learning_rate: *rate,
                                replicate,
                                weight_seed: replicate,
                                order_seed: replicate,
                                ..Coordinates::default()
                            });
                        }
                    }
                }
            }
        }
        all.sort_by(order::compare);
        all
    }

    /// Accuracy at the end, between chance and nearly 1.
    fn quality(&self, c: &Coordinates, jitter: f64) -> f64 {
        let place = self.schemes.iter().position(|s| *s == c.scheme).unwrap_or(0) as f64;
        let deep = if c.architecture.contains('x') { 0.08 } else { 0.0 };
        let rate = (libm::log10(c.learning_rate) + 1.0).abs() * 0.12;
        let falls = place / self.schemes.len() as f64;
        if c.scheme == "zeros" {
            return 0.1;
        }
        (0.97 - 0.5 * falls * falls - deep - rate + 0.02 * jitter).clamp(0.1, 0.99)
    }

    fn record(&self, number: usize, c: Coordinates) -> TrialRecord {
        let mut stream = Key::new(1, u64::from(c.replicate), Purpose::Probe).stream(number as u64);
        let end = self.quality(&c, stream.unit_f64() - 0.5);
        let lost = c.learning_rate >= 1.0 && stream.unit_f64() < 0.3;
        let accuracy = |epoch: u32| 0.1 + (end - 0.1) * (1.0 - libm::exp(-0.6 * f64::from(epoch)));
        let last = if lost { self.epochs / 2 } else { self.epochs };
        let row = |epoch: u32| {
            let a = accuracy(epoch);
            EpochRow {
                epoch,
                step: u64::from(epoch) * 40,
                train_loss: Some(2.3 * (1.05 - a)),
                train_accuracy: Some(a),
                validation_loss: self.validation.then_some(2.3 * (1.06 - a)),
                validation_accuracy: self.validation.then_some(a),
                test_loss: Some(2.3 * (1.07 - a)),
                test_accuracy: Some(a - 0.01),
                weights_hash: "0".repeat(16),
            }
        };
        let finished = (!lost).then(|| row(self.epochs));
        let best = finished.as_ref().filter(|_| self.validation);
        let trial = TrialRow {
            trial_id: format!("{number:016x}"),
            status: if lost { Status::Diverged } else { Status::Ok },
            stopped_epoch: lost.then_some(last),
            message: None,
            steps: u64::from(last) * 40,
            parameters: 1000,
            initial_loss: Some(2.3),
            train_loss: finished.as_ref().and_then(|r| r.train_loss),
            train_accuracy: finished.as_ref().and_then(|r| r.train_accuracy),
            validation_loss: finished.as_ref().and_then(|r| r.validation_loss),
            validation_accuracy: finished.as_ref().and_then(|r| r.validation_accuracy),
            test_loss: finished.as_ref().and_then(|r| r.test_loss),
            test_accuracy: finished.as_ref().and_then(|r| r.test_accuracy),
            best_epoch: best.map(|r| r.epoch),
            best_validation_accuracy: best.and_then(|r| r.validation_accuracy),
            best_test_accuracy: best.and_then(|r| r.test_accuracy),
            data_hash: "d".repeat(16),
            initial_hash: Some("1".repeat(16)),
            final_hash: Some("2".repeat(16)),
        };
        TrialRecord {
            layers: self.layers(&c),
            coordinates: c,
            trial,
            epochs: (0..=last).map(row).collect(),
        }
    }

    fn layers(&self, c: &Coordinates) -> Vec<LayerRow> {
        let place = self.schemes.iter().position(|s| *s == c.scheme).unwrap_or(0) as f64;
        let depth = if c.architecture.contains('x') { 21 } else { 3 };
        let gain = if c.scheme == "zeros" {
            0.0
        } else {
            1.15 - 0.12 * place
        };
        let row = |layer: u32| {
            let signal = libm::pow(gain, f64::from(layer)) * (1.0 + 0.02 * f64::from(c.replicate));
            LayerRow {
                layer,
                fan_in: 64,
                fan_out: 64,
                preactivation_moment: Some(signal),
                gradient_moment: Some(1e-4 * libm::pow(gain, f64::from(depth - layer))),
                correlation: (gain > 0.0).then(|| 1.0 - 0.7 / f64::from(layer)),
                dead_fraction: Some(if gain > 0.0 { 0.02 } else { 1.0 }),
                zero_fraction: Some(0.5),
                ..LayerRow::default()
            }
        };
        (1..=depth).map(row).collect()
    }

    fn probe(&self, number: usize, c: &Coordinates) -> ProbeRecord {
        let layers = self.layers(c);
        let last = layers.len();
        let figures = |row: &LayerRow| ProbeRow {
            initial_loss: (row.layer as usize == last).then_some(2.3),
            born_dead: (row.layer as usize == last).then_some(0),
            moment_error: Some(0.03),
            jacobian_mean: Some(1.1),
            jacobian_spread: Some(4.5),
            ..ProbeRow::default()
        };
        let bell: Vec<String> = (0..40)
            .map(|i| {
                format!(
                    "{}",
                    (1000.0 * libm::exp(-0.01 * f64::from(i - 20) * f64::from(i - 20))) as u32
                )
            })
            .collect();
        let histogram = |layer: u32| HistogramRow {
            layer,
            low: if c.scheme == "zeros" {
                0.0
            } else {
                -0.3 / f64::from(layer)
            },
            high: if c.scheme == "zeros" {
                0.0
            } else {
                0.3 / f64::from(layer)
            },
            counts: if c.scheme == "zeros" {
                "4096".into()
            } else {
                bell.join(" ")
            },
        };
        ProbeRecord {
            coordinates: c.clone(),
            trial_id: format!("{number:016x}"),
            histograms: (1..=last as u32).map(histogram).collect(),
            layers: layers.into_iter().map(|l| (l.clone(), figures(&l))).collect(),
        }
    }

    fn write(&self, dir: &Path, edit: &dyn Fn(&mut TrialRecord)) {
        let mut records: Vec<TrialRecord> = self
            .places()
            .into_iter()
            .enumerate()
            .map(|(i, c)| self.record(i, c))
            .collect();
        records.iter_mut().for_each(edit);
        records.sort_by(|a, b| order::compare(&a.coordinates, &b.coordinates));
        for table in Table::ALL {
            let file = std::fs::File::create(dir.join(table.file())).unwrap();
            let mut writer = Writer::new(table, file).unwrap();
            records.iter().for_each(|r| writer.push(r).unwrap());
            writer.finish().unwrap();
        }
        let first = |c: &Coordinates| c.learning_rate == self.rates[0];
        let probes: Vec<ProbeRecord> = records
            .iter()
            .enumerate()
            .filter(|(_, r)| first(&r.coordinates))
            .map(|(i, r)| self.probe(i, &r.coordinates))
            .collect();
        write_layers(
            &probes,
            &Layers::All,
            std::fs::File::create(dir.join(format::PROBE)).unwrap(),
        )
        .unwrap();
        write_histograms(
            &probes,
            std::fs::File::create(dir.join(format::HISTOGRAMS)).unwrap(),
        )
        .unwrap();
        let manifest = Manifest {
            format_version: format::FORMAT_VERSION,
            numerics_version: numerics::NUMERICS_VERSION,
            statistics_version: 2,
            name: "made-up".into(),
            experiment_digest: "ab".repeat(32),
            commit: None,
            tables: Default::default(),
            trials: records.len() as u64,
            experiment: EXPERIMENT.into(),
            dataset: vec![DatasetEntry {
                name: "digits".into(),
                digest: "cd".repeat(32),
                samples: 1797,
                inputs: 64,
                classes: Some(10),
                reading: Vec::new(),
            }],
            source: Vec::new(),
        };
        std::fs::write(dir.join(format::MANIFEST), manifest.to_toml().unwrap()).unwrap();
    }

    /// The run, written and read again.
    pub fn run(&self) -> Run {
        self.run_with(&|_| {})
    }

    /// The run with every trial edited.
    pub fn run_with(&self, edit: &dyn Fn(&mut TrialRecord)) -> Run {
        let dir = tempfile::tempdir().unwrap();
        self.write(dir.path(), edit);
        Run::load(dir.path()).unwrap()
    }
}
