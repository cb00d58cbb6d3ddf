//! `summary.csv`: one row per cell.
//!
//! A trial that diverged or failed counts with its worst: chance accuracy, infinite loss. An
//! infinite figure is an empty cell (`diverged` and `failed` say why). Intervals are 95%
//! percentile bootstrap intervals over replicates; with one replicate they are empty, unless its
//! seeds vary: then over the seeds. The
//! `tuned_*` columns stand in the row of the learning rate that was chosen (see
//! [`crate::analysis::tuning`]) and are empty in the others.

use std::collections::BTreeMap;
use std::io::Read;

use rayon::prelude::*;

use crate::experiment::Axis;
use crate::support::error::Result;

use crate::analysis::cell::{self, Cell, Figure, Outcome};
use crate::analysis::stats::{self, Estimate, Identity, Units, variance};
use crate::analysis::tuning;
use crate::table::format;
use crate::table::manifest::Manifest;
use crate::table::record::Status;
use crate::table::table::{EpochLine, Reader, TrialLine};

mod row;

pub use row::{SummaryFigures, SummaryRow, load, write};

/// Summarises the tables in `trials` and `epochs`; the manifest gives chance accuracies.
///
/// # Errors
/// A row that cannot be read, or rows that are not in the order of the tables.
pub fn of_tables<T: Read, E: Read>(
    trials: T,
    epochs: Option<E>,
    manifest: Option<&Manifest>,
) -> Result<Vec<SummaryRow>> {
    let trials = Reader::<TrialLine, T>::new(format::TRIALS, trials)?;
    let epochs = epochs
        .map(|e| Reader::<EpochLine, E>::new(format::EPOCHS, e))
        .transpose()?;
    Ok(summarise(&cell::collect(trials, epochs, manifest)?))
}

/// One row per cell, in the same order. Cells are shared out among the threads of the rayon pool
/// that this is called in.
pub fn summarise(cells: &[Cell]) -> Vec<SummaryRow> {
    let mut rows: Vec<SummaryRow> = cells.par_iter().map(row).collect();
    let headline = |row: &SummaryRow, tuned: bool| {
        let f = &row.figures;
        let (accuracy, loss) = if tuned {
            (f.tuned_test_accuracy_median, f.tuned_test_loss_median)
        } else {
            (f.test_accuracy_median, f.test_loss_median)
        };
        // Ranked by what is better when greater; a missing loss is an infinite one.
        accuracy.unwrap_or_else(|| -loss.unwrap_or(f64::INFINITY))
    };
    for group in groups(cells, &[Axis::Scheme]) {
        let values: Vec<f64> = group.iter().map(|i| headline(&rows[*i], false)).collect();
        for (i, rank) in group.iter().zip(ranks(&values)) {
            rows[*i].figures.rank = Some(rank);
        }
    }
    let by_rate = groups(cells, &[Axis::LearningRate]);
    let tuned: Vec<Option<Tuned>> = by_rate.par_iter().map(|group| Tuned::of(cells, group)).collect();
    for (group, tuned) in by_rate.iter().zip(tuned) {
        if let Some(tuned) = tuned {
            tuned.enter(group, &mut rows);
        }
    }
    for group in groups(cells, &[Axis::Scheme, Axis::LearningRate]) {
        let chosen: Vec<usize> = group
            .into_iter()
            .filter(|i| rows[*i].figures.tuned == Some(true))
            .collect();
        let values: Vec<f64> = chosen.iter().map(|i| headline(&rows[*i], true)).collect();
        for (i, rank) in chosen.iter().zip(ranks(&values)) {
            rows[*i].figures.tuned_rank = Some(rank);
        }
    }
    rows
}

/// Indices of the cells that differ in nothing but the axes `free`, group by group.
pub fn groups(cells: &[Cell], free: &[Axis]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for (i, cell) in cells.iter().enumerate() {
        groups.entry(cell.coordinates.key(free)).or_default().push(i);
    }
    groups.into_values().collect()
}

/// The place of each value, the greatest first; equal values share the better place.
pub fn ranks(values: &[f64]) -> Vec<u32> {
    let place = |x: &f64| 1 + values.iter().filter(|y| *y > x).count() as u32;
    values.iter().map(place).collect()
}

/// What the interval of a figure of a cell is seeded by.
fn identity(cell: &Cell, what: &str) -> Identity {
    let key = cell.coordinates.key(&[]);
    Identity::new(key.iter().map(String::as_str)).and([what])
}

/// A figure of some trials.
fn estimate(
    identity: &Identity,
    trials: &[&Outcome],
    scores: &[f64],
    statistic: fn(&[f64]) -> f64,
) -> Estimate {
    let seeds = trials.iter().map(|trial| Cell::pair_key(trial));
    let units = Units::of_trials(seeds.zip(scores.iter().copied()));
    Estimate::new(identity, units, statistic)
}

