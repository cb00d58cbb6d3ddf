//! Networks: architecture, parameters, forward, backward, loss, optimizers.
//!
//! A [`Model`] is the immutable plan of a network: its layers in order and what feeds each. Its
//! numbers live in [`Parameters`]; a [`Trainer`] changes them, and a [`Workspace`] holds every
//! buffer it needs. All results are pure functions of parameters, data rows and settings.
//!
//! With weight matrices `W_l` (`fan_in x fan_out`), a plain network computes
//! `z_l = a_l W_l + b_l`, `a_0 = data`, `a_(l+1) = f(norm(z_l))`, and the loss of the last `z`.
//! A residual network has a stream `h` in between: the stem's `z_0` starts it, each block adds
//! `alpha` times its branch's last `z`, and what the activation functions get to see is the
//! stream at the first layer of a branch and at the head, the previous `z` elsewhere. A weight-normalized network trains
//! `v` and `g` in place of each `W = g v / norm(v)`.

use crate::activation::Activation;
use crate::support::error::{Error, Kind, Result};

pub mod architecture;
mod elementwise;
pub mod loss;
mod norm;
pub mod optimizer;
mod parameters;
mod pass;
mod score;
mod trainer;
mod weight_norm;
mod workspace;

pub use architecture::{Architecture, Norm, Residual, Shape};
pub use loss::Loss;
pub use optimizer::Optimizer;
pub(crate) use parameters::TensorId;
pub use parameters::{Parameters, Tensor};
pub use trainer::{BatchScore, LayerRate, Rates, Score, Trainer};
pub(crate) use weight_norm::NO_UNIT_AT_ZERO;
pub use weight_norm::WeightNorm;
pub use workspace::{LayerTrace, Trace, Workspace};

/// Greatest number of parameters that is accepted.
pub const MAX_PARAMETERS: u64 = 1 << 28;

/// Where a layer stands between data and loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The first of several layers: the data feed it.
    Input,
    /// Neither first nor last.
    Hidden,
    /// The last layer, also where it is the only one.
    Output,
}

/// Where a layer stands in a residual branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockPlace {
    pub block: usize,
    /// Number of blocks in the network.
    pub blocks: usize,
    /// Position of the layer in its branch, from 0.
    pub position: usize,
    /// Weight layers per branch.
    pub length: usize,
}

impl BlockPlace {
    /// Whether this is the last layer of its branch.
    pub fn is_last(&self) -> bool {
        self.position + 1 == self.length
    }
}

/// What a layer may know of its network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetworkShape {
    /// Number of weight layers.
    pub layers: usize,
    /// Features per sample.
    pub inputs: usize,
    /// Units of the last layer.
    pub outputs: usize,
}

/// One weight layer of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerInfo {
    /// The network that it is part of.
    pub network: NetworkShape,
    /// Position among the weight layers, from 0.
    pub index: usize,
    /// Inputs of a unit.
    pub fan_in: usize,
    /// Units.
    pub fan_out: usize,
    /// Place between data and loss.
    pub role: Role,
    /// The activation function whose values feed this layer; `None`: the data do.
    pub input_activation: Option<Activation>,
    /// The activation function that follows this layer; `None`: the loss does.
    pub output_activation: Option<Activation>,
    /// Place in a residual branch; `None` outside of one.
    pub block: Option<BlockPlace>,
    /// Whether the layer has a bias vector (Fixup's branches have scalars instead).
    pub has_bias: bool,
}

/// The plan of a network: immutable, and shared by all trials of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The weight layers, from the data to the loss.
    pub layers: Vec<LayerInfo>,
    /// Features per sample.
    pub inputs: usize,
    /// Units of the last layer.
    pub outputs: usize,
    /// What training minimises.
    pub loss: Loss,
    /// What is normalized before each activation function.
    pub norm: Norm,
    /// Whether each weight matrix is `g v / norm(v)`, and `v` and `g` are what trains.
    pub weight_norm: bool,
    /// The residual structure, where there is one.
    pub residual: Option<Residual>,
}

