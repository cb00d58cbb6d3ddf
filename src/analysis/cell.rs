//! Cells: the trials of a table, grouped by everything but replicate and seeds.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io::Read;

use crate::experiment::{Axis, Coordinates};
use crate::support::error::{Error, Kind, Result};

pub use crate::experiment::CellCoordinates;

use crate::table::manifest::Manifest;
use crate::table::order;
use crate::table::record::Status;
use crate::table::table::{EpochLine, Reader, TrialLine};

/// What became of one trial of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Replicate.
    pub replicate: u32,
    /// Which draw of initial weights.
    pub weight_seed: u32,
    /// Which draw of sample order.
    pub order_seed: u32,
    /// Which draw of split and label noise.
    pub data_seed: u32,
    /// How it ended.
    pub status: Status,
    /// Its figures, by [`Figure`]; missing where the trial has none.
    pub figures: [Option<f64>; Figure::ALL.len()],
    /// Epochs until test accuracy first reached [`TARGET_ACCURACY`], infinite if it never did;
    /// `None` without `epochs.csv`.
    pub epochs_to_target: Option<f64>,
}

/// Test accuracy that `epochs_to_target` waits for.
pub const TARGET_ACCURACY: f64 = 0.9;

/// A figure of a trial that cells are summarised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the column of that name in `TrialRow`")]
pub enum Figure {
    TrainLoss,
    TrainAccuracy,
    ValidationLoss,
    ValidationAccuracy,
    TestLoss,
    TestAccuracy,
    BestTestAccuracy,
}

impl Figure {
    /// All of them.
    pub const ALL: [Figure; 7] = [
        Figure::TrainLoss,
        Figure::TrainAccuracy,
        Figure::ValidationLoss,
        Figure::ValidationAccuracy,
        Figure::TestLoss,
        Figure::TestAccuracy,
        Figure::BestTestAccuracy,
    ];

    /// Whether it is an accuracy (more is better), else a loss.
    pub fn is_accuracy(self) -> bool {
        !matches!(
            self,
            Figure::TrainLoss | Figure::ValidationLoss | Figure::TestLoss
        )
    }
}

/// A cell of the grid with its trials, by replicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Where it stands.
    pub coordinates: CellCoordinates,
    /// Its trials, in the order of the table.
    pub outcomes: Vec<Outcome>,
    /// Accuracy of guessing on its dataset; `None` for regression.
    pub chance: Option<f64>,
    /// Which figures the trials of its dataset have, by [`Figure`]: what a trial that diverged or
    /// failed lacks may be lost, or may never have been measured.
    pub measured: [bool; Figure::ALL.len()],
}

impl Cell {
    /// The figure of each trial, in the order of `outcomes`. A trial that diverged or failed is
    /// never dropped: its accuracy counts as chance, its loss as infinite. `None` where the
    /// figure is not measured in this cell, nor lost: a cell without a single trial that ended
    /// well counts as lost only if others on its dataset have the figure. Else a learning rate at
    /// which all trials diverged would be the one with the best validation figure where there are
    /// no validation data.
    pub fn scores(&self, figure: Figure) -> Option<Vec<f64>> {
        let here = self.outcomes.iter().any(|o| o.figures[figure as usize].is_some());
        let all_lost = self.outcomes.iter().all(|o| o.status != Status::Ok);
        let lost = all_lost && self.measured[figure as usize];
        if !here && !(lost && (self.chance.is_some() || !figure.is_accuracy())) {
            return None;
        }
        let worst = worst(figure.is_accuracy(), self.chance);
        let score = |o: &Outcome| match (o.status, o.figures[figure as usize]) {
            (Status::Ok, Some(x)) => x,
            _ => worst,
        };
        Some(self.outcomes.iter().map(score).collect())
    }

    /// The figure that schemes are ranked by: test accuracy, or test loss for regression.
    pub fn headline(&self) -> Figure {
        if self.chance.is_some() {
            Figure::TestAccuracy
        } else {
            Figure::TestLoss
        }
    }

    /// The figure that learning rates are chosen by: validation accuracy, or validation loss for
    /// regression.
    pub fn selector(&self) -> Figure {
        if self.chance.is_some() {
            Figure::ValidationAccuracy
        } else {
            Figure::ValidationLoss
        }
    }

