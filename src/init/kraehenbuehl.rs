//! Data-dependent initialization: every unit gets unit variance and a small positive mean on a sample of the data, then layers
//! are scaled until their weights change at the same relative rate.
//!
//! Kraehenbuehl, Doersch, Donahue and Darrell 2016, Data-dependent initializations of convolutional neural networks, ICLR,
//! arXiv 1511.06856, algorithms 1 and 2; what the text leaves open as in the authors' program magic_init:
//!
//! - layer after layer, with mean `mu` and deviation `sigma` of a unit's output on the sample: `w /= sigma`,
//!   `b = (b - mu) / sigma + beta`;
//! - up to ten times: gradients of the weights for outputs whose gradients are drawn from N(0, 1);
//!   `r = sqrt(mean(g^2) / mean(w^2))` of each layer; the layer is multiplied by `sqrt(r / target)`, where the target is the geometric
//!   mean of all `r` times the deviation of the outputs to the power 1 / layers. Biases follow the mean size of the layer's input too.
//!
//! It ends when every `r` is within 1 % of the target (theirs compares logarithms relative to that of the target).
//!
//! The base is any scheme of single layers, `pca` or `kmeans`. These two are made of each layer's inputs on the sample, once the
//! layers before it are as they stay until layers are scaled; see `directions.rs`. They are drawn from N(0, 2 / fan_in), as
//! `he_normal` is, where there is nothing to make them of: in a layer with more units than samples all, and beyond the last
//! principal component the units that are left. (The program takes N(0, 1) in the first case, which is the same after
//! scaling, and divides by 0 in the second. The paper takes both bases for convolutional layers only, the program
//! for all.)

use std::borrow::Cow;
use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::directions::Directions;
use super::{CoordinateText, Network, Registry, Scheme, require_plain};
use crate::model::{LayerInfo, Model, Workspace};
use crate::numerics::Batch;
use crate::random::{Purpose, Stream};
use crate::support::catalog::{Entry, Parameter, Spec, Value};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "kraehenbuehl",
    aliases: &["magic_init"],
    summary: "data-driven: units of variance 1, then layers scaled to one ratio of gradient to weight; biases too; also from principal components or k-means of each layer's inputs",
    formula: "w /= sigma(z), b = (b - mean(z)) / sigma(z) + beta; then W_l *= sqrt(r_l / r), r_l = sqrt(E g_l^2 / E w_l^2)",
    citation: "Kraehenbuehl et al. 2016, Data-dependent initializations of convolutional neural networks, ICLR, arXiv 1511.06856, algorithms 1 and 2",
    parameters: &[
        Parameter::any(
            "base",
            "he_normal",
            "scheme of the weights before scaling, or \"pca\" or \"kmeans\" of each layer's inputs",
        ),
        Parameter::number(
            "beta",
            0.1,
            -1e6,
            1e6,
            "mean of each unit's output before layers are scaled",
        ),
        Parameter::integer(
            "rounds",
            10,
            0,
            1000,
            "most scalings of all layers; 0: units only",
        ),
        Parameter::integer("samples", 256, 2, 65_536, "training samples to measure on"),
    ],
};

#[derive(Debug, Clone)]
struct Kraehenbuehl {
    base: Arc<dyn Scheme>,
    /// What takes the place of the base, as far as it goes.
    directions: Option<Directions>,
    beta: f64,
    rounds: i64,
    samples: usize,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    let directions = match spec.value("base") {
        Some(Value::Text(name)) => Directions::named(&name),
        _ => None,
    };
    Ok(Arc::new(Kraehenbuehl {
        base: match directions {
            Some(_) => registry.named("he_normal")?.scheme,
            None => registry.nested_layerwise(spec, "base")?,
        },
        directions,
        beta: spec.number("beta"),
        rounds: spec.integer("rounds"),
        samples: spec.integer("samples") as usize,
    }))
}

/// The relative distance from the target at which a layer is scaled no further.
const CLOSE: f64 = 0.01;

impl Scheme for Kraehenbuehl {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        Err(Error::new(
            Kind::Experiment,
            "`kraehenbuehl` looks at data and sets whole networks only",
        ))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        network.draw_all(&*self.base)?;
        let inputs = network.sample(self.samples)?;
        let mut workspace = Workspace::new();
        for layer in 0..network.layers().len() {
            if let Some(directions) = self.directions {
                direct(directions, layer, &inputs, network, &mut workspace);
            }
            self.standardize(layer, &inputs, network, &mut workspace);
        }
        if self.rounds > 0 {
            self.equalize(&inputs, network, &mut workspace);
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        require_plain(
            ENTRY.name,
            "it scales a layer by what that does to the next",
            model,
        )?;
        self.base.check(model)
    }

