//! The forward and the backward pass over the layers of a model.

use super::elementwise::{
    accumulate_column_products, accumulate_columns, add, add_scaled, copy, dot, scale, shift, shift_in_place,
    total,
};
use super::norm;
use super::optimizer::Descend;
use super::workspace::{LayerBuffers, Pass};
use super::{LayerInfo, Model, Norm, Parameters, Rates, TensorId};
use crate::data::Prepared;
use crate::numerics::product::{self, Gradient};
use crate::numerics::{Batch, apply};

/// Which form of the samples feeds the first layer. Both give the same bits as long as all numbers
/// are finite.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inputs {
    /// `Pass::inputs`.
    Dense,
    /// `Pass::sparse_inputs`.
    Sparse,
}

impl Pass {
    /// Gathers `rows` of the data, without zeros where the data come so.
    pub(super) fn gather(&mut self, prepared: &Prepared, rows: &[u32]) -> Inputs {
        if let Some(sparse) = prepared.sparse() {
            self.sparse_inputs.gather(sparse, rows);
            return Inputs::Sparse;
        }
        prepared.gather(rows, &mut self.inputs);
        Inputs::Dense
    }
}

/// Which statistics batch normalization uses.
#[derive(Debug, Clone, Copy)]
pub(super) enum Statistics<'a> {
    /// The batch's own.
    Batch,
    /// The running ones.
    Running,
    /// Those of a step under these rates: the running ones where the normalization is frozen.
    Step(&'a Rates),
}

impl Statistics<'_> {
    /// Whether they are the running ones behind layer `l`.
    fn are_running(self, l: usize) -> bool {
        match self {
            Statistics::Batch => false,
            Statistics::Running => true,
            Statistics::Step(rates) => rates.layers[l].norm == 0.0,
        }
    }
}

/// Where the backward pass leaves parameter gradients, for deltas that carry the factor
/// `1 / batch size`.
#[derive(Debug)]
pub(super) enum Sink<'a> {
    /// In the parameters themselves, as a step of plain gradient descent at this rate: each
    /// gradient is summed from zero, and the parameter is rounded once.
    Descend(&'a mut Parameters, f64),
    /// Added to a buffer of their own.
    Gradient(&'a Parameters, &'a mut Parameters),
    /// Nowhere.
    Nothing(&'a Parameters),
}

impl Sink<'_> {
    /// The parameters as the backward pass reads them.
    fn parameters(&self) -> &Parameters {
        match self {
            Sink::Descend(p, _) => p,
            Sink::Gradient(p, _) | Sink::Nothing(p) => p,
        }
    }

    /// Where the gradient of a tensor whose rate has this multiplier goes: the tensors, and what is
    /// done there. `None` where it goes nowhere.
    fn target(&mut self, multiplier: f64) -> Option<(&mut Parameters, Gradient)> {
        match self {
            _ if multiplier == 0.0 => None,
            Sink::Descend(p, rate) => Some((
                p,
                Gradient::Descend {
                    rate: (*rate * multiplier) as f32,
                },
            )),
            Sink::Gradient(_, g) => Some((g, Gradient::Add)),
            Sink::Nothing(_) => None,
        }
    }
}

/// Lets `sum` add a gradient to a tensor, or to zeros in `scratch` from which a step is taken.
fn apply_gradient(tensor: &mut [f32], what: Gradient, scratch: &mut Vec<f32>, sum: impl FnOnce(&mut [f32])) {
    match what {
        Gradient::Add => sum(tensor),
        Gradient::Descend { rate } => {
            scratch.clear();
            scratch.resize(tensor.len(), 0.0);
            sum(scratch);
            apply(&Descend { rate, decay: 0.0 }, [&scratch[..]], [tensor]);
        }
    }
}

impl Model {
    /// Fills the buffers of every layer; the outputs are the last layer's `preactivation`.
    pub(super) fn forward(
        &self,
        p: &Parameters,
        inputs: Inputs,
        statistics: Statistics<'_>,
        pass: &mut Pass,
    ) {
        self.forward_through(self.layers.len(), p, inputs, statistics, pass);
    }

