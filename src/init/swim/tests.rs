use super::super::tests::{choice, data, plain, residual};
use crate::data::{Prepared, Targets};
use crate::init::{BiasInit, Context, initialize};
use crate::model::{Model, Parameters, Trace, Workspace};
use crate::numerics::Batch;
use crate::support::error::Result;

fn set(scheme: &str, model: &Model, data: &Prepared, bias: &str) -> Result<Parameters> {
    let bias = BiasInit::parse(&super::super::tests::toml_value(bias)).unwrap();
    let mut parameters = Parameters::default();
    let context = Context {
        data: Some(data),
        ..Context::new(5, 1, &bias)
    };
    initialize(model, &*choice(scheme).scheme, &context, &mut parameters)?;
    Ok(parameters)
}

fn trace(model: &Model, parameters: &Parameters, data: &Prepared) -> Trace {
    let mut inputs = Batch::default();
    data.gather(&data.split.train, &mut inputs);
    model.propagate(parameters, &inputs, &mut Workspace::new())
}

fn classes(data: &Prepared) -> &[u16] {
    match &*data.targets {
        Targets::Classes { labels, .. } => labels,
        Targets::Values { .. } => unreachable!(),
    }
}

/// Samples, of all, that a unit of `layer` takes to `value`, by the unit's own output.
fn at(trace: &Trace, layer: usize, unit: usize, value: f32) -> Vec<usize> {
    let z = &trace.layers[layer].output;
    (0..z.rows())
        .filter(|&i| (z.row(i)[unit] - value).abs() < 2e-4)
        .collect()
}

/// Every unit of every hidden layer takes two samples of different classes to the two values of its function.
#[test]
fn units_are_made_of_pairs_of_samples() {
    let data = data();
    for (activation, low, high) in [("relu", 0.0, 1.0), ("tanh", -0.549_306_15, 0.549_306_15)] {
        let model = plain(12, &[25, 31], 3, activation);
        let parameters = set("\"swim\"", &model, &data, "\"scheme\"").unwrap();
        let trace = trace(&model, &parameters, &data);
        for (layer, width) in [(0, 25), (1, 31)] {
            for unit in 0..width {
                let (from, to) = (at(&trace, layer, unit, low), at(&trace, layer, unit, high));
                let differ = from
                    .iter()
                    .any(|&i| to.iter().any(|&j| classes(&data)[i] != classes(&data)[j]));
                assert!(
                    differ,
                    "{activation}, layer {layer}, unit {unit}: {from:?} {to:?}"
                );
            }
        }
    }
    // tanh takes them to -1/2 and 1/2.
    let tanh = crate::activation::Activation::named("tanh").unwrap();
    assert!((tanh.value64(0.5 * super::LN_3) - 0.5).abs() < 1e-15);
}

/// The pairs that are near each other are drawn more often than others.
#[test]
fn near_pairs_of_different_classes_are_preferred() {
    let data = data();
    let mut inputs = Batch::default();
    data.gather(&data.split.train, &mut inputs);
    let y = ndarray::Array2::from_shape_fn((300, 3), |(i, j)| {
        f64::from(u8::from(usize::from(classes(&data)[i]) == j))
    });
    let mut stream = crate::random::Key::new(1, 0, crate::random::Purpose::Weights).stream(0);
    let drawn = super::pairs(&inputs, y.view(), 3000, &mut stream).unwrap();
    assert!(drawn.iter().all(|&[a, b]| classes(&data)[a] != classes(&data)[b]));
    let mean = |pairs: &mut dyn Iterator<Item = [usize; 2]>, power: f64| {
        let (mut sum, mut count) = (0.0, 0.0);
        for [a, b] in pairs {
            sum += libm::pow(super::distance(inputs.row(a), inputs.row(b)), power);
            count += 1.0;
        }
        sum / count
    };
    let mut all = (0..300)
        .flat_map(|a| (0..300).map(move |b| [a, b]))
        .filter(|&[a, b]| classes(&data)[a] != classes(&data)[b]);
    // Under P ~ 1/d the mean of d is 1 / mean(1/d) of uniform pairs.
    let expected = 1.0 / mean(&mut all, -1.0);
    let got = mean(&mut drawn.iter().copied(), 1.0);
    let uniform = mean(
        &mut (0..300)
            .flat_map(|a| (0..300).map(move |b| [a, b]))
            .filter(|&[a, b]| classes(&data)[a] != classes(&data)[b]),
        1.0,
    );
    assert!((got / expected - 1.0).abs() < 0.02, "{got}, not {expected}");
    assert!(
        expected < 0.97 * uniform,
        "this could not fail: {expected} {uniform}"
    );
}

