//! Comparing two schemes, pair by pair.

use super::Interval;

/// What counts as a meaningful probability of being better: three pairs of four (Bouthillier et al. 2021,
/// "Accounting for Variance in Machine Learning Benchmarks", arXiv:2103.03098: gamma).
pub const MEANINGFUL: f64 = 0.75;

/// What one side of a pair counts with: 1 where it is better, greater being better, and a half where
/// both are equal.
pub fn wins((x, y): (f64, f64)) -> f64 {
    match x == y {
        true => 0.5,
        false => f64::from(u8::from(x > y)),
    }
}

/// What an interval of the probability of being better says (Bouthillier et al. 2021).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advantage {
    /// It holds one half: nothing is shown.
    NotShown,
    /// It lies above one half, and not above [`MEANINGFUL`] at its upper end: better, but seldom enough
    /// not to matter.
    Slight,
    /// It lies above one half and reaches beyond [`MEANINGFUL`].
    Meaningful,
}

impl Advantage {
    /// Of the side that is better with a probability in this interval.
    pub fn of(probability: Interval) -> Self {
        match (probability.low > 0.5, probability.high > MEANINGFUL) {
            (false, _) => Advantage::NotShown,
            (true, false) => Advantage::Slight,
            (true, true) => Advantage::Meaningful,
        }
    }

    /// In a word or two.
    pub fn words(self) -> &'static str {
        match self {
            Advantage::NotShown => "not shown",
            Advantage::Slight => "slight",
            Advantage::Meaningful => "meaningful",
        }
    }
}

/// `x - y`, where two equal infinities (both trials diverged) differ by nothing.
pub fn difference(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { x - y }
}
