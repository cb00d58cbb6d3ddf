//! The forward and the backward pass over the layers of a model.

use super::elementwise::{
    accumulate_column_products, accumulate_columns, add, add_scaled, copy, dot, scale, shift, shift_in_place,
    total,
};
use super::norm;
use super::workspace::{Pass, Site};
use super::{LayerInfo, Model, Norm, Parameters, Place, Rates};
use crate::data::Prepared;
use crate::numerics::{Batch, product};

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

/// Where the backward pass leaves parameter gradients.
#[derive(Debug)]
pub(super) enum Sink<'a> {
    /// Added to the parameters themselves: the update of plain gradient descent, for deltas that
    /// carry the factor `-rate / batch size`.
    Update(&'a mut Parameters),
    /// Added to a buffer of their own.
    Gradient(&'a Parameters, &'a mut Parameters),
    /// Nowhere.
    Nothing(&'a Parameters),
}

impl Sink<'_> {
    /// The parameters as the backward pass reads them.
    fn parameters(&self) -> &Parameters {
        match self {
            Sink::Update(p) => p,
            Sink::Gradient(p, _) | Sink::Nothing(p) => p,
        }
    }

    /// Where gradients are added.
    fn sums(&mut self) -> Option<&mut Parameters> {
        match self {
            Sink::Update(p) => Some(p),
            Sink::Gradient(_, g) => Some(g),
            Sink::Nothing(_) => None,
        }
    }

    /// The factor on a gradient: the multiplier of its learning rate where the gradient is the
    /// update; `None` where nothing is to be added.
    fn factor(&self, multiplier: f64) -> Option<f32> {
        match self {
            Sink::Nothing(_) => None,
            _ if multiplier == 0.0 => None,
            Sink::Update(_) => Some(multiplier as f32),
            Sink::Gradient(..) => Some(1.0),
        }
    }
}

