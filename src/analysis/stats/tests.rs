//! Against rliable, SciPy, NumPy and statsmodels: `tests/fixtures/statistics.json`, made by
//! `tests/scripts/statistics_oracle.py`.

use serde_json::Value;

use super::*;
use budget::expected_best;
use compare::{Advantage, difference, wins};
use friedman::Friedman;
use interval::{
    Interval, band_interval, median_interval, order_interval, share_beyond, share_interval,
    skewed_mean_interval,
};
use student::{binomial_half, critical, two_sided};
use variance::{Crossed, shares};

fn fixture() -> Value {
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
        let pairs = numbers(&case["x"]).into_iter().zip(numbers(&case["y"]));
        let won: Vec<f64> = pairs.map(wins).collect();
        close(mean(&won), &case["probability"], "probability of improvement");
    }
    assert_eq!(wins((f64::INFINITY, f64::INFINITY)), 0.5);
    let said = |low: f64, high: f64| Advantage::of(Interval { low, high });
    assert_eq!(said(0.5, 1.0), Advantage::NotShown);
    assert_eq!(said(0.51, 0.75), Advantage::Slight);
    assert_eq!(said(0.51, 0.76), Advantage::Meaningful);
}

#[test]
fn other_measures_equal_theirs() {
    let fixture = fixture();
    let case = &fixture["gap"];
    let tasks = case["scores"].as_array().unwrap().iter().map(numbers);
    let gaps: Vec<f64> = tasks.map(|runs| 1.0 - mean(&runs)).collect();
    close(mean(&gaps), &case["gap"], "optimality gap");
    for case in fixture["budgets"].as_array().unwrap() {
        let ranked = numbers(&case["ranked"]);
        for (i, theirs) in case["expected"].as_array().unwrap().iter().enumerate() {
            close(expected_best(&ranked, i + 1), theirs, "expected best");
        }
    }
    for case in fixture["friedman"].as_array().unwrap() {
        let blocks: Vec<Vec<f64>> = case["blocks"].as_array().unwrap().iter().map(numbers).collect();
        let ours = Friedman::new(&blocks).unwrap();
        for (rank, theirs) in ours.ranks.iter().zip(case["ranks"].as_array().unwrap()) {
            close(*rank, theirs, "average rank");
        }
        close(ours.chi_squared, &case["chi_squared"], "Friedman's statistic");
        close(ours.p_value, &case["p_value"], "its probability");
        close(
            ours.critical_difference,
            &case["critical_difference"],
            "critical difference",
        );
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
fn yuens_t_equals_theirs() {
    for case in fixture()["yuen"].as_array().unwrap() {
        let effects = Effects::interquartile_mean(&Units::single(numbers(&case["values"])));
        let (error, _) = effects.standard_error().unwrap();
        close(effects.value() / error, &case["t"], "t");
        close(effects.p_value().unwrap(), &case["p_value"], "p");
    }
}

#[test]
fn intervals_of_medians_equal_theirs() {
    for case in fixture()["median"].as_array().unwrap() {
        let level = case["level"].as_f64().unwrap();
        let found = order_interval(&numbers(&case["values"]), level).unwrap();
        close(found.interval.low, &case["low"], "lower end");
        close(found.interval.high, &case["high"], "upper end");
        assert!(found.level >= level);
    }
}

#[test]
fn intervals_of_shares_equal_theirs() {
    let fixture = fixture();
    for case in fixture["clopper_pearson"].as_array().unwrap() {
        let number = |key: &str| case[key].as_f64().unwrap();
        let found = share_interval(number("hits"), number("trials"), number("level"));
        close(found.low, &case["low"], "lower end");
        close(found.high, &case["high"], "upper end");
    }
    for case in fixture["newcombe"].as_array().unwrap() {
        let share = |key: &str| {
            let ends = numbers(&case[format!("{key}_interval")]);
            Estimate {
                value: case[key].as_f64().unwrap(),
                interval: Some(Interval::new(ends[0], ends[1])),
            }
        };
        let found = share("x").less(share("y")).interval.unwrap();
        close(found.low, &case["low"], "lower end");
        close(found.high, &case["high"], "upper end");
    }
    // What none of n trials showed, and what all of them do, is the one-sided bound.
    let at = |trials: u32| share_interval(0.0, f64::from(trials), 0.9).high;
    assert!((share_beyond(5, 0.95) - at(5)).abs() < 1e-12);
    assert!((share_beyond(14, 0.95) - at(14)).abs() < 1e-12);
}

/// An accuracy, a difference of two and an average stay within what they can be; a loss is at least 0.
#[test]
fn intervals_end_where_figures_do() {
    let of = |values: [f64; 4]| Effects::interquartile_mean(&Units::single(values.to_vec()));
    let (good, bad) = (of([0.9, 0.97, 0.99, 1.0]), of([0.1, 0.1, 0.2, 0.9]));
    let free = good.interval(0.95).unwrap();
    assert!(free.high > 1.0);
    let (good, bad) = (good.within((0.0, 1.0)), bad.within((0.0, 1.0)));
    let cut = good.interval(0.95).unwrap();
    assert_eq!((cut.low, cut.high), (free.low, 1.0));
    let difference = good.clone().plus(-1.0, &bad).interval(0.99).unwrap();
    assert!(difference.low >= -1.0 && difference.high <= 1.0, "{difference:?}");
    let ten = vec![good.clone(); 10];
    let average = Effects::average(&ten).unwrap().interval(0.95).unwrap();
    assert_eq!(average.high, 1.0);
    let loss = of([0.01, 0.02, 0.5, 0.9]).within((0.0, f64::INFINITY));
    assert_eq!(loss.interval(0.99).unwrap().low, 0.0);
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
    let interval = order_interval(&[0.1, 0.2, inf], 0.75).unwrap();
    assert_eq!((interval.interval.low, interval.interval.high), (0.1, inf));
    // A stray infinity is trimmed; where it is not, the interval reaches from the least value to it.
    let iqm = |values: &[f64]| Effects::interquartile_mean(&Units::single(values.to_vec())).interval(0.95);
    assert!(iqm(&[0.1, 0.2, 0.3, 0.4, inf]).unwrap().high.is_finite());
    assert_eq!(iqm(&[0.1, 0.2, inf]), Some(Interval { low: 0.1, high: inf }));
    assert_eq!(iqm(&[inf; 5]), Some(Interval { low: inf, high: inf }));
    // Both lost: no difference. Only one: infinitely worse, or better.
    assert_eq!(
        [difference(inf, inf), difference(inf, 0.5), difference(0.5, inf)],
        [0.0, inf, -inf]
    );
}

/// SciPy: `stats.t.sf(t, df) * 2`, `stats.t.ppf(1 - tail / 2, df)`, `stats.binom.cdf(k, n, .5)`.
#[test]
fn laws_equal_theirs() {
    let fixture = fixture();
    for case in fixture["student"].as_array().unwrap() {
        let (t, freedom) = (case["t"].as_f64().unwrap(), case["freedom"].as_f64().unwrap());
        let theirs = case["two_sided"].as_f64().unwrap();
        // Beyond that, logarithms of the gamma function cancel.
        if theirs < 1e-15 {
            continue;
        }
        assert!((two_sided(t, freedom) / theirs - 1.0).abs() < 1e-9, "{case}");
        assert!((critical(theirs, freedom) / t - 1.0).abs() < 1e-9, "{case}");
    }
    for case in fixture["binomial"].as_array().unwrap() {
        let (k, n) = (case["k"].as_u64().unwrap(), case["n"].as_u64().unwrap());
        let theirs = case["at_most"].as_f64().unwrap();
        assert!((binomial_half(k, n) / theirs - 1.0).abs() < 1e-9, "{case}");
    }
    assert_eq!(two_sided(f64::INFINITY, 3.0), 0.0);
    assert_eq!(critical(1.0, 3.0), 0.0);
    // Value stability: these bytes stand in committed tables.
    assert_eq!([critical(0.05, 2.0), critical(0.05, 4.0)], CRITICAL);
}

/// Against `scipy.stats.ttest_1samp(...).confidence_interval()`, `ttest_rel`, `ttest_1samp(trim=...)`
/// (Yuen) and `scipy.stats.quantile_test(...).confidence_interval()`.
#[test]
fn intervals_equal_theirs() {
    let fixture = fixture();
    for case in fixture["intervals"].as_array().unwrap() {
        let values = numbers(&case["values"]);
        let units = Units::single(values.clone());
        let mean = Effects::mean(&units).interval(0.95).unwrap();
        close(mean.low, &case["mean_low"], "mean");
        close(mean.high, &case["mean_high"], "mean");
        let iqm = Effects::interquartile_mean(&units).interval(0.95).unwrap();
        close(iqm.low, &case["iqm_low"], "iqm");
        close(iqm.high, &case["iqm_high"], "iqm");
        let median = order_interval(&values, 0.95).unwrap();
        close(median.interval.low, &case["median_low"], "median");
        close(median.interval.high, &case["median_high"], "median");
    }
    let case = &fixture["paired"];
    let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
    let mean = |values: &[f64]| Effects::mean(&Units::single(values.to_vec()));
    let paired = mean(&x).plus(-1.0, &mean(&y));
    close(paired.p_value().unwrap(), &case["p_value"], "p");
    close(paired.interval(0.95).unwrap().low, &case["low"], "lower end");
    close(paired.interval(0.95).unwrap().high, &case["high"], "upper end");
}

#[test]
fn few_values_and_equal_ones() {
    let iqm = |values: &[f64]| Effects::interquartile_mean(&Units::single(values.to_vec())).interval(0.95);
    assert_eq!(iqm(&[1.0]), None);
    assert_eq!(order_interval(&[1.0], 0.95), None);
    assert_eq!(iqm(&[0.5; 4]), Some(Interval { low: 0.5, high: 0.5 }));
    // Of two values: one degree of freedom, 12.7 standard errors.
    let two = iqm(&[0.0, 1.0]).unwrap();
    assert!((two.high - 0.5 - 12.7062047 / 2.0).abs() < 1e-6, "{two:?}");
    // Five values give at most 93.75%, whatever is asked for; eight give 99.2%, nine 96.1% without the
    // extremes.
    let of = |n: u32| order_interval(&(0..n).map(f64::from).collect::<Vec<_>>(), 0.95).unwrap();
    assert_eq!(
        (of(5).level, of(5).interval.low, of(5).interval.high),
        (0.9375, 0.0, 4.0)
    );
    assert_eq!((of(8).interval.low, of(8).interval.high), (0.0, 7.0));
    assert_eq!((of(9).interval.low, of(9).interval.high), (1.0, 7.0));
    assert!((of(9).level - 0.9609375).abs() < 1e-12);
}

#[test]
fn what_a_replicate_does_to_both_cancels_and_to_several_cells_adds_up() {
    // The replicates lie far apart, but each pair differs by exactly -1/4.
    let units = |shift: f64| Units::single((0..5).map(|i| f64::from(i) + shift).collect());
    let cancels = Effects::mean(&units(0.0)).plus(-1.0, &Effects::mean(&units(0.25)));
    assert_eq!(
        cancels.interval(0.99),
        Some(Interval {
            low: -0.25,
            high: -0.25
        })
    );
    // Ten cells with the same luck of the replicates are known as badly as one.
    let cells: Vec<Effects> = (0..10)
        .map(|i| Effects::interquartile_mean(&units(f64::from(i))))
        .collect();
    let all = Effects::average(&cells).unwrap();
    let width = |e: &Effects| e.interval(0.95).map(|i| i.high - i.low).unwrap();
    assert!((width(&all) / width(&cells[0]) - 1.0).abs() < 1e-9);
    assert_eq!(all.value(), 6.5);
    // Values that differ within units and not between them leave nothing uncertain.
    let spread = (0..6).flat_map(|unit| [0.0, 1.0].map(|value| ([unit, 0, 0, 0], value)));
    let units = Units::of_units(spread);
    assert_eq!((units.len(), units.values().len()), (6, 12));
    let whole = Effects::interquartile_mean(&units).interval(0.95);
    assert_eq!(whole, Some(Interval { low: 0.5, high: 0.5 }));
    let medians = median_interval(&units, 0.95).unwrap();
    assert_eq!((medians.interval.low, medians.interval.high), (0.5, 0.5));
}

const CRITICAL: [f64; 2] = [4.302652729749464, 2.7764451051977943];

#[test]
fn a_band_holds_the_mean_of_any_law() {
    // ln(2 / (1 - level)) = 1 and n = 8: the band is 1/4 wide.
    let level = 1.0 - 2.0 / std::f64::consts::E;
    let values: Vec<f64> = (1..=8).map(|i| f64::from(i) / 10.0).collect();
    let close = |found: Interval, low: f64, high: f64| {
        assert!(
            (found.low - low).abs() < 1e-12 && (found.high - high).abs() < 1e-12,
            "{found:?}"
        );
    };
    close(band_interval(&values, 0.0, (0.0, 1.0), level), 0.2625, 0.6625);
    close(band_interval(&values, 0.25, (0.0, 1.0), level), 0.25, 0.65);
    // Not even the ends matter where less is cut off than the band is wide.
    let unbounded = (f64::NEG_INFINITY, f64::INFINITY);
    assert_eq!(band_interval(&values, 0.0, unbounded, level), Interval::UNBOUNDED);
    close(band_interval(&values, 0.25, unbounded, level), 0.25, 0.65);
    // Five trials of which none has failed say little of how many fail.
    let found = band_interval(&[0.9; 5], 0.0, (0.0, 1.0), 0.95);
    assert!(found.low < 0.4 && found.high < 0.97, "{found:?}");
}

#[test]
fn an_interval_that_allows_for_skewness_is_hall_s() {
    let level = 0.99;
    let symmetric = [0.1, 0.2, 0.3, 0.4, 0.5];
    let (hall, t) = (
        skewed_mean_interval(&symmetric, level),
        Effects::mean(&Units::single(symmetric.to_vec()))
            .interval(level)
            .unwrap(),
    );
    assert!(
        (hall.low - t.low).abs() < 1e-12 && (hall.high - t.high).abs() < 1e-12,
        "{hall:?} {t:?}"
    );
    // Two trials of twenty fail.
    let values: Vec<f64> = (0..20)
        .map(|i| if i < 2 { 0.3 } else { 0.9 + 0.001 * f64::from(i) })
        .collect();
    let (hall, n) = (skewed_mean_interval(&values, level), values.len() as f64);
    let (centre, error) = (mean(&values), deviation(&values) / n.sqrt());
    let third: f64 = values
        .iter()
        .map(|x| (x - centre) * (x - centre) * (x - centre))
        .sum::<f64>()
        / n;
    let second: f64 = values.iter().map(|x| (x - centre) * (x - centre)).sum::<f64>() / n;
    let a = third / (second * second.sqrt()) / n.sqrt();
    for (end, quantile) in [
        (hall.low, critical(1.0 - level, n - 1.0)),
        (hall.high, -critical(1.0 - level, n - 1.0)),
    ] {
        let t = (centre - end) / error;
        let transformed = t + a / 3.0 * t * t + a * a / 27.0 * t * t * t + a / 6.0;
        assert!((transformed - quantile).abs() < 1e-9, "{transformed} {quantile}");
    }
    let t = Effects::mean(&Units::single(values)).interval(level).unwrap();
    assert!(hall.low < t.low - 0.05, "{hall:?} {t:?}");
}