    fn base(&self) -> Option<&dyn Scheme> {
        Some(&*self.base)
    }

    fn layerwise(&self) -> bool {
        false
    }

    fn of_trial(&self, coordinate: &CoordinateText<'_>) -> Option<Arc<dyn Scheme>> {
        let base = self.base.of_trial(coordinate)?;
        Some(Arc::new(Kraehenbuehl { base, ..self.clone() }))
    }
}

impl Kraehenbuehl {
    /// Gives each unit of `layer` variance 1 and mean `beta`.
    fn standardize(
        &self,
        layer: usize,
        inputs: &Batch,
        network: &mut Network<'_>,
        workspace: &mut Workspace,
    ) {
        let model = network.model();
        let output = model.layer_output(layer, network.parameters(), inputs, workspace);
        let moments: Vec<(f64, f64)> = (0..output.cols()).map(|unit| moments(output, unit)).collect();
        let constant = moments.iter().filter(|(_, sigma)| !usable(*sigma)).count();
        if constant > 0 {
            network.note(format!(
                "kraehenbuehl: layer {}: {constant} units have the same output on every sample, and stay as drawn",
                layer + 1
            ));
        }
        let mut weights = network.weights(layer);
        let mut biases = network.parameters().biases[layer].clone();
        for (unit, (mean, sigma)) in moments.into_iter().enumerate() {
            if usable(sigma) {
                weights
                    .column_mut(unit)
                    .mapv_inplace(|w| w * (1.0 / sigma) as f32);
                if let Some(bias) = biases.get_mut(unit) {
                    *bias = ((f64::from(*bias) - mean) / sigma + self.beta) as f32;
                }
            }
        }
        network.set_weights(layer, weights.view());
        network.set_biases(layer, &biases);
    }

    /// Scales layers until the ratios of gradient to weight are equal.
    fn equalize(&self, inputs: &Batch, network: &mut Network<'_>, workspace: &mut Workspace) {
        let (model, layers) = (network.model(), network.layers().len());
        let mut stream = network.stream(Purpose::Weights, layers);
        let sizes = |network: &Network<'_>, workspace: &mut Workspace, layer: usize| {
            mean_size(&fed(layer, inputs, network, workspace))
        };
        let mut input_size: Vec<f64> = (0..layers).map(|l| sizes(network, workspace, l)).collect();
        for round in 0..=self.rounds {
            let output = model.layer_output(layers - 1, network.parameters(), inputs, workspace);
            let deviation = (0..output.cols())
                .map(|unit| moments(output, unit).1)
                .sum::<f64>()
                / output.cols() as f64;
            let mut delta = output.clone();
            for row in 0..delta.rows() {
                stream.fill_normal(delta.row_mut(row), 1.0);
            }
            let gradients = model.gradients(network.parameters(), inputs, &delta, workspace);
            let ratio = |l: usize| {
                let squares = |w: &[f32]| w.iter().fold(0.0, |sum, &w| f64::from(w).mul_add(w.into(), sum));
                let weights = &network.parameters().weights[l];
                (squares(&gradients.weights[l].to_row_major()) / squares(&weights.to_row_major())).sqrt()
            };
            let ratios: Vec<f64> = (0..layers).map(ratio).collect();
            let logs = ratios.iter().map(|r| libm::log(*r)).sum::<f64>();
            let target = libm::exp((logs + libm::log(deviation)) / layers as f64);
            if !usable(target) {
                network.note("kraehenbuehl: a layer has no gradient, and layers are not scaled");
                return;
            }
            if ratios.iter().all(|r| (r / target - 1.0).abs() < CLOSE) {
                return;
            }
            if round == self.rounds {
                let (least, most) = ratios
                    .iter()
                    .fold((f64::INFINITY, 0.0f64), |(a, b), &r| (a.min(r), b.max(r)));
                network.note(format!(
                    "kraehenbuehl: after {round} rounds ratios of gradient to weight differ by a factor of {:.3}",
                    most / least
                ));
                return;
            }
            for (l, ratio) in ratios.into_iter().enumerate() {
                let size = sizes(network, workspace, l);
                let scale = (ratio / target).sqrt();
                let biases: Vec<f32> = network.parameters().biases[l]
                    .iter()
                    .map(|b| (f64::from(*b) * scale * (size / input_size[l])) as f32)
                    .collect();
                network.scale_weights(l, scale as f32);
                network.set_biases(l, &biases);
                input_size[l] = size;
            }
        }
    }
}

