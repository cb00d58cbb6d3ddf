//! An experiment as work for a sweep: each trial with its data, each failure with its row.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::attempt::Work;
use super::train::train;
use crate::analysis::stats::STATISTICS_VERSION;
use crate::data::{Cache, DataSpec, Dataset, Environment, Prepared, Targets, check_memory, estimated_bytes};
use crate::experiment::{DataShape, Experiment, Plan, Trial};
use crate::model::Workspace;
use crate::numerics::NUMERICS_VERSION;
use crate::support::error::{Error, Kind, Result};
use crate::table::format;
use crate::table::manifest::{DatasetEntry, Manifest, SourceEntry};
use crate::table::record::{Status, TrialRecord, TrialRow};

/// An experiment, its plan and its data.
#[derive(Debug)]
pub struct Job {
    pub experiment: Experiment,
    pub plan: Plan,
    /// The sizes of its datasets, in the order of [`Plan::datasets`].
    pub shapes: Vec<DataShape>,
    /// The manifest of its results.
    pub manifest: Manifest,
    /// The results directory that trials leave their weights in, where the experiment asks for
    /// them; until it is set they leave none (`verify`, rows that are rechecked, tests).
    pub weights_into: OnceLock<PathBuf>,
    /// What a person may not have meant about the data, a line each.
    pub notes: Vec<String>,
    cache: Cache,
}

impl Job {
    /// Reads the data of `experiment` and plans its trials.
    ///
    /// # Errors
    /// The data cannot be had, or there are more trials than a run can number.
    pub fn new(experiment: Experiment, environment: Environment) -> Result<Self> {
        experiment.ready()?;
        let mut plan = experiment.plan();
        if u32::try_from(plan.len()).is_err() {
            return Err(Error::new(
                Kind::Experiment,
                format!("{} trials are more than a run can number", plan.len()),
            ));
        }
        let estimate = |spec: &Arc<DataSpec>| estimated_bytes(spec, &environment).unwrap_or(0);
        let needed = plan.datasets().map(estimate).fold(0, u64::saturating_add);
        check_memory(needed)?;
        let cache = Cache::new(experiment.seed, environment);
        let (mut shapes, mut entries, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for (i, spec) in plan.datasets().enumerate() {
            let preparations = plan.preparations();
            let first = preparations.iter().find(|(other, _, _)| Arc::ptr_eq(other, spec));
            let (noise, seed) = first.map_or((0.0, 0), |(_, noise, seed)| (*noise, *seed));
            let prepared = cache.prepared(spec, noise, u64::from(seed))?;
            plan.check_data(i, &prepared)?;
            shapes.push(DataShape::of(&prepared));
            entries.push(entry(spec.to_string(), &prepared));
            notes.extend(
                prepared
                    .notes()
                    .into_iter()
                    .map(|note| format!("data `{spec}`: {note}")),
            );
        }
        plan.learn_shapes(&shapes);
        let manifest = manifest(&experiment, plan.len() as u64, entries);
        Ok(Job {
            experiment,
            plan,
            shapes,
            manifest,
            weights_into: OnceLock::new(),
            notes,
            cache,
        })
    }

    /// The data of `trial`.
    ///
    /// # Errors
    /// They cannot be prepared as the trial asks for.
    pub fn data(&self, trial: &Trial) -> Result<Arc<Prepared>> {
        trial.data(&self.cache)
    }

    pub fn len(&self) -> u32 {
        self.plan.len() as u32
    }

    /// Expected work of every trial.
    pub fn costs(&self) -> Vec<u64> {
        (0..self.plan.len()).map(|i| self.plan.cost(i)).collect()
    }
}

fn entry(name: String, prepared: &Prepared) -> DatasetEntry {
    let dataset: &Dataset = &prepared.dataset;
    DatasetEntry {
        name,
        digest: dataset.digest.clone(),
        samples: dataset.rows as u64,
        inputs: dataset.cols as u32,
        classes: match &*prepared.targets {
            Targets::Classes { classes, .. } => Some(*classes as u32),
            Targets::Values { .. } => None,
        },
        reading: dataset.reading.clone(),
    }
}

fn manifest(experiment: &Experiment, trials: u64, mut dataset: Vec<DatasetEntry>) -> Manifest {
    let sources = experiment.scheme_sources().into_iter();
    let source = |(path, digest): (PathBuf, String)| SourceEntry {
        path: path.display().to_string(),
        digest,
    };
    dataset.sort_by(|a, b| a.name.cmp(&b.name));
    Manifest {
        format_version: format::FORMAT_VERSION,
        numerics_version: NUMERICS_VERSION,
        statistics_version: STATISTICS_VERSION,
        name: experiment.name.clone(),
        experiment_digest: experiment.digest(),
        commit: None,
        tables: Default::default(),
        trials,
        experiment: experiment.resolved().to_owned(),
        dataset,
        source: sources.map(source).collect(),
    }
}

impl Work for Job {
    type Workspace = Workspace;

    fn run(&self, index: u32, workspace: &mut Workspace) -> Result<TrialRecord> {
        let trial = self.plan.trial(index as usize);
        let data = self.data(&trial)?;
        let outcome = train(&trial, &data, workspace)?;
        if let Some(directory) = self.weights_into.get() {
            super::weights::save(directory, &trial, &outcome)?;
        }
        Ok(outcome.record)
    }

    fn failed(&self, index: u32, message: String) -> TrialRecord {
        let trial = self.plan.trial(index as usize);
        let data_hash = self
            .data(&trial)
            .map(|data| data.hash.clone())
            .unwrap_or_default();
        TrialRecord {
            trial: TrialRow {
                trial_id: trial.id,
                status: Status::Failed,
                stopped_epoch: None,
                message: Some(message),
                steps: 0,
                parameters: self.plan.parameters(index as usize),
                initial_loss: None,
                train_loss: None,
                train_accuracy: None,
                validation_loss: None,
                validation_accuracy: None,
                test_loss: None,
                test_accuracy: None,
                best_epoch: None,
                best_validation_accuracy: None,
                best_test_accuracy: None,
                data_hash,
                initial_hash: None,
                final_hash: None,
            },
            coordinates: trial.coordinates,
            epochs: Vec::new(),
            layers: Vec::new(),
        }
    }

    fn trial_id(&self, index: u32) -> String {
        self.plan.trial_id(index as usize)
    }

    fn cost(&self, index: u32) -> u64 {
        self.plan.cost(index as usize)
    }

    fn describe(&self, index: u32) -> String {
        self.plan.trial(index as usize).to_string()
    }
}
