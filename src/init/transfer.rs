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
//! Nothing that fits is an error. The tensors of a file that this program did not write are paired
//! with the layers by their names' natural order, or, where that does not fit, by their shapes, if
//! these leave no choice. What is left open is refused: `names` settles the order, `layout` which
//! side of a square tensor is the input.
//!
//! Redrawn layers have zero biases. From a network of this program come, behind every layer that was
//! copied as it was, its normalization with running statistics and its scalar biases too, its `v` and `g` if weights are
//! normalized, and the
//! learned branch scales if all layers but the last were.
//!
//! A layer behind one that was drawn anew is drawn by `fresh` as well,
//! since its weights were trained for inputs that no longer exist; `behind = "copy"` copies it all the
//! same, the mistake of the slide that this program began from (slide 12, which also drops biases and redraws at the old
//! deviation). `head = "fresh"` always draws the last layer anew.
//!
//! `frozen` layers from the data on do not change in training, nor does what stands behind them:
//! scalar biases, learned branch scales, and normalizations with their running statistics, by which
//! frozen batch normalization normalizes in training too. That is Keras's `trainable = False`; in
//! PyTorch it takes `requires_grad_(False)` and `eval()`.
//!
//! Yosinski et al. 2014, How transferable are features in deep neural networks?, arXiv 1411.1792.

use std::sync::{Arc, OnceLock};

use ndarray::{Array2, ArrayViewMut2, s};

use super::checkpoint::{Checkpoint, SourceLayer};
use super::pairing::{self, Pairing, WeightFile};
use super::{Network, Registry, Scheme, joint_digest, row_major};
use crate::model::{LayerInfo, Model, Parameters};
use crate::random::{Purpose, Stream};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

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
        Parameter::path(
            "source",
            "the .safetensors file, relative to the working directory",
        ),
        pairing::NAMES,
        pairing::LAYOUT,
        Parameter::choice("matched", "copy", MATCHED, "what to do where shapes match"),
        Parameter::choice("mismatched", "fresh", MISMATCHED, "what to do where they do not"),
        Parameter::choice(
            "head",
            "like_others",
            &["like_others", "fresh"],
            "whether the last layer is always fresh",
        ),
        Parameter::choice(
            "behind",
            "fresh",
            &["fresh", "copy"],
            "layers behind one that was drawn anew",
        ),
        Parameter::integer(
            "frozen",
            0,
            0,
            10_000,
            "layers, from the data on, that training leaves as they are, normalization included",
        ),
        Parameter::any("fresh", "he_normal", "scheme of fresh layers"),
    ],
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum LayerPolicy {
    Copy,
    Fresh,
    Slice,
    Pad,
    StdMatched,
    FanCorrected,
}

impl LayerPolicy {
    fn named(name: &str) -> Self {
        match name {
            "copy" => LayerPolicy::Copy,
            "slice" => LayerPolicy::Slice,
            "pad" => LayerPolicy::Pad,
            "std_matched" => LayerPolicy::StdMatched,
            "fan_corrected" => LayerPolicy::FanCorrected,
            _ => LayerPolicy::Fresh,
        }
    }

    /// Whether the layer's units no longer mean what they meant in the source.
    fn forgets(self) -> bool {
        matches!(
            self,
            LayerPolicy::Fresh | LayerPolicy::StdMatched | LayerPolicy::FanCorrected
        )
    }
}

#[derive(Debug)]
struct Transfer {
    file: WeightFile,
    /// What is in the file, read when first needed: tables can be looked at without it. `None`: it
    /// cannot be read.
    read: OnceLock<Option<Checkpoint>>,
    matched: LayerPolicy,
    mismatched: LayerPolicy,
    fresh_head: bool,
    copies_behind: bool,
    frozen: usize,
    fresh: Arc<dyn Scheme>,
}

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Transfer {
        file: WeightFile::of(spec, "source"),
        read: OnceLock::new(),
        matched: LayerPolicy::named(&spec.text("matched")),
        mismatched: LayerPolicy::named(&spec.text("mismatched")),
        fresh_head: spec.text("head") == "fresh",
        copies_behind: spec.text("behind") == "copy",
        frozen: spec.integer("frozen") as usize,
        fresh: registry.nested_layerwise(spec, "fresh")?,
    }))
}

