//! IDX files, the format of MNIST, of any count and image size, gzipped or not.
//!
//! Layout (LeCun, Cortes, Burges): two zero bytes, the element type (0x08: unsigned byte), the
//! number of dimensions, each dimension as a big-endian u32, then the elements, last dimension
//! fastest.

use std::path::{Path, PathBuf};

use super::file::DataFile;
use super::{Dataset, Environment, Features, KnownDataset, Targets};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

pub(super) static ITEM: KnownDataset = KnownDataset::brought(
    &Entry {
        name: "idx",
        aliases: &[],
        summary: "a directory of IDX files named like MNIST's, of any count and image size, gzipped or not",
        formula: "bytes, 0 to 255",
        citation: "Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits, file formats",
        parameters: &[
            Parameter::path(
                "path",
                "directory with train-images-idx3-ubyte, train-labels-idx1-ubyte and perhaps the t10k- or test- pair",
            ),
            Parameter::text(
                "prefix",
                "",
                "what the file names begin with, for example \"emnist-letters-\"",
            ),
            Parameter::flag(
                "unseen_classes",
                false,
                "accept classes in the test file that the training file does not have",
            ),
        ],
    },
    "as in the files",
    "files you bring",
    load,
);

/// The header of an IDX file of bytes, checked against the length of the file.
pub(super) struct Idx {
    source: DataFile,
    dimensions: Vec<usize>,
}

impl Idx {
    /// Reads the header and checks that the data it promises can be there.
    pub(super) fn open(source: DataFile) -> Result<Idx> {
        let mut source = source;
        let mut header = Vec::new();
        source.read_into(4, &mut header)?;
        let wrong = |what: String| {
            let message = format!("{}: {what}", source.path().display());
            Error::new(Kind::Data, message).help(
                "an IDX file of bytes begins with 00 00 08 and the number of dimensions: 03 for images, 01 for labels",
            )
        };
        let magic = header
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<Vec<_>>()
            .join(" ");
        if header[..2] != [0, 0] {
            return Err(wrong(format!(
                "wrong magic number {magic} at byte 0: not an IDX file"
            )));
        }
        if header[2] != 8 {
            return Err(wrong(format!(
                "element type {:02x} at byte 2 is not 08, unsigned bytes",
                header[2]
            )));
        }
        let count = usize::from(header[3]);
        if !(1..=4).contains(&count) {
            return Err(wrong(format!(
                "{count} dimensions at byte 3, where 1 to 4 make sense"
            )));
        }
        header.clear();
        source.read_into(4 * count as u64, &mut header)?;
        let dimensions: Vec<usize> = header
            .chunks_exact(4)
            .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize)
            .collect();
        let total = dimensions.iter().try_fold(1u64, |a, &d| a.checked_mul(d as u64));
        let Some(total) = total.filter(|&t| t > 0) else {
            let message = format!(
                "{}: dimensions {dimensions:?} make no data",
                source.path().display()
            );
            return Err(Error::new(Kind::Data, message));
        };
        source.expect(total)?;
        Ok(Idx { source, dimensions })
    }

    /// Samples: the first dimension.
    pub(super) fn rows(&self) -> usize {
        self.dimensions[0]
    }

    /// Values per sample: the product of the other dimensions.
    pub(super) fn cols(&self) -> usize {
        self.dimensions[1..].iter().product()
    }

    /// Dimensions of the file.
    pub(super) fn dimensions(&self) -> &[usize] {
        &self.dimensions
    }

    /// Whether the file is gzipped.
    pub(super) fn is_gzipped(&self) -> bool {
        self.source.is_gzipped()
    }

    /// Appends all elements to `out` and checks that the file ends there.
    pub(super) fn read(mut self, out: &mut Vec<u8>) -> Result<()> {
        let total = self.dimensions.iter().map(|&d| d as u64).product();
        self.source.read_into(total, out)?;
        self.source.finish()
    }
}

/// A file of images and the file of their labels, with headers that agree.
pub(super) struct Pair {
    images: Idx,
    labels: Idx,
}

impl Pair {
    pub(super) fn open(images: DataFile, labels: DataFile) -> Result<Pair> {
        let (images, labels) = (Idx::open(images)?, Idx::open(labels)?);
        let complain = |idx: &Idx, what: &str| {
            let message = format!(
                "{}: dimensions {:?} are not {what}",
                idx.source.path().display(),
                idx.dimensions()
            );
            Err(Error::new(Kind::Data, message))
        };
        if images.dimensions().len() < 2 {
            return complain(&images, "those of images (count x height x width)");
        }
        if labels.dimensions().len() != 1 {
            return complain(&labels, "those of labels (one count)");
        }
        if images.rows() != labels.rows() {
            let message = format!(
                "{} has {} images but {} has {} labels",
                images.source.path().display(),
                images.rows(),
                labels.source.path().display(),
                labels.rows()
            );
            return Err(Error::new(Kind::Data, message));
        }
        Ok(Pair { images, labels })
    }
}

