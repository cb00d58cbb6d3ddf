//! `summary.csv`: one row per cell.
//!
//! A trial that diverged or failed counts with its worst: chance accuracy, infinite loss. An
//! infinite figure is an empty cell (`diverged` and `failed` say why). Intervals are 95%
//! percentile bootstrap intervals over replicates; with one replicate they are empty. The
//! `tuned_*` columns stand in the row of the learning rate that was chosen (see
//! [`super::tuning`]) and are empty in the others.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::experiment::Axis;

use super::cell::{self, Cell, CellCoordinates, Figure};
use super::cells::{BadCell, Cells, Column, cells};
use super::format;
use super::manifest::Manifest;
use super::record::Status;
use super::stats::{self, Estimate, Identity, variance};
use super::table::{self, EpochLine, Reader, Row, TrialLine};
use super::tuning;

/// A row of `summary.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryRow {
    /// The cell.
    pub cell: CellCoordinates,
    /// Its figures.
    pub figures: SummaryFigures,
}

/// The figures of a cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SummaryFigures {
    /// Trials in the cell.
    pub trials: u32,
    /// Trials that ran to their end.
    pub ok: u32,
    /// Trials that diverged.
    pub diverged: u32,
    /// Trials that failed.
    pub failed: u32,
    /// Median test accuracy.
    pub test_accuracy_median: Option<f64>,
    /// Lower end of its interval.
    pub test_accuracy_median_low: Option<f64>,
    /// Upper end of its interval.
    pub test_accuracy_median_high: Option<f64>,
    /// Interquartile mean of the test accuracy.
    pub test_accuracy_iqm: Option<f64>,
    /// Lower end of its interval.
    pub test_accuracy_iqm_low: Option<f64>,
    /// Upper end of its interval.
    pub test_accuracy_iqm_high: Option<f64>,
    /// Least test accuracy.
    pub test_accuracy_min: Option<f64>,
    /// Greatest test accuracy.
    pub test_accuracy_max: Option<f64>,
    /// Median test loss.
    pub test_loss_median: Option<f64>,
    /// Lower end of its interval.
    pub test_loss_median_low: Option<f64>,
    /// Upper end of its interval.
    pub test_loss_median_high: Option<f64>,
    /// Interquartile mean of the test loss.
    pub test_loss_iqm: Option<f64>,
    /// Median training loss.
    pub train_loss_median: Option<f64>,
    /// Median training accuracy.
    pub train_accuracy_median: Option<f64>,
    /// Median validation loss.
    pub validation_loss_median: Option<f64>,
    /// Median validation accuracy.
    pub validation_accuracy_median: Option<f64>,
    /// Median test accuracy at the epoch that was best on validation data.
    pub best_test_accuracy_median: Option<f64>,
    /// Trials whose test accuracy reached [`cell::TARGET_ACCURACY`] at some evaluation.
    pub reached_target: Option<u32>,
    /// Median number of epochs until then, trials that never did counting as infinite.
    pub epochs_to_target_median: Option<f64>,
    /// Place among the schemes at this learning rate, by median test accuracy (loss for
    /// regression); schemes that tie share the better place.
    pub rank: Option<u32>,
    /// Whether this learning rate is the one chosen for the scheme.
    pub tuned: Option<bool>,
    /// Whether that rate is at the edge of those tried: a better one may lie outside.
    pub tuned_at_edge: Option<bool>,
    /// Replicates that chose the rate; 0 where only one was tried.
    pub tuned_on: Option<u32>,
    /// Trials that are scored, of the other replicates (of all where only one rate was tried).
    pub tuned_trials: Option<u32>,
    /// Median test accuracy of those.
    pub tuned_test_accuracy_median: Option<f64>,
    /// Lower end of its interval.
    pub tuned_test_accuracy_median_low: Option<f64>,
    /// Upper end of its interval.
    pub tuned_test_accuracy_median_high: Option<f64>,
    /// Median test loss of those.
    pub tuned_test_loss_median: Option<f64>,
    /// Place among the schemes, each at its own chosen rate.
    pub tuned_rank: Option<u32>,
    /// Share of the variance of test accuracy (loss for regression) due to initial weights;
    /// where seeds are crossed. See [`variance::shares`].
    pub weights_share: Option<f64>,
    /// Share due to the order of samples.
    pub order_share: Option<f64>,
    /// Share due to the split.
    pub data_share: Option<f64>,
    /// Share due to none of them alone.
    pub rest_share: Option<f64>,
}

