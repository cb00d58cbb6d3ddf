//! Steps, evaluations and probes.

use super::elementwise::copy;
use super::pass::{Inputs, Sink, Statistics};
use super::score::{OutputGradient, Tally, score};
use super::workspace::Pass;
use super::{LayerTrace, Model, Norm, Optimizer, Parameters, TensorId, Trace, Workspace, norm};
use crate::data::{Prepared, Targets};
use crate::numerics::Batch;

/// Samples per batch of an evaluation. No result depends on it.
const EVALUATION_BATCH: usize = 256;

/// Multipliers on the learning rate of one layer and of what stands behind it; 0 freezes: the bits
/// stay as they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerRate {
    /// On the weight matrix, or what it is made of under weight normalization.
    pub weight: f64,
    /// On the bias vector.
    pub bias: f64,
    /// On gain and shift of the normalization behind the layer. At 0, batch normalization uses its
    /// running statistics in training too, and they stay as they are: the layer is one fixed
    /// function, as under `trainable = False` in Keras, or `requires_grad_(False)` and `eval()` in
    /// PyTorch.
    pub norm: f64,
    /// On the scalar biases behind the layer, and on the learned factor of the residual branch
    /// that it ends.
    pub scalars: f64,
}

impl LayerRate {
    /// The experiment's own rate.
    pub const ONE: LayerRate = LayerRate {
        weight: 1.0,
        bias: 1.0,
        norm: 1.0,
        scalars: 1.0,
    };

    /// Nothing changes.
    pub const FROZEN: LayerRate = LayerRate {
        weight: 0.0,
        bias: 0.0,
        norm: 0.0,
        scalars: 0.0,
    };
}

/// Multipliers on the learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// Of each weight layer.
    pub layers: Vec<LayerRate>,
    /// The layers that end the residual branches.
    branch_ends: Vec<usize>,
}

impl Rates {
    /// The same rate everywhere.
    pub fn uniform(model: &Model) -> Self {
        let ends = model
            .layers
            .iter()
            .filter(|l| l.block.is_some_and(|b| b.is_last()));
        Rates {
            layers: vec![LayerRate::ONE; model.layers.len()],
            branch_ends: ends.map(|l| l.index).collect(),
        }
    }

    /// Freezes a layer and all that stands behind it up to the next.
    pub fn freeze(&mut self, layer: usize) {
        self.layers[layer] = LayerRate::FROZEN;
    }

    /// The multiplier on the rate of a tensor.
    pub(crate) fn of(&self, id: TensorId) -> f64 {
        match id {
            TensorId::Weight(l) | TensorId::Gain(l) => self.layers[l].weight,
            TensorId::Bias(l) => self.layers[l].bias,
            TensorId::Norm(l) => self.layers[l].norm,
            TensorId::Scalar(l) => self.layers[l].scalars,
            TensorId::BranchScale(block) => self.layers[self.branch_end(block)].scalars,
        }
    }

    /// The layer that ends the branch of `block`.
    pub(super) fn branch_end(&self, block: usize) -> usize {
        self.branch_ends[block]
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
    /// Mean loss; non-finite when training has diverged, NaN without samples.
    pub loss: f64,
    /// Fraction of samples classified right; `None` for regression or without samples.
    pub accuracy: Option<f64>,
}

/// Trains one network: its plan, parameters, optimizer state and buffers.
///
/// The arithmetic of a step, which is its definition: the gradient of the batch's mean loss with
/// respect to the outputs is scaled once, by `1 / batch size`, and what the backward pass adds
/// up from it, in the order of the samples and from zero, is the gradient. A layer's own rate
/// multiplies the learning rate. Plain gradient descent takes `w = fma(-rate, gradient, w)`, one
/// rounding of the weight per step, without keeping the gradients: each layer changes after its
/// delta has been passed on. The bits are those of momentum with beta = 0. Under weight
/// normalization gradients are kept, turned into those of `v` and `g`, and `W` is made anew after
/// the optimizer's step on these.
#[derive(Debug)]
pub struct Trainer<'a> {
    model: &'a Model,
    parameters: Parameters,
    optimizer: Optimizer,
    rates: Rates,
    workspace: &'a mut Workspace,
}

