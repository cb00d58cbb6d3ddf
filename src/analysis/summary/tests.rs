use super::*;
use std::io::Read;

use crate::support::error::Result;
use crate::table::io::{Reader, Table, Writer};
use crate::table::manifest::Manifest;
use crate::table::record::TrialRecord;
use crate::table::{example, format};

fn of_tables<T: Read, E: Read>(
    trials: T,
    epochs: Option<E>,
    manifest: Option<&Manifest>,
) -> Result<Vec<SummaryRow>> {
    let epochs = epochs.map(|e| Reader::new(format::EPOCHS, e)).transpose()?;
    let trials = Reader::new(format::TRIALS, trials)?;
    Ok(summarise(&Trials::read(trials, epochs, manifest)?))
}

fn trial(scheme: &str, rate: f64, replicate: u32, accuracy: f64) -> TrialRecord {
    let mut c = example::coordinates();
    c.scheme = scheme.into();
    c.learning_rate = rate;
    c.replicate = replicate;
    c.weight_seed = replicate;
    c.order_seed = replicate;
    example::record(c, accuracy)
}

fn lost(scheme: &str, rate: f64, replicate: u32) -> TrialRecord {
    example::diverged(trial(scheme, rate, replicate, 0.5).coordinates, 2)
}

fn summary(records: &[TrialRecord]) -> Vec<SummaryRow> {
    let write = |table| {
        let mut writer = Writer::new(table, Vec::new()).unwrap();
        records.iter().for_each(|r| writer.push(r).unwrap());
        writer.finish().unwrap()
    };
    let (trials, epochs) = (write(Table::Trials), write(Table::Epochs));
    let read = of_tables(&trials[..], Some(&epochs[..]), Some(&example::manifest())).unwrap();
    // A run summarises its records as it writes them.
    let mut written = crate::table::trials::Builder::new(true);
    records.iter().for_each(|record| written.push_record(record));
    assert_eq!(summarise(&written.finish(Some(&example::manifest()))), read);
    read
}

/// Two schemes, two rates, four replicates.
fn grid() -> Vec<TrialRecord> {
    let mut records = Vec::new();
    for (rate, accuracies) in [(0.01, [0.6, 0.7, 0.8, 0.9]), (0.1, [0.5, 0.5, 0.95, 0.95])] {
        records.extend((0..4).map(|r| trial("a", rate, r, accuracies[r as usize])));
    }
    records.extend((0..4).map(|r| trial("b", 0.01, r, 0.65)));
    records.extend([
        trial("b", 0.1, 0, 0.92),
        lost("b", 0.1, 1),
        lost("b", 0.1, 2),
        trial("b", 0.1, 3, 0.94),
    ]);
    records
}

#[test]
fn figures_by_hand() {
    let rows = summary(&grid());
    assert_eq!(rows.len(), 4);
    let first = &rows[0].figures;
    assert_eq!(
        (first.trials, first.ok, first.diverged, first.failed),
        (4, 4, 0, 0)
    );
    assert_eq!(first.test_accuracy_median, Some(0.75));
    // Lowest and highest of four are cut.
    assert_eq!(first.test_accuracy_iqm, Some(0.75));
    assert_eq!(
        (first.test_accuracy_min, first.test_accuracy_max),
        (Some(0.6), Some(0.9))
    );
    assert_eq!(
        (first.reached_target, first.epochs_to_target_median),
        (Some(1), None)
    );
    // Four draws from four replicates: the median's 95% interval reaches the ends.
    assert_eq!(first.test_accuracy_median_low, Some(0.6));
    assert_eq!(first.test_accuracy_median_high, Some(0.9));
}

#[test]
fn diverged_trials_count_as_chance_and_as_infinite_loss() {
    let f = &summary(&grid())[3].figures;
    assert_eq!((f.ok, f.diverged), (2, 2));
    // 0.1, 0.1, 0.92, 0.94.
    assert_eq!(f.test_accuracy_median, Some((0.1 + 0.92) / 2.0));
    // Losses 0.06, 0.08 and two infinite ones: the median is infinite, an empty cell.
    assert_eq!(f.test_loss_median, None);
    assert_eq!((f.reached_target, f.test_accuracy_min), (Some(2), Some(0.1)));
}

