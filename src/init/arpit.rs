//! Weight-normalized ReLU networks whose signal keeps its length: `g` from the shape of each layer, no data.
//!
//! Arpit, Campos and Bengio 2019, How to initialize your network? Robust initialization for WeightNorm and ResNets, arXiv
//! 1906.02341, as in the authors' program (victorcampos7/weightnorm-init): `b = 0`, `v` orthogonal or N(0, 1 / fan_in) (here
//! `base`), and
//!
//! - a layer with a ReLU behind it: `g = sqrt(2 fan_in / fan_out)`, so that `E norm(relu(W x))^2 = norm(x)^2`;
//! - in a residual network of B blocks, the stem: `g = sqrt(fan_in / fan_out)`, since no ReLU follows; the last layer of a branch has
//!   its `g` divided by `sqrt(B)`: the stream's squared length grows by `(1 + 1/B)^B < e` over all blocks;
//! - the last layer of the network is not normalized in their program and drawn as PyTorch does. Here it is normalized, but
//!   starts from those weights (`head`), with `g = norm(v)`.
//!
//! Their branches begin with a linear layer, and a ReLU stands between two. Here each layer of a branch has a ReLU in front
//! (pre-activation), which takes half of the squared length too: so all of them have the factor 2, and the last one 2 / B.
//! A leaky ReLU of slope `a` has `2 / (1 + a^2)` in place of 2.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Network, Registry, Scheme, require_weight_norm};
use crate::activation::Activation;
use crate::model::{LayerInfo, Model, Role};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "arpit",
    aliases: &["robust_weight_norm"],
    summary: "weight-normalized ReLU networks: g by the layer's shape keeps the length of the signal",
    formula: "g = sqrt(2 fan_in / fan_out), v orthogonal, b = 0; last layer of B branches: g / sqrt(B)",
    citation: "Arpit, Campos and Bengio 2019, How to initialize your network?, arXiv 1906.02341; victorcampos7/weightnorm-init",
    parameters: &[
        Parameter::any(
            "base",
            "orthogonal",
            "scheme of v; lecun_normal is the authors' other one",
        ),
        Parameter::any(
            "head",
            "torch_default",
            "scheme of the last layer's weights and biases; it starts with g = norm(v)",
        ),
    ],
};

#[derive(Debug)]
struct Arpit {
    base: Arc<dyn Scheme>,
    head: Arc<dyn Scheme>,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Arpit {
        base: registry.nested_layerwise(spec, "base")?,
        head: registry.nested_layerwise(spec, "head")?,
    }))
}

/// `g` of a layer other than the last.
fn gain(layer: &LayerInfo, is_residual: bool) -> f64 {
    let stretch = |f: &Option<Activation>| f.as_ref().map_or(1.0, Activation::gain);
    let shape = (layer.fan_in as f64 / layer.fan_out as f64).sqrt();
    match layer.block {
        Some(place) if place.is_last() => {
            stretch(&layer.input_activation) * shape / (place.blocks as f64).sqrt()
        }
        Some(_) => stretch(&layer.input_activation) * shape,
        None if is_residual => shape,
        None => stretch(&layer.output_activation) * shape,
    }
}

impl Scheme for Arpit {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        let message = "`arpit` sets v and g of whole networks only";
        Err(Error::new(Kind::Experiment, message))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let is_residual = network.model().residual.is_some();
        for layer in network.layers() {
            if layer.role == Role::Output {
                network.draw(layer.index, &*self.head)?;
                continue;
            }
            network.draw(layer.index, &*self.base)?;
            let v = network.weights(layer.index);
            let gains = vec![gain(layer, is_residual) as f32; layer.fan_out];
            network.set_weight_norm(layer.index, v.view(), &gains);
            network.set_biases(layer.index, &vec![0.0; layer.fan_out]);
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        require_weight_norm(ENTRY.name, model)?;
        let functions = model.layers.iter().filter_map(|l| l.input_activation.as_ref());
        if let Some(other) = functions.into_iter().find(|f| !is_rectifier(f)) {
            let message = format!("`arpit` is for networks of relu or leaky_relu, not {other}");
            return Err(Error::new(Kind::Experiment, message).help("for other functions: weight_norm_data"));
        }
        if let Some(r) = &model.residual
            && (r.learned || r.alpha != 1.0)
        {
            let message = "`arpit` makes branches shorter by sqrt(blocks) itself, and this network has a factor on them";
            return Err(Error::new(Kind::Experiment, message)
                .help("give the architecture without alpha, learn_alpha and fixup"));
        }
        self.base.check(model)?;
        self.head.check(model)
    }

    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        let scheme = match layer.role {
            Role::Output => &self.head,
            _ => &self.base,
        };
        scheme.leaves_units_at_zero(layer)
    }

    fn base(&self) -> Option<&dyn Scheme> {
        Some(&*self.base)
    }

    fn layerwise(&self) -> bool {
        false
    }
}

