//! A row of `summary.csv`, and how it is written and read.

use std::borrow::Cow;
use std::io::Write;

use crate::experiment::{Axis, CellCoordinates};
use crate::support::error::{Error, Kind, Result};

use crate::row::{BadValue, Column, RowPart, columns};
use crate::table::coordinates::Columns;
use crate::table::format;
use crate::table::io::{self, Row};

/// A row of `summary.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryRow {
    /// The coordinates of the cell as they stand in the table, by [`Axis::CELL`].
    pub cell: [String; Axis::CELL.len()],
    /// Its figures.
    pub figures: SummaryFigures,
}

columns! {
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
        pub test_accuracy_median: Option<f64> [Accuracy, "regression; no test samples"],
        /// Lower end of the 95% interval of `test_accuracy_median`, which is one of the values (order
        /// statistics, exact; statistics_version 2): of 5 trials 93.75%, of 4 87.5%, of 3 75%.
        pub test_accuracy_median_low: Option<f64> [Accuracy, "regression; no test samples; one trial only"],
        /// Upper end of the 95% interval of `test_accuracy_median`.
        pub test_accuracy_median_high: Option<f64> [Accuracy, "regression; no test samples; one trial only"],
        /// Interquartile mean of the test accuracy: of the middle half; of fewer than 4 trials the mean.
        pub test_accuracy_iqm: Option<f64> [Accuracy, "regression; no test samples"],
        /// Lower end of the 95% interval of `test_accuracy_iqm`: Student's t of the winsorized values
        /// (statistics_version 2), within 0 and 1 (statistics_version 3).
        pub test_accuracy_iqm_low: Option<f64> [Accuracy, "regression; no test samples; one trial only"],
        /// Upper end of the 95% interval of `test_accuracy_iqm`.
        pub test_accuracy_iqm_high: Option<f64> [Accuracy, "regression; no test samples; one trial only"],
        /// Least test accuracy.
        pub test_accuracy_min: Option<f64> [Accuracy, "regression; no test samples"],
        /// Greatest test accuracy.
        pub test_accuracy_max: Option<f64> [Accuracy, "regression; no test samples"],
        /// Median test loss.
        pub test_loss_median: Option<f64> [Loss, "half or more diverged or failed; no test samples"],
        /// Lower end of the 95% interval of `test_loss_median`, as that of `test_accuracy_median`.
        pub test_loss_median_low: Option<f64>
            [Loss, "one trial only; the end is infinite (diverged or failed trials); no test samples"],
        /// Upper end of the 95% interval of `test_loss_median`.
        pub test_loss_median_high: Option<f64>
            [Loss, "one trial only; the end is infinite (diverged or failed trials); no test samples"],
        /// Interquartile mean of the test loss.
        pub test_loss_iqm: Option<f64> [Loss, "more than a quarter diverged or failed; no test samples"],
        /// Median training loss.
        pub train_loss_median: Option<f64> [Loss, "half or more diverged or failed"],
        /// Median training accuracy.
        pub train_accuracy_median: Option<f64> [Accuracy, "regression"],
        /// Median validation loss.
        pub validation_loss_median: Option<f64>
            [Loss, "half or more diverged or failed; no validation samples"],
        /// Median validation accuracy.
        pub validation_accuracy_median: Option<f64>
            [Accuracy, "regression; no validation samples; no trial on the dataset is `ok`"],
        /// Median test accuracy at the epoch that was best on validation data.
        pub best_test_accuracy_median: Option<f64>
            [Accuracy, "regression; no validation or no test samples; no trial on the dataset is `ok`"],
        /// Trials whose test accuracy reached 0.9 at some evaluation.
        pub reached_target: Option<u32> [Count, "without epochs.csv; regression"],
        /// Median number of epochs until test accuracy reached 0.9; a trial that never did counts as
        /// infinite.
        pub epochs_to_target_median: Option<f64>
            [Epochs, "without epochs.csv; regression; half or more never reach it"],
        /// Place among the schemes at this learning rate, by median test accuracy (loss for
        /// regression); schemes that tie share the better place.
        pub rank: u32,
        /// Whether this learning rate is the one chosen for the scheme.
        pub tuned: Option<bool> [Flag, "several rates, and nothing measured on validation data"],
        /// Whether the chosen rate is at the edge of those tried: a better one may lie outside.
        pub tuned_at_edge: Option<bool> [Flag, "the row's rate is not the chosen one"],
        /// Replicates that choose the rate at which another is scored; 0 where only one rate was tried.
        pub tuned_on: Option<u32> [Count, "the row's rate is not the chosen one"],
        /// Trials that are scored, each at the rate that the other replicates choose.
        pub tuned_trials: Option<u32> [Count, "the row's rate is not the chosen one; no test samples"],
        /// Median test accuracy of the `tuned_trials`.
        pub tuned_test_accuracy_median: Option<f64>
            [Accuracy, "the row's rate is not the chosen one; regression; no test samples"],
        /// Lower end of the 95% interval of `tuned_test_accuracy_median`, as that of
        /// `test_accuracy_median`.
        pub tuned_test_accuracy_median_low: Option<f64>
            [Accuracy, "as `tuned_test_accuracy_median`; one trial only"],
        /// Upper end of the 95% interval of `tuned_test_accuracy_median`.
        pub tuned_test_accuracy_median_high: Option<f64>
            [Accuracy, "as `tuned_test_accuracy_median`; one trial only"],
        /// Median test loss of the `tuned_trials`.
        pub tuned_test_loss_median: Option<f64>
            [Loss, "the row's rate is not the chosen one; half or more diverged or failed; no test samples"],
        /// Place among the schemes, each at its own chosen rates.
        pub tuned_rank: Option<u32> [Count, "the row's rate is not the chosen one"],
        /// Share of the variance of test accuracy (loss for regression) due to initial weights;
        /// where seeds are crossed: variance components of the random-effects analysis.
        pub weights_share: Option<f64> [Fraction, "as `rest_share`; one weight seed only"],
        /// Share of the variance of test accuracy (loss for regression) due to the order of samples.
        pub order_share: Option<f64> [Fraction, "as `rest_share`; one order seed only"],
        /// Share of the variance of test accuracy (loss for regression) due to the split.
        pub data_share: Option<f64> [Fraction, "as `rest_share`; one data seed only"],
        /// Share of the variance of test accuracy (loss for regression) due to none of them alone:
        /// interactions.
        pub rest_share: Option<f64>
            [Fraction, "seeds are not crossed; nothing varies; a loss is infinite; no test samples"],
    }
}