impl Scheme for Transfer {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        Err(Error::new(
            Kind::Experiment,
            "`transfer` sets whole networks only",
        ))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let count = network.layers().len();
        let from = self.source()?;
        let Pairing {
            layers: sources,
            note,
            ..
        } = self.file.pair(from, network.layers())?;
        let ways = self.ways(network.layers(), &sources);
        if ways.iter().all(|way| *way == LayerPolicy::Fresh) {
            return Err(self.nothing(from, network.layers()));
        }
        let (mut kept, mut anew) = (Vec::with_capacity(count), Vec::new());
        for (layer, way) in network.layers().iter().zip(ways) {
            let source = sources[layer.index].as_ref();
            let same = source.is_some_and(|s| shape(s) == (layer.fan_in, layer.fan_out));
            self.set(layer, source, way, network)?;
            kept.push(way == LayerPolicy::Copy && same);
            // A head for other classes goes without saying.
            let last = layer.index + 1 == count;
            let new_head =
                last && (self.fresh_head || source.is_some_and(|s| shape(s).0 == layer.fan_in && !same));
            if way == LayerPolicy::Fresh && !new_head {
                let why = match source {
                    None => "no tensor is left for it".to_owned(),
                    Some(s) if !same => {
                        let (fan_in, fan_out) = shape(s);
                        format!("`{}` has {fan_in} inputs and {fan_out} outputs", s.name)
                    }
                    Some(_) => "it is behind one that was drawn anew".to_owned(),
                };
                anew.push(format!("layer {} ({why})", layer.index + 1));
            }
        }
        for note in from.note(ENTRY.name).into_iter().chain(note) {
            network.note(note);
        }
        // Where `mismatched` asks for something else, that is what happens.
        if self.mismatched == LayerPolicy::Fresh && !anew.is_empty() {
            let copied: Vec<String> = (1..=count)
                .filter(|i| kept[i - 1])
                .map(|i| format!("layer {i}"))
                .collect();
            network.note(format!(
                "transfer: copied {}, drew anew {}",
                copied.join(" "),
                anew.join(" and ")
            ));
        }
        copy_others(from, &kept, network);
        for (layer, &kept) in kept.iter().enumerate().take(self.frozen) {
            network.rates_mut().freeze(layer);
            if has_no_statistics(network.parameters(), layer) {
                let why = match kept {
                    true => format!("{} has none for it", self.file.path.display()),
                    false => "it was drawn anew".to_owned(),
                };
                network.note(format!(
                    "transfer: layer {} is frozen, but its batch normalization has no running statistics, since \
                     {why}: it leaves values as they are",
                    layer + 1,
                ));
            }
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<()> {
        let count = model.layers.len();
        if self.frozen > count {
            let message = format!(
                "`frozen` is {}, but the network has {count} weight layers",
                self.frozen
            );
            return Err(Error::new(Kind::Experiment, message));
        }
        self.fresh.check(model)
    }

    fn fits(&self, model: &Model) -> Result<()> {
        let Ok(from) = self.source() else {
            // Said by `ready`.
            return Ok(());
        };
        let pairing = self.file.pair(from, &model.layers)?;
        let ways = self.ways(&model.layers, &pairing.layers);
        match ways.iter().all(|way| *way == LayerPolicy::Fresh) {
            true => Err(self.nothing(from, &model.layers)),
            false => Ok(()),
        }
    }

    fn layerwise(&self) -> bool {
        false
    }

    fn source_digest(&self) -> Option<String> {
        let own = self.source().ok().map(|source| source.digest.clone());
        joint_digest([own, self.fresh.source_digest()])
    }

    fn source_path(&self) -> Option<&std::path::Path> {
        Some(&self.file.path)
    }

    fn ready(&self) -> Result<()> {
        self.source().map(|_| ())
    }
}

fn shape(source: &SourceLayer) -> (usize, usize) {
    (source.weights.fan_in(), source.weights.fan_out())
}

impl Transfer {
    /// What happens to each layer.
    fn ways(&self, layers: &[LayerInfo], sources: &[Option<SourceLayer>]) -> Vec<LayerPolicy> {
        let mut forgotten = false;
        let way = |(layer, source): (&LayerInfo, &Option<SourceLayer>)| {
            let Some(source) = source else {
                forgotten = true;
                return LayerPolicy::Fresh;
            };
            if (self.fresh_head && layer.index + 1 == layers.len()) || (forgotten && !self.copies_behind) {
                return LayerPolicy::Fresh;
            }
            let same = shape(source) == (layer.fan_in, layer.fan_out);
            let way = if same { self.matched } else { self.mismatched };
            // Redrawing matched layers is a control on the whole network, not a break in it.
            forgotten |= way.forgets() && way != self.matched;
            way
        };
        layers.iter().zip(sources).map(way).collect()
    }

