//! Parameters as `.safetensors` files: ours, and those of other programs.
//!
//! Ours hold `layers.{i}.weight` in PyTorch's layout, `(fan_out, fan_in)`, `layers.{i}.bias` and the
//! other tensors of [`Parameters::tensors`], so that a module whose layers are an
//! `nn.ModuleList([nn.Linear(...), ...])` called `layers` loads them as they are. One metadata key,
//! `goodinit`, holds a JSON object with whatever the writer has to say; one, because the order of several is
//! not fixed and files must be the same byte for byte.
//!
//! Of any other file the two-dimensional tensors count as layers: those called `*.weight`, by custom
//! in PyTorch's layout, `(fan_out, fan_in)`, and those called `*kernel` (flax, Keras), by custom in the
//! opposite one. A bias beside a tensor (`*.bias`) says which side is the output; else
//! [`super::transfer`] tells by the shapes of the network. Tensors stand in the natural order of their
//! names (`fc2` before `fc10`), without what wrappers put before them (`module.`, `_orig_mod.`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use sha2::{Digest, Sha256};

use crate::data::foreign;
use crate::model::{Parameters, Tensor};
use crate::numerics::Weights;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::hex;

/// How a weight tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `(fan_out, fan_in)`: PyTorch, and our own files.
    OutIn,
    /// `(fan_in, fan_out)`: flax, Keras.
    InOut,
}

/// One two-dimensional tensor of a file, with its bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Name of the weight tensor, without prefixes of wrappers.
    pub name: String,
    /// Its two sides, as stored.
    pub sides: [usize; 2],
    /// The layout that goes with such a name.
    pub custom: Layout,
    /// The biases, where the file has them; their number may tell the layout.
    pub bias: Option<Vec<f32>>,
    values: Vec<f32>,
}

impl Matrix {
    /// The layout that the number of biases tells.
    pub fn told_by_bias(&self) -> Option<Layout> {
        let [first, second] = self.sides;
        let count = self.bias.as_ref()?.len();
        match (count == first, count == second) {
            (true, false) => Some(Layout::OutIn),
            (false, true) => Some(Layout::InOut),
            _ => None,
        }
    }

    /// `(fan_in, fan_out)` under a layout; the biases decide where they can.
    pub fn shape(&self, layout: Layout) -> (usize, usize) {
        let [first, second] = self.sides;
        match self.told_by_bias().unwrap_or(layout) {
            Layout::OutIn => (second, first),
            Layout::InOut => (first, second),
        }
    }

    /// The layer under a layout; the biases decide where they can.
    pub fn layer(&self, layout: Layout) -> SourceLayer {
        let (fan_in, fan_out) = self.shape(layout);
        let weights = match self.told_by_bias().unwrap_or(layout) {
            Layout::OutIn => {
                Weights::from_row_major(fan_in, fan_out, &transposed(fan_out, fan_in, &self.values))
            }
            Layout::InOut => Weights::from_row_major(fan_in, fan_out, &self.values),
        };
        SourceLayer {
            name: self.name.clone(),
            weights,
            bias: self.bias.clone(),
        }
    }
}

/// One layer of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceLayer {
    /// Name of the weight tensor.
    pub name: String,
    pub weights: Weights,
    /// The biases, where the file has them.
    pub bias: Option<Vec<f32>>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Its two-dimensional tensors: those that were named, in that order, else all in the natural
    /// order of their names.
    pub matrices: Vec<Matrix>,
    /// Whether this program wrote it, so that order and layout are known.
    pub ours: bool,
    /// Of a file of ours, what else was trained, by the names of [`Parameters::tensors`]:
    /// normalizations with their running statistics, scalar biases, branch scales, and what
    /// normalized weights are made of. Shapes are those of [`Parameters::tensors`] too.
    pub others: BTreeMap<String, Tensor<'static>>,
    /// How many F64 numbers of what is held here are not exact as f32.
    pub rounded: usize,
    /// First 16 hexadecimal digits of the SHA-256 of the file.
    pub digest: String,
}

impl Checkpoint {
    /// What a reader of tables should know of how its numbers were read; `scheme` reads it.
    pub fn note(&self, scheme: &str) -> Option<String> {
        (self.rounded > 0).then(|| format!("{scheme}: the file's f64 numbers were rounded to f32"))
    }
}

