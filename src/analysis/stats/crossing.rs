//! Trials whose seeds are crossed: each draw of weights meets each order and each split, so that
//! trials with a seed in common are no independent evidence.

use std::collections::BTreeSet;

/// Which seeds of which factor each trial has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// Of each trial its place among the seeds of weights, order and data.
    places: Vec<[usize; 3]>,
    /// How many seeds each has.
    sizes: [usize; 3],
}

impl Crossing {
    /// The crossing of trials with these seeds of weights, order and data. `None` unless at least
    /// two of the three vary and every combination is there once.
    pub fn of(seeds: &[[u32; 3]]) -> Option<Self> {
        let levels: [BTreeSet<u32>; 3] = [0, 1, 2].map(|i| seeds.iter().map(|s| s[i]).collect());
        let sizes = [0, 1, 2].map(|i| levels[i].len());
        let different: BTreeSet<&[u32; 3]> = seeds.iter().collect();
        let full = sizes.iter().product::<usize>();
        let varied = sizes.iter().filter(|n| **n > 1).count();
        if varied < 2 || seeds.len() != full || different.len() != full {
            return None;
        }
        let place = |seed: &[u32; 3], i: usize| levels[i].range(..seed[i]).count();
        let places = seeds
            .iter()
            .map(|seed| [0, 1, 2].map(|i| place(seed, i)))
            .collect();
        Some(Crossing { places, sizes })
    }

    /// How many seeds of weights, order and data there are.
    pub fn sizes(&self) -> [usize; 3] {
        self.sizes
    }

    /// Of each factor of which several seeds are there, the place of each trial among them.
    pub fn levels(&self) -> impl Iterator<Item = Vec<usize>> {
        let varied = (0..3).filter(|i| self.sizes[*i] > 1);
        varied.map(|i| self.places.iter().map(|place| place[i]).collect())
    }

    /// How often each trial is drawn when the seeds of weights, order and data are drawn apart, as
    /// often as `times` says one behind the other: the product (Owen 2007, The pigeonhole
    /// bootstrap, Annals of Applied Statistics 1(2), 386-411).
    pub fn counts<'a>(&'a self, times: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let (order, data) = (self.sizes[0], self.sizes[0] + self.sizes[1]);
        let count = move |p: &[usize; 3]| times[p[0]] * times[order + p[1]] * times[data + p[2]];
        self.places.iter().map(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::interval::median_interval;
    use crate::analysis::stats::{Effects, Units};

    fn seeds(sizes: [u32; 3]) -> Vec<[u32; 3]> {
        let of = |n: u32| 0..n;
        let pairs = of(sizes[0]).flat_map(|a| of(sizes[1]).map(move |b| (a, b)));
        pairs
            .flat_map(|(a, b)| of(sizes[2]).map(move |c| [a, b, c]))
            .collect()
    }

    #[test]
    fn only_what_is_fully_crossed_is_a_crossing() {
        assert!(Crossing::of(&seeds([3, 2, 1])).is_some());
        assert_eq!(
            Crossing::of(&seeds([3, 1, 1])),
            None,
            "one factor: trials are independent"
        );
        assert_eq!(Crossing::of(&seeds([3, 2, 2])[1..]), None, "one is missing");
        assert_eq!(
            Crossing::of(&[[0, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 0]]),
            None,
            "one twice"
        );
    }

    /// Where all variance is due to weights, thirty trials of five draws of weights are worth five:
    /// the interval of the mean is that of five values, not of thirty.
    #[test]
    fn trials_that_share_their_only_cause_count_once() {
        let seeds = seeds([5, 3, 2]);
        let weights = [0.1, 0.4, 0.45, 0.8, 0.9];
        let values: Vec<f64> = seeds.iter().map(|s| weights[s[0] as usize]).collect();
        let units = Units::of_trials(seeds.iter().map(|&[w, o, d]| [0, w, o, d]).zip(values));
        let (all, five) = (
            Effects::mean(&units),
            Effects::mean(&Units::single(weights.to_vec())),
        );
        let ((error, freedom), (want, four)) =
            (all.standard_error().unwrap(), five.standard_error().unwrap());
        assert!((error / want - 1.0).abs() < 1e-12, "{error} {want}");
        assert!((freedom - four).abs() < 1e-9, "{freedom}");
        // The medians of the draws of weights, and of orders and splits, which all are the same.
        let median = median_interval(&units, 0.9).unwrap();
        assert_eq!((median.interval.low, median.interval.high), (0.1, 0.9));
        assert_eq!((median.level, median.values), (0.5, 2));
    }
}
