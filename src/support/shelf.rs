//! Values that are made once and shared by all threads that want them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::Result;

/// Values by key. Those that nobody uses are let go, the one used longest ago first, when too much of them piles up; the
/// last one used stays.
#[derive(Debug)]
pub struct Shelf<T> {
    keep: usize,
    bytes: fn(&T) -> usize,
    places: Mutex<Places<T>>,
}

/// A value, or none yet. Who makes it holds the lock.
type Slot<T> = Arc<Mutex<Option<Arc<T>>>>;

#[derive(Debug)]
struct Places<T> {
    clock: u64,
    /// When each was used last, on that clock.
    by_key: BTreeMap<String, (u64, Slot<T>)>,
}

impl<T> Shelf<T> {
    /// An empty shelf that keeps values of up to `keep` bytes in all; `bytes` says how many one takes.
    pub fn new(keep: usize, bytes: fn(&T) -> usize) -> Self {
        let places = Places {
            clock: 0,
            by_key: BTreeMap::new(),
        };
        Shelf {
            keep,
            bytes,
            places: Mutex::new(places),
        }
    }

    /// The value of `key`, by `make` where it is not there. Others who want it meanwhile wait.
    ///
    /// # Errors
    /// Those of `make`; a failure is not remembered.
    pub fn get(&self, key: String, make: impl FnOnce() -> Result<Arc<T>>) -> Result<Arc<T>> {
        let slot = {
            let mut places = lock(&self.places);
            places.clock += 1;
            let now = places.clock;
            let entry = places.by_key.entry(key).or_insert_with(|| (now, Slot::default()));
            entry.0 = now;
            Arc::clone(&entry.1)
        };
        let mut place = lock(&slot);
        if let Some(value) = &*place {
            return Ok(Arc::clone(value));
        }
        let value = make()?;
        *place = Some(Arc::clone(&value));
        drop(place);
        self.tidy(self.keep);
        Ok(value)
    }

    /// Lets go of what was used longest ago until at most `keep` bytes are held.
    fn tidy(&self, keep: usize) {
        let mut places = lock(&self.places);
        let mut sizes: Vec<(u64, String, usize)> = Vec::new();
        for (key, (used, slot)) in &places.by_key {
            // One that is being made just now is in use.
            if let Ok(slot) = slot.try_lock()
                && let Some(value) = &*slot
            {
                sizes.push((*used, key.clone(), (self.bytes)(value)));
            }
        }
        let mut total: usize = sizes.iter().map(|s| s.2).sum();
        sizes.sort();
        for (_, key, bytes) in sizes.iter().take(sizes.len().saturating_sub(1)) {
            if total <= keep {
                break;
            }
            places.by_key.remove(key);
            total -= bytes;
        }
    }
}

/// A panic in one trial must not take the values from all others; what is behind these locks is only ever replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::error::{Error, Kind};

    fn get(shelf: &Shelf<usize>, value: usize) -> Arc<usize> {
        shelf.get(value.to_string(), || Ok(Arc::new(value))).unwrap()
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let shelf = Shelf::new(5, |value: &usize| *value);
        for value in [1, 2, 1, 3] {
            get(&shelf, value);
        }
        let left = || lock(&shelf.places).by_key.keys().cloned().collect::<Vec<_>>();
        assert_eq!(left(), ["1", "3"]);
        get(&shelf, 9);
        assert_eq!(left(), ["9"]);
    }

    #[test]
    fn a_value_is_made_once_for_any_number_of_threads_and_a_failure_is_not_kept() {
        let shelf = Shelf::new(100, |_| 1);
        let failed = shelf.get("7".to_owned(), || Err(Error::new(Kind::Trial, "no")));
        assert!(failed.is_err());
        let first = get(&shelf, 7);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert!(Arc::ptr_eq(&get(&shelf, 7), &first)));
            }
        });
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            shelf.get("8".to_owned(), || panic!("while it is made"))
        }));
        assert!(panic.is_err());
        assert_eq!(*get(&shelf, 8), 8);
    }
}