#[test]
fn a_cell_in_which_everything_diverged_scores_chance() {
    let rows = summary(&[lost("a", 0.1, 0), lost("a", 0.1, 1)]);
    assert_eq!(rows[0].figures.test_accuracy_median, Some(0.1));
    assert_eq!(rows[0].figures.test_accuracy_iqm_high, Some(0.1));
}

#[test]
fn each_replicate_is_scored_at_the_rate_that_the_others_choose() {
    let rows = summary(&grid());
    let f: Vec<&SummaryFigures> = rows.iter().map(|r| &r.figures).collect();
    // Scheme a: together the replicates prefer 0.01 (0.75 against 0.725). Without 2 or 3 they do
    // too; without 0 or 1 they prefer 0.1, where these two score 0.5.
    assert_eq!((f[0].tuned, f[1].tuned), (Some(true), Some(false)));
    assert_eq!((f[0].tuned_on, f[0].tuned_trials), (Some(3), Some(4)));
    assert_eq!(f[0].tuned_test_accuracy_median, Some((0.5 + 0.8) / 2.0));
    assert_eq!(f[0].tuned_at_edge, Some(true));
    assert_eq!(f[1].tuned_test_accuracy_median, None);
    // Scheme b: at 0.1 two of four diverged, 0.51; so 0.01 with 0.65. Without one of those two the
    // others prefer 0.1, and it is scored there: chance.
    assert_eq!(
        (f[2].tuned, f[2].tuned_test_accuracy_median),
        (Some(true), Some((0.65 + 0.1) / 2.0))
    );
    // Ranks at fixed rates and at each scheme's own.
    assert_eq!([f[0].rank, f[1].rank, f[2].rank, f[3].rank], [1, 1, 2, 2]);
    assert_eq!([f[0].tuned_rank, f[2].tuned_rank], [Some(1), Some(2)]);
    assert_eq!(ranks(&[0.5, 0.9, 0.5, 0.1]), [2, 1, 2, 4]);
}

/// The same trials without validation data.
fn without_validation(mut records: Vec<TrialRecord>) -> Vec<TrialRecord> {
    for t in records.iter_mut().map(|r| &mut r.trial) {
        (t.validation_loss, t.validation_accuracy) = (None, None);
        (t.best_epoch, t.best_validation_accuracy, t.best_test_accuracy) = (None, None, None);
    }
    records
}

#[test]
fn without_validation_data_a_rate_at_which_all_diverged_is_not_chosen() {
    let mut records = grid();
    records.extend((0..4).map(|r| lost("b", 1.0, r)));
    // With validation data the rate counts as chance, and is not the best.
    let f = summary(&records).pop().unwrap().figures;
    assert_eq!((f.validation_accuracy_median, f.tuned), (Some(0.1), Some(false)));
    let rows = summary(&without_validation(records));
    for row in &rows {
        let f = &row.figures;
        assert_eq!((f.tuned, f.tuned_on, f.tuned_rank), (None, None, None), "{row:?}");
        assert_eq!(
            (f.validation_accuracy_median, f.best_test_accuracy_median),
            (None, None)
        );
    }
    // It has still lost on test data.
    assert_eq!(rows[4].figures.test_accuracy_median, Some(0.1));
}

#[test]
fn what_a_dataset_has_not_is_no_chance_accuracy() {
    let mut records = without_validation(vec![trial("a", 0.1, 0, 0.9), lost("b", 0.1, 0)]);
    (records[0].trial.test_loss, records[0].trial.test_accuracy) = (None, None);
    let f = &summary(&records)[1].figures;
    assert_eq!((f.test_accuracy_median, f.test_accuracy_max), (None, None));
    assert_eq!(f.train_accuracy_median, Some(0.1));
}

