//! A dataset as it was read: features kept as small as they came, targets, and a digest.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::support::error::{Error, Kind, Result};
use crate::support::text::hex;

/// Feature values as they came, exactly, kept small where they are small.
#[derive(Debug, Clone, PartialEq)]
pub enum Features {
    /// Bytes, as pixels are stored: one per sample and feature.
    U8(Vec<u8>),
    /// Numbers: one per sample and feature.
    F32(Vec<f32>),
    /// Numbers of which not all are exact as `f32`: large ones that differ by little (times in
    /// seconds, coordinates), decimal fractions.
    F64(Vec<f64>),
}

impl Features {
    /// Number of values, `rows x cols`.
    pub fn len(&self) -> usize {
        match self {
            Features::U8(v) => v.len(),
            Features::F32(v) => v.len(),
            Features::F64(v) => v.len(),
        }
    }

    /// Whether there are no values at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is to be predicted.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Class labels `0..classes`.
    Classes {
        /// The label of each row, below `classes`.
        labels: Vec<u16>,
        /// Number of classes, at least 2.
        classes: usize,
    },
    /// Real-valued targets, `rows x outputs`, row-major.
    Values {
        /// The values, rounded to `f32` only where a loss compares them with outputs.
        values: Vec<f64>,
        /// Values per row: the units of the output layer.
        outputs: usize,
    },
}

impl Targets {
    /// Width of the network's output layer.
    pub fn outputs(&self) -> usize {
        match self {
            Targets::Classes { classes, .. } => *classes,
            Targets::Values { outputs, .. } => *outputs,
        }
    }

    /// Feeds the targets, with their kind and width, to a hash.
    pub(super) fn hash_into(&self, hash: &mut Sha256) {
        match self {
            Targets::Classes { labels, classes } => {
                hash.update(b"classes");
                hash.update((*classes as u64).to_le_bytes());
                update_chunked(hash, labels, |x| x.to_le_bytes());
            }
            Targets::Values { values, outputs } => {
                hash.update(b"values");
                hash.update((*outputs as u64).to_le_bytes());
                update_chunked(hash, values, |x| x.to_le_bytes());
            }
        }
    }
}

/// A dataset in memory, as read; immutable and shared by all trials.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The catalogue value it was read for, without preprocessing or split.
    pub name: String,
    /// Number of samples.
    pub rows: usize,
    /// Features per sample.
    pub cols: usize,
    /// The features, `rows x cols`, row-major: those of one sample are together.
    pub features: Features,
    /// Class or values of each row.
    pub targets: Targets,
    /// Names of the classes where the source has them (categorical labels of a CSV file).
    pub class_names: Vec<String>,
    /// Rows that the source itself sets aside for testing (MNIST's official test images).
    pub official_test: Option<Range<usize>>,
    /// The largest value a feature can have where the format says so (255 for bytes, 16 for the
    /// digits): the divisor of `scale = "unit"`.
    pub unit: Option<f32>,
    /// How the file was read, a line each: separator, header, label; for files that the user brings.
    pub reading: Vec<String>,
    /// What a person may not have meant, a line each: an index among the features, a class without
    /// samples.
    pub notes: Vec<String>,
    /// SHA-256 of shape, features and targets, hexadecimal.
    pub digest: String,
}

/// A message lists so many classes at most.
const LISTED: usize = 20;

impl Dataset {
    /// A dataset of `targets` and `features` (`rows x cols`, row-major), with its digest.
    ///
    /// Floats that all are whole numbers from 0 to 255 are kept as bytes, and others as `f32` where
    /// that is exact, so that equal values have the same digest whatever file they came from.
    ///
    /// # Errors
    /// No rows or columns, lengths that do not agree, a label that is not below `classes`, or a
    /// value that is not finite.
    pub fn new(name: impl Into<String>, cols: usize, features: Features, targets: Targets) -> Result<Self> {
        let name = name.into();
        let wrong = |what: String| Err(Error::new(Kind::Data, format!("dataset `{name}`: {what}")));
        if cols == 0 || features.is_empty() {
            return wrong("there are no values in it".to_owned());
        }
        let rows = features.len() / cols;
        if rows * cols != features.len() || u32::try_from(rows).is_err() {
            return wrong(format!("{} values are not rows of {cols}", features.len()));
        }
        let (labelled, bad) = match &targets {
            Targets::Classes { labels, classes } => (
                labels.len(),
                labels.iter().position(|&l| usize::from(l) >= *classes),
            ),
            Targets::Values { values, outputs } => {
                let bad = values.iter().position(|&v| !(v as f32).is_finite());
                (
                    values.len() / (*outputs).max(1),
                    bad.map(|i| i / (*outputs).max(1)),
                )
            }
        };
        if let Targets::Values { values, outputs } = &targets
            && values.len() != labelled * outputs
        {
            return wrong(format!(
                "{} target values are not rows of {outputs}",
                values.len()
            ));
        }
        if labelled != rows {
            return wrong(format!("{rows} samples but {labelled} targets"));
        }
        if let Some(row) = bad {
            return wrong(format!("the target of row {} is out of range", row + 1));
        }
        let features = match features {
            Features::F64(values) => narrow(values),
            Features::F32(values) => bytes(&values).unwrap_or(Features::F32(values)),
            bytes @ Features::U8(_) => bytes,
        };
        let bad = match &features {
            Features::U8(_) => None,
            Features::F32(v) => v.iter().position(|x| !x.is_finite()),
            Features::F64(v) => v.iter().position(|&x| !(x as f32).is_finite()),
        };
        if let Some(i) = bad {
            return wrong(format!(
                "row {}, feature {} is not finite",
                i / cols + 1,
                i % cols + 1
            ));
        }
        let digest = digest(rows, cols, &features, &targets);
        Ok(Dataset {
            name,
            rows,
            cols,
            unit: None,
            features,
            targets,
            class_names: Vec::new(),
            official_test: None,
            reading: Vec::new(),
            notes: Vec::new(),
            digest,
        })
    }

