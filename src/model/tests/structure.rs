//! Plans, parameters and traces.

use super::*;

fn residual(blocks: i64, more: &[(&str, Value)]) -> Value {
    let mut pairs = vec![
        ("kind", word("residual")),
        ("width", Value::Integer(8)),
        ("blocks", Value::Integer(blocks)),
    ];
    pairs.extend_from_slice(more);
    table(&pairs)
}

#[test]
fn layers_know_their_place() {
    let activations = ["relu", "tanh"].map(|n| Activation::named(n).unwrap());
    let architecture = Architecture::parse(&list(&[16, 8])).unwrap();
    let model = Model::new(&architecture, &activations, 5, 3, Loss::CrossEntropy).unwrap();
    let fans: Vec<_> = model
        .layers
        .iter()
        .map(|l| (l.fan_in, l.fan_out, l.role))
        .collect();
    assert_eq!(
        fans,
        [(5, 16, Role::Input), (16, 8, Role::Hidden), (8, 3, Role::Output)]
    );
    let name = |a: &Option<Activation>| a.as_ref().map(Activation::name);
    let around: Vec<_> = model
        .layers
        .iter()
        .map(|l| (name(&l.input_activation), name(&l.output_activation)))
        .collect();
    assert_eq!(
        around,
        [
            (None, Some("relu")),
            (Some("relu"), Some("tanh")),
            (Some("tanh"), None)
        ]
    );
    assert_eq!(model.parameter_count(), 5 * 16 + 16 + 16 * 8 + 8 + 8 * 3 + 3);
    let linear = super::model(&list(&[]), "relu", 5, 3, Loss::CrossEntropy);
    assert_eq!((linear.layers.len(), linear.layers[0].role), (1, Role::Output));
}

#[test]
fn parameters_are_counted_as_they_are() {
    for architecture in [
        list(&[16, 8]),
        table(&[("hidden", list(&[16, 8])), ("norm", word("batch"))]),
        residual(3, &[]),
        residual(3, &[("fixup", Value::Flag(true)), ("norm", word("layer"))]),
        residual(3, &[("learn_alpha", Value::Flag(true))]),
        residual(3, &[("weight_norm", Value::Flag(true))]),
    ] {
        let model = model(&architecture, "relu", 5, 3, Loss::CrossEntropy);
        let parameters = Parameters::new(&model);
        let count = parameters
            .tensors()
            .filter(|t| !t.name.contains("running"))
            .map(|t| t.values.len() as u64);
        assert_eq!(count.sum::<u64>(), model.stored_count());
        let trained = parameters.fields().map(|(_, values)| values.len() as u64);
        // Padding is stored too.
        assert!(trained.sum::<u64>() >= model.parameter_count());
        let made = if model.weight_norm {
            model.forward_cost()
        } else {
            0
        };
        assert_eq!(model.parameter_count() + made, model.stored_count());
    }
}

#[test]
fn blocks_begin_after_the_stem_and_end_before_the_head() {
    let model = model(&residual(2, &[]), "relu", 5, 3, Loss::CrossEntropy);
    let places: Vec<_> = model
        .layers
        .iter()
        .map(|l| l.block.map(|b| (b.block, b.position)))
        .collect();
    assert_eq!(
        places,
        [None, Some((0, 0)), Some((0, 1)), Some((1, 0)), Some((1, 1)), None]
    );
}

#[test]
fn wrong_numbers_are_errors() {
    let architecture = Architecture::parse(&list(&[16, 8])).unwrap();
    let relu = Activation::named("relu").unwrap();
    let error = Model::new(&architecture, &vec![relu.clone(); 3], 5, 3, Loss::CrossEntropy).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`16-8` has 2 places for an activation function, but 3"),
        "{error}"
    );
    let wide = Architecture::parse(&list(&[16384, 16384, 16384])).unwrap();
    let error = Model::new(&wide, &[relu], 5, 3, Loss::CrossEntropy).unwrap_err();
    assert!(
        error.to_string().contains("`3x16384` has 537051139 parameters"),
        "{error}"
    );
}

