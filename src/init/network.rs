//! A network while a scheme sets its parameters.

use ndarray::{Array2, ArrayView2};

use super::{BiasInit, Scheme};
use crate::activation::Activation;
use crate::data::{Prepared, Targets};
use crate::model::{LayerInfo, Model, Optimizer, Parameters, Rates};
use crate::numerics::Batch;
use crate::random::{Key, Purpose, Stream};
use crate::support::error::{Context as _, Error, Kind, Result};

/// What initialization depends on besides the network and the scheme.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The experiment's seed.
    pub seed: u64,
    /// Which draw of initial weights.
    pub weight_seed: u64,
    /// How biases are set.
    pub bias: &'a BiasInit,
    /// The optimizer that will train, for schemes that set learning rates; plain SGD if absent.
    pub optimizer: Option<&'a Optimizer>,
    /// The data, for schemes that look at them.
    pub data: Option<&'a Prepared>,
}

impl<'a> Context<'a> {
    /// Without optimizer and data.
    #[cfg(test)]
    pub fn new(seed: u64, weight_seed: u64, bias: &'a BiasInit) -> Self {
        Context {
            seed,
            weight_seed,
            bias,
            optimizer: None,
            data: None,
        }
    }
}

/// What initialization leaves behind besides parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct InitReport {
    /// Multipliers on the learning rate that belong to the scheme (muP, Fixup), and frozen layers
    /// (transfer).
    pub rates: Rates,
    /// What a reader of the tables should know, one line each ("lsuv: layer 3 ended at ...").
    pub notes: Vec<String>,
}

/// A network while a scheme sets its parameters. Everything starts as
/// [`Parameters::new`] leaves it: weights and biases zero.
#[derive(Debug)]
pub struct Network<'a> {
    model: &'a Model,
    parameters: &'a mut Parameters,
    context: Context<'a>,
    report: InitReport,
}

/// The plan of the network that `scheme` sets: `model` with the activation functions that the scheme wants.
///
/// # Errors
/// The scheme is not defined for one of them.
pub fn planned(mut model: Model, scheme: &dyn Scheme) -> Result<Model> {
    for index in 0..model.layers.len() {
        let layer = &model.layers[index];
        let wanted = |f: &Option<Activation>| f.as_ref().map(|f| scheme.activation(&model, f)).transpose();
        let (before, after) = (
            wanted(&layer.input_activation)?,
            wanted(&layer.output_activation)?,
        );
        let layer = &mut model.layers[index];
        (layer.input_activation, layer.output_activation) = (before, after);
    }
    Ok(model)
}

/// Sets `parameters` (whatever they were) to the initial state of `model` under `scheme`.
///
/// # Errors
/// The scheme is not defined for this network, or needs data that are not there, or a weight came
/// out non-finite, or a unit of a weight-normalized network has only zeros.
pub fn initialize(
    model: &Model,
    scheme: &dyn Scheme,
    context: &Context<'_>,
    parameters: &mut Parameters,
) -> Result<InitReport> {
    super::check(scheme, model, true)?;
    *parameters = Parameters::new(model);
    let mut network = Network {
        model,
        parameters,
        context: *context,
        report: InitReport {
            rates: Rates::uniform(model),
            notes: Vec::new(),
        },
    };
    scheme.initialize(&mut network)?;
    let report = network.report;
    parameters.settle_weight_norm()?;
    if !parameters.is_finite() {
        let message = "the scheme gave a weight that is not a finite f32 number";
        return Err(Error::new(Kind::Trial, message));
    }
    Ok(report)
}

