//! Intervals of medians and of shares, and what an interval is.

use super::compare::difference;
use super::student::{beta_quantile, binomial_half, critical};
use super::{Units, deviation, mean, median, sorted};

/// Level of the intervals in tables.
pub const LEVEL: f64 = 0.95;

/// An interval estimate. Either end may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end, in the unit of the figure; may be infinite.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Nothing is known.
    pub const UNBOUNDED: Interval = Interval {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };

    /// From `low` to `high`; unbounded where either is undefined.
    pub fn new(low: f64, high: f64) -> Self {
        match low.is_nan() || high.is_nan() {
            true => Interval::UNBOUNDED,
            false => Interval { low, high },
        }
    }

    /// Whether `x` lies in it, ends included.
    pub fn contains(self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// What of it lies within `bounds`.
    #[must_use]
    pub fn within(self, bounds: Interval) -> Self {
        Interval {
            low: self.low.max(bounds.low).min(bounds.high),
            high: self.high.max(bounds.low).min(bounds.high),
        }
    }

    /// The interval of what the figure is short of `x`.
    #[must_use]
    pub fn short_of(self, x: f64) -> Self {
        Interval::new(x - self.high, x - self.low)
    }

    /// The least interval that holds this one and `x`.
    #[must_use]
    pub fn with(self, x: f64) -> Self {
        Interval {
            low: self.low.min(x),
            high: self.high.max(x),
        }
    }
}

/// A figure with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Its interval at [`LEVEL`]; `None` for fewer than two units.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// The median of the values of `units`, with its interval.
    pub fn median(units: &Units<f64>) -> Self {
        Estimate {
            value: median(units.values()),
            interval: median_interval(units, LEVEL).map(|i| i.interval),
        }
    }

    /// This less `other`, from their intervals: each end is as far away as those of the two say together
    /// (Newcombe 1998, Statistics in Medicine 17, 873-890, method 10; Zou and Donner 2008, ibid. 27,
    /// 1693-1702), which for trials that share seeds is wide rather than narrow.
    #[must_use]
    pub fn less(self, other: Estimate) -> Estimate {
        let value = difference(self.value, other.value);
        let ends = |a: Interval, b: Interval| {
            let below = libm::hypot(self.value - a.low, b.high - other.value);
            let above = libm::hypot(a.high - self.value, other.value - b.low);
            Interval::new(value - below, value + above)
        };
        let interval = self.interval.zip(other.interval).map(|(a, b)| ends(a, b));
        Estimate { value, interval }
    }

    /// The figure and the ends of its interval, for a table: what is not finite has no cell.
    pub fn cells(self) -> (Option<f64>, Option<f64>, Option<f64>) {
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let low = self.interval.and_then(|i| finite(i.low));
        let high = self.interval.and_then(|i| finite(i.high));
        (finite(self.value), low, high)
    }
}

/// The interval at `level` of a probability of which `hits` of `trials` independent trials are known
/// (Clopper and Pearson 1934, Biometrika 26, 404-413): it holds at least as often as it says,
/// whatever the probability. The numbers need not be whole, `trials` may be those that values which
/// hang together are worth.
pub fn share_interval(hits: f64, trials: f64, level: f64) -> Interval {
    let (tail, others) = ((1.0 - level) / 2.0, trials - hits);
    Interval {
        low: if hits <= 0.0 {
            0.0
        } else {
            beta_quantile(tail, hits, others + 1.0)
        },
        high: if others <= 0.0 {
            1.0
        } else {
            beta_quantile(1.0 - tail, hits + 1.0, others)
        },
    }
}

/// The greatest share of values that may lie beyond the least (or beyond the greatest) of
/// `values` independent ones, at `level` (Wilks 1941, Annals of Mathematical Statistics 12, 91-96):
/// it is also the greatest probability of a failure that none of so many trials showed.
pub fn share_beyond(values: usize, level: f64) -> f64 {
    1.0 - libm::pow(1.0 - level, 1.0 / values as f64)
}

/// The interval of the mean of the law that `values`, two or more, are independent draws of, by Student's t of Hall's (1992, J. R.
/// Statist. Soc. B 54, 221-228) cubic transformation, which takes the skewness of the values out of t. It is
/// longer than t's own on the side where a skewed law hides rare values.
pub fn skewed_mean_interval(values: &[f64], level: f64) -> Interval {
    let n = values.len() as f64;
    let centre = mean(values);
    let apart: Vec<f64> = values.iter().map(|x| x - centre).collect();
    let second = mean(&apart.iter().map(|x| x * x).collect::<Vec<_>>());
    let third = mean(&apart.iter().map(|x| x * x * x).collect::<Vec<_>>());
    let error = deviation(values) / n.sqrt();
    let skewness = third / (second * second.sqrt());
    let a = skewness / n.sqrt();
    let quantile = critical(1.0 - level, n - 1.0);
    // g(t) = ((1 + a t / 3)^3 - 1) / a + a / 6 rises with t, and a = 0 leaves t as it is.
    let inverse = |g: f64| match a.abs() < 1e-9 {
        true => g,
        false => 3.0 / a * (libm::cbrt(1.0 + a * (g - a / 6.0)) - 1.0),
    };
    match error > 0.0 {
        true => Interval::new(
            centre - error * inverse(quantile),
            centre - error * inverse(-quantile),
        ),
        false => Interval::new(centre, centre),
    }
}

