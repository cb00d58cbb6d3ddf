use super::*;
use crate::analysis::stats;
use crate::table::example;
use crate::table::record::TrialRecord;

const RATES: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];

/// The trials of a cell whose replicate `r` scores `score(r)` on test data; nothing else is measured.
fn cell(scheme: &str, rate: f64, score: impl Fn(u32) -> f64) -> Vec<TrialRecord> {
    let trial = |replicate| {
        let mut c = example::coordinates();
        (c.scheme, c.learning_rate, c.replicate) = (scheme.into(), rate, replicate);
        (c.weight_seed, c.order_seed) = (replicate, replicate);
        let mut record = example::record(c, 0.5);
        let t = &mut record.trial;
        (t.train_loss, t.train_accuracy, t.test_loss) = (None, None, None);
        (t.validation_loss, t.validation_accuracy) = (None, None);
        (t.best_validation_accuracy, t.best_test_accuracy) = (None, None);
        t.test_accuracy = Some(score(replicate));
        record
    };
    (0..8).map(trial).collect()
}

fn ranked(records: &[TrialRecord]) -> Vec<SchemeScore> {
    let trials = example::frame(records, Some(&example::manifest()));
    rank(&trials.all(), RankingRates::Tuned, "all")
}

/// What replicate `r` adds to every score.
fn luck(r: u32) -> f64 {
    f64::from(r * r % 7) * 0.01
}

/// The second scheme is better at the highest rate and worse at all others.
fn without_validation() -> Vec<TrialRecord> {
    let mut cells = Vec::new();
    for (i, rate) in RATES.into_iter().enumerate() {
        let fall = 0.05 * i as f64;
        cells.extend(cell("first", rate, |r| 0.9 - 2.0 * fall + luck(r)));
        let second = if i == 4 { 0.7 } else { 0.6 - fall };
        cells.extend(cell("second", rate, |r| second + luck(r) / 2.0));
    }
    cells
}

#[test]
fn pooled_rates_pair_at_the_same_rate() {
    let ranking = ranked(&without_validation());
    let [first, second] = &ranking[..] else {
        panic!("{ranking:?}");
    };
    assert_eq!(
        (first.scheme.as_str(), first.trials, first.at_edge),
        ("first", 40, 0)
    );
    let against = second.against_leader.as_ref().unwrap();
    assert_eq!(against.pairs, 40);
    let difference = second.score.value - first.score.value;
    assert!(
        difference < -0.1 && (against.difference - difference).abs() < 1e-12,
        "{against:?} {difference}"
    );
    let interval = against.interval.unwrap();
    assert!(interval.contains(difference) && !second.leads(), "{interval:?}");
}

#[test]
fn pooled_rates_are_compared_at_the_same_rate() {
    // The higher the rate, the better both, by more than the schemes differ: at each rate all
    // trials of the leader win, however many trials at lower rates they would lose to.
    let mut cells = Vec::new();
    for (i, rate) in RATES.into_iter().enumerate() {
        cells.extend(cell("first", rate, |_| 0.1 * i as f64 + 0.05));
        cells.extend(cell("second", rate, |_| 0.1 * i as f64));
    }
    let probability =
        |cells: &[TrialRecord]| ranked(cells).remove(1).against_leader.unwrap().probability.value;
    assert_eq!(probability(&cells), 0.0);
    // Ahead at two rates of the five; a rate that the leader lacks counts for nothing.
    for i in [1, 3] {
        let place = 8 * (2 * i + 1);
        cells.splice(
            place..place + 8,
            cell("second", RATES[i], |_| 0.1 * i as f64 + 0.06),
        );
    }
    assert_eq!(probability(&cells), 0.4);
    cells.extend(cell("second", 3.0, |_| 0.0));
    assert_eq!(probability(&cells), 0.4);
}

#[test]
fn pooled_rates_are_no_replicates() {
    // Every replicate has the same trials: nothing to be unsure about, however the rates differ.
    let cells = RATES
        .map(|rate| cell("only", rate, |_| 1.0 - 0.5 * rate))
        .concat();
    let only = ranked(&cells).remove(0);
    let (score, interval) = (only.score.value, only.score.interval.unwrap());
    assert!(
        (interval.low - score).abs() < 1e-12 && (interval.high - score).abs() < 1e-12,
        "{score} {interval:?}"
    );
}

#[test]
fn schemes_at_their_own_rates_pair_by_seeds_alone() {
    let mut cells = without_validation();
    for record in &mut cells {
        let c = &record.coordinates;
        let best = if c.scheme == "first" { 0.01 } else { 1.0 };
        let quality = if c.learning_rate == best { 0.8 } else { 0.3 };
        record.trial.validation_accuracy = Some(quality);
    }
    let ranking = ranked(&cells);
    assert_eq!((ranking[1].trials, ranking[1].at_edge), (8, 1));
    assert_eq!(ranking[1].against_leader.as_ref().unwrap().pairs, 8);
}

/// Contexts are strata in the order of the tables: batch size 8 before 16, by value.
#[test]
fn schemes_are_averaged_over_contexts_and_tests_pair_within_them() {
    let mut cells = Vec::new();
    for (batch_size, loss) in [(16, 0.2), (8, 0.0)] {
        for (scheme, base) in [("first", 0.9), ("second", 0.85)] {
            let mut trials = cell(scheme, 0.1, |r| base - loss + luck(r));
            trials
                .iter_mut()
                .for_each(|t| t.coordinates.batch_size = batch_size);
            cells.extend(trials);
        }
    }
    let trials = example::frame(&cells, Some(&example::manifest()));
    let ranking = rank(&trials.all(), RankingRates::Fixed(0.1), "all");
    assert_eq!((ranking[0].groups, ranking[0].trials), (2, 16));
    let against = ranking[1].against_leader.as_ref().unwrap();
    assert_eq!((against.pairs, against.groups), (16, 2));
    assert!(against.distinguished && !ranking[1].leads(), "{against:?}");
    // By permutation: both orders of all eight pairs, of 256.
    let p = against.p_value.unwrap();
    assert!((0.001..0.02).contains(&p), "{p}");
    assert_eq!(against.replicates_needed, None);
    assert_eq!(rank(&trials.all(), RankingRates::Fixed(0.2), "all"), []);
    let order: Vec<String> = scores(&trials.all(), RankingRates::Tuned)
        .into_iter()
        .map(|s| s.0)
        .collect();
    assert_eq!(order, ["first", "second"]);
}

/// What is summed for all schemes together has the bits of each scheme's own mean and variance.
#[test]
fn permuted_sums_are_those_of_each_scheme() {
    let mut stream = Identity::new(["permuted sums"]).stream();
    for (schemes, replicates) in [(2, 2), (3, 5), (14, 20), (30, 7)] {
        let values: Vec<Vec<f64>> = (0..schemes)
            .map(|_| (0..replicates).map(|_| stream.unit_f64()).collect())
            .collect();
        let mut table = Permutation::new(&values.iter().collect::<Vec<_>>());
        for _ in 0..5 {
            table.permute(&mut stream);
            table.sum();
            let column = |i: usize| table.values.iter().skip(i).step_by(schemes).copied().collect();
            let columns: Vec<Vec<f64>> = (0..schemes).map(column).collect();
            let means: Vec<f64> = columns.iter().map(|values| mean(values)).collect();
            let variances: Vec<f64> = columns.iter().map(|values| stats::variance(values)).collect();
            assert_eq!((&table.means, &table.variances), (&means, &variances));
            assert_eq!(table.spread(), stats::median(&variances).sqrt());
        }
    }
}
