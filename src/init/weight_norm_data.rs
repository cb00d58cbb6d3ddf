//! Data-dependent initialization of weight normalization: layer after layer, `g` and `b` give every unit mean 0 and deviation 1
//! on a sample of the data.
//!
//! Salimans and Kingma 2016, Weight normalization: a simple reparameterization to accelerate training of deep neural
//! networks, arXiv 1602.07868, section 3, equations 5 and 6: `v` is drawn from N(0, .05^2); with `t = v x / norm(v)` of a unit
//! over the sample, mean `mu` and deviation `sigma`, `g = 1 / sigma` and `b = -mu / sigma`. All layers, the last one too. The
//! sample is one of the training data that only the weight seed moves.
//!
//! A unit whose `t` does not vary keeps `g = 1` and `b = 0`, and a note says so. Biases that the experiment sets itself stay as it
//! says; means are then theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::kraehenbuehl::{moments, usable};
use super::{Network, Registry, Scheme, require_weight_norm};
use crate::model::{LayerInfo, Model, Workspace};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, ParameterKind, Spec, Value};
use crate::support::error::{Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "weight_norm_data",
    aliases: &["salimans_kingma"],
    summary: "weight-normalized networks, data-driven: g and b give every unit mean 0 and deviation 1",
    formula: "v ~ N(0, .05^2); t = v x / norm(v); g = 1 / sigma(t), b = -mean(t) / sigma(t)",
    citation: "Salimans and Kingma 2016, Weight normalization, arXiv 1602.07868, section 3",
    parameters: &[
        Parameter::optional("base", ParameterKind::Any, "scheme of v; N(0, .05^2) if absent"),
        Parameter::integer("samples", 256, 2, 65_536, "training samples to measure on"),
    ],
};

#[derive(Debug)]
struct DataDependent {
    base: Arc<dyn Scheme>,
    samples: usize,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    let base = match spec.value("base") {
        Some(_) => registry.nested_layerwise(spec, "base")?,
        None => registry.layerwise(&Value::Table(BTreeMap::from([
            ("kind".to_owned(), Value::Text("normal".to_owned())),
            ("std".to_owned(), Value::Number(0.05)),
        ])))?,
    };
    Ok(Arc::new(DataDependent {
        base,
        samples: spec.integer("samples") as usize,
    }))
}

impl Scheme for DataDependent {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        let message = "`weight_norm_data` looks at data and sets whole networks only";
        Err(Error::new(Kind::Experiment, message))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let inputs = network.sample(self.samples)?;
        let mut workspace = Workspace::new();
        for layer in network.layers() {
            let l = layer.index;
            network.draw(l, &*self.base)?;
            let v = network.weights(l);
            let (mut gains, mut biases) = (vec![1.0; layer.fan_out], vec![0.0; layer.fan_out]);
            network.set_weight_norm(l, v.view(), &gains);
            network.set_biases(l, &biases);
            let model = network.model();
            let output = model.layer_output(l, network.parameters(), &inputs, &mut workspace);
            let mut constant = 0;
            for (unit, (gain, bias)) in gains.iter_mut().zip(&mut biases).enumerate() {
                let (mean, sigma) = moments(output, unit);
                if usable(sigma) {
                    *gain = (1.0 / sigma) as f32;
                    *bias = (-mean / sigma) as f32;
                } else {
                    constant += 1;
                }
            }
            if constant > 0 {
                network.note(format!(
                    "weight_norm_data: layer {}: {constant} units have the same output on every sample, and keep g = 1 and b = 0",
                    l + 1
                ));
            }
            network.set_weight_norm(l, v.view(), &gains);
            network.set_biases(l, &biases);
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        require_weight_norm(ENTRY.name, model)?;
        if model.layers.iter().any(|l| !l.has_bias) {
            let message =
                "`weight_norm_data` sets the bias of every unit, and the branches of this network have none";
            return Err(
                Error::new(Kind::Experiment, message).help("give the architecture without fixup = true")
            );
        }
        self.base.check(model)
    }