    /// How many of its trials ended so.
    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|o| o.status == status).count()
    }

    /// The seeds that a trial is paired with trials of other cells by.
    pub fn pair_key(outcome: &Outcome) -> [u32; 4] {
        [
            outcome.replicate,
            outcome.weight_seed,
            outcome.order_seed,
            outcome.data_seed,
        ]
    }
}

/// What a trial that diverged or failed counts as: chance (0 where unknown) for an accuracy,
/// infinite for a loss.
pub fn worst(accuracy: bool, chance: Option<f64>) -> f64 {
    if accuracy {
        chance.unwrap_or(0.0)
    } else {
        f64::INFINITY
    }
}

/// Groups the rows of `trials.csv` into cells, and reads the times to the target from
/// `epochs.csv` beside it. Chance accuracies are the manifest's; without one, 0 for datasets
/// with accuracies.
///
/// # Errors
/// A row that cannot be read, or rows that are not in the order of the tables.
pub fn collect<T: Read, E: Read>(
    trials: Reader<TrialLine, T>,
    epochs: Option<Reader<EpochLine, E>>,
    manifest: Option<&Manifest>,
) -> Result<Vec<Cell>> {
    let mut cells = Stream::new(trials, epochs)?.collect::<Result<Vec<Cell>>>()?;
    set_dataset_facts(&mut cells, manifest);
    Ok(cells)
}

/// The cells of a table, one after the other as they are read; `chance` and `measured` are not set yet.
pub struct Stream<T: Read, E: Read> {
    trials: Reader<TrialLine, T>,
    times: Option<Times<E>>,
    /// The trial that begins the next cell.
    next: Option<TrialLine>,
    begun: bool,
}

impl<T: Read, E: Read> Stream<T, E> {
    /// Reads cells from `trials`, and times to the target from `epochs`.
    ///
    /// # Errors
    /// A row that cannot be read.
    pub fn new(trials: Reader<TrialLine, T>, epochs: Option<Reader<EpochLine, E>>) -> Result<Self> {
        let times = epochs.map(Times::new).transpose()?;
        Ok(Stream {
            trials,
            times,
            next: None,
            begun: false,
        })
    }

    fn read(&mut self) -> Result<Option<Cell>> {
        if !std::mem::replace(&mut self.begun, true) {
            self.next = self.trials.next().transpose()?;
        }
        let Some(first) = self.next.take() else {
            return Ok(None);
        };
        let mut cell = Cell {
            coordinates: CellCoordinates::from(&first.coordinates),
            outcomes: Vec::new(),
            chance: None,
            measured: [false; Figure::ALL.len()],
        };
        let mut line = first;
        loop {
            let time = self.times.as_mut().map(|t| t.of(&line.coordinates)).transpose()?;
            cell.outcomes.push(Outcome::new(&line, time));
            let Some(next) = self.trials.next().transpose()? else {
                return Ok(Some(cell));
            };
            check_order(&line.coordinates, &next.coordinates)?;
            if order::compare_cells(&line.coordinates, &next.coordinates) != Ordering::Equal {
                self.next = Some(next);
                return Ok(Some(cell));
            }
            line = next;
        }
    }
}

impl<T: Read, E: Read> Iterator for Stream<T, E> {
    type Item = Result<Cell>;

    fn next(&mut self) -> Option<Result<Cell>> {
        let result = self.read().transpose();
        if matches!(result, Some(Err(_))) {
            self.next = None;
        }
        result
    }
}

impl Outcome {
    fn new(line: &TrialLine, epochs_to_target: Option<f64>) -> Self {
        let (c, t) = (&line.coordinates, &line.trial);
        Outcome {
            replicate: c.replicate,
            weight_seed: c.weight_seed,
            order_seed: c.order_seed,
            data_seed: c.data_seed,
            status: t.status,
            figures: [
                t.train_loss,
                t.train_accuracy,
                t.validation_loss,
                t.validation_accuracy,
                t.test_loss,
                t.test_accuracy,
                t.best_test_accuracy,
            ],
            epochs_to_target,
        }
    }
}

