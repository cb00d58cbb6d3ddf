//! The bits of every scheme. A change here is a change of tables: it needs a higher
//! `NUMERICS_VERSION` and a line in the change log.
//!
//! `just bless` takes the bits of the code as it is.

use super::tests::{VARIANTS, choice, data, examples, toml_value};
use super::{BiasInit, Context, initialize, planned};
use crate::activation::Activation;
use crate::model::{Architecture, Loss, Model, Parameters};

/// Networks for [`bits`]: the first of these that a scheme is defined for. Odd widths where that may be, so that no
/// kernel's block fits.
const MODELS: &[(&str, &str)] = &[
    (
        r#"{ kind = "residual", width = 19, blocks = 2, learn_alpha = true }"#,
        "leaky_relu",
    ),
    (
        r#"{ kind = "residual", width = 19, blocks = 2, alpha = "1/sqrt(blocks)" }"#,
        "leaky_relu",
    ),
    (
        r#"{ kind = "residual", width = 19, blocks = 2, alpha = "1/blocks" }"#,
        "leaky_relu",
    ),
    ("[19, 21]", "tanh"),
    ("[22, 18]", "leaky_relu"),
    ("[19, 21]", "sine"),
    ("{ hidden = [19, 21], weight_norm = true }", "leaky_relu"),
];

fn models() -> impl Iterator<Item = Model> {
    MODELS.iter().map(|(architecture, activation)| {
        let architecture = Architecture::parse(&toml_value(architecture)).unwrap();
        let activation = Activation::named(activation).unwrap();
        Model::new(&architecture, &[activation], 12, 3, Loss::CrossEntropy).unwrap()
    })
}

/// Bits of elements 7 to 9 of the second layer, and the hash of all parameters.
fn bits(value: &str) -> ([u32; 3], String) {
    let (scheme, data, bias) = (choice(value).scheme, data(), BiasInit::default());
    let model = models().find(|model| scheme.check(model).is_ok()).unwrap();
    let model = planned(model, &*scheme).unwrap();
    let mut parameters = Parameters::default();
    let context = Context {
        data: Some(&data),
        ..Context::new(2026, 3, &bias)
    };
    initialize(&model, &*scheme, &context, &mut parameters).unwrap();
    let weights = parameters.weights[1].to_row_major();
    ([7, 8, 9].map(|i: usize| weights[i].to_bits()), parameters.hash())
}

fn values() -> Vec<String> {
    let variants = VARIANTS.iter().map(|v| (*v).to_owned());
    examples().into_iter().chain(variants).collect()
}

#[test]
fn every_scheme_has_its_golden_bits() {
    let got: Vec<String> = values()
        .into_iter()
        .map(|value| {
            let (elements, hash) = bits(&value);
            format!("{value} {elements:x?} {hash}")
        })
        .collect();
    insta::assert_snapshot!(got.join("\n"));
}
