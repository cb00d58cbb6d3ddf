//! `summary.csv`: one row per cell.
//!
//! A trial that diverged or failed counts with chance accuracy and infinite loss. An infinite
//! figure is an empty cell (`diverged` and `failed` say why). Intervals are at 95% over replicates, of
//! an interquartile mean by Student's t ([`Effects`]), of a median between two of the values
//! ([`order_interval`](stats::interval::order_interval)); with one replicate they are empty, unless its
//! seeds vary: then over the seeds. The `tuned_*` columns stand in the row of the learning rate that all
//! replicates together choose (see [`crate::analysis::tune`]) and are empty in the others; what they
//! score is each replicate at the rate that the other ones choose.

use rayon::prelude::*;

use crate::analysis::stats::{self, Effects, Estimate, Units, variance};
use crate::analysis::tune::{ReplicateSplit, Tuned, tune};
use crate::experiment::Axis;
use crate::numerics::FloatMode;
use crate::row::Status;
use crate::table::{Figure, Subset, Trials};

mod row;

pub use row::{SummaryFigures, SummaryRow, write};

/// One row per cell, in the same order. Cells are shared out among the threads of the rayon pool
/// that this is called in.
pub fn summarise(trials: &Trials) -> Vec<SummaryRow> {
    let _mode = FloatMode::standard();
    let cells = trials.cells();
    let mut rows: Vec<SummaryRow> = cells.par_iter().map(row).collect();
    // The place of each trial's cell among the rows.
    let mut place_of = vec![0; trials.len()];
    for (place, cell) in cells.iter().enumerate() {
        cell.rows().for_each(|row| place_of[row] = place);
    }
    let places = |group: &Subset| -> Vec<usize> {
        let mut places: Vec<usize> = group.rows().map(|row| place_of[row]).collect();
        places.sort_unstable();
        places.dedup();
        places
    };
    for group in trials.all().group_but(&[Axis::Scheme]) {
        let places = places(&group);
        let values: Vec<f64> = places.iter().map(|i| headline(&rows[*i], false)).collect();
        for (i, rank) in places.iter().zip(ranks(&values)) {
            rows[*i].figures.rank = rank;
        }
    }
    let groups = trials.all().group_but(&[Axis::LearningRate]);
    let tuned: Vec<Option<TunedFigures>> = groups.par_iter().map(TunedFigures::of).collect();
    for (group, tuned) in groups.iter().zip(tuned) {
        let Some(tuned) = tuned else {
            continue;
        };
        for i in places(group) {
            rows[i].figures.tuned = Some(false);
        }
        if let Some(first) = tuned.tuned.chosen.first() {
            tuned.enter(&mut rows[place_of[first]].figures);
        }
    }
    for group in trials.all().group_but(&[Axis::Scheme, Axis::LearningRate]) {
        let mut chosen = places(&group);
        chosen.retain(|i| rows[*i].figures.tuned == Some(true));
        let values: Vec<f64> = chosen.iter().map(|i| headline(&rows[*i], true)).collect();
        for (i, rank) in chosen.iter().zip(ranks(&values)) {
            rows[*i].figures.tuned_rank = Some(rank);
        }
    }
    rows
}

/// What a row is ranked by, better when greater; a missing loss is an infinite one.
fn headline(row: &SummaryRow, tuned: bool) -> f64 {
    let f = &row.figures;
    let (accuracy, loss) = match tuned {
        true => (f.tuned_test_accuracy_median, f.tuned_test_loss_median),
        false => (f.test_accuracy_median, f.test_loss_median),
    };
    accuracy.unwrap_or_else(|| -loss.unwrap_or(f64::INFINITY))
}

/// The place of each value, the greatest first; equal values share the better place.
pub fn ranks(values: &[f64]) -> Vec<u32> {
    let place = |x: &f64| 1 + values.iter().filter(|y| *y > x).count() as u32;
    values.iter().map(place).collect()
}

/// The scores of trials, by unit.
fn units(trials: &Subset, scores: &[f64]) -> Units<f64> {
    Units::of_trials(trials.seeds().zip(scores.iter().copied()))
}

