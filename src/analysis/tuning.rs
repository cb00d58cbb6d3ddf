//! Choosing a learning rate without looking at what is reported.
//!
//! The replicates of a group of cells that differ in nothing but the learning rate are divided:
//! the first half (rounded down, at least one) chooses the rate with the best median validation
//! figure, the others are scored on test data. With a single replicate there is nothing to
//! divide: it does both, on its own validation and test samples. With a single rate there is
//! nothing to choose, and every replicate is scored.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::Axis;

use crate::analysis::cell::{Cell, Figure};
use crate::analysis::stats::median;

/// Which rate was chosen in a group of cells, and by whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Index of the cell chosen.
    pub chosen: usize,
    /// The chosen rate is the least or greatest of at least two that were tried: a better one
    /// may lie outside the grid.
    pub at_edge: bool,
    /// Number of replicates that chose; 0 where there was one rate only.
    pub tuning: usize,
    /// Replicates that are scored.
    pub scoring: BTreeSet<u32>,
}

/// Chooses among `group`: cells that differ in nothing but the learning rate, by ascending rate.
/// Ties in the median validation figure go to the lower median validation loss, then to the
/// smaller rate. `None` where there are several rates and nothing is measured on validation data.
pub fn choose(group: &[&Cell]) -> Option<Choice> {
    let replicates: BTreeSet<u32> = group
        .iter()
        .flat_map(|c| c.outcomes.iter().map(|o| o.replicate))
        .collect();
    if group.len() == 1 {
        return Some(Choice {
            chosen: 0,
            at_edge: false,
            tuning: 0,
            scoring: replicates,
        });
    }
    let (tuning, scoring) = divide(&replicates);
    let (mut best, mut best_key) = (None, (f64::NEG_INFINITY, f64::NEG_INFINITY));
    for (index, cell) in group.iter().enumerate() {
        let selector = cell.selector();
        let Some(value) = median_over(cell, selector, &tuning) else {
            continue;
        };
        let loss = median_over(cell, Figure::ValidationLoss, &tuning).unwrap_or(f64::INFINITY);
        let key = (if selector.is_accuracy() { value } else { -value }, -loss);
        if best.is_none() || key > best_key {
            (best, best_key) = (Some(index), key);
        }
    }
    let chosen = best?;
    Some(Choice {
        chosen,
        at_edge: chosen == 0 || chosen + 1 == group.len(),
        tuning: tuning.len(),
        scoring,
    })
}

/// What the learning rates of a run are chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Nothing: no scheme has several.
    OneRate,
    /// Validation data, wherever there are several.
    Validation,
    /// Validation data on some datasets; others have none, and nothing to choose by.
    Partly,
    /// Nothing: there are several, but no validation data.
    Nothing,
}

/// What the learning rates of `cells` are chosen by.
pub fn basis<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Basis {
    let mut groups: BTreeMap<Vec<String>, Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        let key = cell.coordinates.key(&[Axis::LearningRate]);
        groups.entry(key).or_default().push(cell);
    }
    let several = groups.values().filter(|group| group.len() > 1);
    let (chosen, left): (Vec<_>, Vec<_>) = several.partition(|group| has_validation(group));
    match (chosen.is_empty(), left.is_empty()) {
        (true, true) => Basis::OneRate,
        (false, true) => Basis::Validation,
        (true, false) => Basis::Nothing,
        (false, false) => Basis::Partly,
    }
}

/// Whether anything is measured in these cells that a rate may be chosen by.
pub fn has_validation(cells: &[&Cell]) -> bool {
    cells.iter().any(|cell| cell.scores(cell.selector()).is_some())
}

/// Divides replicates into those that choose and those that are scored.
pub fn divide(replicates: &BTreeSet<u32>) -> (BTreeSet<u32>, BTreeSet<u32>) {
    if replicates.len() < 2 {
        return (replicates.clone(), replicates.clone());
    }
    let half = replicates.len() / 2;
    let tuning = replicates.iter().take(half).copied().collect();
    let scoring = replicates.iter().skip(half).copied().collect();
    (tuning, scoring)
}

/// The scores of a cell's trials in these replicates.
pub fn scores_over(cell: &Cell, figure: Figure, replicates: &BTreeSet<u32>) -> Option<Vec<f64>> {
    let scores = cell.scores(figure)?;
    let kept = cell
        .outcomes
        .iter()
        .zip(scores)
        .filter(|(o, _)| replicates.contains(&o.replicate));
    Some(kept.map(|(_, score)| score).collect())
}

fn median_over(cell: &Cell, figure: Figure, replicates: &BTreeSet<u32>) -> Option<f64> {
    let scores = scores_over(cell, figure, replicates)?;
    (!scores.is_empty()).then(|| median(&scores))
}
