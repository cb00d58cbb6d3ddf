//! What people call the schemes of an experiment. Tables have the canonical texts alone; labels
//! stand in the text of the experiment, which the manifest holds.

use std::collections::BTreeMap;
use std::path::Path;

use super::format;
use super::inputs::recorded_experiment;
use super::manifest::Manifest;
use crate::init::Registry;

/// The labels of schemes, by their canonical texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Those of the experiment in `manifest`; none where this program cannot read it.
    pub fn of(manifest: &Manifest) -> Self {
        let path = Path::new(format::MANIFEST);
        let experiment = recorded_experiment(manifest, path, &Registry::recorded());
        Labels(experiment.map(|e| e.labels()).unwrap_or_default())
    }

    /// The label of a scheme, if it has one.
    pub fn label(&self, scheme: &str) -> Option<&str> {
        self.0.get(scheme).map(String::as_str)
    }

    /// What people call a scheme: its label, else its canonical text.
    pub fn name<'a>(&'a self, scheme: &'a str) -> &'a str {
        self.label(scheme).unwrap_or(scheme)
    }

    /// Canonical texts and labels, in the order of the texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(scheme, label)| (scheme.as_str(), label.as_str()))
    }
}
