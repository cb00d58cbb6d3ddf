//! Weights from files that the user has written, one for each trial or for several: `{ kind =
//! "weights", path = "inits/mine/{architecture}/{weight_seed}.safetensors" }`.
//!
//! The path may name the coordinates of [`PLACEHOLDERS`](super::path_template::PLACEHOLDERS). `goodinit weights
//! EXPERIMENT` prints what each file must hold; how tensors are found is said in [`super::pairing`].
//! Every layer must find one of its very shape: what does not fit is an error that names file,
//! tensor and what was expected, before anything is trained. (To take what fits of a network of
//! another shape, see [`super::transfer`].)
//!
//! F64 is rounded to the nearest f32, and a note of the trial says so; F32, F16 and BF16 are taken
//! as they are. Biases that the file does not hold are 0. A setting of biases in the experiment wins
//! over those in the file. A file may also hold what a network of this program has besides
//! (`norms.0.gain`, `scalars.0`, `branch_scales`, `layers.0.weight_v`, `layers.0.weight_g`); what it does not hold of that is as in a new
//! network. Factors on learning rates, which some schemes set, are no part of a file.
//!
//! The digest of the file is part of the trial's identity.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::ArrayViewMut2;

use super::checkpoint::{Checkpoint, SourceLayer};
use super::pairing::{self, WeightFile};
use super::path_template::PathTemplate;
use super::{CoordinateText, Network, Registry, Scheme};
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Context as _, Error, Kind, Result};

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "weights",
    aliases: &[],
    summary: "weights, and biases if there are any, from .safetensors files of one's own",
    formula: "W, b as in the file; b = 0 where it has none",
    citation: "the user's own; `goodinit weights EXPERIMENT` prints what each file must hold",
    parameters: &[
        Parameter::path(
            "path",
            "the .safetensors file, relative to the working directory; {weight_seed}, {architecture} and others stand for coordinates",
        ),
        pairing::NAMES,
        pairing::LAYOUT,
    ],
};

/// What the command says that helps with whatever a file lacks.
const HELP: &str = "`goodinit weights EXPERIMENT` prints what each file must hold";

/// By path, the digest of each file that has been read; `None`: it cannot be read.
type Digests = Mutex<BTreeMap<PathBuf, Option<String>>>;

#[derive(Debug)]
struct FromFile {
    template: PathTemplate,
    /// Under the path of one trial; under that with the placeholders in the scheme of all trials.
    file: WeightFile,
    /// Whether the path is that of a file.
    is_placed: bool,
    /// Shared by the schemes of all trials.
    digests: Arc<Digests>,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let place = || "`path` of `weights`".to_owned();
    let template = PathTemplate::parse(&spec.text("path")).context(place)?;
    Ok(Arc::new(FromFile {
        is_placed: !template.has_placeholders(),
        file: WeightFile::of(spec, "path"),
        template,
        digests: Arc::default(),
    }))
}

/// What a file sets in a network.
struct Fit {
    layers: Vec<SourceLayer>,
    notes: Vec<String>,
}

impl FromFile {
    /// The digest of the file, from the first time that it was read; `None`: it cannot be read.
    fn digest(&self) -> Option<String> {
        if !self.is_placed {
            return None;
        }
        let known = || self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = known().get(&self.file.path) {
            return digest.clone();
        }
        let digest = self.file.read().ok().map(|read| read.digest);
        known().entry(self.file.path.clone()).or_insert(digest).clone()
    }

    /// Reads the file, which must be what its digest is of.
    fn read(&self) -> Result<Checkpoint> {
        if !self.is_placed {
            let message = format!(
                "the path `{}` names coordinates, and there is no trial here",
                self.file.path.display()
            );
            return Err(Error::new(Kind::Experiment, message));
        }
        let read = self.file.read()?;
        match self.digest() {
            Some(digest) if digest != read.digest => Err(self.file.changed()),
            _ => Ok(read),
        }
    }

