//! Tests of weights from files.

use safetensors::tensor::{Dtype, TensorView, serialize};

use super::*;
use crate::init::tests::{plain, toml_value};
use crate::init::{BiasInit, Context as InitContext, checkpoint, initialize};
use crate::model::Parameters;

type Tensors<'a> = &'a [(&'a str, Dtype, &'a [usize])];

/// A file of tensors whose values count from their place times 100, and then by 1/8.
fn file(path: &Path, tensors: Tensors) {
    let bytes = |i: usize, (dtype, shape): (Dtype, &[usize])| -> Vec<u8> {
        let values = (0..shape.iter().product()).map(|k: usize| (100 * i) as f64 + k as f64 / 8.0);
        let bytes = |x: f64| match dtype {
            Dtype::F64 => (x + 1e-12).to_le_bytes().to_vec(),
            Dtype::BF16 => ((x as f32).to_bits() >> 16).to_le_bytes()[..2].to_vec(),
            _ => (x as f32).to_le_bytes().to_vec(),
        };
        values.flat_map(bytes).collect()
    };
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .enumerate()
        .map(|(i, (_, dtype, shape))| bytes(i, (*dtype, shape)))
        .collect();
    let views = tensors
        .iter()
        .zip(&data)
        .map(|((name, dtype, shape), data)| (*name, TensorView::new(*dtype, shape.to_vec(), data).unwrap()));
    std::fs::write(path, serialize(views, None).unwrap()).unwrap();
}

/// The network 6-hidden-3 that comes of a file, and the notes on it.
fn take(extra: &str, hidden: &[usize], tensors: Tensors) -> Result<(Parameters, Vec<String>)> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.safetensors");
    file(&path, tensors);
    let value = format!("{{ kind = \"weights\", path = '{}'{extra} }}", path.display());
    let scheme = Registry::standard().parse(&toml_value(&value)).unwrap().scheme;
    let model = plain(6, hidden, 3, "relu");
    let (mut parameters, bias) = (Parameters::default(), BiasInit::default());
    let fits = scheme.fits(&model);
    let report = initialize(&model, &*scheme, &InitContext::new(1, 0, &bias), &mut parameters);
    // What cannot be read at all is said by `ready`.
    let same = fits.is_ok() == report.is_ok() || scheme.ready().is_err();
    assert!(same, "{fits:?} {report:?}");
    Ok((parameters, report?.notes))
}

/// The weight from input 1 to unit 0.
fn corner(parameters: &Parameters, layer: usize) -> f32 {
    parameters.weights[layer].get(1, 0)
}

const NO_BIASES: &str = "weights: the file has no biases: they are 0";

#[test]
fn tensors_are_found_behind_prefixes_and_beside_others() {
    let tensors: Tensors = &[
        ("module._orig_mod.net.layers.1.weight", Dtype::F32, &[3, 5]),
        ("module._orig_mod.net.layers.0.weight", Dtype::F32, &[5, 6]),
        ("module._orig_mod.net.layers.0.bias", Dtype::F32, &[5]),
        ("module._orig_mod.embed.weight", Dtype::F32, &[5, 6]),
        ("module._orig_mod.step", Dtype::F32, &[1]),
    ];
    let (parameters, notes) = take("", &[5], tensors).unwrap();
    assert_eq!((corner(&parameters, 0), corner(&parameters, 1)), (100.125, 0.125));
    assert_eq!(parameters.biases[0][1], 200.125);
    assert_eq!(
        notes,
        [
            "weights: not used: embed.weight",
            "weights: the file has no biases of layer 2: they are 0"
        ]
    );
    // flax's layout, under either separator.
    for names in [
        ["layers.0.kernel", "layers.1.kernel"],
        ["params/layers_0/kernel", "params/layers_1/kernel"],
    ] {
        let tensors = [
            (names[0], Dtype::F32, &[6, 5][..]),
            (names[1], Dtype::F32, &[5, 3][..]),
        ];
        let (parameters, notes) = take("", &[5], &tensors).unwrap();
        assert_eq!((corner(&parameters, 0), corner(&parameters, 1)), (0.625, 100.375));
        assert_eq!(notes, [NO_BIASES]);
    }
}

