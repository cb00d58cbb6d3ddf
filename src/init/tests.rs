//! What holds for every scheme of the catalogue.

use std::sync::Arc;

use ndarray::Array2;

use super::*;
use crate::activation::Activation;
use crate::data::{Dataset, Features, Prepared, Split, Targets};
use crate::model::{Architecture, Loss, Model, NetworkShape, Optimizer, Parameters, Role};
use crate::random::{Key, Purpose};
use crate::support::catalog::Value;

/// A hidden layer between two layers of `activation`.
pub(super) fn layer(fan_in: usize, fan_out: usize, activation: &str) -> LayerInfo {
    let activation = Activation::named(activation).unwrap();
    LayerInfo {
        network: NetworkShape {
            layers: 4,
            inputs: fan_in,
            outputs: fan_out,
        },
        index: 1,
        fan_in,
        fan_out,
        role: Role::Hidden,
        input_activation: Some(activation.clone()),
        output_activation: Some(activation),
        block: None,
        has_bias: true,
    }
}

/// Draws one layer by the scheme of `value`, in TOML's inline syntax.
pub(super) fn draw(value: &str, layer: &LayerInfo, seed: u64) -> Vec<f32> {
    fill(&*choice(value).scheme, layer, Key::new(seed, 0, Purpose::Weights))
}

/// The weights of one layer, row-major, from the layer's stream of this key.
fn fill(scheme: &dyn Scheme, layer: &LayerInfo, key: Key) -> Vec<f32> {
    let mut weights = Array2::zeros((layer.fan_in, layer.fan_out));
    let mut stream = key.stream(layer.index as u64);
    scheme.fill(layer, &mut stream, weights.view_mut()).unwrap();
    weights.into_raw_vec_and_offset().0
}

/// The scheme written `value` in an experiment file.
pub(super) fn choice(value: &str) -> Choice {
    Registry::standard().parse(&toml_value(value)).unwrap()
}

/// A value as an experiment file has it.
pub(super) fn toml_value(text: &str) -> Value {
    fn convert(value: &toml::Value) -> Value {
        match value {
            toml::Value::String(x) => Value::Text(x.clone()),
            toml::Value::Integer(x) => Value::Integer(*x),
            toml::Value::Float(x) => Value::Number(*x),
            toml::Value::Boolean(x) => Value::Flag(*x),
            toml::Value::Array(x) => Value::List(x.iter().map(convert).collect()),
            toml::Value::Table(x) => Value::Table(x.iter().map(|(k, v)| (k.clone(), convert(v))).collect()),
            toml::Value::Datetime(_) => unreachable!("no dates in schemes"),
        }
    }
    let table: toml::Table = format!("x = {text}").parse().unwrap();
    convert(&table["x"])
}

/// A plain network of ReLUs.
pub(super) fn plain(inputs: usize, hidden: &[usize], outputs: usize, activation: &str) -> Model {
    let architecture = Architecture::plain(hidden.to_vec()).unwrap();
    let activation = Activation::named(activation).unwrap();
    Model::new(&architecture, &[activation], inputs, outputs, Loss::CrossEntropy).unwrap()
}

/// A network of 12 features and 3 classes.
pub(super) fn network(architecture: &str, activation: &str) -> Model {
    let architecture = Architecture::parse(&toml_value(architecture)).unwrap();
    let activation = Activation::named(activation).unwrap();
    Model::new(&architecture, &[activation], 12, 3, Loss::CrossEntropy).unwrap()
}

/// A residual network of ReLUs for `inputs` features and 3 classes.
pub(super) fn residual(architecture: &str, inputs: usize) -> Model {
    let architecture = Architecture::parse(&toml_value(architecture)).unwrap();
    let activation = Activation::named("relu").unwrap();
    Model::new(&architecture, &[activation], inputs, 3, Loss::CrossEntropy).unwrap()
}

