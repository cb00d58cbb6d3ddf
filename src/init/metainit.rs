//! MetaInit: the norms of the weight matrices, tuned on noise until the gradient changes least along itself.
//!
//! Dauphin and Schoenholz 2019, MetaInit: initializing learning by learning to initialize, NeurIPS, and the program of
//! the appendix:
//!
//! - each step draws a batch of noise: inputs N(0, 1), classes uniform. For mean squared error, targets are N(0, 1). The
//!   paper finds that data are not needed, and so they are not asked for here;
//! - `GQ = mean abs((g - H g) / (g + eps sign(g)) - 1)` over all trained elements, `eps = 1e-5`, sign(0) = 1, g and H gradient and
//!   Hessian of the mean loss;
//! - each matrix: `m = momentum m - rate sign(dGQ / dnorm)`, and its norm becomes `norm + m`. (A matrix whose norm would go below
//!   0 changes its sign, as there.) Biases and all else stay as the base sets them, and so does what it freezes.
//!
//! Differences take the place of derivatives. `H g` is the central difference of gradients at `theta +- h g`, with h such that no
//! weight matrix moves by more than 2^-10 of itself, and no bias by more than that of its layer's output. It sees the kinks of
//! ReLUs that lie between, which automatic differentiation does not. `dGQ / dnorm` is the central difference of GQ with one
//! norm moved by 2^-7 of itself, under the same h. So a step costs a forward pass, a gradient and six
//! gradients per matrix. Batch normalization takes the statistics of the batch of noise, as in training; copies of the
//! program in public take the running ones.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::surface::{Samples, Scales, Surface, moved};
use super::{CoordinateText, Network, Registry, Scheme, refuse_weight_norm};
use crate::data::Targets;
use crate::model::{LayerInfo, Loss, Model, Parameters, TensorId};
use crate::numerics::Batch;
use crate::random::{Purpose, Stream};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "metainit",
    aliases: &[],
    summary: "norms of weight matrices, tuned on noise until the gradient changes least along itself",
    formula: "min over norms of GQ = mean |(g - H g) / (g + eps sign g) - 1|, eps = 1e-5, by signs of its slopes",
    citation: "Dauphin and Schoenholz 2019, MetaInit: initializing learning by learning to initialize, NeurIPS",
    parameters: &[
        Parameter::any("base", "he_normal", "scheme of weights and biases before scaling"),
        Parameter::integer("steps", 500, 0, 1_000_000, "steps of the norms"),
        Parameter::number("rate", 0.1, 0.0, 1e6, "length of a step without momentum"),
        Parameter::number("momentum", 0.9, 0.0, 1.0, "part of a step that the next repeats"),
        Parameter::integer("batch", 64, 1, 65_536, "samples of noise"),
    ],
};

#[derive(Debug, Clone)]
struct MetaInit {
    base: Arc<dyn Scheme>,
    steps: i64,
    rate: f64,
    momentum: f64,
    batch: usize,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(MetaInit {
        base: registry.nested(spec, "base")?,
        steps: spec.integer("steps"),
        rate: spec.number("rate"),
        momentum: spec.number("momentum"),
        batch: spec.integer("batch") as usize,
    }))
}

/// What keeps quotients finite where a gradient is 0.
const EPSILON: f64 = 1e-5;

/// How far `theta +- h g` reaches, as a part of what moves most.
const REACH: f64 = 1.0 / 1024.0;

/// How far a norm is moved to both sides, as a part of itself.
const PART: f64 = 1.0 / 128.0;

impl Scheme for MetaInit {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        Err(Error::new(
            Kind::Experiment,
            "`metainit` looks at gradients and sets whole networks only",
        ))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        self.base.initialize(network)?;
        let mut scales = Scales::of(network.parameters());
        let surface = Surface::of(network);
        let stream = network.stream(Purpose::Tuning, 1);
        if let Some(note) = self.tune(&mut scales, network.model(), surface, stream) {
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
        Some(Arc::new(MetaInit { base, ..self.clone() }))
    }
}

