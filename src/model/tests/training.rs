//! Training runs: they learn, repeat to the bit, and show the symmetry of zeros.

use super::reference;
use super::*;
use crate::numerics::{Batch, SparseRows};

#[test]
fn training_lowers_the_loss() {
    let data = classes(100, 12, 3);
    let rows: Vec<u32> = (0..100).collect();
    for (optimizer, rate) in [
        ("sgd", 0.1),
        ("momentum", 0.03),
        ("nesterov", 0.03),
        ("adam", 0.01),
        ("adamw", 0.01),
    ] {
        for weight_norm in [false, true] {
            let architecture = table(&[
                ("hidden", list(&[32, 16])),
                ("weight_norm", Value::Flag(weight_norm)),
            ]);
            let model = model(&architecture, "relu", 12, 3, Loss::CrossEntropy);
            let start = draw(&model, 1.4);
            let mut workspace = Workspace::new();
            let before = model.evaluate(&start, &data, &rows, &mut workspace);
            let end = train(&model, start, &data, &word(optimizer), rate, 300);
            let after = model.evaluate(&end, &data, &rows, &mut workspace);
            assert!(
                after.loss < 0.5 * before.loss,
                "{optimizer}: {before:?} {after:?}"
            );
            assert!(after.accuracy.unwrap() > 0.8, "{optimizer}: {after:?}");
        }
    }
}

/// With `g = norm(v)` a network starts as the one without: the same values and gradients to the bit.
#[test]
fn a_weight_normalized_network_starts_as_the_plain_one() {
    let data = classes(50, 19, 3);
    let rows: Vec<u32> = (0..50).collect();
    let with = |weight_norm| {
        let architecture = table(&[
            ("hidden", list(&[33, 40])),
            ("weight_norm", Value::Flag(weight_norm)),
        ]);
        model(&architecture, "relu", 19, 3, Loss::CrossEntropy)
    };
    let (plain, normalized) = (with(false), with(true));
    let start = draw(&plain, 1.4);
    let mut settled = Parameters::new(&normalized);
    (settled.weights, settled.biases) = (start.weights.clone(), start.biases.clone());
    settled.settle_weight_norm().unwrap();
    assert_eq!(settled.weights, start.weights);
    let rates = Rates::uniform(&plain);
    let mut workspace = Workspace::new();
    let trace = plain.trace(&start, &rates, &data, &rows, &mut workspace);
    let same = normalized.trace(&settled, &rates, &data, &rows, &mut workspace);
    assert_eq!(trace, same);
    // They train otherwise.
    let step = |model: &Model, p: &Parameters| train(model, p.clone(), &data, &word("sgd"), 0.1, 1);
    let (a, b) = (step(&plain, &start), step(&normalized, &settled));
    assert_eq!(a.biases, b.biases);
    assert_ne!(a.weights, b.weights);
    let (mut again, end) = (b.clone(), &b);
    again.settle_weight_norm().unwrap();
    assert_eq!(again, *end, "weights are what `v` and `g` make");
}

#[test]
fn zeros_stay_zeros_under_relu_and_tanh() {
    let data = classes(50, 8, 3);
    for activation in ["relu", "tanh"] {
        let model = model(&list(&[16, 16]), activation, 8, 3, Loss::CrossEntropy);
        let end = train(&model, Parameters::new(&model), &data, &word("sgd"), 0.1, 20);
        for w in &end.weights {
            assert!(w.to_row_major().iter().all(|x| x.to_bits() == 0), "{activation}");
        }
        assert!(end.biases[..2].iter().flatten().all(|x| x.to_bits() == 0));
        assert!(end.biases[2].iter().any(|x| *x != 0.0));
    }
}

/// Final hashes of short runs; they move only with `NUMERICS_VERSION`.
#[test]
fn the_bits_are_these() {
    let classes = classes(50, 19, 3);
    let values = values(50, 19, 3);
    let plain = list(&[33, 16]);
    let normed = |norm| table(&[("hidden", list(&[33, 16])), ("norm", word(norm))]);
    let fixup = table(&[
        ("kind", word("residual")),
        ("width", Value::Integer(24)),
        ("blocks", Value::Integer(3)),
        ("fixup", Value::Flag(true)),
    ]);
    let weight_norm = table(&[("hidden", list(&[33, 16])), ("weight_norm", Value::Flag(true))]);
    let runs = [
        (plain.clone(), "relu", "sgd", Loss::CrossEntropy),
        (plain.clone(), "gelu", "momentum", Loss::CrossEntropy),
        (plain.clone(), "tanh", "nesterov", Loss::MeanSquared),
        (plain, "silu", "adam", Loss::CrossEntropy),
        (normed("layer"), "elu", "adamw", Loss::CrossEntropy),
        (normed("batch"), "softplus", "sgd", Loss::CrossEntropy),
        (fixup, "relu", "sgd", Loss::CrossEntropy),
        (weight_norm.clone(), "relu", "sgd", Loss::CrossEntropy),
        (weight_norm, "tanh", "adamw", Loss::CrossEntropy),
    ];
    let mut got = String::new();
    for (architecture, activation, optimizer, loss) in runs {
        let model = model(&architecture, activation, 19, 3, loss);
        let data = if loss == Loss::MeanSquared {
            &values
        } else {
            &classes
        };
        let train = || train(&model, draw(&model, 1.4), data, &word(optimizer), 0.02, 20);
        let end = train();
        assert!(end.is_finite());
        assert_eq!(end, train(), "two runs give the same bits");
        let architecture = Architecture::parse(&architecture).unwrap();
        got += &format!("{architecture} {activation} {optimizer} {loss}: {}\n", end.hash());
    }
    insta::assert_snapshot!(got);
}

