//! Performance profiles: which share of the trials has reached the target by when.

use super::Units;
use super::bootstrap::{self, DRAWS, Identity};
use super::interval::LEVEL;

/// One point of a profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfilePoint {
    /// Epochs (or steps).
    pub at: f64,
    /// Share of trials whose time to the target is at most `at`.
    pub share: f64,
    /// Pointwise 95% bootstrap band: lower end.
    pub low: f64,
    pub high: f64,
}

/// The share of `times` that are at most `at`. A trial that never reached the target has an
/// infinite time and stays in the denominator. NaN for no trials.
pub fn share_within(times: &[f64], at: f64) -> f64 {
    times.iter().filter(|t| **t <= at).count() as f64 / times.len() as f64
}

/// The performance profile of trials in `strata` (cells), at each of `points`: the share of all
/// trials that have reached the target, with a band from resampling each stratum apart
/// (rliable's `create_performance_profile` with the sign of time reversed).
pub fn performance_profile(identity: &Identity, strata: &[Units<f64>], points: &[f64]) -> Vec<ProfilePoint> {
    let all: Vec<f64> = strata.iter().flat_map(|units| units.values()).copied().collect();
    if all.is_empty() {
        return Vec::new();
    }
    // One resample serves every point, so that the band is a pair of monotone curves.
    let mut pooled = Vec::with_capacity(all.len());
    let resamples = bootstrap::resample_units(&mut identity.stream(), strata, DRAWS, |drawn| {
        pooled.clear();
        let mut rest = drawn;
        for units in strata {
            let (drawn, others) = rest.split_at(units.len());
            for (times, drawn) in units.each().zip(drawn) {
                (0..*drawn).for_each(|_| pooled.extend(times));
            }
            rest = others;
        }
        let shares = points.iter().map(|at| share_within(&pooled, *at));
        shares.collect::<Vec<f64>>()
    });
    let point = |(i, at): (usize, &f64)| {
        let shares = resamples.iter().map(|shares| shares[i]).collect();
        let band = bootstrap::percentile_interval(shares, LEVEL);
        ProfilePoint {
            at: *at,
            share: share_within(&all, *at),
            low: band.low,
            high: band.high,
        }
    };
    points.iter().enumerate().map(point).collect()
}