/// Parameters of a network of 64 features, two hidden layers of `width` ReLUs and 10 classes, and the factors on the learning
/// rates of its weights.
fn two_layers(scheme: &str, width: usize, optimizer: &str) -> (Parameters, Vec<f64>) {
    let (model, bias) = (plain(64, &[width, width], 10, "relu"), BiasInit::default());
    let optimizer = Optimizer::parse(&Value::Text(optimizer.to_owned())).unwrap();
    let context = Context {
        optimizer: Some(&optimizer),
        ..Context::new(1, 0, &bias)
    };
    let mut parameters = Parameters::default();
    let report = initialize(&model, &*choice(scheme).scheme, &context, &mut parameters).unwrap();
    let rates = report.rates.layers.iter().map(|r| r.weight).collect();
    (parameters, rates)
}

/// The parameters of [`two_layers`].
pub(super) fn start(scheme: &str, width: usize) -> Parameters {
    two_layers(scheme, width, "sgd").0
}

/// The factors of [`two_layers`].
pub(super) fn rates(scheme: &str, width: usize, optimizer: &str) -> Vec<f64> {
    two_layers(scheme, width, optimizer).1
}

/// 300 samples of 12 normal features, in 3 classes.
pub(super) fn data() -> Prepared {
    let mut values = vec![0.0; 300 * 12];
    Key::new(3, 0, Purpose::Synthetic)
        .stream(0)
        .fill_normal(&mut values, 2.0);
    let labels = (0..300).map(|i| i % 3).collect();
    let targets = Targets::Classes { labels, classes: 3 };
    let dataset = Dataset::new("test", 12, Features::F32(values), targets).unwrap();
    let split = Split {
        train: (0..300).collect(),
        ..Split::default()
    };
    Prepared::plain(Arc::new(dataset), split)
}

/// Sample moments.
pub(super) struct Moments {
    pub mean: f64,
    pub variance: f64,
    /// Fourth central moment over the squared variance.
    pub kurtosis: f64,
}

pub(super) fn moments(values: &[f32]) -> Moments {
    let n = values.len() as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let power = |x: f32| {
        let d = f64::from(x) - mean;
        (d * d, d * d * d * d)
    };
    let (second, fourth) = values.iter().fold((0.0, 0.0), |(a, b), &x| {
        let (second, fourth) = power(x);
        (a + second, b + fourth)
    });
    let variance = second / n;
    Moments {
        mean,
        variance,
        kurtosis: fourth / n / (variance * variance),
    }
}