    /// Finds the source of each layer, and checks that it is of the layer's very shape.
    fn fit(&self, from: &Checkpoint, layers: &[LayerInfo]) -> Result<Fit> {
        let path = self.file.path.display();
        let wrong = |message: String| Error::new(Kind::Data, format!("{path}: {message}")).help(HELP);
        let pairing = self.file.pair(from, layers)?;
        let mut sources = Vec::with_capacity(layers.len());
        for (layer, source) in layers.iter().zip(pairing.layers) {
            let (i, fan_in, fan_out) = (layer.index, layer.fan_in, layer.fan_out);
            let Some(source) = source else {
                return Err(wrong(format!(
                    "there is no tensor for layer {} of the network: expected `layers.{i}.weight` [{fan_out}, {fan_in}], \
                     or `layers.{i}.kernel` [{fan_in}, {fan_out}]",
                    i + 1
                )));
            };
            if (source.weights.fan_in(), source.weights.fan_out()) != (fan_in, fan_out) {
                let held = from.matrices.iter().find(|m| m.name == source.name);
                return Err(wrong(format!(
                    "`{}` is {:?}, but layer {} of the network has {fan_in} inputs and {fan_out} outputs: expected \
                     [{fan_out}, {fan_in}] as PyTorch stores it, or [{fan_in}, {fan_out}] as flax and Keras do",
                    source.name,
                    held.map_or([0, 0], |m| m.sides),
                    i + 1
                )));
            }
            let values = source
                .weights
                .storage()
                .iter()
                .chain(source.bias.iter().flatten());
            if values.into_iter().any(|x| !x.is_finite()) {
                return Err(wrong(format!(
                    "`{}` or its bias holds a number that is not a finite f32",
                    source.name
                )));
            }
            sources.push(source);
        }
        let names = pairing.others.iter().map(String::as_str);
        if let Some(name) = names.clone().find(|name| pairing::goes_on(name, layers.len())) {
            return Err(wrong(format!(
                "`{name}` is of a deeper network: this one has {} weight layers",
                layers.len()
            )));
        }
        let mut notes: Vec<String> = from.note(ENTRY.name).into_iter().chain(pairing.note).collect();
        if !pairing.others.is_empty() {
            let names: Vec<&str> = names.collect();
            notes.push(format!("weights: not used: {}", names.join(" ")));
        }
        Ok(Fit {
            layers: sources,
            notes,
        })
    }
}

/// One layer as a file has it.
#[derive(Debug)]
struct LayerOfFile<'a>(&'a SourceLayer);

impl Scheme for LayerOfFile<'_> {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        weights.assign(&self.0.weights.to_array());
        Ok(())
    }

    fn fill_bias(&self, _: &LayerInfo, _: &mut Stream, bias: &mut [f32]) -> Result<()> {
        bias.iter_mut()
            .zip(self.0.bias.iter().flatten())
            .for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

/// `layer 2`, `layers 1 2 3`.
fn numbered(layers: &[usize]) -> String {
    let numbers: Vec<String> = layers.iter().map(|i| (i + 1).to_string()).collect();
    let noun = if layers.len() == 1 { "layer" } else { "layers" };
    format!("{noun} {}", numbers.join(" "))
}

impl Scheme for FromFile {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, _: ArrayViewMut2<f32>) -> Result<()> {
        Err(Error::new(Kind::Experiment, "`weights` sets whole networks only"))
    }

    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        let from = self.read()?;
        let Fit { layers, mut notes } = self.fit(&from, network.layers())?;
        let (mut absent, mut unused) = (Vec::new(), Vec::new());
        for (layer, source) in network.layers().iter().zip(&layers) {
            network.draw(layer.index, &LayerOfFile(source))?;
            match (layer.has_bias, &source.bias) {
                (true, None) if network.takes_biases() => absent.push(layer.index),
                (false, Some(bias)) if bias.iter().any(|b| *b != 0.0) => unused.push(layer.index),
                _ => {}
            }
        }
        if !absent.is_empty() {
            let which = match absent.len() == layers.len() {
                true => "biases".to_owned(),
                false => format!("biases of {}", numbered(&absent)),
            };
            notes.push(format!("weights: the file has no {which}: they are 0"));
        }
        if !unused.is_empty() {
            let which = numbered(&unused);
            notes.push(format!(
                "weights: biases of {which} are not used: the network has none there"
            ));
        }
        for (name, other) in &from.others {
            let parameters = network.parameters_mut();
            if parameters.tensors().any(|tensor| tensor.name == *name) {
                let place = || self.file.path.display().to_string();
                parameters
                    .set_tensor(name, &other.shape, &other.values)
                    .context(place)?;
            } else {
                notes.push(format!("weights: not used: {name}"));
            }
        }
        notes.into_iter().for_each(|note| network.note(note));
        Ok(())
    }

    fn fits(&self, model: &Model) -> Result<()> {
        // What cannot be read is said by `ready`.
        match self.digest().map(|_| self.read()) {
            Some(from) => self.fit(&from?, &model.layers).map(drop),
            None => Ok(()),
        }
    }

    fn layerwise(&self) -> bool {
        false
    }

    fn of_trial(&self, coordinate: &CoordinateText<'_>) -> Option<Arc<dyn Scheme>> {
        Some(Arc::new(FromFile {
            template: self.template.clone(),
            file: self.file.at(&self.template.fill(coordinate)),
            is_placed: true,
            digests: Arc::clone(&self.digests),
        }))
    }

    fn source_digest(&self) -> Option<String> {
        self.digest()
    }

    fn source_path(&self) -> Option<&Path> {
        self.is_placed.then_some(&self.file.path)
    }

    fn ready(&self) -> Result<()> {
        match self.digest() {
            None if self.is_placed => self.read().map(drop).map_err(|error| error.help(HELP)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