/// The metadata key of our files.
pub const METADATA_KEY: &str = "goodinit";

/// The bytes of a `.safetensors` file of `parameters`. `metadata` becomes one JSON object under
/// [`METADATA_KEY`].
///
/// # Errors
/// Never for parameters of a model; the format's own checks otherwise.
pub fn encode(parameters: &Parameters, metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = parameters
        .tensors()
        .map(|tensor| {
            let (shape, values) = match tensor.shape.as_slice() {
                [fan_in, fan_out] => (
                    vec![*fan_out, *fan_in],
                    transposed(*fan_in, *fan_out, &tensor.values),
                ),
                shape => (shape.to_vec(), tensor.values.to_vec()),
            };
            let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            (tensor.name, shape, bytes)
        })
        .collect();
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>();
    let json = serde_json::to_string(metadata).map_err(|e| unwritable(&e))?;
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), json)]);
    serialize(views.map_err(|e| unwritable(&e))?, Some(metadata)).map_err(|e| unwritable(&e))
}

fn unwritable(error: &dyn std::fmt::Display) -> Error {
    Error::new(
        Kind::Store,
        format!("cannot write weights as safetensors: {error}"),
    )
}

fn transposed(rows: usize, cols: usize, values: &[f32]) -> Vec<f32> {
    (0..cols)
        .flat_map(|j| (0..rows).map(move |i| values[i * cols + j]))
        .collect()
}

/// Reads the file at `path`. `names` lists weight tensors, or their names without the last part, from
/// the data to the loss; empty takes all two-dimensional ones.
///
/// # Errors
/// The file cannot be read or is malformed, holds a type other than F64, F32, F16 or BF16, has no
/// layers, or not those named.
pub fn read(path: &Path, names: &[String]) -> Result<Checkpoint> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, &e))?;
    foreign::refuse(path, &bytes[..bytes.len().min(512)]).map_err(|e| {
        e.help("weights of PyTorch: safetensors.torch.save_file(model.state_dict(), \"model.safetensors\")")
    })?;
    decode(&bytes, names).map_err(|e| e.context(format!("{}", path.display())))
}

/// Reads the bytes of a file, see [`read`].
///
/// # Errors
/// As for [`read`].
pub fn decode(bytes: &[u8], names: &[String]) -> Result<Checkpoint> {
    let wrong = |message: String| Error::new(Kind::Data, message);
    if let Some(name) = repeated_name(bytes) {
        return Err(wrong(format!("there are two tensors `{name}`")));
    }
    let malformed = |e: safetensors::SafeTensorError| wrong(format!("not a safetensors file: {e}"));
    let file = SafeTensors::deserialize(bytes).map_err(malformed)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
    let ours = header
        .metadata()
        .as_ref()
        .is_some_and(|m| m.contains_key(METADATA_KEY));
    let mut tensors: BTreeMap<&str, TensorView<'_>> = BTreeMap::new();
    for (name, view) in file.iter() {
        if tensors.insert(without_wrappers(name), view).is_some() {
            return Err(wrong(format!(
                "there are two tensors `{}`",
                without_wrappers(name)
            )));
        }
    }
    let mut known: Vec<&str> = tensors
        .iter()
        .filter(|(name, view)| view.shape().len() == 2 && custom(name).is_some())
        .map(|(name, _)| *name)
        .collect();
    known.sort_by_key(|name| natural_key(name));
    let chosen = if names.is_empty() {
        known
    } else {
        names
            .iter()
            .map(|name| find(without_wrappers(name), &known))
            .collect::<Result<_>>()?
    };
    if chosen.is_empty() {
        let error = wrong("there are no two-dimensional tensors called *.weight or *kernel".to_owned());
        let held: Vec<String> = tensors
            .iter()
            .take(8)
            .map(|(name, view)| format!("`{name}` {:?}", view.shape()))
            .collect();
        let holds = |end: &str| tensors.keys().any(|name| name.ends_with(end));
        return Err(if holds("weight_orig") {
            error.help("pruned by PyTorch? `prune.remove(module, \"weight\")` before it is saved")
        } else if holds("weight_v") || holds("parametrizations.weight.original1") {
            error.help(
                "weight-normalized by PyTorch? `remove_weight_norm(module)`, or `remove_parametrizations(module, \"weight\")`, \
                 before it is saved",
            )
        } else {
            error.help(format!("it holds {}", held.join(", ")))
        });
    }
    let mut rounded = 0;
    let matrices = chosen
        .iter()
        .map(|name| matrix(name, &tensors, &mut rounded))
        .collect::<Result<_>>()?;
    let others: BTreeMap<String, Tensor<'static>> = tensors
        .iter()
        .filter(|(name, view)| sides_of_other(name) == Some(view.shape().len()))
        .map(|(name, view)| Ok(((*name).to_owned(), other(name, view, &mut rounded)?)))
        .collect::<Result<_>>()?;
    others_fit(&others, &chosen)?;
    let digest = hex(&Sha256::digest(bytes)[..8]);
    Ok(Checkpoint {
        matrices,
        ours,
        others,
        rounded,
        digest,
    })
}

