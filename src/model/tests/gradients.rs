//! Analytic gradients in f32 against central differences of the f64 reference.

use super::reference::{self, Reference, Tensors};
use super::*;

/// Gradient of the mean loss by the backward pass.
fn analytic(model: &Model, p: &Parameters, data: &Prepared, rows: &[u32]) -> Tensors {
    let mut workspace = Workspace::new();
    let pass = &mut workspace.pass;
    data.gather(rows, &mut pass.inputs);
    model.forward(p, pass::Inputs::Dense, pass::Statistics::Batch, pass);
    model.differentiate(&data.targets, rows, 1.0 / rows.len() as f32, pass);
    let mut sums = Parameters::default();
    sums.zero_like(p);
    let rates = Rates::uniform(model);
    let sink = pass::Sink::Gradient(p, &mut sums);
    model.backward(sink, pass::Inputs::Dense, &rates, pass, |_, _| ());
    weight_norm::differentiate(p, &mut sums, &rates);
    let mut all = reference::tensors(&sums);
    all.retain(|name, _| !name.contains("running"));
    all
}

fn assert_close(what: &str, got: &Tensors, want: &Tensors, tolerance: f64) {
    assert_eq!(
        got.keys().collect::<Vec<_>>(),
        want.keys().collect::<Vec<_>>(),
        "{what}"
    );
    for (name, want) in want {
        let scale = want.iter().fold(0.1, |m: f64, x| m.max(x.abs()));
        for (i, (g, w)) in got[name].iter().zip(want).enumerate() {
            let error = (g - w).abs() / scale;
            assert!(error < tolerance, "{what}: {name}[{i}] is {g}, not {w}");
        }
        // Batch normalization takes out what a bias adds to every sample, and the length of a unit's weights.
        let moved = want.iter().any(|x| x.abs() > 1e-6);
        let idle = what.contains("Batch") && (name.ends_with("bias") || name.ends_with("weight_g"));
        assert!(
            moved || idle,
            "{what}: {name} does not matter, so nothing was tested"
        );
    }
}

fn check(model: &Model, data: &Prepared) {
    let p = draw(model, 1.2);
    let rows = [3, 0, 7, 5, 9, 1, 8];
    let want = reference::gradient(model, &reference::tensors(&p), data, &rows);
    let activations: Vec<String> = model
        .layers
        .iter()
        .flat_map(|l| &l.output_activation)
        .map(Activation::to_string)
        .collect();
    let what = format!(
        "{activations:?} {:?} {:?} {}",
        model.norm, model.residual, model.weight_norm
    );
    assert_close(&what, &analytic(model, &p, data, &rows), &want, 2e-5);
}

#[test]
fn of_every_activation() {
    let data = classes(10, 5, 3);
    for entry in crate::activation::ENTRIES {
        check(
            &model(&list(&[6, 4]), entry.name, 5, 3, Loss::CrossEntropy),
            &data,
        );
    }
    let approximate = table(&[("kind", word("gelu")), ("approximate", word("tanh"))]);
    let activation = Activation::parse(&approximate).unwrap();
    let architecture = Architecture::parse(&list(&[6, 4])).unwrap();
    check(
        &Model::new(&architecture, &[activation], 5, 3, Loss::CrossEntropy).unwrap(),
        &data,
    );
}

#[test]
fn of_every_loss_and_kind_of_target() {
    for (loss, data) in [
        (Loss::CrossEntropy, classes(10, 5, 3)),
        (Loss::MeanSquared, classes(10, 5, 3)),
        (Loss::MeanSquared, values(10, 5, 3)),
    ] {
        check(&model(&list(&[6]), "tanh", 5, 3, loss), &data);
        check(&model(&list(&[]), "tanh", 5, 3, loss), &data);
    }
}

#[test]
fn of_one_activation_per_layer() {
    let activations = ["tanh", "relu", "sigmoid"].map(|name| Activation::named(name).unwrap());
    let architecture = Architecture::parse(&list(&[6, 4, 5])).unwrap();
    let model = Model::new(&architecture, &activations, 5, 3, Loss::CrossEntropy).unwrap();
    check(&model, &classes(10, 5, 3));
}

fn residual(more: &[(&str, Value)]) -> Value {
    let mut pairs = vec![
        ("kind", word("residual")),
        ("width", Value::Integer(4)),
        ("blocks", Value::Integer(2)),
    ];
    pairs.extend_from_slice(more);
    table(&pairs)
}

