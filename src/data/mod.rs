//! Datasets: a catalogue, loading, preprocessing, splits, label noise and digests.

use std::sync::Arc;

use crate::numerics::Batch;

/// Feature values as they came, kept small where they are small.
#[derive(Debug, Clone, PartialEq)]
pub enum Features {
    /// Bytes (pixels).
    U8(Vec<u8>),
    /// Floats.
    F32(Vec<f32>),
}

/// What is to be predicted.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Class labels `0..classes`.
    Classes {
        /// One label per row.
        labels: Vec<u16>,
        /// Number of classes.
        classes: usize,
    },
    /// Real-valued targets, `rows x outputs`, row-major.
    Values {
        /// The values.
        values: Vec<f32>,
        /// Values per row.
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
}

/// A dataset in memory, as read; immutable and shared by all trials.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Canonical text of the catalogue value, the coordinate in tables.
    pub name: String,
    /// Number of samples.
    pub rows: usize,
    /// Features per sample.
    pub cols: usize,
    /// `rows x cols`, row-major.
    pub features: Features,
    /// One target per row.
    pub targets: Targets,
    /// Rows that the source itself sets aside for testing (MNIST's official test images).
    pub official_test: Option<std::ops::Range<usize>>,
    /// SHA-256 of features and targets, hexadecimal.
    pub digest: String,
}

/// Row numbers of each part of a dataset, ascending.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Split {
    /// Rows to train on.
    pub train: Vec<u32>,
    /// Rows to choose by (rates, best epoch).
    pub validation: Vec<u32>,
    /// Rows to report on.
    pub test: Vec<u32>,
}

/// A dataset made ready for one experiment: split, preprocessed, labels possibly noisy.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The raw data.
    pub dataset: Arc<Dataset>,
    /// The division.
    pub split: Split,
    /// Targets after label noise (training rows only are ever changed).
    pub targets: Arc<Targets>,
    /// Hash over everything that training sees; the `data_hash` column.
    pub hash: String,
}

impl Prepared {
    /// Features per sample.
    pub fn inputs(&self) -> usize {
        self.dataset.cols
    }

    /// Width of the network's output.
    pub fn outputs(&self) -> usize {
        self.targets.outputs()
    }

    /// Copies the preprocessed features of `rows` into `out` (resized to `rows.len() x inputs`).
    pub fn gather(&self, rows: &[u32], out: &mut Batch) {
        out.resize(rows.len(), self.inputs());
        for (i, &row) in rows.iter().enumerate() {
            let start = row as usize * self.dataset.cols;
            match &self.dataset.features {
                Features::U8(v) => {
                    for (o, &p) in out.row_mut(i).iter_mut().zip(&v[start..]) {
                        *o = f32::from(p) / 255.0;
                    }
                }
                Features::F32(v) => out.row_mut(i).copy_from_slice(&v[start..][..self.dataset.cols]),
            }
        }
    }
}
