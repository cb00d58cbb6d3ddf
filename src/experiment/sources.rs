//! The files that the schemes of an experiment read: one for all trials, or one for each of several.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::axes::Cell;
use super::axis;
use super::coordinates::{Axis, Coordinates};
use super::{Experiment, Plan};
use crate::init::Scheme;
use crate::support::error::{Error, Kind, Result};

/// Missing files that are named.
const NAMED: usize = 3;

/// `scheme` as it is for the trial at `coordinates`, where that is not the same for all trials.
pub(super) fn of_trial(scheme: &dyn Scheme, coordinates: &Coordinates) -> Option<Arc<dyn Scheme>> {
    scheme.of_trial(&|name| Some(coordinates.text(Axis::named(name)?).into_owned()))
}

/// Whether what `scheme` reads is not the same for all trials.
pub(super) fn is_placed(scheme: &dyn Scheme) -> bool {
    scheme.of_trial(&|_| None).is_some()
}

impl Plan {
    /// The schemes that read a file of their own for some trials, each with its trial: of those
    /// that read the same file in the same cells, the first. Only cells that `wanted` names.
    pub(super) fn placed(
        &self,
        wanted: impl Fn(&Cell) -> bool,
    ) -> impl Iterator<Item = (usize, Arc<dyn Scheme>)> {
        let per_cell = self.seeds.len();
        let schemes = self.axes.scheme.items.iter();
        let placed: Vec<bool> = schemes.map(|item| is_placed(&*item.value.scheme)).collect();
        let has_files = move |cell: &Cell| placed[usize::from(cell[Axis::Scheme])] && wanted(cell);
        let cells = self
            .cells
            .iter()
            .enumerate()
            .filter(move |(_, cell)| has_files(cell));
        cells.flat_map(move |(c, cell)| {
            let scheme = &self.axes.scheme.of(cell).scheme;
            let mut seen = BTreeSet::new();
            let trials = (0..per_cell).map_while(move |s| {
                let i = c * per_cell + s;
                Some((i, of_trial(&**scheme, &self.coordinates(i))?))
            });
            trials.filter(move |(_, placed)| seen.insert(placed.source_path().map(Path::to_owned)))
        })
    }
}

impl Plan {
    /// Of every file that the scheme of some trial chooses by coordinates, in each cell that reads
    /// it: the path, and the first trial.
    pub(crate) fn weight_files(&self) -> impl Iterator<Item = (PathBuf, usize)> {
        let placed = self.placed(|_| true);
        placed.filter_map(|(i, scheme)| Some((scheme.source_path()?.to_owned(), i)))
    }

    /// Whether the scheme of trial `i` reads such a file.
    pub(crate) fn reads_weights(&self, i: usize) -> bool {
        is_placed(&*self.axes.scheme.of(self.cell(i)).scheme)
    }
}

impl Experiment {
    /// The schemes that read no file, or one for all trials.
    fn unplaced(&self) -> impl Iterator<Item = &dyn Scheme> {
        let schemes = self.axes.scheme.items.iter().map(|item| &*item.value.scheme);
        schemes.filter(|scheme| !is_placed(*scheme))
    }

    /// The others, for each file.
    fn placed(&self) -> BTreeMap<PathBuf, Arc<dyn Scheme>> {
        let mut files = BTreeMap::new();
        for (_, scheme) in self.plan().placed(|_| true) {
            if let Some(path) = scheme.source_path() {
                files.entry(path.to_owned()).or_insert(scheme);
            }
        }
        files
    }

    /// Whether the files that schemes read are there and well-formed.
    ///
    /// # Errors
    /// One is not. Of files that are missing the first few are named.
    pub fn ready(&self) -> Result<()> {
        let files = self.placed();
        let missing: Vec<&PathBuf> = files.keys().filter(|path| !path.exists()).collect();
        if !missing.is_empty() {
            return Err(self::missing(&missing, files.len()));
        }
        let mut schemes = self.unplaced().chain(files.values().map(|scheme| &**scheme));
        schemes.try_for_each(Scheme::ready)
    }

    /// Path and digest of the files that schemes read weights from, in the order of paths, without
    /// those that cannot be read.
    pub fn scheme_sources(&self) -> BTreeMap<PathBuf, String> {
        let files = self.placed();
        let schemes = self.unplaced().chain(files.values().map(|scheme| &**scheme));
        schemes
            .filter_map(|s| Some((s.source_path()?.to_owned(), s.source_digest()?)))
            .collect()
    }

    /// What the schemes read, as [`Experiment::digest`] has it: a digest for each scheme, in the
    /// order of the tables, then one for each file that only some trials read.
    pub(super) fn source_digests(&self) -> Vec<String> {
        let schemes = self.axes.scheme.items.iter();
        let own = schemes.map(|item: &super::axes::Interned<axis::Scheme>| item.value.scheme.source_digest());
        let placed = self.placed();
        let placed = placed.values().map(|scheme| scheme.source_digest());
        own.chain(placed).map(Option::unwrap_or_default).collect()
    }
}

fn missing(paths: &[&PathBuf], all: usize) -> Error {
    let named: Vec<String> = paths
        .iter()
        .take(NAMED)
        .map(|p| p.display().to_string())
        .collect();
    let more = match paths.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (count, verb) = (paths.len(), if paths.len() == 1 { "is" } else { "are" });
    let message = format!(
        "{count} of {all} files of weights {verb} missing: {}{more}",
        named.join(", ")
    );
    Error::new(Kind::Data, message).help("`goodinit weights EXPERIMENT` prints what each must hold")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::path_template::PLACEHOLDERS;

    /// A probe takes one of the trials that agree in what affects the initial network.
    #[test]
    fn paths_name_the_coordinates_that_affect_the_initial_network() {
        let axes = Axis::ALL.iter().filter(|axis| axis.affects_init());
        let names = axes.map(|axis| axis.name()).filter(|name| *name != "scheme");
        assert_eq!(names.collect::<Vec<_>>(), PLACEHOLDERS);
    }
}