impl Model {
    /// The network of `architecture` between `inputs` features and `outputs` units.
    ///
    /// `activations` holds one function for all places, or one per place in order: after each
    /// layer but the last.
    ///
    /// # Errors
    /// No activation functions or the wrong number, no inputs or outputs, or more than
    /// [`MAX_PARAMETERS`] parameters.
    pub fn new(
        architecture: &Architecture,
        activations: &[Activation],
        inputs: usize,
        outputs: usize,
        loss: Loss,
    ) -> Result<Self> {
        if inputs == 0 || outputs == 0 {
            let message = format!("a network needs inputs and outputs; the data have {inputs} and {outputs}");
            return Err(Error::new(Kind::Data, message));
        }
        let (widths, residual) = widths(architecture, inputs, outputs);
        let count = widths.len() - 1;
        let places = count - 1;
        if activations.is_empty() || (activations.len() != 1 && activations.len() != places) {
            let message = format!(
                "`{architecture}` has {places} places for an activation function, but {} are given",
                activations.len()
            );
            return Err(Error::new(Kind::Experiment, message).help("give one for all, or one per place"));
        }
        let activation = |place: usize| activations[if activations.len() == 1 { 0 } else { place }].clone();
        let layers = (0..count)
            .map(|index| {
                let block = residual.and_then(|r| place_in_block(&r, index));
                LayerInfo {
                    network: NetworkShape {
                        layers: count,
                        inputs,
                        outputs,
                    },
                    index,
                    fan_in: widths[index],
                    fan_out: widths[index + 1],
                    role: match index {
                        _ if index + 1 == count => Role::Output,
                        0 => Role::Input,
                        _ => Role::Hidden,
                    },
                    input_activation: (index > 0).then(|| activation(index - 1)),
                    output_activation: (index + 1 < count).then(|| activation(index)),
                    block,
                    has_bias: !(block.is_some() && residual.is_some_and(|r| r.fixup)),
                }
            })
            .collect();
        let model = Model {
            layers,
            inputs,
            outputs,
            loss,
            norm: architecture.norm,
            weight_norm: architecture.weight_norm,
            residual,
        };
        let parameters = model.parameter_count();
        if parameters > MAX_PARAMETERS {
            let message =
                format!("`{architecture}` has {parameters} parameters, more than {MAX_PARAMETERS} (2^28)");
            return Err(Error::new(Kind::Experiment, message));
        }
        Ok(model)
    }

    /// Number of trainable parameters.
    pub fn parameter_count(&self) -> u64 {
        let layer = |l: &LayerInfo| {
            let bias = if l.has_bias { l.fan_out as u64 } else { 0 };
            let norm = if l.index > 0 && self.norm != Norm::None {
                2 * l.fan_in as u64
            } else {
                0
            };
            let scalars = if self.has_scalars(l.index) { 2 } else { 0 };
            let gains = if self.weight_norm { l.fan_out as u64 } else { 0 };
            l.fan_in as u64 * l.fan_out as u64 + gains + bias + norm + scalars
        };
        let scales = match self.residual {
            Some(r) if r.learned => r.blocks as u64,
            _ => 0,
        };
        self.layers.iter().map(layer).sum::<u64>() + scales
    }

    /// Numbers that [`Parameters`] holds and training keeps up to date: the trainable ones, and the weights that weight
    /// normalization makes of them.
    pub(crate) fn stored_count(&self) -> u64 {
        let made = if self.weight_norm { self.forward_cost() } else { 0 };
        self.parameter_count() + made
    }

    /// Fused multiply-adds of one sample's forward pass.
    pub fn forward_cost(&self) -> u64 {
        self.layers
            .iter()
            .map(|l| l.fan_in as u64 * l.fan_out as u64)
            .sum()
    }

    /// Whether Fixup's pair of scalar biases surrounds the activation that feeds layer `index`.
    pub(crate) fn has_scalars(&self, index: usize) -> bool {
        index > 0 && self.residual.is_some_and(|r| r.fixup)
    }
}

/// Widths from the data to the output, and the residual structure.
fn widths(architecture: &Architecture, inputs: usize, outputs: usize) -> (Vec<usize>, Option<Residual>) {
    let mut widths = vec![inputs];
    let residual = match &architecture.shape {
        Shape::Plain(hidden) => {
            widths.extend(hidden);
            None
        }
        Shape::Residual(r) => {
            widths.resize(r.blocks * r.length + 2, r.width);
            Some(*r)
        }
    };
    widths.push(outputs);
    (widths, residual)
}

fn place_in_block(residual: &Residual, index: usize) -> Option<BlockPlace> {
    let inside = index.checked_sub(1)?;
    let block = inside / residual.length;
    (block < residual.blocks).then_some(BlockPlace {
        block,
        blocks: residual.blocks,
        position: inside % residual.length,
        length: residual.length,
    })
}

#[cfg(test)]
mod tests;
