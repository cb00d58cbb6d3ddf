//! Whether the files that tables were made from still hold what they held then.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::data::{self, Environment};
use crate::experiment::Experiment;
use crate::init::Registry;
use crate::support::error::Result;
use crate::support::text::short_digest;

use crate::table::manifest::Manifest;

/// An input whose content is not what the tables were made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedInput {
    /// A dataset, as in the `dataset` column, with its digest in the manifest and now.
    Data {
        name: String,
        /// The digest in the manifest.
        then: String,
        /// The digest of what is there now.
        now: String,
    },
    /// A file that a scheme reads weights from.
    Source(PathBuf),
}

impl fmt::Display for ChangedInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChangedInput::Data { name, then, now } => {
                let (then, now) = (short_digest(then), short_digest(now));
                write!(
                    f,
                    "the data of `{name}` are not those that these tables were made with \
                     (digest {then} then, {now} now)"
                )
            }
            ChangedInput::Source(path) => {
                let path = path.display();
                write!(f, "{path} is not the file that these tables were made with")
            }
        }
    }
}

/// The inputs that are not what the tables of `manifest` were made with. `recorded` is the
/// experiment in the manifest, as [`recorded_experiment`] reads it. `data` are the names and digests
/// of datasets as they are now ([`brought_data`], or the manifest of a
/// [`Job`](crate::run::job::Job)); datasets and files that only one side has, or that cannot be
/// read, are no change of content.
pub fn inputs_changed(
    manifest: &Manifest,
    recorded: &Experiment,
    data: &[(String, String)],
) -> Vec<ChangedInput> {
    let mut changed = Vec::new();
    for entry in &manifest.dataset {
        let now = data.iter().find(|(name, _)| *name == entry.name);
        if let Some((_, now)) = now.filter(|(_, digest)| *digest != entry.digest) {
            changed.push(ChangedInput::Data {
                name: entry.name.clone(),
                then: entry.digest.clone(),
                now: now.clone(),
            });
        }
    }
    for (path, now) in recorded.scheme_sources() {
        let then = manifest.source.iter().find(|then| Path::new(&then.path) == path);
        if then.is_some_and(|then| then.digest != now) {
            changed.push(ChangedInput::Source(path));
        }
    }
    changed
}

/// The experiment that `manifest` records; `path` is the manifest's, for messages.
///
/// # Errors
/// It is no experiment of this version.
pub fn recorded_experiment(manifest: &Manifest, path: &Path, registry: &Registry) -> Result<Experiment> {
    Experiment::parse::<&str>(path, &manifest.experiment, &[], registry)
}

/// Names and digests of the datasets of `experiment` that the user brought as files. Those that
/// cannot be read are left out: tables can be looked at without them.
pub fn brought_data(experiment: &Experiment, environment: &Environment) -> Vec<(String, String)> {
    let plan = experiment.plan();
    let brought = plan.datasets().filter(|spec| spec.item().is_brought());
    let digest = |spec: &std::sync::Arc<data::DataSpec>| {
        let dataset = data::load(spec, experiment.seed, environment).ok()?;
        Some((spec.to_string(), dataset.digest.clone()))
    };
    brought.filter_map(digest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::manifest::DatasetEntry;

    fn manifest(experiment: &Experiment, digest: &str) -> Manifest {
        Manifest {
            format_version: 1,
            numerics_version: 1,
            statistics_version: 2,
            name: "t".into(),
            experiment_digest: experiment.digest(),
            commit: None,
            tables: Default::default(),
            trials: 1,
            experiment: experiment.resolved().into(),
            dataset: vec![DatasetEntry {
                name: "mine".into(),
                digest: digest.into(),
                samples: 4,
                inputs: 1,
                classes: Some(2),
                reading: Vec::new(),
            }],
            source: Vec::new(),
        }
    }

    #[test]
    fn a_csv_file_that_changed_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.csv");
        let text = format!(
            "name = \"t\"\n[data]\nkind = \"csv\"\npath = {:?}\nlabel = \"y\"\nname = \"mine\"\n\
             [train]\nepochs = 1\n[grid]\nscheme = [\"zeros\"]\narchitecture = [[]]\nlearning_rate = [0.1]\n",
            path.display().to_string()
        );
        let experiment =
            Experiment::parse::<&str>(Path::new("t.toml"), &text, &[], &Registry::standard()).unwrap();
        let environment = Environment::default();
        // A file that is not there is no change.
        assert_eq!(brought_data(&experiment, &environment), []);
        std::fs::write(&path, "x,y\n1,0\n2,1\n3,0\n4,1\n").unwrap();
        let then = brought_data(&experiment, &environment);
        let manifest = manifest(&experiment, &then[0].1);
        assert_eq!(inputs_changed(&manifest, &experiment, &then), []);
        std::fs::write(&path, "x,y\n1,0\n2,1\n3,0\n5,1\n").unwrap();
        let now = brought_data(&experiment, &environment);
        let changed = inputs_changed(&manifest, &experiment, &now);
        let text = changed[0].to_string();
        assert!(text.contains("the data of `mine` are not those"), "{text}");
        assert!(
            text.contains(&then[0].1[..12]) && text.contains(&now[0].1[..12]),
            "{text}"
        );
    }
}
