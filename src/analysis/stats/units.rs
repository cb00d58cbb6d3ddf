//! Trials in independent units: replicates, or the seeds of a crossing.

use std::collections::{BTreeMap, BTreeSet};

use super::Crossing;

/// Seeds of replicate, weights, order and data.
pub type Seeds = [u32; 4];

/// Values in units that are independent of each other: one value each, or what one replicate scored
/// at several learning rates.
#[derive(Debug, Clone, PartialEq)]
pub struct Units<T> {
    /// Unit by unit.
    values: Vec<T>,
    /// Where each unit ends in `values`.
    ends: Vec<usize>,
    /// The seeds of each unit; 0 for what varies within units.
    seeds: Vec<Seeds>,
    /// How units hang together, if they do.
    crossing: Option<Crossing>,
}

impl<T: Copy> Units<T> {
    /// Every value is a unit.
    pub fn single(values: Vec<T>) -> Self {
        Units {
            ends: (1..=values.len()).collect(),
            seeds: (0..values.len() as u32).map(|i| [i, 0, 0, 0]).collect(),
            values,
            crossing: None,
        }
    }

    /// The values of trials that have these seeds. The units are replicates; where there is but one,
    /// the combinations of seeds, which hang together if they are crossed.
    pub fn of_trials(trials: impl IntoIterator<Item = (Seeds, T)>) -> Self {
        let trials: Vec<(Seeds, T)> = trials.into_iter().collect();
        let several = trials.iter().any(|(seeds, _)| seeds[0] != trials[0].0[0]);
        let unit = |(seeds, value): (Seeds, T)| match several {
            true => ([seeds[0], 0, 0, 0], value),
            false => (seeds, value),
        };
        Units::of_units(trials.into_iter().map(unit))
    }

    /// Values whose units have these seeds. Units stand in the order in which their seeds first
    /// come, and values in theirs.
    pub fn of_units(values: impl IntoIterator<Item = (Seeds, T)>) -> Self {
        let mut places: BTreeMap<Seeds, usize> = BTreeMap::new();
        let (mut units, mut seeds): (Vec<Vec<T>>, Vec<Seeds>) = (Vec::new(), Vec::new());
        for (unit, value) in values {
            let place = *places.entry(unit).or_insert(units.len());
            if place == units.len() {
                units.push(Vec::new());
                seeds.push(unit);
            }
            units[place].push(value);
        }
        let ends = units.iter().scan(0, |end, unit| {
            *end += unit.len();
            Some(*end)
        });
        let replicates: BTreeSet<u32> = seeds.iter().map(|s| s[0]).collect();
        let others: Vec<[u32; 3]> = seeds.iter().map(|[_, rest @ ..]| *rest).collect();
        Units {
            ends: ends.collect(),
            values: units.concat(),
            crossing: (replicates.len() == 1).then(|| Crossing::of(&others)).flatten(),
            seeds,
        }
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether every unit has one value, and none hangs together with another.
    pub fn are_single(&self) -> bool {
        self.crossing.is_none() && self.values.len() == self.ends.len()
    }

    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The seeds of each unit.
    pub fn seeds(&self) -> &[Seeds] {
        &self.seeds
    }

    /// How the units hang together, if they do.
    pub fn crossing(&self) -> Option<&Crossing> {
        self.crossing.as_ref()
    }

    /// The values of each unit.
    pub fn each(&self) -> impl Iterator<Item = &[T]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.values[start..*end])
    }

    /// The same units with other values.
    pub fn map<U>(&self, other: impl FnMut(T) -> U) -> Units<U> {
        Units {
            values: self.values.iter().copied().map(other).collect(),
            ends: self.ends.clone(),
            seeds: self.seeds.clone(),
            crossing: self.crossing.clone(),
        }
    }
}
