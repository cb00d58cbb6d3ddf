//! Against rliable, SciPy, NumPy and statsmodels: `tests/fixtures/statistics.json`, made by
//! `tests/scripts/statistics_oracle.py`.

use serde_json::Value;

use super::*;
use compare::{Paired, probability_of_improvement};
use variance::{Crossed, shares};

/// The interval of `statistic` over values that are a unit each.
fn interval_of_singles(
    identity: &Identity,
    values: &[f64],
    statistic: fn(&[f64]) -> f64,
) -> Option<Interval> {
    Estimate::new(identity, Units::single(values.to_vec()), statistic).interval
}

fn fixture() -> Value {
    // Not in the crate's package, which leaves the tests' data out.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/statistics.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

fn close(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    assert!(
        (ours - theirs).abs() <= 1e-9,
        "{what}: {ours} here, {theirs} there"
    );
}

#[test]
fn point_estimates_equal_theirs() {
    for sample in fixture()["samples"].as_array().unwrap() {
        let values = numbers(&sample["values"]);
        close(median(&values), &sample["median"], "median");
        close(interquartile_mean(&values), &sample["iqm"], "iqm");
        close(interquartile_mean(&values), &sample["trim_mean"], "trimmed mean");
        close(mean(&values), &sample["mean"], "mean");
        if values.len() > 1 {
            close(deviation(&values), &sample["std"], "std");
        }
        let sorted = sorted(&values);
        close(quantile(&sorted, 0.025), &sample["percentile_2.5"], "percentile");
        close(quantile(&sorted, 0.975), &sample["percentile_97.5"], "percentile");
    }
}

#[test]
fn probability_of_improvement_equals_theirs() {
    for case in fixture()["improvement"].as_array().unwrap() {
        let ours = probability_of_improvement(&numbers(&case["x"]), &numbers(&case["y"]));
        close(ours, &case["probability"], "probability of improvement");
    }
}

#[test]
fn the_bootstrap_interval_equals_theirs_on_the_same_draws() {
    let fixture = fixture();
    let case = &fixture["bootstrap"];
    let scores: Vec<Vec<f64>> = case["scores"].as_array().unwrap().iter().map(numbers).collect();
    let resamples = case["indices"].as_array().unwrap().iter().map(|drawn| {
        // drawn[i][task] is the run that fills place i of the task.
        let rows: Vec<Vec<f64>> = drawn.as_array().unwrap().iter().map(numbers).collect();
        let values: Vec<f64> = rows
            .iter()
            .flat_map(|row| {
                row.iter()
                    .enumerate()
                    .map(|(task, run)| scores[*run as usize][task])
            })
            .collect();
        interquartile_mean(&values)
    });
    let interval = bootstrap::percentile_interval(resamples.collect(), 0.95);
    close(interval.low, &case["low"], "lower end");
    close(interval.high, &case["high"], "upper end");

    // Our own draws estimate the same interval. Its ends are quantiles of resampled means whose
    // deviation is s; with 2000 and 250 draws their standard errors are about
    // s / phi(1.96) * sqrt(.025 * .975 / n), .06 s and .17 s.
    let strata: Vec<Vec<f64>> = (0..3)
        .map(|t| scores.iter().map(|run| run[t]).collect())
        .collect();
    let identity = Identity::new(["rliable"]);
    let units: Vec<Units<f64>> = strata.into_iter().map(Units::single).collect();
    let ours =
        bootstrap::interval_of_strata(&identity, &units, 0.95, |s| interquartile_mean(&s.concat())).unwrap();
    let s = (interval.high - interval.low) / (2.0 * 1.96);
    assert!(
        (ours.low - interval.low).abs() < 4.0 * 0.18 * s,
        "{ours:?} {interval:?}"
    );
    assert!(
        (ours.high - interval.high).abs() < 4.0 * 0.18 * s,
        "{ours:?} {interval:?}"
    );
}

#[test]
fn performance_profile_equals_theirs() {
    let fixture = fixture();
    let case = &fixture["profile"];
    let runs: Vec<Vec<f64>> = case["times"].as_array().unwrap().iter().map(numbers).collect();
    let strata: Vec<Units<f64>> = (0..runs[0].len())
        .map(|t| Units::single(runs.iter().map(|r| r[t]).collect()))
        .collect();
    let taus = numbers(&case["taus"]);
    let profile = profile::performance_profile(&Identity::new(["profile"]), &strata, &taus);
    for (point, theirs) in profile.iter().zip(case["shares"].as_array().unwrap()) {
        close(point.share, theirs, "share");
        assert!(point.low <= point.share && point.share <= point.high, "{point:?}");
    }
    assert!(
        profile
            .windows(2)
            .all(|w| w[0].low <= w[1].low && w[0].high <= w[1].high)
    );
    let censored = [1.0, f64::INFINITY];
    assert_eq!(profile::share_within(&censored, 1e9), 0.5);
}

#[test]
fn the_paired_interval_equals_theirs() {
    let fixture = fixture();
    let case = &fixture["paired"];
    let pairs: Vec<(f64, f64)> = numbers(&case["x"]).into_iter().zip(numbers(&case["y"])).collect();
    let paired = Paired::new(vec![Units::single(pairs)]);
    close(
        paired.difference(stratified_mean),
        &case["difference"],
        "difference",
    );
    // Theirs is from 100,000 resamples, ours from 2,000: ends within four standard errors of a
    // quantile, see above.
    let ours = paired
        .interval(&Identity::new(["paired"]), 0.95, stratified_mean)
        .unwrap();
    let end = |name: &str| case[name].as_f64().unwrap();
    let s = (end("high") - end("low")) / (2.0 * 1.96);
    assert!((ours.low - end("low")).abs() < 4.0 * 0.06 * s, "{ours:?}");
    assert!((ours.high - end("high")).abs() < 4.0 * 0.06 * s, "{ours:?}");
    assert!(end("unpaired_high") - end("unpaired_low") > 3.0 * (end("high") - end("low")));
}

#[test]
fn what_a_replicate_does_to_both_cancels() {
    // The strata lie far apart and so do the replicates, but each pair differs by exactly -1/4.
    let stratum = |base: f64| (0..5).map(move |i| (base + f64::from(i), base + f64::from(i) + 0.25));
    let paired = Paired::new(
        [0.0, 1000.0]
            .map(|base| Units::single(stratum(base).collect()))
            .to_vec(),
    );
    assert_eq!(paired.count(), 10);
    assert_eq!(paired.difference(stratified_mean), -0.25);
    let interval = paired.interval(&Identity::new(["cancel"]), 0.99, stratified_mean);
    assert_eq!(
        interval,
        Some(Interval {
            low: -0.25,
            high: -0.25
        })
    );
    let single = Paired::new(
        [(1.0, 2.0), (3.0, 4.0)]
            .map(|pair| Units::single(vec![pair]))
            .to_vec(),
    );
    assert_eq!(
        single.interval(&Identity::new(["x"]), 0.95, stratified_mean),
        None
    );
}

#[test]
fn units_are_drawn_whole() {
    let values = [("a", 1.0), ("b", 10.0), ("a", 2.0), ("b", 20.0), ("c", 5.0)];
    let units = Units::grouped(values);
    assert_eq!(
        (units.len(), units.values()),
        (3, &[1.0, 2.0, 10.0, 20.0, 5.0][..])
    );
    // Ascending, whatever the order of units.
    let mut drawn = Vec::new();
    bootstrap::Ascending::new(&units, |x| x).draw_into(&[0, 2, 1], &mut drawn);
    assert_eq!(drawn, [5.0, 10.0, 10.0, 20.0, 20.0]);
    // Values that differ within units and not between them leave nothing uncertain.
    let spread = (0..6).flat_map(|unit| [0.0, 1.0].map(|value| (unit, value)));
    let of = |units: Units<f64>| {
        let identity = Identity::new(["units"]);
        bootstrap::interval_of_strata(&identity, &[units], 0.95, stratified_mean).unwrap()
    };
    let whole = of(Units::grouped(spread.clone()));
    assert_eq!((whole.low, whole.high), (0.5, 0.5));
    let single = of(Units::single(spread.map(|(_, value)| value).collect()));
    assert!(single.low < 0.5 && 0.5 < single.high);
}

#[test]
fn variance_shares_equal_theirs() {
    let fixture = fixture();
    let case = &fixture["variance"];
    let seed = |t: &Value, key: &str| t[key].as_u64().unwrap() as u32;
    let trials: Vec<Crossed> = case["trials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| Crossed {
            weights: seed(t, "weights"),
            order: seed(t, "order"),
            data: seed(t, "data"),
            value: t["value"].as_f64().unwrap(),
        })
        .collect();
    let ours = shares(&trials).unwrap();
    close(ours.weights.unwrap(), &case["shares"]["weights"], "weights");
    close(ours.order.unwrap(), &case["shares"]["order"], "order");
    close(ours.data.unwrap(), &case["shares"]["data"], "data");
    close(ours.rest, &case["shares"]["rest"], "rest");
    close(ours.total, &case["total"], "total");

    // One missing combination, one factor alone, and no spread: no answer rather than a wrong one.
    assert_eq!(shares(&trials[1..]), None);
    let alone: Vec<Crossed> = trials
        .iter()
        .filter(|t| t.order == 0 && t.data == 0)
        .copied()
        .collect();
    assert_eq!(shares(&alone), None);
    let same: Vec<Crossed> = trials.iter().map(|t| Crossed { value: 1.0, ..*t }).collect();
    assert_eq!(shares(&same), None);
}

