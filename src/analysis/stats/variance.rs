//! How much of the spread of a figure is due to weights, sample order and data.

use std::collections::BTreeMap;

use super::Crossing;

/// One trial of a cell whose seeds are crossed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossed {
    /// Which draw of initial weights.
    pub weights: u32,
    /// Which draw of sample order.
    pub order: u32,
    /// Which draw of split and label noise.
    pub data: u32,
    /// The figure. Finite.
    pub value: f64,
}

/// Shares of the variance of a figure, each 0 to 1; they add up to 1. A factor that has only
/// one seed has no share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Due to the draw of initial weights.
    pub weights: Option<f64>,
    /// Due to the order of samples.
    pub order: Option<f64>,
    /// Due to the split.
    pub data: Option<f64>,
    /// Due to no factor alone: their interactions.
    pub rest: f64,
    /// Estimated variance of a single trial: the sum of the components.
    pub total: f64,
}

/// Variance components of the random-effects analysis of variance of crossed factors, interactions
/// included (Searle, Casella, McCulloch 1992, chapter 4): with three factors, the mean square of one
/// less those of its two interactions plus that of all three, over the trials per level; with two,
/// its mean square less that of the interaction. A component is 0 where that is negative. What is
/// left are the interactions.
///
/// `None` unless at least two factors have two seeds each and every combination occurs once: a
/// share cannot be told from the rest otherwise. Also `None` if nothing varies.
pub fn shares(trials: &[Crossed]) -> Option<Shares> {
    let seeds: Vec<[u32; 3]> = trials.iter().map(|t| [t.weights, t.order, t.data]).collect();
    let sizes = Crossing::of(&seeds)?.sizes();
    if trials.iter().any(|t| !t.value.is_finite()) {
        return None;
    }
    let n = trials.len() as f64;
    let squares = Squares::of(trials, &seeds);
    let varies = |i: usize| sizes[i] > 1;
    // Trials per combination of levels of the factors in `set`.
    let per = |set: usize| n / factors(set).map(|i| sizes[i] as f64).product::<f64>();
    let mean_square = |set: usize| {
        let freedom: usize = factors(set).map(|i| sizes[i] - 1).product();
        squares.0[set] / freedom as f64
    };
    let all = (0..3).filter(|i| varies(*i)).fold(0, |set, i| set | 1 << i);
    let component = |set: usize| {
        // By inclusion and exclusion over the interactions that contain the set.
        let larger = (set..=all).filter(|other| other & set == set && other & !all == 0);
        let signed = larger.map(|other| match (other & !set).count_ones() % 2 {
            0 => mean_square(other),
            _ => -mean_square(other),
        });
        (signed.sum::<f64>() / per(set)).max(0.0)
    };
    let parts = [0, 1, 2].map(|i| varies(i).then(|| component(1 << i)));
    let interactions = (1..=all).filter(|set| set & !all == 0 && set.count_ones() > 1);
    let rest: f64 = interactions.map(component).sum();
    let sum = rest + parts.iter().flatten().sum::<f64>();
    if sum <= 0.0 {
        return None;
    }
    let share = |part: Option<f64>| part.map(|x| x / sum);
    Some(Shares {
        weights: share(parts[0]),
        order: share(parts[1]),
        data: share(parts[2]),
        rest: rest / sum,
        total: sum,
    })
}

/// The factors in a set: bit 0 weights, bit 1 order, bit 2 data.
fn factors(set: usize) -> impl Iterator<Item = usize> {
    (0..3).filter(move |i| set >> i & 1 == 1)
}

/// The sum of squares of each set of factors, orthogonal to those of the sets within it.
struct Squares([f64; 8]);

impl Squares {
    fn of(trials: &[Crossed], seeds: &[[u32; 3]]) -> Self {
        let mut squares = [0.0; 8];
        let mut effects = vec![[0.0; 8]; trials.len()];
        for set in 0..8 {
            let key = |seed: &[u32; 3]| factors(set).map(|i| seed[i]).collect::<Vec<_>>();
            let mut sums: BTreeMap<Vec<u32>, (f64, f64)> = BTreeMap::new();
            for (trial, seed) in trials.iter().zip(seeds) {
                let sum = sums.entry(key(seed)).or_default();
                *sum = (sum.0 + trial.value, sum.1 + 1.0);
            }
            for (effect, seed) in effects.iter_mut().zip(seeds) {
                let (sum, count) = sums[&key(seed)];
                let within: f64 = (0..set).filter(|s| s & !set == 0).map(|s| effect[s]).sum();
                effect[set] = sum / count - within;
            }
            squares[set] = effects.iter().map(|e| e[set] * e[set]).sum();
        }
        Squares(squares)
    }
}
