//! Weights of a trained network: from a trial of this program saved with `--save-weights`, or a
//! `.safetensors` file of PyTorch, JAX or Keras (see [`super::checkpoint`]).
//!
//! Layers pair up from the data on. Where shapes match, weights *and biases* are copied (or, as a
//! control, redrawn at the source's deviation: `matched`). Where they do not, `mismatched` says what
//! happens:
//!
//! - `fresh`: the layer is drawn by the scheme `fresh`, its biases too;
//! - `slice`: the block that both have is copied, the rest drawn by `fresh`;
//! - `pad`: the block that both have is copied, the rest is 0;
//! - `std_matched`: redrawn `N(0, s^2)`, s the source layer's deviation, whatever the fan;
//! - `fan_corrected`: redrawn `N(0, s^2 n_source / n)`, which keeps the gain across fans.
//!
//! Redrawn layers have zero biases. A layer behind one that was drawn anew is drawn by `fresh` as well,
//! since its weights were trained for inputs that no longer exist; `behind = "copy"` copies it all the
//! same, the mistake of the slide that this program began from (slide 12, which also drops biases and redraws at the old
//! deviation). `head = "fresh"` always draws the last layer anew, and `frozen` layers from the data
//! on do not train.
//!
//! Yosinski et al. 2014, How transferable are features in deep neural networks?, arXiv 1411.1792.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::checkpoint::{self, Source, SourceLayer};
use super::{Network, Registry, Scheme};
use crate::catalog::{self, Entry, Parameter, ParameterKind, Spec, Value};
use crate::error::{Context as _, Error, Kind, Result};
use crate::model::{LayerInfo, Model};
use crate::random::{Purpose, Stream};

const MATCHED: &[&str] = &["copy", "std_matched", "fan_corrected"];
const MISMATCHED: &[&str] = &["fresh", "slice", "pad", "std_matched", "fan_corrected"];

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "transfer",
    aliases: &["pretrained"],
    summary: "weights and biases of a trained network, from a .safetensors file",
    formula: "copy where shapes match; elsewhere fresh, slice, pad, N(0, s^2), or N(0, s^2 n_source / n)",
    citation: "Yosinski et al. 2014, How transferable are features in deep neural networks?, arXiv 1411.1792",
    parameters: &[
        Parameter {
            name: "source",
            kind: ParameterKind::Text(&[]),
            default: None,
            optional: false,
            doc: "the .safetensors file, relative to the working directory",
        },
        Parameter {
            name: "names",
            kind: ParameterKind::List,
            default: None,
            optional: true,
            doc: "the file's layers from the data to the loss; else all, in the order of their names",
        },
        Parameter::choice("matched", "copy", MATCHED, "what to do where shapes match"),
        Parameter::choice("mismatched", "fresh", MISMATCHED, "what to do where they do not"),
        Parameter::choice("head", "like_others", &["like_others", "fresh"], "whether the last layer is always fresh"),
        Parameter::choice("behind", "fresh", &["fresh", "copy"], "layers behind one that was drawn anew"),
        Parameter::integer("frozen", 0, 0, 10_000, "layers, from the data on, that do not train"),
        Parameter {
            name: "fresh",
            kind: ParameterKind::Any,
            default: Some(catalog::Default::Text("he_normal")),
            optional: false,
            doc: "scheme of fresh layers",
        },
    ],
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Copy,
    Fresh,
    Slice,
    Pad,
    StdMatched,
    FanCorrected,
}

impl Way {
    fn named(name: &str) -> Self {
        match name {
            "copy" => Way::Copy,
            "slice" => Way::Slice,
            "pad" => Way::Pad,
            "std_matched" => Way::StdMatched,
            "fan_corrected" => Way::FanCorrected,
            _ => Way::Fresh,
        }
    }

    /// Whether the layer's units no longer mean what they meant in the source.
    fn forgets(self) -> bool {
        matches!(self, Way::Fresh | Way::StdMatched | Way::FanCorrected)
    }
}

#[derive(Debug)]
struct Transfer {
    path: PathBuf,
    names: Vec<String>,
    /// What is at `path`, read when first needed: tables can be looked at without it. `None`: it
    /// cannot be read.
    read: OnceLock<Option<Source>>,
    matched: Way,
    mismatched: Way,
    fresh_head: bool,
    copies_behind: bool,
    frozen: usize,
    fresh: Arc<dyn Scheme>,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    let names = match spec.value("names") {
        Some(Value::List(items)) => items.iter().map(Value::to_string).collect(),
        _ => Vec::new(),
    };
    Ok(Arc::new(Transfer {
        path: PathBuf::from(spec.text("source")),
        names,
        read: OnceLock::new(),
        matched: Way::named(&spec.text("matched")),
        mismatched: Way::named(&spec.text("mismatched")),
        fresh_head: spec.text("head") == "fresh",
        copies_behind: spec.text("behind") == "copy",
        frozen: spec.integer("frozen") as usize,
        fresh: registry.nested_layerwise(spec, "fresh")?,
    }))
}