/// Refuses tensors besides weights and biases that would not mean what they say: they go by the number in their name, so the
/// layers must stand in that order; and of weight normalization neither `weight_v` nor `weight_g` means anything alone.
fn others_fit(others: &BTreeMap<String, Tensor<'static>>, chosen: &[&str]) -> Result<()> {
    let in_order = (0..)
        .zip(chosen)
        .all(|(i, name)| *name == format!("layers.{i}.weight"));
    if let (Some(name), false) = (others.keys().next(), in_order) {
        let message =
            format!("`{name}` goes by the number of its layer, and the layers are taken in another order");
        return Err(
            Error::new(Kind::Data, message).help("leave `names` out, or take that tensor out of the file")
        );
    }
    for name in others.keys() {
        let pairs = [(".weight_v", ".weight_g"), (".weight_g", ".weight_v")];
        for (end, other) in pairs {
            let partner = name.strip_suffix(end).map(|stem| format!("{stem}{other}"));
            if let Some(partner) = partner.filter(|partner| !others.contains_key(partner)) {
                let message = format!("there is `{name}` and no `{partner}` that goes with it");
                return Err(Error::new(Kind::Data, message)
                    .help("weight_v is two-dimensional, and weight_g has one number for each unit"));
            }
        }
    }
    Ok(())
}

/// A name that the header of a file has twice: JSON readers take the last and say nothing.
fn repeated_name(bytes: &[u8]) -> Option<String> {
    struct Names(Option<String>);
    impl<'de> Deserialize<'de> for Names {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
            deserializer.deserialize_map(Names(None))
        }
    }
    impl<'de> Visitor<'de> for Names {
        type Value = Names;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("names and what they stand for")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Names, A::Error> {
            let (mut seen, mut twice) = (BTreeSet::new(), None);
            while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                if !seen.insert(name.clone()) {
                    twice = twice.or(Some(name));
                }
            }
            Ok(Names(twice))
        }
    }
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let Names(twice) = serde_json::from_slice(rest.get(..length)?).ok()?;
    twice
}

/// A name without what `DistributedDataParallel` and `torch.compile` put before it.
fn without_wrappers(name: &str) -> &str {
    let mut name = name;
    while let Some(rest) = ["module.", "_orig_mod."]
        .iter()
        .find_map(|w| name.strip_prefix(w))
    {
        name = rest;
    }
    name
}

/// The layout that goes with a tensor of this name; `None`: it is not a layer's.
fn custom(name: &str) -> Option<Layout> {
    if name == "weight" || name.ends_with(".weight") {
        Some(Layout::OutIn)
    } else {
        name.ends_with("kernel").then_some(Layout::InOut)
    }
}

/// How many dimensions a tensor of ours of this name has that is neither the weights of a layer nor
/// its biases.
fn sides_of_other(name: &str) -> Option<usize> {
    let of_layer = name.starts_with("layers.");
    if of_layer && name.ends_with(".weight_v") {
        return Some(2);
    }
    let vector = name.starts_with("norms.")
        || name.starts_with("scalars.")
        || name == "branch_scales"
        || of_layer && name.ends_with(".weight_g");
    vector.then_some(1)
}