#[test]
fn by_hand() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
    // Eight values: the lowest two and the highest two go.
    assert_eq!(
        interquartile_mean(&[0.0, 100.0, 1.0, 2.0, 3.0, 4.0, -7.0, 50.0]),
        2.5
    );
    // Each stratum counts alike, however many values it has: (2 + 10) / 2.
    let strata = [vec![1.0, 2.0, 2.0, 90.0], vec![10.0], vec![]];
    assert_eq!(stratified_mean(&strata), 6.0);
    // Two additive factors without any interaction: row means 0 and 10, column means 4, 5, 6.
    let trials: Vec<Crossed> = (0..6)
        .map(|i| Crossed {
            weights: i / 3,
            order: i % 3,
            data: 0,
            value: f64::from(i / 3) * 10.0 + f64::from(i % 3),
        })
        .collect();
    let s = shares(&trials).unwrap();
    // Mean squares: 150 over 3 trials per level is 50; 2 over 2 is 1.
    assert!((s.weights.unwrap() - 50.0 / 51.0).abs() < 1e-12, "{s:?}");
    assert!(
        (s.order.unwrap() - 1.0 / 51.0).abs() < 1e-12 && s.data.is_none(),
        "{s:?}"
    );
}

#[test]
fn infinities_are_worst_not_undefined() {
    let inf = f64::INFINITY;
    // Half way from one that never got there: as bad, in either direction of merit.
    assert_eq!(median(&[255.0, inf]), inf);
    assert_eq!(median(&[-255.0, -inf]), -inf);
    assert_eq!(median(&[0.1, inf, 0.3]), 0.3);
    assert_eq!(median(&[0.1, inf]), inf);
    assert_eq!(median(&[inf, inf]), inf);
    assert_eq!(
        interquartile_mean(&[0.1, 0.2, 0.3, 0.4, inf]),
        (0.2 + 0.3 + 0.4) / 3.0
    );
    let identity = Identity::new(["inf"]);
    let interval = interval_of_singles(&identity, &[0.1, 0.2, inf], median).unwrap();
    assert_eq!((interval.low, interval.high), (0.1, inf));
    // Both lost: no difference. Only one: infinitely worse, or better.
    let lost = |x: f64, y: f64| Paired::new(vec![Units::single(vec![(x, y); 4])]).difference(stratified_mean);
    assert_eq!([lost(inf, inf), lost(inf, 0.5), lost(0.5, inf)], [0.0, inf, -inf]);
}

