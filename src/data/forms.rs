//! Preprocessed rows in the forms that training wants, shared by all preparations that have the
//! same ones (other label noise, another split without statistics of it).

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Dataset;
use super::scaling::Scaling;
use crate::numerics::SparseRows;

/// Datasets up to so many values are preprocessed once; larger ones row by row, as they are
/// gathered. The bits are the same.
const READY_VALUES: usize = 1 << 20;

/// Preprocessed rows; both forms may be absent.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// All rows, row-major, where they are few.
    pub(super) ready: Option<Vec<f32>>,
    /// All rows without their zeros, where those are many.
    pub(super) sparse: Option<SparseRows>,
}

impl Forms {
    fn new(dataset: &Dataset, scaling: &Scaling, sparse: bool) -> Self {
        let (rows, cols) = (dataset.rows, dataset.cols);
        let ready = (rows * cols <= READY_VALUES).then(|| {
            let mut values = vec![0.0; rows * cols];
            for (row, out) in values.chunks_exact_mut(cols).enumerate() {
                scaling.apply(dataset, row, out);
            }
            values
        });
        let sparse = sparse.then(|| {
            let mut sparse = SparseRows::with_cols(cols)?;
            let mut values = vec![0.0; cols];
            for row in 0..rows {
                scaling.apply(dataset, row, &mut values);
                sparse.push(&values)?;
            }
            Some(sparse)
        });
        Forms {
            ready,
            sparse: sparse.flatten(),
        }
    }

    /// About how much memory this takes.
    pub(super) fn bytes(&self) -> usize {
        let sparse = self.sparse.as_ref();
        let ready = self.ready.as_ref().map_or(0, |v| v.len() * 4);
        ready + sparse.map_or(0, |s| (s.density() * (s.rows() * s.cols()) as f64) as usize * 6)
    }
}

/// What forms are in use; it keeps none alive itself.
#[derive(Debug, Default)]
pub(super) struct KnownForms(Mutex<Vec<Known>>);

#[derive(Debug)]
struct Known {
    digest: String,
    scaling: Scaling,
    sparse: bool,
    forms: Weak<Forms>,
}

impl KnownForms {
    /// The forms of `dataset` under `scaling`, made where there are none in use.
    pub(super) fn forms(&self, dataset: &Dataset, scaling: &Scaling, sparse: bool) -> Arc<Forms> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.forms.strong_count() > 0);
        let fits = |k: &&Known| k.digest == dataset.digest && k.scaling == *scaling && k.sparse == sparse;
        if let Some(forms) = all.iter().find(fits).and_then(|known| known.forms.upgrade()) {
            return forms;
        }
        let forms = Arc::new(Forms::new(dataset, scaling, sparse));
        all.push(Known {
            digest: dataset.digest.clone(),
            scaling: scaling.clone(),
            sparse,
            forms: Arc::downgrade(&forms),
        });
        forms
    }
}