fn row(cell: &Cell) -> SummaryRow {
    let accuracy = cell.scores(Figure::TestAccuracy);
    let loss = cell.scores(Figure::TestLoss);
    let median_of = |figure| {
        cell.scores(figure)
            .map(|s| stats::median(&s))
            .filter(|x| x.is_finite())
    };
    let mut f = SummaryFigures {
        trials: cell.outcomes.len() as u32,
        ok: cell.count(Status::Ok) as u32,
        diverged: cell.count(Status::Diverged) as u32,
        failed: cell.count(Status::Failed) as u32,
        train_loss_median: median_of(Figure::TrainLoss),
        train_accuracy_median: median_of(Figure::TrainAccuracy),
        validation_loss_median: median_of(Figure::ValidationLoss),
        validation_accuracy_median: median_of(Figure::ValidationAccuracy),
        best_test_accuracy_median: median_of(Figure::BestTestAccuracy),
        ..SummaryFigures::default()
    };
    let trials: Vec<&Outcome> = cell.outcomes.iter().collect();
    let estimate = |what: &str, scores: &Option<Vec<f64>>, statistic: fn(&[f64]) -> f64| {
        let of = |scores: &Vec<f64>| estimate(&identity(cell, what), &trials, scores, statistic);
        scores.as_ref().map_or((None, None, None), |s| of(s).cells())
    };
    // A grid may be one cell of many replicates: its estimates, too, are shared out.
    let (accuracy_median, (accuracy_iqm, loss_median)) = rayon::join(
        || estimate("test_accuracy_median", &accuracy, stats::median),
        || {
            rayon::join(
                || estimate("test_accuracy_iqm", &accuracy, stats::interquartile_mean),
                || estimate("test_loss_median", &loss, stats::median),
            )
        },
    );
    (
        f.test_accuracy_median,
        f.test_accuracy_median_low,
        f.test_accuracy_median_high,
    ) = accuracy_median;
    (
        f.test_accuracy_iqm,
        f.test_accuracy_iqm_low,
        f.test_accuracy_iqm_high,
    ) = accuracy_iqm;
    (
        f.test_loss_median,
        f.test_loss_median_low,
        f.test_loss_median_high,
    ) = loss_median;
    if let Some(scores) = &accuracy {
        let sorted = stats::sorted(scores);
        f.test_accuracy_min = sorted.first().copied();
        f.test_accuracy_max = sorted.last().copied();
    }
    if let Some(scores) = &loss {
        f.test_loss_iqm = Some(stats::interquartile_mean(scores)).filter(|x| x.is_finite());
    }
    let times: Option<Vec<f64>> = cell.outcomes.iter().map(|o| o.epochs_to_target).collect();
    if let (Some(times), Some(_)) = (times, cell.chance) {
        f.reached_target = Some(times.iter().filter(|t| t.is_finite()).count() as u32);
        f.epochs_to_target_median = Some(stats::median(&times)).filter(|x| x.is_finite());
    }
    if let Some(s) = shares(cell) {
        (f.weights_share, f.order_share, f.data_share) = (s.weights, s.order, s.data);
        f.rest_share = Some(s.rest);
    }
    SummaryRow {
        cell: cell.coordinates.clone(),
        figures: f,
    }
}

/// How much of the spread of a cell's headline figure is due to which seed; `None` where seeds are
/// not crossed.
pub fn shares(cell: &Cell) -> Option<variance::Shares> {
    let scores = cell.scores(cell.headline())?;
    // Crossed seeds of one replicate; more replicates of them would be no further factor.
    let crossed: Vec<variance::Crossed> = cell
        .outcomes
        .iter()
        .zip(scores)
        .map(|(o, value)| variance::Crossed {
            weights: o.weight_seed,
            order: o.order_seed,
            data: o.data_seed,
            value,
        })
        .collect();
    variance::shares(&crossed)
}

/// The learning rate chosen in a group of cells, and what those score that did not choose it.
struct Tuned {
    choice: tuning::Choice,
    accuracy: Option<Estimate>,
    loss_median: Option<f64>,
    trials: Option<u32>,
}

impl Tuned {
    fn of(cells: &[Cell], group: &[usize]) -> Option<Self> {
        let members: Vec<&Cell> = group.iter().map(|i| &cells[*i]).collect();
        let choice = tuning::choose(&members)?;
        let cell = members[choice.chosen];
        let scores = |figure| tuning::scores_over(cell, figure, &choice.scoring);
        let (accuracy, loss) = (scores(Figure::TestAccuracy), scores(Figure::TestLoss));
        let identity = identity(cell, "tuned_test_accuracy_median");
        let scored = cell
            .outcomes
            .iter()
            .filter(|o| choice.scoring.contains(&o.replicate));
        let scored: Vec<&Outcome> = scored.collect();
        Some(Tuned {
            trials: loss.as_ref().or(accuracy.as_ref()).map(|s| s.len() as u32),
            accuracy: accuracy.map(|s| estimate(&identity, &scored, &s, stats::median)),
            loss_median: loss.map(|s| stats::median(&s)).filter(|x| x.is_finite()),
            choice,
        })
    }

    /// Fills in the rows of the group.
    fn enter(self, group: &[usize], rows: &mut [SummaryRow]) {
        let choice = &self.choice;
        for (place, i) in group.iter().enumerate() {
            rows[*i].figures.tuned = Some(place == choice.chosen);
        }
        let f = &mut rows[group[choice.chosen]].figures;
        f.tuned_at_edge = Some(choice.at_edge);
        f.tuned_on = Some(choice.tuning as u32);
        f.tuned_trials = self.trials;
        if let Some(estimate) = self.accuracy {
            (
                f.tuned_test_accuracy_median,
                f.tuned_test_accuracy_median_low,
                f.tuned_test_accuracy_median_high,
            ) = estimate.cells();
        }
        f.tuned_test_loss_median = self.loss_median;
    }
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
