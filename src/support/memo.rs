//! Values that are made once and shared by all threads that want them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::Result;

/// Values by key. Those used longest ago are let go when too much of them piles up; the last one made or used stays.
#[derive(Debug)]
pub struct Memo<T> {
    keep: usize,
    bytes: fn(&T) -> usize,
    entries: Mutex<Entries<T>>,
}

/// A value, or none yet. Who makes it holds the lock.
type Slot<T> = Arc<Mutex<Option<Arc<T>>>>;

#[derive(Debug)]
struct Entries<T> {
    by_key: BTreeMap<String, Entry<T>>,
    /// The keys of values that are made, by when each was used last.
    by_use: BTreeMap<u64, String>,
    clock: u64,
    /// Bytes of the values that are made.
    total: usize,
}

#[derive(Debug)]
struct Entry<T> {
    slot: Slot<T>,
    /// When it was used last, on the clock, and its bytes; none while it is being made.
    made: Option<(u64, usize)>,
}

impl<T> Memo<T> {
    /// Without values yet; keeps up to `keep` bytes of them, and `bytes` says how many one takes.
    pub fn new(keep: usize, bytes: fn(&T) -> usize) -> Self {
        let entries = Entries {
            by_key: BTreeMap::new(),
            by_use: BTreeMap::new(),
            clock: 0,
            total: 0,
        };
        Memo {
            keep,
            bytes,
            entries: Mutex::new(entries),
        }
    }

    /// The value of `key`, by `make` where it is not there. Others who want it meanwhile wait.
    ///
    /// # Errors
    /// Those of `make`; a failure is not remembered.
    pub fn get(&self, key: String, make: impl FnOnce() -> Result<Arc<T>>) -> Result<Arc<T>> {
        let slot = lock(&self.entries).used(&key);
        let mut value = lock(&slot);
        if let Some(value) = &*value {
            return Ok(Arc::clone(value));
        }
        let made = make()?;
        *value = Some(Arc::clone(&made));
        drop(value);
        lock(&self.entries).add(key, (self.bytes)(&made), self.keep);
        Ok(made)
    }
}

impl<T> Entries<T> {
    /// The place of `key`, which is used now.
    fn used(&mut self, key: &str) -> Slot<T> {
        self.clock += 1;
        let Some(entry) = self.by_key.get_mut(key) else {
            let slot = Slot::default();
            let entry = Entry {
                slot: Arc::clone(&slot),
                made: None,
            };
            self.by_key.insert(key.to_owned(), entry);
            return slot;
        };
        if let Some((used, _)) = &mut entry.made {
            let key = self.by_use.remove(used);
            *used = self.clock;
            self.by_use.extend(key.map(|key| (self.clock, key)));
        }
        Arc::clone(&entry.slot)
    }

    /// Counts a value that is made now, and lets go of the oldest until at most `keep` bytes are held.
    fn add(&mut self, key: String, bytes: usize, keep: usize) {
        self.clock += 1;
        if let Some(entry) = self.by_key.get_mut(&key) {
            entry.made = Some((self.clock, bytes));
            self.by_use.insert(self.clock, key);
            self.total += bytes;
        }
        while self.total > keep
            && self.by_use.len() > 1
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            let entry = self.by_key.remove(&oldest);
            self.total -= entry.and_then(|e| e.made).map_or(0, |(_, bytes)| bytes);
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

    fn get(memo: &Memo<usize>, value: usize) -> Arc<usize> {
        memo.get(value.to_string(), || Ok(Arc::new(value))).unwrap()
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let memo = Memo::new(5, |value: &usize| *value);
        for value in [1, 2, 1, 3] {
            get(&memo, value);
        }
        let left = || lock(&memo.entries).by_key.keys().cloned().collect::<Vec<_>>();
        assert_eq!(left(), ["1", "3"]);
        get(&memo, 9);
        assert_eq!(left(), ["9"]);
    }

    #[test]
    fn a_value_is_made_once_for_any_number_of_threads_and_a_failure_is_not_kept() {
        let memo = Memo::new(100, |_| 1);
        let failed = memo.get("7".to_owned(), || Err(Error::new(Kind::Trial, "no")));
        assert!(failed.is_err());
        let first = get(&memo, 7);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert!(Arc::ptr_eq(&get(&memo, 7), &first)));
            }
        });
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            memo.get("8".to_owned(), || panic!("while it is made"))
        }));
        assert!(panic.is_err());
        assert_eq!(*get(&memo, 8), 8);
    }
}
