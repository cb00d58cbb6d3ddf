//! GradInit: one factor on each tensor, tuned so that one step of gradient descent leaves the least loss, while the gradient stays
//! bounded.
//!
//! Zhu, Ni, Xu, Kong, Huang and Goldstein 2021, GradInit: learning to initialize neural networks for stable and efficient
//! training, NeurIPS, arXiv 2102.08098, for SGD; numbers and what the text leaves open as in the authors' program:
//!
//! - theta is the base with each tensor times its factor: weights, biases, gains and shifts of normalizations, learned
//!   factors of branches. A tensor of zeros stays;
//! - each step draws samples S; g is the gradient of their mean loss at theta;
//! - if `norm(g) > gamma`, factors descend on `norm(g)`;
//! - else they descend on `L(theta - eta g / norm(g)) / eta`, the loss on half of S and as many new samples;
//! - descent is Adam's (.9, .999, 1e-8), derivatives cut at 1 in size, with one second moment for both objectives and a first
//!   moment for each. Factors are at least .01, those of biases, shifts and scalar biases at least 0.
//!
//! The derivative by the factor of tensor w needs `H w`, H the Hessian on S: the central difference of gradients with that factor
//! moved by 2^-10 of itself. It crosses no kink of a ReLU network whose biases are 0. So a step costs two gradients and two
//! more per tensor that is not 0. The authors' program holds the step `eta g / norm(g)` constant when it
//! differentiates the second objective, which leaves out H there: `second_order = false`.
//!
//! The step is plain: factors on learning rates that the base sets do not change it. What the base freezes is constant.
//! Biases that the experiment sets are not scaled.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::surface::{Draws, Scales, Surface, dot, inner, length, moved};
use super::{CoordinateText, Network, Registry, Scheme, refuse_weight_norm};
use crate::model::{LayerInfo, Model, Parameters, TensorId};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec, number};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "gradinit",
    aliases: &[],
    summary: "data-driven: a factor on each tensor, tuned until one gradient step leaves the least loss",
    formula: "min over s of L(theta - eta g / |g|), |g| <= gamma, theta = s w, g = grad L(theta); s >= .01, by Adam",
    citation: "Zhu et al. 2021, GradInit: learning to initialize neural networks for stable and efficient training, NeurIPS, arXiv 2102.08098",
    parameters: &[
        Parameter::any("base", "he_normal", "scheme of weights and biases before scaling"),
        Parameter::integer("steps", 390, 0, 1_000_000, "steps of the factors"),
        Parameter::number("rate", 0.03, 0.0, 1e6, "learning rate of the factors"),
        Parameter::number("eta", 0.1, 1e-6, 1e6, "length of the gradient step"),
        Parameter::number("gamma", 1.0, 1e-6, 1e30, "largest norm of the gradient"),
        Parameter::integer("batch", 64, 2, 65_536, "samples of a gradient"),
        Parameter::flag(
            "second_order",
            true,
            "whether the gradient step moves with the factors; false: as in the authors' program",
        ),
    ],
};

#[derive(Debug, Clone)]
struct GradInit {
    base: Arc<dyn Scheme>,
    steps: i64,
    rate: f64,
    eta: f64,
    gamma: f64,
    batch: usize,
    second_order: bool,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(GradInit {
        base: registry.nested(spec, "base")?,
        steps: spec.integer("steps"),
        rate: spec.number("rate"),
        eta: spec.number("eta"),
        gamma: spec.number("gamma"),
        batch: spec.integer("batch") as usize,
        second_order: spec.flag("second_order"),
    }))
}

/// How far a factor is moved to both sides for a difference, as a part of itself.
const REACH: f64 = 1.0 / 1024.0;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Largest size of a derivative.
const CLIP: f64 = 1.0;

/// Least factor of a tensor.
fn least(id: TensorId) -> f64 {
    match id {
        TensorId::Weight(_) | TensorId::Gain(_) | TensorId::Norm(_) | TensorId::BranchScale(_) => 0.01,
        TensorId::Bias(_) | TensorId::Scalar(_) => 0.0,
    }
}

/// What Adam keeps of one factor.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    /// For the loss, for the norm.
    first: [f64; 2],
    second: f64,
}

impl Scheme for GradInit {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        Err(Error::new(
            Kind::Experiment,
            "`gradinit` looks at data and sets whole networks only",
        ))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        self.base.initialize(network)?;
        let mut scales = Scales::of(network.parameters());
        let surface = Surface::of(network);
        let free = |(id, values): (TensorId, &[f32])| {
            let set = matches!(id, TensorId::Bias(_)) && !network.takes_biases();
            surface.is_trained(id) && !set && values.iter().any(|x| *x != 0.0)
        };
        let free: Vec<bool> = scales.tensors().map(free).collect();
        let draws = Draws::of(network)?;
        if let Some(note) = self.tune(&mut scales, &free, surface, draws) {
            network.note(note);
        }
        *network.parameters_mut() = scales.point();
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        refuse_weight_norm(ENTRY.name, model)?;
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
        Some(Arc::new(GradInit { base, ..self.clone() }))
    }
}