#[test]
fn of_residual_networks() {
    let data = classes(10, 5, 3);
    let yes = Value::Flag(true);
    let half = ("alpha", Value::Number(0.5));
    for options in [
        vec![],
        vec![half.clone()],
        vec![("branch", Value::Integer(1)), half.clone()],
        vec![("branch", Value::Integer(3))],
        vec![half, ("learn_alpha", yes.clone())],
        vec![("fixup", yes.clone())],
        vec![
            ("fixup", yes.clone()),
            ("branch", Value::Integer(3)),
            ("norm", word("layer")),
        ],
        vec![("learn_alpha", yes), ("norm", word("batch"))],
        vec![("norm", word("layer"))],
    ] {
        let architecture = residual(&options);
        for activation in ["tanh", "relu"] {
            check(&model(&architecture, activation, 5, 3, Loss::CrossEntropy), &data);
        }
    }
}

#[test]
fn of_normalized_networks() {
    let data = classes(10, 5, 3);
    for norm in ["layer", "batch"] {
        for (hidden, activation) in [(vec![18, 4], "tanh"), (vec![6], "softplus")] {
            let architecture = table(&[("hidden", list(&hidden)), ("norm", word(norm))]);
            check(&model(&architecture, activation, 5, 3, Loss::CrossEntropy), &data);
        }
    }
}

#[test]
fn of_weight_normalized_networks() {
    let yes = Value::Flag(true);
    for (loss, data) in [
        (Loss::CrossEntropy, classes(10, 5, 3)),
        (Loss::MeanSquared, values(10, 5, 3)),
    ] {
        for (hidden, activation) in [(vec![6, 4], "tanh"), (vec![18], "relu"), (vec![], "tanh")] {
            let architecture = table(&[("hidden", list(&hidden)), ("weight_norm", yes.clone())]);
            check(&model(&architecture, activation, 5, 3, loss), &data);
        }
    }
    let data = classes(10, 5, 3);
    for norm in ["layer", "batch"] {
        let architecture = table(&[
            ("hidden", list(&[6, 4])),
            ("norm", word(norm)),
            ("weight_norm", yes.clone()),
        ]);
        check(&model(&architecture, "tanh", 5, 3, Loss::CrossEntropy), &data);
    }
    for options in [
        vec![("learn_alpha", yes.clone())],
        vec![("fixup", yes.clone()), ("norm", word("layer"))],
        vec![("alpha", word("1/sqrt(blocks)"))],
    ] {
        let options = [options, vec![("weight_norm", yes.clone())]].concat();
        check(
            &model(&residual(&options), "tanh", 5, 3, Loss::CrossEntropy),
            &data,
        );
    }
}

/// A change of the length of `v` changes nothing, so its gradient is orthogonal to it.
#[test]
fn of_directions_are_orthogonal_to_them() {
    let data = classes(10, 5, 3);
    let architecture = table(&[("hidden", list(&[40, 33])), ("weight_norm", Value::Flag(true))]);
    let model = model(&architecture, "tanh", 5, 3, Loss::CrossEntropy);
    let p = draw(&model, 1.2);
    let gradient = analytic(&model, &p, &data, &[3, 0, 7, 5, 9, 1, 8]);
    let tensors = reference::tensors(&p);
    for layer in &model.layers {
        let name = format!("layers.{}.weight_v", layer.index);
        let (v, dv) = (&tensors[&name], &gradient[&name]);
        for j in 0..layer.fan_out {
            let column =
                |m: &[f64]| -> Vec<f64> { m.iter().skip(j).step_by(layer.fan_out).copied().collect() };
            let (v, dv) = (column(v), column(dv));
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let (lengths, product) = ((dot(&v, &v) * dot(&dv, &dv)).sqrt(), dot(&v, &dv));
            assert!(
                lengths > 0.0 && product.abs() < 1e-6 * lengths,
                "{name} {j}: {product} {lengths}"
            );
        }
    }
}