fn check_order(last: &Coordinates, this: &Coordinates) -> Result<()> {
    let wrong = match order::compare(last, this) {
        Ordering::Less => return Ok(()),
        Ordering::Equal => "stands there twice",
        Ordering::Greater => "is out of order",
    };
    let place = describe(this);
    let error = Error::new(
        Kind::Store,
        format!("the trial {place} {wrong} in the table of trials"),
    );
    Err(error.help("rows are sorted by their coordinates; edited by hand? `goodinit grid EXPERIMENT --fresh` writes it anew"))
}

/// Coordinates for a message: the texts of the cell and the replicate.
pub fn describe(coordinates: &Coordinates) -> String {
    let texts: Vec<_> = Axis::ALL.iter().map(|axis| coordinates.text(*axis)).collect();
    texts.join(",")
}

/// How much of the spread of a cell's headline figure is due to which seed; `None` where seeds are
/// not crossed.
pub fn shares(cell: &Cell) -> Option<crate::analysis::stats::variance::Shares> {
    let scores = cell.scores(cell.headline())?;
    let crossed: Vec<_> = cell
        .outcomes
        .iter()
        .zip(scores)
        .map(|(o, value)| crate::analysis::stats::variance::Crossed {
            weights: o.weight_seed,
            order: o.order_seed,
            data: o.data_seed,
            value,
        })
        .collect();
    crate::analysis::stats::variance::shares(&crossed)
}

/// Sets what the cells of a dataset tell together: the accuracy of guessing (the manifest's, else 0
/// for datasets with accuracies), and which figures are measured.
pub fn set_dataset_facts(cells: &mut [Cell], manifest: Option<&Manifest>) {
    let mut datasets: BTreeMap<String, Facts> = BTreeMap::new();
    for cell in cells.iter() {
        let facts = datasets.entry(cell.coordinates.dataset.clone()).or_default();
        facts.add(&cell.outcomes);
    }
    for cell in cells {
        let dataset = &cell.coordinates.dataset;
        let facts = &datasets[dataset];
        let listed = manifest.and_then(|m| m.chance(dataset));
        let classified = facts.measured[Figure::TestAccuracy as usize];
        cell.chance = listed.or_else(|| classified.then_some(0.0));
        cell.measured = facts.measured();
    }
}

/// What the trials on a dataset tell about it.
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    measured: [bool; Figure::ALL.len()],
    some_ok: bool,
}

impl Facts {
    fn add(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            self.some_ok |= outcome.status == Status::Ok;
            for (measured, figure) in self.measured.iter_mut().zip(&outcome.figures) {
                *measured |= figure.is_some();
            }
        }
    }

    /// Where no trial ended well nothing tells: then what is reported counts as lost, and what
    /// depends on validation data as not measured.
    fn measured(&self) -> [bool; Figure::ALL.len()] {
        use Figure::{TestAccuracy, TestLoss, TrainAccuracy, TrainLoss};
        if self.some_ok {
            return self.measured;
        }
        Figure::ALL.map(|f| {
            self.measured[f as usize] || matches!(f, TrainLoss | TrainAccuracy | TestLoss | TestAccuracy)
        })
    }
}

/// Walks `epochs.csv` in step with `trials.csv`.
struct Times<E: Read> {
    rows: Reader<EpochLine, E>,
    next: Option<EpochLine>,
}

impl<E: Read> Times<E> {
    fn new(mut rows: Reader<EpochLine, E>) -> Result<Self> {
        let next = rows.next().transpose()?;
        Ok(Times { rows, next })
    }

    fn of(&mut self, coordinates: &Coordinates) -> Result<f64> {
        let mut time = f64::INFINITY;
        while let Some(line) = &self.next {
            match order::compare(&line.coordinates, coordinates) {
                Ordering::Greater => break,
                Ordering::Less => {}
                Ordering::Equal => {
                    let reached = line.row.test_accuracy.is_some_and(|a| a >= TARGET_ACCURACY);
                    if reached && time.is_infinite() {
                        time = f64::from(line.row.epoch);
                    }
                }
            }
            self.next = self.rows.next().transpose()?;
        }
        Ok(time)
    }
}
