//! How much of the spread of a figure is due to weights, sample order and data.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Due to no factor alone: interactions.
    pub rest: f64,
    /// Estimated variance of a single trial: the sum of the components.
    pub total: f64,
}

/// Variance components of a random-effects analysis of variance without interaction terms
/// (Searle, Casella, McCulloch 1992, chapter 4): the component of a factor is its mean square
/// less the residual mean square, over the trials per level, and 0 if that is negative.
///
/// `None` unless at least two factors have two seeds each and every combination occurs once: a
/// share cannot be told from the rest otherwise. Also `None` if nothing varies.
pub fn shares(trials: &[Crossed]) -> Option<Shares> {
    let factors: [fn(&Crossed) -> u32; 3] = [|t| t.weights, |t| t.order, |t| t.data];
    let levels: Vec<usize> = factors
        .iter()
        .map(|f| trials.iter().map(f).collect::<BTreeSet<_>>().len())
        .collect();
    let cells: BTreeSet<_> = trials.iter().map(|t| (t.weights, t.order, t.data)).collect();
    let full = levels.iter().product::<usize>();
    let varied = levels.iter().filter(|n| **n > 1).count();
    if varied < 2 || trials.len() != full || cells.len() != full {
        return None;
    }
    if trials.iter().any(|t| !t.value.is_finite()) {
        return None;
    }
    let n = trials.len() as f64;
    let centre = trials.iter().map(|t| t.value).sum::<f64>() / n;
    let total: f64 = trials
        .iter()
        .map(|t| (t.value - centre) * (t.value - centre))
        .sum();

    let mut squares = [0.0; 3];
    for ((factor, levels), square) in factors.iter().zip(&levels).zip(&mut squares) {
        let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
        for trial in trials {
            *sums.entry(factor(trial)).or_default() += trial.value;
        }
        let per_level = n / *levels as f64;
        *square = sums
            .values()
            .map(|sum| per_level * (sum / per_level - centre) * (sum / per_level - centre))
            .sum();
    }
    let freedom: usize = levels.iter().map(|n| n - 1).sum();
    let rest_freedom = (trials.len() - 1 - freedom) as f64;
    let rest = ((total - squares.iter().sum::<f64>()) / rest_freedom).max(0.0);

    let component = |i: usize| {
        (levels[i] > 1).then(|| {
            let mean_square = squares[i] / (levels[i] - 1) as f64;
            ((mean_square - rest) * levels[i] as f64 / n).max(0.0)
        })
    };
    let parts = [component(0), component(1), component(2)];
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