/// Plain gradient descent keeps no gradients; momentum with beta = 0 does, and takes the same step.
#[test]
fn plain_descent_has_the_bits_of_momentum_without_momentum() {
    let hidden = |more: &[(&str, Value)]| {
        let mut pairs = vec![("hidden", list(&[33, 16]))];
        pairs.extend_from_slice(more);
        table(&pairs)
    };
    let residual = |key: &'static str| {
        table(&[
            ("kind", word("residual")),
            ("width", Value::Integer(24)),
            ("blocks", Value::Integer(3)),
            (key, Value::Flag(true)),
        ])
    };
    // 50 rows in batches of 16: the last batch has 2. One value in `kept` is not zero.
    let data = |cols: usize, kept: usize| {
        let mut features = vec![0.0; 50 * cols];
        noise(4, &mut features, 1.0);
        for (i, x) in features.iter_mut().enumerate() {
            if i % kept != 0 {
                *x = 0.0;
            }
        }
        let targets = (*classes(50, 1, 3).targets).clone();
        let dataset = Dataset::new("test", cols, Features::F32(features), targets).unwrap();
        let train = (0..50).collect();
        let split = Split {
            train,
            ..Split::default()
        };
        Prepared::plain(Arc::new(dataset), split)
    };
    let (dense, sparse) = (data(19, 1), data(300, 6));
    assert!(dense.sparse().is_none() && sparse.sparse().is_some());
    for (architecture, activation, data) in [
        (hidden(&[]), "relu", &dense),
        (hidden(&[]), "sigmoid", &sparse),
        (hidden(&[("norm", word("layer"))]), "tanh", &sparse),
        (hidden(&[("norm", word("batch"))]), "softplus", &dense),
        (residual("fixup"), "relu", &dense),
        (residual("learn_alpha"), "gelu", &dense),
        (residual("weight_norm"), "relu", &dense),
        (hidden(&[("weight_norm", Value::Flag(true))]), "relu", &sparse),
    ] {
        let model = model(&architecture, activation, data.inputs(), 3, Loss::CrossEntropy);
        let mut rates = Rates::uniform(&model);
        rates.layers[1].weight = 0.3;
        rates.layers[2].bias = 0.0;
        let momentum = table(&[("kind", word("momentum")), ("beta", Value::Number(0.0))]);
        let [plain, momentum] = [word("sgd"), momentum].map(|optimizer| {
            let mut workspace = Workspace::new();
            let optimizer = Optimizer::parse(&optimizer).unwrap();
            let start = draw(&model, 1.4);
            let mut trainer = Trainer::new(&model, start, &optimizer, rates.clone(), &mut workspace);
            let rows: Vec<u32> = (0..50).collect();
            for batch in rows.chunks(16).cycle().take(40) {
                trainer.step(data, batch, 0.05);
            }
            trainer.into_parameters()
        });
        assert_ne!(plain, draw(&model, 1.4));
        assert_eq!(plain, momentum, "{architecture:?} {activation}");
    }
}

