//! Average ranks over blocks, and which of them differ (Demsar 2006, "Statistical Comparisons of
//! Classifiers over Multiple Data Sets", JMLR 7, 1-30).

use super::interval::LEVEL;
use super::mean;
use super::student::incomplete_beta;

/// Average ranks of several treatments over blocks, with Friedman's test and Nemenyi's critical
/// difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Friedman {
    /// The average rank of each treatment, 1 the best.
    pub ranks: Vec<f64>,
    pub blocks: usize,
    /// Friedman's chi-squared, corrected for ties.
    pub chi_squared: f64,
    /// The probability of at least as much were all treatments the same, by the F distribution (Iman
    /// and Davenport 1980; Demsar 2006, section 3.2.2).
    pub p_value: f64,
    /// Average ranks that differ by at least this much are distinguished, with an error of 0.05 over
    /// all pairs: q sqrt(k (k + 1) / (6 N)) with the studentized range q over sqrt(2) (Nemenyi 1963).
    pub critical_difference: f64,
}

impl Friedman {
    /// Of `blocks`, each with a score of every treatment, better when greater. `None` for fewer than two
    /// treatments or blocks, and where all scores of every block are equal.
    pub fn new(blocks: &[Vec<f64>]) -> Option<Self> {
        let (n, k) = (blocks.len(), blocks.first()?.len());
        if n < 2 || k < 2 {
            return None;
        }
        let rows: Vec<Vec<f64>> = blocks.iter().map(|scores| ranks(scores)).collect();
        let ranks: Vec<f64> = (0..k)
            .map(|j| mean(&rows.iter().map(|row| row[j]).collect::<Vec<_>>()))
            .collect();
        let (blocks, n, k) = (n, n as f64, k as f64);
        let centre = (k + 1.0) / 2.0;
        let square = |x: f64| (x - centre) * (x - centre);
        // Ranks without ties spread by N k (k^2 - 1) / 12 in all; ties take some of it.
        let spread: f64 = rows.iter().flatten().map(|r| square(*r)).sum();
        if spread <= 0.0 {
            return None;
        }
        let between: f64 = ranks.iter().map(|r| n * n * square(*r)).sum();
        let chi_squared = (k - 1.0) * between / spread;
        let (most, above) = (n * (k - 1.0), k - 1.0);
        let f = (n - 1.0) * chi_squared / (most - chi_squared);
        // Where all blocks agree nothing is left over.
        let p_value = match most - chi_squared <= 1e-9 * most {
            true => 0.0,
            false => f_tail(f, above, above * (n - 1.0)),
        };
        let q = studentized_range(1.0 - LEVEL, k as usize);
        Some(Friedman {
            ranks,
            blocks,
            chi_squared,
            p_value,
            critical_difference: q * (k * (k + 1.0) / (12.0 * n)).sqrt(),
        })
    }

    /// The groups that a diagram joins by a bar: first and last of treatments in `ascending` order of
    /// their average ranks, of which the first and the last are not distinguished. No group lies
    /// within another. All are one where Friedman's test finds no difference at 0.05.
    pub fn groups(&self, ascending: &[f64]) -> Vec<(usize, usize)> {
        let Some(last) = ascending.len().checked_sub(1) else {
            return Vec::new();
        };
        if self.p_value > 1.0 - LEVEL {
            return vec![(0, last)];
        }
        let mut groups: Vec<(usize, usize)> = Vec::new();
        for (first, rank) in ascending.iter().enumerate() {
            let near = |r: &&f64| **r - rank < self.critical_difference;
            let end = first + ascending[first..].iter().take_while(near).count().max(1) - 1;
            if end > first && groups.last().is_none_or(|(_, before)| end > *before) {
                groups.push((first, end));
            }
        }
        groups
    }
}

/// The rank of each score, 1 for the greatest; equal scores share the mean of their ranks.
pub fn ranks(scores: &[f64]) -> Vec<f64> {
    let rank = |x: &f64| {
        let above = scores.iter().filter(|y| *y > x).count() as f64;
        let equal = scores.iter().filter(|y| *y == x).count() as f64;
        above + (equal + 1.0) / 2.0
    };
    scores.iter().map(rank).collect()
}

/// P(F > f) for the F distribution.
fn f_tail(f: f64, above: f64, below: f64) -> f64 {
    incomplete_beta(below / 2.0, above / 2.0, below / (below + above * f))
}

/// P(Z <= z) for a standard normal Z.
fn normal(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The q that the range of `k` independent standard normal values exceeds with probability `tail`.
fn studentized_range(tail: f64, k: usize) -> f64 {
    const STEP: f64 = 0.02;
    const ENDS: i32 = 450;
    // z is the greatest value. The trapezoidal rule errs by less than 1e-12: the integrand is smooth and
    // 0 at both ends.
    let at_most = |q: f64| -> f64 {
        let density = |z: f64| libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
        let part = |i: i32| {
            let z = f64::from(i) * STEP;
            density(z) * libm::pow((normal(z) - normal(z - q)).max(0.0), k as f64 - 1.0)
        };
        k as f64 * STEP * (-ENDS..=ENDS).map(part).sum::<f64>()
    };
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        match 1.0 - at_most(middle) > tail {
            true => low = middle,
            false => high = middle,
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nemenyis_table() {
        // Demsar 2006, table 5 (a): q over the square root of 2 at 0.05, partly cut off rather than rounded.
        for (k, q) in [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)] {
            let ours = studentized_range(0.05, k) / 2f64.sqrt();
            assert!((ours - q).abs() < 1e-3, "{k}: {ours}");
        }
    }

    #[test]
    fn ties_share_and_bars_join_what_is_near() {
        assert_eq!(ranks(&[0.9, 0.5, 0.9, 0.1]), [1.5, 3.0, 1.5, 4.0]);
        assert_eq!(ranks(&[f64::NEG_INFINITY; 3]), [2.0; 3]);
        assert_eq!(Friedman::new(&[vec![0.5; 3], vec![0.1; 3]]), None);
        assert_eq!(Friedman::new(&[vec![0.5, 0.6]]), None);
        let found = |difference: f64, p_value: f64| Friedman {
            ranks: Vec::new(),
            blocks: 10,
            chi_squared: 1.0,
            p_value,
            critical_difference: difference,
        };
        let ranks = [1.0, 1.8, 2.2, 4.0, 4.9];
        assert_eq!(found(1.0, 0.01).groups(&ranks), [(0, 1), (1, 2), (3, 4)]);
        assert_eq!(found(1.5, 0.01).groups(&ranks), [(0, 2), (3, 4)]);
        assert_eq!(found(0.1, 0.01).groups(&ranks), []);
        assert_eq!(found(0.1, 0.2).groups(&ranks), [(0, 4)]);
        // All blocks agree.
        let agreed = Friedman::new(&vec![vec![0.9, 0.8, 0.7]; 10]).unwrap();
        assert_eq!((agreed.p_value, agreed.ranks.clone()), (0.0, vec![1.0, 2.0, 3.0]));
        assert!((agreed.chi_squared - 20.0).abs() < 1e-12);
    }
}