/// What feeds `layer` where `inputs` feed the network.
fn fed<'a>(
    layer: usize,
    inputs: &'a Batch,
    network: &Network<'_>,
    workspace: &mut Workspace,
) -> Cow<'a, Batch> {
    let Some(before) = layer.checked_sub(1) else {
        return Cow::Borrowed(inputs);
    };
    let model = network.model();
    let z = model.layer_output(before, network.parameters(), inputs, workspace);
    let mut x = z.clone();
    if let Some(activation) = &model.layers[before].output_activation {
        activation.apply(z, &mut x);
    }
    Cow::Owned(x)
}

/// Overwrites the weights of `layer`, of as many units as there are `directions`.
fn direct(
    directions: Directions,
    layer: usize,
    inputs: &Batch,
    network: &mut Network<'_>,
    workspace: &mut Workspace,
) {
    let mut weights = network.weights(layer);
    let units = weights.ncols();
    let fed = fed(layer, inputs, network, workspace);
    let found = directions.weights(&fed, units, &mut network.stream(Purpose::Weights, layer));
    for (column, unit) in weights.columns_mut().into_iter().zip(&found) {
        column.into_iter().zip(unit).for_each(|(w, x)| *w = *x as f32);
    }
    network.set_weights(layer, weights.view());
    if found.len() < units {
        let number = layer + 1;
        let why = match inputs.rows() < units {
            true => format!("{} samples are too few for {units} units", inputs.rows()),
            false => format!("its inputs have {} principal components", found.len()),
        };
        let left = units - found.len();
        network.note(format!(
            "kraehenbuehl: layer {number}: {why}, and {left} are drawn"
        ));
    }
}

