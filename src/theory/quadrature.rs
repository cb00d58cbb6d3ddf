//! Expectations over normal variables.
//!
//! Activation functions are smooth but for a kink at 0, where Gauss-Hermite quadrature loses its
//! accuracy. [`normal_mean`] therefore integrates either side of 0 by Gauss-Legendre panels; the
//! tests hold it to Gauss-Hermite where both apply.

use std::sync::OnceLock;

/// Beyond this many standard deviations the normal density is below 1e-31.
const REACH: f64 = 12.0;
/// Ends of the panels on either side of a kink, by their distance from it: narrow near it, because
/// there the mean over a strongly correlated second variable bends sharply.
const GRADES: [f64; 11] = [0.0, 0.02, 0.1, 0.4, 1.2, 2.6, 4.5, 7.0, 12.0, 18.0, 24.0];
/// Nodes per panel.
const NODES: usize = 12;

/// A quadrature rule: pairs of node and weight.
pub type Rule = Vec<(f64, f64)>;

/// Gauss-Legendre quadrature of `n` nodes on [-1, 1]; weights sum to 2.
pub fn gauss_legendre(n: usize) -> Rule {
    roots_by_interlacing(n, 1.0, legendre)
        .into_iter()
        .map(|x| {
            let norm: f64 = (0..n).map(|k| legendre(k, x)).map(|p| p * p).sum();
            (x, 2.0 / norm)
        })
        .collect()
}

/// Legendre polynomial of degree `n`, orthonormal under the uniform law on [-1, 1].
fn legendre(n: usize, x: f64) -> f64 {
    let (mut previous, mut current) = (0.0, 1.0);
    for k in 0..n {
        let k = k as f64;
        let next = ((2.0 * k + 1.0) * x * current - k * previous) / (k + 1.0);
        (previous, current) = (current, next);
    }
    current * (2.0 * n as f64 + 1.0).sqrt()
}

/// All roots of the polynomial of degree `n` of an orthogonal family within (-bound, bound), by
/// bisection between the roots of the degree below.
fn roots_by_interlacing(n: usize, bound: f64, polynomial: fn(usize, f64) -> f64) -> Vec<f64> {
    let mut roots: Vec<f64> = Vec::new();
    for degree in 1..=n {
        let mut ends = vec![-bound];
        ends.extend(&roots);
        ends.push(bound);
        roots = ends
            .windows(2)
            .map(|pair| bisect(pair[0], pair[1], |x| polynomial(degree, x)))
            .collect();
    }
    roots
}

/// A root of `f` in `[low, high]`, where `f` changes its sign, to the last bit or so.
pub fn bisect(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let negative_low = f(low) < 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if (f(middle) < 0.0) == negative_low {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

fn panel() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| gauss_legendre(NODES))
}

/// `E[f(z)]` for standard normal `z`, where `f` may have a kink at `kink`.
pub fn normal_mean_around(kink: f64, f: impl Fn(f64) -> f64) -> f64 {
    let kink = kink.clamp(-REACH, REACH);
    let mut sum = 0.0;
    for side in [-1.0, 1.0] {
        let length = REACH - side * kink;
        for ends in GRADES.windows(2) {
            let (near, far) = (ends[0], ends[1].min(length));
            if near >= length {
                break;
            }
            let (centre, half) = (0.5 * (near + far), 0.5 * (far - near));
            for &(x, w) in panel() {
                let z = kink + side * (centre + half * x);
                sum += half * w * f(z) * density(z);
            }
        }
    }
    sum
}

/// `E[f(z)]` for standard normal `z`, where `f` may have a kink at 0.
pub fn normal_mean(f: impl Fn(f64) -> f64) -> f64 {
    normal_mean_around(0.0, f)
}

/// `E[f(u) f(v)]` for standard normal `u`, `v` of correlation `c`, where `f` may have a kink at 0.
pub fn correlated_mean(c: f64, f: impl Fn(f64) -> f64) -> f64 {
    if c >= 1.0 {
        return normal_mean(|u| f(u) * f(u));
    }
    if c <= -1.0 {
        return normal_mean(|u| f(u) * f(-u));
    }
    let s = ((1.0 - c) * (1.0 + c)).sqrt();
    normal_mean(|u| f(u) * normal_mean_around(-c * u / s, |w| f(c * u + s * w)))
}