#[test]
fn conversions_are_exact_or_said() {
    let tensors = |dtype| {
        [
            ("a.0.weight", dtype, &[5, 6][..]),
            ("a.2.weight", Dtype::F32, &[3, 5][..]),
        ]
    };
    let (plain, notes) = take("", &[5], &tensors(Dtype::F32)).unwrap();
    assert_eq!(notes, [NO_BIASES]);
    let (half, notes) = take("", &[5], &tensors(Dtype::BF16)).unwrap();
    assert_eq!((half, notes.len()), (plain.clone(), 1));
    let (double, notes) = take("", &[5], &tensors(Dtype::F64)).unwrap();
    assert_eq!(corner(&double, 0), corner(&plain, 0));
    assert_eq!(
        notes,
        ["weights: the file's f64 numbers were rounded to f32", NO_BIASES]
    );
}

#[test]
fn what_does_not_fit_is_named() {
    let layers = |first: &'static [usize], second: &'static [usize]| {
        [
            ("layers.0.weight", Dtype::F32, first),
            ("layers.1.weight", Dtype::F32, second),
        ]
    };
    let error = |extra: &str, hidden: &[usize], tensors: Tensors| {
        take(extra, hidden, tensors).unwrap_err().text("", None)
    };
    let text = error("", &[5], &layers(&[5, 6], &[4, 5]));
    assert!(
        text.contains("w.safetensors: `layers.1.weight` is [4, 5], but layer 2 of the network has 5 inputs and 3 outputs")
            && text.contains("expected [3, 5] as PyTorch stores it, or [5, 3] as flax and Keras do")
            && text.contains("goodinit weights"),
        "{text}"
    );
    let text = error("", &[5, 5], &layers(&[5, 6], &[5, 5]));
    assert!(
        text.contains("no tensor for layer 3") && text.contains("`layers.2.weight` [3, 5]"),
        "{text}"
    );
    let text = error(
        "",
        &[3],
        &[
            ("layers.0.weight", Dtype::F32, &[3, 6]),
            ("layers.1.weight", Dtype::F32, &[3, 3]),
            ("layers.2.weight", Dtype::F32, &[3, 3]),
        ],
    );
    assert!(
        text.contains("`layers.2.weight` is of a deeper network: this one has 2 weight layers"),
        "{text}"
    );
    let numbers: Tensors = &[("layers.0.weight", Dtype::F32, &[3, 6])];
    let text = error("", &[], &[("layers.0.weight", Dtype::I32, &[3, 6])]);
    assert!(text.contains("`layers.0.weight` is stored as I32"), "{text}");
    assert!(take("", &[], numbers).is_ok());
}

/// Shapes tell the layout, or the key does.
#[test]
fn square_layers_ask_for_the_layout() {
    let square: Tensors = &[
        ("layers.0.weight", Dtype::F32, &[6, 6]),
        ("layers.1.weight", Dtype::F32, &[3, 6]),
    ];
    assert_eq!(corner(&take("", &[6], square).unwrap().0, 0), 0.125);
    let turned: Tensors = &[
        ("layers.0.weight", Dtype::F32, &[6, 6]),
        ("layers.1.weight", Dtype::F32, &[6, 3]),
    ];
    let (parameters, notes) = take("", &[6], turned).unwrap();
    assert_eq!(corner(&parameters, 0), 0.75);
    assert_eq!(
        notes[0],
        "weights: by the shapes, weights are stored as (inputs, outputs)"
    );

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.safetensors");
    file(
        &path,
        &[
            ("layers.0.weight", Dtype::F32, &[6, 6]),
            ("layers.1.weight", Dtype::F32, &[6, 6]),
        ],
    );
    let model = plain(6, &[6], 6, "relu");
    let start = |extra: &str| {
        let value = format!("{{ kind = \"weights\", path = '{}'{extra} }}", path.display());
        let scheme = Registry::standard().parse(&toml_value(&value)).unwrap().scheme;
        let (mut parameters, bias) = (Parameters::default(), BiasInit::default());
        initialize(&model, &*scheme, &InitContext::new(1, 0, &bias), &mut parameters)?;
        Ok::<_, Error>(corner(&parameters, 0))
    };
    let text = start("").unwrap_err().text("", None);
    assert!(
        text.contains("all weights are square") && text.contains("layout = \"out_in\""),
        "{text}"
    );
    assert_eq!(start(", layout = \"out_in\"").unwrap(), 0.125);
    assert_eq!(start(", layout = \"in_out\"").unwrap(), 0.75);
}

