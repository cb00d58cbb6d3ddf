//! Experiment files: TOML text, checked, into an ordered plan of trials.
//!
//! [`Experiment::load`] reads a file: toml's parser gives a document in which every value has its
//! place, and serde reads its tables into the structs of [`keys`], from which come checked
//! settings, [`Claim`]s and cells. What is wrong is an error that points at the place and says what
//! would be right.
//! [`Experiment::plan`] gives the trials.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::init::Registry;
use crate::model::Loss;
use crate::support::error::Result;
use crate::support::text::hex;

mod axes;
mod axis;
mod canonical;
mod check;
pub mod claim;
mod claims;
pub mod coordinates;
mod document;
mod grid;
pub mod keys;
mod load;
pub mod metric;
mod overrides;
pub mod plan;
mod read;
mod relation;
pub(crate) mod schema;
mod section;
pub mod sequential;
pub mod settings;
mod sides;
mod sources;
#[cfg(test)]
mod tests;

pub(crate) use axis::axes;
pub use claim::Claim;
pub use coordinates::{Axis, CellCoordinates, Coordinates};
pub use plan::{DataShape, Plan, Trial};
pub use sequential::{Sequential, Until};
pub use settings::{EvaluateTrain, Length, Record, SaveWeights, Seeds, Train};

use document::Document;

/// The most trials that an experiment may have.
pub const MAX_TRIALS: u64 = 10_000_000;

/// An experiment file, read and checked. What it makes up stands in [`Experiment::plan`].
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Its name; results go to `results/<name>`.
    pub name: String,
    /// What it is about, for readers.
    pub description: Option<String>,
    /// Every draw derives from it.
    pub seed: u64,
    /// Replicates of each cell; the most that one may have, where they go on until a decision.
    pub replicates: u32,
    /// When it is asked whether more replicates are needed, if that is asked.
    pub(crate) sequential: Option<Sequential>,
    /// The loss that training minimises.
    pub loss: Loss,
    /// How trials are trained.
    pub(crate) train: Arc<Train>,
    /// What the seeds of a trial follow.
    pub(crate) seeds: Seeds,
    /// What is recorded.
    pub(crate) record: Arc<Record>,
    /// What must be true of the tables.
    pub claims: Vec<Claim>,
    axes: Arc<axes::Axes>,
    cells: Arc<[axes::Cell]>,
    path: PathBuf,
    resolved: String,
    registry: Registry,
}

impl Experiment {
    /// Reads and checks the file at `path`, with overrides (`grid.learning_rate=[0.1]`) applied in
    /// their order. Schemes are those of `registry`. The path `-` stands for standard input.
    ///
    /// # Errors
    /// The file cannot be read or is wrong: the error points at the place, in the file or in the
    /// override, and says what would be right.
    ///
    /// ```no_run
    /// use goodinit::{Experiment, Registry};
    ///
    /// let sets = ["grid.learning_rate=[0.1]"];
    /// let path = "experiments/quick.toml".as_ref();
    /// let experiment = Experiment::load(path, &sets, &Registry::standard())?;
    /// println!("{} trials", experiment.plan().len());
    /// # Ok::<(), goodinit::Error>(())
    /// ```
    pub fn load<S: AsRef<str>>(path: &Path, sets: &[S], registry: &Registry) -> Result<Self> {
        Self::from_document(Document::read(path)?, sets, registry)
    }

    /// Like [`Experiment::load`], from text; `path` is for messages.
    ///
    /// # Errors
    /// As for [`Experiment::load`].
    pub fn parse<S: AsRef<str>>(path: &Path, text: &str, sets: &[S], registry: &Registry) -> Result<Self> {
        Self::from_document(Document::parse(path, text.to_owned())?, sets, registry)
    }

    fn from_document<S: AsRef<str>>(mut document: Document, sets: &[S], registry: &Registry) -> Result<Self> {
        for set in sets {
            document.set(set.as_ref())?;
        }
        load::load(&document, registry)
    }

    /// The trials: all that there may be, where replicates go on until a decision.
    pub fn plan(&self) -> Plan {
        Plan::new(
            self.seed,
            self.loss,
            Arc::clone(&self.train),
            Arc::clone(&self.record),
            Arc::clone(&self.axes),
            Arc::clone(&self.cells),
            self.seeds.trials(self.replicates).into(),
        )
    }

    /// The axes whose columns its tables do not have: the optional ones that are everywhere at
    /// their default.
    pub(crate) fn without_column(&self) -> Vec<Axis> {
        self.axes.without_column()
    }

    /// The labels of its schemes, by their canonical texts.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        let schemes = self.axes.scheme.items.iter();
        let labelled = schemes.filter_map(|item| Some((item.text.clone(), item.value.label.clone()?)));
        labelled.collect()
    }

    /// Weight layers of the networks of an architecture of the grid, by its canonical text; the
    /// output layer is one of them.
    pub(crate) fn weight_layers(&self, architecture: &str) -> Option<u32> {
        let i = self.axes.find(Axis::Architecture, architecture)?;
        Some(self.axes.weight_layers(i))
    }

    /// The file that it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The schemes that it was read with.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The experiment as TOML, without comments and with overrides applied. Reads back as the
    /// same experiment.
    pub fn resolved(&self) -> &str {
        &self.resolved
    }

    /// Where its tables go unless the user says otherwise: `results/<name>`.
    pub(crate) fn default_directory(&self) -> PathBuf {
        Path::new("results").join(&self.name)
    }

    /// SHA-256, hexadecimal, over everything that decides the tables: settings, cells, seeds and
    /// what is recorded. Comments, formatting, the order in which axes list their values, the
    /// name, the description and the claims are no part of it, but for what is claimed where
    /// replicates go on until that is decided.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update("goodinit experiment 1\n");
        let plan = self.plan();
        hash.update(plan.settings_text());
        hash.update(format!("{}\n", self.record.identity()));
        let without_column = self.axes.without_column();
        for axis in Axis::CELL.iter().filter(|axis| !without_column.contains(axis)) {
            hash.update(format!("{axis}\n"));
            for text in self.axes.texts(*axis) {
                hash.update(format!("{text}\n"));
            }
        }
        for spec in plan.datasets() {
            hash.update(format!("data={}\n", spec.canonical()));
        }
        for digest in self.source_digests() {
            hash.update(format!("scheme_source={digest}\n"));
        }
        for (axis, number) in self.cells.iter().flat_map(|cell| cell.numbers()) {
            if !without_column.contains(&axis) {
                hash.update(number.to_le_bytes());
            }
        }
        for seeds in plan.seeds() {
            for seed in [seeds.replicate, seeds.weights, seeds.order, seeds.data] {
                hash.update(seed.to_le_bytes());
            }
        }
        if let Some(design) = &self.sequential {
            hash.update(design.identity());
            let claims = self.claims.iter().filter(|_| design.until == Until::Claims);
            let claims: std::collections::BTreeSet<String> = claims.map(Claim::identity).collect();
            claims.iter().for_each(|claim| hash.update(claim));
        }
        hex(&hash.finalize())
    }
}