/// Weights that the samples do not determine are no panic.
#[test]
fn a_head_without_a_ridge_needs_as_many_samples_as_weights() {
    let data = data();
    let model = plain(12, &[40], 3, "tanh");
    let error = set(
        r#"{ kind = "swim", ridge = 0.0, samples = 20 }"#,
        &model,
        &data,
        "\"scheme\"",
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("41 parameters of an output to 20 samples"),
        "{error}"
    );
    set(
        r#"{ kind = "swim", ridge = 0.0, samples = 200 }"#,
        &model,
        &data,
        "\"scheme\"",
    )
    .unwrap();
}

/// The residuals of the head are orthogonal to what feeds it and to constants, up to the penalty and f32.
#[test]
fn the_head_is_a_least_squares_fit() {
    let data = data();
    let model = plain(12, &[40], 3, "tanh");
    for (bias, level) in [
        ("\"scheme\"", true),
        (r#"{ kind = "constant", value = 0.25 }"#, false),
    ] {
        let parameters = set("\"swim\"", &model, &data, bias).unwrap();
        let trace = trace(&model, &parameters, &data);
        for class in 0..3 {
            let residual: Vec<f64> = (0..300)
                .map(|i| {
                    let target = f64::from(u8::from(usize::from(classes(&data)[i]) == class));
                    f64::from(trace.layers[1].output.row(i)[class]) - target
                })
                .collect();
            for unit in 0..40 {
                let product: f64 = residual
                    .iter()
                    .zip(trace.layers[0].activation.iter())
                    .map(|(r, a)| r * f64::from(a[unit]))
                    .sum();
                assert!(product.abs() < 2e-2, "{bias}: {product}");
            }
            let sum: f64 = residual.iter().sum();
            assert!(!level || sum.abs() < 1e-2, "{bias}: {sum}");
            let squares: f64 = residual.iter().map(|r| r * r).sum();
            assert!(squares < 200.0 / 3.0, "worse than the mean alone: {squares}");
        }
        if !level {
            assert!(parameters.biases.iter().flatten().all(|b| *b == 0.25));
        }
    }
}

#[test]
fn another_head_is_a_scheme() {
    let (data, model) = (data(), plain(12, &[40], 3, "relu"));
    let parameters = set(
        r#"{ kind = "swim", head = "zeros" }"#,
        &model,
        &data,
        "\"scheme\"",
    )
    .unwrap();
    assert!(parameters.weights[1].to_row_major().iter().all(|w| *w == 0.0));
    let fitted = set("\"swim\"", &model, &data, "\"scheme\"").unwrap();
    assert_eq!(fitted.weights[0], parameters.weights[0]);
    assert_eq!(fitted.biases[0], parameters.biases[0]);
}

#[test]
fn what_it_is_not_defined_for_is_refused() {
    let scheme = choice("\"swim\"").scheme;
    for (model, reason) in [
        (plain(12, &[40], 3, "gelu"), "none for gelu"),
        (
            residual(r#"{ kind = "residual", width = 8, blocks = 2 }"#, 12),
            "plain networks",
        ),
    ] {
        let error = scheme.check(&model).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    // ReLUs that are dead behind biases of -100: all samples are alike there.
    let model = plain(12, &[20, 20], 3, "relu");
    let error = set(
        "\"swim\"",
        &model,
        &data(),
        r#"{ kind = "constant", value = -100 }"#,
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no two of 300 differ in what feeds layer 2"),
        "{error}"
    );
}