impl<'a> Trainer<'a> {
    /// A trainer that starts from `parameters`, which must be those of `model`, and settled
    /// ([`Parameters::settle_weight_norm`]) where its weights are normalized.
    pub fn new(
        model: &'a Model,
        parameters: Parameters,
        optimizer: &Optimizer,
        rates: Rates,
        workspace: &'a mut Workspace,
    ) -> Self {
        workspace.pass.prepare(model);
        optimizer.prepare(&parameters, &mut workspace.state);
        Trainer {
            model,
            parameters,
            optimizer: optimizer.clone(),
            rates,
            workspace,
        }
    }

    /// One step of the optimizer on the mean loss of `rows`; without rows nothing happens.
    pub fn step(&mut self, prepared: &Prepared, rows: &[u32], rate: f64) -> BatchScore {
        let Workspace { pass, state } = &mut *self.workspace;
        let model = self.model;
        let inputs = pass.gather(prepared, rows);
        model.forward(&self.parameters, inputs, Statistics::Step(&self.rates), pass);
        let scale = 1.0 / rows.len().max(1) as f64;
        let tally = model.differentiate(&prepared.targets, rows, scale as f32, pass);
        if model.norm == Norm::Batch {
            let layers = pass.layers.iter().zip(&self.rates.layers);
            for (norm, (buffers, rate)) in self.parameters.norms.iter_mut().zip(layers) {
                if rate.norm != 0.0 {
                    norm::update_running(norm, &buffers.norm, rows.len());
                }
            }
        }
        if self.optimizer.is_plain(&self.parameters) {
            let sink = Sink::Descend(&mut self.parameters, rate);
            model.backward(sink, inputs, &self.rates, pass, |_, _| ());
        } else {
            state.gradient.fill_zero();
            let sink = Sink::Gradient(&self.parameters, &mut state.gradient);
            model.backward(sink, inputs, &self.rates, pass, |_, _| ());
            self.optimizer
                .update(&mut self.parameters, state, &self.rates, rate);
        }
        BatchScore {
            loss_sum: tally.loss_sum,
            correct: tally.correct,
        }
    }

    /// Loss and accuracy over `rows`, batch normalization by its running statistics.
    pub fn evaluate(&mut self, prepared: &Prepared, rows: &[u32]) -> Score {
        self.model
            .evaluate(&self.parameters, prepared, rows, self.workspace)
    }