impl GradInit {
    /// Tunes the factors that are `free`; what is to be said of it, if anything.
    fn tune(
        &self,
        scales: &mut Scales,
        free: &[bool],
        mut surface: Surface<'_>,
        mut draws: Draws<'_>,
    ) -> Option<String> {
        let mut moments = vec![Moments::default(); free.len()];
        // beta_1 to the power of the steps on each objective, beta_2 to that of all steps.
        let (mut decay_1, mut decay_2) = ([1.0; 2], 1.0);
        let floors: Vec<f64> = scales.tensors().map(|(id, _)| least(id)).collect();
        let half = self.batch / 2;
        let mut last = None;
        for step in 0..self.steps {
            let rows = draws.rows(self.batch);
            let mixed = [&rows[..half], &draws.rows(self.batch - half)[..]].concat();
            let (here, next) = (draws.samples(rows), draws.samples(mixed));
            let point = scales.point();
            let (_, gradient) = surface.at(&point, &here);
            let norm = length(&gradient);
            if !(norm > 0.0 && norm.is_finite()) {
                return Some(format!(
                    "gradinit: the gradient's norm is {} after {step} steps, and factors stay as they are",
                    number(norm)
                ));
            }
            let bound = norm > self.gamma;
            let ahead = (!bound).then(|| {
                let stepped = moved(&point, -self.eta / norm, &gradient);
                surface.at(&stepped, &next).1
            });
            let mut slope = |tensor: usize| {
                let factor = scales.factors[tensor];
                let at_zero = factor == 0.0;
                if at_zero || !free[tensor] {
                    return 0.0;
                }
                let mut perturbed = |side: f64| {
                    let factor = factor * side.mul_add(REACH, 1.0);
                    surface.at(&scales.point_with(&point, tensor, factor), &here).1
                };
                let width = 2.0 * REACH * factor;
                let Some(ahead) = &ahead else {
                    return (length(&perturbed(1.0)) - length(&perturbed(-1.0))) / width;
                };
                let direct = product_with_tensor(ahead, scales, tensor) / self.eta;
                if !self.second_order {
                    return direct;
                }
                let mut turned = |side| {
                    let gradient = perturbed(side);
                    inner(ahead, &gradient) / length(&gradient)
                };
                direct - (turned(1.0) - turned(-1.0)) / width
            };
            let slopes: Vec<f64> = (0..free.len()).map(&mut slope).collect();
            if slopes.iter().any(|s| !s.is_finite()) {
                return Some(format!(
                    "gradinit: a derivative is not finite after {step} steps, and factors stay as they are"
                ));
            }
            let kind = usize::from(bound);
            decay_1[kind] *= BETA_1;
            decay_2 *= BETA_2;
            for (tensor, slope) in slopes.into_iter().enumerate() {
                let factor = &mut scales.factors[tensor];
                if !free[tensor] || *factor == 0.0 {
                    continue;
                }
                let slope = slope.clamp(-CLIP, CLIP);
                let Moments { first, second } = &mut moments[tensor];
                first[kind] = BETA_1.mul_add(first[kind], (1.0 - BETA_1) * slope);
                *second = BETA_2.mul_add(*second, (1.0 - BETA_2) * (slope * slope));
                let size = (*second / (1.0 - decay_2)).sqrt() + EPSILON;
                let change = self.rate * (first[kind] / (1.0 - decay_1[kind])) / size;
                *factor = (*factor - change).max(floors[tensor]);
            }
            last = Some((bound, norm));
        }
        let (bound, norm) = last?;
        let never = bound && decay_1[0] == 1.0;
        never.then(|| {
            format!(
                "gradinit: the gradient's norm was above gamma in all {} steps, {} in the last",
                self.steps,
                number(norm)
            )
        })
    }
}

/// The scalar product of a vector with one tensor as it was before scaling.
fn product_with_tensor(vector: &Parameters, scales: &Scales, tensor: usize) -> f64 {
    let pair = vector.fields().zip(scales.tensors()).nth(tensor);
    pair.map_or(0.0, |((_, v), (_, w))| dot(v, w))
}

#[cfg(test)]
mod tests {
    use super::super::surface::Samples;
    use super::super::tests::{choice, data, plain, residual};
    use super::*;
    use crate::data::Prepared;
    use crate::init::{BiasInit, Context, InitReport, initialize};
    use crate::model::{Loss, Rates};

