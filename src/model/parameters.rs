//! The numbers of a network.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{Model, Norm, WeightNorm};
use crate::numerics::Weights;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::hex;

/// What normalizes the input of one activation function.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NormParameters {
    /// Learned factor per unit; initially 1.
    pub gain: Vec<f32>,
    /// Learned shift per unit; initially 0.
    pub shift: Vec<f32>,
    /// Batch normalization's running mean per unit, initially 0; empty for layer normalization.
    pub running_mean: Vec<f32>,
    /// Batch normalization's running variance per unit, initially 1; empty likewise.
    pub running_variance: Vec<f32>,
}

/// Everything that training changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    /// Weight matrix of each layer, `fan_in x fan_out`; of a weight-normalized network what
    /// `weight_norms` make.
    pub weights: Vec<Weights>,
    /// Bias vector of each layer; empty where the layer has none.
    pub biases: Vec<Vec<f32>>,
    /// Normalization in front of layer l + 1 at index l; empty without normalization.
    pub norms: Vec<NormParameters>,
    /// Fixup's scalar biases before and after the activation function that feeds layer l + 1, at
    /// index l; empty without them.
    pub scalars: Vec<[f32; 2]>,
    /// Learned factor of each residual branch; empty where the factor is fixed.
    pub branch_scales: Vec<f32>,
    /// What the weights of each layer are made of; empty without weight normalization.
    pub weight_norms: Vec<WeightNorm>,
}

/// What a trained tensor is, which decides its learning rate and weight decay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TensorId {
    /// Weight matrix of a layer, or the direction `v` that it is made of.
    Weight(usize),
    /// Gains `g` of a weight-normalized layer.
    Gain(usize),
    /// Bias vector of a layer.
    Bias(usize),
    /// Gain or shift of the normalization behind a layer.
    Norm(usize),
    /// Scalar biases behind a layer.
    Scalar(usize),
    /// Learned factor of a residual branch.
    BranchScale(usize),
}

impl TensorId {
    /// Whether weight decay is for it: a weight matrix, or what one is made of.
    pub(super) fn decays(self) -> bool {
        matches!(self, TensorId::Weight(_) | TensorId::Gain(_))
    }
}

/// A tensor of one dimension.
fn vector(name: String, values: &[f32]) -> Tensor<'_> {
    Tensor {
        name,
        shape: vec![values.len()],
        values: Cow::Borrowed(values),
    }
}

fn matrix(name: String, w: &Weights) -> Tensor<'static> {
    Tensor {
        name,
        shape: vec![w.fan_in(), w.fan_out()],
        values: Cow::Owned(w.to_row_major()),
    }
}

/// One named tensor of [`Parameters`].
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor<'a> {
    /// `layers.0.weight`, `layers.0.bias`, `norms.0.gain`, `norms.0.shift`,
    /// `norms.0.running_mean`, `norms.0.running_variance`, `scalars.0`, `branch_scales`,
    /// `layers.0.weight_v`, `layers.0.weight_g`.
    pub name: String,
    /// Extent of each dimension; a weight, and a `weight_v`, is `[fan_in, fan_out]`.
    pub shape: Vec<usize>,
    /// The elements, row-major.
    pub values: Cow<'a, [f32]>,
}

impl Parameters {
    /// Parameters of `model` before any scheme: weights and biases 0, gains 1, shifts 0, running
    /// statistics 0 and 1, scalar biases 0, branch scales as the architecture gives them, `v` and `g`
    /// of weight normalization 0, which means not set.
    pub fn new(model: &Model) -> Self {
        let places = &model.layers[1..];
        let norm = |width: usize| NormParameters {
            gain: vec![1.0; width],
            shift: vec![0.0; width],
            running_mean: vec![0.0; if model.norm == Norm::Batch { width } else { 0 }],
            running_variance: vec![1.0; if model.norm == Norm::Batch { width } else { 0 }],
        };
        Parameters {
            weights: model
                .layers
                .iter()
                .map(|l| Weights::zeros(l.fan_in, l.fan_out))
                .collect(),
            biases: model
                .layers
                .iter()
                .map(|l| vec![0.0; if l.has_bias { l.fan_out } else { 0 }])
                .collect(),
            norms: match model.norm {
                Norm::None => Vec::new(),
                _ => places.iter().map(|l| norm(l.fan_in)).collect(),
            },
            scalars: match model.residual {
                Some(r) if r.fixup => vec![[0.0; 2]; places.len()],
                _ => Vec::new(),
            },
            branch_scales: match model.residual {
                Some(r) if r.learned => vec![r.alpha as f32; r.blocks],
                _ => Vec::new(),
            },
            weight_norms: match model.weight_norm {
                true => model.layers.iter().map(WeightNorm::new).collect(),
                false => Vec::new(),
            },
        }
    }

