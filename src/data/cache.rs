//! Each dataset in memory once, whatever the number of trials that use it.

use std::sync::Arc;

use super::forms;
use super::prepare::prepare_on;
use super::{DataSpec, Dataset, Environment, Prepared, load};
use crate::support::error::Result;
use crate::support::memo::Memo;

/// Prepared data kept beyond its use, at most; a grid may have a data seed for every replicate.
const KEEP_BYTES: usize = 256 << 20;

/// Loads each dataset at most once and prepares it at most once per (spec, label noise, data
/// seed), for any number of threads. What is not in use is let go when too much of it piles up.
#[derive(Debug)]
pub struct Cache {
    seed: u64,
    environment: Environment,
    datasets: Memo<Dataset>,
    prepared: Memo<Prepared>,
    forms: forms::KnownForms,
}

impl Cache {
    /// An empty cache for an experiment with `seed`.
    pub fn new(seed: u64, environment: Environment) -> Self {
        Cache {
            seed,
            environment,
            datasets: Memo::new(usize::MAX, |_| 0),
            prepared: Memo::new(KEEP_BYTES, Prepared::own_bytes),
            forms: forms::KnownForms::default(),
        }
    }

    /// The dataset of `spec`, read on first use. Others who want it meanwhile wait.
    ///
    /// # Errors
    /// As [`load`]; a failure is not remembered.
    pub fn dataset(&self, spec: &DataSpec) -> Result<Arc<Dataset>> {
        self.datasets.get(spec.source.to_string(), || {
            load(spec, self.seed, &self.environment)
        })
    }

    /// The data of `spec` made ready with this label noise and data seed.
    ///
    /// # Errors
    /// As [`load`] and [`prepare`](super::prepare()).
    pub fn prepared(&self, spec: &DataSpec, label_noise: f64, data_seed: u64) -> Result<Arc<Prepared>> {
        let key = format!("{} {} {label_noise:?} {data_seed}", spec.source, spec.canonical());
        self.prepared.get(key, || {
            let dataset = self.dataset(spec)?;
            let prepared = prepare_on(&self.forms, &dataset, spec, label_noise, self.seed, data_seed)?;
            Ok(Arc::new(prepared))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::catalog::Value;

    #[test]
    fn trials_share_one_dataset_and_one_preparation() {
        let cache = Cache::new(1, Environment::default());
        let spec = DataSpec::parse(&Value::Text("digits".into())).unwrap();
        let many: Vec<Arc<Prepared>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| cache.prepared(&spec, 0.0, 0).unwrap()))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(many.iter().all(|p| Arc::ptr_eq(p, &many[0])));
        let noisy = cache.prepared(&spec, 0.5, 0).unwrap();
        assert!(Arc::ptr_eq(&noisy.dataset, &many[0].dataset));
        assert_ne!(noisy.hash, many[0].hash);
        assert!(noisy.shares_rows_with(&many[0]));
        assert_ne!(cache.prepared(&spec, 0.0, 1).unwrap().hash, many[0].hash);
    }
}
