//! Whole networks: golden runs, symmetry, gradients against an independent reference.

mod training;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::catalog::Value;
use crate::data::{Dataset, Features, Prepared, Split, Targets};
use crate::random::{Key, Purpose};

/// `rows` samples of `cols` normal features, with class labels.
fn classes(rows: usize, cols: usize, classes: usize) -> Prepared {
    let mut stream = Key::new(1, 0, Purpose::Synthetic).stream(0);
    let labels = (0..rows).map(|_| stream.below(classes as u32) as u16).collect();
    prepared(rows, cols, Targets::Classes { labels, classes })
}

/// The same with real-valued targets.
fn values(rows: usize, cols: usize, outputs: usize) -> Prepared {
    let mut values = vec![0.0; rows * outputs];
    Key::new(2, 0, Purpose::Synthetic)
        .stream(0)
        .fill_normal(&mut values, 1.0);
    prepared(rows, cols, Targets::Values { values, outputs })
}

fn prepared(rows: usize, cols: usize, targets: Targets) -> Prepared {
    let mut features = vec![0.0; rows * cols];
    Key::new(3, 0, Purpose::Synthetic)
        .stream(0)
        .fill_normal(&mut features, 1.0);
    let dataset = Dataset::new("test", cols, Features::F32(features), targets).unwrap();
    Prepared::plain(Arc::new(dataset), Split::default())
}

/// Normal weights of variance `gain^2 / fan_in`, biases, gains, shifts and scalars near where
/// they start.
fn draw(model: &Model, gain: f32) -> Parameters {
    let mut p = Parameters::new(model);
    let key = Key::new(4, 0, Purpose::Weights);
    for (l, w) in p.weights.iter_mut().enumerate() {
        let mut values = w.to_row_major();
        let std = gain / (w.fan_in() as f32).sqrt();
        key.stream(l as u64).fill_normal(&mut values, std);
        w.copy_from_row_major(&values);
    }
    let mut stream = Key::new(4, 0, Purpose::Biases).stream(0);
    let mut jitter = |values: &mut [f32]| {
        let mut noise = vec![0.0; values.len()];
        stream.fill_normal(&mut noise, 0.1);
        for (x, n) in values.iter_mut().zip(noise) {
            *x += n;
        }
    };
    for b in &mut p.biases {
        jitter(b);
    }
    for n in &mut p.norms {
        jitter(&mut n.gain);
        jitter(&mut n.shift);
    }
    for s in &mut p.scalars {
        jitter(s);
    }
    jitter(&mut p.branch_scales);
    p
}

fn table(pairs: &[(&str, Value)]) -> Value {
    let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone()));
    Value::Table(pairs.collect::<BTreeMap<_, _>>())
}

fn word(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn list(widths: &[i64]) -> Value {
    Value::List(widths.iter().map(|w| Value::Integer(*w)).collect())
}

fn model(architecture: &Value, activation: &str, inputs: usize, outputs: usize, loss: Loss) -> Model {
    let architecture = Architecture::parse(architecture).unwrap();
    let activation = Activation::named(activation).unwrap();
    Model::new(&architecture, &[activation], inputs, outputs, loss).unwrap()
}

/// Trains for `steps` steps on batches of `batch` rows in order, the last of each round partial.
fn train(
    model: &Model,
    p: Parameters,
    data: &Prepared,
    optimizer: &Value,
    rate: f64,
    steps: usize,
) -> Parameters {
    let mut workspace = Workspace::new();
    let rates = Rates::uniform(model);
    let optimizer = Optimizer::parse(optimizer).unwrap();
    let mut trainer = Trainer::new(model, p, &optimizer, rates, &mut workspace);
    let rows: Vec<u32> = (0..data.dataset.rows as u32).collect();
    for batch in rows.chunks(16).cycle().take(steps) {
        trainer.step(data, batch, rate);
    }
    trainer.into_parameters()
}