fn density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gauss-Hermite quadrature of `n` nodes for the standard normal: `E[f(z)]` is about
    /// `sum w f(x)`, exact for polynomials up to degree `2n - 1`. Nodes ascending, weights sum to 1.
    /// `n` from 1 to about 100.
    ///
    /// Newton's method on the orthonormal (probabilists') Hermite polynomials, from Sturm-like
    /// bracketing: the roots of degree n interlace with those of degree n - 1.
    fn gauss_hermite(n: usize) -> Rule {
        roots_by_interlacing(n, 2.0 * (n as f64).sqrt() + 2.0, hermite)
            .into_iter()
            .map(|x| {
                // w = 1 / sum_(k<n) h_k(x)^2 for orthonormal h_k with h_0 = 1.
                let norm: f64 = (0..n).map(|k| hermite(k, x)).map(|h| h * h).sum();
                (x, 1.0 / norm)
            })
            .collect()
    }

    /// Hermite polynomial of degree `n`, orthonormal under the standard normal.
    fn hermite(n: usize, x: f64) -> f64 {
        let (mut previous, mut current) = (0.0, 1.0);
        for k in 0..n {
            let k = k as f64;
            let next = (x * current - k.sqrt() * previous) / (k + 1.0).sqrt();
            (previous, current) = (current, next);
        }
        current
    }

    #[test]
    fn the_rules_integrate_moments_exactly() {
        for n in [1, 2, 5, 16, 40] {
            let rule = gauss_hermite(n);
            assert_eq!(rule.len(), n);
            let moment = |k: i32| {
                rule.iter()
                    .map(|(x, w)| w * libm::pow(*x, f64::from(k)))
                    .sum::<f64>()
            };
            assert!((moment(0) - 1.0).abs() < 1e-13, "{n}");
            if n >= 2 {
                assert!((moment(2) - 1.0).abs() < 1e-12, "{n}");
            }
            if n >= 5 {
                assert!(
                    (moment(4) - 3.0).abs() < 1e-11 && (moment(8) - 105.0).abs() < 1e-9,
                    "{n}"
                );
            }
        }
        let legendre = gauss_legendre(5);
        let fourth: f64 = legendre.iter().map(|(x, w)| w * x * x * x * x).sum();
        assert!((fourth - 0.4).abs() < 1e-14);
        // Abramowitz and Stegun, table 25.4: the largest node of five.
        assert!((legendre[4].0 - 0.906_179_845_938_664).abs() < 1e-15);
    }

    #[test]
    fn smooth_means_agree_with_gauss_hermite() {
        let rule = gauss_hermite(64);
        let smooth = |z: f64| libm::tanh(0.7 * z) * libm::tanh(0.7 * z);
        let expected: f64 = rule.iter().map(|(x, w)| w * smooth(*x)).sum();
        assert!((normal_mean(smooth) - expected).abs() < 1e-10);

        let c = 0.6;
        let f = |z: f64| libm::tanh(z);
        let s = (1.0f64 - c * c).sqrt();
        let double: f64 = rule
            .iter()
            .map(|(u, p)| p * f(*u) * rule.iter().map(|(w, q)| q * f(c * u + s * w)).sum::<f64>())
            .sum();
        assert!((correlated_mean(c, f) - double).abs() < 1e-8);
    }

    #[test]
    fn kinks_cost_no_accuracy() {
        let relu = |z: f64| z.max(0.0);
        assert!((normal_mean(|z| relu(z) * relu(z)) - 0.5).abs() < 1e-14);
        assert!((normal_mean(f64::abs) - (2.0 / std::f64::consts::PI).sqrt()).abs() < 1e-14);
        // Cho and Saul 2009, eq. 6: the arc-cosine kernel of order 1.
        for c in [-0.99f64, -0.3, 0.0, 0.5, 0.9, 0.9999] {
            let theta = libm::acos(c);
            let exact = ((1.0 - c * c).sqrt() + c * (std::f64::consts::PI - theta)) / std::f64::consts::TAU;
            assert!(
                (correlated_mean(c, relu) - exact).abs() < 1e-9,
                "{c}: {:e}",
                correlated_mean(c, relu) - exact
            );
        }
    }
}
