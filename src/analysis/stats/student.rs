//! Student's t and the binomial law, by the regularized incomplete beta function. Own code over
//! `libm`, so that a quantile has the same bits on every platform.

/// P(T <= -t) + P(T >= t) for Student's t with `freedom` degrees of freedom.
pub fn two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let (a, square) = (freedom / 2.0, t * t);
    // Of the two forms that with the smaller argument keeps its digits.
    match square > freedom {
        true => incomplete_beta(a, 0.5, freedom / (freedom + square)),
        false => 1.0 - incomplete_beta(0.5, a, square / (freedom + square)),
    }
}

/// The `t` with [`two_sided`]`(t) = tail`: half the width of an interval of level `1 - tail`, in
/// standard errors. Bisection to the last bit, since the function falls.
pub fn critical(tail: f64, freedom: f64) -> f64 {
    if tail >= 1.0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, freedom) > tail {
        (low, high) = (high, high * 2.0);
        if !high.is_finite() {
            return f64::INFINITY;
        }
    }
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        match two_sided(middle, freedom) > tail {
            true => low = middle,
            false => high = middle,
        }
    }
}

/// P(X <= k) for a binomial X of `n` trials with probability 1/2.
pub fn binomial_half(k: u64, n: u64) -> f64 {
    match k >= n {
        true => 1.0,
        false => incomplete_beta((n - k) as f64, k as f64 + 1.0, 0.5),
    }
}

/// The `x` with I_x(a, b) = `p`: the `p`-quantile of the beta law. Bisection to the last bit, since
/// the function rises.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        match incomplete_beta(a, b, middle) < p {
            true => low = middle,
            false => high = middle,
        }
    }
}

/// The regularized incomplete beta function I_x(a, b): its continued fraction by Lentz's method
/// (Press et al. 2007, Numerical Recipes, section 6.4).
pub(super) fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let scale = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    let front = libm::exp(scale + a * libm::log(x) + b * libm::log1p(-x));
    match x < (a + 1.0) / (a + b + 2.0) {
        true => front * fraction(a, b, x) / a,
        false => 1.0 - front * fraction(b, a, 1.0 - x) / b,
    }
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |x: f64| if x.abs() < TINY { TINY } else { x };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            step = d * c;
            value *= step;
        }
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}
