//! Comparing two schemes, and many at once.

use super::bootstrap::{self, Identity, Interval};
use super::median;

/// Probability that a trial of `x` scores above one of `y`, ties counted half: the Mann-Whitney
/// statistic over the number of pairs (rliable's `probability_of_improvement` for one task). NaN
/// if either is empty.
pub fn probability_of_improvement(x: &[f64], y: &[f64]) -> f64 {
    let mut halves = 0u64;
    for a in x {
        for b in y {
            halves += if a > b { 2 } else { u64::from(a == b) };
        }
    }
    halves as f64 / (2 * x.len() * y.len()) as f64
}

/// What paired trials say about `x - y`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    /// Number of pairs.
    pub pairs: usize,
    /// Median of the differences.
    pub median: f64,
    /// 95% bootstrap interval of that median over pairs; `None` for fewer than two.
    pub interval: Option<Interval>,
    /// Two-sided p-value of the sign-flip test of the mean, see [`sign_flip_p`].
    pub p: f64,
}

/// Compares pairs `(x, y)` that share replicate, order and data.
pub fn paired_difference(identity: &Identity, pairs: &[(f64, f64)]) -> PairedDifference {
    let differences: Vec<f64> = pairs.iter().map(|(x, y)| difference(*x, *y)).collect();
    PairedDifference {
        pairs: pairs.len(),
        median: median(&differences),
        interval: bootstrap::interval(&identity.clone().and(["paired"]), &differences, median),
        p: sign_flip_p(identity, &differences),
    }
}

/// `x - y`, where two equal infinities (both trials diverged) differ by nothing.
pub fn difference(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { x - y }
}

/// Two-sided p-value of the hypothesis that differences are symmetric about 0: the share of the
/// 2^n ways to flip their signs whose sum is at least as far from 0. Exact up to 16 differences;
/// beyond, from 20,000 random flips with the observed one counted in. 1 for no differences, or
/// where an infinite one leaves the sum without meaning.
///
/// With 5 pairs the least possible value is 2/32: no five replicates are significant at 0.05 by
/// this test, and that is the truth about five replicates.
pub fn sign_flip_p(identity: &Identity, differences: &[f64]) -> f64 {
    let n = differences.len();
    if n == 0 || differences.iter().any(|d| !d.is_finite()) {
        return 1.0;
    }
    let observed = differences.iter().sum::<f64>().abs();
    // Sums of the same numbers in another order differ by rounding; ties must stay ties.
    let threshold = observed - 1e-12 * differences.iter().map(|d| d.abs()).sum::<f64>();
    let extreme = |flip: &dyn Fn(usize) -> bool| {
        let sum: f64 = differences
            .iter()
            .enumerate()
            .map(|(i, d)| if flip(i) { -d } else { *d })
            .sum();
        u32::from(sum.abs() >= threshold)
    };
    if n <= 16 {
        let count: u32 = (0..1u32 << n).map(|mask| extreme(&|i| mask >> i & 1 == 1)).sum();
        return f64::from(count) / f64::from(1u32 << n);
    }
    let mut stream = identity.clone().and(["sign flips"]).stream();
    let draws = 20_000;
    let mut flips = vec![false; n];
    let mut count = 1;
    for _ in 0..draws {
        flips.iter_mut().for_each(|f| *f = stream.word() >> 31 == 1);
        count += extreme(&|i| flips[i]);
    }
    f64::from(count) / f64::from(draws + 1)
}

/// Holm's step-down adjustment: p-values that may be compared with one level however many
/// hypotheses there are (Holm 1979; statsmodels' `multipletests(method="holm")`). In the order
/// given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut floor = 0.0f64;
    for (rank, i) in order.iter().enumerate() {
        floor = floor.max(p[*i] * (p.len() - rank) as f64).min(1.0);
        adjusted[*i] = floor;
    }
    adjusted
}