    /// The name of a class, or its number.
    fn class_name(&self, class: usize) -> String {
        self.class_names
            .get(class)
            .cloned()
            .unwrap_or_else(|| class.to_string())
    }

    /// Names of the classes of which `there` is true, in order.
    fn listed(&self, there: impl Fn(usize) -> bool) -> String {
        let all: Vec<String> = (0..self.targets.outputs())
            .filter(|c| there(*c))
            .map(|c| format!("`{}`", self.class_name(c)))
            .collect();
        match all.len() {
            0 => "none".to_owned(),
            n if n > LISTED => format!("{}, and {} more", all[..LISTED].join(", "), n - LISTED),
            _ => all.join(", "),
        }
    }

    /// Samples of each class in `rows`; none for real-valued targets.
    pub(super) fn class_counts(&self, rows: impl Iterator<Item = usize>) -> Vec<usize> {
        let Targets::Classes { labels, classes } = &self.targets else {
            return Vec::new();
        };
        let mut counts = vec![0; *classes];
        rows.for_each(|row| counts[usize::from(labels[row])] += 1);
        counts
    }

    /// Checks that the official test part has no class that the rest lacks, and notes where most of
    /// its rows are rows of the rest too; both come from files.
    ///
    /// # Errors
    /// It has, and `unseen_classes` does not accept that; the message shows both lists.
    pub(super) fn compare_parts(&mut self, train: &Path, test: &Path, unseen_classes: bool) -> Result<()> {
        let Some(official) = self.official_test.clone() else {
            return Ok(());
        };
        let known: BTreeSet<[u8; 32]> = (0..official.start).map(|row| self.row_digest(row)).collect();
        let again = official
            .clone()
            .filter(|row| known.contains(&self.row_digest(*row)));
        let (again, tested) = (again.count(), official.len());
        if 2 * again > tested {
            self.notes.push(format!(
                "{again} of {tested} samples of {} are samples of {} too: what is tested has been trained on",
                test.display(),
                train.display()
            ));
        }
        let (seen, tested) = (self.class_counts(0..official.start), self.class_counts(official));
        let unseen = |c: usize| seen[c] == 0 && tested[c] > 0;
        if !(0..seen.len()).any(unseen) {
            return Ok(());
        }
        let message = format!(
            "{} has classes that training never sees: {}; {} has: {}",
            test.display(),
            self.listed(unseen),
            train.display(),
            self.listed(|c| seen[c] > 0)
        );
        if unseen_classes {
            self.notes.push(message);
            return Ok(());
        }
        Err(Error::new(Kind::Data, message)
            .help("spell the labels of both files alike, or accept these classes with unseen_classes = true"))
    }

    /// SHA-256 of the features and the target of a row.
    fn row_digest(&self, row: usize) -> [u8; 32] {
        let mut hash = Sha256::new();
        let values = row * self.cols..(row + 1) * self.cols;
        match &self.features {
            Features::U8(v) => hash.update(&v[values]),
            Features::F32(v) => update_chunked(&mut hash, &v[values], |x| x.to_le_bytes()),
            Features::F64(v) => update_chunked(&mut hash, &v[values], |x| x.to_le_bytes()),
        }
        match &self.targets {
            Targets::Classes { labels, .. } => hash.update(labels[row].to_le_bytes()),
            Targets::Values { values, outputs } => {
                let of_row = &values[row * outputs..(row + 1) * outputs];
                update_chunked(&mut hash, of_row, |x| x.to_le_bytes());
            }
        }
        hash.finalize().into()
    }

    /// Notes classes without samples, and labels of which almost every sample has its own.
    pub(super) fn doubt_classes(&mut self) {
        let counts = self.class_counts(0..self.rows);
        let there = counts.iter().filter(|n| **n > 0).count();
        if there < counts.len() {
            self.notes.push(format!(
                "no sample is of class {}: the network has {} outputs for {there} classes, and label noise draws \
                 the empty ones too; `classes` lists those to use",
                self.listed(|c| counts[c] == 0),
                counts.len()
            ));
        }
        if self.rows >= 10 && 2 * there > self.rows {
            self.notes.push(format!(
                "{there} classes in {} samples: almost every sample has a class of its own; is `label` right? for a \
                 real-valued target set task = \"regression\"",
                self.rows
            ));
        }
    }
}

