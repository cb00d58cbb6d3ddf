//! Checks of cells as wholes: values that are fine apart but not together.

use super::axes::{Cell, Interned};
use super::axis;
use super::coordinates::Axis;
use super::document::Document;
use super::grid::Grid;
use super::plan::{DataShape, Plan};
use super::sources::is_placed;
use crate::data::{Prepared, Targets};
use crate::init;
use crate::model::{LayerInfo, Loss, Model, Norm, Role};
use crate::support::error::{Context as _, Error, Kind, Result};

/// The most memory that one trial may need, in bytes.
pub const MAX_TRIAL_BYTES: u64 = 16 << 30;

/// Checks every combination of architecture, activation and scheme that some cell has, and every
/// size.
pub(super) fn cells(document: &Document, grid: &Grid, loss: Loss) -> Result<()> {
    let axes = &grid.axes;
    let together = [
        Axis::Architecture,
        Axis::Activation,
        Axis::Scheme,
        Axis::BatchSize,
    ];
    let mut combinations: Vec<[u16; 4]> = grid.cells.iter().map(|c| together.map(|axis| c[axis])).collect();
    combinations.sort_unstable();
    combinations.dedup();
    for networks in combinations.chunk_by(|a, b| a[..2] == b[..2]) {
        let [hidden, functions, ..] = networks[0];
        let (hidden, functions) = (axes.architecture.item(hidden), axes.activation.item(functions));
        let model = network(document, hidden, functions, loss)?;
        for [_, _, scheme, batch] in networks {
            let scheme = axes.scheme.item(*scheme);
            init::check(&*scheme.value.scheme, &model, false).map_err(|error| {
                let error = error.context(format!(
                    "scheme `{}`, architecture `{}`",
                    scheme.text, hidden.text
                ));
                let help = "put networks that it is not for into a [[grid]] of their own, or `exclude` them";
                document.point(error.help(help), scheme.span, "")
            })?;
            let size = axes.batch_size.item(*batch).value;
            if model.norm == Norm::Batch && size == 1 {
                let message = format!(
                    "`{}` normalizes over batches, and a batch of 1 is constant then",
                    hidden.text
                );
                return Err(document
                    .error(hidden.span, message, "")
                    .help("take a larger `batch_size`, or norm = \"layer\""));
            }
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
    }
    Ok(())
}

/// The network of an architecture and its activation functions, on data of a nominal shape.
fn network(
    document: &Document,
    hidden: &Interned<axis::Architecture>,
    functions: &Interned<axis::Activation>,
    loss: Loss,
) -> Result<Model> {
    let shape = DataShape::NOMINAL;
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
    let single = |l: &LayerInfo| l.role != Role::Output && l.fan_out == 1;
    if model.norm == Norm::Layer && model.layers.iter().any(single) {
        let message = format!(
            "`{}` normalizes over the units of a layer, and one unit is constant then",
            hidden.text
        );
        let error = document.error(hidden.span, message, "");
        return Err(error.help("take wider layers, or norm = \"batch\""));
    }
    Ok(model)
}

impl Plan {
    /// Checks that every trial on dataset number `dataset` of [`Plan::datasets`] can be trained on
    /// `data`, now that its sizes and targets are known.
    ///
    /// # Errors
    /// A loss or label noise that is not for such targets, a network that would be too large, or a
    /// scheme that is not for such a network.
    pub fn check_data(&self, dataset: usize, data: &Prepared) -> Result<()> {
        let spec = &self.axes.dataset.items[dataset];
        let context = || format!("dataset `{}`", spec.text);
        self.loss.accepts(&data.targets).context(context)?;
        let cells = || {
            let all = self.cells.iter();
            all.filter(|c| usize::from(c[Axis::Dataset]) == dataset)
        };
        let noisy = |c: &Cell| *self.axes.label_noise.of(c) > 0.0;
        if matches!(*data.targets, Targets::Values { .. }) && cells().any(noisy) {
            let message = "label noise needs class labels, but the targets are real values";
            return Err(Error::new(Kind::Experiment, message)).context(context);
        }
        let axes = [Axis::Architecture, Axis::Activation, Axis::Scheme];
        let mut networks: Vec<[u16; 3]> = cells().map(|c| axes.map(|axis| c[axis])).collect();
        networks.sort_unstable();
        networks.dedup();
        for networks in networks.chunk_by(|a, b| a[..2] == b[..2]) {
            let [hidden, functions, _] = networks[0];
            let hidden = &self.axes.architecture.item(hidden).value;
            let functions = &self.axes.activation.item(functions).value;
            let model = Model::new(hidden, functions, data.inputs(), data.outputs(), self.loss);
            let model = model.context(context)?;
            for together @ [_, _, number] in networks {
                let item = self.axes.scheme.item(*number);
                let scheme = &item.value.scheme;
                init::check(&**scheme, &model, true)
                    .context(|| format!("scheme `{}`", item.text))
                    .and_then(|()| scheme.fits(&model))
                    .context(context)?;
                if is_placed(&**scheme) {
                    let of_trials = |cell: &Cell| {
                        usize::from(cell[Axis::Dataset]) == dataset
                            && axes.map(|axis| cell[axis]) == *together
                    };
                    self.placed(of_trials)
                        .try_for_each(|(_, scheme)| scheme.fits(&model))
                        .context(context)?;
                }
            }
        }
        Ok(())
    }
}

/// An estimate of the memory that a trial needs: parameters with gradient and two moments, and
/// four batches of activations.
pub fn trial_bytes(model: &Model, batch_size: u32) -> u64 {
    bytes(model.stored_count(), units(model), batch_size)
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