/// Values that stand for each parameter that has no default, in TOML.
const EXAMPLES: &[(&str, &str)] = &[
    ("constant", r#"{ kind = "constant", value = 0.5 }"#),
    ("custom", r#"{ kind = "custom", gain = 1.5 }"#),
    ("random_walk", r#"{ kind = "random_walk", gain = 1.5 }"#),
    (
        "scaled",
        r#"{ kind = "scaled", base = "torch_default", alpha = 3 }"#,
    ),
    (
        "formula",
        r#"{ kind = "formula", std = "sqrt(2 / fan_in) * layers^-0.25" }"#,
    ),
    ("torch_sparse", r#"{ kind = "torch_sparse", sparsity = 0.75 }"#),
];

/// A value for every scheme of the catalogue.
pub(super) fn examples() -> Vec<String> {
    let standard = Registry::standard();
    let example = |name: &str| {
        let special = EXAMPLES.iter().find(|(n, _)| *n == name);
        special.map_or_else(|| format!("\"{name}\""), |(_, v)| (*v).to_owned())
    };
    // Those that need a file have their own tests.
    let names = standard.entries().map(|e| e.name);
    let names = names.filter(|n| !["transfer", "weights"].contains(n));
    names.map(example).collect()
}

/// Variants that the defaults do not show.
pub(super) const VARIANTS: &[&str] = &[
    r#"{ kind = "he_normal", mode = "fan_out" }"#,
    r#"{ kind = "he_uniform", slope = 0.25 }"#,
    r#"{ kind = "xavier_normal", gain = 1.6666666666666667 }"#,
    r#"{ kind = "variance_scaling", scale = 3, mode = "fan_avg", distribution = "truncated_normal" }"#,
    r#"{ kind = "variance_scaling", scale = 0.5, mode = "fan_geo_avg", distribution = "uniform" }"#,
    r#"{ kind = "custom", gain = 1.5, distribution = "uniform" }"#,
    r#"{ kind = "custom", gain = 1.5, distribution = "truncated_normal" }"#,
    r#"{ kind = "truncated_normal", std = 0.3, cut = 1.2 }"#,
    r#"{ kind = "timm_trunc_normal", std = 1, limit = 1.5 }"#,
    r#"{ kind = "adaptive", rule = "deck" }"#,
    r#"{ kind = "zero_hadamard", normalization = "code" }"#,
    r#"{ kind = "sparse", links = 40, std = 0.25 }"#,
    r#"{ kind = "mean_field", sigma_w2 = 1.3, sigma_b2 = 0.05 }"#,
    r#"{ kind = "adaptive", rule = "variance", distribution = "uniform" }"#,
    r#"{ kind = "sinusoidal", gain = 1, mode = "fan_avg" }"#,
    r#"{ kind = "spectral", law = "orthogonal" }"#,
    r#"{ kind = "idinit", tau = 2 }"#,
    r#"{ kind = "formula", law = "uniform", limit = "if(layer == 1; 1; gain) / sqrt(fan_in)" }"#,
    r#"{ kind = "formula", law = "truncated_normal", std = "exp(-layer / layers) * cbrt(1 / fan_out)" }"#,
    r#"{ kind = "formula", law = "orthogonal", gain = "gain * max(branch_layers; 1)^-0.5" }"#,
    r#"{ kind = "formula", law = "constant", value = "1 / inputs" }"#,
    r#"{ kind = "swim", head = "he_normal", samples = 100 }"#,
    r#"{ kind = "kraehenbuehl", base = "pca", samples = 100 }"#,
    r#"{ kind = "kraehenbuehl", base = "kmeans", samples = 100 }"#,
    r#"{ kind = "weight_norm_data", base = "orthogonal" }"#,
    r#"{ kind = "arpit", base = "lecun_normal", head = "he_normal" }"#,
    r#"{ kind = "gradinit", base = "torch_default", steps = 50, second_order = false }"#,
    r#"{ kind = "metainit", base = { kind = "scaled", alpha = 3 }, steps = 50 }"#,
];

#[test]
fn every_file_of_schemes_is_listed() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/init");
    let mut unlisted = Vec::new();
    let mut seen = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if text.contains("\npub static ENTRY: Entry") {
            seen += 1;
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            if !FILE_NAMES.contains(&stem.as_str()) {
                unlisted.push(stem);
            }
        }
    }
    assert!(
        unlisted.is_empty(),
        "not in the list of init/mod.rs: {unlisted:?}"
    );
    assert_eq!(seen, FILE_NAMES.len());
}

#[test]
fn names_are_unique_and_entries_are_complete() {
    let mut names = std::collections::BTreeSet::new();
    for entry in Registry::standard().entries() {
        for name in std::iter::once(&entry.name).chain(entry.aliases) {
            assert!(names.insert(*name), "`{name}` twice");
        }
        for text in [entry.summary, entry.formula, entry.citation] {
            assert!(!text.is_empty(), "{}", entry.name);
        }
    }
}

/// Within 5 standard errors of the closed form, on a layer whose fans are far apart and not near
/// any simple ratio: a wrong fan, a missing square root or zeros are hundreds of errors away.
#[test]
fn sample_variance_agrees_with_the_closed_form() {
    let mut checked = 0;
    let layer = layer(501, 307, "leaky_relu");
    for value in examples()
        .iter()
        .map(String::as_str)
        .chain(VARIANTS.iter().copied())
    {
        let choice = choice(value);
        if !choice.scheme.layerwise() {
            continue;
        }
        let Some(expected) = choice.scheme.expected_variance(&layer) else {
            continue;
        };
        let weights = draw(value, &layer, 11);
        let n = weights.len() as f64;
        let m = moments(&weights);
        if expected == 0.0 {
            assert_eq!(m.variance, 0.0, "{value}");
            continue;
        }
        checked += 1;
        let error = (m.variance / expected - 1.0).abs();
        let bound = 5.0 * ((m.kurtosis - 1.0) / n).sqrt();
        assert!(error < bound, "{value}: variance {} for {expected}", m.variance);
        let bound = 5.0 * (expected / n).sqrt();
        assert!(m.mean.abs() < bound, "{value}: mean {}", m.mean);
    }
    assert!(checked >= 28, "only {checked} cases");
}

/// Schemes of one law share base draws: only the scale differs.
#[test]
fn schemes_share_base_draws() {
    let layer = layer(64, 32, "relu");
    for (a, b) in [
        ("\"he_normal\"", "\"xavier_normal\""),
        ("\"he_uniform\"", "\"torch_default\""),
    ] {
        let ratio: Vec<f64> = draw(a, &layer, 3)
            .iter()
            .zip(draw(b, &layer, 3))
            .map(|(a, b)| f64::from(*a) / f64::from(b))
            .collect();
        assert!(ratio.iter().all(|r| (r / ratio[0] - 1.0).abs() < 1e-6), "{a} {b}");
    }
}

#[test]
fn the_same_draw_is_the_same_and_another_differs() {
    let layer = layer(20, 30, "relu");
    for value in examples() {
        if !choice(&value).scheme.layerwise() {
            continue;
        }
        let weights = draw(&value, &layer, 1);
        assert_eq!(weights, draw(&value, &layer, 1), "{value}");
        let random = choice(&value).scheme.expected_variance(&layer) > Some(0.0);
        if random {
            assert_ne!(weights, draw(&value, &layer, 2), "{value}");
        }
    }
}

#[test]
fn a_network_is_set_layer_by_layer() {
    let model = plain(64, &[30, 20], 10, "relu");
    let bias = BiasInit::default();
    let mut parameters = Parameters::new(&model);
    let scheme = choice("\"torch_default\"").scheme;
    let context = Context::new(5, 2, &bias);
    let report = initialize(&model, &*scheme, &context, &mut parameters).unwrap();
    assert!(report.notes.is_empty());
    let expected = fill(&*scheme, &model.layers[2], Key::new(5, 2, Purpose::Weights));
    assert_eq!(parameters.weights[2].to_row_major(), expected);
    assert!(
        parameters
            .biases
            .iter()
            .flatten()
            .all(|&b| b != 0.0 && b.abs() <= 1.0)
    );

    // An explicit setting of biases wins, and moves no weight.
    let zeros = BiasInit::parse(&toml_value("\"zeros\"")).unwrap();
    let mut other = Parameters::new(&model);
    initialize(&model, &*scheme, &Context::new(5, 2, &zeros), &mut other).unwrap();
    assert_eq!(other.weights, parameters.weights);
    assert!(other.biases.iter().flatten().all(|&b| b == 0.0));
}

/// Weight normalization takes what a scheme gives as it is.
#[test]
fn schemes_start_weight_normalized_networks_as_plain_ones() {
    let normalized = network("{ hidden = [9, 17], weight_norm = true }", "relu");
    let same = network("[9, 17]", "relu");
    let bias = BiasInit::default();
    let set = |model: &Model, scheme: &str| {
        let mut parameters = Parameters::default();
        let scheme = choice(scheme).scheme;
        initialize(model, &*scheme, &Context::new(5, 2, &bias), &mut parameters).map(|_| parameters)
    };
    for scheme in [
        "\"torch_default\"",
        r#"{ kind = "scaled", base = "he_normal", alpha = 3 }"#,
        r#"{ kind = "constant", value = 0.5 }"#,
    ] {
        let (a, b) = (set(&normalized, scheme).unwrap(), set(&same, scheme).unwrap());
        assert_eq!((&a.weights, &a.biases), (&b.weights, &b.biases), "{scheme}");
        for (norm, weights) in a.weight_norms.iter().zip(&a.weights) {
            assert_eq!(norm.direction, *weights, "{scheme}");
            for (j, g) in norm.gain.iter().enumerate() {
                let square: f64 = (0..weights.fan_in())
                    .map(|k| f64::from(weights.get(k, j)))
                    .map(|w| w * w)
                    .sum();
                assert!((square.sqrt() / f64::from(*g) - 1.0).abs() < 1e-6, "{scheme} {j}");
            }
        }
    }
}

/// What leaves units at 0 is refused by the plan of a weight-normalized network, also inside of other schemes, and nothing
/// else is.
#[test]
fn units_without_a_direction_are_refused() {
    let plain = "{ hidden = [9, 9], weight_norm = true }";
    let wide = "{ hidden = [9, 17], weight_norm = true }";
    let blocks = "{ kind = \"residual\", width = 8, blocks = 2, fixup = true, weight_norm = true }";
    for (scheme, architecture, layer) in [
        (r#""zeros""#, plain, Some(1)),
        (r#"{ kind = "constant", value = 0 }"#, plain, Some(1)),
        (r#"{ kind = "constant", value = 0.5 }"#, plain, None),
        (r#"{ kind = "normal", std = 0 }"#, plain, Some(1)),
        (
            r#"{ kind = "formula", law = "constant", value = "layer - 2" }"#,
            plain,
            Some(2),
        ),
        (r#"{ kind = "torch_sparse", sparsity = 1 }"#, plain, Some(1)),
        (r#""identity""#, plain, None),
        (r#""identity""#, wide, Some(2)),
        (r#"{ kind = "identity", gain = 0 }"#, plain, Some(1)),
        (r#""idinit""#, wide, None),
        (r#""sinusoidal""#, plain, Some(2)),
        (r#""sinusoidal""#, wide, None),
        (r#""fixup""#, blocks, Some(3)),
        (r#"{ kind = "idinit", epsilon = 0 }"#, blocks, Some(3)),
        (
            r#"{ kind = "scaled", alpha = 2, base = { kind = "constant", value = 0.5 } }"#,
            plain,
            None,
        ),
        (r#"{ kind = "scaled", alpha = 0 }"#, plain, Some(1)),
        (
            r#"{ kind = "scaled", alpha = 2, base = "zeros" }"#,
            plain,
            Some(1),
        ),
        (
            r#"{ kind = "lsuv", base = { kind = "scaled", alpha = 2, base = "identity" } }"#,
            wide,
            Some(2),
        ),
        (r#"{ kind = "weight_norm_data", base = "zeros" }"#, plain, Some(1)),
        (r#"{ kind = "arpit", head = "zeros" }"#, plain, Some(3)),
        (r#"{ kind = "swim", head = "zeros" }"#, plain, Some(3)),
        (r#"{ kind = "per_layer", head = "zeros" }"#, plain, Some(3)),
        (
            r#"{ kind = "per_layer", body = "zeros", layers = ["identity", "he_normal", "identity"] }"#,
            plain,
            None,
        ),
    ] {
        let (model, scheme_of) = (network(architecture, "relu"), choice(scheme).scheme);
        let (data, bias) = (data(), BiasInit::default());
        let context = Context {
            data: Some(&data),
            ..Context::new(5, 2, &bias)
        };
        let set = initialize(&model, &*scheme_of, &context, &mut Parameters::default());
        match (layer, check(&*scheme_of, &model, true), set) {
            (None, Ok(()), Ok(_)) => {}
            (Some(layer), Err(checked), Err(set)) => {
                let message = format!("layer {layer}: units start with all weights 0");
                for error in [checked, set].map(|error| error.to_string()) {
                    assert!(error.contains(&message), "{scheme}: {error}");
                }
            }
            other => panic!("{scheme}, {architecture}: {other:?}"),
        }
        let same = network(&architecture.replace(", weight_norm = true", ""), "relu");
        let needs = ["weight_norm_data", "arpit"]
            .iter()
            .any(|name| scheme.contains(name));
        assert_eq!(check(&*scheme_of, &same, true).is_ok(), !needs, "{scheme}");
    }
    // Before the data are known the first layer may be as wide as it takes.
    let (model, identity) = (
        network("{ hidden = [17, 17], weight_norm = true }", "relu"),
        choice("\"identity\""),
    );
    assert!(check(&*identity.scheme, &model, false).is_ok());
    assert!(check(&*identity.scheme, &model, true).is_err());
}

/// A scheme that is not refused for a weight-normalized network starts it. (`torch_sparse` may leave a unit at 0 by chance.)
#[test]
fn weight_normalized_networks_start_or_are_refused() {
    let (data, bias) = (data(), BiasInit::default());
    let mut started = 0;
    for value in examples()
        .iter()
        .map(String::as_str)
        .chain(VARIANTS.iter().copied())
    {
        let scheme = choice(value).scheme;
        for (architecture, activation) in [
            ("{ hidden = [9, 17], weight_norm = true }", "tanh"),
            ("{ hidden = [18, 8], weight_norm = true }", "relu"),
            ("{ hidden = [9, 9], weight_norm = true }", "sine"),
            (
                "{ kind = \"residual\", width = 8, blocks = 2, weight_norm = true }",
                "relu",
            ),
            (
                "{ kind = \"residual\", width = 8, blocks = 2, fixup = true, weight_norm = true }",
                "relu",
            ),
            (
                "{ kind = \"residual\", width = 8, blocks = 2, learn_alpha = true, weight_norm = true }",
                "relu",
            ),
        ] {
            let model = network(architecture, activation);
            if value.contains("torch_sparse") || check(&*scheme, &model, true).is_err() {
                continue;
            }
            let model = planned(model, &*scheme).unwrap();
            let context = Context {
                data: Some(&data),
                ..Context::new(5, 2, &bias)
            };
            let set = initialize(&model, &*scheme, &context, &mut Parameters::default());
            assert!(set.is_ok(), "{value}, {architecture}: {}", set.unwrap_err());
            started += 1;
        }
    }
    assert!(started > 200, "{started}");
}

#[test]
fn bias_laws_have_their_moments() {
    let layer = layer(25, 20_000, "relu");
    let scheme = choice("\"he_normal\"").scheme;
    for (value, variance) in [
        (r#"{ kind = "normal", std = 0.2 }"#, 0.04),
        (r#"{ kind = "uniform", limit = 0.3 }"#, 0.03),
        (r#""fan_in_uniform""#, 1.0 / 75.0),
    ] {
        let init = BiasInit::parse(&toml_value(value)).unwrap();
        let mut bias = vec![0.0; layer.fan_out];
        let mut stream = Key::new(1, 1, Purpose::Biases).stream(0);
        init.fill(&*scheme, &layer, &mut stream, &mut bias).unwrap();
        let m = moments(&bias);
        let bound = 5.0 * ((m.kurtosis - 1.0) / bias.len() as f64).sqrt();
        assert!(
            (m.variance / variance - 1.0).abs() < bound,
            "{value}: {}",
            m.variance
        );
    }
}

/// The scheme that CONTRIBUTING.md shows is the file that is compiled here, and works once it is listed.
#[test]
fn the_scheme_that_the_contributing_file_shows_works() {
    let code = include_str!("contributing/my_scheme.rs");
    assert!(
        include_str!("../../CONTRIBUTING.md").contains(&format!("```rust\n{code}```")),
        "CONTRIBUTING.md must show src/init/contributing/my_scheme.rs as it is"
    );
    assert!(code.lines().count() < 45, "a scheme should take under 45 lines");
    let listed = Registry::standard().with(Definition {
        entry: &my_scheme::ENTRY,
        build: my_scheme::build,
    });
    let value = toml_value(r#"{ kind = "my_scheme", gain = 1.5 }"#);
    let scheme = listed.unwrap().parse(&value).unwrap().scheme;
    let layer = layer(400, 300, "relu");
    let weights = fill(&*scheme, &layer, Key::new(1, 0, Purpose::Weights));
    let expected = scheme.expected_variance(&layer).unwrap();
    assert!((expected * 400.0 - 2.25).abs() < 1e-12);
    let error = (moments(&weights).variance / expected - 1.0).abs();
    assert!(error < 5.0 * (2.0f64 / 120_000.0).sqrt(), "{error}");
}

#[test]
fn a_scheme_from_outside_is_found_and_may_not_take_a_name() {
    static ENTRY: crate::support::catalog::Entry = crate::support::catalog::Entry {
        name: "mine",
        ..zeros::ENTRY
    };
    let taken = Registry::standard().with(Definition {
        entry: &ENTRY,
        build: zeros::build,
    });
    // Its alias `zero` is taken.
    assert!(taken.unwrap_err().to_string().contains("`zero`"));
    static OWN: crate::support::catalog::Entry = crate::support::catalog::Entry {
        name: "mine",
        aliases: &[],
        ..zeros::ENTRY
    };
    let registry = Registry::standard()
        .with(Definition {
            entry: &OWN,
            build: zeros::build,
        })
        .unwrap();
    assert_eq!(registry.named("mine").unwrap().to_string(), "mine");
    let error = registry.named("xaveir").unwrap_err().to_string();
    assert!(
        error.contains("unknown scheme `xaveir`") && error.contains("did you mean `xavier_uniform`?"),
        "{error}"
    );
}
