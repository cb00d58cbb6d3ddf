//! The same networks in f64, written from the formulas and nothing else: a forward pass over
//! named tensors, gradients by central differences, optimizers from their papers.

use std::collections::BTreeMap;

use super::*;

/// Every tensor of a network by name, row-major; not the weights that `weight_v` and `weight_g` make.
pub(super) type Tensors = BTreeMap<String, Vec<f64>>;

pub(super) fn tensors(p: &Parameters) -> Tensors {
    p.tensors()
        .filter(|t| p.weight_norms.is_empty() || !t.name.ends_with(".weight"))
        .map(|t| (t.name, t.values.iter().map(|x| f64::from(*x)).collect()))
        .collect()
}

type Rows = Vec<Vec<f64>>;

/// Mean loss of `model` with `tensors` on `rows`.
pub(super) fn loss(model: &Model, tensors: &Tensors, data: &Prepared, rows: &[u32]) -> f64 {
    let mut batch = crate::numerics::Batch::default();
    data.gather(rows, &mut batch);
    let mut fed: Rows = batch
        .iter()
        .map(|r| r.iter().map(|x| f64::from(*x)).collect())
        .collect();
    let (mut seen, mut skip): (Rows, Rows) = (Vec::new(), Vec::new());
    for layer in &model.layers {
        let l = layer.index;
        if layer.block.is_some_and(|b| b.position == 0) {
            skip = seen.clone();
        }
        seen = affine(
            &fed,
            &weights(tensors, l, layer.fan_out),
            tensors.get(&format!("layers.{l}.bias")),
        );
        if let Some(place) = layer.block
            && place.is_last()
        {
            let alpha = match tensors.get("branch_scales") {
                Some(scales) => scales[place.block],
                None => model.residual.unwrap().alpha,
            };
            for (row, skip) in seen.iter_mut().zip(&skip) {
                for (z, s) in row.iter_mut().zip(skip) {
                    *z = s + alpha * *z;
                }
            }
        }
        if let Some(f) = &layer.output_activation {
            let scalars = tensors
                .get(&format!("scalars.{l}"))
                .cloned()
                .unwrap_or(vec![0.0; 2]);
            fed = normalized(model.norm, &seen, tensors, l);
            for x in fed.iter_mut().flatten() {
                *x = f.value64(*x + scalars[0]) + scalars[1];
            }
        }
    }
    let total: f64 = seen
        .iter()
        .zip(rows)
        .map(|(z, row)| sample_loss(model.loss, z, &data.targets, *row))
        .sum();
    total / rows.len() as f64
}

/// The weights of layer `l`: as they are, or `g v / norm(v)`.
fn weights(tensors: &Tensors, l: usize, fan_out: usize) -> Vec<f64> {
    let Some(v) = tensors.get(&format!("layers.{l}.weight_v")) else {
        return tensors[&format!("layers.{l}.weight")].clone();
    };
    let g = &tensors[&format!("layers.{l}.weight_g")];
    let norm = |j: usize| {
        v.iter()
            .skip(j)
            .step_by(fan_out)
            .map(|v| v * v)
            .sum::<f64>()
            .sqrt()
    };
    let factors: Vec<f64> = (0..fan_out).map(|j| g[j] / norm(j)).collect();
    v.iter()
        .enumerate()
        .map(|(i, v)| v * factors[i % fan_out])
        .collect()
}

fn affine(x: &Rows, w: &[f64], bias: Option<&Vec<f64>>) -> Rows {
    let fan_out = w.len() / x[0].len();
    let unit = |row: &[f64], j: usize| {
        let sum: f64 = row.iter().enumerate().map(|(k, x)| x * w[k * fan_out + j]).sum();
        sum + bias.map_or(0.0, |b| b[j])
    };
    x.iter()
        .map(|row| (0..fan_out).map(|j| unit(row, j)).collect())
        .collect()
}