/// Two steps of every optimizer against its paper's formula on the reference's gradients.
#[test]
fn become_the_steps_of_every_optimizer() {
    let data = classes(10, 5, 3);
    let rows = [3, 0, 7, 5, 9, 1, 8];
    for kind in ["sgd", "momentum", "nesterov", "adam", "adamw"] {
        for decay in [0.0, 0.3] {
            let residual = residual(&[("fixup", Value::Flag(true)), ("norm", word("layer"))]);
            let normalized = table(&[("hidden", list(&[6, 4])), ("weight_norm", Value::Flag(true))]);
            for architecture in [list(&[6, 4]), residual, normalized] {
                let model = model(&architecture, "tanh", 5, 3, Loss::CrossEntropy);
                let start = draw(&model, 1.2);
                let mut want = reference::tensors(&start);
                let mut reference = Reference {
                    kind,
                    decay,
                    t: 0,
                    first: Tensors::new(),
                    second: Tensors::new(),
                };
                let optimizer = table(&[("kind", word(kind)), ("weight_decay", Value::Number(decay))]);
                let optimizer = Optimizer::parse(&optimizer).unwrap();
                let mut workspace = Workspace::new();
                let mut trainer =
                    Trainer::new(&model, start, &optimizer, Rates::uniform(&model), &mut workspace);
                for _ in 0..2 {
                    let gradient = reference::gradient(&model, &want, &data, &rows);
                    reference.step(&mut want, &gradient, 0.05);
                    trainer.step(&data, &rows, 0.05);
                }
                let got = reference::tensors(trainer.parameters());
                // Adam divides by the gradient's own size, so it magnifies errors of tiny ones.
                let tolerance = if kind.starts_with("adam") { 2e-4 } else { 2e-6 };
                assert_close(&format!("{kind} {decay}"), &got, &want, tolerance);
            }
        }
    }
}

/// Rates of single layers: a frozen layer keeps its bits, others move by their multiple.
#[test]
fn obey_the_rates_of_layers() {
    let data = classes(10, 5, 3);
    let rows = [3, 0, 7, 5];
    let model = model(&list(&[6, 4]), "tanh", 5, 3, Loss::CrossEntropy);
    let start = draw(&model, 1.2);
    for kind in ["sgd", "momentum"] {
        let moved = |rates: Rates| {
            let mut workspace = Workspace::new();
            let optimizer = Optimizer::parse(&word(kind)).unwrap();
            let mut trainer = Trainer::new(&model, start.clone(), &optimizer, rates, &mut workspace);
            trainer.step(&data, &rows, 0.1);
            trainer.into_parameters()
        };
        let mut rates = Rates::uniform(&model);
        let whole = moved(rates.clone());
        rates.freeze(1);
        rates.layers[0].weight = 3.0;
        rates.layers[0].bias = 0.0;
        let varied = moved(rates);
        assert_eq!(varied.weights[1], start.weights[1], "{kind}");
        assert_eq!(varied.biases[1], start.biases[1], "{kind}");
        assert_eq!(varied.biases[0], start.biases[0], "{kind}");
        assert_eq!(varied.weights[2], whole.weights[2], "{kind}");
        for (k, j) in [(0, 0), (4, 5), (2, 3)] {
            let base = start.weights[0].get(k, j);
            let (a, b) = (
                whole.weights[0].get(k, j) - base,
                varied.weights[0].get(k, j) - base,
            );
            assert!((b - 3.0 * a).abs() < 1e-6, "{kind}: {a} {b}");
        }
    }
}

