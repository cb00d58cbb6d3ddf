//! Tests of transfer.

use std::collections::BTreeMap;

use super::*;
use crate::activation::Activation;
use crate::init::checkpoint;
use crate::init::tests::{moments, plain, toml_value};
use crate::init::{BiasInit, Context as InitContext, InitReport, initialize};
use crate::model::{Architecture, LayerRate, Loss};

/// A source network 6-5-4-3 whose weights and biases are all different.
fn source(directory: &std::path::Path) -> (String, Parameters) {
    let model = plain(6, &[5, 4], 3, "relu");
    let bias = BiasInit::default();
    let mut parameters = Parameters::default();
    let scheme = Registry::standard().named("torch_default").unwrap().scheme;
    initialize(&model, &*scheme, &InitContext::new(77, 0, &bias), &mut parameters).unwrap();
    let path = directory.join("source.safetensors");
    std::fs::write(&path, checkpoint::encode(&parameters, &BTreeMap::new()).unwrap()).unwrap();
    (path.display().to_string(), parameters)
}

fn transfer(extra: &str, hidden: &[usize], outputs: usize) -> (Parameters, Parameters, InitReport) {
    let directory = tempfile::tempdir().unwrap();
    let (path, original) = source(directory.path());
    let value = toml_value(&format!("{{ kind = \"transfer\", source = '{path}'{extra} }}"));
    let scheme = Registry::standard().parse(&value).unwrap().scheme;
    assert_eq!(scheme.source_digest().unwrap().len(), 16);
    let model = plain(6, hidden, outputs, "relu");
    let (mut parameters, bias) = (Parameters::default(), BiasInit::default());
    let report = initialize(&model, &*scheme, &InitContext::new(1, 0, &bias), &mut parameters).unwrap();
    (original, parameters, report)
}

#[test]
fn equal_shapes_are_copied_with_their_biases() {
    let (original, copy, report) = transfer("", &[5, 4], 3);
    assert_eq!(copy, original);
    assert!(report.rates.layers.iter().all(|r| r.weight == 1.0));
    let (_, copy, report) = transfer(", frozen = 2, head = \"fresh\"", &[5, 4], 3);
    assert_eq!(copy.weights[1], original.weights[1]);
    assert_ne!(copy.weights[2], original.weights[2]);
    assert_eq!(copy.biases[2], [0.0; 3]);
    let rates: Vec<f64> = report.rates.layers.iter().map(|r| r.weight).collect();
    assert_eq!(rates, [0.0, 0.0, 1.0]);
}

#[test]
fn a_new_head_is_fresh_and_so_is_what_stands_behind_a_redrawn_layer() {
    let (original, parameters, _) = transfer("", &[5, 4], 2);
    assert_eq!(parameters.weights[1], original.weights[1]);
    assert_eq!(parameters.biases[2], [0.0; 2]);
    let (_, parameters, _) = transfer("", &[5, 9], 3);
    assert_eq!(parameters.weights[0], original.weights[0]);
    let (original, parameters, _) = transfer(", behind = \"copy\"", &[9, 4], 3);
    assert_eq!(parameters.weights[2], original.weights[2]);
}

#[test]
fn slices_and_pads_keep_the_common_block() {
    let (original, pad, _) = transfer(", mismatched = \"pad\"", &[7, 4], 3);
    for k in 0..6 {
        for j in 0..7 {
            let expected = if j < 5 { original.weights[0].get(k, j) } else { 0.0 };
            assert_eq!(pad.weights[0].get(k, j), expected);
        }
    }
    assert_eq!(pad.biases[0][..5], original.biases[0]);
    assert_eq!(pad.biases[0][5..], [0.0; 2]);
    assert_eq!(pad.weights[2], original.weights[2]);
    let (_, slice, _) = transfer(", mismatched = \"slice\"", &[7, 4], 3);
    assert_eq!(slice.weights[0].get(2, 3), original.weights[0].get(2, 3));
    assert_ne!(slice.weights[0].get(2, 6), 0.0);
    let (_, narrow, _) = transfer(", mismatched = \"slice\"", &[3, 4], 3);
    assert_eq!(narrow.weights[1].get(2, 3), original.weights[1].get(2, 3));
}

