//! Training allocates nothing once it is under way. A binary of its own, because it counts every
//! allocation of its thread.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use goodinit::internal::Trainer;
use goodinit::{
    Activation, Architecture, Dataset, Features, Loss, Model, Optimizer, Parameters, Prepared, Rates, Split,
    Targets, Value, Workspace,
};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> u64 {
    COUNT.with(Cell::get)
}

/// Rows of small values; every `zeros`-th is the only one that is not 0, if more than 1.
fn data(rows: usize, cols: usize, zeros: usize) -> Prepared {
    let value = |i: usize| {
        if i.is_multiple_of(zeros) {
            (i % 17) as f32 / 8.0 - 1.0
        } else {
            0.0
        }
    };
    let targets = Targets::Classes {
        labels: (0..rows).map(|i| (i % 3) as u16).collect(),
        classes: 3,
    };
    let features = Features::F32((0..rows * cols).map(value).collect());
    let dataset = Dataset::new("test", cols, features, targets).unwrap();
    let split = Split {
        train: (0..rows as u32).collect(),
        ..Split::default()
    };
    Prepared::plain(Arc::new(dataset), split)
}

fn table(pairs: &[(&str, Value)]) -> Value {
    let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone()));
    Value::Table(pairs.collect::<BTreeMap<_, _>>())
}

/// Parameters of which no unit is 0 where weights are normalized.
fn start(model: &Model) -> Parameters {
    let mut parameters = Parameters::new(model);
    for (norm, weights) in parameters.weight_norms.iter().zip(&mut parameters.weights) {
        weights.fill(norm.gain.len() as f32 / 100.0);
    }
    parameters.settle_weight_norm().unwrap();
    parameters
}

fn architectures() -> Vec<Value> {
    let word = |text: &str| Value::Text(text.to_owned());
    let hidden = |norm| {
        let widths = Value::List(vec![Value::Integer(40), Value::Integer(17)]);
        table(&[("hidden", widths), ("norm", word(norm))])
    };
    let residual = table(&[
        ("kind", word("residual")),
        ("width", Value::Integer(24)),
        ("blocks", Value::Integer(3)),
        ("fixup", Value::Flag(true)),
    ]);
    vec![
        hidden("none"),
        hidden("layer"),
        hidden("batch"),
        residual,
        table(&[
            ("hidden", Value::List(vec![Value::Integer(40)])),
            ("weight_norm", Value::Flag(true)),
        ]),
        Value::List(Vec::new()),
    ]
}

#[test]
fn steps_and_evaluations_allocate_nothing_after_the_first() {
    let before = allocations();
    drop(std::hint::black_box(vec![1u8; 100]));
    assert!(allocations() > before, "the count counts");

    let sets = [data(70, 21, 1), data(70, 200, 9)];
    let rows: Vec<u32> = (0..70).collect();
    let mut workspace = Workspace::new();
    for architecture in architectures() {
        let architecture = Architecture::parse(&architecture).unwrap();
        for (optimizer, data) in ["sgd", "momentum", "nesterov", "adam", "adamw"]
            .iter()
            .flat_map(|o| sets.iter().map(move |d| (*o, d)))
        {
            let activation = Activation::named("gelu").unwrap();
            let inputs = data.inputs();
            let model = Model::new(&architecture, &[activation], inputs, 3, Loss::CrossEntropy).unwrap();
            let optimizer = Optimizer::parse(&Value::Text(optimizer.to_owned())).unwrap();
            let mut rates = Rates::uniform(&model);
            rates.layers[0].weight = 0.5;
            let parameters = start(&model);
            let mut trainer = Trainer::new(&model, parameters, &optimizer, rates, &mut workspace);
            let mut round = || {
                for batch in rows.chunks(32) {
                    trainer.step(data, batch, 0.01);
                }
                trainer.evaluate(data, &rows)
            };
            round();
            let before = allocations();
            for _ in 0..3 {
                round();
            }
            assert_eq!(allocations() - before, 0, "{architecture} {optimizer}");
        }
    }
}
