//! Finite-width ReLU networks under He initialization with zero biases.

#[cfg(test)]
use super::special::{digamma, trigamma};

/// Mean and variance of the change of `ln |h|^2` over one ReLU layer of `width` units under
/// `W ~ N(0, 2/width)`, given that at least one unit is alive.
///
/// With k ~ Bin(width, 1/2) units alive, `|h'|^2 / |h|^2` is `2/width` times a chi-square of k
/// degrees, whose logarithm has mean `ln 2 + psi(k/2)` and variance `psi_1(k/2)`: mean
/// `E[ln(4/width) + psi(k/2)]`, variance `E[psi_1(k/2)] + Var[psi(k/2)]`, about `5/width`. Hanin and
/// Rolnick 2018, arXiv 1803.01719, proves the exponential growth with `sum 1/width`.
#[cfg(test)]
pub fn log_length_increment(width: u32) -> (f64, f64) {
    let n = f64::from(width);
    let (mut mass, mut mean, mut square, mut inner) = (0.0, 0.0, 0.0, 0.0);
    let log_factorial = |k: f64| libm::lgamma(k + 1.0);
    for k in 1..=width {
        let k = f64::from(k);
        let log_choose = log_factorial(n) - log_factorial(k) - log_factorial(n - k);
        let p = libm::exp(log_choose - n * std::f64::consts::LN_2);
        let psi = digamma(0.5 * k);
        mass += p;
        mean += p * psi;
        square += p * psi * psi;
        inner += p * trigamma(0.5 * k);
    }
    let mean_psi = mean / mass;
    let variance = inner / mass + (square / mass - mean_psi * mean_psi);
    (libm::log(4.0 / n) + mean_psi, variance)
}

/// Correlation of two inputs after one wide ReLU layer under He initialization, from their
/// correlation `c` before: `(sqrt(1 - c^2) + c (pi - arccos c)) / pi`. Cho and Saul 2009, eq. 6.
pub fn relu_correlation(c: f64) -> f64 {
    let c = c.clamp(-1.0, 1.0);
    (((1.0 - c) * (1.0 + c)).sqrt() + c * (std::f64::consts::PI - libm::acos(c))) / std::f64::consts::PI
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variances of the log length that PAPERS' own simulation found: 3.14 at n = 20, L = 10 and
    /// 3.31 at n = 50, L = 30, theory 3.118 and 3.245.
    #[test]
    fn log_length_variance() {
        assert!((10.0 * log_length_increment(20).1 - 3.118).abs() < 1e-3);
        assert!((30.0 * log_length_increment(50).1 - 3.245).abs() < 1e-3);
        let (mean, variance) = log_length_increment(1000);
        assert!((variance * 1000.0 - 5.0).abs() < 0.05, "{variance}");
        // ln E = 0, so the mean is about -variance / 2.
        assert!((mean + variance / 2.0).abs() < 1e-4, "{mean}");
    }

    #[test]
    fn relu_map_is_the_arc_cosine_kernel() {
        assert_eq!(relu_correlation(1.0), 1.0);
        assert!((relu_correlation(0.0) - 1.0 / std::f64::consts::PI).abs() < 1e-15);
        assert!(relu_correlation(-1.0).abs() < 1e-15);
        // Expansion about 1: c' = c + (2 sqrt 2 / 3 pi) (1 - c)^(3/2) + ...
        let c = 1.0 - 1e-6;
        let expected = c + 2.0 * std::f64::consts::SQRT_2 / (3.0 * std::f64::consts::PI) * 1e-9;
        assert!((relu_correlation(c) - expected).abs() < 1e-14);
    }
}