impl<'a> Network<'a> {
    /// The plan of the network.
    pub fn model(&self) -> &'a Model {
        self.model
    }

    /// The weight layers, from the data to the loss.
    pub fn layers(&self) -> &'a [LayerInfo] {
        &self.model.layers
    }

    /// The optimizer that will train, if known.
    pub fn optimizer(&self) -> Option<&'a Optimizer> {
        self.context.optimizer
    }

    /// The parameters as they are so far.
    pub fn parameters(&self) -> &Parameters {
        self.parameters
    }

    /// All parameters, for whatever the methods below do not cover.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        self.parameters
    }

    /// Multipliers on the learning rate as they are so far.
    pub(super) fn rates(&self) -> &Rates {
        &self.report.rates
    }

    /// Multipliers on the learning rate; 1 everywhere at first.
    pub fn rates_mut(&mut self) -> &mut Rates {
        &mut self.report.rates
    }

    /// Adds a note to the column `message`.
    pub fn note(&mut self, note: impl Into<String>) {
        self.report.notes.push(note.into());
    }

    /// The stream of `layer`'s draws for `purpose`.
    pub fn stream(&self, purpose: Purpose, layer: usize) -> Stream {
        Key::new(self.context.seed, self.context.weight_seed, purpose).stream(layer as u64)
    }

    /// Draws all layers by `scheme`, one after the other.
    ///
    /// # Errors
    /// As [`Network::draw`].
    pub fn draw_all<S: Scheme + ?Sized>(&mut self, scheme: &S) -> Result<()> {
        (0..self.model.layers.len()).try_for_each(|layer| self.draw(layer, scheme))
    }

    /// Draws the weights of one layer by [`Scheme::fill`] and sets its biases as the experiment
    /// says, or, where that leaves it to the scheme, by [`Scheme::fill_bias`].
    ///
    /// # Errors
    /// The scheme is not defined for this layer.
    pub fn draw<S: Scheme + ?Sized>(&mut self, layer: usize, scheme: &S) -> Result<()> {
        let info = &self.model.layers[layer];
        let mut weights = Array2::zeros((info.fan_in, info.fan_out));
        let place = || format!("layer {}", layer + 1);
        scheme
            .fill(
                info,
                &mut self.stream(Purpose::Weights, layer),
                weights.view_mut(),
            )
            .context(place)?;
        self.set_weights(layer, weights.view());
        if info.has_bias {
            let mut bias = vec![0.0; info.fan_out];
            let mut stream = self.stream(Purpose::Biases, layer);
            self.context
                .bias
                .fill(scheme, info, &mut stream, &mut bias)
                .context(place)?;
            self.parameters.biases[layer].copy_from_slice(&bias);
        }
        Ok(())
    }

    /// The weights of one layer, `fan_in x fan_out`.
    pub fn weights(&self, layer: usize) -> Array2<f32> {
        self.parameters.weights[layer].to_array()
    }

    /// Overwrites the weights of one layer, `fan_in x fan_out`. Under weight normalization it starts with `v` = these and
    /// `g = norm(v)`.
    pub fn set_weights(&mut self, layer: usize, weights: ArrayView2<f32>) {
        self.parameters.weights[layer].assign(weights);
        if let Some(norm) = self.parameters.weight_norms.get_mut(layer) {
            norm.direction.fill(0.0);
        }
    }

    /// Sets `v`, `fan_in x fan_out`, and `g` of one layer of a weight-normalized network, and the weights that they make.
    ///
    /// # Panics
    /// The network is not weight-normalized, or a shape is wrong.
    pub fn set_weight_norm(&mut self, layer: usize, v: ArrayView2<f32>, g: &[f32]) {
        let norm = &mut self.parameters.weight_norms[layer];
        norm.direction.assign(v);
        norm.gain.copy_from_slice(g);
        norm.compose(&mut self.parameters.weights[layer]);
    }

    /// Multiplies the weights of one layer by `factor`: under weight normalization `g`, where it has been set.
    pub fn scale_weights(&mut self, layer: usize, factor: f32) {
        let norm = self.parameters.weight_norms.get_mut(layer);
        if let Some(norm) = norm.filter(|norm| norm.is_set()) {
            norm.gain.iter_mut().for_each(|g| *g *= factor);
            norm.compose(&mut self.parameters.weights[layer]);
            return;
        }
        for w in self.parameters.weights[layer].storage_mut() {
            *w *= factor;
        }
    }

    /// Sets the biases of one layer to what the scheme prescribes, unless the experiment sets
    /// biases itself, which wins; no-op for a layer without a bias vector.
    pub fn set_biases(&mut self, layer: usize, values: &[f32]) {
        if self.context.bias.by_scheme() && self.model.layers[layer].has_bias {
            self.parameters.biases[layer].copy_from_slice(values);
        }
    }

    /// Whether the scheme sets the biases, not the experiment.
    pub(super) fn takes_biases(&self) -> bool {
        self.context.bias.by_scheme()
    }

    /// Preprocessed features of up to `count` training samples, drawn without replacement from the
    /// stream that only `weight_seed` moves.
    ///
    /// # Errors
    /// The network is set without data.
    pub fn sample(&self, count: usize) -> Result<Batch> {
        let (data, rows) = self.sample_rows(count)?;
        let mut batch = Batch::default();
        data.gather(&rows, &mut batch);
        Ok(batch)
    }

    /// The data.
    ///
    /// # Errors
    /// There are none.
    pub(super) fn data(&self) -> Result<&'a Prepared> {
        self.context
            .data
            .ok_or_else(|| Error::new(Kind::Trial, "this scheme needs data, and there are none here"))
    }

    /// The data, and the rows that [`Network::sample`] gathers.
    fn sample_rows(&self, count: usize) -> Result<(&'a Prepared, Vec<u32>)> {
        let data = self.data()?;
        let mut rows = data.split.train.clone();
        self.stream(Purpose::Probe, 0).shuffle(&mut rows);
        rows.truncate(count.max(1));
        rows.sort_unstable();
        Ok((data, rows))
    }

    /// The samples of [`Network::sample`] and their targets, `samples x outputs`; a class is its one-hot vector.
    pub(super) fn sample_with_targets(&self, count: usize) -> Result<(Batch, Array2<f64>)> {
        let (data, rows) = self.sample_rows(count)?;
        let mut batch = Batch::default();
        data.gather(&rows, &mut batch);
        let target = |(i, j): (usize, usize)| {
            let row = rows[i] as usize;
            match &*data.targets {
                Targets::Classes { labels, .. } => f64::from(u8::from(usize::from(labels[row]) == j)),
                Targets::Values { values, outputs } => values[row * outputs + j],
            }
        };
        Ok((batch, Array2::from_shape_fn((rows.len(), data.outputs()), target)))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayViewMut2;

    use super::super::tests::{choice, plain};
    use super::super::{Scheme, planned};
    use crate::activation::{Activation, Transform};
    use crate::model::{LayerInfo, Model};
    use crate::random::Stream;
    use crate::support::error::Result;

    /// Doubles the values of every function.
    #[derive(Debug)]
    struct Doubling;

    impl Scheme for Doubling {
        fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
            Ok(())
        }

        fn activation(&self, _: &Model, activation: &Activation) -> Result<Activation> {
            Ok(activation.transformed(Transform {
                output_scale: 2.0,
                ..Transform::IDENTITY
            }))
        }
    }

    #[test]
    fn a_scheme_may_transform_the_functions_of_the_plan() {
        let model = plain(4, &[5, 6], 3, "tanh");
        assert_eq!(
            planned(model.clone(), &*choice("\"he_normal\"").scheme).unwrap(),
            model
        );
        let doubled = planned(model.clone(), &Doubling).unwrap();
        assert_eq!(planned(doubled.clone(), &Doubling).unwrap(), doubled);
        let tanh = Activation::named("tanh").unwrap();
        for (new, old) in doubled.layers.iter().zip(&model.layers) {
            for (new, old) in [
                (&new.input_activation, &old.input_activation),
                (&new.output_activation, &old.output_activation),
            ] {
                assert_eq!(new.as_ref().map(Activation::original), *old);
                assert!(
                    new.as_ref()
                        .is_none_or(|f| f.value64(0.7) == 2.0 * tanh.value64(0.7))
                );
            }
        }
    }
}
