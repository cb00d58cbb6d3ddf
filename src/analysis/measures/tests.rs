use super::*;
use crate::analysis::average_rank::Block;
use crate::analysis::rank::rank;
use crate::table::example;
use crate::table::record::{EpochRow, TrialRecord};
use crate::table::trials::Trials;

/// A trial of replicate `r` that ends with `validation` and `test` accuracy, after four epochs of ten
/// steps each, of which the `reached`-th is the first to attain what it ends with.
fn trial(scheme: &str, rate: f64, r: u32, (validation, test): (f64, f64), reached: u32) -> TrialRecord {
    let mut c = example::coordinates();
    (c.scheme, c.learning_rate, c.replicate) = (scheme.into(), rate, r);
    (c.weight_seed, c.order_seed) = (r, r);
    let mut record = example::record(c, test);
    record.trial.validation_accuracy = Some(validation);
    let row = |epoch: u32| EpochRow {
        epoch,
        step: 10 * u64::from(epoch),
        validation_accuracy: Some(if epoch >= reached { validation } else { 0.1 }),
        ..record.epochs[0].clone()
    };
    record.epochs = (0..=4).map(row).collect();
    record
}

fn frame(records: &[TrialRecord]) -> (Trials, Vec<Vec<EpochRow>>) {
    let mut records = records.to_vec();
    records.sort_by(|a, b| crate::table::order::compare(&a.coordinates, &b.coordinates));
    let epochs = records.iter().map(|record| record.epochs.clone()).collect();
    (example::frame(&records, Some(&example::manifest())), epochs)
}

/// Two rates, five replicates: validation prefers the second one, at which test accuracy is 0.3 more.
fn two_rates() -> Vec<TrialRecord> {
    let mut all = Vec::new();
    for r in 0..5 {
        let luck = f64::from(r) * 0.01;
        all.push(trial("he_normal", 0.1, r, (0.5, 0.6 + luck), 1));
        all.push(trial("he_normal", 0.2, r, (0.6, 0.9 + luck), 2));
    }
    all
}

#[test]
fn with_all_rates_the_expected_best_is_the_score_of_the_ranking() {
    let (trials, _) = frame(&two_rates());
    let curve = budget_curves(&trials.all()).remove(0);
    let ranking = rank(&trials.all(), RankingRates::Tuned, "all");
    assert_eq!(curve.scores.len(), 2);
    assert_eq!(curve.scores[1], ranking[0].score);
    // One rate at random: half way. Then 2/3 of that and 1/3 of the other.
    assert!((curve.scores[0].value - 0.77).abs() < 1e-12, "{curve:?}");
    assert!((curve.tunability - (2.0 * 0.77 + 0.92) / 3.0).abs() < 1e-12);
    // With one rate, and without validation data, there is no budget to speak of.
    let one: Vec<TrialRecord> = two_rates().into_iter().step_by(2).collect();
    assert_eq!(budget_curves(&frame(&one).0.all()), []);
    let mut blind = two_rates();
    for record in &mut blind {
        (record.trial.validation_accuracy, record.trial.validation_loss) = (None, None);
    }
    assert_eq!(budget_curves(&frame(&blind).0.all()), []);
}

#[test]
fn gap_and_spread_count_every_trial() {
    // 359 samples; one trial of five is lost. An interquartile mean would not see it.
    let counts = [340, 341, 342, 343, 36];
    let records: Vec<TrialRecord> = (0..5)
        .map(|r| {
            let accuracy = f64::from(counts[r as usize]) / 359.0;
            trial("he_normal", 0.1, r, (0.9, accuracy), 1)
        })
        .collect();
    let (trials, epochs) = frame(&records);
    let measures = Measures::of(&trials.all(), &epochs, None);
    assert_eq!(measures.test_samples, Some(359));
    let own = &measures.schemes["he_normal"];
    let mean = 1402.0 / 5.0 / 359.0;
    assert!((own.optimality_gap.unwrap().value - (1.0 - mean)).abs() < 1e-12);
    assert!(own.optimality_gap.unwrap().interval.unwrap().contains(1.0 - mean));
    assert!((own.binomial_deviation.unwrap() - (mean * (1.0 - mean) / 359.0).sqrt()).abs() < 1e-12);
    assert!(own.deviation.unwrap() > 0.3);
    assert!(measures.times.is_none() && measures.ranks.is_none());
}

