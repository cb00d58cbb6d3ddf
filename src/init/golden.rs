//! The bits of every scheme. A change here is a change of tables: it needs a higher
//! `NUMERICS_VERSION` and a line in the change log.
//!
//! Regenerate by pasting what this prints:
//! `cargo test --lib init::golden::print_golden_values -- --ignored --nocapture`

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
    for value in values() {
        let (first, hash) = bits(&value);
        let Some((_, expected, expected_hash)) = GOLDEN.iter().find(|(v, _, _)| *v == value) else {
            panic!("{value} has no golden values: see the head of this file");
        };
        assert_eq!((&first, hash.as_str()), (expected, *expected_hash), "{value}");
    }
    assert_eq!(
        GOLDEN.len(),
        values().len(),
        "golden values of something that is gone"
    );
}

/// Prints the table below.
#[test]
#[ignore = "prints the golden values, for pasting"]
fn print_golden_values() {
    for value in values() {
        let (first, hash) = bits(&value);
        let [a, b, c] = first;
        println!("    (r#\"{value}\"#, [{a:#010x}, {b:#010x}, {c:#010x}], \"{hash}\"),");
    }
}

#[rustfmt::skip]
const GOLDEN: &[(&str, [u32; 3], &str)] = &[
    (r#""variance_scaling""#, [0x3f0902f0, 0xbf0f7da1, 0xbdda4c93], "24ae72ca9d6b0c03"),
    (r#""xavier_uniform""#, [0x3d22fc09, 0x3cc88b85, 0xbdb02149], "c8a9c0253956fd5a"),
    (r#""xavier_normal""#, [0x3f0902f0, 0xbf0f7da1, 0xbdda4c93], "d5356dc61c549f94"),
    (r#""he_normal""#, [0x3f41c374, 0xbf4aed32, 0xbe1a5c5d], "3ec6fe83ad011057"),
    (r#""he_uniform""#, [0x3d667eb2, 0x3d0dce85, 0xbdf915e1], "865b4a49324e8799"),
    (r#""lecun_normal""#, [0x3f0902f0, 0xbf0f7da1, 0xbdda4c93], "24ae72ca9d6b0c03"),
    (r#""lecun_uniform""#, [0x3d22fc09, 0x3cc88b85, 0xbdb02149], "bd3ae2efdccc6651"),
    (r#"{ kind = "custom", gain = 1.5 }"#, [0x3f4d8468, 0xbf573c71, 0xbe23b96f], "1a1b9c5cc0be2d29"),
    (r#""jax_he_normal""#, [0xbe2f7c11, 0x3f27efe5, 0x3e601331], "709bf2bf12552dfa"),
    (r#""jax_glorot_normal""#, [0xbdf82c3a, 0x3eed7fb9, 0x3e1e71e7], "7d3c6f0c7301c316"),
    (r#""jax_lecun_normal""#, [0xbdf82c3a, 0x3eed7fb9, 0x3e1e71e7], "5d29d9e17a6dd78b"),
    (r#""haiku_default""#, [0xbdda4c93, 0x3ed0e8fe, 0x3e0b5f4a], "0389f00e18921745"),
    (r#""torch_selu_normal""#, [0x3ecd8468, 0xbed73c71, 0xbda3b96f], "e6082e7719e3524b"),
    (r#""small_init""#, [0x3ead4ead, 0xbeb580c5, 0xbd8a1082], "863866fcb373baeb"),
    (r#""standard_uniform""#, [0x3cbc32c4, 0x3c6791c5, 0xbd4b60a0], "e094e95d0040cad7"),
    (r#""deck_xavier_uniform""#, [0x3cbc32c4, 0x3c6791c5, 0xbd4b60a0], "6c35621494d06d21"),
    (r#""zeros""#, [0x00000000, 0x00000000, 0x00000000], "86741f2eb2945027"),
    (r#"{ kind = "constant", value = 0.5 }"#, [0x3f000000, 0x3f000000, 0x3f000000], "c78509afd8ea90c5"),
    (r#""normal""#, [0x3cbf1c32, 0xbcc825d0, 0xbb983f3c], "775749738d84c7b0"),
    (r#""uniform""#, [0x3ba41147, 0x3b49e0a7, 0xbc314ce3], "4f585406b9e788aa"),
    (r#""truncated_normal""#, [0xbcbe4f0b, 0x3db61fa7, 0x3cf300f8], "ad0d0ecfff02b199"),
    (r#""timm_trunc_normal""#, [0x3d3f1c32, 0xbd4825d0, 0xbc183f3c], "882d83bb575a8e81"),
    (r#""adaptive""#, [0x3f41c0f9, 0xbf4aea99, 0xbe1a5a63], "7ab42c53cdceaa6d"),
    (r#""autoinit""#, [0x3f5a3227, 0xbf6483ad, 0xbe2dd324], "48ef6c58aed38938"),
    (r#""torch_default""#, [0x3cbc32c4, 0x3c6791c5, 0xbd4b60a0], "64e321fe79938e49"),
    (r#""candle_default""#, [0x3d667eb2, 0x3d0dce85, 0xbdf915e1], "a1d9e1b6d6440b5a"),
    (r#""kumar""#, [0x3f41c0f9, 0xbf4aea99, 0xbe1a5a63], "7ab42c53cdceaa6d"),
    (r#""mean_field""#, [0x3f41c0f9, 0xbf4aea99, 0xbe1a5a63], "6edf56c183800cef"),
    (r#""orthogonal""#, [0x3ef0f21a, 0xbe98f348, 0x3df82e38], "616120ba5725d065"),
    (r#""looks_linear""#, [0x3e8e58be, 0xbe870ea3, 0xbe1e2e1b], "513e386ff5b52187"),
    (r#""tat""#, [0x3ed277a9, 0xbedc6b9f, 0xbda7aafb], "7772a27267d004e2"),
    (r#""dks""#, [0x3ed277a9, 0xbedc6b9f, 0xbda7aafb], "7772a27267d004e2"),
    (r#""identity""#, [0x00000000, 0x00000000, 0x00000000], "a16422d83d057df6"),
    (r#""zero_hadamard""#, [0x00000000, 0x00000000, 0x00000000], "f3b3af23770d1ad6"),
    (r#""idinit""#, [0x00000000, 0x00000000, 0x00000000], "a83636cc8d5ad32d"),
    (r#""tanh_fixed_point""#, [0x3d3a55ea, 0xbd4325bc, 0xbc147183], "2ada5f1bda136393"),
    (r#""sinusoidal""#, [0x3e656e18, 0x3d9eaf75, 0xbd9eaf75], "b502093925770a92"),
    (r#""siren""#, [0x3d667eb2, 0x3d0dce85, 0xbdf915e1], "d9018d16cb8ce5bd"),
    (r#"{ kind = "random_walk", gain = 1.5 }"#, [0x3f4d8468, 0xbf573c71, 0xbe23b96f], "1a1b9c5cc0be2d29"),
    (r#""sparse""#, [0x40154e07, 0x00000000, 0xbeede2ce], "601c3248e5a88b6b"),
    (r#"{ kind = "torch_sparse", sparsity = 0.75 }"#, [0x00000000, 0x00000000, 0x00000000], "9de6bbe8f0c70e96"),
    (r#""gpt2""#, [0x3d3f1c32, 0xbd4825d0, 0xbc183f3c], "132acbfa3e7565f2"),
    (r#""lsuv""#, [0x3f2e2bb9, 0xbedd1fd3, 0x3e33668c], "60df654cf27e5545"),
    (r#""nguyen_widrow""#, [0xbf11f67d, 0xbee18ff9, 0x3e99c363], "6224974d85317906"),
    (r#""kraehenbuehl""#, [0x3f1923db, 0xbefa8574, 0xbddbf310], "fc8a6bc72edc586e"),
    (r#""gradinit""#, [0x3d04d969, 0xbd0b21b6, 0xbbd3aae1], "8c92d6406564c161"),
    (r#""metainit""#, [0x3eb50dc3, 0xbebd9da4, 0xbd903c54], "564105e4db3f8a50"),
    (r#""swim""#, [0xbada2262, 0xbd0ddf55, 0x3ea728e7], "3c2b3fe4e6d1f49f"),
    (r#""rai""#, [0x3ea49b08, 0xbeac63c8, 0xbd8321de], "0a231a576c97d691"),
    (r#""mup""#, [0x3f41c0f9, 0xbf4aea99, 0xbe1a5a63], "8f071a714b2a2e4b"),
    (r#""ntk""#, [0x3f41c0f9, 0xbf4aea99, 0xbe1a5a63], "7ab42c53cdceaa6d"),
    (r#""spectral""#, [0x3f41c0f9, 0xbf4aea99, 0xbe1a5a63], "84dc6f867d6f6ef7"),
    (r#""depth_mup""#, [0x3f41c0f9, 0xbf4aea99, 0xbe1a5a63], "e522ee43c9320848"),
    (r#""complete_p""#, [0x3f41c0f9, 0xbf4aea99, 0xbe1a5a63], "e522ee43c9320848"),
    (r#""depth_rate""#, [0x3f645a3b, 0xbf6f26b7, 0xbe35ea7b], "7f2c5308d7faaaaa"),
    (r#""fixup""#, [0x3f0902f0, 0xbf0f7da1, 0xbdda4c93], "a3d0cb043e7a318d"),
    (r#""rezero""#, [0x3f0902f0, 0xbf0f7da1, 0xbdda4c93], "bfb63ca1c6853736"),
    (r#""skipinit""#, [0x3f41c374, 0xbf4aed32, 0xbe1a5c5d], "7e6f4a737d831535"),
    (r#""weight_norm_data""#, [0x3f59440c, 0xbf3bbc2c, 0xbe28a930], "beb8b8d9894de644"),
    (r#""arpit""#, [0x3f0b987b, 0xbf18c5dd, 0xbde95e31], "8348bdfbb462245d"),
    (r#""per_layer""#, [0x3f41c374, 0xbf4aed32, 0xbe1a5c5d], "3ec6fe83ad011057"),
    (r#"{ kind = "formula", std = "sqrt(2 / fan_in) * layers^-0.25" }"#, [0x3ef79b91, 0xbf01a894, 0xbdc5416a], "d6700b61b0d650f2"),
    (r#"{ kind = "scaled", base = "torch_default", alpha = 3 }"#, [0x3d8d2613, 0x3d2dad54, 0xbe188878], "a89cf26997fddbac"),
    (r#"{ kind = "he_normal", mode = "fan_out" }"#, [0x3f41c374, 0xbf4aed32, 0xbe1a5c5d], "eb79510d3cb2fc8f"),
    (r#"{ kind = "he_uniform", slope = 0.25 }"#, [0x3d5f9ce8, 0x3d09929f, 0xbdf1a5ff], "edcd369d2553a5a5"),
    (r#"{ kind = "xavier_normal", gain = 1.6666666666666667 }"#, [0x3f645a3b, 0xbf6f26b7, 0xbe35ea7b], "8ffd5aa5c3778c8d"),
    (r#"{ kind = "variance_scaling", scale = 3, mode = "fan_avg", distribution = "truncated_normal" }"#, [0xbe56ec85, 0x3f4dae1a, 0x3e8937a3], "67786edc68ea3000"),
    (r#"{ kind = "variance_scaling", scale = 0.5, mode = "fan_geo_avg", distribution = "uniform" }"#, [0x3ce67eb2, 0x3c8dce85, 0xbd7915e1], "197cfcc012b15292"),
    (r#"{ kind = "custom", gain = 1.5, distribution = "uniform" }"#, [0x3d747a0d, 0x3d1668a3, 0xbe0418f7], "4c301fb85590b095"),
    (r#"{ kind = "custom", gain = 1.5, distribution = "truncated_normal" }"#, [0xbe3a212b, 0x3f321fca, 0x3e6daada], "16b599bbcaf9083c"),
    (r#"{ kind = "truncated_normal", std = 0.3, cut = 1.2 }"#, [0x3e3640ba, 0x3e2f00f2, 0xbd073570], "6c659db54851f8f0"),
    (r#"{ kind = "timm_trunc_normal", std = 1, limit = 1.5 }"#, [0x3f17e09b, 0x3fae2a02, 0x3f11d61f], "18dbccc63516f382"),
    (r#"{ kind = "adaptive", rule = "deck" }"#, [0x3f41c374, 0xbf4aed32, 0xbe1a5c5d], "5a254fb1958056f6"),
    (r#"{ kind = "zero_hadamard", normalization = "code" }"#, [0x00000000, 0x00000000, 0x00000000], "0866dac16df56b50"),
    (r#"{ kind = "sparse", links = 40, std = 0.25 }"#, [0x3f154e07, 0xbf1c5d8b, 0xbdede2ce], "20cc6ef0c78602bd"),
    (r#"{ kind = "mean_field", sigma_w2 = 1.3, sigma_b2 = 0.05 }"#, [0x3f1c3795, 0xbf239ac8, 0xbdf8e638], "cf65b462acb7ae3d"),
    (r#"{ kind = "adaptive", rule = "variance", distribution = "uniform" }"#, [0x3d667bbf, 0x3d0dccb5, 0xbdf912b1], "769b67bcf8d5fb27"),
    (r#"{ kind = "sinusoidal", gain = 1, mode = "fan_avg" }"#, [0x3e223b47, 0x3d606a3e, 0xbd606a3e], "8d26ebb0c0ad0544"),
    (r#"{ kind = "spectral", law = "orthogonal" }"#, [0x3f2a5da7, 0xbed84b2a, 0x3e2f7b3b], "5bbcb2f776b4fe67"),
    (r#"{ kind = "idinit", tau = 2 }"#, [0x00000000, 0x00000000, 0x00000000], "7ad7ea610b54e076"),
    (r#"{ kind = "formula", law = "uniform", limit = "if(layer == 1; 1; gain) / sqrt(fan_in)" }"#, [0x3d0511d4, 0x3ca3bc72, 0xbd8fcd69], "4cb95c27b835c1a6"),
    (r#"{ kind = "formula", law = "truncated_normal", std = "exp(-layer / layers) * cbrt(1 / fan_out)" }"#, [0xbe113d53, 0x3f0afe2a, 0x3e39748c], "2a27ce7c113024ff"),
    (r#"{ kind = "formula", law = "orthogonal", gain = "gain * max(branch_layers; 1)^-0.5" }"#, [0x3ef0ef05, 0xbe98f153, 0x3df82b0b], "41a1a2689b6e944d"),
    (r#"{ kind = "formula", law = "constant", value = "1 / inputs" }"#, [0x3daaaaab, 0x3daaaaab, 0x3daaaaab], "1702232de7c43010"),
    (r#"{ kind = "swim", head = "he_normal", samples = 100 }"#, [0x3ec9bd78, 0x3ec9bd78, 0x3d550cdc], "88eddb09f50c30cb"),
    (r#"{ kind = "kraehenbuehl", base = "pca", samples = 100 }"#, [0xbe232faa, 0x3d824ee8, 0x3a2bf111], "0334932dbebb947e"),
    (r#"{ kind = "kraehenbuehl", base = "kmeans", samples = 100 }"#, [0x3e1884e7, 0xbea65dbe, 0x3e9b5914], "aaa45fd01e500a90"),
    (r#"{ kind = "weight_norm_data", base = "orthogonal" }"#, [0x3f3cbf2e, 0xbf5854fd, 0xbe08c48d], "e96fdbf1b026bdf1"),
    (r#"{ kind = "arpit", base = "lecun_normal", head = "he_normal" }"#, [0x3f273ab8, 0xbf0f9ab8, 0xbe040956], "8cd7f71309ed2618"),
    (r#"{ kind = "gradinit", base = "torch_default", steps = 50, second_order = false }"#, [0x3ce25370, 0x3c8b3dea, 0xbd74948b], "ca533cca9327fdf1"),
    (r#"{ kind = "metainit", base = { kind = "scaled", alpha = 3 }, steps = 50 }"#, [0x403bd899, 0xc044bab4, 0xbf15a590], "1b7b377fe0d8b5cb"),
];