impl Row for SummaryRow {
    const FILE: &'static str = format::SUMMARY;
    fn columns() -> Vec<Column> {
        [CellCoordinates::COLUMNS, SummaryFigures::COLUMNS].concat()
    }
    fn read(record: &csv::StringRecord) -> std::result::Result<Self, BadValue> {
        Ok(SummaryRow {
            cell: {
                let cell = CellCoordinates::read(record, 0)?;
                Axis::CELL.map(|axis| cell.text(axis).into_owned())
            },
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
    let mut out = io::writer(out);
    let columns = Columns::of_rows(rows.iter(), |row, axis| {
        let mut cells = Axis::CELL.iter().zip(&row.cell);
        let found = cells.find(|(a, _)| **a == axis);
        found.map_or(Cow::from(""), |(_, text)| Cow::from(text))
    });
    out.write_record(columns.narrow(SummaryRow::columns().iter().map(|c| c.name)))
        .map_err(unwritable)?;
    let mut record = csv::StringRecord::new();
    for row in rows {
        record.clear();
        row.cell.iter().for_each(|cell| record.push_field(cell));
        row.figures.write(&mut |cell| record.push_field(cell));
        out.write_record(columns.narrow(record.iter()))
            .map_err(unwritable)?;
    }
    out.flush().map_err(|e| unwritable(e.into()))
}