impl MetaInit {
    /// Tunes the factors on weight matrices; what is to be said of it, if anything.
    fn tune(
        &self,
        scales: &mut Scales,
        model: &Model,
        mut surface: Surface<'_>,
        mut stream: Stream,
    ) -> Option<String> {
        // A matrix's index among the tensors, its norm at first, and its speed.
        let mut matrices: Vec<(usize, f64, f64)> = scales
            .tensors()
            .enumerate()
            .filter(|(_, (id, _))| matches!(id, TensorId::Weight(_)) && surface.is_trained(*id))
            .map(|(tensor, (_, w))| (tensor, norm(w), 0.0))
            .filter(|(_, norm, _)| *norm > 0.0)
            .collect();
        for step in 0..self.steps {
            let samples = noise(model, self.batch, &mut stream);
            let point = scales.point();
            let h = reach(model, &point, &mut surface, &samples);
            let mut slope = |tensor: usize| {
                let mut at = |side: f64| {
                    let factor = scales.factors[tensor] * side.mul_add(PART, 1.0);
                    let perturbed = scales.point_with(&point, tensor, factor);
                    gradient_quotient(&perturbed, h, &mut surface, &samples)
                };
                at(1.0) - at(-1.0)
            };
            let slopes: Vec<f64> = matrices.iter().map(|(tensor, _, _)| slope(*tensor)).collect();
            if !h.is_finite() || slopes.iter().any(|s| !s.is_finite()) {
                return Some(format!(
                    "metainit: gradients are 0 or not finite after {step} steps, and norms stay as they are"
                ));
            }
            for ((tensor, first, speed), slope) in matrices.iter_mut().zip(slopes) {
                let factor = &mut scales.factors[*tensor];
                let sign = if slope == 0.0 { 0.0 } else { 1f64.copysign(slope) };
                *speed = self.momentum.mul_add(*speed, -self.rate * sign);
                let norm = factor.abs() * *first;
                if norm > 0.0 {
                    *factor *= (norm + *speed) / norm;
                }
            }
        }
        None
    }
}

/// A batch of noise for this network.
fn noise(model: &Model, count: usize, stream: &mut Stream) -> Samples {
    let mut inputs = Batch::zeros(count, model.inputs);
    for row in 0..count {
        stream.fill_normal(inputs.row_mut(row), 1.0);
    }
    let outputs = model.outputs;
    let targets = match model.loss {
        Loss::CrossEntropy => Targets::Classes {
            labels: (0..count).map(|_| stream.below(outputs as u32) as u16).collect(),
            classes: outputs,
        },
        Loss::MeanSquared => {
            let mut values = vec![0.0; count * outputs];
            stream.fill_normal(&mut values, 1.0);
            Targets::Values {
                values: values.into_iter().map(f64::from).collect(),
                outputs,
            }
        }
    };
    Samples {
        inputs,
        targets: Arc::new(targets),
        rows: (0..count as u32).collect(),
    }
}

fn norm(values: &[f32]) -> f64 {
    super::surface::dot(values, values).sqrt()
}

/// The h of `theta +- h g` at `point`; not finite where there is no gradient.
fn reach(model: &Model, point: &Parameters, surface: &mut Surface<'_>, on: &Samples) -> f64 {
    let (_, gradient) = surface.at(point, on);
    let outputs = surface.output_sizes(point, on);
    let most = point.fields().zip(gradient.fields()).map(|((id, w), (_, g))| {
        let units = |l: usize| (model.layers[l].fan_out as f64).sqrt();
        let or = |size: f64, other: f64| if size > 0.0 { size } else { other };
        let size = match id {
            TensorId::Weight(l) | TensorId::Gain(l) => or(norm(w), units(l)),
            TensorId::Bias(l) => or(outputs[l], units(l)),
            TensorId::Norm(l) => units(l),
            TensorId::Scalar(l) => or(outputs[l], units(l)) / units(l),
            TensorId::BranchScale(_) => or(norm(w), 1.0),
        };
        norm(g) / size
    });
    REACH / most.fold(0.0, f64::max)
}