pub(super) fn usable(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

/// Mean and deviation of one column, two passes in row order.
pub(super) fn moments(batch: &Batch, unit: usize) -> (f64, f64) {
    let values = || (0..batch.rows()).map(|row| f64::from(batch.row(row)[unit]));
    let n = batch.rows() as f64;
    let mean = values().sum::<f64>() / n;
    let squares = values().fold(0.0, |sum, x| (x - mean).mul_add(x - mean, sum));
    (mean, (squares / n).sqrt())
}

/// Mean of absolute values.
fn mean_size(batch: &Batch) -> f64 {
    let total: f64 = batch.iter().flatten().map(|x| f64::from(x.abs())).sum();
    total / (batch.rows() * batch.cols()) as f64
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, data, plain};
    use super::*;
    use crate::data::Prepared;
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::Parameters;

    fn set(scheme: &str, model: &Model, data: &Prepared) -> Parameters {
        start(scheme, model, data).0
    }

    /// Parameters and notes.
    fn start(scheme: &str, model: &Model, data: &Prepared) -> (Parameters, Vec<String>) {
        let bias = BiasInit::default();
        let mut parameters = Parameters::default();
        let context = Context {
            data: Some(data),
            ..Context::new(5, 1, &bias)
        };
        let report = initialize(model, &*choice(scheme).scheme, &context, &mut parameters).unwrap();
        (parameters, report.notes)
    }

    fn inputs(data: &Prepared) -> Batch {
        let mut inputs = Batch::default();
        data.gather(&data.split.train, &mut inputs);
        inputs
    }

    /// All samples: then those it measures on are those tested.
    const ALL: &str = r#"{ kind = "kraehenbuehl", samples = 65536, base = "he_normal" }"#;
    const UNITS: &str = r#"{ kind = "kraehenbuehl", samples = 65536, rounds = 0 }"#;

    #[test]
    fn units_have_variance_one_and_mean_beta() {
        let (data, model) = (data(), plain(12, &[20, 30], 3, "tanh"));
        let parameters = set(UNITS, &model, &data);
        for layer in 0..3 {
            let mut workspace = Workspace::new();
            let z = model.layer_output(layer, &parameters, &inputs(&data), &mut workspace);
            for unit in 0..z.cols() {
                let (mean, sigma) = moments(z, unit);
                assert!(
                    (mean - 0.1).abs() < 1e-4 && (sigma - 1.0).abs() < 1e-4,
                    "{layer} {unit}: {mean} {sigma}"
                );
            }
        }
    }

    /// Largest over smallest ratio of gradient to weight, for gradients of the outputs drawn from `seed`.
    fn spread(model: &Model, parameters: &Parameters, data: &Prepared, seed: u64) -> f64 {
        let inputs = inputs(data);
        let mut delta = Batch::zeros(inputs.rows(), 3);
        let mut stream = crate::random::Key::new(seed, 0, Purpose::Weights).stream(0);
        for row in 0..delta.rows() {
            stream.fill_normal(delta.row_mut(row), 1.0);
        }
        let gradients = model.gradients(parameters, &inputs, &delta, &mut Workspace::new());
        let norm = |w: &crate::numerics::Weights| {
            w.to_row_major()
                .iter()
                .map(|w| f64::from(*w) * f64::from(*w))
                .sum::<f64>()
                .sqrt()
        };
        let ratios = gradients
            .weights
            .iter()
            .zip(&parameters.weights)
            .map(|(g, w)| norm(g) / norm(w));
        let (least, most) = ratios.fold((f64::INFINITY, 0.0f64), |(a, b), r| (a.min(r), b.max(r)));
        most / least
    }

    #[test]
    fn layers_change_at_one_relative_rate() {
        let data = data();
        for activation in ["relu", "tanh"] {
            let model = plain(12, &[40, 20, 60], 3, activation);
            let mean = |scheme: &str| {
                let parameters = set(scheme, &model, &data);
                (0..20)
                    .map(|seed| spread(&model, &parameters, &data, seed))
                    .sum::<f64>()
                    / 20.0
            };
            let (equal, before) = (mean(ALL), mean(UNITS));
            assert!(
                equal < 1.35 && before > 1.5 * equal,
                "{activation}: {equal} {before}"
            );
        }
    }

    /// Outputs of each layer are white where units are principal components, up to the units that are drawn, which their note
    /// counts; no two units agree where they are centroids.
    #[test]
    fn units_follow_the_inputs_of_their_layer() {
        // 12 inputs: the first layer has more units than components.
        let (data, model) = (data(), plain(12, &[16, 9], 3, "tanh"));
        let inputs = inputs(&data);
        for (base, components) in [("pca", [12, 9, 3]), ("kmeans", [0; 3])] {
            let scheme =
                format!(r#"{{ kind = "kraehenbuehl", samples = 65536, rounds = 0, base = "{base}" }}"#);
            let (parameters, notes) = start(&scheme, &model, &data);
            for (layer, components) in components.into_iter().enumerate() {
                let mut workspace = Workspace::new();
                let z = model.layer_output(layer, &parameters, &inputs, &mut workspace);
                let correlation = |a: usize, b: usize| {
                    let product =
                        |row: usize| f64::from(z.row(row)[a] - 0.1) * f64::from(z.row(row)[b] - 0.1);
                    (0..z.rows()).map(product).sum::<f64>() / z.rows() as f64
                };
                for a in 0..z.cols() {
                    for b in 0..a {
                        let c = correlation(a, b).abs();
                        assert!(a.max(b) >= components || c < 1e-4, "{base} {layer}: {a} {b}: {c}");
                        assert!(c < 0.999, "{base} {layer}: {a} {b}: {c}");
                    }
                }
            }
            let said = [
                "kraehenbuehl: layer 1: its inputs have 12 principal components, and 4 are drawn",
                "kraehenbuehl: layer 1: 10 samples are too few for 16 units, and 16 are drawn",
            ];
            let expected = &said[..usize::from(base == "pca")];
            assert_eq!(notes, expected, "{base}");
            let few = scheme.replace("65536", "10");
            let (few, notes) = start(&few, &model, &data);
            assert_eq!(notes[0], said[1], "{base}");
            // What is drawn is what the default base draws, scaled.
            let (drawn, _) = start(UNITS, &model, &data);
            let ratio = |l: usize, j: usize, k: usize| few.weights[l].get(k, j) / drawn.weights[l].get(k, j);
            assert!((ratio(0, 5, 0) / ratio(0, 5, 7) - 1.0).abs() < 1e-5, "{base}");
        }
    }

    #[test]
    fn what_it_is_not_defined_for_is_refused() {
        let scheme = choice("\"kraehenbuehl\"").scheme;
        let model = super::super::tests::residual(r#"{ kind = "residual", width = 8, blocks = 2 }"#, 12);
        let error = scheme.check(&model).unwrap_err().to_string();
        assert!(error.contains("plain networks"), "{error}");
    }
}
