//! Buffers of training, and what a probe sees.

use crate::numerics::Batch;

/// Every buffer that forward, backward and the optimizers need. Sized by the first use with a
/// model, reused from trial to trial on a thread; nothing in it carries meaning from one trial
/// to the next.
#[derive(Debug, Default)]
pub struct Workspace {
    _buffers: Vec<Batch>,
}

impl Workspace {
    /// An empty workspace.
    pub fn new() -> Self {
        Workspace::default()
    }
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
    /// Mean loss.
    pub loss: f64,
}
