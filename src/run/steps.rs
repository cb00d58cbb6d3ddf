//! The first steps of one trial, as a pure function: how large each layer's pre-activations are, and how far
//! they have moved (a coordinate check: Yang et al. 2022, Tensor Programs V, arXiv 2203.03466, appendix D.1).

use super::layer_stats::finite;
use super::train::{Start, batch_size, order, probe_samples, rate};
use crate::data::Prepared;
use crate::experiment::Trial;
use crate::model::{Model, Trace, Trainer, Workspace};
use crate::numerics::{Batch, FloatMode};
use crate::support::error::Result;
use crate::table::probe::StepRecord;
use crate::table::record::StepRow;

/// Trains `trial` as [`train`](super::train::train) does, for the greatest number of steps in `record.steps`, and
/// measures its layers on the first training samples, as many as `record.probe_samples` says, after each number
/// of steps there. What is not finite is missing.
///
/// # Errors
/// The scheme is not defined for this network, or the network does not fit the data.
pub fn steps(trial: &Trial, data: &Prepared, workspace: &mut Workspace) -> Result<StepRecord> {
    let _mode = FloatMode::standard();
    let model = trial.model(data.inputs(), data.outputs())?;
    trial.loss.accepts(&data.targets)?;
    let Start { parameters, report } = Start::of(trial, &model, data)?;
    let probed = probe_samples(trial, data);
    let mut trainer = Trainer::new(
        &model,
        parameters,
        &trial.values.optimizer,
        report.rates,
        workspace,
    );
    let start = trainer.trace(data, probed);
    let mut rows = measure(&model, 0, &start, None);
    let last = trial.record.steps.last().copied().unwrap_or(0);
    let (mut epoch, mut step) = (0, 0);
    'training: while step < last && !data.split.train.is_empty() {
        for batch in order(trial, data, epoch).chunks(batch_size(trial)) {
            trainer.step(data, batch, rate(trial, data, u64::from(step)));
            step += 1;
            if trial.record.steps.contains(&step) {
                rows.extend(measure(&model, step, &trainer.trace(data, probed), Some(&start)));
            }
            if step == last {
                break 'training;
            }
        }
        epoch += 1;
    }
    Ok(StepRecord {
        coordinates: trial.coordinates.clone(),
        trial_id: trial.id.clone(),
        rows,
    })
}

/// One row for each layer; `start` is what was seen before the first step.
fn measure(model: &Model, step: u32, now: &Trace, start: Option<&Trace>) -> Vec<StepRow> {
    let depth = model.layers.len();
    let hidden = model.layers[..depth - 1].iter().map(|l| l.fan_out).max();
    let row = |l: usize| {
        let seen = &now.layers[l].preactivation;
        let before = start.map(|start| &start.layers[l].preactivation);
        let change = before.map(|before| mean_difference(seen, before));
        StepRow {
            steps_taken: step,
            layer: l as u32 + 1,
            depth: depth as u32,
            width: hidden.unwrap_or(model.outputs) as u32,
            preactivation_size: finite(mean_size(seen)),
            preactivation_change: change.and_then(finite),
            relative_change: change
                .zip(before)
                .and_then(|(change, before)| finite(change / mean_size(before))),
        }
    };
    (0..depth).map(row).collect()
}

fn mean_size(batch: &Batch) -> f64 {
    let sum = batch
        .iter()
        .flatten()
        .fold(0.0, |sum, z| sum + f64::from(z.abs()));
    sum / (batch.rows() * batch.cols()) as f64
}

fn mean_difference(now: &Batch, before: &Batch) -> f64 {
    let pairs = now.iter().flatten().zip(before.iter().flatten());
    let sum = pairs.fold(0.0, |sum, (z, z0)| sum + (f64::from(*z) - f64::from(*z0)).abs());
    sum / (now.rows() * now.cols()) as f64
}

#[cfg(test)]
mod tests;