    /// The same for the first `count` layers only.
    pub(super) fn forward_through(
        &self,
        count: usize,
        p: &Parameters,
        inputs: Inputs,
        statistics: Statistics<'_>,
        pass: &mut Pass,
    ) {
        pass.prepare(self);
        for layer in &self.layers[..count] {
            let l = layer.index;
            let (before, rest) = pass.layers.split_at_mut(l);
            let buffers = &mut rest[0];
            let bias = if layer.has_bias {
                &p.biases[l]
            } else {
                &pass.zeros[..layer.fan_out]
            };
            let place = layer.block.filter(|b| b.is_last());
            let z = if place.is_some() {
                &mut buffers.branch
            } else {
                &mut buffers.preactivation
            };
            match (before.last(), inputs) {
                (Some(previous), _) => product::forward(self.next_input(previous), &p.weights[l], bias, z),
                (None, Inputs::Dense) => product::forward(&pass.inputs, &p.weights[l], bias, z),
                (None, Inputs::Sparse) => {
                    product::forward_sparse(&pass.sparse_inputs, &p.weights[l], bias, z);
                }
            }
            if let Some(place) = place {
                let skipped = &before[l - place.length].preactivation;
                let alpha = self.branch_scale(p, place.block);
                add_scaled(alpha, &buffers.branch, skipped, &mut buffers.preactivation);
            }
            self.activate(layer, p, statistics, buffers);
        }
    }

    /// From a layer's `preactivation` to the next layer's input.
    fn activate(
        &self,
        layer: &LayerInfo,
        p: &Parameters,
        statistics: Statistics<'_>,
        buffers: &mut LayerBuffers,
    ) {
        let Some(activation) = &layer.output_activation else {
            return;
        };
        let l = layer.index;
        match self.norm {
            Norm::None => {}
            Norm::Layer => norm::layer_forward(
                &buffers.preactivation,
                &p.norms[l],
                &mut buffers.norm,
                &mut buffers.normalized,
            ),
            Norm::Batch if statistics.are_running(l) => {
                norm::batch_evaluate(
                    &buffers.preactivation,
                    &p.norms[l],
                    &mut buffers.norm,
                    &mut buffers.normalized,
                );
            }
            Norm::Batch => norm::batch_forward(
                &buffers.preactivation,
                &p.norms[l],
                &mut buffers.norm,
                &mut buffers.normalized,
            ),
        }
        if let Some(&[before, after]) = p.scalars.get(l) {
            if self.norm == Norm::None {
                shift(&buffers.preactivation, before, &mut buffers.normalized);
            } else {
                shift_in_place(&mut buffers.normalized, before);
            }
            activation.apply(&buffers.normalized, &mut buffers.activation);
            shift(&buffers.activation, after, &mut buffers.shifted);
        } else {
            let seen = if self.norm == Norm::None {
                &buffers.preactivation
            } else {
                &buffers.normalized
            };
            activation.apply(seen, &mut buffers.activation);
        }
    }