/// Reads a training pair and perhaps a test pair into one dataset, test rows last.
pub(super) fn join(name: &str, train: Pair, test: Option<Pair>, unseen_classes: bool) -> Result<Dataset> {
    let cols = train.images.cols();
    let official_test = test
        .as_ref()
        .map(|t| train.images.rows()..train.images.rows() + t.images.rows());
    if let Some(test) = &test
        && test.images.cols() != cols
    {
        let message = format!(
            "{} has images of {} values, but {} of {cols}",
            test.images.source.path().display(),
            test.images.cols(),
            train.images.source.path().display()
        );
        return Err(Error::new(Kind::Data, message));
    }
    let path = |pair: &Pair| pair.labels.source.path().to_owned();
    let paths = (path(&train), test.as_ref().map(path));
    let (mut pixels, mut bytes) = (Vec::new(), Vec::new());
    for pair in [Some(train), test].into_iter().flatten() {
        pair.labels.read(&mut bytes)?;
        pair.images.read(&mut pixels)?;
    }
    let classes = bytes.iter().max().map_or(0, |&m| usize::from(m) + 1);
    let labels = bytes.into_iter().map(u16::from).collect();
    let mut dataset = Dataset::new(
        name,
        cols,
        Features::U8(pixels),
        Targets::Classes { labels, classes },
    )?;
    dataset.unit = Some(255.0);
    dataset.official_test = official_test;
    dataset.doubt_classes();
    if let (train, Some(test)) = paths {
        dataset.compare_parts(&train, &test, unseen_classes)?;
    }
    Ok(dataset)
}

/// The training pair of a directory, and its test pair.
fn pairs(spec: &Spec) -> Result<(Pair, Option<Pair>)> {
    let dir = PathBuf::from(spec.text("path"));
    let prefix = spec.text("prefix");
    let metadata = std::fs::metadata(&dir).map_err(|e| Error::io("open", &dir, &e))?;
    if !metadata.is_dir() {
        let message = format!("{} is not a directory of IDX files", dir.display());
        return Err(Error::new(Kind::Data, message));
    }
    let find = |part: &str, kind: &str| files_in(&dir, &format!("{prefix}{part}"), kind).next();
    let pair = |part: &str| -> Result<Option<Pair>> {
        match (find(part, KINDS[0]), find(part, KINDS[1])) {
            (Some(images), Some(labels)) => {
                Pair::open(DataFile::open(&images)?, DataFile::open(&labels)?).map(Some)
            }
            (None, None) => Ok(None),
            (Some(there), None) | (None, Some(there)) => {
                let message = format!("{} is there, but not its counterpart", there.display());
                Err(Error::new(Kind::Data, message).help("images and labels come in pairs"))
            }
        }
    };
    let Some(train) = pair("train-")? else {
        let message = format!("there is no {prefix}train-images-idx3-ubyte in {}", dir.display());
        return Err(Error::new(Kind::Data, message).help("the file may also end in .gz"));
    };
    let test = match pair("t10k-")? {
        Some(test) => Some(test),
        None => pair("test-")?,
    };
    Ok((train, test))
}

fn load(spec: &Spec, _seed: u64, _: &Environment) -> Result<Dataset> {
    let (train, test) = pairs(spec)?;
    let mut dataset = join("idx", train, test, spec.flag("unseen_classes"))?;
    dataset.notes.extend(unread(spec));
    Ok(dataset)
}

/// Notes the files that might be meant, but are not read: a second form of one, a second test pair.
fn unread(spec: &Spec) -> Vec<String> {
    let (dir, prefix) = (PathBuf::from(spec.text("path")), spec.text("prefix"));
    let files = |part: &str, kind: &str| files_in(&dir, &format!("{prefix}{part}"), kind);
    let mut notes = Vec::new();
    for kind in KINDS {
        let test: Vec<PathBuf> = files("t10k-", kind).chain(files("test-", kind)).collect();
        for there in [files("train-", kind).collect(), test] {
            let (read, others) = there.split_at(there.len().min(1));
            notes.extend(
                others
                    .iter()
                    .map(|other| format!("{} is read, not {}", read[0].display(), other.display())),
            );
        }
    }
    notes
}

/// The elements of all files together, as their headers say; a byte each.
pub(super) fn estimated_bytes(spec: &Spec) -> Option<u64> {
    let (train, test) = pairs(spec).ok()?;
    let size = |idx: &Idx| idx.dimensions.iter().map(|&d| d as u64).product::<u64>();
    let pair = |pair: &Pair| size(&pair.images).saturating_add(size(&pair.labels));
    Some(pair(&train).saturating_add(test.as_ref().map_or(0, pair)))
}

/// What files of images and of labels are called behind the name of their part.
const KINDS: [&str; 2] = ["images-idx3-ubyte", "labels-idx1-ubyte"];

/// The files of that name in `dir`, the one to read first: plain before gzipped, `idx3` set off by a
/// hyphen or a dot.
fn files_in(dir: &Path, part: &str, kind: &str) -> impl Iterator<Item = PathBuf> + use<> {
    let (dir, part) = (dir.to_owned(), part.to_owned());
    [kind.to_owned(), kind.replacen("-idx", ".idx", 1)]
        .into_iter()
        .flat_map(move |kind| [format!("{part}{kind}"), format!("{part}{kind}.gz")])
        .map(move |name| dir.join(name))
        .filter(|path| path.exists())
}

#[cfg(test)]
pub(super) mod tests;
