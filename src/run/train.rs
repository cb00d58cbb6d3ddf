//! One trial as a pure function: the same trial on the same data leaves the same record, bit for
//! bit, on any thread of any machine.

use std::borrow::Cow;
use std::sync::Arc;

use crate::data::{Prepared, Targets};
use crate::experiment::{EvaluateTrain, Length, Trial};
use crate::init::{self, Context, InitReport};
use crate::model::{BatchScore, Model, Parameters, Score, Trainer, Workspace};
use crate::numerics::{FloatMode, isa};
use crate::random::{Key, Purpose};
use crate::support::error::Result;
use crate::table::record::{EpochRow, LayerRow, Status, TrialRecord, TrialRow};

use super::layer_stats::layer_stats;

/// The result of a trial: its rows, and its parameters for saving.
#[derive(Debug)]
pub struct Trained {
    /// The rows of the tables.
    pub record: TrialRecord,
    /// What it started from.
    pub start: Arc<Start>,
    /// Parameters at the end.
    pub last: Parameters,
}

/// A network before the first step.
#[derive(Debug)]
pub struct Start {
    /// Its parameters.
    pub parameters: Parameters,
    /// What the scheme had to say (an algorithm that did not converge, layers it froze).
    pub report: InitReport,
}

/// Trains one trial from its initial weights to its last row.
///
/// A loss or a weight that becomes non-finite ends the trial with [`Status::Diverged`]; that is a
/// result, not an error.
///
/// # Errors
/// The scheme is not defined for this network, the network does not fit the data, or `GOODINIT_ISA` names no
/// instruction set of this machine.
pub fn train(trial: &Trial, data: &Prepared, workspace: &mut Workspace) -> Result<Trained> {
    train_from(trial, data, workspace, |model| {
        Start::of(trial, model, data).map(Arc::new)
    })
}

/// The same from the start that `start` gives for the trial's network, which must be [`Start::of`] this trial.
///
/// # Errors
/// As [`train`].
pub(super) fn train_from(
    trial: &Trial,
    data: &Prepared,
    workspace: &mut Workspace,
    start: impl FnOnce(&Model) -> Result<Arc<Start>>,
) -> Result<Trained> {
    isa::ensure_chosen()?;
    let _mode = FloatMode::standard();
    let model = trial.model(data.inputs(), data.outputs())?;
    trial.loss.accepts(&data.targets)?;
    let start = start(&model)?;
    let Start { parameters, report } = &*start;
    let trainer = Trainer::new(
        &model,
        parameters.clone(),
        &trial.values.optimizer,
        report.rates.clone(),
        workspace,
    );
    let mut training = TrainingRun::new(trial, data, &model, parameters, trainer);
    let status = training.run();
    let row = TrialRow {
        message: message(&report.notes),
        ..training.row(status)
    };
    let TrainingRun {
        trainer,
        epochs,
        layers,
        ..
    } = training;
    let last = trainer.into_parameters();
    let record = TrialRecord {
        coordinates: trial.coordinates.clone(),
        trial: row,
        epochs: trial.record.written(epochs, trial.train.length),
        layers,
    };
    Ok(Trained { record, start, last })
}

/// What the scheme had to say, on one line: its first notes, and how many more there are.
pub(super) fn message(notes: &[String]) -> Option<String> {
    const SHOWN: usize = 2;
    let mut parts = notes.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    if notes.len() > SHOWN {
        parts.push(format!("and {} more", notes.len() - SHOWN));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

impl Start {
    /// That of `trial`, whose network is `model`. It is the same for all trials of an experiment that differ only in
    /// coordinates that do not affect it ([`Axis::affects_init`](crate::experiment::Axis::affects_init)).
    ///
    /// # Errors
    /// The scheme is not defined for this network.
    pub fn of(trial: &Trial, model: &Model, data: &Prepared) -> Result<Start> {
        let context = Context {
            seed: trial.seed,
            weight_seed: u64::from(trial.coordinates.weight_seed),
            bias: &trial.values.bias,
            optimizer: Some(&trial.values.optimizer),
            data: Some(data),
        };
        let mut parameters = Parameters::default();
        let report = init::initialize(model, &*trial.values.scheme.scheme, &context, &mut parameters)?;
        Ok(Start { parameters, report })
    }
}

/// How training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TrialEnd {
    Reached,
    /// Something became non-finite in this epoch, from 1; 0 is before the first step.
    Diverged(u32),
}

/// A trial under way.
struct TrainingRun<'a> {
    trial: &'a Trial,
    data: &'a Prepared,
    model: &'a Model,
    initial: &'a Parameters,
    trainer: Trainer<'a>,
    /// Epochs finished.
    epoch: u32,
    step: u64,
    running: Running,
    epochs: Vec<EpochRow>,
    layers: Vec<LayerRow>,
}

