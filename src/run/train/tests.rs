//! Tests of one trial, on the embedded digits.

use std::sync::Arc;

use super::*;
use crate::data::{self, Environment};
use crate::experiment::claim::Layers;
use crate::experiment::{Experiment, settings::LayerEpoch};
use crate::init::Registry;
use crate::support::catalog::Value;

/// An experiment of one trial.
fn experiment(scheme: &str, activation: &str, hidden: &[usize], rate: f64, length: Length) -> Experiment {
    let length = match length {
        Length::Epochs(n) => format!("epochs = {n}"),
        Length::Steps(n) => format!("steps = {n}"),
    };
    let text = format!(
        "name = \"t\"
        seed = 1
        replicates = 1
        [data]
        kind = \"digits\"
        split = {{ train = 0.6, validation = 0.2, test = 0.2 }}
        center = \"feature\"
        standardize = \"global\"
        [train]
        {length}
        evaluate_every = 1
        [record]
        layers = true
        probe_samples = 100
        [grid]
        scheme = \"{scheme}\"
        activation = \"{activation}\"
        architecture = {hidden:?}
        learning_rate = {rate}"
    );
    Experiment::parse::<&str>("t.toml".as_ref(), &text, &[], &Registry::standard()).unwrap()
}

pub(crate) fn trial(scheme: &str, activation: &str, hidden: &[usize], rate: f64, length: Length) -> Trial {
    experiment(scheme, activation, hidden, rate, length)
        .plan()
        .trial(0)
}

pub(crate) fn digits() -> Prepared {
    let spec = &trial("zeros", "relu", &[1], 1.0, Length::Epochs(0))
        .values
        .dataset;
    let dataset = data::load(spec, 1, &Environment::default()).unwrap();
    data::prepare(&dataset, spec, 0.0, 1, 0).unwrap()
}

fn run(trial: &Trial) -> TrialRecord {
    train(trial, &digits(), &mut Workspace::new()).unwrap().record
}

#[test]
fn he_with_relu_learns_the_digits() {
    let record = run(&trial("he_normal", "relu", &[64, 32], 0.1, Length::Epochs(5)));
    let row = &record.trial;
    assert_eq!(row.status, Status::Ok);
    assert!(row.test_accuracy.unwrap() > 0.9, "{row:?}");
    assert_eq!(row.steps, 5 * 1079u64.div_ceil(32));
    assert_eq!(row.parameters, 64 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10);
    let epochs: Vec<u32> = record.epochs.iter().map(|e| e.epoch).collect();
    assert_eq!(epochs, [0, 1, 2, 3, 4, 5]);
    assert_eq!(row.initial_loss, record.epochs[0].train_loss);
    assert_eq!(row.test_accuracy, record.epochs[5].test_accuracy);
    assert_eq!(row.final_hash.as_deref(), Some(&*record.epochs[5].weights_hash));
    assert_eq!(record.layers.len(), 6);
}

#[test]
fn a_used_workspace_leaves_the_same_bits_as_a_new_one() {
    let (data, mut workspace) = (digits(), Workspace::new());
    let small = trial("he_normal", "relu", &[32], 0.1, Length::Epochs(2));
    let large = trial("xavier_uniform", "gelu", &[96, 40], 0.05, Length::Epochs(1));
    let first = train(&small, &data, &mut workspace).unwrap().record;
    train(&large, &data, &mut workspace).unwrap();
    assert_eq!(train(&small, &data, &mut workspace).unwrap().record, first);
}

#[test]
fn zeros_never_leave_the_hidden_layers() {
    for activation in ["relu", "tanh"] {
        let record = run(&trial("zeros", activation, &[32, 16], 0.1, Length::Epochs(3)));
        assert!(record.trial.test_accuracy.unwrap() < 0.2);
        for row in &record.layers {
            assert_eq!(row.weight_max, Some(0.0), "{activation}: {row:?}");
            assert_eq!(
                row.distinct_units,
                Some(if row.layer == 3 && row.epoch > 0 { 10 } else { 1 })
            );
        }
    }
    // With the sigmoid the weights move, but all units of a layer stay one.
    let record = run(&trial("zeros", "sigmoid", &[32, 16], 0.1, Length::Epochs(3)));
    let last: Vec<_> = record.layers.iter().filter(|r| r.epoch == 3).collect();
    assert!(last[1].weight_max.unwrap() > 0.0);
    assert_eq!(
        (last[0].distinct_units, last[1].distinct_units),
        (Some(1), Some(1))
    );
}

#[test]
fn divergence_is_a_row_with_its_epoch() {
    let record = run(&trial("he_normal", "relu", &[64, 32], 1e6, Length::Epochs(5)));
    let row = &record.trial;
    assert_eq!(row.status, Status::Diverged);
    assert_eq!(row.stopped_epoch, Some(1));
    assert_eq!(
        (row.test_accuracy, row.test_loss, &row.final_hash),
        (None, None, &None)
    );
    assert!(row.initial_loss.is_some() && row.initial_hash.is_some());
}

