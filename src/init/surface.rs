//! The loss of a network on some samples as a function of its parameters, and scales of its tensors: what schemes that tune
//! themselves on gradients have in common.
//!
//! Parameters in the network's shape stand for vectors: points, gradients, directions. Sums run in f64, in the order of
//! [`Parameters::fields`]; what pads a weight matrix is 0 and adds nothing. Frozen tensors are constants: their
//! gradient is 0.

use std::sync::Arc;

use super::Network;
use crate::data::{Prepared, Targets};
use crate::model::{Model, Parameters, Rates, TensorId, Workspace};
use crate::numerics::Batch;
use crate::random::{Purpose, Stream};
use crate::support::error::{Error, Kind, Result};

/// Samples to take the mean loss over: `inputs` and, at `rows` of `targets`, their targets.
#[derive(Debug)]
pub(super) struct Samples {
    pub inputs: Batch,
    pub targets: Arc<Targets>,
    pub rows: Vec<u32>,
}

/// Training samples in an order of their own, all of them before any comes again.
#[derive(Debug)]
pub(super) struct Draws<'a> {
    data: &'a Prepared,
    order: Vec<u32>,
    drawn: usize,
    stream: Stream,
}

impl<'a> Draws<'a> {
    /// Those of the network's data, in an order that only its weight seed moves.
    ///
    /// # Errors
    /// There are no data.
    pub(super) fn of(network: &Network<'a>) -> Result<Self> {
        Self::new(network.data()?, network.stream(Purpose::Tuning, 0))
    }

    /// Those of `data`, in orders that `stream` shuffles.
    ///
    /// # Errors
    /// There are none.
    pub(super) fn new(data: &'a Prepared, stream: Stream) -> Result<Self> {
        let order = data.split.train.clone();
        if order.is_empty() {
            let message = "this scheme needs training samples, and there are none";
            return Err(Error::new(Kind::Trial, message));
        }
        Ok(Draws {
            data,
            drawn: order.len(),
            order,
            stream,
        })
    }

    /// The next `count` rows.
    pub(super) fn rows(&mut self, count: usize) -> Vec<u32> {
        let mut row = || {
            if self.drawn == self.order.len() {
                self.stream.shuffle(&mut self.order);
                self.drawn = 0;
            }
            self.drawn += 1;
            self.order[self.drawn - 1]
        };
        (0..count).map(|_| row()).collect()
    }

    /// The samples at `rows`.
    pub(super) fn samples(&self, rows: Vec<u32>) -> Samples {
        let mut inputs = Batch::default();
        self.data.gather(&rows, &mut inputs);
        Samples {
            inputs,
            targets: Arc::clone(&self.data.targets),
            rows,
        }
    }
}

/// The loss as a function of the parameters.
#[derive(Debug)]
pub(super) struct Surface<'a> {
    model: &'a Model,
    rates: Rates,
    workspace: Workspace,
}

impl<'a> Surface<'a> {
    /// That of `network`, with what is frozen so far.
    pub(super) fn of(network: &Network<'a>) -> Self {
        Self::new(network.model(), network.rates().clone())
    }

    /// That of a network of this plan, where what has the rate 0 is constant.
    pub(super) fn new(model: &'a Model, rates: Rates) -> Self {
        Surface {
            model,
            rates,
            workspace: Workspace::new(),
        }
    }

    /// Mean loss and gradients.
    pub(super) fn at(&mut self, point: &Parameters, on: &Samples) -> (f64, Parameters) {
        let targets = (&*on.targets, &on.rows[..]);
        self.model
            .loss_gradients(point, &self.rates, &on.inputs, targets, &mut self.workspace)
    }

    /// The length of each layer's output, root mean square over samples.
    pub(super) fn output_sizes(&mut self, point: &Parameters, on: &Samples) -> Vec<f64> {
        let trace = self.model.propagate(point, &on.inputs, &mut self.workspace);
        let size = |output: &Batch| {
            let squares: f64 = output.iter().map(|row| dot(row, row)).sum();
            (squares / output.rows() as f64).sqrt()
        };
        trace.layers.iter().map(|layer| size(&layer.output)).collect()
    }

    /// Whether a tensor is trained.
    pub(super) fn is_trained(&self, id: TensorId) -> bool {
        self.rates.of(id) != 0.0
    }
}

/// Sum of products of two tensors' elements, each product exact.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .fold(0.0, |sum, (&a, &b)| sum + f64::from(a) * f64::from(b))
}

/// The scalar product of two vectors.
pub(super) fn inner(a: &Parameters, b: &Parameters) -> f64 {
    a.fields().zip(b.fields()).map(|((_, a), (_, b))| dot(a, b)).sum()
}

/// The length of a vector.
pub(super) fn length(vector: &Parameters) -> f64 {
    inner(vector, vector).sqrt()
}

/// `point + step direction`, each element rounded once.
pub(super) fn moved(point: &Parameters, step: f64, direction: &Parameters) -> Parameters {
    let mut moved = point.clone();
    for ((_, to), (_, by)) in moved.fields_mut().zip(direction.fields()) {
        for (x, &d) in to.iter_mut().zip(by) {
            *x = step.mul_add(f64::from(d), f64::from(*x)) as f32 + 0.0;
        }
    }
    moved
}

/// Parameters as a scheme drew them, and a factor on each tensor.
#[derive(Debug)]
pub(super) struct Scales {
    base: Parameters,
    /// In the order of [`Parameters::fields`].
    pub factors: Vec<f64>,
}

impl Scales {
    /// All factors 1.
    pub(super) fn of(base: &Parameters) -> Self {
        Scales {
            base: base.clone(),
            factors: vec![1.0; base.fields().count()],
        }
    }

    /// What each factor multiplies: the tensor's place and its elements.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (TensorId, &[f32])> {
        self.base.fields()
    }

    /// The parameters under these factors.
    pub(super) fn point(&self) -> Parameters {
        let mut point = self.base.clone();
        for ((_, values), factor) in point.fields_mut().zip(&self.factors) {
            multiply(values, *factor);
        }
        point
    }

    /// The same, with another factor on one tensor; `point` is that of these factors.
    pub(super) fn point_with(&self, point: &Parameters, tensor: usize, factor: f64) -> Parameters {
        let mut point = point.clone();
        let from = self.base.fields().nth(tensor);
        let to = point.fields_mut().nth(tensor);
        if let (Some((_, from)), Some((_, to))) = (from, to) {
            to.copy_from_slice(from);
            multiply(to, factor);
        }
        point
    }
}

/// Each element times `factor`, rounded once.
fn multiply(values: &mut [f32], factor: f64) {
    for x in values {
        *x = (f64::from(*x) * factor) as f32 + 0.0;
    }
}
