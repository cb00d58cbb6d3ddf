//! Proportions: their binomial deviation and interval, and how many samples accuracies are fractions of.

use super::effects::Effects;
use super::interval::{Interval, LEVEL, share_interval};
use super::student::critical;

/// The deviation of the fraction of `n` independent samples of which each counts with probability `p`:
/// sqrt(p (1 - p) / n).
pub fn binomial_deviation(p: f64, n: f64) -> f64 {
    (p * (1.0 - p) / n).max(0.0).sqrt()
}

/// The interval at [`LEVEL`] of a proportion that is the mean of `count` values in units which hang
/// together: that of [`share_interval`] for as many independent values as would have its
/// standard error, at most `count`, less where there are few units (Korn and Graubard 1998, Survey
/// Methodology 24, 193-201). `None` for fewer than two units.
pub fn clustered_proportion(proportion: &Effects, count: usize) -> Option<Interval> {
    let (error, freedom) = proportion.standard_error()?;
    let (p, count) = (proportion.value().clamp(0.0, 1.0), count as f64);
    let independent = match error > 0.0 && p * (1.0 - p) > 0.0 {
        true => p * (1.0 - p) / (error * error),
        false => count,
    };
    let few = critical(1.0 - LEVEL, count - 1.0) / critical(1.0 - LEVEL, freedom);
    let effective = (independent * few * few).min(count);
    Some(share_interval(p * effective, effective, LEVEL))
}

/// The least n up to `most` of which all `fractions` are whole parts: how many samples they were counted
/// on. `None` where there is none, and where all are 0 or 1, which tells nothing.
pub fn counted_on(fractions: &[f64], most: u32) -> Option<u32> {
    let telling = fractions.iter().any(|x| *x > 0.0 && *x < 1.0);
    // What the rounding of a fraction leaves, for up to a million samples.
    let is_whole = |k: f64| (k - k.round()).abs() < 1e-9;
    let whole = |n: &u32| fractions.iter().all(|x| is_whole(x * f64::from(*n)));
    (1..=most).find(whole).filter(|_| telling)
}

#[cfg(test)]
mod tests {
    use super::super::Units;
    use super::*;

    #[test]
    fn the_number_of_samples_is_found() {
        let of = |n: u32, counts: &[u32]| -> Vec<f64> {
            counts.iter().map(|k| f64::from(*k) / f64::from(n)).collect()
        };
        assert_eq!(counted_on(&of(359, &[337, 20, 359]), 1797), Some(359));
        assert_eq!(counted_on(&of(10_000, &[9_871, 9_800]), 70_000), Some(10_000));
        // Half of any even number, but two thirds too.
        assert_eq!(counted_on(&of(6, &[3, 4]), 100), Some(6));
        assert_eq!(counted_on(&of(1, &[0, 1]), 100), None);
        assert_eq!(counted_on(&[0.1234567], 1000), None);
        // 0.9 of 359 samples: the square root of 0.09 / 359.
        assert!((binomial_deviation(0.9, 359.0) - 0.015_833_3).abs() < 1e-6);
        assert_eq!(binomial_deviation(1.0, 359.0), 0.0);
    }

    #[test]
    fn values_that_hang_together_count_less() {
        // Five units of four values: all alike within a unit, or spread over the units.
        let units = |value: fn(u32, u32) -> f64| {
            Units::of_units((0..20).map(move |i| ([i / 4, 0, 0, 0], value(i / 4, i % 4))))
        };
        let width = |units: &Units<f64>| {
            let interval = clustered_proportion(&Effects::mean(units), 20).unwrap();
            assert!(interval.contains(Effects::mean(units).value()), "{interval:?}");
            interval.high - interval.low
        };
        let alike = units(|unit, _| f64::from(u8::from(unit < 2)));
        let spread = units(|unit, i| f64::from(u8::from((unit + 2 * i) % 5 < 2)));
        assert!(
            width(&alike) > 0.8 && width(&spread) < width(&alike),
            "{}",
            width(&spread)
        );
        // Five of five in one setting: as exact as the sign test, 0.025^(1/5).
        let five = Units::single(vec![1.0; 5]);
        let interval = clustered_proportion(&Effects::mean(&five), 5).unwrap();
        assert!((interval.low - 0.478_176_2).abs() < 1e-6 && interval.high == 1.0);
        assert_eq!(
            clustered_proportion(&Effects::mean(&Units::single(vec![1.0])), 1),
            None
        );
    }
}