    /// All tensors, in the one order that hashes and files use: for each layer weight and bias;
    /// then for each normalization gain, shift and running statistics; then scalars; then branch
    /// scales; then of each weight-normalized layer `v` and `g`. Empty ones are left out.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor<'_>> {
        let layers = self
            .weights
            .iter()
            .zip(&self.biases)
            .enumerate()
            .flat_map(move |(i, (w, b))| {
                [
                    matrix(format!("layers.{i}.weight"), w),
                    vector(format!("layers.{i}.bias"), b),
                ]
            });
        let norms = self.norms.iter().enumerate().flat_map(move |(i, n)| {
            [
                vector(format!("norms.{i}.gain"), &n.gain),
                vector(format!("norms.{i}.shift"), &n.shift),
                vector(format!("norms.{i}.running_mean"), &n.running_mean),
                vector(format!("norms.{i}.running_variance"), &n.running_variance),
            ]
        });
        let scalars = self
            .scalars
            .iter()
            .enumerate()
            .map(move |(i, s)| vector(format!("scalars.{i}"), s));
        let scales = std::iter::once(vector("branch_scales".to_owned(), &self.branch_scales));
        let weight_norms = self.weight_norms.iter().enumerate().flat_map(move |(i, n)| {
            [
                matrix(format!("layers.{i}.weight_v"), &n.direction),
                vector(format!("layers.{i}.weight_g"), &n.gain),
            ]
        });
        layers
            .chain(norms)
            .chain(scalars)
            .chain(scales)
            .chain(weight_norms)
            .filter(|t| !t.values.is_empty())
    }

    /// Overwrites the tensor called `name`, which must have this shape.
    ///
    /// # Errors
    /// No such tensor, or another shape.
    pub fn set_tensor(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Result<()> {
        let expected = self.shape_of(name);
        if expected.as_deref() != Some(shape) || values.len() != shape.iter().product::<usize>() {
            let message = match expected {
                None => format!("the network has no tensor `{name}`"),
                Some(expected) => {
                    format!("`{name}` has the shape {expected:?} in this network, not {shape:?}")
                }
            };
            return Err(Error::new(Kind::Trial, message));
        }
        if let Some((weights, _)) = self.weight_called(name) {
            weights.copy_from_row_major(values);
        } else if let Some(vector) = self.vector_called(name) {
            vector.copy_from_slice(values);
        }
        Ok(())
    }

    /// The stored numbers of every trained tensor, weights first (running statistics are not
    /// trained). Under weight normalization `v` and `g` stand in the place of `W`.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (TensorId, &[f32])> {
        let made_of = self.weight_norms.iter().enumerate();
        let made_of = made_of.flat_map(|(l, n)| {
            [
                (TensorId::Weight(l), n.direction.storage()),
                (TensorId::Gain(l), &n.gain),
            ]
        });
        let weights = self.weights[self.weight_norms.len()..].iter().enumerate();
        let biases = self.biases.iter().enumerate();
        let norms = self.norms.iter().enumerate();
        let scalars = self.scalars.iter().enumerate();
        let scales = self.branch_scales.chunks(1).enumerate();
        made_of
            .chain(weights.map(|(l, w)| (TensorId::Weight(l), w.storage())))
            .chain(biases.map(|(l, b)| (TensorId::Bias(l), &b[..])))
            .chain(norms.flat_map(|(l, n)| [&n.gain, &n.shift].map(|v| (TensorId::Norm(l), &v[..]))))
            .chain(scalars.map(|(l, s)| (TensorId::Scalar(l), &s[..])))
            .chain(scales.map(|(block, s)| (TensorId::BranchScale(block), s)))
    }

    /// See [`Parameters::fields`].
    pub(crate) fn fields_mut(&mut self) -> impl Iterator<Item = (TensorId, &mut [f32])> {
        let weights = self.weights[self.weight_norms.len()..].iter_mut().enumerate();
        let made_of = self.weight_norms.iter_mut().enumerate().flat_map(|(l, n)| {
            [
                (TensorId::Weight(l), n.direction.storage_mut()),
                (TensorId::Gain(l), &mut n.gain[..]),
            ]
        });
        let biases = self.biases.iter_mut().enumerate();
        let norms = self.norms.iter_mut().enumerate();
        let scalars = self.scalars.iter_mut().enumerate();
        let scales = self.branch_scales.chunks_mut(1).enumerate();
        made_of
            .chain(weights.map(|(l, w)| (TensorId::Weight(l), w.storage_mut())))
            .chain(biases.map(|(l, b)| (TensorId::Bias(l), &mut b[..])))
            .chain(
                norms.flat_map(|(l, n)| [&mut n.gain, &mut n.shift].map(|v| (TensorId::Norm(l), &mut v[..]))),
            )
            .chain(scalars.map(|(l, s)| (TensorId::Scalar(l), &mut s[..])))
            .chain(scales.map(|(block, s)| (TensorId::BranchScale(block), s)))
    }

    /// Sets every trained number to +0, and what weight normalization has made of them.
    pub(super) fn fill_zero(&mut self) {
        for made in &mut self.weights[..self.weight_norms.len()] {
            made.fill(0.0);
        }
        for (_, values) in self.fields_mut() {
            values.fill(0.0);
        }
    }

    /// Takes the shape of `other`, all zeros; allocates only when the shape changes.
    pub(super) fn zero_like(&mut self, other: &Parameters) {
        let shapes = |p: &Parameters| -> Vec<(TensorId, usize)> {
            p.fields().map(|(place, values)| (place, values.len())).collect()
        };
        let fans = |p: &Parameters| -> Vec<usize> { p.weights.iter().map(Weights::fan_in).collect() };
        if shapes(self) != shapes(other) || fans(self) != fans(other) {
            *self = other.clone();
        }
        self.fill_zero();
    }

    fn shape_of(&mut self, name: &str) -> Option<Vec<usize>> {
        if let Some((_, shape)) = self.weight_called(name) {
            return Some(shape.to_vec());
        }
        let vector = self.vector_called(name)?;
        (!vector.is_empty()).then(|| vec![vector.len()])
    }

    fn weight_called(&mut self, name: &str) -> Option<(&mut Weights, [usize; 2])> {
        let (index, field) = name.strip_prefix("layers.")?.split_once('.')?;
        let index: usize = index.parse().ok()?;
        let weights = match field {
            "weight" => self.weights.get_mut(index)?,
            "weight_v" => &mut self.weight_norms.get_mut(index)?.direction,
            _ => return None,
        };
        let shape = [weights.fan_in(), weights.fan_out()];
        Some((weights, shape))
    }

    fn vector_called(&mut self, name: &str) -> Option<&mut [f32]> {
        if name == "branch_scales" {
            return Some(&mut self.branch_scales);
        }
        let mut parts = name.split('.');
        let (family, index) = (parts.next()?, parts.next()?.parse::<usize>().ok()?);
        let (field, end) = (parts.next(), parts.next());
        match (family, field, end) {
            ("layers", Some("bias"), None) => self.biases.get_mut(index).map(Vec::as_mut_slice),
            ("layers", Some("weight_g"), None) => Some(&mut self.weight_norms.get_mut(index)?.gain),
            ("scalars", None, None) => self.scalars.get_mut(index).map(<[f32; 2]>::as_mut_slice),
            ("norms", Some(field), None) => {
                let norm = self.norms.get_mut(index)?;
                match field {
                    "gain" => Some(&mut norm.gain),
                    "shift" => Some(&mut norm.shift),
                    "running_mean" => Some(&mut norm.running_mean),
                    "running_variance" => Some(&mut norm.running_variance),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// First 16 hexadecimal digits of the SHA-256 over the little-endian f32 bit patterns of all
    /// tensors in order, weights row-major.
    pub fn hash(&self) -> String {
        let mut digest = Sha256::new();
        let mut bytes = Vec::new();
        for tensor in self.tensors() {
            bytes.clear();
            bytes.extend(tensor.values.iter().flat_map(|x| x.to_bits().to_le_bytes()));
            digest.update(&bytes);
        }
        hex(&digest.finalize()[..8])
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        let finite = |values: &[f32]| values.iter().all(|x| x.is_finite());
        self.weights.iter().all(|w| finite(w.storage()))
            && self.biases.iter().all(|b| finite(b))
            && self.norms.iter().all(|n| {
                finite(&n.gain) && finite(&n.shift) && finite(&n.running_mean) && finite(&n.running_variance)
            })
            && self.scalars.iter().all(|s| finite(s))
            && finite(&self.branch_scales)
            && self
                .weight_norms
                .iter()
                .all(|n| finite(n.direction.storage()) && finite(&n.gain))
    }
}