cells!(SummaryFigures {
    trials: u32,
    ok: u32,
    diverged: u32,
    failed: u32,
    test_accuracy_median: Option<f64>,
    test_accuracy_median_low: Option<f64>,
    test_accuracy_median_high: Option<f64>,
    test_accuracy_iqm: Option<f64>,
    test_accuracy_iqm_low: Option<f64>,
    test_accuracy_iqm_high: Option<f64>,
    test_accuracy_min: Option<f64>,
    test_accuracy_max: Option<f64>,
    test_loss_median: Option<f64>,
    test_loss_median_low: Option<f64>,
    test_loss_median_high: Option<f64>,
    test_loss_iqm: Option<f64>,
    train_loss_median: Option<f64>,
    train_accuracy_median: Option<f64>,
    validation_loss_median: Option<f64>,
    validation_accuracy_median: Option<f64>,
    best_test_accuracy_median: Option<f64>,
    reached_target: Option<u32>,
    epochs_to_target_median: Option<f64>,
    rank: Option<u32>,
    tuned: Option<bool>,
    tuned_at_edge: Option<bool>,
    tuned_on: Option<u32>,
    tuned_trials: Option<u32>,
    tuned_test_accuracy_median: Option<f64>,
    tuned_test_accuracy_median_low: Option<f64>,
    tuned_test_accuracy_median_high: Option<f64>,
    tuned_test_loss_median: Option<f64>,
    tuned_rank: Option<u32>,
    weights_share: Option<f64>,
    order_share: Option<f64>,
    data_share: Option<f64>,
    rest_share: Option<f64>,
});

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

/// One row per cell, in the same order.
pub fn summarise(cells: &[Cell]) -> Vec<SummaryRow> {
    let mut rows: Vec<SummaryRow> = cells.iter().map(row).collect();
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
    for group in groups(cells, &[Axis::LearningRate]) {
        tune(cells, &group, &mut rows);
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
    if let Some(scores) = &accuracy {
        let e = Estimate::new(&identity(cell, "test_accuracy_median"), scores, stats::median);
        (
            f.test_accuracy_median,
            f.test_accuracy_median_low,
            f.test_accuracy_median_high,
        ) = e.cells();
        let e = Estimate::new(
            &identity(cell, "test_accuracy_iqm"),
            scores,
            stats::interquartile_mean,
        );
        (
            f.test_accuracy_iqm,
            f.test_accuracy_iqm_low,
            f.test_accuracy_iqm_high,
        ) = e.cells();
        let sorted = stats::sorted(scores);
        f.test_accuracy_min = sorted.first().copied();
        f.test_accuracy_max = sorted.last().copied();
    }
    if let Some(scores) = &loss {
        let e = Estimate::new(&identity(cell, "test_loss_median"), scores, stats::median);
        (
            f.test_loss_median,
            f.test_loss_median_low,
            f.test_loss_median_high,
        ) = e.cells();
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

fn tune(cells: &[Cell], group: &[usize], rows: &mut [SummaryRow]) {
    let members: Vec<&Cell> = group.iter().map(|i| &cells[*i]).collect();
    let Some(choice) = tuning::choose(&members) else {
        return;
    };
    for (place, i) in group.iter().enumerate() {
        rows[*i].figures.tuned = Some(place == choice.chosen);
    }
    let cell = members[choice.chosen];
    let f = &mut rows[group[choice.chosen]].figures;
    f.tuned_at_edge = Some(choice.at_edge);
    f.tuned_on = Some(choice.tuning as u32);
    if let Some(scores) = tuning::scores_over(cell, Figure::TestAccuracy, &choice.scoring) {
        f.tuned_trials = Some(scores.len() as u32);
        let identity = identity(cell, "tuned_test_accuracy_median");
        let e = Estimate::new(&identity, &scores, stats::median);
        (
            f.tuned_test_accuracy_median,
            f.tuned_test_accuracy_median_low,
            f.tuned_test_accuracy_median_high,
        ) = e.cells();
    }
    if let Some(scores) = tuning::scores_over(cell, Figure::TestLoss, &choice.scoring) {
        f.tuned_trials = Some(scores.len() as u32);
        f.tuned_test_loss_median = Some(stats::median(&scores)).filter(|x| x.is_finite());
    }
}

impl Row for SummaryRow {
    const FILE: &'static str = format::SUMMARY;
    fn columns() -> Vec<Column> {
        [CellCoordinates::COLUMNS, SummaryFigures::COLUMNS].concat()
    }
    fn read(record: &csv::StringRecord) -> std::result::Result<Self, BadCell> {
        Ok(SummaryRow {
            cell: CellCoordinates::read(record, 0)?,
            figures: SummaryFigures::read(record, CellCoordinates::COLUMNS.len())?,
        })
    }
}

/// Writes `summary.csv` into `out`.
///
/// # Errors
/// `out` cannot be written.
pub fn write<W: Write>(rows: &[SummaryRow], out: W) -> Result<()> {
    let unwritable = |e: csv::Error| Error::new(Kind::Io, format!("cannot write {}: {e}", format::SUMMARY));
    let mut out = table::writer(out);
    out.write_record(SummaryRow::columns().iter().map(|c| c.name))
        .map_err(unwritable)?;
    let mut record = csv::StringRecord::new();
    for row in rows {
        record.clear();
        row.cell.write(&mut |cell| record.push_field(cell));
        row.figures.write(&mut |cell| record.push_field(cell));
        out.write_record(&record).map_err(unwritable)?;
    }
    out.flush().map_err(|e| unwritable(e.into()))
}

/// Reads `summary.csv` in the directory `dir`.
///
/// # Errors
/// It cannot be read.
pub fn load(dir: &Path) -> Result<Vec<SummaryRow>> {
    Reader::<SummaryRow, _>::open(&dir.join(format::SUMMARY))?.collect()
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