/// The gradient quotient at `point`, its `H g` from gradients at `point +- h g`.
fn gradient_quotient(point: &Parameters, h: f64, surface: &mut Surface<'_>, on: &Samples) -> f64 {
    let (_, gradient) = surface.at(point, on);
    let (_, up) = surface.at(&moved(point, h, &gradient), on);
    let (_, down) = surface.at(&moved(point, -h, &gradient), on);
    let (mut sum, mut count) = (0.0, 0usize);
    for (((id, g), (_, up)), (_, down)) in gradient.fields().zip(up.fields()).zip(down.fields()) {
        if !surface.is_trained(id) {
            continue;
        }
        let quotient = |((g, up), down): ((&f32, &f32), &f32)| {
            let (g, curved) = (f64::from(*g), (f64::from(*up) - f64::from(*down)) / (2.0 * h));
            let sign = if g >= 0.0 { 1.0 } else { -1.0 };
            ((g - curved) / (EPSILON * sign + g) - 1.0).abs()
        };
        let elements = match id {
            TensorId::Weight(l) => point.weights[l].len(),
            _ => g.len(),
        };
        // What pads a matrix is 0 and its quotient 1.
        let padding = g.len() - elements;
        sum += g.iter().zip(up).zip(down).map(quotient).sum::<f64>() - padding as f64;
        count += elements;
    }
    sum / count as f64
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, plain, residual};
    use super::*;
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::Rates;

    fn start(value: &str, model: &Model) -> (Parameters, Vec<String>) {
        let bias = BiasInit::default();
        let mut parameters = Parameters::default();
        let context = Context::new(5, 1, &bias);
        let report = initialize(model, &*choice(value).scheme, &context, &mut parameters).unwrap();
        (parameters, report.notes)
    }

    fn stream(seed: u64) -> Stream {
        crate::random::Key::new(seed, 0, Purpose::Tuning).stream(1)
    }

    /// Mean of GQ over batches of noise that nothing was tuned on.
    fn quotient(parameters: &Parameters, model: &Model) -> f64 {
        let mut surface = Surface::new(model, Rates::uniform(model));
        let mut stream = stream(99);
        let mut one = || {
            let samples = noise(model, 64, &mut stream);
            let h = reach(model, parameters, &mut surface, &samples);
            gradient_quotient(parameters, h, &mut surface, &samples)
        };
        (0..8).map(|_| one()).sum::<f64>() / 8.0
    }

    /// A linear layer under squared error, whose `H g` is `2 / (n outputs) x^T (x g)`.
    #[test]
    fn the_quotient_of_a_quadratic_loss_is_exact() {
        let mut model = plain(5, &[], 3, "relu");
        model.loss = Loss::MeanSquared;
        let (parameters, _) = start("\"torch_default\"", &model);
        let samples = noise(&model, 40, &mut stream(7));
        let Targets::Values { values, .. } = &*samples.targets else {
            panic!("values");
        };
        let scale = 2.0 / (40.0 * 3.0);
        // Inputs with a 1 for the bias; weights and gradients with the bias as their last row.
        let x = |i: usize, k: usize| samples.inputs.row(i).get(k).map_or(1.0, |x| f64::from(*x));
        let w = |k: usize, j: usize| match k {
            5 => f64::from(parameters.biases[0][j]),
            _ => f64::from(parameters.weights[0].get(k, j)),
        };
        let times = |w: &dyn Fn(usize, usize) -> f64, i: usize, j: usize| -> f64 {
            (0..6).map(|k| x(i, k) * w(k, j)).sum()
        };
        let back = |d: &dyn Fn(usize, usize) -> f64, k: usize, j: usize| -> f64 {
            scale * (0..40).map(|i| x(i, k) * d(i, j)).sum::<f64>()
        };
        let g = |k: usize, j: usize| back(&|i, j| times(&w, i, j) - values[i * 3 + j], k, j);
        let curved = |k: usize, j: usize| back(&|i, j| times(&g, i, j), k, j);
        let term = |k: usize, j: usize| {
            let g = g(k, j);
            ((g - curved(k, j)) / (g + 1e-5 * g.signum()) - 1.0).abs()
        };
        let expected = (0..18).map(|e| term(e / 3, e % 3)).sum::<f64>() / 18.0;
        let mut surface = Surface::new(&model, Rates::uniform(&model));
        let h = reach(&model, &parameters, &mut surface, &samples);
        let found = gradient_quotient(&parameters, h, &mut surface, &samples);
        assert!((found / expected - 1.0).abs() < 0.01, "{found} {expected}");
    }

    /// Steps are short where norms are: by signs, they do not shrink near the least quotient.
    #[test]
    fn the_quotient_falls_from_starts_of_any_scale() {
        for (activation, alpha, rate) in [
            ("relu", 10.0, 0.1),
            ("relu", 1.0, 0.1),
            ("relu", 0.1, 0.01),
            ("tanh", 10.0, 0.1),
            ("tanh", 0.1, 0.01),
        ] {
            let model = plain(12, &[30; 3], 3, activation);
            let base = format!(r#"{{ kind = "scaled", alpha = {alpha:?} }}"#);
            let (before, _) = start(&base, &model);
            let (tuned, notes) = start(
                &format!(r#"{{ kind = "metainit", base = {base}, steps = 200, rate = {rate:?} }}"#),
                &model,
            );
            let (before, after) = (quotient(&before, &model), quotient(&tuned, &model));
            assert!(
                after < 0.8 * before && notes.is_empty(),
                "{activation} x {alpha}: {before} {after} {notes:?}"
            );
        }
    }

    /// One step moves each norm by the rate against the slope of GQ, and nothing else. (GQ is rough, since gradients that
    /// cross 0 are its largest terms: a difference of another width may have another sign.)
    #[test]
    fn norms_move_against_the_slope() {
        let model = plain(12, &[20, 30], 3, "tanh");
        let base = r#"{ kind = "scaled", alpha = 2 }"#;
        let ((before, _), (after, _)) = (
            start(base, &model),
            start(
                &format!(r#"{{ kind = "metainit", base = {base}, steps = 1, batch = 500 }}"#),
                &model,
            ),
        );
        let samples = noise(
            &model,
            500,
            &mut crate::random::Key::new(5, 1, Purpose::Tuning).stream(1),
        );
        let mut surface = Surface::new(&model, Rates::uniform(&model));
        let h = reach(&model, &before, &mut surface, &samples);
        let scales = Scales::of(&before);
        for l in 0..3 {
            let mut at = |factor| {
                let perturbed = scales.point_with(&before, l, factor);
                gradient_quotient(&perturbed, h, &mut surface, &samples)
            };
            let slope = at(1.0 + PART) - at(1.0 - PART);
            let moved = norm(after.weights[l].storage()) - norm(before.weights[l].storage());
            assert!(
                (moved + 0.1 * slope.signum()).abs() < 1e-4,
                "{l}: {moved} {slope}"
            );
        }
        assert_eq!(before.biases, after.biases);
    }

    #[test]
    fn networks_of_every_kind_are_tuned_and_only_their_matrices() {
        for architecture in [
            r#"{ kind = "residual", width = 8, blocks = 2, learn_alpha = true }"#,
            r#"{ kind = "residual", width = 8, blocks = 2, fixup = true }"#,
            r#"{ kind = "residual", width = 8, blocks = 2, norm = "batch" }"#,
            r#"{ kind = "residual", width = 8, blocks = 2, norm = "layer" }"#,
        ] {
            let model = residual(architecture, 12);
            let (base, _) = start("\"torch_default\"", &model);
            let (tuned, notes) = start(
                r#"{ kind = "metainit", base = "torch_default", steps = 20 }"#,
                &model,
            );
            assert!(notes.is_empty(), "{architecture}: {notes:?}");
            for (a, b) in base.weights.iter().zip(&tuned.weights) {
                let (a, b) = (norm(a.storage()), norm(b.storage()));
                assert!(a > 0.0 && (a - b).abs() > 1e-3, "{architecture}: {a} {b}");
            }
            let rest = |p: &Parameters| {
                (
                    p.biases.clone(),
                    p.norms.clone(),
                    p.scalars.clone(),
                    p.branch_scales.clone(),
                )
            };
            assert_eq!(rest(&base), rest(&tuned), "{architecture}");
        }
    }

    #[test]
    fn what_has_no_gradient_is_said() {
        let model = plain(12, &[9], 3, "relu");
        let (_, notes) = start(r#"{ kind = "metainit", base = "zeros" }"#, &model);
        assert!(notes.is_empty(), "no matrix has a norm: {notes:?}");
        let deep = plain(12, &[9; 9], 3, "relu");
        let huge = r#"{ kind = "metainit", base = { kind = "scaled", alpha = 1e6 } }"#;
        let (_, notes) = start(huge, &deep);
        assert!(
            notes.len() == 1 && notes[0].contains("after 0 steps"),
            "{notes:?}"
        );
    }

    #[test]
    fn the_same_on_any_thread() {
        let model = plain(12, &[9, 7], 3, "relu");
        let value = r#"{ kind = "metainit", steps = 30 }"#;
        let here = start(value, &model);
        std::thread::scope(|scope| {
            let others: Vec<_> = (0..3).map(|_| scope.spawn(|| start(value, &model))).collect();
            for other in others {
                assert_eq!(other.join().unwrap(), here);
            }
        });
    }
}