    fn base(&self) -> Option<&dyn Scheme> {
        Some(&*self.base)
    }

    fn layerwise(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, data, network, toml_value};
    use super::*;
    use crate::init::{BiasInit, Context, InitReport, initialize};
    use crate::model::Parameters;
    use crate::numerics::Batch;

    fn set(scheme: &str, bias: &str, model: &Model) -> Result<(Parameters, InitReport)> {
        let (data, bias) = (data(), BiasInit::parse(&toml_value(bias)).unwrap());
        let mut parameters = Parameters::default();
        let context = Context {
            data: Some(&data),
            ..Context::new(5, 1, &bias)
        };
        let report = initialize(model, &*choice(scheme).scheme, &context, &mut parameters)?;
        Ok((parameters, report))
    }

    /// All samples: then those it measures on are those tested.
    const ALL: &str = r#"{ kind = "weight_norm_data", samples = 65536 }"#;

    fn outputs(model: &Model, parameters: &Parameters, layer: usize) -> Batch {
        let (data, mut inputs) = (data(), Batch::default());
        data.gather(&data.split.train, &mut inputs);
        let mut workspace = Workspace::new();
        let z = model.layer_output(layer, parameters, &inputs, &mut workspace);
        z.clone()
    }

    #[test]
    fn units_have_mean_zero_and_deviation_one() {
        for architecture in [
            "{ depth = 6, width = 20, weight_norm = true }",
            r#"{ kind = "residual", width = 20, blocks = 2, weight_norm = true }"#,
        ] {
            for base in ["", r#", base = "orthogonal""#] {
                let model = network(architecture, "relu");
                let scheme = ALL.replace(" }", &format!("{base} }}"));
                let (parameters, report) = set(&scheme, "\"scheme\"", &model).unwrap();
                assert!(report.notes.is_empty(), "{:?}", report.notes);
                for layer in 0..model.layers.len() {
                    let z = outputs(&model, &parameters, layer);
                    for unit in 0..z.cols() {
                        let (mean, sigma) = moments(&z, unit);
                        assert!(
                            mean.abs() < 1e-5 && (sigma - 1.0).abs() < 1e-5,
                            "{layer} {unit}: {mean} {sigma}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn v_is_the_bases_and_biases_of_the_experiment_win() {
        let model = network("{ depth = 2, width = 100, weight_norm = true }", "relu");
        let (parameters, _) = set(ALL, "\"scheme\"", &model).unwrap();
        let v = parameters.weight_norms[1].direction.to_row_major();
        let m = super::super::tests::moments(&v);
        assert!(
            (m.variance.sqrt() / 0.05 - 1.0).abs() < 0.03,
            "{}",
            m.variance.sqrt()
        );
        let (other, _) = set(ALL, "\"zeros\"", &model).unwrap();
        assert!(other.biases.iter().flatten().all(|&b| b == 0.0));
        for unit in 0..100 {
            let (_, sigma) = moments(&outputs(&model, &other, 1), unit);
            assert!((sigma - 1.0).abs() < 1e-5, "{unit}: {sigma}");
        }
    }

    #[test]
    fn what_it_is_not_defined_for_is_refused() {
        for (architecture, expected) in [
            ("[8]", "this network has none"),
            (
                r#"{ kind = "residual", width = 8, blocks = 2, fixup = true, weight_norm = true }"#,
                "without fixup = true",
            ),
        ] {
            let error = set(ALL, "\"scheme\"", &network(architecture, "relu")).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    /// Units that no sample moves: ReLUs that are 0 on all of them feed the second layer.
    #[test]
    fn units_that_do_not_vary_are_noted() {
        let model = network("{ depth = 2, width = 5, weight_norm = true }", "relu");
        let (_, report) = set(ALL, r#"{ kind = "constant", value = -100 }"#, &model).unwrap();
        let note = "weight_norm_data: layer 2: 5 units have the same output on every sample, and keep g = 1 and b = 0";
        assert!(report.notes.iter().any(|n| n == note), "{:?}", report.notes);
    }
}