/// Such a tensor.
fn other(name: &str, view: &TensorView<'_>, rounded: &mut usize) -> Result<Tensor<'static>> {
    let values = floats(name, view, rounded)?;
    if values.is_empty() {
        return Err(Error::new(
            Kind::Data,
            format!("`{name}` is empty: its shape is {:?}", view.shape()),
        ));
    }
    let (shape, values) = match view.shape() {
        [fan_out, fan_in] => (vec![*fan_in, *fan_out], transposed(*fan_out, *fan_in, &values)),
        shape => (shape.to_vec(), values),
    };
    Ok(Tensor {
        name: name.to_owned(),
        shape,
        values: values.into(),
    })
}

fn stem(name: &str) -> &str {
    let end = name.rfind(['.', '/']).map_or(0, |i| i + 1);
    &name[..end]
}

fn find<'a>(name: &str, matrices: &[&'a str]) -> Result<&'a str> {
    let matches = |m: &&&str| **m == name || stem(m).trim_end_matches(['.', '/']) == name;
    matrices.iter().find(matches).copied().ok_or_else(|| {
        let known: Vec<&str> = matrices.to_vec();
        Error::new(Kind::Data, format!("there is no layer `{name}`"))
            .help(crate::support::catalog::suggest(name, known, "layers"))
    })
}

fn matrix(name: &str, tensors: &BTreeMap<&str, TensorView<'_>>, rounded: &mut usize) -> Result<Matrix> {
    let view = &tensors[name];
    let sides = [view.shape()[0], view.shape()[1]];
    if sides.contains(&0) {
        return Err(Error::new(
            Kind::Data,
            format!("`{name}` is empty: its shape is {sides:?}"),
        ));
    }
    let bias_name = format!("{}bias", stem(name));
    let bias = match tensors.get(bias_name.as_str()) {
        Some(view) => Some(floats(&bias_name, view, rounded)?),
        None => None,
    };
    if let Some(bias) = &bias
        && !sides.contains(&bias.len())
    {
        let message = format!(
            "`{bias_name}` has {} values, which is neither side of `{name}`, {sides:?}",
            bias.len()
        );
        return Err(Error::new(Kind::Data, message));
    }
    Ok(Matrix {
        name: name.to_owned(),
        sides,
        custom: custom(name).unwrap_or(Layout::OutIn),
        bias,
        values: floats(name, view, rounded)?,
    })
}

/// The elements as f32; F64 is rounded to nearest, and `rounded` counts those that are not exact.
/// F16 and BF16 are exact.
fn floats(name: &str, view: &TensorView<'_>, rounded: &mut usize) -> Result<Vec<f32>> {
    let data = view.data();
    let two = |b: &[u8]| u16::from_le_bytes([b[0], b[1]]);
    Ok(match view.dtype() {
        Dtype::F32 => data
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect(),
        Dtype::F64 => data
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
            .map(|x| {
                let nearest = x as f32;
                *rounded += usize::from(f64::from(nearest) != x);
                nearest
            })
            .collect(),
        Dtype::BF16 => data
            .chunks_exact(2)
            .map(|b| f32::from_bits(u32::from(two(b)) << 16))
            .collect(),
        Dtype::F16 => data.chunks_exact(2).map(|b| half(two(b))).collect(),
        other => {
            let message = format!("`{name}` is stored as {other:?}; F64, F32, F16 and BF16 can be read");
            return Err(Error::new(Kind::Data, message));
        }
    })
}

/// The f32 with the value of an IEEE half-precision number.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction as f32 * f32::from_bits((127 - 24) << 23),
        31 => f32::from_bits(0x7f80_0000 | fraction << 13),
        _ => f32::from_bits((exponent + 127 - 15) << 23 | fraction << 13),
    };
    sign * magnitude
}