/// Each trial has a file of its own, and its digest.
#[test]
fn a_trial_reads_the_file_of_its_coordinates() {
    let directory = tempfile::tempdir().unwrap();
    let value = format!(
        "{{ kind = \"scaled\", alpha = 2, base = {{ kind = \"weights\", path = '{}/{{weight_seed}}.safetensors' }} }}",
        directory.path().display()
    );
    let scheme = Registry::standard().parse(&toml_value(&value)).unwrap().scheme;
    assert_eq!((scheme.source_digest(), scheme.source_path()), (None, None));
    let seed = |seed: u32| {
        scheme
            .of_trial(&move |name| (name == "weight_seed").then(|| seed.to_string()))
            .unwrap()
    };
    let (first, second) = (seed(0), seed(1));
    assert!(first.source_path().unwrap().ends_with("0.safetensors"));
    let text = second.ready().unwrap_err().to_string();
    assert!(text.contains("1.safetensors"), "{text}");
    file(first.source_path().unwrap(), &[("w.weight", Dtype::F32, &[3, 6])]);
    let model = plain(6, &[], 3, "relu");
    let (mut parameters, bias) = (Parameters::default(), BiasInit::default());
    let context = InitContext::new(1, 0, &bias);
    initialize(&model, &*first, &context, &mut parameters).unwrap();
    assert_eq!(corner(&parameters, 0), 0.25);
    assert_eq!(first.source_digest().unwrap().len(), 16);
    // Another file under the same path is not taken for it.
    file(first.source_path().unwrap(), &[("v.weight", Dtype::F32, &[3, 6])]);
    let text = initialize(&model, &*first, &context, &mut parameters)
        .unwrap_err()
        .to_string();
    assert!(text.contains("has changed meanwhile"), "{text}");
}

/// What a network of this program has besides comes along.
#[test]
fn normalizations_come_along() {
    let model = crate::init::tests::residual(
        r#"{ kind = "residual", width = 4, blocks = 2, norm = "batch", learn_alpha = true }"#,
        6,
    );
    let (mut original, bias) = (Parameters::default(), BiasInit::default());
    let context = InitContext::new(7, 0, &bias);
    let he = Registry::standard().named("he_normal").unwrap().scheme;
    initialize(&model, &*he, &context, &mut original).unwrap();
    original.norms[0].gain[1] = 2.0;
    original.branch_scales[1] = -0.5;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.safetensors");
    std::fs::write(&path, checkpoint::encode(&original, &BTreeMap::new()).unwrap()).unwrap();
    let value = format!("{{ kind = \"weights\", path = '{}' }}", path.display());
    let scheme = Registry::standard().parse(&toml_value(&value)).unwrap().scheme;
    let mut copy = Parameters::default();
    let report = initialize(&model, &*scheme, &context, &mut copy).unwrap();
    assert_eq!(copy, original);
    assert_eq!(report.notes, [""; 0]);
}

/// What the scheme `he_normal` sets in a weight-normalized network, with other gains and longer directions, and then what
/// comes of a file of it: the same to the bit. A network without weight normalization takes the weights alone.
#[test]
fn normalized_weights_come_back_with_what_they_are_made_of() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.safetensors");
    let bias = BiasInit::default();
    let model = super::super::tests::network(r#"{ hidden = [9, 40], weight_norm = true }"#, "relu");
    let mut start = Parameters::default();
    let he = Registry::standard().named("he_normal").unwrap().scheme;
    initialize(&model, &*he, &InitContext::new(1, 0, &bias), &mut start).unwrap();
    for norm in &mut start.weight_norms {
        norm.gain.iter_mut().for_each(|g| *g *= 1.7);
        norm.direction.storage_mut().iter_mut().for_each(|v| *v *= 0.3);
    }
    start.settle_weight_norm().unwrap();
    std::fs::write(&path, checkpoint::encode(&start, &BTreeMap::new()).unwrap()).unwrap();
    for kind in ["kind = \"weights\", path", "kind = \"transfer\", source"] {
        let value = toml_value(&format!("{{ {kind} = '{}' }}", path.display()));
        let scheme = Registry::standard().parse(&value).unwrap().scheme;
        let mut read = Parameters::default();
        initialize(&model, &*scheme, &InitContext::new(2, 0, &bias), &mut read).unwrap();
        assert_eq!(read, start, "{kind}");
        let plain = super::super::tests::network("[9, 40]", "relu");
        let report = initialize(&plain, &*scheme, &InitContext::new(2, 0, &bias), &mut read).unwrap();
        assert_eq!((&read.weights, read.weight_norms.len()), (&start.weights, 0));
        let said = report
            .notes
            .iter()
            .any(|n| n.contains("not used: layers.0.weight_g"));
        assert_eq!(said, kind.contains("weights"), "{:?}", report.notes);
    }
}