/// Frozen batch normalization is an affine map: a network of it has the gradients of the network
/// with that map folded into weights and biases.
#[test]
fn pass_through_frozen_batch_normalization() {
    let (data, rows) = (classes(10, 5, 3), [3, 0, 7, 5]);
    let with = |norm: &str| {
        let architecture = table(&[("hidden", list(&[6, 4])), ("norm", word(norm))]);
        model(&architecture, "tanh", 5, 3, Loss::CrossEntropy)
    };
    let (normalized, plain) = (with("batch"), with("none"));
    let mut p = draw(&normalized, 1.2);
    for (l, norm) in p.norms.iter_mut().enumerate() {
        noise(300 + l as u64, &mut norm.running_mean, 0.5);
        for (j, v) in norm.running_variance.iter_mut().enumerate() {
            *v = 0.5 + 0.3 * j as f32;
        }
    }
    let factor = |l: usize, j: usize| match p.norms.get(l) {
        Some(n) => n.gain[j] / (n.running_variance[j] + 1e-5).sqrt(),
        None => 1.0,
    };
    let mut folded = Parameters::new(&plain);
    for l in 0..3 {
        let width = p.weights[l].fan_out();
        let mut values = p.weights[l].to_row_major();
        for (i, w) in values.iter_mut().enumerate() {
            *w *= factor(l, i % width);
        }
        folded.weights[l].copy_from_row_major(&values);
        for j in 0..width {
            let (mean, shift) = p
                .norms
                .get(l)
                .map_or((0.0, 0.0), |n| (n.running_mean[j], n.shift[j]));
            folded.biases[l][j] = (p.biases[l][j] - mean) * factor(l, j) + shift;
        }
    }
    let moved = |model: &Model, p: &Parameters, rates: Rates| {
        let mut workspace = Workspace::new();
        let optimizer = Optimizer::parse(&word("sgd")).unwrap();
        let mut trainer = Trainer::new(model, p.clone(), &optimizer, rates, &mut workspace);
        trainer.step(&data, &rows, 1.0);
        trainer.into_parameters()
    };
    let mut rates = Rates::uniform(&normalized);
    rates.layers[0].norm = 0.0;
    rates.layers[1].norm = 0.0;
    let (a, b) = (
        moved(&normalized, &p, rates),
        moved(&plain, &folded, Rates::uniform(&plain)),
    );
    assert_eq!(a.norms, p.norms, "nothing about it moves");
    for l in 0..3 {
        let width = p.weights[l].fan_out();
        let step = |after: &Parameters, before: &Parameters| -> Vec<f32> {
            let pairs = after.weights[l].to_row_major();
            let weights = pairs
                .iter()
                .zip(before.weights[l].to_row_major())
                .map(|(a, b)| a - b);
            let biases = after.biases[l].iter().zip(&before.biases[l]).map(|(a, b)| a - b);
            weights.chain(biases).collect()
        };
        for (i, (got, want)) in step(&a, &p).into_iter().zip(step(&b, &folded)).enumerate() {
            let want = want * factor(l, i % width);
            assert!((got - want).abs() < 1e-5, "layer {l}, {i}: {got}, not {want}");
        }
    }
}

/// A frozen prefix stays as it is to the last bit, running statistics, scalar biases and branch
/// scales included; what comes behind it trains.
#[test]
fn leave_frozen_layers_and_what_belongs_to_them() {
    let (data, rows) = (classes(10, 5, 3), [3, 0, 7, 5]);
    let more = [
        ("fixup", Value::Flag(true)),
        ("norm", word("batch")),
        ("weight_norm", Value::Flag(true)),
    ];
    let model = model(&residual(&more), "tanh", 5, 3, Loss::CrossEntropy);
    let start = draw(&model, 1.2);
    let first_end = model
        .layers
        .iter()
        .position(|l| l.block.is_some_and(|b| b.is_last()));
    let frozen = first_end.unwrap() + 1;
    let mut rates = Rates::uniform(&model);
    (0..frozen).for_each(|l| rates.freeze(l));
    for kind in ["sgd", "momentum", "adamw"] {
        let optimizer = table(&[("kind", word(kind)), ("weight_decay", Value::Number(0.1))]);
        let optimizer = Optimizer::parse(&optimizer).unwrap();
        let mut workspace = Workspace::new();
        // Buffers still hold the statistics of a batch that moved everything.
        let uniform = Rates::uniform(&model);
        Trainer::new(&model, start.clone(), &optimizer, uniform, &mut workspace).step(&data, &rows, 0.1);
        let mut trainer = Trainer::new(&model, start.clone(), &optimizer, rates.clone(), &mut workspace);
        for _ in 0..3 {
            trainer.step(&data, &rows, 0.1);
        }
        let end = trainer.into_parameters();
        for (before, after) in start.tensors().zip(end.tensors()) {
            let layer: Option<usize> = before.name.split('.').nth(1).map(|l| l.parse().unwrap());
            match layer {
                Some(l) if l < frozen => assert_eq!(before, after, "{kind}"),
                // A bias in front of batch normalization does nothing.
                Some(_) if before.name.ends_with("bias") => {}
                Some(_) => assert_ne!(before, after, "{kind}"),
                None => {
                    assert_eq!(before.values[0], after.values[0], "{kind}: {}", before.name);
                    assert_ne!(before.values[1], after.values[1], "{kind}: {}", before.name);
                }
            }
        }
    }
}