    /// The input of the activation function behind a layer.
    fn activation_input<'s>(&self, buffers: &'s LayerBuffers) -> &'s Batch {
        if self.norm == Norm::None && !self.is_fixup() {
            &buffers.preactivation
        } else {
            &buffers.normalized
        }
    }

    /// The input of the next layer.
    fn next_input<'s>(&self, buffers: &'s LayerBuffers) -> &'s Batch {
        if self.is_fixup() {
            &buffers.shifted
        } else {
            &buffers.activation
        }
    }

    fn is_fixup(&self) -> bool {
        self.residual.is_some_and(|r| r.fixup)
    }

    /// Factor on the branch of `block`.
    fn branch_scale(&self, p: &Parameters, block: usize) -> f32 {
        match p.branch_scales.get(block) {
            Some(&scale) => scale,
            None => self.residual.map_or(1.0, |r| r.alpha as f32),
        }
    }

    /// Passes `pass.delta`, a gradient with respect to the outputs, back through all layers.
    ///
    /// Gradients of a layer's parameters are taken before that layer changes, from values of the
    /// forward pass, so an update in place uses nothing that has been updated. `visit` sees the
    /// gradient with respect to each layer's `preactivation`, from the last layer to the first.
    pub(super) fn backward(
        &self,
        mut sink: Sink,
        inputs: Inputs,
        rates: &Rates,
        pass: &mut Pass,
        mut visit: impl FnMut(usize, &Batch),
    ) {
        for layer in self.layers.iter().rev() {
            let l = layer.index;
            visit(l, &pass.delta);
            if let Some(place) = layer.block.filter(|b| b.is_last()) {
                self.leave_stream(place.block, &mut sink, rates, pass);
            }
            if l > 0 {
                product::input_gradient(&pass.delta, &sink.parameters().weights[l], &mut pass.next);
            }
            self.collect_layer(l, &mut sink, inputs, rates, pass);
            if l == 0 {
                return;
            }
            std::mem::swap(&mut pass.delta, &mut pass.next);
            self.deactivate(&self.layers[l - 1], &mut sink, rates, pass);
            if layer.block.is_some_and(|b| b.position == 0) {
                add(&mut pass.delta, &pass.stream);
            }
        }
    }

    /// At the end of a residual block: keeps the stream's gradient for the skip, and turns it
    /// into the branch's.
    fn leave_stream(&self, block: usize, sink: &mut Sink, rates: &Rates, pass: &mut Pass) {
        copy(&pass.delta, &mut pass.stream);
        let alpha = self.branch_scale(sink.parameters(), block);
        let Some(r) = self.residual else { return };
        if r.learned
            && let Some((target, what)) = sink.target(rates.of(TensorId::BranchScale(block)))
        {
            let gradient = dot(&pass.delta, &pass.layers[rates.branch_end(block)].branch);
            let scale = &mut target.branch_scales[block..=block];
            apply_gradient(scale, what, &mut pass.sums, |sums| sums[0] += gradient);
        }
        if alpha != 1.0 {
            scale(&pass.stream, alpha, &mut pass.delta);
        }
    }

    /// Gradients of a layer's weights and biases from `pass.delta`.
    fn collect_layer(&self, l: usize, sink: &mut Sink, inputs: Inputs, rates: &Rates, pass: &mut Pass) {
        let rate = rates.layers[l];
        if let Some((target, what)) = sink.target(rate.weight) {
            let w = &mut target.weights[l];
            match (l, inputs) {
                (0, Inputs::Dense) => product::weight_gradient(&pass.inputs, &pass.delta, what, w),
                (0, Inputs::Sparse) => {
                    product::weight_gradient_sparse(&pass.sparse_inputs, &pass.delta, what, w);
                }
                _ => product::weight_gradient(self.next_input(&pass.layers[l - 1]), &pass.delta, what, w),
            }
        }
        if self.layers[l].has_bias
            && let Some((target, what)) = sink.target(rate.bias)
        {
            let delta = &pass.delta;
            apply_gradient(&mut target.biases[l], what, &mut pass.sums, |sums| {
                accumulate_columns(delta, sums);
            });
        }
    }

    /// From the gradient with respect to the next layer's input, to that with respect to `preactivation`.
    fn deactivate(&self, layer: &LayerInfo, sink: &mut Sink, rates: &Rates, pass: &mut Pass) {
        let Some(activation) = &layer.output_activation else {
            return;
        };
        let l = layer.index;
        let add_scalar = |sink: &mut Sink, which: usize, pass: &mut Pass| {
            if self.is_fixup()
                && let Some((target, what)) = sink.target(rates.of(TensorId::Scalar(l)))
            {
                let gradient = total(&pass.delta);
                let scalar = &mut target.scalars[l][which..=which];
                apply_gradient(scalar, what, &mut pass.sums, |sums| sums[0] += gradient);
            }
        };
        add_scalar(sink, 1, pass);
        activation.backprop(
            self.activation_input(&pass.layers[l]),
            &pass.layers[l].activation,
            &mut pass.delta,
        );
        add_scalar(sink, 0, pass);
        if self.norm != Norm::None {
            self.pass_back_norm(l, sink, rates, pass);
        }
    }

    /// Through the normalization behind layer `l`.
    fn pass_back_norm(&self, l: usize, sink: &mut Sink, rates: &Rates, pass: &mut Pass) {
        // The parameters' gradients need the delta as it comes in, the delta needs the gain as
        // it was: so the old delta is set aside first.
        let rate = rates.of(TensorId::Norm(l));
        let Pass {
            layers,
            delta,
            incoming,
            sums,
            ..
        } = pass;
        let buffers = &mut layers[l].norm;
        if sink.target(rate).is_some() {
            copy(delta, incoming);
        }
        match self.norm {
            Norm::None => {}
            Norm::Layer => norm::layer_backward(&sink.parameters().norms[l], buffers, delta),
            Norm::Batch if rate == 0.0 => {
                norm::batch_backward_frozen(&sink.parameters().norms[l], buffers, delta);
            }
            Norm::Batch => norm::batch_backward(&sink.parameters().norms[l], buffers, delta),
        }
        if let Some((target, what)) = sink.target(rate) {
            let norm = &mut target.norms[l];
            apply_gradient(&mut norm.gain, what, sums, |sums| {
                accumulate_column_products(incoming, &buffers.normal, sums);
            });
            apply_gradient(&mut norm.shift, what, sums, |sums| {
                accumulate_columns(incoming, sums)
            });
        }
    }
}
