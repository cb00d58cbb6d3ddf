//! Checks of cells as wholes: values that are fine apart but not together.

use std::collections::BTreeSet;

use super::document::Document;
use super::grid::Grid;
use super::plan::DataShape;
use crate::error::Result;
use crate::model::{Loss, Model};

/// The most memory that one trial may need, in bytes.
pub const MAX_TRIAL_BYTES: u64 = 16 << 30;

/// Checks every pair of architecture and activation that some cell has, and every size.
pub(super) fn cells(document: &Document, grid: &Grid, loss: Loss) -> Result<()> {
    let axes = &grid.axes;
    let combinations: BTreeSet<(u16, u16, u16)> = grid.cells.iter().map(|c| (c[2], c[3], c[8])).collect();
    for (architecture, activation, batch) in combinations {
        let shape = DataShape::NOMINAL;
        let hidden = &axes.architecture.items[usize::from(architecture)];
        let functions = &axes.activation.items[usize::from(activation)];
        let model = Model::new(&hidden.value, &functions.value, shape.inputs, shape.outputs, loss);
        let model = model.map_err(|error| {
            if functions.value.len() > 1 {
                let error = error.help(
                    "put architectures of other depths into a [[grid]] of their own, or `exclude` the pair",
                );
                document.point(error, functions.span, "for other depths")
            } else {
                document.point(error, hidden.span, "")
            }
        })?;
        let size = axes.batch_size.items[usize::from(batch)].value;
        let bytes = trial_bytes(&model, size);
        if bytes > MAX_TRIAL_BYTES {
            let message = format!(
                "a trial of `{}` with batches of {size} would need about {} GiB of memory",
                hidden.text,
                bytes >> 30
            );
            return Err(document
                .error(hidden.span, message, "")
                .help("a trial may need at most 16 GiB: make the network or the batch smaller"));
        }
    }
    Ok(())
}

/// An estimate of the memory that a trial needs: parameters with gradient and two moments, and
/// four batches of activations.
pub fn trial_bytes(model: &Model, batch_size: u32) -> u64 {
    bytes(model.parameter_count(), units(model), batch_size)
}

/// Inputs and units of all layers together.
pub(super) fn units(model: &Model) -> u64 {
    model
        .layers
        .iter()
        .map(|l| l.fan_in as u64 + l.fan_out as u64)
        .sum()
}

pub(super) fn bytes(parameters: u64, units: u64, batch_size: u32) -> u64 {
    parameters
        .saturating_add(units.saturating_mul(u64::from(batch_size)))
        .saturating_mul(16)
}
