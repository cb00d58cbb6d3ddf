//! Tests of transfer.

use std::collections::BTreeMap;

use crate::init::tests::{moments, plain, toml_value};
use super::*;
use crate::init::{BiasInit, Context as InitContext, InitReport, initialize};
use crate::activation::Activation;
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
    let (original, parameters, _) = transfer("", &[9, 4], 3);
    assert_ne!(parameters.weights[2], original.weights[2]);
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
        let value = toml_value(r#"{ kind = "residual", width = 4, blocks = 2, norm = "batch", learn_alpha = true }"#);
        let relu = Activation::named("relu").unwrap();
        Model::new(&Architecture::parse(&value).unwrap(), &[relu], 6, outputs, Loss::CrossEntropy).unwrap()
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
    let value = toml_value(&format!("{{ kind = \"transfer\", source = '{}' }}", path.display()));
    let scheme = Registry::standard().parse(&value).unwrap().scheme;
    let copy = |model: &Model| {
        let mut copy = Parameters::default();
        initialize(model, &*scheme, &context, &mut copy).unwrap();
        copy
    };
    assert_eq!(copy(&model(3)), original);
    // Under a fresh head the body is still the source's; in a network without them they are left out.
    let fresh_head = copy(&model(2));
    assert_eq!((&fresh_head.norms, &fresh_head.branch_scales), (&original.norms, &original.branch_scales));
    assert!(copy(&plain(6, &[4], 3, "relu")).norms.is_empty());
}

/// A frozen layer is frozen with all that stands behind it, and says so where that makes no sense.
#[test]
fn frozen_layers_take_their_normalization_with_them() {
    let model = |hidden: &[usize]| {
        let value = toml_value(&format!("{{ hidden = {hidden:?}, norm = \"batch\" }}"));
        let relu = Activation::named("relu").unwrap();
        Model::new(&Architecture::parse(&value).unwrap(), &[relu], 6, 3, Loss::CrossEntropy).unwrap()
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
    let value = toml_value(&format!("{{ kind = \"transfer\", frozen = 2, source = '{}' }}", path.display()));
    // A scheme reads its source once.
    let report = |hidden: &[usize]| {
        let scheme = Registry::standard().parse(&value).unwrap().scheme;
        initialize(&model(hidden), &*scheme, &context, &mut Parameters::default()).unwrap()
    };
    let same = report(&[5, 4]);
    assert_eq!(same.rates.layers, [LayerRate::FROZEN, LayerRate::FROZEN, LayerRate::ONE]);
    assert_eq!(same.notes, [""; 0]);
    // The second layer is drawn anew, so there are no statistics for it.
    let other = report(&[5, 9]);
    assert_eq!(other.rates, same.rates);
    let [note] = &other.notes[..] else { panic!("{:?}", other.notes) };
    assert!(note.contains("layer 2 is frozen") && note.contains("since it was drawn anew"), "{note}");
    // A source without statistics of its own, as PyTorch's `track_running_stats=False` leaves it.
    for norm in &mut original.norms {
        norm.running_mean.fill(0.0);
        norm.running_variance.fill(1.0);
    }
    std::fs::write(&path, checkpoint::encode(&original, &BTreeMap::new()).unwrap()).unwrap();
    let bare = report(&[5, 4]);
    assert!(bare.notes.len() == 2 && bare.notes[1].contains("source.safetensors has none"), "{:?}", bare.notes);
}

#[test]
fn a_missing_file_is_named() {
    let value = toml_value(r#"{ kind = "transfer", source = "nowhere.safetensors" }"#);
    let scheme = Registry::standard().parse(&value).unwrap().scheme;
    assert_eq!(scheme.source_digest(), None);
    let error = scheme.ready().unwrap_err().to_string();
    assert!(error.contains("`source` of `transfer`") && error.contains("nowhere.safetensors"), "{error}");
}