    /// The network's inner values on `rows`, batch normalization as in a step.
    pub fn trace(&mut self, prepared: &Prepared, rows: &[u32]) -> Trace {
        self.model
            .trace(&self.parameters, &self.rates, prepared, rows, self.workspace)
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
    /// Loss and accuracy of `parameters` over `rows`: the losses summed in f64 in the order of
    /// the rows, ties of outputs going to the lowest class, batch normalization by its running
    /// statistics.
    pub fn evaluate(
        &self,
        parameters: &Parameters,
        prepared: &Prepared,
        rows: &[u32],
        workspace: &mut Workspace,
    ) -> Score {
        let pass = &mut workspace.pass;
        let mut tally = Tally::default();
        for rows in rows.chunks(EVALUATION_BATCH) {
            let inputs = pass.gather(prepared, rows);
            self.forward(parameters, inputs, Statistics::Running, pass);
            let outputs = &pass.layers[self.layers.len() - 1].preactivation;
            score(
                self.loss,
                outputs,
                &prepared.targets,
                rows,
                &mut pass.scores,
                None,
                &mut tally,
            );
        }
        let count = rows.len() as f64;
        let classes = matches!(&*prepared.targets, Targets::Classes { .. });
        Score {
            loss: tally.loss_sum / count,
            accuracy: (classes && !rows.is_empty()).then(|| f64::from(tally.correct) / count),
        }
    }

    /// The inner values under `parameters` on `rows`, gradients of the mean loss over them
    /// included; batch normalization as in a step under `rates`: by the rows' own statistics where
    /// it isn't frozen.
    pub fn trace(
        &self,
        parameters: &Parameters,
        rates: &Rates,
        prepared: &Prepared,
        rows: &[u32],
        workspace: &mut Workspace,
    ) -> Trace {
        let pass = &mut workspace.pass;
        prepared.gather(rows, &mut pass.inputs);
        self.forward(parameters, Inputs::Dense, Statistics::Step(rates), pass);
        let mut trace = self.collect(pass);
        let scale = 1.0 / rows.len().max(1) as f64;
        let tally = self.differentiate(&prepared.targets, rows, scale as f32, pass);
        trace.loss = tally.loss_sum * scale;
        self.backward(
            Sink::Nothing(parameters),
            Inputs::Dense,
            rates,
            pass,
            |l, delta| {
                trace.layers[l].gradient = delta.clone();
            },
        );
        trace
    }

    /// The inner values on inputs of the caller's own (`samples x inputs`); loss and gradients
    /// are left empty.
    pub fn propagate(&self, parameters: &Parameters, inputs: &Batch, workspace: &mut Workspace) -> Trace {
        let pass = &mut workspace.pass;
        copy(inputs, &mut pass.inputs);
        self.forward(parameters, Inputs::Dense, Statistics::Batch, pass);
        self.collect(pass)
    }

    /// Output `z` of layer `layer` on `inputs`, computed through that layer only.
    pub fn layer_output<'w>(
        &self,
        layer: usize,
        parameters: &Parameters,
        inputs: &Batch,
        workspace: &'w mut Workspace,
    ) -> &'w Batch {
        let pass = &mut workspace.pass;
        copy(inputs, &mut pass.inputs);
        self.forward_through(layer + 1, parameters, Inputs::Dense, Statistics::Batch, pass);
        self.output_buffer(layer, pass)
    }

    /// Gradients of all parameters (of `W` itself under weight normalization) where `delta` (`samples x outputs`) is the gradient with respect to the outputs on
    /// `inputs`; batch normalization by the samples' own statistics.
    pub(crate) fn gradients(
        &self,
        parameters: &Parameters,
        inputs: &Batch,
        delta: &Batch,
        workspace: &mut Workspace,
    ) -> Parameters {
        let pass = &mut workspace.pass;
        copy(inputs, &mut pass.inputs);
        self.forward(parameters, Inputs::Dense, Statistics::Batch, pass);
        copy(delta, &mut pass.delta);
        self.gradients_of_pass(parameters, &Rates::uniform(self), pass)
    }

    /// The mean loss on `inputs`, whose targets are those of `rows`, and its gradients; all as in a step under
    /// `rates`: the gradient of a tensor whose rate is 0 is 0.
    pub(crate) fn loss_gradients(
        &self,
        parameters: &Parameters,
        rates: &Rates,
        inputs: &Batch,
        (targets, rows): (&Targets, &[u32]),
        workspace: &mut Workspace,
    ) -> (f64, Parameters) {
        let pass = &mut workspace.pass;
        copy(inputs, &mut pass.inputs);
        self.forward(parameters, Inputs::Dense, Statistics::Step(rates), pass);
        let scale = 1.0 / rows.len().max(1) as f64;
        let tally = self.differentiate(targets, rows, scale as f32, pass);
        let gradients = self.gradients_of_pass(parameters, rates, pass);
        (tally.loss_sum * scale, gradients)
    }

    /// Gradients of all parameters from what the forward pass and `pass.delta` hold.
    fn gradients_of_pass(&self, parameters: &Parameters, rates: &Rates, pass: &mut Pass) -> Parameters {
        let mut gradients = Parameters::new(self);
        gradients.fill_zero();
        let sink = Sink::Gradient(parameters, &mut gradients);
        self.backward(sink, Inputs::Dense, rates, pass, |_, _| {});
        gradients
    }

    fn output_buffer<'w>(&self, layer: usize, pass: &'w Pass) -> &'w Batch {
        let buffers = &pass.layers[layer];
        match self.layers[layer].block {
            Some(place) if place.is_last() => &buffers.branch,
            _ => &buffers.preactivation,
        }
    }

    /// Scores the outputs and starts the backward pass from them.
    pub(super) fn differentiate(
        &self,
        targets: &Targets,
        rows: &[u32],
        scale: f32,
        pass: &mut Pass,
    ) -> Tally {
        let outputs = &pass.layers[self.layers.len() - 1].preactivation;
        let gradient = OutputGradient {
            scale,
            delta: &mut pass.delta,
        };
        let mut tally = Tally::default();
        score(
            self.loss,
            outputs,
            targets,
            rows,
            &mut pass.scores,
            Some(gradient),
            &mut tally,
        );
        tally
    }

    /// Copies what the forward pass has left.
    fn collect(&self, pass: &Pass) -> Trace {
        let layer = |l: usize| {
            let buffers = &pass.layers[l];
            LayerTrace {
                output: self.output_buffer(l, pass).clone(),
                preactivation: buffers.preactivation.clone(),
                activation: if self.layers[l].output_activation.is_some() {
                    buffers.activation.clone()
                } else {
                    buffers.preactivation.clone()
                },
                gradient: Batch::default(),
            }
        };
        Trace {
            inputs: pass.inputs.clone(),
            layers: (0..self.layers.len()).map(layer).collect(),
            loss: 0.0,
        }
    }
}
