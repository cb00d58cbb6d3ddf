//! Datasets: a catalogue, loading, preprocessing, splits, label noise and digests.
//!
//! [`DataSpec`] is the `[data]` table of an experiment file. [`load`] reads its dataset into
//! memory once ([`Dataset`], with a SHA-256 digest of its content); [`prepare()`] chooses rows,
//! divides them, adds label noise and fits the preprocessing on the training part ([`Prepared`]);
//! [`Cache`] does both at most once for all trials of an experiment.
//!
//! Every dataset is one file here with its [`KnownDataset`] at the top.

mod cache;
mod csv;
mod dataset;
mod digits;
mod environment;
pub mod fetch;
mod file;
pub(crate) mod foreign;
mod forms;
#[cfg(fuzzing)]
pub(crate) mod fuzz;
mod idx;
mod memory;
mod mnist;
mod prepare;
mod scaling;
mod spec;
mod split;
mod synthetic;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use cache::Cache;
pub use dataset::{Dataset, Features, Targets};
pub use environment::Environment;
pub(crate) use memory::check as check_memory;
pub use memory::estimated_bytes;
pub use prepare::{Prepared, prepare};
pub use spec::{DataSpec, Noise, Over, Scale};
pub use split::{Split, SplitRule};

use crate::numerics::FloatMode;
use crate::support::catalog::{Entry, Spec};
use crate::support::error::{Context as _, Result};
use crate::support::text::megabytes;

/// One dataset of the catalogue.
#[derive(Debug)]
pub struct KnownDataset {
    /// Name, summary, formula, citation and own parameters.
    pub entry: &'static Entry,
    /// Rows x features and number of classes, as text.
    pub shape: &'static str,
    /// The terms it comes under.
    pub licence: &'static str,
    pub source: &'static str,
    /// Where `goodinit fetch` gets the files, tried in turn; whatever a mirror sends is used only
    /// if its SHA-256 is right.
    pub mirrors: &'static [&'static str],
    /// The files it is made of, with their digests; none for what the user brings or what is
    /// generated.
    pub files: &'static [SourceFile],
    /// How it is divided unless the experiment says otherwise; `None` depends on the files:
    /// [`SplitRule::OFFICIAL`] where they bring a test part, else [`SplitRule::WHOLE`].
    pub default_split: Option<SplitRule>,
    /// A table of unlike features, standardized feature by feature unless the experiment says
    /// otherwise; images are scaled to 0..1 and not centred.
    tabular: bool,
    load: Load,
}

/// The terms of a dataset that the user brings.
const YOURS: &str = "yours";

/// Reads or generates a dataset: its parameters, the seed, where downloads are.
type Load = fn(&Spec, u64, &Environment) -> Result<Dataset>;

impl KnownDataset {
    /// A dataset of files that the user brings, under the user's own terms.
    const fn brought(
        entry: &'static Entry,
        shape: &'static str,
        source: &'static str,
        load: Load,
    ) -> KnownDataset {
        KnownDataset {
            entry,
            shape,
            licence: YOURS,
            source,
            mirrors: &[],
            files: &[],
            default_split: None,
            tabular: false,
            load,
        }
    }

    /// The same, as a table of unlike features.
    const fn tabular(self) -> KnownDataset {
        KnownDataset {
            tabular: true,
            ..self
        }
    }
}

/// One published file of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFile {
    /// File name, with `.gz`.
    pub name: &'static str,
    pub bytes: u64,
    /// SHA-256 of it, hexadecimal.
    pub sha256: &'static str,
    /// Length once unpacked.
    pub unpacked_bytes: u64,
}

impl SourceFile {
    /// File name without `.gz`.
    pub fn unpacked_name(&self) -> &'static str {
        self.name.trim_end_matches(".gz")
    }
}

impl KnownDataset {
    /// Whether files of it have to be downloaded and are not all in the data directory yet.
    pub fn is_missing(&self, environment: &Environment) -> bool {
        let dir = environment.directory(self);
        let there = |file: &SourceFile| dir.join(file.unpacked_name()).is_file();
        !self.mirrors.is_empty() && !self.files.iter().all(there)
    }

    /// Whether it is made of files that the user brings, whose content may change.
    pub fn is_brought(&self) -> bool {
        self.licence == YOURS
    }

    /// What a person wants to know of it beside its entry: a label and a text each.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let split = match self.default_split {
            Some(rule) => rule.to_string(),
            None => format!(
                "{} with a test part, else {}",
                SplitRule::OFFICIAL,
                SplitRule::WHOLE
            ),
        };
        let mut facts = vec![
            ("shape", self.shape.to_owned()),
            ("from", self.source.to_owned()),
            ("licence", self.licence.to_owned()),
            ("split", format!("{split} (train:validation:test)")),
        ];
        if !self.files.is_empty() {
            facts.push(("size", format!("{} gzipped", megabytes(self.bytes()))));
        }
        let files = self.files.iter();
        facts.extend(files.map(|f| ("sha256", format!("{} {}", f.name, f.sha256))));
        facts
    }

    /// Length of all files together, as published.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }
}

/// All datasets, in the order in which they are listed.
pub fn catalog() -> &'static [&'static KnownDataset] {
    static CATALOG: &[&KnownDataset] = &[
        &digits::ITEM,
        &mnist::MNIST,
        &mnist::FASHION,
        &idx::ITEM,
        &csv::ITEM,
        &synthetic::MIXTURE,
        &synthetic::TEACHER,
        &synthetic::SPIRALS,
        &synthetic::ABS,
        &synthetic::NOISE,
        &synthetic::MNIST_LIKE,
    ];
    CATALOG
}

/// Reads or generates the dataset of `spec`; synthetic ones from the stream of `seed`.
///
/// # Errors
/// A file that is missing, unreadable or malformed, named with the place; more samples than there
/// is memory for.
pub fn load(spec: &DataSpec, seed: u64, environment: &Environment) -> Result<Arc<Dataset>> {
    let _mode = FloatMode::standard();
    memory::check(estimated_bytes(spec, environment).unwrap_or(0))
        .and_then(|()| (spec.item().load)(&spec.source, seed, environment))
        .map(Arc::new)
        .context(|| format!("dataset `{}`", spec.source.name()))
}