fn row(cell: &Subset) -> SummaryRow {
    let _mode = FloatMode::standard();
    let accuracy = cell.scores(Figure::TEST_ACCURACY);
    let loss = cell.scores(Figure::TEST_LOSS);
    let median_of = |figure| {
        cell.scores(figure)
            .map(|s| stats::median(&s))
            .filter(|x| x.is_finite())
    };
    let mut f = SummaryFigures {
        trials: cell.len() as u32,
        ok: cell.count(Status::Ok) as u32,
        diverged: cell.count(Status::Diverged) as u32,
        failed: cell.count(Status::Failed) as u32,
        train_loss_median: median_of(Figure::TRAIN_LOSS),
        train_accuracy_median: median_of(Figure::TRAIN_ACCURACY),
        validation_loss_median: median_of(Figure::VALIDATION_LOSS),
        validation_accuracy_median: median_of(Figure::VALIDATION_ACCURACY),
        best_test_accuracy_median: median_of(Figure::BEST_TEST_ACCURACY),
        ..SummaryFigures::default()
    };
    let accuracies = accuracy.as_ref().map(|scores| units(cell, scores));
    let losses = loss.as_ref().map(|scores| units(cell, scores));
    let cells = |units: &Option<Units<f64>>, estimate: fn(&Units<f64>) -> Estimate| {
        units.as_ref().map_or((None, None, None), |u| estimate(u).cells())
    };
    let iqm = |units: &Units<f64>| {
        let possible = Figure::TEST_ACCURACY.range();
        Effects::interquartile_mean(units).within(possible).estimate()
    };
    (
        f.test_accuracy_median,
        f.test_accuracy_median_low,
        f.test_accuracy_median_high,
    ) = cells(&accuracies, Estimate::median);
    (
        f.test_accuracy_iqm,
        f.test_accuracy_iqm_low,
        f.test_accuracy_iqm_high,
    ) = cells(&accuracies, iqm);
    (
        f.test_loss_median,
        f.test_loss_median_low,
        f.test_loss_median_high,
    ) = cells(&losses, Estimate::median);
    if let Some(scores) = &accuracy {
        let sorted = stats::sorted(scores);
        f.test_accuracy_min = sorted.first().copied();
        f.test_accuracy_max = sorted.last().copied();
    }
    if let Some(scores) = &loss {
        f.test_loss_iqm = Some(stats::interquartile_mean(scores)).filter(|x| x.is_finite());
    }
    let trials = cell.trials();
    let times: Option<Vec<f64>> = cell.rows().map(|row| trials.epochs_to_target(row)).collect();
    let classified = cell.headline() == Some(Figure::TEST_ACCURACY);
    if let (Some(times), true) = (times, classified) {
        f.reached_target = Some(times.iter().filter(|t| t.is_finite()).count() as u32);
        f.epochs_to_target_median = Some(stats::median(&times)).filter(|x| x.is_finite());
    }
    if let Some(s) = shares(cell) {
        (f.weights_share, f.order_share, f.data_share) = (s.weights, s.order, s.data);
        f.rest_share = Some(s.rest);
    }
    SummaryRow {
        cell: Axis::CELL.map(|axis| cell.text(axis).to_owned()),
        figures: f,
    }
}

/// How much of the spread of a cell's headline figure is due to which seed; `None` where seeds are
/// not crossed.
pub fn shares(cell: &Subset) -> Option<variance::Shares> {
    let scores = cell.scores(cell.headline()?)?;
    // Crossed seeds of one replicate; more replicates of them would be no further factor.
    let crossed: Vec<variance::Crossed> = cell
        .seeds()
        .zip(scores)
        .map(|([_, weights, order, data], value)| variance::Crossed {
            weights,
            order,
            data,
            value,
        })
        .collect();
    variance::shares(&crossed)
}

/// The learning rate chosen in a group of cells, and what its trials score.
struct TunedFigures<'t> {
    tuned: Tuned<'t>,
    accuracy: Option<Estimate>,
    loss_median: Option<f64>,
    trials: Option<u32>,
}

impl<'t> TunedFigures<'t> {
    fn of(group: &Subset<'t>) -> Option<Self> {
        let tuned = tune(group, ReplicateSplit::Others)?;
        let scored = &tuned.scored;
        let accuracy = scored.scores(Figure::TEST_ACCURACY);
        let loss = scored.scores(Figure::TEST_LOSS);
        Some(TunedFigures {
            trials: loss.as_ref().or(accuracy.as_ref()).map(|s| s.len() as u32),
            accuracy: accuracy.map(|s| Estimate::median(&units(scored, &s))),
            loss_median: loss.map(|s| stats::median(&s)).filter(|x| x.is_finite()),
            tuned,
        })
    }

    /// Fills in the row of the chosen cell.
    fn enter(self, f: &mut SummaryFigures) {
        f.tuned = Some(true);
        f.tuned_at_edge = Some(self.tuned.at_edge);
        f.tuned_on = Some(self.tuned.tuning as u32);
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
mod tests;