#[test]
fn targets_are_the_references_and_a_miss_is_infinite() {
    let mut records = Vec::new();
    for r in 0..5 {
        // The reference attains 0.8 in step 20 of most replicates; its best replicate sets no target.
        let end = if r == 0 { 0.95 } else { 0.8 };
        records.push(trial("he_normal", 0.1, r, (end, 0.8), 2));
        records.push(trial("lsuv", 0.1, r, (0.9, 0.9), 1));
        records.push(trial("slow", 0.1, r, (0.85, 0.7), 4));
        records.push(trial("zeros", 0.1, r, (0.1, 0.1), 1));
    }
    let (trials, epochs) = frame(&records);
    let of = |reference: &str| times_to_target(&trials.all(), &epochs, reference);
    let times = of("he_normal").unwrap();
    assert_eq!((times.settings, times.without_target), (1, 0));
    let ratios = |times: &TimesToTarget| -> Vec<(String, f64, f64)> {
        let each = times.schemes.iter();
        each.map(|t| (t.scheme.clone(), t.ratios[0], t.score)).collect()
    };
    let expected = [
        ("he_normal", 2.0, 2.0 / 3.0),
        ("lsuv", 1.0, 1.0),
        ("slow", 4.0, 0.0),
    ];
    for ((scheme, ratio, score), (name, theirs, wanted)) in ratios(&times).iter().zip(expected) {
        assert_eq!((scheme.as_str(), *ratio), (name, theirs));
        assert!((score - wanted).abs() < 1e-12);
    }
    assert_eq!(times.schemes[3].ratios, [f64::INFINITY]);
    assert_eq!((times.schemes[3].reached(), times.schemes[3].score), (0, 0.0));
    // A higher bar, which only the faster one clears.
    let higher = of("lsuv").unwrap();
    assert_eq!(higher.schemes[0].ratios, [f64::INFINITY]);
    // One that learns nothing sets no target; one that is not there, and no evaluations, give nothing.
    let nothing = of("zeros").unwrap();
    assert_eq!((nothing.settings, nothing.without_target), (0, 1));
    assert_eq!(of("torch_default"), None);
    let bare = vec![Vec::new(); trials.len()];
    assert_eq!(times_to_target(&trials.all(), &bare, "he_normal"), None);
}

#[test]
fn blocks_are_settings_or_replicates_whichever_are_more() {
    let records = |batch_sizes: &[u32], replicates: u32| {
        let mut all = Vec::new();
        for batch_size in batch_sizes {
            for r in 0..replicates {
                for (i, scheme) in ["a", "b", "c"].into_iter().enumerate() {
                    let mut record = trial(scheme, 0.1, r, (0.5, 0.9 - 0.1 * i as f64), 1);
                    record.coordinates.batch_size = *batch_size;
                    all.push(record);
                }
            }
        }
        all
    };
    let ranks = |records: &[TrialRecord]| average_ranks(&frame(records).0.all());
    let of = |found: &AverageRanks| (found.block, found.test.blocks);
    let found = ranks(&records(&[8], 10)).unwrap();
    assert_eq!(of(&found), (Block::Replicate, 10));
    assert_eq!(
        found.schemes,
        [
            ("a".to_owned(), 1.0),
            ("b".to_owned(), 2.0),
            ("c".to_owned(), 3.0)
        ]
    );
    // Nemenyi's difference is 2.343 sqrt(12 / 60) = 1.05: neighbours are joined, the ends are not.
    assert!((found.test.critical_difference - 1.048).abs() < 1e-3);
    assert_eq!(found.groups, [(0, 1), (1, 2)]);
    let found = ranks(&records(&[8, 16, 32, 64], 3)).unwrap();
    assert_eq!(of(&found), (Block::Setting, 4));
    assert_eq!(ranks(&records(&[8, 16], 2)), None);
}