fn normalized(norm: Norm, u: &Rows, tensors: &Tensors, l: usize) -> Rows {
    let standardize = |values: &[f64]| -> Vec<f64> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        values
            .iter()
            .map(|x| (x - mean) / (variance + 1e-5).sqrt())
            .collect()
    };
    let mut out = u.clone();
    match norm {
        Norm::None => return out,
        Norm::Layer => out = u.iter().map(|row| standardize(row)).collect(),
        Norm::Batch => {
            for j in 0..u[0].len() {
                let column: Vec<f64> = u.iter().map(|row| row[j]).collect();
                for (row, x) in out.iter_mut().zip(standardize(&column)) {
                    row[j] = x;
                }
            }
        }
    }
    let (gain, shift) = (
        &tensors[&format!("norms.{l}.gain")],
        &tensors[&format!("norms.{l}.shift")],
    );
    for row in &mut out {
        for ((x, g), s) in row.iter_mut().zip(gain).zip(shift) {
            *x = *x * g + s;
        }
    }
    out
}

fn sample_loss(loss: Loss, z: &[f64], targets: &Targets, row: u32) -> f64 {
    let target: Vec<f64> = match targets {
        Targets::Classes { labels, .. } => {
            let label = usize::from(labels[row as usize]);
            (0..z.len()).map(|j| f64::from(u8::from(j == label))).collect()
        }
        Targets::Values { values, outputs } => values[row as usize * outputs..][..*outputs].to_vec(),
    };
    match loss {
        Loss::CrossEntropy => {
            let log_sum = libm::log(z.iter().map(|z| libm::exp(*z)).sum());
            z.iter().zip(target).map(|(z, t)| t * (log_sum - z)).sum()
        }
        Loss::MeanSquared => {
            let sum: f64 = z.iter().zip(target).map(|(z, t)| (z - t) * (z - t)).sum();
            sum / z.len() as f64
        }
    }
}

/// Gradient of [`loss`] with respect to every trained tensor.
pub(super) fn gradient(model: &Model, tensors: &Tensors, data: &Prepared, rows: &[u32]) -> Tensors {
    let trained = tensors.keys().filter(|name| !name.contains("running"));
    trained
        .map(|name| (name.clone(), slopes(model, tensors, name, data, rows)))
        .collect()
}

/// Gradient of [`loss`] with respect to the tensor `name`.
pub(super) fn slopes(
    model: &Model,
    tensors: &Tensors,
    name: &str,
    data: &Prepared,
    rows: &[u32],
) -> Vec<f64> {
    const H: f64 = 1e-5;
    let mut moved = tensors.clone();
    let slope = |(i, value): (usize, &f64)| {
        let mut at = |x: f64| {
            moved.get_mut(name).unwrap()[i] = x;
            loss(model, &moved, data, rows)
        };
        let slope = (at(value + H) - at(value - H)) / (2.0 * H);
        moved.get_mut(name).unwrap()[i] = *value;
        slope
    };
    tensors[name].iter().enumerate().map(slope).collect()
}

/// One optimizer, from its paper, with its state.
pub(super) struct Reference {
    pub kind: &'static str,
    pub decay: f64,
    pub t: i32,
    pub first: Tensors,
    pub second: Tensors,
}

impl Reference {
    pub(super) fn step(&mut self, w: &mut Tensors, gradient: &Tensors, rate: f64) {
        self.t += 1;
        for (name, g) in gradient {
            let w = w.get_mut(name).unwrap();
            let first = self.first.entry(name.clone()).or_insert(vec![0.0; g.len()]);
            let second = self.second.entry(name.clone()).or_insert(vec![0.0; g.len()]);
            let decay = if name.contains("weight") { self.decay } else { 0.0 };
            for i in 0..g.len() {
                let coupled = if self.kind == "adamw" { 0.0 } else { decay };
                let g = g[i] + coupled * w[i];
                let (m, v) = (&mut first[i], &mut second[i]);
                w[i] -= rate
                    * match self.kind {
                        "sgd" => g,
                        "momentum" => {
                            *m = 0.9 * *m + g;
                            *m
                        }
                        "nesterov" => {
                            *m = 0.9 * *m + g;
                            g + 0.9 * *m
                        }
                        _ => {
                            *m = 0.9 * *m + 0.1 * g;
                            *v = 0.999 * *v + 0.001 * g * g;
                            let m = *m / (1.0 - libm::pow(0.9, self.t.into()));
                            let v = *v / (1.0 - libm::pow(0.999, self.t.into()));
                            let decoupled = if self.kind == "adamw" { decay * w[i] } else { 0.0 };
                            m / (v.sqrt() + 1e-8) + decoupled
                        }
                    };
            }
        }
    }
}