/// Scores of the batches since the last evaluation.
#[derive(Default)]
struct Running {
    loss_sum: f64,
    correct: u64,
    samples: u64,
}

impl Running {
    fn add(&mut self, batch: &BatchScore, samples: usize) {
        self.loss_sum += batch.loss_sum;
        self.correct += u64::from(batch.correct);
        self.samples += samples as u64;
    }

    fn score(&self, classes: bool) -> Score {
        let samples = self.samples as f64;
        Score {
            loss: self.loss_sum / samples,
            accuracy: (classes && self.samples > 0).then(|| self.correct as f64 / samples),
        }
    }
}

impl<'a> TrainingRun<'a> {
    fn new(
        trial: &'a Trial,
        data: &'a Prepared,
        model: &'a Model,
        initial: &'a Parameters,
        trainer: Trainer<'a>,
    ) -> Self {
        TrainingRun {
            trial,
            data,
            model,
            initial,
            trainer,
            epoch: 0,
            step: 0,
            running: Running::default(),
            epochs: Vec::new(),
            layers: Vec::new(),
        }
    }

    fn run(&mut self) -> TrialEnd {
        let settings = &self.trial.train;
        let total = match settings.length {
            Length::Epochs(epochs) => u64::from(epochs),
            Length::Steps(steps) => steps,
        };
        if !self.evaluate(0, total == 0) {
            return TrialEnd::Diverged(0);
        }
        while !self.reached(total) {
            let order = order(self.trial, self.data, self.epoch);
            if !self.epoch(&order, total) {
                return TrialEnd::Diverged(self.epoch + 1);
            }
        }
        TrialEnd::Reached
    }

    fn reached(&self, total: u64) -> bool {
        match self.trial.train.length {
            Length::Epochs(_) => u64::from(self.epoch) >= total,
            Length::Steps(_) => self.step >= total,
        }
    }

    /// One pass over the training part, or what is left of the steps; false once something has
    /// become non-finite.
    fn epoch(&mut self, order: &[u32], total: u64) -> bool {
        let settings = &self.trial.train;
        let every = u64::from(settings.evaluate_every.max(1));
        let in_steps = matches!(settings.length, Length::Steps(_));
        let batch_size = batch_size(self.trial);
        let batches = order.len().div_ceil(batch_size);
        for (batch, rows) in order.chunks(batch_size).enumerate() {
            let next = order.len().min((batch + 1) * batch_size);
            self.data
                .prefetch(&order[next..order.len().min(next + batch_size)]);
            let score = self
                .trainer
                .step(self.data, rows, rate(self.trial, self.data, self.step));
            self.step += 1;
            self.running.add(&score, rows.len());
            if !score.loss_sum.is_finite() {
                return false;
            }
            let last = in_steps && self.step == total;
            let due = last || in_steps && self.step.is_multiple_of(every);
            let finished = self.epoch + u32::from(batch + 1 == batches);
            if due && !self.evaluate(finished, last) {
                return false;
            }
            if last {
                return true;
            }
        }
        let finished = self.epoch + 1;
        let last = u64::from(finished) == total;
        let due = !in_steps && (last || u64::from(finished).is_multiple_of(every));
        if due && !self.evaluate(finished, last) {
            return false;
        }
        self.epoch = finished;
        true
    }

    /// One row of `epochs.csv`, and those of `layers.csv` that are due; false, and no row, if
    /// anything is non-finite.
    fn evaluate(&mut self, epoch: u32, last: bool) -> bool {
        let (data, trainer) = (self.data, &mut self.trainer);
        if !trainer.parameters().is_finite() {
            return false;
        }
        let full = self.step == 0 || self.trial.train.evaluate_train == EvaluateTrain::Full;
        let train = if full {
            trainer.evaluate(data, &data.split.train)
        } else {
            self.running
                .score(matches!(*data.targets, Targets::Classes { .. }))
        };
        self.running = Running::default();
        let mut part = |rows: &[u32]| (!rows.is_empty()).then(|| trainer.evaluate(data, rows));
        let validation = part(&data.split.validation);
        let test = part(&data.split.test);
        let scores = [Some(&train), validation.as_ref(), test.as_ref()];
        if scores.iter().flatten().any(|s| !s.loss.is_finite()) {
            return false;
        }
        // Hashing every epoch costs a few percent of a small network's training.
        let hash = if self.trial.record.epochs {
            trainer.parameters().hash()
        } else {
            String::new()
        };
        self.epochs.push(EpochRow {
            epoch,
            step: self.step,
            train_loss: Some(train.loss),
            train_accuracy: train.accuracy,
            validation_loss: validation.map(|s| s.loss),
            validation_accuracy: validation.and_then(|s| s.accuracy),
            test_loss: test.map(|s| s.loss),
            test_accuracy: test.and_then(|s| s.accuracy),
            weights_hash: hash,
        });
        if self.trial.record.measures_layers(epoch, last) {
            self.measure_layers(epoch, last);
        }
        true
    }

