//! Whole networks: golden runs, symmetry, gradients against an independent reference.

mod gradients;
mod reference;
mod structure;
mod training;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::data::{Dataset, Features, Prepared, Split, Targets};
use crate::support::catalog::Value;

/// Fills `out` with draws of mean 0 and deviation `std`, from a generator of the tests' own, so
/// that golden values here do not hang on the crate's samplers (splitmix64, uniform).
fn noise(seed: u64, out: &mut [f32], std: f32) {
    let mut state = seed;
    for x in out {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = (z >> 40) as f32 / (1 << 23) as f32 - 1.0;
        *x = unit * std * 3f32.sqrt();
    }
}

/// `rows` samples of `cols` features, with class labels.
fn classes(rows: usize, cols: usize, classes: usize) -> Prepared {
    let mut draws = vec![0.0; rows];
    noise(1, &mut draws, 1.0);
    let labels = draws
        .iter()
        .map(|x| (x.abs() * 1e4) as u16 % classes as u16)
        .collect();
    prepared(rows, cols, Targets::Classes { labels, classes })
}

/// The same with real-valued targets.
fn values(rows: usize, cols: usize, outputs: usize) -> Prepared {
    let mut values = vec![0.0; rows * outputs];
    noise(2, &mut values, 1.0);
    let values = values.into_iter().map(f64::from).collect();
    prepared(rows, cols, Targets::Values { values, outputs })
}

fn prepared(rows: usize, cols: usize, targets: Targets) -> Prepared {
    let mut features = vec![0.0; rows * cols];
    noise(3, &mut features, 1.0);
    let dataset = Dataset::new("test", cols, Features::F32(features), targets).unwrap();
    Prepared::plain(Arc::new(dataset), Split::default())
}

/// Weights of variance `gain^2 / fan_in`, biases, gains, shifts and scalars near where
/// they start; normalized weights too, so that `g` is not `norm(v)`.
fn draw(model: &Model, gain: f32) -> Parameters {
    let mut p = Parameters::new(model);
    for (l, w) in p.weights.iter_mut().enumerate() {
        let mut values = w.to_row_major();
        let std = gain / (w.fan_in() as f32).sqrt();
        noise(100 + l as u64, &mut values, std);
        w.copy_from_row_major(&values);
    }
    let mut seed = 200;
    let mut jitter = |values: &mut [f32]| {
        let mut draws = vec![0.0; values.len()];
        seed += 1;
        noise(seed, &mut draws, 0.1);
        for (x, n) in values.iter_mut().zip(draws) {
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
    p.settle_weight_norm().unwrap();
    for norm in &mut p.weight_norms {
        jitter(&mut norm.gain);
    }
    p.settle_weight_norm().unwrap();
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