impl Model {
    /// Computes every site of `pass`; the outputs are the last site's `u`.
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
            let (before, rest) = pass.sites.split_at_mut(l);
            let site = &mut rest[0];
            let bias = if layer.has_bias {
                &p.biases[l]
            } else {
                &pass.zeros[..layer.fan_out]
            };
            let place = layer.block.filter(|b| b.is_last());
            let z = if place.is_some() {
                &mut site.branch
            } else {
                &mut site.u
            };
            match (before.last(), inputs) {
                (Some(previous), _) => product::forward(self.fed(previous), &p.weights[l], bias, z),
                (None, Inputs::Dense) => product::forward(&pass.inputs, &p.weights[l], bias, z),
                (None, Inputs::Sparse) => {
                    product::forward_sparse(&pass.sparse_inputs, &p.weights[l], bias, z);
                }
            }
            if let Some(place) = place {
                let skipped = &before[l - place.length].u;
                let alpha = self.branch_scale(p, place.block);
                add_scaled(alpha, &site.branch, skipped, &mut site.u);
            }
            self.activate(layer, p, statistics, site);
        }
    }

    /// From a site's `u` to what feeds the next layer.
    fn activate(&self, layer: &LayerInfo, p: &Parameters, statistics: Statistics<'_>, site: &mut Site) {
        let Some(activation) = &layer.output_activation else {
            return;
        };
        let l = layer.index;
        match self.norm {
            Norm::None => {}
            Norm::Layer => norm::layer_forward(&site.u, &p.norms[l], &mut site.norm, &mut site.v),
            Norm::Batch if statistics.are_running(l) => {
                norm::batch_evaluate(&site.u, &p.norms[l], &mut site.norm, &mut site.v);
            }
            Norm::Batch => norm::batch_forward(&site.u, &p.norms[l], &mut site.norm, &mut site.v),
        }
        if let Some(&[before, after]) = p.scalars.get(l) {
            if self.norm == Norm::None {
                shift(&site.u, before, &mut site.v);
            } else {
                shift_in_place(&mut site.v, before);
            }
            activation.apply(&site.v, &mut site.a);
            shift(&site.a, after, &mut site.fed);
        } else {
            let seen = if self.norm == Norm::None { &site.u } else { &site.v };
            activation.apply(seen, &mut site.a);
        }
    }

    /// What the activation function of a site gets to see.
    fn seen<'s>(&self, site: &'s Site) -> &'s Batch {
        if self.norm == Norm::None && !self.is_fixup() {
            &site.u
        } else {
            &site.v
        }
    }

    /// What a site feeds to the next layer.
    fn fed<'s>(&self, site: &'s Site) -> &'s Batch {
        if self.is_fixup() { &site.fed } else { &site.a }
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
    /// gradient with respect to each site's `u`, from the last layer to the first.
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
            && let Some(factor) = sink.factor(rates.of(Place::BranchScale(block)))
        {
            let gradient = dot(&pass.delta, &pass.sites[rates.branch_end(block)].branch);
            if let Some(sums) = sink.sums() {
                sums.branch_scales[block] += gradient * factor;
            }
        }
        if alpha != 1.0 {
            scale(&pass.stream, alpha, &mut pass.delta);
        }
    }

    /// Gradients of a layer's weights and biases from `pass.delta`.
    fn collect_layer(&self, l: usize, sink: &mut Sink, inputs: Inputs, rates: &Rates, pass: &mut Pass) {
        let rate = rates.layers[l];
        if let Some(factor) = sink.factor(rate.weight) {
            let delta = with_factor(&pass.delta, factor, &mut pass.scaled);
            if let Some(sums) = sink.sums() {
                let w = &mut sums.weights[l];
                match (l, inputs) {
                    (0, Inputs::Dense) => product::accumulate(&pass.inputs, delta, w),
                    (0, Inputs::Sparse) => product::accumulate_sparse(&pass.sparse_inputs, delta, w),
                    _ => product::accumulate(self.fed(&pass.sites[l - 1]), delta, w),
                }
            }
        }
        if let Some(factor) = sink.factor(rate.bias).filter(|_| self.layers[l].has_bias) {
            let delta = with_factor(&pass.delta, factor, &mut pass.scaled);
            if let Some(sums) = sink.sums() {
                accumulate_columns(delta, &mut sums.biases[l]);
            }
        }
    }

    /// From the gradient with respect to what a site feeds, to that with respect to its `u`.
    fn deactivate(&self, layer: &LayerInfo, sink: &mut Sink, rates: &Rates, pass: &mut Pass) {
        let Some(activation) = &layer.output_activation else {
            return;
        };
        let l = layer.index;
        let factor = sink.factor(rates.layers[l].scalars).filter(|_| self.is_fixup());
        let add_scalar = |sink: &mut Sink, which: usize, delta: &Batch| {
            if let (Some(factor), Some(sums)) = (factor, sink.sums()) {
                sums.scalars[l][which] += total(delta) * factor;
            }
        };
        add_scalar(sink, 1, &pass.delta);
        activation.backprop(self.seen(&pass.sites[l]), &pass.sites[l].a, &mut pass.delta);
        add_scalar(sink, 0, &pass.delta);
        if self.norm == Norm::None {
            return;
        }
        let site = &mut pass.sites[l];
        self.scale_by_gain(l, sink, rates, site, &mut pass.delta, &mut pass.scaled);
    }

    /// Through the normalization of site `l`.
    fn scale_by_gain(
        &self,
        l: usize,
        sink: &mut Sink,
        rates: &Rates,
        site: &mut Site,
        delta: &mut Batch,
        scaled: &mut Batch,
    ) {
        // The parameters' gradients need the delta as it comes in, the delta needs the gain as
        // it was: so the old delta is set aside first.
        let rate = rates.layers[l].norm;
        let factor = sink.factor(rate);
        if let Some(factor) = factor {
            scale(delta, factor, scaled);
        }
        match self.norm {
            Norm::None => {}
            Norm::Layer => norm::layer_backward(&sink.parameters().norms[l], &site.norm, delta),
            Norm::Batch if rate == 0.0 => {
                norm::batch_backward_frozen(&sink.parameters().norms[l], &site.norm, delta);
            }
            Norm::Batch => norm::batch_backward(&sink.parameters().norms[l], &mut site.norm, delta),
        }
        if let (Some(_), Some(sums)) = (factor, sink.sums()) {
            accumulate_column_products(scaled, &site.norm.normal, &mut sums.norms[l].gain);
            accumulate_columns(scaled, &mut sums.norms[l].shift);
        }
    }
}

/// `delta`, or a copy times `factor` in `scaled` where that is not 1.
fn with_factor<'b>(delta: &'b Batch, factor: f32, scaled: &'b mut Batch) -> &'b Batch {
    if factor == 1.0 {
        return delta;
    }
    scale(delta, factor, scaled);
    scaled
}