    fn measure_layers(&mut self, epoch: u32, last: bool) {
        // In a run counted in steps several evaluations may fall into one epoch; the first counts.
        // The end of training always does: an epoch that it cuts short is a new one here.
        let again = self.layers.last().is_some_and(|row| row.epoch == epoch);
        if again && !last {
            return;
        }
        let epoch = epoch + u32::from(again);
        let trace = self
            .trainer
            .trace(self.data, probe_samples(self.trial, self.data));
        let parameters = self.trainer.parameters();
        let initial = (self.step > 0).then_some(self.initial);
        let rows = layer_stats(self.model, &trace, parameters, initial, epoch);
        let (wanted, count) = (&self.trial.record.layer_rows, rows.len() as u32);
        self.layers
            .extend(rows.into_iter().filter(|row| wanted.contain(row.layer, count)));
    }

    /// The row of `trials.csv`.
    fn row(&self, end: TrialEnd) -> TrialRow {
        let reached = end == TrialEnd::Reached;
        let last = self.epochs.last().filter(|_| reached);
        let best = best(&self.epochs).filter(|_| reached);
        TrialRow {
            trial_id: self.trial.id.clone(),
            status: if reached { Status::Ok } else { Status::Diverged },
            stopped_epoch: match end {
                TrialEnd::Reached => None,
                TrialEnd::Diverged(epoch) => Some(epoch),
            },
            message: None,
            steps: self.step,
            parameters: self.model.parameter_count(),
            initial_loss: self.epochs.first().and_then(|e| e.train_loss),
            train_loss: last.and_then(|e| e.train_loss),
            train_accuracy: last.and_then(|e| e.train_accuracy),
            validation_loss: last.and_then(|e| e.validation_loss),
            validation_accuracy: last.and_then(|e| e.validation_accuracy),
            test_loss: last.and_then(|e| e.test_loss),
            test_accuracy: last.and_then(|e| e.test_accuracy),
            best_epoch: best.map(|e| e.epoch),
            best_validation_accuracy: best.and_then(|e| e.validation_accuracy),
            best_test_accuracy: best.and_then(|e| e.test_accuracy),
            data_hash: self.data.hash.clone(),
            initial_hash: Some(self.initial.hash()),
            // Which NaN an instruction leaves is not part of the arithmetic contract.
            final_hash: reached.then(|| self.trainer.parameters().hash()),
        }
    }
}

/// The training rows in the order in which `trial` sees them in an epoch, counted from 0.
pub(super) fn order<'d>(trial: &Trial, data: &'d Prepared, epoch: u32) -> Cow<'d, [u32]> {
    let train = &data.split.train;
    if !trial.train.shuffle {
        return Cow::Borrowed(train);
    }
    let orders = Key::new(
        trial.seed,
        u64::from(trial.coordinates.order_seed),
        Purpose::Order,
    );
    // From the ascending rows each time: an epoch's order does not depend on the last.
    let mut order = train.clone();
    orders.stream(u64::from(epoch)).shuffle(&mut order);
    Cow::Owned(order)
}

/// The learning rate of a step of `trial`, counted from 0.
pub(super) fn rate(trial: &Trial, data: &Prepared, step: u64) -> f64 {
    let batches = data.split.train.len().div_ceil(batch_size(trial)) as u64;
    let steps = match trial.train.length {
        Length::Epochs(epochs) => u64::from(epochs) * batches,
        Length::Steps(steps) => steps,
    };
    let schedule = &trial.values.schedule;
    schedule.rate(trial.coordinates.learning_rate, step, steps)
}

/// The training rows that layers of `trial` are measured on: the first, as many as `record.probe_samples` says.
pub(super) fn probe_samples<'d>(trial: &Trial, data: &'d Prepared) -> &'d [u32] {
    let train = &data.split.train;
    &train[..train.len().min(trial.record.probe_samples as usize)]
}

pub(super) fn batch_size(trial: &Trial) -> usize {
    (trial.coordinates.batch_size as usize).max(1)
}

/// The evaluation with the best validation accuracy, or the least validation loss where there is
/// no accuracy; ties to the first. `None` without a validation part.
fn best(epochs: &[EpochRow]) -> Option<&EpochRow> {
    let score = |e: &EpochRow| e.validation_accuracy.or(e.validation_loss.map(|loss| -loss));
    epochs
        .iter()
        .filter(|e| score(e).is_some())
        .reduce(|best, e| if score(e) > score(best) { e } else { best })
}

#[cfg(test)]
pub(crate) mod tests;
