//! Training throughput of whole trials, side by side on threads: samples per second.
//!
//! ```sh
//! cargo bench --bench throughput -- --hidden 256,128 --batch 32 --threads 2 --epochs 5 --data ../shared/data/mnist-10k
//! ```
//!
//! Threads train networks one after another, each on its own, with softmax cross-entropy and plain gradient descent, as a
//! grid does: one network per thread, or `--trials` in all. After one epoch of a network that is not counted, prints one line
//! of JSON; `benches/peers/` runs it in turns with other programs. Without `--data`, the embedded digits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Barrier;
use std::time::Instant;

use goodinit::internal::{DataSpec, Key, Trainer, isa, load, prepare};
use goodinit::{
    Activation, Architecture, Environment, Loss, Model, Optimizer, Parameters, Prepared, Purpose, Rates,
    Value, Workspace,
};

#[allow(dead_code)] // the other benches use the rest
mod common;

struct Settings {
    hidden: Vec<usize>,
    activation: String,
    optimizer: String,
    batch: usize,
    threads: usize,
    trials: Option<usize>,
    epochs: usize,
    rate: f64,
    data: Option<PathBuf>,
}

fn main() {
    let settings = settings();
    isa::choose().unwrap_or_else(|error| panic!("{error}"));
    let data = digits_or_idx(&settings);
    let hidden = Architecture::plain(settings.hidden.clone()).unwrap();
    let activation = Activation::named(&settings.activation).unwrap();
    let model = Model::new(
        &hidden,
        &[activation],
        data.inputs(),
        data.outputs(),
        Loss::CrossEntropy,
    )
    .unwrap();
    let optimizer = Optimizer::parse(&Value::Text(settings.optimizer.clone())).unwrap();

    let barrier = Barrier::new(settings.threads);
    let trials = settings.trials.unwrap_or(settings.threads);
    let runs: Vec<(Instant, Instant, f64)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..settings.threads)
            .map(|thread| {
                let (model, data, settings, barrier, optimizer) =
                    (&model, &data, &settings, &barrier, &optimizer);
                scope.spawn(move || {
                    train(model, data, settings, optimizer, thread as u64, 1);
                    barrier.wait();
                    // By the threads themselves: the one that waits for them may be woken late.
                    let start = Instant::now();
                    let loss = (thread..trials)
                        .step_by(settings.threads)
                        .map(|trial| train(model, data, settings, optimizer, trial as u64, settings.epochs))
                        .fold(0.0, |_, loss| loss);
                    (start, Instant::now(), loss)
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let start = runs.iter().map(|run| run.0).min().unwrap();
    let end = runs.iter().map(|run| run.1).max().unwrap();
    let seconds = (end - start).as_secs_f64();
    let rows = data.split.train.len();
    let samples = (trials * settings.epochs * rows) as f64;
    // Forward, weight gradient, and input gradient of all layers but the first.
    let first = (model.layers[0].fan_in * model.layers[0].fan_out) as u64;
    let dense = 3 * model.forward_cost() - first;
    let skipped = if data.sparse().is_some() {
        2.0 * first as f64 * (1.0 - data.density())
    } else {
        0.0
    };
    println!(
        "{{\"samples_per_second\": {:.0}, \"us_per_sample_and_thread\": {:.4}, \"seconds\": {seconds:.4}, \
         \"threads\": {}, \"trials\": {trials}, \"batch\": {}, \"rows\": {rows}, \"mac_per_sample\": {}, \
         \"mac_done_per_sample\": {}, \"peak_gflops\": {:.1}, \"isa\": \"{}\", \"loss\": {:.6}}}",
        samples / seconds,
        seconds * 1e6 * settings.threads as f64 / samples,
        settings.threads,
        settings.batch,
        dense,
        dense - skipped as u64,
        common::peak(),
        isa::running(),
        runs[0].2,
    );
}

/// Draws one network, trains it for so many epochs and returns the mean loss of the last one.
fn train(
    model: &Model,
    data: &Prepared,
    settings: &Settings,
    optimizer: &Optimizer,
    replicate: u64,
    epochs: usize,
) -> f64 {
    let mut parameters = Parameters::new(model);
    let key = Key::new(1, replicate, Purpose::Weights);
    for (layer, weights) in model.layers.iter().zip(&mut parameters.weights) {
        let mut draws = vec![0.0; weights.len()];
        let std = (2.0 / layer.fan_in as f64).sqrt() as f32;
        key.stream(layer.index as u64).fill_normal(&mut draws, std);
        weights.copy_from_row_major(&draws);
    }
    let mut workspace = Workspace::new();
    let rates = Rates::uniform(model);
    let mut trainer = Trainer::new(model, parameters, optimizer, rates, &mut workspace);
    let order = Key::new(1, replicate, Purpose::Order);
    let mut rows = data.split.train.clone();
    let mut loss = 0.0;
    for epoch in 0..epochs as u64 {
        order.stream(epoch).shuffle(&mut rows);
        loss = 0.0;
        let mut batches = rows.chunks(settings.batch).peekable();
        while let Some(batch) = batches.next() {
            if let Some(next) = batches.peek() {
                data.prefetch(next);
            }
            loss += trainer.step(data, batch, settings.rate).loss_sum;
        }
    }
    loss / rows.len() as f64
}

fn digits_or_idx(settings: &Settings) -> Prepared {
    let text = |text: &str| Value::Text(text.to_owned());
    let table = match &settings.data {
        None => BTreeMap::from([("kind".to_owned(), text("digits"))]),
        Some(path) => BTreeMap::from([
            ("kind".to_owned(), text("idx")),
            ("path".to_owned(), text(&path.to_string_lossy())),
        ]),
    };
    let spec = DataSpec::parse(&Value::Table(table)).unwrap();
    let dataset = load(&spec, 1, &Environment::new(None)).unwrap_or_else(|error| panic!("{error}"));
    prepare(&dataset, &spec, 0.0, 1, 0).unwrap_or_else(|error| panic!("{error}"))
}

fn settings() -> Settings {
    let mut settings = Settings {
        hidden: vec![256, 128],
        activation: "relu".to_owned(),
        optimizer: "sgd".to_owned(),
        batch: 32,
        threads: 2,
        trials: None,
        epochs: 5,
        rate: 0.01,
        data: None,
    };
    // Cargo adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_else(|| panic!("{name} needs a value"));
        let number = || {
            value
                .parse()
                .unwrap_or_else(|_| panic!("{name}: `{value}` is not a number"))
        };
        match name.as_str() {
            "--hidden" => settings.hidden = value.split(',').map(|w| w.parse().expect("a width")).collect(),
            "--activation" => settings.activation = value,
            "--optimizer" => settings.optimizer = value,
            "--batch" => settings.batch = number(),
            "--threads" => settings.threads = number(),
            "--trials" => settings.trials = Some(number()),
            "--epochs" => settings.epochs = number(),
            "--rate" => settings.rate = value.parse().expect("a rate"),
            "--data" => settings.data = Some(PathBuf::from(value)),
            _ => panic!("unknown argument {name}"),
        }
    }
    settings
}
