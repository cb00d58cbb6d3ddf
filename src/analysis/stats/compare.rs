//! Comparing two schemes.

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

/// `x - y`, where two equal infinities (both trials diverged) differ by nothing.
pub fn difference(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { x - y }
}