/// Redraws have the source's deviation, corrected for the fan or not.
#[test]
fn redraws_have_the_source_deviation() {
    for (way, correction) in [("std_matched", 1.0), ("fan_corrected", 5.0 / 400.0)] {
        let extra = format!(", mismatched = \"{way}\", behind = \"copy\"");
        let (original, parameters, _) = transfer(&extra, &[400, 300], 3);
        let values = original.weights[1].to_row_major();
        let source = values.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / values.len() as f64;
        let drawn = moments(&parameters.weights[1].to_row_major());
        let error = drawn.variance / (source * correction) - 1.0;
        assert!(error.abs() < 5.0 * (2.0f64 / 120_000.0).sqrt(), "{way}: {error}");
    }
    // As a control, whole networks.
    let (original, parameters, _) = transfer(", matched = \"std_matched\"", &[5, 4], 3);
    for layer in 0..3 {
        assert_ne!(parameters.weights[layer], original.weights[layer]);
        assert!(parameters.biases[layer].iter().all(|&b| b == 0.0));
    }
}

/// Normalizations, running statistics and branch scales are part of a trained network.
#[test]
fn normalizations_and_branch_scales_come_along() {
    let model = |outputs: usize| {
        let value =
            toml_value(r#"{ kind = "residual", width = 4, blocks = 2, norm = "batch", learn_alpha = true }"#);
        let relu = Activation::named("relu").unwrap();
        Model::new(
            &Architecture::parse(&value).unwrap(),
            &[relu],
            6,
            outputs,
            Loss::CrossEntropy,
        )
        .unwrap()
    };
    let bias = BiasInit::default();
    let context = InitContext::new(77, 0, &bias);
    let mut original = Parameters::default();
    let he = Registry::standard().named("he_normal").unwrap().scheme;
    initialize(&model(3), &*he, &context, &mut original).unwrap();
    for (i, norm) in original.norms.iter_mut().enumerate() {
        norm.gain[1] = 2.0 + i as f32;
        norm.running_mean[0] = -1.0;
        norm.running_variance[3] = 7.0;
    }
    original.branch_scales = vec![0.25, -0.5];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("source.safetensors");
    std::fs::write(&path, checkpoint::encode(&original, &BTreeMap::new()).unwrap()).unwrap();
    let value = toml_value(&format!(
        "{{ kind = \"transfer\", source = '{}' }}",
        path.display()
    ));
    let scheme = Registry::standard().parse(&value).unwrap().scheme;
    let copy = |model: &Model| {
        let mut copy = Parameters::default();
        initialize(model, &*scheme, &context, &mut copy).unwrap();
        copy
    };
    assert_eq!(copy(&model(3)), original);
    // Under a fresh head the body is still the source's; in a network without them they are left out.
    let fresh_head = copy(&model(2));
    assert_eq!(
        (&fresh_head.norms, &fresh_head.branch_scales),
        (&original.norms, &original.branch_scales)
    );
    assert!(copy(&plain(6, &[4], 3, "relu")).norms.is_empty());
}

/// A frozen layer is frozen with all that stands behind it, and says so where that makes no sense.
#[test]
fn frozen_layers_take_their_normalization_with_them() {
    let model = |hidden: &[usize]| {
        let value = toml_value(&format!("{{ hidden = {hidden:?}, norm = \"batch\" }}"));
        let relu = Activation::named("relu").unwrap();
        Model::new(
            &Architecture::parse(&value).unwrap(),
            &[relu],
            6,
            3,
            Loss::CrossEntropy,
        )
        .unwrap()
    };
    let bias = BiasInit::default();
    let context = InitContext::new(77, 0, &bias);
    let mut original = Parameters::default();
    let he = Registry::standard().named("he_normal").unwrap().scheme;
    initialize(&model(&[5, 4]), &*he, &context, &mut original).unwrap();
    for norm in &mut original.norms {
        norm.running_mean[0] = -1.0;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("source.safetensors");
    std::fs::write(&path, checkpoint::encode(&original, &BTreeMap::new()).unwrap()).unwrap();
    let value = toml_value(&format!(
        "{{ kind = \"transfer\", frozen = 2, source = '{}' }}",
        path.display()
    ));
    // A scheme reads its source once.
    let report = |hidden: &[usize]| {
        let scheme = Registry::standard().parse(&value).unwrap().scheme;
        initialize(&model(hidden), &*scheme, &context, &mut Parameters::default()).unwrap()
    };
    let same = report(&[5, 4]);
    assert_eq!(
        same.rates.layers,
        [LayerRate::FROZEN, LayerRate::FROZEN, LayerRate::ONE]
    );
    assert_eq!(same.notes, [""; 0]);
    // The second layer is drawn anew, so there are no statistics for it.
    let other = report(&[5, 9]);
    assert_eq!(other.rates, same.rates);
    let [copied, note] = &other.notes[..] else {
        panic!("{:?}", other.notes)
    };
    assert_eq!(
        copied,
        "transfer: copied layer 1, drew anew layer 2 (`layers.1.weight` has 5 inputs and 4 outputs) \
         and layer 3 (`layers.2.weight` has 4 inputs and 3 outputs)"
    );
    assert!(
        note.contains("layer 2 is frozen") && note.contains("since it was drawn anew"),
        "{note}"
    );
    // A source without statistics of its own, as PyTorch's `track_running_stats=False` leaves it.
    for norm in &mut original.norms {
        norm.running_mean.fill(0.0);
        norm.running_variance.fill(1.0);
    }
    std::fs::write(&path, checkpoint::encode(&original, &BTreeMap::new()).unwrap()).unwrap();
    let bare = report(&[5, 4]);
    assert!(
        bare.notes.len() == 2 && bare.notes[1].contains("source.safetensors has none"),
        "{:?}",
        bare.notes
    );
}

#[test]
fn a_missing_file_is_named() {
    let value = toml_value(r#"{ kind = "transfer", source = "nowhere.safetensors" }"#);
    let scheme = Registry::standard().parse(&value).unwrap().scheme;
    assert_eq!(scheme.source_digest(), None);
    let error = scheme.ready().unwrap_err().to_string();
    assert!(
        error.contains("`source` of `transfer`") && error.contains("nowhere.safetensors"),
        "{error}"
    );
}

/// A file as other programs write it; each tensor's values count from its place times 100.
fn foreign(directory: &std::path::Path, tensors: &[(&str, [usize; 2])]) -> String {
    let bytes = |i: usize, [a, b]: [usize; 2]| -> Vec<u8> {
        (0..a * b)
            .flat_map(|k| ((100 * i + k) as f32).to_le_bytes())
            .collect()
    };
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .enumerate()
        .map(|(i, (_, sides))| bytes(i, *sides))
        .collect();
    let views = tensors.iter().zip(&data).map(|((name, sides), data)| {
        let dtype = safetensors::tensor::Dtype::F32;
        (
            *name,
            safetensors::tensor::TensorView::new(dtype, sides.to_vec(), data).unwrap(),
        )
    });
    let path = directory.join("other.safetensors");
    std::fs::write(&path, safetensors::tensor::serialize(views, None).unwrap()).unwrap();
    path.display().to_string()
}

/// The network that comes of it, 6-hidden-3.
fn take(extra: &str, hidden: &[usize], tensors: &[(&str, [usize; 2])]) -> Result<(Parameters, Vec<String>)> {
    let directory = tempfile::tempdir().unwrap();
    let path = foreign(directory.path(), tensors);
    let value = toml_value(&format!("{{ kind = \"transfer\", source = '{path}'{extra} }}"));
    let scheme = Registry::standard().parse(&value).unwrap().scheme;
    let model = plain(6, hidden, 3, "relu");
    let (mut parameters, bias) = (Parameters::default(), BiasInit::default());
    let fits = scheme.fits(&model);
    let report = initialize(&model, &*scheme, &InitContext::new(1, 0, &bias), &mut parameters);
    assert_eq!(fits.is_ok(), report.is_ok());
    Ok((parameters, report?.notes))
}

/// The weight from input 1 to output 0: what tells the layouts apart.
fn corner(parameters: &Parameters, layer: usize) -> f32 {
    parameters.weights[layer].get(1, 0)
}

#[test]
fn nothing_that_fits_is_an_error() {
    let error = take("", &[5, 4], &[("a.weight", [7, 7]), ("b.weight", [2, 7])])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("nothing of ")
            && error.contains("6 to 5, 5 to 4, 4 to 3")
            && error.contains("a.weight [7, 7]"),
        "{error}"
    );
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = source(directory.path());
    let value = toml_value(&format!("{{ kind = \"transfer\", source = '{path}' }}"));
    let scheme = Registry::standard().parse(&value).unwrap().scheme;
    // The last layer would fit, behind one that is drawn anew.
    let error = scheme
        .fits(&plain(6, &[9, 4], 3, "relu"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("nothing of "), "{error}");
    // Nor does it as part of another scheme.
    for whole in ["lsuv', base", "per_layer', head = 'zeros', body"] {
        let value = toml_value(&format!(
            "{{ kind = '{whole} = {{ kind = 'transfer', source = '{path}' }} }}"
        ));
        let scheme = Registry::standard().parse(&value).unwrap().scheme;
        let error = scheme
            .fits(&plain(6, &[9, 4], 3, "relu"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("nothing of "), "{whole}: {error}");
        assert!(scheme.fits(&plain(6, &[5, 4], 3, "relu")).is_ok());
    }
}

#[test]
fn shapes_tell_the_order_where_names_do_not() {
    let (parameters, notes) = take(
        "",
        &[5, 4],
        &[
            ("body.weight", [4, 5]),
            ("out.weight", [3, 4]),
            ("stem.weight", [5, 6]),
        ],
    )
    .unwrap();
    assert_eq!(
        (
            corner(&parameters, 0),
            corner(&parameters, 1),
            corner(&parameters, 2)
        ),
        (201.0, 1.0, 101.0)
    );
    assert_eq!(
        notes,
        ["transfer: layers taken by their shapes, in the order stem.weight body.weight out.weight"]
    );
    // Another tensor before them all.
    let beside = [
        ("embed.weight", [50, 8]),
        ("fc1.weight", [5, 6]),
        ("fc2.weight", [4, 5]),
        ("fc3.weight", [3, 4]),
    ];
    assert_eq!(corner(&take("", &[5, 4], &beside).unwrap().0, 2), 301.0);
    // Two of one shape, in the order of words.
    let words = [
        ("a.weight", [5, 6]),
        ("dec.weight", [5, 5]),
        ("enc.weight", [5, 5]),
        ("head.weight", [3, 5]),
    ];
    let error = take("", &[5, 5, 5], &words).unwrap_err().to_string();
    assert!(
        error.contains("ordered by words, not by numbers") && error.contains("names = [..]"),
        "{error}"
    );
    let names = ", names = [\"a\", \"enc\", \"dec\", \"head\"]";
    assert_eq!(corner(&take(names, &[5, 5, 5], &words).unwrap().0, 1), 201.0);
    let numbers = [
        ("a.0.weight", [5, 6]),
        ("a.2.weight", [5, 5]),
        ("a.10.weight", [5, 5]),
        ("b.weight", [3, 5]),
    ];
    assert_eq!(corner(&take("", &[5, 5, 5], &numbers).unwrap().0, 2), 201.0);
}

#[test]
fn shapes_tell_the_layout_or_it_is_asked_for() {
    let (parameters, notes) = take(
        "",
        &[5, 4],
        &[
            ("a.0.weight", [6, 5]),
            ("a.1.weight", [5, 4]),
            ("a.2.weight", [4, 3]),
        ],
    )
    .unwrap();
    assert_eq!((corner(&parameters, 0), corner(&parameters, 2)), (5.0, 203.0));
    assert_eq!(
        notes,
        ["transfer: by the shapes, weights are stored as (inputs, outputs)"]
    );
    // A square layer among others is stored like them.
    let square = take("", &[6], &[("a.0.weight", [6, 6]), ("a.1.weight", [6, 3])])
        .unwrap()
        .0;
    assert_eq!(corner(&square, 0), 6.0);
    let all = [("a.0.weight", [6, 6]), ("a.1.weight", [6, 6])];
    let error = take("", &[6, 6], &all).unwrap_err().to_string();
    assert!(
        error.contains("all weights are square") && error.contains("layout = \"out_in\""),
        "{error}"
    );
    assert_eq!(
        corner(&take(", layout = \"out_in\"", &[6, 6], &all).unwrap().0, 0),
        1.0
    );
    assert_eq!(
        corner(&take(", layout = \"in_out\"", &[6, 6], &all).unwrap().0, 0),
        6.0
    );
}