#[test]
fn an_interval_depends_on_its_own_identity_alone() {
    let values: Vec<f64> = (1..=12).map(|i| f64::from(i * i * i % 97) / 97.0).collect();
    let of = |name: &str| interval_of_singles(&Identity::new([name]), &values, interquartile_mean).unwrap();
    assert_eq!(of("a"), of("a"));
    assert_ne!(of("a"), of("b"));
    assert!(Identity::new(["ab", "c"]).stream().word() != Identity::new(["a", "bc"]).stream().word());
    // Value stability: these bytes stand in committed tables.
    let a = Identity::new(["a"]);
    assert_eq!(drawn_one_by_one(&a, &values, mean), GOLDEN);
    assert_eq!(of("a"), drawn_one_by_one(&a, &values, interquartile_mean));
    assert_eq!(interval_of_singles(&Identity::new(["a"]), &[1.0], median), None);
}

/// Resamples as a textbook draws them: one value after the other, sorted by the statistic.
fn drawn_one_by_one(identity: &Identity, values: &[f64], statistic: fn(&[f64]) -> f64) -> Interval {
    let mut stream = identity.stream();
    let mut draw = || values[stream.below(values.len() as u32) as usize];
    let resamples = (0..bootstrap::DRAWS).map(|_| {
        let resample: Vec<f64> = values.iter().map(|_| draw()).collect();
        statistic(&resample)
    });
    bootstrap::percentile_interval(resamples.collect(), bootstrap::LEVEL)
}

#[test]
fn counting_draws_changes_no_bit() {
    let spread = |i: u32| f64::from(i * i * 31 % 101) / 7.0;
    let ties = |i: u32| f64::from(i % 3);
    let diverged = |i: u32| {
        if i.is_multiple_of(4) {
            f64::INFINITY
        } else {
            spread(i)
        }
    };
    for (name, value) in [
        ("spread", &spread as &dyn Fn(u32) -> f64),
        ("ties", &ties),
        ("diverged", &diverged),
    ] {
        // The last is drawn in several blocks.
        for n in [2, 3, 4, 11, 500] {
            let values: Vec<f64> = (0..n).map(value).collect();
            let identity = Identity::new([name]);
            for statistic in [median, interquartile_mean] {
                let ours = interval_of_singles(&identity, &values, statistic).unwrap();
                let theirs = drawn_one_by_one(&identity, &values, statistic);
                let bits = |i: Interval| (i.low.to_bits(), i.high.to_bits());
                assert_eq!(bits(ours), bits(theirs), "{n} values of {name}");
            }
        }
    }
}

const GOLDEN: Interval = Interval {
    low: 0.25513316151202753,
    high: 0.5360824742268041,
};
