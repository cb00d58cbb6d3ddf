//! One training step of several networks, in samples per second (`Kelem/s`), by batch size,
//! activation function and optimizer. Data: the embedded 8x8 digits.
//!
//! `cargo bench --bench train`; whole trials, on threads and against JAX and PyTorch, are in
//! `benches/throughput.rs` and `benches/peers/`.

use std::collections::BTreeMap;

use criterion::Throughput;
use goodinit::internal::{DataSpec, Key, Trainer, isa, load, prepare};
use goodinit::{
    Activation, Architecture, Environment, Loss, Model, Optimizer, Parameters, Purpose, Rates, Value,
    Workspace,
};

#[allow(dead_code)] // the other benches use the rest
mod common;

/// Name, hidden widths, activation function, optimizer, batch size.
const CASES: [(&str, &[usize], &str, &str, usize); 8] = [
    ("tiny", &[32], "relu", "sgd", 16),
    ("small", &[256, 128], "relu", "sgd", 32),
    ("small tanh", &[256, 128], "tanh", "sgd", 32),
    ("small gelu", &[256, 128], "gelu", "sgd", 32),
    ("small momentum", &[256, 128], "relu", "momentum", 32),
    ("small adam", &[256, 128], "relu", "adam", 32),
    ("deep", &[64; 30], "relu", "sgd", 32),
    ("wide", &[1024; 3], "relu", "sgd", 32),
];

fn main() {
    let (mut criterion, times) = (common::criterion(), common::Times::default());
    let mut operations = Vec::new();
    let kind = BTreeMap::from([("kind".to_owned(), Value::Text("digits".to_owned()))]);
    let spec = DataSpec::parse(&Value::Table(kind)).expect("digits are there");
    let dataset = load(&spec, 1, &Environment::new(None)).expect("digits are embedded");
    let data = prepare(&dataset, &spec, 0.0, 1, 0).expect("digits divide");
    let mut group = criterion.benchmark_group("step");
    for (name, hidden, activation, optimizer, batch) in CASES {
        let architecture = Architecture::plain(hidden.to_vec()).expect("widths are positive");
        let activation = Activation::named(activation).expect("it is in the catalogue");
        let model = Model::new(
            &architecture,
            &[activation],
            data.inputs(),
            data.outputs(),
            Loss::CrossEntropy,
        )
        .expect("the network fits the data");
        let optimizer = Optimizer::parse(&Value::Text(optimizer.to_owned())).expect("it is in the catalogue");
        let mut parameters = Parameters::new(&model);
        for (layer, weights) in model.layers.iter().zip(&mut parameters.weights) {
            let mut draws = vec![0.0; weights.len()];
            let std = (2.0 / layer.fan_in as f64).sqrt() as f32;
            Key::new(1, 0, Purpose::Weights)
                .stream(layer.index as u64)
                .fill_normal(&mut draws, std);
            weights.copy_from_row_major(&draws);
        }
        let mut workspace = Workspace::new();
        let rates = Rates::uniform(&model);
        let mut trainer = Trainer::new(&model, parameters, &optimizer, rates, &mut workspace);
        let mut batches = data.split.train.chunks_exact(batch).cycle();
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(name, |b| {
            times.measure(b, name, || {
                batches.next().map(|rows| trainer.step(&data, rows, 1e-3))
            });
        });
        // Forward, weight gradient, and input gradient of all layers but the first.
        let first = (model.layers[0].fan_in * model.layers[0].fan_out) as u64;
        let sample = 2 * (3 * model.forward_cost() - first);
        operations.push((name, batch, sample * batch as u64));
    }
    group.finish();
    criterion.final_summary();
    let peak = common::peak();
    println!(
        "\nA training step, one thread, {}; share of the core's {peak:.0} GFLOP/s:",
        isa::running()
    );
    for (name, batch, operations) in operations {
        if let Some(time) = times.median(name) {
            let rate = batch as f64 / time;
            let share = operations as f64 / time / peak / 1e7;
            println!("  {name:15} {rate:10.0} samples a second  {share:4.0} %");
        }
    }
}