impl Scheme for Transfer {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: &mut [f32]) -> Result<()> {
        Err(Error::new(Kind::Experiment, "`transfer` sets whole networks only"))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let count = network.layers().len();
        let from = self.source()?;
        let mut forgotten = false;
        for layer in network.layers() {
            let source = from.layers.get(layer.index);
            let way = match source {
                None => Way::Fresh,
                Some(_) if self.fresh_head && layer.index + 1 == count => Way::Fresh,
                Some(_) if forgotten && !self.copies_behind => Way::Fresh,
                Some(s) if shape(s) == (layer.fan_in, layer.fan_out) => self.matched,
                Some(_) => self.mismatched,
            };
            // Redrawing matched layers is a control on the whole network, not a break in it.
            forgotten |= way.forgets() && !source.is_some_and(|_| way == self.matched);
            self.set(layer, source, way, network)?;
        }
        for layer in 0..self.frozen {
            network.rates_mut().freeze(layer);
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        let count = model.layers.len();
        if self.frozen > count {
            let message = format!("`frozen` is {}, but the network has {count} weight layers", self.frozen);
            return Err(Error::new(Kind::Experiment, message));
        }
        self.fresh.check(model)
    }

    fn layerwise(&self) -> bool {
        false
    }

    fn source_digest(&self) -> Option<String> {
        self.source().ok().map(|source| source.digest.clone())
    }

    fn ready(&self) -> Result<()> {
        self.source().map(|_| ())
    }
}

fn shape(source: &SourceLayer) -> (usize, usize) {
    (source.weights.fan_in(), source.weights.fan_out())
}

impl Transfer {
    fn source(&self) -> Result<&Source> {
        let read = || checkpoint::read(&self.path, &self.names);
        match self.read.get_or_init(|| read().ok()) {
            Some(source) => Ok(source),
            // Again, for the reason.
            None => Err(read().err().unwrap_or_else(|| {
                Error::new(Kind::Data, format!("{} has changed meanwhile", self.path.display()))
            }))
            .context(|| "`source` of `transfer`"),
        }
    }

    fn set(
        &self,
        layer: &LayerInfo,
        source: Option<&SourceLayer>,
        way: Way,
        network: &mut Network<'_>,
    ) -> Result<()> {
        let Some(source) = source else {
            return network.draw(layer.index, &*self.fresh);
        };
        match way {
            Way::Fresh => network.draw(layer.index, &*self.fresh),
            Way::StdMatched | Way::FanCorrected => {
                let correction = match way {
                    Way::FanCorrected => source.weights.fan_in() as f64 / layer.fan_in as f64,
                    _ => 1.0,
                };
                let std = (second_moment(source) * correction).sqrt();
                let mut weights = vec![0.0; layer.fan_in * layer.fan_out];
                network
                    .stream(Purpose::Transfer, layer.index)
                    .fill_normal(&mut weights, std as f32);
                network.set_weights(layer.index, &weights);
                network.set_biases(layer.index, &vec![0.0; layer.fan_out]);
                Ok(())
            }
            Way::Copy | Way::Slice | Way::Pad => {
                if way == Way::Slice {
                    network.draw(layer.index, &*self.fresh)?;
                }
                copy_common_block(layer, source, network);
                Ok(())
            }
        }
    }
}

/// Mean square of the source layer's weights, in ascending order.
fn second_moment(source: &SourceLayer) -> f64 {
    let values = source.weights.to_row_major();
    let sum = values.iter().fold(0.0, |sum, &x| f64::from(x).mul_add(f64::from(x), sum));
    sum / values.len().max(1) as f64
}

/// Copies what both shapes have in common; the rest stays as it is.
fn copy_common_block(layer: &LayerInfo, source: &SourceLayer, network: &mut Network<'_>) {
    let (rows, cols) = shape(source);
    let mut weights = network.weights(layer.index);
    for k in 0..rows.min(layer.fan_in) {
        for j in 0..cols.min(layer.fan_out) {
            weights[k * layer.fan_out + j] = source.weights.get(k, j);
        }
    }
    network.set_weights(layer.index, &weights);
    let mut bias = network.parameters().biases[layer.index].clone();
    for (to, from) in bias.iter_mut().zip(source.bias.iter().flatten()) {
        *to = *from;
    }
    if layer.has_bias {
        network.set_biases(layer.index, &bias);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tests::{moments, plain, toml_value};
    use super::*;
    use crate::init::{BiasInit, Context as InitContext, InitReport, initialize};
    use crate::model::Parameters;

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

    #[test]
    fn a_missing_file_is_named() {
        let value = toml_value(r#"{ kind = "transfer", source = "nowhere.safetensors" }"#);
        let scheme = Registry::standard().parse(&value).unwrap().scheme;
        assert_eq!(scheme.source_digest(), None);
        let error = scheme.ready().unwrap_err().to_string();
        assert!(error.contains("`source` of `transfer`") && error.contains("nowhere.safetensors"), "{error}");
    }
}
