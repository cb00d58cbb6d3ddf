use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::table::example;
use crate::table::record::TrialRecord;

/// A trial that scores `accuracy` on validation data, with this validation loss.
fn trial(rate: f64, replicate: u32, accuracy: f64, loss: f64) -> TrialRecord {
    let mut c = example::coordinates();
    (c.learning_rate, c.replicate) = (rate, replicate);
    let mut record = example::record(c, accuracy);
    record.trial.validation_loss = Some(loss);
    record
}

fn chosen(records: &[TrialRecord], split: ReplicateSplit) -> Option<(f64, bool, usize, Vec<u32>)> {
    let trials = example::frame(records, Some(&example::manifest()));
    let tuned = tune(&trials.all(), split)?;
    let scored = tuned.scored.replicates().into_iter().collect();
    Some((tuned.rate(), tuned.at_edge, tuned.tuning, scored))
}

/// Replicates 0 and 1 are better at 0.1, 2 and 3 at 1, and all are bad at 0.01.
fn records() -> Vec<TrialRecord> {
    let mut records = Vec::new();
    for replicate in 0..4 {
        let (middle, high) = if replicate < 2 { (0.9, 0.8) } else { (0.7, 0.95) };
        records.push(trial(0.01, replicate, 0.2, 2.0));
        records.push(trial(0.1, replicate, middle, 0.5));
        records.push(trial(1.0, replicate, high, 0.5));
    }
    records
}

#[test]
fn each_replicate_is_scored_at_the_rate_that_the_others_choose() {
    let all = vec![0, 1, 2, 3];
    // The median of all is 0.8 at 0.1 and 0.875 at 1, which lies at the edge.
    assert_eq!(
        chosen(&records(), ReplicateSplit::Shared),
        Some((1.0, true, 4, all.clone()))
    );
    assert_eq!(
        chosen(&records(), ReplicateSplit::Others),
        Some((1.0, true, 3, all))
    );
    let trials = example::frame(&records(), Some(&example::manifest()));
    let scored = tune(&trials.all(), ReplicateSplit::Others).unwrap().scored;
    let rates: Vec<(u32, f64)> = scored
        .rows()
        .map(|row| (trials.replicate(row), trials.value(row, Axis::LearningRate)))
        .collect();
    // Without replicate 0 or 1, those left prefer 1 (0.95 to 0.7); without 2 or 3, they prefer 0.1.
    assert_eq!(rates, [(2, 0.1), (3, 0.1), (0, 1.0), (1, 1.0)]);
    // A figure that the replicate itself measures changes no rate at which it is scored.
    let mut spoiled = records();
    for r in spoiled.iter_mut().filter(|r| r.coordinates.replicate == 3) {
        r.trial.validation_accuracy = Some(1.0 - r.trial.validation_accuracy.unwrap());
    }
    let trials = example::frame(&spoiled, Some(&example::manifest()));
    let scored = tune(&trials.all(), ReplicateSplit::Others).unwrap().scored;
    let mut third = scored.rows().filter(|row| trials.replicate(*row) == 3);
    assert_eq!(
        third.next().map(|row| trials.value(row, Axis::LearningRate)),
        Some(0.1)
    );
    assert_eq!(
        chosen(&records(), ReplicateSplit::First(1)),
        Some((0.1, false, 1, vec![1, 2, 3]))
    );
    // Of two replicates each chooses for the other; a single one chooses its own.
    let some = |n: u32| -> Vec<TrialRecord> {
        let kept = records().into_iter().filter(|r| r.coordinates.replicate < n);
        kept.collect()
    };
    assert_eq!(
        chosen(&some(2), ReplicateSplit::Others),
        Some((0.1, false, 1, vec![0, 1]))
    );
    assert_eq!(
        chosen(&some(1), ReplicateSplit::Others),
        Some((0.1, false, 1, vec![0]))
    );
}

#[test]
fn ties_go_to_the_lower_loss_then_to_the_smaller_rate() {
    let tie = |losses: [f64; 3]| -> f64 {
        let rates = [0.01, 0.1, 1.0].into_iter().zip(losses);
        let records: Vec<TrialRecord> = rates.map(|(rate, loss)| trial(rate, 0, 0.9, loss)).collect();
        chosen(&records, ReplicateSplit::Others).unwrap().0
    };
    assert_eq!(tie([0.5, 0.4, 0.6]), 0.1);
    assert_eq!(tie([0.5, 0.5, 0.5]), 0.01);
}

#[test]
fn one_rate_is_not_chosen_and_all_its_replicates_are_scored() {
    let one: Vec<TrialRecord> = (0..4).map(|r| trial(0.1, r, 0.9, 0.5)).collect();
    assert_eq!(
        chosen(&one, ReplicateSplit::Others),
        Some((0.1, false, 0, vec![0, 1, 2, 3]))
    );
}

#[test]
fn nothing_is_chosen_without_validation_data() {
    let mut records = records();
    for t in records.iter_mut().map(|r| &mut r.trial) {
        (t.validation_loss, t.validation_accuracy) = (None, None);
    }
    assert_eq!(chosen(&records, ReplicateSplit::Others), None);
    let trials = example::frame(&records, Some(&example::manifest()));
    assert_eq!(basis(&trials.all()), Basis::Nothing);
    // A merit of one's own can still choose; a rate at which a trial has none is not chosen.
    let merit = |row: usize| (trials.value(row, Axis::LearningRate) < 1.0).then_some(row as f64);
    let tuned = tune_by(&trials.all(), ReplicateSplit::Others, merit).unwrap();
    assert_eq!((tuned.rate(), tuned.at_edge), (0.1, false));
}

#[test]
fn the_basis_is_that_of_each_dataset() {
    let on = |dataset: &str, validated: bool| -> Vec<TrialRecord> {
        let mut records = records();
        for r in &mut records {
            r.coordinates.dataset = dataset.into();
            if !validated {
                (r.trial.validation_loss, r.trial.validation_accuracy) = (None, None);
            }
        }
        records
    };
    let basis_of = |records: &[TrialRecord]| basis(&example::frame(records, None).all());
    assert_eq!(basis_of(&on("a", true)), Basis::Validation);
    assert_eq!(basis_of(&on("a", false)), Basis::Nothing);
    assert_eq!(basis_of(&[on("a", true), on("b", false)].concat()), Basis::Partly);
    assert_eq!(basis_of(&[trial(0.1, 0, 0.5, 1.0)]), Basis::OneRate);
}

#[test]
fn the_median_without_a_replicate_is_that_of_the_other_values() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for case in 0..500_u32 {
        let trials: Vec<(u32, Option<f64>)> = (0..1 + case % 11)
            .map(|_| {
                let draw = random.next_u32();
                let value = [f64::NEG_INFINITY, 0.0, 0.25, 0.5, 1.0][(draw % 5) as usize];
                ((draw >> 8) & 3, ((draw >> 16) & 15 > 0).then_some(value))
            })
            .collect();
        let ranked = SortedFigures::of(trials.iter().copied());
        for without in [None, Some(0), Some(1), Some(2), Some(3), Some(9)] {
            let left = trials.iter().filter(|(r, _)| Some(*r) != without);
            let values: Option<Vec<f64>> = left.map(|(_, value)| *value).collect();
            let expected = values.filter(|v| !v.is_empty()).map(|v| median(&v));
            assert_eq!(ranked.median(without), expected, "{trials:?} without {without:?}");
        }
    }
}
