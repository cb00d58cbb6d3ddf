//! A file of weights, and which of its tensors belongs to which layer of a network: what
//! [`transfer`](super::transfer) and [`weights`](super::weights) have in common.
//!
//! Tensors called `layers.0.weight`, `layers.1.weight` and so on (or `layers.0.kernel`), behind
//! any one prefix, are the layers of that number, whatever else the file holds. Those of other
//! names are paired by the natural order of their names, or, where that does not fit, by their
//! shapes, if these leave no choice. What is left open is refused: `names` settles the order,
//! `layout` which side of a square tensor is the input.

use std::path::{Path, PathBuf};

use super::checkpoint::{self, Checkpoint, Layout, Matrix, SourceLayer};
use crate::model::LayerInfo;
use crate::support::catalog::{Parameter, ParameterKind, Spec, Value};
use crate::support::error::{Context as _, Error, Kind, Result};

/// The parameter that lists a file's layers.
pub(super) const NAMES: Parameter = Parameter::optional(
    "names",
    ParameterKind::List,
    "the file's layers from the data to the loss; else all, in the order of their names",
);

/// The parameter that says how weights are stored.
pub(super) const LAYOUT: Parameter = Parameter::choice(
    "layout",
    "by_shape",
    &["by_shape", "out_in", "in_out"],
    "how weights are stored: out_in as PyTorch does, in_out as flax and Keras do",
);

/// A `.safetensors` file and how it is to be read.
#[derive(Debug, Clone)]
pub(super) struct WeightFile {
    pub path: PathBuf,
    /// The scheme that reads it, for messages.
    scheme: &'static str,
    /// The parameter that has the path, for messages.
    parameter: &'static str,
    names: Vec<String>,
    /// `None`: told by names and shapes.
    layout: Option<Layout>,
}

/// The source of each layer of a network, and what is to be said of the choice.
pub(super) struct Pairing {
    pub layers: Vec<Option<SourceLayer>>,
    /// The two-dimensional tensors that belong to no layer.
    pub others: Vec<String>,
    pub note: Option<String>,
}

impl WeightFile {
    /// The file at the path that `parameter` of `spec` has, with its [`NAMES`] and [`LAYOUT`].
    pub fn of(spec: &Spec, parameter: &'static str) -> Self {
        let names = match spec.value(NAMES.name) {
            Some(Value::List(items)) => items.iter().map(Value::to_string).collect(),
            _ => Vec::new(),
        };
        WeightFile {
            path: PathBuf::from(spec.text(parameter)),
            scheme: spec.name(),
            parameter,
            names,
            layout: match spec.text(LAYOUT.name).as_str() {
                "out_in" => Some(Layout::OutIn),
                "in_out" => Some(Layout::InOut),
                _ => None,
            },
        }
    }

