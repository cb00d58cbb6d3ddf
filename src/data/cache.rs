//! Each dataset in memory once, whatever the number of trials that use it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::forms;
use super::prepare::prepare_on;
use super::{DataSpec, Dataset, Environment, Prepared, load};
use crate::support::error::Result;

/// Prepared data kept beyond its use, at most; a grid may have a data seed for every replicate.
const KEEP_BYTES: usize = 256 << 20;

/// Loads each dataset at most once and prepares it at most once per (spec, label noise, data
/// seed), for any number of threads. What is not in use is let go when too much of it piles up.
#[derive(Debug)]
pub struct Cache {
    seed: u64,
    environment: Environment,
    datasets: Mutex<BTreeMap<String, Slot<Dataset>>>,
    prepared: Mutex<PreparedEntries>,
    forms: forms::KnownForms,
}

type Slot<T> = Arc<Mutex<Option<Arc<T>>>>;

#[derive(Debug, Default)]
struct PreparedEntries {
    clock: u64,
    entries: BTreeMap<String, (u64, Slot<Prepared>)>,
}

impl Cache {
    /// An empty cache for an experiment with `seed`.
    pub fn new(seed: u64, environment: Environment) -> Self {
        Cache {
            seed,
            environment,
            datasets: Mutex::default(),
            prepared: Mutex::default(),
            forms: forms::KnownForms::default(),
        }
    }

    /// The dataset of `spec`, read on first use. Others who want it meanwhile wait.
    ///
    /// # Errors
    /// As [`load`]; a failure is not remembered.
    pub fn dataset(&self, spec: &DataSpec) -> Result<Arc<Dataset>> {
        let slot = Arc::clone(lock(&self.datasets).entry(spec.source.to_string()).or_default());
        let mut slot = lock(&slot);
        if let Some(dataset) = &*slot {
            return Ok(Arc::clone(dataset));
        }
        let dataset = load(spec, self.seed, &self.environment)?;
        *slot = Some(Arc::clone(&dataset));
        Ok(dataset)
    }

    /// The data of `spec` made ready with this label noise and data seed.
    ///
    /// # Errors
    /// As [`load`] and [`prepare`](super::prepare()).
    pub fn prepared(&self, spec: &DataSpec, label_noise: f64, data_seed: u64) -> Result<Arc<Prepared>> {
        let key = format!("{} {} {label_noise:?} {data_seed}", spec.source, spec.canonical());
        let slot = {
            let mut cached = lock(&self.prepared);
            cached.clock += 1;
            let now = cached.clock;
            let entry = cached.entries.entry(key).or_default();
            entry.0 = now;
            Arc::clone(&entry.1)
        };
        let mut place = lock(&slot);
        if let Some(prepared) = &*place {
            return Ok(Arc::clone(prepared));
        }
        let dataset = self.dataset(spec)?;
        let prepared = Arc::new(prepare_on(
            &self.forms,
            &dataset,
            spec,
            label_noise,
            self.seed,
            data_seed,
        )?);
        *place = Some(Arc::clone(&prepared));
        drop(place);
        lock(&self.prepared).tidy(KEEP_BYTES);
        Ok(prepared)
    }
}

impl PreparedEntries {
    /// Lets go of what was used longest ago until at most `keep` bytes are held.
    fn tidy(&mut self, keep: usize) {
        let mut sizes: Vec<(u64, String, usize)> = Vec::new();
        for (key, (used, slot)) in &self.entries {
            // One that is being prepared just now is in use.
            if let Ok(slot) = slot.try_lock()
                && let Some(prepared) = &*slot
            {
                sizes.push((*used, key.clone(), prepared.own_bytes()));
            }
        }
        let mut total: usize = sizes.iter().map(|s| s.2).sum();
        sizes.sort();
        for (_, key, bytes) in sizes.iter().take(sizes.len().saturating_sub(1)) {
            if total <= keep {
                break;
            }
            self.entries.remove(key);
            total -= bytes;
        }
    }
}

/// A panic in one trial must not take the data from all others; what is behind these locks is
/// only ever replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let cache = Cache::new(1, Environment::default());
        let spec = DataSpec::parse(&Value::Text("digits".into())).unwrap();
        for data_seed in [0, 1, 0, 2] {
            cache.prepared(&spec, 0.0, data_seed).unwrap();
        }
        let mut cached = lock(&cache.prepared);
        let one = {
            let slot = lock(&cached.entries.values().next().unwrap().1);
            slot.as_ref().unwrap().own_bytes()
        };
        cached.tidy(2 * one);
        let left: Vec<&str> = cached
            .entries
            .keys()
            .map(|k| k.rsplit(' ').next().unwrap())
            .collect();
        assert_eq!(left, ["0", "2"]);
    }
}
