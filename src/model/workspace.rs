//! Buffers of training, and what a probe sees.

use super::norm::NormBuffers;
use super::optimizer::MAX_BUFFERS;
use super::score::Scores;
use super::{Model, Parameters};
use crate::numerics::{Batch, SparseRows};

/// Every buffer that forward, backward and the optimizers need. Sized by the first use with a
/// model, reused from trial to trial on a thread; nothing in it carries meaning from one trial
/// to the next.
#[derive(Debug, Default)]
pub struct Workspace {
    pub(super) pass: Pass,
    pub(super) state: State,
}

impl Workspace {
    /// Without buffers: the first use makes them, later ones of the same sizes allocate nothing.
    pub fn new() -> Self {
        Workspace::default()
    }
}

/// Buffers of the forward and backward pass.
#[derive(Debug, Default)]
pub(super) struct Pass {
    pub inputs: Batch,
    /// The samples without their zeros, side by side: scattered over a dataset, they would be on
    /// more pages at a time than a processor keeps track of.
    pub sparse_inputs: SparseRows,
    /// What each layer leaves behind, at its index; there may be more than the model has layers.
    pub layers: Vec<LayerBuffers>,
    /// Gradient with respect to the value that the backward pass has reached.
    pub delta: Batch,
    /// The next one, while it is computed.
    pub next: Batch,
    /// Gradient with respect to the stream, passed over a residual branch.
    pub stream: Batch,
    /// `delta` as it came to a normalization.
    pub incoming: Batch,
    /// A small tensor's gradient, where it is a step at once.
    pub sums: Vec<f32>,
    /// Buffers of the loss.
    pub scores: Scores,
    /// Zeros, the bias of layers without one.
    pub zeros: Vec<f32>,
}

/// What one layer leaves behind on the way forward.
#[derive(Debug, Default)]
pub(super) struct LayerBuffers {
    /// Output of the layer that ends a residual branch (elsewhere the output is `preactivation`).
    pub branch: Batch,
    /// What the normalization or activation function that follows gets to see.
    pub preactivation: Batch,
    /// The same after normalization and scalar bias, where there are any.
    pub normalized: Batch,
    pub norm: NormBuffers,
    /// Values of the activation function.
    pub activation: Batch,
    /// The same plus a scalar bias, where there is one.
    pub shifted: Batch,
}

impl Pass {
    /// Makes room for the layers of `model`.
    pub(super) fn prepare(&mut self, model: &Model) {
        if self.layers.len() < model.layers.len() {
            self.layers.resize_with(model.layers.len(), LayerBuffers::default);
        }
        let widest = model.layers.iter().map(|l| l.fan_out).max().unwrap_or(0);
        if self.zeros.len() < widest {
            self.zeros.resize(widest, 0.0);
        }
    }
}

/// Optimizer state in the shape of the parameters.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Gradient of the mean loss.
    pub gradient: Parameters,
    /// What the optimizer keeps between steps; those that it doesn't use are empty or left over.
    pub buffers: [Parameters; MAX_BUFFERS],
}

/// One weight layer as a probe sees it; each batch is `samples x fan_out`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerTrace {
    /// The layer's own output `z`.
    pub output: Batch,
    /// What the following activation function (with its normalization) gets to see, or the loss:
    /// `z`, or at the end of a residual block the stream to which the branch has been added.
    pub preactivation: Batch,
    /// Values of the following activation function; those of the last layer are `z` itself.
    pub activation: Batch,
    /// Gradient of the mean loss over the samples with respect to `preactivation`.
    pub gradient: Batch,
}

/// A network's inner values on some samples, before any step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// The samples, `samples x inputs`.
    pub inputs: Batch,
    /// Each weight layer, from the data to the loss.
    pub layers: Vec<LayerTrace>,
    /// Mean loss; 0 without targets.
    pub loss: f64,
}