#[test]
fn a_length_in_steps_ends_within_an_epoch() {
    let mut trial = trial("he_normal", "relu", &[32], 0.1, Length::Steps(50));
    Arc::get_mut(&mut trial.train).unwrap().evaluate_every = 17;
    let record = run(&trial);
    let points: Vec<_> = record.epochs.iter().map(|e| (e.epoch, e.step)).collect();
    // 1079 samples in batches of 32 are 34 steps an epoch.
    assert_eq!(points, [(0, 0), (0, 17), (1, 34), (1, 50)]);
    assert_eq!(record.trial.steps, 50);
}

#[test]
fn the_end_of_training_is_measured_even_within_the_first_epoch() {
    let mut trial = trial("he_normal", "relu", &[32], 0.1, Length::Steps(20));
    Arc::get_mut(&mut trial.record).unwrap().layers = vec![LayerEpoch::After(0), LayerEpoch::Last];
    let record = run(&trial);
    let rows: Vec<_> = record.layers.iter().map(|row| (row.epoch, row.layer)).collect();
    assert_eq!(rows, [(0, 1), (0, 2), (1, 1), (1, 2)]);
    assert_ne!(record.layers[0].weight_std, record.layers[2].weight_std);
}

#[test]
fn rows_of_some_layers_are_those_of_all() {
    let mut trial = trial("he_normal", "relu", &[32, 16], 0.1, Length::Epochs(1));
    let all = run(&trial);
    Arc::get_mut(&mut trial.record).unwrap().layer_rows = Layers::LastHidden;
    let some = run(&trial);
    let expected: Vec<_> = all.layers.iter().filter(|row| row.layer == 2).cloned().collect();
    assert_eq!(expected.len(), 2);
    assert_eq!(some.layers, expected);
    assert_eq!((some.trial, some.epochs), (all.trial, all.epochs));
}

#[test]
fn steps_and_epochs_of_the_same_length_leave_the_same_weights() {
    let epochs = run(&trial("he_normal", "relu", &[32], 0.1, Length::Epochs(2)));
    let steps = run(&trial("he_normal", "relu", &[32], 0.1, Length::Steps(68)));
    assert_eq!(epochs.trial.final_hash, steps.trial.final_hash);
}

/// Under a schedule the rate depends on the step and on the number of steps of the whole training,
/// however its length is given; at the default nothing changes.
#[test]
fn a_schedule_sets_the_rate_of_each_step() {
    let with = |schedule: &str, length| {
        let plain = experiment("he_normal", "relu", &[32], 0.1, length);
        let set = format!("grid.schedule = \"{schedule}\"");
        let with = Experiment::parse("t.toml".as_ref(), plain.resolved(), &[set], &Registry::standard());
        run(&with.unwrap().plan().trial(0)).trial.final_hash
    };
    let plain = run(&trial("he_normal", "relu", &[32], 0.1, Length::Epochs(2)));
    assert_eq!(with("constant", Length::Epochs(2)), plain.trial.final_hash);
    for schedule in ["linear", "cosine", "warmup"] {
        let epochs = with(schedule, Length::Epochs(2));
        assert_ne!(epochs, plain.trial.final_hash, "{schedule}");
        // 34 steps an epoch.
        assert_eq!(epochs, with(schedule, Length::Steps(68)), "{schedule}");
    }
    // The first step of linear is at the full rate; a training of one step has no other.
    let one = |schedule| with(schedule, Length::Steps(1));
    assert_eq!(one("linear"), one("constant"));
    // The first step of warm-up is at a hundredth of it.
    let mut slow = trial("he_normal", "relu", &[32], 0.1, Length::Steps(1));
    slow.coordinates.learning_rate = 0.1 * 0.01;
    assert_eq!(one("warmup"), run(&slow).trial.final_hash);
}

/// What an algorithm that did not converge has to say stands in the trial's row.
#[test]
fn notes_of_the_scheme_reach_the_row() {
    let mut trial = trial("lsuv", "relu", &[20, 20], 0.1, Length::Epochs(0));
    assert_eq!(run(&trial).trial.message, None);
    let table = [("kind", "lsuv"), ("base", "zeros")];
    let table = table.map(|(k, v)| (k.to_owned(), Value::Text(v.to_owned())));
    let value = Value::Table(table.into());
    trial.values.scheme = Registry::standard().parse(&value).unwrap();
    let row = run(&trial).trial;
    let said = "lsuv: layer 1 has output variance 0 after 0 scalings; \
                lsuv: layer 2 has output variance 0 after 0 scalings; and 1 more";
    assert_eq!((row.status, row.message.as_deref()), (Status::Ok, Some(said)));
}

#[test]
fn the_mode_of_the_processor_reaches_no_bit() {
    let data = digits();
    for scheme in ["he_normal", "orthogonal"] {
        let trial = trial(scheme, "tanh", &[32, 16], 1e-3, Length::Epochs(1));
        let train = || train(&trial, &data, &mut Workspace::new()).unwrap();
        let right = train();
        let Some(_wrong) = FloatMode::wrong() else { return };
        let other = train();
        assert_eq!(other.record, right.record);
        assert_eq!(other.last.hash(), right.last.hash());
        assert_eq!(digits().hash, data.hash);
    }
}
