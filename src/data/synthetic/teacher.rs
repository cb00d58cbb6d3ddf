//! Samples labelled by a random network.

use super::{DRAW, FEATURES, MANY, Normals, Plan, ROWS, item};
use crate::data::{Dataset, Environment, Features, KnownDataset, Targets};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

pub(in crate::data) static TEACHER: KnownDataset = item(
    &Entry {
        name: "teacher",
        aliases: &[],
        summary: "normal inputs labelled by a random ReLU network with one hidden layer",
        formula: "y = V (relu(W x) - its mean), W ~ N(0, 2/features), V ~ N(0, 2/width); the class is the largest output",
        citation: "H. Seung, H. Sompolinsky, N. Tishby (1992), Statistical mechanics of learning from examples",
        parameters: &[
            Parameter::integer("rows", 2000, 1, MANY, ROWS),
            Parameter::integer("features", 20, 1, 1_000_000, FEATURES),
            Parameter::integer("width", 32, 1, 100_000, "hidden units of the teacher"),
            Parameter::integer(
                "outputs",
                4,
                1,
                65_535,
                "outputs of the teacher: classes, or targets of a regression",
            ),
            Parameter::choice(
                "task",
                "classification",
                &["classification", "regression"],
                "what the outputs are",
            ),
            DRAW,
        ],
    },
    "2000 x 20, 4 classes unless set",
    teacher,
);

fn teacher(spec: &Spec, seed: u64, _: &Environment) -> Result<Dataset> {
    let features = spec.integer("features").max(1) as usize;
    let width = spec.integer("width").max(1) as usize;
    let mut plan = Plan::new(spec, seed, features.saturating_mul(width / 64 + 1))?;
    let outputs = spec.integer("outputs").max(1) as usize;
    let scaled = |normals: &mut Normals, n: usize, fan_in: usize| -> Vec<f64> {
        let std = (2.0 / fan_in as f64).sqrt();
        normals.fill(n).into_iter().map(|z| z * std).collect()
    };
    let first = scaled(&mut plan.structure, features * width, features);
    let second = scaled(&mut plan.structure, width * outputs, width);
    // The mean of each output over normal inputs, E relu(w.x) = |w| / sqrt(2 pi): without it one
    // class would take most samples.
    let norm = |w: &[f64]| w.iter().fold(0.0, |a, x| a + x * x).sqrt() / std::f64::consts::TAU.sqrt();
    let usual: Vec<f64> = first.chunks_exact(features).map(norm).collect();
    let offsets = product(&usual, &second);
    let mut targets = match spec.text("task").as_str() {
        "regression" => Targets::Values {
            values: Vec::with_capacity(plan.rows * outputs),
            outputs,
        },
        _ => Targets::Classes {
            labels: Vec::with_capacity(plan.rows),
            classes: outputs,
        },
    };
    let mut values = Vec::with_capacity(plan.rows * features);
    for _ in 0..plan.rows {
        // The teacher sees the rounded inputs, as every student does.
        let start = values.len();
        values.extend((0..features).map(|_| plan.samples.next() as f32));
        let x: Vec<f64> = values[start..].iter().map(|&x| f64::from(x)).collect();
        let hidden: Vec<f64> = product(&x, &first).into_iter().map(|h| h.max(0.0)).collect();
        let raw = product(&hidden, &second);
        let answers = raw.iter().zip(&offsets).map(|(y, m)| y - m);
        match &mut targets {
            Targets::Classes { labels, .. } => labels.push(largest(&answers.collect::<Vec<f64>>())),
            Targets::Values { values, .. } => values.extend(answers.map(|y| f64::from(y as f32))),
        }
    }
    Dataset::new("teacher", features, Features::F32(values), targets)
}

/// `x` times a matrix of `x.len()` columns, row-major: one sum per row, ascending.
fn product(x: &[f64], matrix: &[f64]) -> Vec<f64> {
    let dot = |row: &[f64]| row.iter().zip(x).fold(0.0, |a, (w, x)| a + w * x);
    matrix.chunks_exact(x.len()).map(dot).collect()
}

/// Position of the largest value, the first of equals.
fn largest(values: &[f64]) -> u16 {
    let mut best = 0;
    for (i, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = i;
        }
    }
    best as u16
}