/// Behind eight sigmoid layers a step moves the first layer's weights by a few ulps. The move is that
/// of f64 arithmetic from the same weights but for one rounding of each weight, however many
/// samples the batch has, so that on the whole it arrives.
#[test]
fn a_small_move_arrives_to_half_an_ulp_a_step() {
    const RATE: f64 = 0.05;
    const FIRST: &str = "layers.0.weight";
    let data = classes(64, 12, 3);
    let model = model(&list(&[12; 8]), "sigmoid", 12, 3, Loss::CrossEntropy);
    let rows: Vec<u32> = (0..64).collect();
    let (mut workspace, optimizer) = (Workspace::new(), Optimizer::sgd());
    let rates = Rates::uniform(&model);
    let mut trainer = Trainer::new(&model, draw(&model, 1.4), &optimizer, rates, &mut workspace);
    let (mut arrived, mut truth, mut variance) = (0.0, 0.0, 0.0);
    for _ in 0..5 {
        let old = reference::tensors(trainer.parameters());
        let gradient = reference::slopes(&model, &old, FIRST, &data, &rows);
        let largest = gradient.iter().fold(0.0, |m: f64, g| m.max(RATE * g.abs()));
        trainer.step(&data, &rows, RATE);
        let new = reference::tensors(trainer.parameters());
        for ((&old, &new), g) in old[FIRST].iter().zip(&new[FIRST]).zip(gradient) {
            let (is, should) = (new - old, -RATE * g);
            let ulp = f64::from((new as f32).abs().next_up()) - new.abs();
            // Besides the rounding: what f32 costs the gradient.
            let error = (is - should).abs() - 0.5 * ulp;
            assert!(error < 1e-4 * largest, "{old} moved by {is}, not {should}");
            arrived += is * should;
            truth += should * should;
            variance += ulp * ulp / 12.0 * should * should;
        }
    }
    // Roundings are spread evenly over an ulp: five standard deviations.
    let (fraction, std) = (arrived / truth, variance.sqrt() / truth);
    assert!(
        std < 0.01 && (fraction - 1.0).abs() < 5.0 * std,
        "{fraction} {std}"
    );
}

#[test]
fn an_evaluation_does_not_depend_on_its_batches_nor_the_workspace_on_its_past() {
    let data = classes(600, 8, 3);
    let rows: Vec<u32> = (0..600).collect();
    let first = model(&list(&[40, 8]), "relu", 8, 3, Loss::CrossEntropy);
    let second = model(
        &table(&[("hidden", list(&[17])), ("norm", word("batch"))]),
        "tanh",
        8,
        3,
        Loss::CrossEntropy,
    );
    let mut used = Workspace::new();
    for model in [&first, &second, &first] {
        let p = draw(model, 1.4);
        let whole = model.evaluate(&p, &data, &rows, &mut used);
        assert_eq!(whole, model.evaluate(&p, &data, &rows, &mut Workspace::new()));
        let mut correct = 0.0;
        let mut sum = 0.0;
        for row in rows.chunks(1) {
            let one = model.evaluate(&p, &data, row, &mut used);
            sum += one.loss;
            correct += one.accuracy.unwrap();
        }
        assert_eq!(whole.loss, sum / 600.0);
        assert_eq!(whole.accuracy, Some(correct / 600.0));
        let trace = |workspace: &mut Workspace| {
            model.trace(&p, &Rates::uniform(model), &data, &rows[..50], workspace)
        };
        assert_eq!(trace(&mut used), trace(&mut Workspace::new()));
    }
}

#[test]
fn divergence_shows() {
    let data = classes(32, 8, 3);
    let model = model(&list(&[16]), "relu", 8, 3, Loss::MeanSquared);
    let mut workspace = Workspace::new();
    let rates = Rates::uniform(&model);
    let mut trainer = Trainer::new(
        &model,
        draw(&model, 1.4),
        &Optimizer::sgd(),
        rates,
        &mut workspace,
    );
    let rows: Vec<u32> = (0..32).collect();
    let losses: Vec<f64> = (0..100)
        .map(|_| trainer.step(&data, &rows, 1e3).loss_sum)
        .collect();
    assert!(losses[0].is_finite() && !losses[99].is_finite());
    assert!(!trainer.parameters().is_finite());
}

#[test]
fn rows_without_their_zeros_give_the_same_bits() {
    let mut features = vec![0.0; 60 * 130];
    noise(9, &mut features, 1.0);
    for (i, x) in features.iter_mut().enumerate() {
        if i % 7 != 0 {
            *x = 0.0;
        }
    }
    let targets = Targets::Classes {
        labels: (0..60).map(|i| i % 3).collect(),
        classes: 3,
    };
    let dense = Batch::from_row_major(60, 130, &features);
    let sparse = SparseRows::from_rows(130, dense.iter()).unwrap();
    let model = model(&list(&[40]), "relu", 130, 3, Loss::CrossEntropy);
    let rates = Rates::uniform(&model);
    let run = |inputs: pass::Inputs| {
        let mut p = draw(&model, 1.4);
        let mut pass = workspace::Pass::default();
        for step in 0..12 {
            let rows: Vec<u32> = (0..20).map(|i| (i * 13 + step * 7) % 60).collect();
            pass.inputs.resize(20, 130);
            for (i, &row) in rows.iter().enumerate() {
                pass.inputs.row_mut(i).copy_from_slice(dense.row(row as usize));
            }
            pass.sparse_inputs.gather(&sparse, &rows);
            model.forward(&p, inputs, pass::Statistics::Batch, &mut pass);
            model.differentiate(&targets, &rows, 0.05, &mut pass);
            model.backward(
                pass::Sink::Descend(&mut p, 1.0),
                inputs,
                &rates,
                &mut pass,
                |_, _| (),
            );
        }
        p.hash()
    };
    assert_eq!(run(pass::Inputs::Dense), run(pass::Inputs::Sparse));
}