/// The interval of the mean of a law without the share `trim` of its probability at either end (0.25: the
/// interquartile mean), which holds for independent `values` of any law on `least..=most`. The law lies within
/// a band around that of the values (Dvoretzky, Kiefer and Wolfowitz 1956 with the constant of Massart 1990,
/// Ann. Probab. 18), and the means at the band's edges are its ends (Anderson 1967, for the mean).
pub fn band_interval(values: &[f64], trim: f64, (least, most): (f64, f64), level: f64) -> Interval {
    let n = values.len() as f64;
    let shift = (libm::log(2.0 / (1.0 - level)) / (2.0 * n)).sqrt();
    // The mean of the quantiles from trim + shift to 1 - trim + shift, where those beyond 1 are `end`.
    let mean_beyond = |ascending: &mut dyn Iterator<Item = f64>, end: f64| {
        let (from, to) = (trim + shift, 1.0 - trim + shift);
        let part = |(i, x): (usize, f64)| {
            let overlap = ((i + 1) as f64 / n).min(to) - (i as f64 / n).max(from);
            (overlap > 0.0).then_some(overlap * x)
        };
        let inside: f64 = ascending.enumerate().filter_map(part).sum();
        let beyond = to - from.max(1.0);
        let outside = if beyond > 0.0 { beyond * end } else { 0.0 };
        (inside + outside) / (1.0 - 2.0 * trim)
    };
    let sorted = sorted(values);
    let high = mean_beyond(&mut sorted.iter().copied(), most);
    let low = mean_beyond(&mut sorted.iter().rev().copied(), least);
    Interval::new(low, high)
}

/// The interval of a median, between two of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderInterval {
    pub interval: Interval,
    /// Its level, whatever the distribution of the values: the least that two of them attain and
    /// that is not below the level asked for; less where even the extremes attain less.
    pub level: f64,
    pub values: usize,
}

/// The interval of the median of `values` at `level` (David and Nagaraja 2003, Order Statistics,
/// section 7.1): the k-th lowest to the k-th highest has level 1 - 2 P(X < k), where X is binomial
/// with n and 1/2. `None` for fewer than two values.
pub fn order_interval(values: &[f64], level: f64) -> Option<OrderInterval> {
    let n = values.len();
    if n < 2 || values.iter().any(|x| x.is_nan()) {
        return None;
    }
    let attained = |k: usize| 1.0 - 2.0 * binomial_half(k as u64 - 1, n as u64);
    // The greatest k that will do; the level falls with it.
    let (mut k, mut beyond) = (1, n / 2 + 1);
    while beyond - k > 1 {
        let middle = (k + beyond) / 2;
        match attained(middle) >= level - 1e-12 {
            true => k = middle,
            false => beyond = middle,
        }
    }
    let sorted = sorted(values);
    Some(OrderInterval {
        interval: Interval::new(sorted[k - 1], sorted[n - k]),
        level: attained(k),
        values: n,
    })
}

/// The interval of the median of all values of `units`. Where a unit has several values, it is that
/// of the medians of the units; where units are crossed, the hull of those of the seeds of each
/// factor. It always holds the median itself. `None` for fewer than two units.
pub fn median_interval(units: &Units<f64>, level: f64) -> Option<OrderInterval> {
    if units.are_single() {
        return order_interval(units.values(), level);
    }
    let all = median(units.values());
    let medians = |groups: Vec<Vec<f64>>| -> Option<OrderInterval> {
        let medians: Vec<f64> = groups.iter().map(|values| median(values)).collect();
        order_interval(&medians, level)
    };
    let found = match units.crossing() {
        None => medians(units.each().map(<[f64]>::to_vec).collect())?,
        Some(crossing) => {
            let by_factor = crossing
                .levels()
                .filter_map(|levels| {
                    let mut groups: Vec<Vec<f64>> = Vec::new();
                    for (values, level) in units.each().zip(levels) {
                        groups.resize(groups.len().max(level + 1), Vec::new());
                        groups[level].extend(values);
                    }
                    medians(groups)
                })
                .reduce(|a, b| OrderInterval {
                    interval: a.interval.with(b.interval.low).with(b.interval.high),
                    level: a.level.min(b.level),
                    values: a.values.min(b.values),
                });
            by_factor?
        }
    };
    Some(OrderInterval {
        interval: found.interval.with(all),
        ..found
    })
}