    /// The refusal of a source of which the network can use nothing.
    fn nothing(&self, from: &Checkpoint, layers: &[LayerInfo]) -> Error {
        let held: Vec<String> = from
            .matrices
            .iter()
            .map(|m| format!("{} {:?}", m.name, m.sides))
            .collect();
        let wanted: Vec<String> = layers
            .iter()
            .map(|l| format!("{} to {}", l.fan_in, l.fan_out))
            .collect();
        let message = format!(
            "nothing of {} fits the network, whose layers have {} inputs and outputs: it holds {}",
            self.file.path.display(),
            wanted.join(", "),
            held.join(", ")
        );
        Error::new(Kind::Data, message)
            .help("names = [..] lists its layers from the data to the loss; mismatched = \"slice\" and others take parts")
    }

    fn source(&self) -> Result<&Checkpoint> {
        let read = || self.file.read();
        match self.read.get_or_init(|| read().ok()) {
            Some(source) => Ok(source),
            // Again, for the reason.
            None => Err(read().err().unwrap_or_else(|| self.file.changed())),
        }
    }

    fn set(
        &self,
        layer: &LayerInfo,
        source: Option<&SourceLayer>,
        way: LayerPolicy,
        network: &mut Network<'_>,
    ) -> Result<()> {
        let Some(source) = source else {
            return network.draw(layer.index, &*self.fresh);
        };
        match way {
            LayerPolicy::Fresh => network.draw(layer.index, &*self.fresh),
            LayerPolicy::StdMatched | LayerPolicy::FanCorrected => {
                let correction = match way {
                    LayerPolicy::FanCorrected => source.weights.fan_in() as f64 / layer.fan_in as f64,
                    _ => 1.0,
                };
                let std = (second_moment(source) * correction).sqrt();
                let mut weights = Array2::zeros((layer.fan_in, layer.fan_out));
                network
                    .stream(Purpose::Transfer, layer.index)
                    .fill_normal(row_major(&mut weights.view_mut()), std as f32);
                network.set_weights(layer.index, weights.view());
                network.set_biases(layer.index, &vec![0.0; layer.fan_out]);
                Ok(())
            }
            LayerPolicy::Copy | LayerPolicy::Slice | LayerPolicy::Pad => {
                if way == LayerPolicy::Slice {
                    network.draw(layer.index, &*self.fresh)?;
                }
                copy_common_block(layer, source, network);
                Ok(())
            }
        }
    }
}

/// Copies what belongs to the output of a layer that was `kept`, where the network has it too.
fn copy_others(from: &Checkpoint, kept: &[bool], network: &mut Network<'_>) {
    let body = &kept[..kept.len().saturating_sub(1)];
    for (name, other) in &from.others {
        let layer = name.split('.').nth(1).and_then(|i| i.parse::<usize>().ok());
        let belongs = match layer {
            Some(layer) => kept.get(layer) == Some(&true),
            None => body.iter().all(|kept| *kept),
        };
        if belongs {
            // A network of another kind has no such tensor, and nothing is copied.
            let _ = network
                .parameters_mut()
                .set_tensor(name, &other.shape, &other.values);
        }
    }
}

/// Whether batch normalization behind `layer` has the running statistics of a new network.
fn has_no_statistics(parameters: &Parameters, layer: usize) -> bool {
    parameters.norms.get(layer).is_some_and(|norm| {
        !norm.running_mean.is_empty()
            && norm.running_mean.iter().all(|&x| x == 0.0)
            && norm.running_variance.iter().all(|&x| x == 1.0)
    })
}

/// Mean square of the source layer's weights, in ascending order.
fn second_moment(source: &SourceLayer) -> f64 {
    let values = source.weights.to_row_major();
    let sum = values
        .iter()
        .fold(0.0, |sum, &x| f64::from(x).mul_add(f64::from(x), sum));
    sum / values.len().max(1) as f64
}

/// Copies what both shapes have in common; the rest stays as it is.
fn copy_common_block(layer: &LayerInfo, source: &SourceLayer, network: &mut Network<'_>) {
    let (rows, cols) = shape(source);
    let common = s![..rows.min(layer.fan_in), ..cols.min(layer.fan_out)];
    let mut weights = network.weights(layer.index);
    weights
        .slice_mut(common)
        .assign(&source.weights.to_array().slice(common));
    network.set_weights(layer.index, weights.view());
    let mut bias = network.parameters().biases[layer.index].clone();
    for (to, from) in bias.iter_mut().zip(source.bias.iter().flatten()) {
        *to = *from;
    }
    if layer.has_bias {
        network.set_biases(layer.index, &bias);
    }
}

#[cfg(test)]
mod tests;