fn is_rectifier(f: &Activation) -> bool {
    f.transform().is_none() && ["relu", "leaky_relu"].contains(&f.name())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, data, network};
    use super::*;
    use crate::init::{BiasInit, Context, initialize};
    use crate::model::{Parameters, Workspace};
    use crate::numerics::Batch;

    fn set(scheme: &str, model: &Model, seed: u64) -> Result<Parameters> {
        let (data, bias) = (data(), BiasInit::default());
        let mut parameters = Parameters::default();
        let context = Context {
            data: Some(&data),
            ..Context::new(seed, 1, &bias)
        };
        initialize(model, &*choice(scheme).scheme, &context, &mut parameters)?;
        Ok(parameters)
    }

    fn norms(w: &crate::numerics::Weights) -> Vec<f64> {
        (0..w.fan_out())
            .map(|j| {
                (0..w.fan_in())
                    .map(|k| f64::from(w.get(k, j)) * f64::from(w.get(k, j)))
                    .sum::<f64>()
                    .sqrt()
            })
            .collect()
    }

    #[test]
    fn gains_follow_the_shape_and_the_place() {
        let two = 2f64.sqrt();
        let close = |weights: &crate::numerics::Weights, expected: f64| {
            norms(weights).iter().all(|n| (n / expected - 1.0).abs() < 1e-6)
        };
        for (activation, stretch) in [("relu", two), ("leaky_relu", (2.0 / 1.0001f64).sqrt())] {
            let model = network("{ hidden = [48, 27], weight_norm = true }", activation);
            for base in ["orthogonal", "lecun_normal"] {
                let scheme = format!("{{ kind = \"arpit\", base = \"{base}\" }}");
                let p = set(&scheme, &model, 1).unwrap();
                assert!(close(&p.weights[0], stretch * (12.0f64 / 48.0).sqrt()));
                assert!(close(&p.weights[1], stretch * (48.0f64 / 27.0).sqrt()));
                let head = set("\"torch_default\"", &model, 1).unwrap();
                assert_eq!((&p.weights[2], &p.biases[2]), (&head.weights[2], &head.biases[2]));
                assert!(p.biases[..2].iter().flatten().all(|&b| b == 0.0));
                let v = set(&format!("\"{base}\""), &model, 1).unwrap();
                assert_eq!(p.weight_norms[1].direction, v.weights[1]);
            }
        }
        let model = network(
            r#"{ kind = "residual", width = 48, blocks = 4, branch = 3, weight_norm = true }"#,
            "relu",
        );
        let p = set("\"arpit\"", &model, 1).unwrap();
        assert!(close(&p.weights[0], 0.5));
        for block in 0..4 {
            for (position, expected) in [two, two, two / 2.0].into_iter().enumerate() {
                assert!(
                    close(&p.weights[1 + 3 * block + position], expected),
                    "{block} {position}"
                );
            }
        }
    }

    /// Mean over samples of the squared length of the last hidden activations over that of the inputs; the mean of its
    /// logarithm over 20 networks.
    fn growth(scheme: &str, architecture: &str) -> f64 {
        let model = network(architecture, "relu");
        let (data, mut inputs) = (data(), Batch::default());
        data.gather(&data.split.train, &mut inputs);
        let square = |batch: &Batch| {
            let squares = batch.iter().flatten().map(|&x| f64::from(x) * f64::from(x));
            squares.sum::<f64>() / batch.rows() as f64
        };
        let one = |seed: u64| {
            let parameters = set(scheme, &model, seed).unwrap();
            let trace = model.propagate(&parameters, &inputs, &mut Workspace::new());
            let last = &trace.layers[model.layers.len() - 2];
            let seen = match model.residual {
                Some(_) => square(&last.preactivation),
                None => square(&last.activation),
            };
            libm::log(seen / square(&inputs))
        };
        (0..20).map(one).sum::<f64>() / 20.0
    }

    #[test]
    fn the_signal_keeps_its_length() {
        let plain = "{ depth = 20, width = 100, weight_norm = true }";
        for base in ["orthogonal", "lecun_normal"] {
            let growth = growth(&format!("{{ kind = \"arpit\", base = \"{base}\" }}"), plain);
            // The mean of a logarithm is below the logarithm of the mean.
            assert!(growth.abs() < 0.8, "{base}: {growth}");
        }
        // Units of norm 1 lose half of the square at each layer.
        let unit = growth("\"orthogonal\"", plain);
        assert!((unit / (20.0 * libm::log(0.5)) - 1.0).abs() < 0.1, "{unit}");
        let residual = r#"{ kind = "residual", width = 100, blocks = 16, weight_norm = true }"#;
        let (shorter, as_they_are) = (growth("\"arpit\"", residual), growth("\"he_normal\"", residual));
        assert!(
            (shorter - 16.0 * libm::log(1.0 + 1.0 / 16.0)).abs() < 0.2,
            "{shorter}"
        );
        assert!(as_they_are > 10.0, "{as_they_are}");
    }

    #[test]
    fn what_it_is_not_defined_for_is_refused() {
        for (architecture, activation, expected) in [
            ("[8]", "relu", "this network has none"),
            ("{ hidden = [8], weight_norm = true }", "tanh", "not tanh"),
            (
                r#"{ kind = "residual", width = 8, blocks = 2, alpha = 0.5, weight_norm = true }"#,
                "relu",
                "a factor on them",
            ),
        ] {
            let error = set("\"arpit\"", &network(architecture, activation), 1).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    /// A factor on the weights is one on `g`.
    #[test]
    fn it_may_be_scaled() {
        let model = network("{ depth = 3, width = 10, weight_norm = true }", "relu");
        let plain = set("\"arpit\"", &model, 1).unwrap();
        let scaled = set(r#"{ kind = "scaled", base = "arpit", alpha = 2 }"#, &model, 1).unwrap();
        for l in 0..4 {
            let double = |x: &[f32]| -> Vec<f32> { x.iter().map(|x| 2.0 * x).collect() };
            assert_eq!(
                scaled.weights[l].to_row_major(),
                double(&plain.weights[l].to_row_major())
            );
            assert_eq!(scaled.weight_norms[l].gain, double(&plain.weight_norms[l].gain));
        }
    }
}
