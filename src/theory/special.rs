//! The digamma and trigamma functions.

/// `psi(x) = d/dx ln Gamma(x)` for `x > 0`; relative error about 1e-14 away from its root at
/// 1.4616. Recurrence up to 12, then the asymptotic series (Abramowitz and Stegun 6.3.5, 6.3.18).
pub fn digamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 12.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = r
        * (1.0 / 12.0
            - r * (1.0 / 120.0
                - r * (1.0 / 252.0
                    - r * (1.0 / 240.0 - r * (1.0 / 132.0 - r * (691.0 / 32760.0 - r / 12.0))))));
    shift + libm::log(x) - 0.5 / x - series
}

/// `psi_1(x) = d/dx psi(x)` for `x > 0`; likewise (Abramowitz and Stegun 6.4.6, 6.4.12).
pub fn trigamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 12.0 {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = (1.0 / 6.0
        - r * (1.0 / 30.0
            - r * (1.0 / 42.0 - r * (1.0 / 30.0 - r * (5.0 / 66.0 - r * (691.0 / 2730.0 - r * 7.0 / 6.0))))))
        * r
        / x;
    shift + 1.0 / x + 0.5 * r + series
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{LN_2, PI};

    #[test]
    fn known_values() {
        const EULER: f64 = 0.577_215_664_901_532_9;
        for (x, psi, psi1) in [
            (1.0, -EULER, PI * PI / 6.0),
            (0.5, -EULER - 2.0 * LN_2, PI * PI / 2.0),
            (2.0, 1.0 - EULER, PI * PI / 6.0 - 1.0),
            (1.5, 2.0 - EULER - 2.0 * LN_2, PI * PI / 2.0 - 4.0),
        ] {
            assert!((digamma(x) - psi).abs() < 1e-14, "{x}");
            assert!((trigamma(x) - psi1).abs() < 1e-14, "{x}");
        }
        // Abramowitz and Stegun, table 6.2 at 50.
        assert!((digamma(50.0) - 3.901_989_673_4).abs() < 1e-10);
    }
}