/// Runs of digits compare as numbers, everything else as text.
fn natural_key(name: &str) -> Vec<(u64, String)> {
    let mut key: Vec<(u64, String)> = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest[..digits].parse().unwrap_or(u64::MAX);
        let number = if digits == 0 { 0 } else { number };
        rest = &rest[digits..];
        let text = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        key.push((number, rest[..text].to_owned()));
        rest = &rest[text..];
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tensors: &[(&str, Dtype, &[usize], Vec<u8>)]) -> Vec<u8> {
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            (*name, TensorView::new(*dtype, shape.to_vec(), bytes).unwrap())
        });
        serialize(views, None).unwrap()
    }

    fn f32s(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[test]
    fn tensors_that_would_not_mean_what_they_say_are_refused() {
        let square = |name| (name, Dtype::F32, &[2, 2][..], f32s(&[1.0; 4]));
        let units = |name| (name, Dtype::F32, &[2][..], f32s(&[1.0; 2]));
        let both = [square("layers.0.weight"), square("layers.1.weight")];
        let normalized = [square("layers.0.weight_v"), units("layers.0.weight_g")];
        let whole = [&both[..], &normalized[..]].concat();
        assert_eq!(decode(&file(&whole), &[]).unwrap().others.len(), 2);
        let order = ["layers.1".to_owned(), "layers.0".to_owned()];
        assert!(decode(&file(&both), &order).is_ok());
        let error = decode(&file(&whole), &order).unwrap_err().to_string();
        assert!(error.contains("goes by the number of its layer"), "{error}");
        // As PyTorch has it.
        let column = ("layers.0.weight_g", Dtype::F32, &[2, 1][..], f32s(&[1.0; 2]));
        for alone in [
            vec![normalized[0].clone()],
            vec![normalized[1].clone()],
            vec![normalized[0].clone(), column],
        ] {
            let error = decode(&file(&[&both[..], &alone].concat()), &[])
                .unwrap_err()
                .to_string();
            assert!(error.contains("that goes with it"), "{error}");
        }
    }

    #[test]
    fn a_tensor_without_elements_is_refused_whatever_its_other_side() {
        for name in ["layers.0.weight", "layers.0.weight_v"] {
            let empty = (name, Dtype::F32, &[0, 1 << 60][..], Vec::new());
            let whole = ("layers.1.weight", Dtype::F32, &[2, 2][..], f32s(&[1.0; 4]));
            let gains = ("layers.0.weight_g", Dtype::F32, &[2][..], f32s(&[1.0; 2]));
            let error = decode(&file(&[empty, whole, gains]), &[])
                .unwrap_err()
                .to_string();
            assert!(error.contains(&format!("`{name}` is empty")), "{error}");
        }
    }

    #[test]
    fn a_name_that_the_header_has_twice_is_refused() {
        let entry = |end: usize| {
            format!(
                "\"a.weight\":{{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[{},{end}]}}",
                end - 4
            )
        };
        for second in [4, 8] {
            let header = format!("{{{},{}}}", entry(4), entry(second));
            let length = (header.len() as u64).to_le_bytes();
            let bytes = [&length[..], header.as_bytes(), &vec![0; second]].concat();
            let error = decode(&bytes, &[]).unwrap_err().to_string();
            assert!(error.contains("there are two tensors `a.weight`"), "{error}");
        }
    }

    #[test]
    fn ours_come_back_as_they_were_and_twice_the_same() {
        let parameters = Parameters {
            weights: vec![
                Weights::from_row_major(3, 2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
                Weights::from_row_major(2, 1, &[7.0, 8.0]),
            ],
            biases: vec![vec![0.5, 0.25], vec![-1.0]],
            ..Parameters::default()
        };
        let metadata = BTreeMap::from([
            ("trial".to_owned(), "abc".to_owned()),
            ("a".to_owned(), "b".to_owned()),
        ]);
        let bytes = encode(&parameters, &metadata).unwrap();
        assert_eq!(bytes, encode(&parameters, &metadata).unwrap());
        let source = decode(&bytes, &[]).unwrap();
        assert_eq!((source.matrices.len(), source.ours), (2, true));
        for (layer, (w, b)) in source
            .matrices
            .iter()
            .map(|m| m.layer(m.custom))
            .zip(parameters.weights.iter().zip(&parameters.biases))
        {
            assert_eq!((&layer.weights, layer.bias.as_ref()), (w, Some(b)));
        }
        // PyTorch's layout: (fan_out, fan_in).
        let view = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(view.tensor("layers.0.weight").unwrap().shape(), [2, 3]);
        assert_eq!(
            view.tensor("layers.0.weight").unwrap().data()[4..8],
            3.0f32.to_le_bytes()
        );
    }

    #[test]
    fn layouts_types_and_order_of_other_programs() {
        let bytes = file(&[
            ("net.10.weight", Dtype::F32, &[1, 2], f32s(&[1.0, 2.0])),
            ("net.2.weight", Dtype::BF16, &[2, 1], vec![0x80, 0x3f, 0x00, 0xc0]),
            ("net.2.bias", Dtype::F16, &[2], vec![0x00, 0x3c, 0x00, 0xb8]),
        ]);
        let source = decode(&bytes, &[]).unwrap();
        let names: Vec<&str> = source.matrices.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["net.2.weight", "net.10.weight"]);
        let layer = source.matrices[0].layer(Layout::OutIn);
        assert_eq!(layer.weights.to_row_major(), [1.0, -2.0]);
        assert_eq!(layer.bias, Some(vec![1.0, -0.5]));
        let named = decode(&bytes, &["net.10".to_owned()]).unwrap();
        assert_eq!(named.matrices.len(), 1);
        let error = decode(&bytes, &["net.11".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no layer `net.11`"), "{error}");

        let kernel = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let flax = file(&[("params/Dense_0/kernel", Dtype::F32, &[3, 2], f32s(&kernel))]);
        assert_eq!(
            decode(&flax, &[]).unwrap().matrices[0]
                .layer(Layout::InOut)
                .weights
                .to_row_major(),
            kernel
        );
    }

    /// What wrappers put before names is no part of them, and biases tell the layout.
    #[test]
    fn prefixes_biases_and_files_of_other_kinds() {
        let bytes = file(&[
            (
                "module._orig_mod.fc.weight",
                Dtype::F32,
                &[2, 1],
                f32s(&[1.0, 2.0]),
            ),
            ("module._orig_mod.fc.bias", Dtype::F32, &[1], f32s(&[0.5])),
        ]);
        let source = decode(&bytes, &["module.fc".to_owned()]).unwrap();
        let layer = source.matrices[0].layer(Layout::OutIn);
        assert_eq!(
            (
                layer.name.as_str(),
                layer.weights.fan_in(),
                layer.weights.fan_out()
            ),
            ("fc.weight", 2, 1)
        );
        let bias = file(&[
            ("fc.weight", Dtype::F32, &[2, 1], f32s(&[1.0, 2.0])),
            ("fc.bias", Dtype::F32, &[3], f32s(&[0.5; 3])),
        ]);
        let error = decode(&bias, &[]).unwrap_err().to_string();
        assert!(
            error.contains("`fc.bias` has 3 values, which is neither side of `fc.weight`"),
            "{error}"
        );
        let pruned = file(&[("fc.weight_orig", Dtype::F32, &[1, 1], f32s(&[1.0]))]);
        let error = decode(&pruned, &[]).unwrap_err().to_string();
        assert!(error.contains("pruned by PyTorch?"), "{error}");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.pt");
        std::fs::write(&path, b"PK\x03\x04rest").unwrap();
        let error = read(&path, &[]).unwrap_err().to_string();
        assert!(
            error.contains("model.pt is a zip archive") && error.contains("save_file"),
            "{error}"
        );
    }

    #[test]
    fn halves_are_exact() {
        for (bits, value) in [
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x7bff, 65504.0),
            (0x8000, -0.0f32),
        ] {
            assert_eq!(half(bits).to_bits(), f32::to_bits(value), "{bits:x}");
        }
        assert!(half(0x7e00).is_nan() && half(0x7c00) == f32::INFINITY);
    }

    #[test]
    fn damaged_files_are_refused() {
        let good = file(&[("a.weight", Dtype::F32, &[1, 1], f32s(&[1.0]))]);
        for cut in [0, 7, 20, good.len() - 1] {
            assert!(decode(&good[..cut], &[]).is_err(), "{cut}");
        }
        let integers = file(&[("a.weight", Dtype::I32, &[1, 1], vec![0; 4])]);
        assert!(
            decode(&integers, &[])
                .unwrap_err()
                .to_string()
                .contains("stored as I32")
        );
        let vector = file(&[("a.weight", Dtype::F32, &[1], f32s(&[1.0]))]);
        assert!(
            decode(&vector, &[])
                .unwrap_err()
                .to_string()
                .contains("no two-dimensional")
        );
    }
}