    fn set(scheme: &dyn Scheme, model: &Model, bias: &BiasInit) -> (Parameters, InitReport) {
        let data = data();
        let mut parameters = Parameters::default();
        let context = Context {
            data: Some(&data),
            ..Context::new(5, 1, bias)
        };
        let report = initialize(model, scheme, &context, &mut parameters).unwrap();
        (parameters, report)
    }

    fn start(value: &str, model: &Model) -> Parameters {
        set(&*choice(value).scheme, model, &BiasInit::default()).0
    }

    /// All samples of `data`.
    fn all(data: &Prepared) -> Samples {
        let mut inputs = crate::numerics::Batch::default();
        data.gather(&data.split.train, &mut inputs);
        Samples {
            inputs,
            targets: Arc::clone(&data.targets),
            rows: data.split.train.clone(),
        }
    }

    /// The norm of the gradient on all samples, and the loss after a step of length .1 along it.
    fn judged(parameters: &Parameters, model: &Model) -> (f64, f64) {
        let samples = all(&data());
        let mut surface = Surface::new(model, Rates::uniform(model));
        let mut at = |point: &Parameters| surface.at(point, &samples);
        let (_, gradient) = at(parameters);
        let norm = length(&gradient);
        (norm, at(&moved(parameters, -0.1 / norm, &gradient)).0)
    }

    /// The factor on each weight matrix, from element 5.
    fn factors(tuned: &Parameters, base: &Parameters) -> Vec<f64> {
        let pairs = tuned.weights.iter().zip(&base.weights);
        pairs
            .map(|(a, b)| f64::from(a.to_row_major()[5]) / f64::from(b.to_row_major()[5]))
            .collect()
    }