#[test]
fn tensors_go_out_and_come_back() {
    let architecture = residual(
        2,
        &[
            ("fixup", Value::Flag(true)),
            ("norm", word("batch")),
            ("weight_norm", Value::Flag(true)),
        ],
    );
    let model = model(&architecture, "relu", 5, 3, Loss::CrossEntropy);
    let p = draw(&model, 1.0);
    let names: Vec<String> = p.tensors().map(|t| t.name).collect();
    assert_eq!(
        names[..3],
        ["layers.0.weight", "layers.0.bias", "layers.1.weight"]
    );
    assert_eq!(names.last().unwrap(), "layers.5.weight_g");
    assert!(names.iter().any(|name| name == "branch_scales"));
    let mut copy = Parameters::new(&model);
    assert_ne!(copy.hash(), p.hash());
    for tensor in p.tensors() {
        copy.set_tensor(&tensor.name, &tensor.shape, &tensor.values)
            .unwrap();
    }
    assert_eq!(copy, p);
    assert_eq!(copy.hash(), p.hash());
    let error = copy
        .set_tensor("layers.0.weight", &[8, 5], &[0.0; 40])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("has the shape [5, 8] in this network, not [8, 5]"),
        "{error}"
    );
    for name in [
        "layers.9.weight",
        "layers.1.bias",
        "norms.0.x",
        "norms.0.gain.y",
        "other",
    ] {
        let error = copy.set_tensor(name, &[1], &[0.0]).unwrap_err().to_string();
        assert!(error.contains("has no tensor"), "{name}: {error}");
    }
}

#[test]
fn the_hash_is_sha_256_over_row_major_bits() {
    let model = model(&list(&[]), "relu", 2, 40, Loss::CrossEntropy);
    let mut p = Parameters::new(&model);
    let values: Vec<f32> = (0..80).map(|i| i as f32).collect();
    p.weights[0].copy_from_row_major(&values);
    p.biases[0][0] = -0.0;
    // python3: sha256(pack("<80f", *range(80)) + pack("<40f", -0.0, *[0.0] * 39)).hexdigest()[:16]
    assert_eq!(p.hash(), "55033ffa4c5d1f29");
}

#[test]
fn one_number_that_is_not_finite_is_found() {
    let architecture = residual(
        2,
        &[
            ("fixup", Value::Flag(true)),
            ("norm", word("batch")),
            ("weight_norm", Value::Flag(true)),
        ],
    );
    let model = model(&architecture, "relu", 5, 3, Loss::CrossEntropy);
    let p = draw(&model, 1.0);
    assert!(p.is_finite());
    for tensor in p.tensors() {
        let mut values = tensor.values.to_vec();
        *values.last_mut().unwrap() = f32::NAN;
        let mut bad = p.clone();
        bad.set_tensor(&tensor.name, &tensor.shape, &values).unwrap();
        assert!(!bad.is_finite(), "{}", tensor.name);
    }
}

#[test]
fn traces_show_the_stream_and_its_gradient() {
    let data = classes(10, 5, 3);
    let rows: Vec<u32> = (0..10).collect();
    let model = model(
        &residual(2, &[("alpha", Value::Number(0.5))]),
        "tanh",
        5,
        3,
        Loss::CrossEntropy,
    );
    let p = draw(&model, 1.0);
    let mut workspace = Workspace::new();
    let trace = model.trace(&p, &Rates::uniform(&model), &data, &rows, &mut workspace);
    let (stem, end) = (&trace.layers[0], &trace.layers[2]);
    for i in 0..10 {
        for j in 0..8 {
            let stream = 0.5f32.mul_add(end.output.row(i)[j], stem.preactivation.row(i)[j]);
            assert_eq!(end.preactivation.row(i)[j], stream);
        }
    }
    // The gradient with respect to a bias of the last layer, or of the stem, is the column sum.
    let rows64 = reference::gradient(&model, &reference::tensors(&p), &data, &rows);
    for (l, name) in [(5, "layers.5.bias"), (0, "layers.0.bias")] {
        for (j, want) in rows64[name].iter().enumerate() {
            let sum: f32 = trace.layers[l].gradient.iter().map(|row| row[j]).sum();
            assert!((f64::from(sum) - want).abs() < 1e-6, "{name}[{j}]: {sum} {want}");
        }
    }
    assert_eq!(trace.layers[5].preactivation, trace.layers[5].activation);
    let again = model.propagate(&p, &trace.inputs, &mut workspace);
    assert_eq!(again.layers[4].activation, trace.layers[4].activation);
    for l in 0..6 {
        let output = model.layer_output(l, &p, &trace.inputs, &mut workspace);
        assert_eq!(*output, trace.layers[l].output, "{l}");
    }
}
