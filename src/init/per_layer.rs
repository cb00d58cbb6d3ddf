//! Another scheme for single layers: `body` sets the network, then `first`, `head` or the list
//! `layers` redraw theirs.
//!
//! `{ kind = "per_layer", body = "he_normal", head = "zeros" }` starts every network at a loss of ln K;
//! `layers = ["lecun_normal", "body", "zeros"]` names one scheme per weight layer, from the data to the
//! loss, `"body"` leaving a layer as it is.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{CoordinateText, Network, Registry, Scheme, joint_digest};
use crate::activation::Activation;
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{self, Entry, Parameter, ParameterKind, Spec, Value};
use crate::support::error::{Error, Kind, Result};

const fn scheme_parameter(name: &'static str, doc: &'static str) -> Parameter {
    Parameter {
        name,
        kind: ParameterKind::Any,
        default: None,
        optional: true,
        doc,
    }
}

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "per_layer",
    aliases: &["layers"],
    summary: "one scheme for the network, others for single layers",
    formula: "layers by `body`; the first by `first`, the last by `head`, or each by its item of `layers`",
    citation: "a combination; zero head: Zhang et al. 2019, arXiv 1901.09321, section 3",
    parameters: &[
        Parameter {
            default: Some(catalog::Default::Text("he_normal")),
            optional: false,
            ..scheme_parameter("body", "scheme of the network")
        },
        scheme_parameter("first", "scheme of the layer that the data feed"),
        scheme_parameter("head", "scheme of the last layer"),
        Parameter {
            kind: ParameterKind::List,
            ..scheme_parameter(
                "layers",
                "a scheme per weight layer; \"body\" leaves one as it is",
            )
        },
    ],
};

#[derive(Debug, Clone)]
struct PerLayer {
    body: Arc<dyn Scheme>,
    first: Option<Arc<dyn Scheme>>,
    head: Option<Arc<dyn Scheme>>,
    layers: Option<Vec<Option<Arc<dyn Scheme>>>>,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    let optional = |name: &str| {
        let given = spec.value(name).is_some();
        given.then(|| registry.nested_layerwise(spec, name)).transpose()
    };
    let layers = match spec.value("layers") {
        Some(Value::List(items)) => Some(
            items
                .iter()
                .map(|item| match item {
                    Value::Text(name) if name == "body" => Ok(None),
                    item => registry.layerwise(item).map(Some),
                })
                .collect::<Result<Vec<_>>>()?,
        ),
        _ => None,
    };
    Ok(Arc::new(PerLayer {
        body: registry.nested(spec, "body")?,
        first: optional("first")?,
        head: optional("head")?,
        layers,
    }))
}

impl PerLayer {
    /// The scheme that redraws layer `index` of `count`.
    fn special(&self, index: usize, count: usize) -> Option<&Arc<dyn Scheme>> {
        let listed = self.layers.as_ref().and_then(|l| l.get(index)?.as_ref());
        let first = self.first.as_ref().filter(|_| index == 0);
        let head = self.head.as_ref().filter(|_| index + 1 == count);
        head.or(first).or(listed)
    }

    /// All schemes that take part in a network of `count` layers.
    fn schemes(&self, count: usize) -> impl Iterator<Item = &Arc<dyn Scheme>> {
        let special = (0..count).filter_map(move |index| self.special(index, count));
        std::iter::once(&self.body).chain(special)
    }
}

impl Scheme for PerLayer {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, weights: ArrayViewMut2<f32>) -> Result<()> {
        self.body.fill(layer, stream, weights)
    }

    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        let special = self.special(layer.index, layer.network.layers);
        special.unwrap_or(&self.body).leaves_units_at_zero(layer)
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let count = network.layers().len();
        self.body.initialize(network)?;
        for index in 0..count {
            if let Some(scheme) = self.special(index, count) {
                network.draw(index, &**scheme)?;
            }
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        let count = model.layers.len();
        if let Some(layers) = self.layers.as_ref().filter(|l| l.len() != count) {
            let message = format!(
                "`layers` names {} schemes for a network of {count} weight layers",
                layers.len()
            );
            return Err(Error::new(Kind::Experiment, message)
                .help("name one for each, the output layer included, or use `body`, `first` and `head`"));
        }
        self.schemes(count).try_for_each(|scheme| scheme.check(model))
    }

    fn activation(&self, model: &Model, activation: &Activation) -> Result<Activation> {
        self.body.activation(model, activation)
    }

    fn fits(&self, model: &Model) -> Result<()> {
        self.schemes(model.layers.len())
            .try_for_each(|scheme| scheme.fits(model))
    }

    fn layerwise(&self) -> bool {
        false
    }

    fn of_trial(&self, coordinate: &CoordinateText<'_>) -> Option<Arc<dyn Scheme>> {
        let body = self.body.of_trial(coordinate)?;
        Some(Arc::new(PerLayer { body, ..self.clone() }))
    }

    fn source_digest(&self) -> Option<String> {
        let layers = self.layers.iter().flatten().flatten();
        let special = self.first.iter().chain(&self.head).chain(layers);
        joint_digest(
            std::iter::once(&self.body)
                .chain(special)
                .map(|scheme| scheme.source_digest()),
        )
    }

    fn source_path(&self) -> Option<&std::path::Path> {
        self.body.source_path()
    }

    fn ready(&self) -> Result<()> {
        self.body.ready()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, plain, toml_value};
    use crate::init::{BiasInit, Context, Registry, initialize};
    use crate::model::Parameters;

    fn weights(value: &str) -> Vec<Vec<f32>> {
        let model = plain(6, &[5, 4], 3, "relu");
        let (scheme, bias) = (choice(value).scheme, BiasInit::default());
        let mut parameters = Parameters::default();
        initialize(&model, &*scheme, &Context::new(1, 0, &bias), &mut parameters).unwrap();
        parameters.weights.iter().map(|w| w.to_row_major()).collect()
    }

    #[test]
    fn named_layers_are_redrawn_and_others_left() {
        let (he, lecun) = (weights("\"he_normal\""), weights("\"lecun_normal\""));
        let mixed = weights(r#"{ kind = "per_layer", head = "zeros", first = "lecun_normal" }"#);
        assert_eq!((&mixed[0], &mixed[1]), (&lecun[0], &he[1]));
        assert!(mixed[2].iter().all(|&w| w == 0.0));
        let listed = weights(
            r#"{ kind = "per_layer", layers = ["body", "lecun_normal", { kind = "constant", value = 2 }] }"#,
        );
        assert_eq!((&listed[0], &listed[1]), (&he[0], &lecun[1]));
        assert!(listed[2].iter().all(|&w| w == 2.0));
    }

    #[test]
    fn what_cannot_be_is_said() {
        let parse = |value: &str| Registry::standard().parse(&toml_value(value));
        let error = parse(r#"{ kind = "per_layer", head = "lsuv" }"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`lsuv` sets whole networks"), "{error}");
        let error = parse(r#"{ kind = "per_layer", head = "zeroes" }"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean `zeros`?"), "{error}");
        let scheme = parse(r#"{ kind = "per_layer", layers = ["zeros"] }"#)
            .unwrap()
            .scheme;
        let (model, bias) = (plain(6, &[5], 3, "relu"), BiasInit::default());
        let error = initialize(
            &model,
            &*scheme,
            &Context::new(1, 0, &bias),
            &mut Parameters::default(),
        );
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("1 schemes for a network of 2 weight layers")
        );
    }
}
