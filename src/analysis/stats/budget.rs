//! The expected best score of a few tries out of many.

/// The probability that the first, second, ... best of `tries` is the best of `budget` of them that are
/// drawn at random, none twice: C(n - i, k - 1) / C(n, k) for the i-th best of n. The unbiased form
/// (Tang et al. 2020, "Showing Your Work Doesn't Always Work", arXiv:2004.13705) of the expected
/// maximum (Dodge et al. 2019, "Show Your Work", arXiv:1909.03004), whose own form draws with
/// replacement and is too low. Empty unless 1 <= `budget` <= `tries`.
pub fn chance_of_best(tries: usize, budget: usize) -> Vec<f64> {
    if budget == 0 || budget > tries {
        return Vec::new();
    }
    let (n, k) = (tries as f64, budget as f64);
    let mut chance = k / n;
    (0..tries)
        .map(|i| {
            let this = chance;
            let left = n - 1.0 - i as f64;
            chance *= ((left + 1.0 - k) / left.max(1.0)).max(0.0);
            this
        })
        .collect()
}

/// The expected score of the best of `budget` tries, `ranked` from the best to the worst (which may be
/// by another figure than the score). NaN unless 1 <= `budget` <= the number of tries.
pub fn expected_best(ranked: &[f64], budget: usize) -> f64 {
    let chances = chance_of_best(ranked.len(), budget);
    if chances.is_empty() {
        return f64::NAN;
    }
    // A score that cannot come counts nothing, though it be infinite.
    let parts = chances.iter().zip(ranked).filter(|(chance, _)| **chance > 0.0);
    parts.map(|(chance, score)| chance * score).sum()
}

/// The weighted mean of the expected best scores at budgets 1 to K, with weights that fall linearly from
/// K to 1, which is our choice: early budgets count most. The idea of such a mean over budgets is that of
/// Sivaprasad et al. 2020 (arXiv:1910.11758). NaN for none.
pub fn tunability(curve: &[f64]) -> f64 {
    let count = curve.len();
    let weights = (1..=count).rev().map(|w| w as f64);
    let total = (count * (count + 1)) as f64 / 2.0;
    let weighted: f64 = weights.zip(curve).map(|(weight, score)| weight * score).sum();
    weighted / total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_cases_by_hand() {
        assert_eq!(chance_of_best(3, 1), [1.0 / 3.0; 3]);
        assert_eq!(chance_of_best(3, 3), [1.0, 0.0, 0.0]);
        // Of the three pairs two hold the best, one the two others.
        let two = chance_of_best(3, 2);
        assert!((two[0] - 2.0 / 3.0).abs() < 1e-15 && (two[1] - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(two[2], 0.0);
        assert!((expected_best(&[0.9, 0.6, 0.0], 2) - 0.8).abs() < 1e-15);
        // The worst of three is never the best of two.
        assert!((expected_best(&[0.1, 0.4, f64::INFINITY], 2) - 0.2).abs() < 1e-15);
        assert_eq!(expected_best(&[0.1, f64::INFINITY], 1), f64::INFINITY);
        assert!(expected_best(&[0.1], 2).is_nan() && expected_best(&[], 0).is_nan());
        // (3 x 0.5 + 2 x 0.8 + 1 x 0.9) / 6.
        assert!((tunability(&[0.5, 0.8, 0.9]) - 4.0 / 6.0).abs() < 1e-15);
    }
}