#[test]
fn regression_is_ranked_by_loss() {
    let mut records = grid();
    for record in &mut records {
        let t = &mut record.trial;
        (t.train_accuracy, t.validation_accuracy, t.test_accuracy) = (None, None, None);
        (t.best_validation_accuracy, t.best_test_accuracy) = (None, None);
        for e in &mut record.epochs {
            (e.train_accuracy, e.validation_accuracy, e.test_accuracy) = (None, None, None);
        }
    }
    let write = |table| {
        let mut writer = Writer::new(table, Vec::new()).unwrap();
        records.iter().for_each(|r| writer.push(r).unwrap());
        writer.finish().unwrap()
    };
    let trials = write(Table::Trials);
    let rows = of_tables(&trials[..], None::<&[u8]>, None).unwrap();
    assert_eq!(rows[0].figures.test_accuracy_median, None);
    assert_eq!(rows[0].figures.test_loss_median, Some(0.25));
    assert_eq!([rows[0].figures.rank, rows[2].figures.rank], [1, 2]);
    assert_eq!(rows[0].figures.tuned, Some(true));
    // Half of b's trials at 0.1 diverged: its loss is infinite, the last place.
    assert_eq!(
        (rows[3].figures.test_loss_median, rows[3].figures.rank),
        (None, 2)
    );
}

#[test]
fn other_cells_leave_a_row_as_it_is() {
    let alone = summary(&grid()[..8]);
    let beside = summary(&grid());
    for (a, b) in alone.iter().zip(&beside) {
        let strip = |row: &SummaryRow| {
            let mut f = row.figures.clone();
            (f.rank, f.tuned_rank) = (0, None);
            f
        };
        assert_eq!(strip(a), strip(b));
    }
}

#[test]
fn crossed_seeds_tell_the_sources_of_variance_apart() {
    let mut records = Vec::new();
    for weights in 0..2 {
        for order in 0..3 {
            let mut t = trial(
                "a",
                0.1,
                0,
                0.5 + 0.1 * f64::from(weights) + 0.01 * f64::from(order),
            );
            (t.coordinates.weight_seed, t.coordinates.order_seed) = (weights, order);
            records.push(t);
        }
    }
    let f = &summary(&records)[0].figures;
    // Components as in the test of the statistics: 50 to 1.
    assert!((f.weights_share.unwrap() - 50.0 / 51.0).abs() < 1e-9, "{f:?}");
    assert!((f.order_share.unwrap() - 1.0 / 51.0).abs() < 1e-9 && f.data_share.is_none());
}

#[test]
fn the_table_reads_back_and_disorder_is_refused() {
    let rows = summary(&grid());
    let mut text = Vec::new();
    write(&rows, &mut text).unwrap();
    let back: Vec<SummaryRow> = Reader::new("summary.csv", &text[..])
        .unwrap()
        .collect::<Result<_>>()
        .unwrap();
    assert_eq!(back, rows);

    let mut records = grid();
    records.swap(0, 1);
    let mut writer = Writer::new(Table::Trials, Vec::new()).unwrap();
    records.iter().for_each(|r| writer.push(r).unwrap());
    let text = writer.finish().unwrap();
    let error = of_tables(&text[..], None::<&[u8]>, None).unwrap_err().to_string();
    assert!(
        error.contains(
            "trials.csv:3: the trial digits,0,64-32,relu,a,zeros,sgd,0.01,32,0,0,0,0 is out of order"
        ),
        "{error}"
    );
}

#[test]
fn the_mode_of_the_processor_reaches_no_figure() {
    let records: Vec<_> = (0..7)
        .map(|r| trial("a", 0.01, r, 0.1 + f64::from(r) / 9.0))
        .chain((0..7).map(|r| trial("b", 0.01, r, 0.2 + f64::from(r * r) / 70.0)))
        .collect();
    let right = summary(&records);
    let Some(_wrong) = FloatMode::wrong() else { return };
    assert_eq!(summary(&records), right);
}
