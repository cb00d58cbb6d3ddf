//! Statistics over replicates: pure functions, no tables.
//!
//! The replicate is the unit: differences between schemes are paired by replicate (equal weight draws,
//! sample order and data). Means and interquartile means have intervals of Student's t
//! ([`effects`]), medians those between two of the values ([`interval`]); `docs/statistics.md` states
//! how often they hold what they should. Definitions are those of rliable (Agarwal et al. 2021, "Deep
//! Reinforcement Learning at the Edge of the Statistical Precipice", arXiv:2108.13264) where it
//! has them, and of NumPy and SciPy otherwise; the tests hold them to those libraries' values.
//!
//! Values may be infinite (the loss of a diverged trial) but not NaN.

pub mod bootstrap;
pub mod budget;
pub mod compare;
pub mod crossing;
pub mod effects;
pub mod friedman;
pub mod interval;
pub mod profile;
pub mod proportion;
pub mod student;
pub mod units;
pub mod variance;

pub use bootstrap::Identity;
pub use crossing::Crossing;
pub use effects::Effects;
pub use interval::{Estimate, Interval};
pub use units::{Seeds, Units};

/// Version of how figures of replicates, their intervals, tuned rates and rankings are made. It moves
/// `summary.csv` and verdicts, and leaves every trained row as it is.
pub const STATISTICS_VERSION: u32 = 3;

/// Arithmetic mean; NaN for no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Median: the middle value, or the mean of the two middle values; NaN for no values.
pub fn median(values: &[f64]) -> f64 {
    quantile(&sorted(values), 0.5)
}

/// Interquartile mean: the mean of what is left when the lowest and the highest quarter, each
/// rounded down to whole values, are cut off (rliable's `aggregate_iqm`, SciPy's
/// `trim_mean(values, 0.25)`). With fewer than 4 values it is the mean. NaN for no values.
pub fn interquartile_mean(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

/// Mean over strata (cells) of the interquartile mean of each: what a scheme is scored by. Robust
/// against a stray replicate, while every stratum counts alike, so that failure in a quarter of
/// them shows, which an interquartile mean of all values would cut off. Strata without values
/// don't count; NaN if none has any.
pub fn stratified_mean(strata: &[Vec<f64>]) -> f64 {
    let kept = strata.iter().filter(|s| !s.is_empty());
    mean(&kept.map(|s| interquartile_mean(s)).collect::<Vec<_>>())
}

/// Sample variance (n - 1); NaN for fewer than two values.
pub fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|x| (x - centre) * (x - centre)).sum();
    squares / (values.len() as f64 - 1.0)
}

/// Sample standard deviation (n - 1); NaN for fewer than two values.
pub fn deviation(values: &[f64]) -> f64 {
    variance(values).sqrt()
}

/// The `q`-quantile (0 to 1) of ascending values, linear between neighbours (NumPy's default);
/// NaN for no values.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = (place.floor() as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let share = place - below as f64;
    // Between two infinities, and beside one, there is nothing to interpolate.
    if low == high || share == 0.0 || low == f64::NEG_INFINITY {
        low
    } else if share == 0.5 && low.is_finite() && high.is_finite() {
        (low + high) / 2.0
    } else {
        low + (high - low) * share
    }
}

/// The values in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests;