    /// The same for the file at another path.
    pub fn at(&self, path: &Path) -> Self {
        WeightFile {
            path: path.to_owned(),
            ..self.clone()
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// As [`checkpoint::read`].
    pub fn read(&self) -> Result<Checkpoint> {
        let place = || format!("`{}` of `{}`", self.parameter, self.scheme);
        checkpoint::read(&self.path, &self.names).context(place)
    }

    /// The error of a file that is not what it was a moment ago.
    pub fn changed(&self) -> Error {
        let message = format!("{} has changed meanwhile", self.path.display());
        Error::new(Kind::Data, message)
    }

    /// Pairs the tensors of the file with the layers of the network.
    ///
    /// # Errors
    /// Names and shapes leave open which belongs to which, or which side is the input.
    pub fn pair(&self, from: &Checkpoint, layers: &[LayerInfo]) -> Result<Pairing> {
        let wanted: Vec<(usize, usize)> = layers.iter().map(|l| (l.fan_in, l.fan_out)).collect();
        let all: Vec<&Matrix> = from.matrices.iter().collect();
        if from.ours {
            return Ok(taken(&all, &all, Layout::OutIn, wanted.len(), None));
        }
        let numbered = match self.names.is_empty() {
            true => numbered(&all, wanted.len()),
            false => None,
        };
        let matrices = numbered.as_ref().unwrap_or(&all);
        let (layout, told) = self.layout(matrices, &wanted)?;
        if !self.names.is_empty() || numbered.is_some() {
            return Ok(taken(matrices, &all, layout, wanted.len(), told));
        }
        let shapes: Vec<(usize, usize)> = matrices.iter().map(|m| m.shape(layout)).collect();
        let count = fitting(matrices, &wanted, layout);
        if count < wanted.len() {
            // Each layer has one tensor of its shape, and that is of no other layer's.
            let only = |w: &(usize, usize)| {
                let mut places = (0..shapes.len()).filter(|i| shapes[*i] == *w);
                places
                    .next()
                    .filter(|_| places.next().is_none() && wanted.iter().filter(|o| *o == w).count() == 1)
            };
            let places: Vec<Option<usize>> = wanted.iter().map(only).collect();
            // A head for other classes need not be there.
            if wanted.len() > 1
                && places[..wanted.len() - 1].iter().all(Option::is_some)
                && count + 1 < wanted.len()
            {
                let layers = places
                    .iter()
                    .map(|i| i.map(|i| matrices[i].layer(layout)))
                    .collect();
                let used: Vec<&str> = places
                    .iter()
                    .flatten()
                    .map(|i| matrices[*i].name.as_str())
                    .collect();
                let note = format!(
                    "{}: layers taken by their shapes, in the order {}",
                    self.scheme,
                    used.join(" ")
                );
                return Ok(Pairing {
                    layers,
                    others: others(&all, |m| used.contains(&m.name.as_str())),
                    note: Some(note),
                });
            }
            let used = matrices.len().min(wanted.len());
            if shapes[..used].windows(2).any(|w| w[0].1 != w[1].0) && count > 0 {
                let what = "the tensors do not follow each other in the order of their names";
                return Err(self.open(what, &shapes, matrices));
            }
        }
        let alike = |i: usize, j: usize| {
            shapes[i] == shapes[j] && words(&matrices[i].name) != words(&matrices[j].name)
        };
        let used = matrices.len().min(wanted.len());
        if (0..used).any(|i| (0..matrices.len()).any(|j| alike(i, j))) {
            let what = "tensors of one shape are ordered by words, not by numbers";
            return Err(self.open(what, &shapes, matrices));
        }
        Ok(taken(matrices, &all, layout, wanted.len(), told))
    }

    /// How `matrices` are stored, and a note where that is not the layout that goes with their names.
    fn layout(&self, matrices: &[&Matrix], wanted: &[(usize, usize)]) -> Result<(Layout, Option<String>)> {
        if let Some(layout) = self.layout {
            return Ok((layout, None));
        }
        let custom = matrices.first().map_or(Layout::OutIn, |m| m.custom);
        let other = match custom {
            Layout::OutIn => Layout::InOut,
            Layout::InOut => Layout::OutIn,
        };
        let open = |m: &&Matrix| {
            m.sides[0] == m.sides[1]
                && m.sides[0] > 1
                && m.told_by_bias().is_none()
                && m.custom == Layout::OutIn
        };
        let told = matrices.iter().any(|m| m.sides[0] != m.sides[1]);
        if !told && matrices.iter().any(open) {
            let message = format!(
                "{}: all weights are square, which leaves open which side is the input",
                self.path.display()
            );
            let help = "layout = \"out_in\" as PyTorch stores them, layout = \"in_out\" as flax and Keras do";
            return Err(Error::new(Kind::Data, message).help(help));
        }
        if fitting(matrices, wanted, other) <= fitting(matrices, wanted, custom) {
            return Ok((custom, None));
        }
        let order = match other {
            Layout::OutIn => "(outputs, inputs)",
            Layout::InOut => "(inputs, outputs)",
        };
        let note = format!("{}: by the shapes, weights are stored as {order}", self.scheme);
        Ok((other, Some(note)))
    }

    fn open(&self, what: &str, shapes: &[(usize, usize)], matrices: &[&Matrix]) -> Error {
        let pairs = matrices.iter().zip(shapes);
        let list: Vec<String> = pairs
            .map(|(m, (i, o))| format!("{} ({i} to {o})", m.name))
            .collect();
        let message = format!("{}: {what}: {}", self.path.display(), list.join(", "));
        Error::new(Kind::Data, message).help("names = [..] lists them from the data to the loss")
    }
}

/// The first `count` of `matrices` as layers.
fn taken(
    matrices: &[&Matrix],
    all: &[&Matrix],
    layout: Layout,
    count: usize,
    note: Option<String>,
) -> Pairing {
    let layer = |i: usize| matrices.get(i).map(|m| m.layer(layout));
    let used = &matrices[..matrices.len().min(count)];
    Pairing {
        layers: (0..count).map(layer).collect(),
        others: others(all, |m| used.iter().any(|u| u.name == m.name)),
        note,
    }
}

fn others(all: &[&Matrix], used: impl Fn(&Matrix) -> bool) -> Vec<String> {
    let unused = all.iter().filter(|m| !used(m));
    unused.map(|m| m.name.clone()).collect()
}

/// How many tensors have the shape of the layer in their place.
fn fitting(matrices: &[&Matrix], wanted: &[(usize, usize)], layout: Layout) -> usize {
    let pairs = matrices.iter().zip(wanted);
    pairs.filter(|(m, w)| m.shape(layout) == **w).count()
}

/// The tensors `layers.0.weight` to that of number `count - 1`, and what follows them in number,
/// where one prefix has them all and no other has.
fn numbered<'a>(matrices: &[&'a Matrix], count: usize) -> Option<Vec<&'a Matrix>> {
    let mut found = None;
    for prefix in matrices.iter().filter_map(|m| match numbered_name(&m.name)? {
        (prefix, 0) => Some(prefix),
        _ => None,
    }) {
        let at = |i: usize| {
            matrices
                .iter()
                .find(|m| numbered_name(&m.name) == Some((prefix, i)))
        };
        let layers: Vec<&Matrix> = (0..).map_while(|i| at(i).copied()).collect();
        if layers.len() >= count && found.replace(layers).is_some() {
            return None;
        }
    }
    found
}

/// The prefix and the number of a tensor called `PREFIXlayers.N.weight` (or `layers_N/kernel`).
fn numbered_name(name: &str) -> Option<(&str, usize)> {
    let stem = name.rsplit_once(['.', '/'])?.0;
    let before = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = stem[before.len()..].parse().ok()?;
    Some((
        before.strip_suffix(['.', '_', '/'])?.strip_suffix("layers")?,
        number,
    ))
}

/// Whether a tensor is called as that of a layer behind the last of `count`.
pub(super) fn goes_on(name: &str, count: usize) -> bool {
    numbered_name(name).is_some_and(|(_, number)| number >= count)
}

/// A name without its numbers: what orders two names but numbers.
fn words(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_ascii_digit() && *c != '_')
        .collect()
}