/// Bytes where every value is a byte.
fn bytes(values: &[f32]) -> Option<Features> {
    // -0.0 compares equal to the byte 0, whose value is +0.0: features know no sign of zero.
    let small = values.iter().all(|&v| f32::from(v as u8) == v);
    small.then(|| Features::U8(values.iter().map(|&v| v as u8).collect()))
}

/// The smallest form that has every value exactly.
fn narrow(values: Vec<f64>) -> Features {
    if values.iter().any(|&v| f64::from(v as f32) != v) {
        return Features::F64(values);
    }
    let floats: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    bytes(&floats).unwrap_or(Features::F32(floats))
}

fn digest(rows: usize, cols: usize, features: &Features, targets: &Targets) -> String {
    let mut hash = Sha256::new();
    hash.update(b"goodinit data 1\n");
    hash.update((rows as u64).to_le_bytes());
    hash.update((cols as u64).to_le_bytes());
    match features {
        Features::U8(v) => {
            hash.update(b"u8");
            hash.update(v);
        }
        Features::F32(v) => {
            hash.update(b"f32");
            update_chunked(&mut hash, v, |x| x.to_le_bytes());
        }
        Features::F64(v) => {
            hash.update(b"f64");
            update_chunked(&mut hash, v, |x| x.to_le_bytes());
        }
    }
    targets.hash_into(&mut hash);
    hex(&hash.finalize())
}

/// Hashes little-endian bytes of `items` without a copy of them all.
pub(super) fn update_chunked<T: Copy, const N: usize>(
    hash: &mut Sha256,
    items: &[T],
    bytes: impl Fn(T) -> [u8; N],
) {
    let mut buffer = Vec::with_capacity(N * items.len().min(4096));
    for chunk in items.chunks(4096) {
        buffer.clear();
        for &x in chunk {
            buffer.extend_from_slice(&bytes(x));
        }
        hash.update(&buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(labels: &[u16], classes: usize) -> Targets {
        Targets::Classes {
            labels: labels.to_vec(),
            classes,
        }
    }

    #[test]
    fn whole_floats_and_bytes_are_the_same_dataset() {
        let a = Dataset::new("a", 2, Features::U8(vec![0, 255, 3, 4]), labels(&[0, 1], 2)).unwrap();
        let b = Dataset::new(
            "b",
            2,
            Features::F32(vec![0.0, 255.0, 3.0, 4.0]),
            labels(&[0, 1], 2),
        )
        .unwrap();
        assert_eq!(a.digest, b.digest);
        assert_eq!(a.features, b.features);
        assert_eq!((a.rows, a.cols), (2, 2));
        let wide = Features::F64(vec![0.0, 255.0, 3.0, 4.0]);
        let b = Dataset::new("b", 2, wide, labels(&[0, 1], 2)).unwrap();
        assert_eq!((&a.digest, &a.features), (&b.digest, &b.features));
        let exact = [Features::F64(vec![0.5, 1e9]), Features::F32(vec![0.5, 1e9])];
        let [b, c] = exact.map(|f| Dataset::new("b", 1, f, labels(&[0, 1], 2)).unwrap());
        assert_eq!((b.digest, b.features), (c.digest, c.features));
        let c = Dataset::new("c", 2, Features::U8(vec![0, 255, 3, 5]), labels(&[0, 1], 2)).unwrap();
        let d = Dataset::new("d", 2, Features::U8(vec![0, 255, 3, 4]), labels(&[0, 0], 2)).unwrap();
        assert_ne!(a.digest, c.digest);
        assert_ne!(a.digest, d.digest);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let u8s = || Features::U8(vec![1; 6]);
        for (cols, features, targets, says) in [
            (4, u8s(), labels(&[0], 1), "6 values are not rows of 4"),
            (0, u8s(), labels(&[0], 1), "no values"),
            (3, Features::U8(vec![]), labels(&[], 1), "no values"),
            (3, u8s(), labels(&[0], 1), "2 samples but 1 targets"),
            (3, u8s(), labels(&[0, 2], 2), "target of row 2 is out of range"),
            (
                1,
                Features::F32(vec![0.5, f32::NAN]),
                labels(&[0, 0], 1),
                "row 2, feature 1 is not finite",
            ),
            (
                3,
                u8s(),
                Targets::Values {
                    values: vec![1.0; 5],
                    outputs: 2,
                },
                "5 target values are not rows of 2",
            ),
            (
                3,
                u8s(),
                Targets::Values {
                    values: vec![1.0, f64::INFINITY],
                    outputs: 1,
                },
                "target of row 2",
            ),
        ] {
            let error = Dataset::new("x", cols, features, targets)
                .unwrap_err()
                .to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