    fn value(alpha: f64, more: &str) -> String {
        format!(r#"{{ kind = "gradinit", base = {{ kind = "scaled", alpha = {alpha:?} }}{more} }}"#)
    }

    #[test]
    fn the_objective_falls_and_starts_of_any_scale_meet() {
        for activation in ["relu", "tanh"] {
            let model = plain(12, &[30; 3], 3, activation);
            let mut losses = Vec::new();
            for alpha in [10.0, 1.0, 0.1] {
                let base = start(&format!(r#"{{ kind = "scaled", alpha = {alpha:?} }}"#), &model);
                for more in ["", ", second_order = false"] {
                    let tuned = start(&value(alpha, more), &model);
                    let ((before, loss), (norm, tuned_loss)) =
                        (judged(&base, &model), judged(&tuned, &model));
                    assert!(
                        tuned_loss < loss,
                        "{activation} x {alpha}{more}: {loss} {tuned_loss}"
                    );
                    assert!(norm < 1.5, "{activation} x {alpha}{more}: {before} {norm}");
                    let factors = factors(&tuned, &base);
                    assert!(factors.iter().all(|f| *f > 0.0099), "{factors:?}");
                    losses.push(tuned_loss);
                }
            }
            let (least, most) = losses
                .iter()
                .fold((f64::INFINITY, 0.0f64), |(a, b), &l| (a.min(l), b.max(l)));
            assert!(most < 1.1 && most - least < 0.25, "{activation}: {losses:?}");
        }
    }

    /// One step under a rate so small that factors tell the signs of the derivatives, against differences of the objective.
    #[test]
    fn factors_move_against_the_objectives_derivatives() {
        let model = plain(12, &[9, 7], 3, "tanh");
        let data = data();
        for (gamma, alpha) in [(1e30, 0.7), (1e-6, 0.7)] {
            let base = start(&format!(r#"{{ kind = "scaled", alpha = {alpha:?} }}"#), &model);
            let more = format!(", steps = 1, rate = 0.001, batch = 40, gamma = {gamma:?}");
            let tuned = start(&value(alpha, &more), &model);
            let mut draws = draws(&data);
            let rows = draws.rows(40);
            let mixed = [&rows[..20], &draws.rows(20)[..]].concat();
            let (here, next) = (draws.samples(rows), draws.samples(mixed));
            let mut surface = Surface::new(&model, Rates::uniform(&model));
            let mut objective = |point: &Parameters| {
                let (_, gradient) = surface.at(point, &here);
                let norm = length(&gradient);
                if gamma < 1.0 {
                    return norm;
                }
                surface.at(&moved(point, -0.1 / norm, &gradient), &next).0
            };
            let scales = Scales::of(&base);
            let point = scales.point();
            for (layer, factor) in factors(&tuned, &base).into_iter().enumerate() {
                let slope = objective(&scales.point_with(&point, layer, 1.01))
                    - objective(&scales.point_with(&point, layer, 0.99));
                assert!(slope.abs() > 1e-5, "layer {layer}: {slope}");
                assert!(
                    ((1.0 - factor) / (0.001 * slope.signum()) - 1.0).abs() < 1e-3,
                    "layer {layer}: {factor} {slope}"
                );
            }
        }
    }

    /// The order that `start` draws samples in.
    fn draws(data: &Prepared) -> Draws<'_> {
        Draws::new(
            data,
            crate::random::Key::new(5, 1, crate::random::Purpose::Tuning).stream(0),
        )
        .unwrap()
    }

    #[test]
    fn networks_of_every_kind_are_tuned() {
        for architecture in [
            r#"{ kind = "residual", width = 8, blocks = 2, learn_alpha = true }"#,
            r#"{ kind = "residual", width = 8, blocks = 2, fixup = true }"#,
            r#"{ kind = "residual", width = 8, blocks = 2, norm = "batch" }"#,
            r#"{ kind = "residual", width = 8, blocks = 2, norm = "layer" }"#,
        ] {
            let model = residual(architecture, 12);
            let (base, tuned) = (
                start("\"torch_default\"", &model),
                start(r#"{ kind = "gradinit", base = "torch_default" }"#, &model),
            );
            let ((_, before), (norm, after)) = (judged(&base, &model), judged(&tuned, &model));
            assert!(
                after < before && norm < 1.5,
                "{architecture}: {before} {after}, {norm}"
            );
            assert!(factors(&tuned, &base).iter().all(|f| *f != 1.0), "{architecture}");
        }
        let mut model = plain(12, &[9], 3, "relu");
        model.loss = Loss::MeanSquared;
        let (base, tuned) = (start("\"he_normal\"", &model), start("\"gradinit\"", &model));
        assert!(judged(&tuned, &model).1 < judged(&base, &model).1);
    }

    /// Freezes the first layer of another scheme's network.
    #[derive(Debug)]
    struct FirstFrozen(Arc<dyn Scheme>);

    impl Scheme for FirstFrozen {
        fn fill(&self, layer: &LayerInfo, stream: &mut Stream, weights: ArrayViewMut2<f32>) -> Result<()> {
            self.0.fill(layer, stream, weights)
        }

        fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
            network.draw_all(&*self.0)?;
            network.rates_mut().freeze(0);
            Ok(())
        }
    }

    #[test]
    fn what_is_frozen_or_set_by_the_experiment_stays() {
        let model = plain(12, &[9, 7], 3, "relu");
        let frozen = GradInit {
            base: Arc::new(FirstFrozen(choice("\"torch_default\"").scheme)),
            steps: 20,
            rate: 0.03,
            eta: 0.1,
            gamma: 1.0,
            batch: 64,
            second_order: true,
        };
        let base = start("\"torch_default\"", &model);
        let (tuned, _) = set(&frozen, &model, &BiasInit::default());
        assert_eq!(
            (&tuned.weights[0], &tuned.biases[0]),
            (&base.weights[0], &base.biases[0])
        );
        assert!((1..3).all(|l| tuned.weights[l] != base.weights[l] && tuned.biases[l] != base.biases[l]));

        let bias = BiasInit::parse(&super::super::tests::toml_value(
            r#"{ kind = "constant", value = 0.5 }"#,
        ))
        .unwrap();
        let (tuned, _) = set(&*choice("\"gradinit\"").scheme, &model, &bias);
        assert!(tuned.biases.iter().flatten().all(|b| *b == 0.5));
    }

    #[test]
    fn it_needs_data_and_says_where_it_stops() {
        let (model, bias) = (plain(12, &[9], 3, "relu"), BiasInit::default());
        let scheme = choice("\"gradinit\"").scheme;
        let error = initialize(
            &model,
            &*scheme,
            &Context::new(5, 1, &bias),
            &mut Parameters::default(),
        );
        assert!(error.unwrap_err().to_string().contains("needs data"));
        let note = |value: &str, model: &Model| set(&*choice(value).scheme, model, &bias).1.notes;
        let deep = plain(12, &[30; 12], 3, "relu");
        let notes = note(&value(10_000.0, ""), &deep);
        assert!(
            notes.len() == 1 && notes[0].contains("after 0 steps"),
            "{notes:?}"
        );
        let notes = note(&value(10.0, ", steps = 5"), &model);
        assert!(
            notes.len() == 1 && notes[0].contains("above gamma in all 5 steps"),
            "{notes:?}"
        );
        assert!(note("\"gradinit\"", &model).is_empty());
    }

    #[test]
    fn the_same_on_any_thread() {
        let model = plain(12, &[9, 7], 3, "relu");
        let here = start("\"gradinit\"", &model);
        std::thread::scope(|scope| {
            let others: Vec<_> = (0..3)
                .map(|_| scope.spawn(|| start("\"gradinit\"", &model)))
                .collect();
            for other in others {
                assert_eq!(other.join().unwrap(), here);
            }
        });
    }
}
