//! Steps and evaluations.

use super::{Model, Optimizer, Parameters, Trace, Workspace};
use crate::data::Prepared;

/// Multipliers on the learning rate of one layer; 0 freezes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerRate {
    /// On the weight matrix.
    pub weight: f64,
    /// On the bias vector.
    pub bias: f64,
}

/// Multipliers on the learning rate; 0 freezes: the bits stay as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// Of each weight layer.
    pub layers: Vec<LayerRate>,
    /// Of normalization gains and shifts.
    pub norms: f64,
    /// Of scalar biases and branch scales.
    pub scalars: f64,
}

impl Rates {
    /// The same rate everywhere.
    pub fn uniform(model: &Model) -> Self {
        Rates {
            layers: vec![
                LayerRate {
                    weight: 1.0,
                    bias: 1.0
                };
                model.layers.len()
            ],
            norms: 1.0,
            scalars: 1.0,
        }
    }

    /// Freezes a layer's weights and biases.
    pub fn freeze(&mut self, layer: usize) {
        self.layers[layer] = LayerRate {
            weight: 0.0,
            bias: 0.0,
        };
    }
}

/// What a step saw of its own batch, before it changed anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchScore {
    /// Sum of the samples' losses, in sample order in f64; non-finite when training has diverged.
    pub loss_sum: f64,
    /// Samples whose largest output is their class (ties: the lowest class); 0 for regression.
    pub correct: u32,
}

/// Loss and accuracy over some samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Mean loss; non-finite when training has diverged.
    pub loss: f64,
    /// Fraction of samples classified right; `None` for regression or without samples.
    pub accuracy: Option<f64>,
}

/// Trains one network: its plan, parameters, optimizer state and buffers.
#[derive(Debug)]
pub struct Trainer<'a> {
    _model: &'a Model,
    parameters: Parameters,
    _optimizer: Optimizer,
    _rates: Rates,
    _workspace: &'a mut Workspace,
}

impl<'a> Trainer<'a> {
    /// A trainer that starts from `parameters`, which must be those of `model`.
    pub fn new(
        model: &'a Model,
        parameters: Parameters,
        optimizer: &Optimizer,
        rates: Rates,
        workspace: &'a mut Workspace,
    ) -> Self {
        Trainer {
            _model: model,
            parameters,
            _optimizer: optimizer.clone(),
            _rates: rates,
            _workspace: workspace,
        }
    }

    /// One step of the optimizer on the mean loss of `rows`, which must not be empty.
    pub fn step(&mut self, prepared: &Prepared, rows: &[u32], rate: f64) -> BatchScore {
        let _ = (prepared, rows, rate);
        unimplemented!("lands next")
    }

    /// Loss and accuracy over `rows`, batch normalization by its running statistics.
    pub fn evaluate(&mut self, prepared: &Prepared, rows: &[u32]) -> Score {
        let _ = (prepared, rows);
        unimplemented!("lands next")
    }

    /// The network's inner values on `rows`, batch normalization by the rows' own statistics.
    pub fn trace(&mut self, prepared: &Prepared, rows: &[u32]) -> Trace {
        let _ = (prepared, rows);
        unimplemented!("lands next")
    }

    /// The parameters as they are now.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Ends training and hands the parameters out.
    pub fn into_parameters(self) -> Parameters {
        self.parameters
    }
}

impl Model {
    /// Loss and accuracy of `parameters` over `rows`, see [`Trainer::evaluate`].
    pub fn evaluate(
        &self,
        parameters: &Parameters,
        prepared: &Prepared,
        rows: &[u32],
        workspace: &mut Workspace,
    ) -> Score {
        let _ = (parameters, prepared, rows, workspace);
        unimplemented!("lands next")
    }

    /// The inner values under `parameters` on `rows`, see [`Trainer::trace`].
    pub fn trace(
        &self,
        parameters: &Parameters,
        prepared: &Prepared,
        rows: &[u32],
        workspace: &mut Workspace,
    ) -> Trace {
        let _ = (parameters, prepared, rows, workspace);
        unimplemented!("lands next")
    }

    /// The inner values on inputs of the caller's own, without loss and gradients (left empty).
    pub fn propagate(
        &self,
        parameters: &Parameters,
        inputs: &crate::numerics::Batch,
        workspace: &mut Workspace,
    ) -> Trace {
        let _ = (parameters, inputs, workspace);
        unimplemented!("lands next")
    }
}
