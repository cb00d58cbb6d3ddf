//! An experiment as work for a sweep: each trial with its data, each failure with its row.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::attempt::Work;
use super::train::{Start, train_from};
use crate::analysis::stats::STATISTICS_VERSION;
use crate::data::{Cache, DataSpec, Dataset, Environment, Prepared, Targets, check_memory, estimated_bytes};
use crate::experiment::{Axis, DataShape, Experiment, Plan, Trial};
use crate::model::Workspace;
use crate::numerics::NUMERICS_VERSION;
use crate::support::error::{Error, Kind, Result};
use crate::support::memo::Memo;
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
    starts: Memo<Start>,
    /// Whether several trials can have the same start.
    shares_starts: bool,
}

/// Bytes of starts kept beyond their use, at most. Of a grid of learning rates, trials with the same start come as many
/// trials apart as there are replicates.
const KEEP_STARTS: usize = 64 << 20;

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
        let shares_starts = shares_starts(&plan);
        Ok(Job {
            experiment,
            plan,
            shapes,
            manifest,
            weights_into: OnceLock::new(),
            notes,
            cache,
            starts: Memo::new(KEEP_STARTS, bytes),
            shares_starts,
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

/// Whether several trials of a cell, or of cells, have the same start.
fn shares_starts(plan: &Plan) -> bool {
    let seeds: BTreeSet<_> = plan.seeds().iter().map(|s| (s.weights, s.data)).collect();
    let mut others = Axis::ALL.into_iter().filter(|axis| !axis.affects_init());
    seeds.len() < plan.seeds().len() || others.any(|axis| plan.values(axis).len() > 1)
}

/// The bytes of a start.
fn bytes(start: &Start) -> usize {
    let parameters = &start.parameters;
    // Of a weight-normalized network the weights are not among the fields.
    let made = match parameters.weight_norms.is_empty() {
        true => 0,
        false => parameters.weights.iter().map(|w| w.storage().len()).sum(),
    };
    let fields = parameters.fields().map(|(_, values)| values.len());
    (fields.sum::<usize>() + made) * size_of::<f32>()
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
        let outcome = train_from(&trial, &data, workspace, |model| {
            let make = || Start::of(&trial, model, &data).map(Arc::new);
            match self.shares_starts {
                true => self.starts.get(trial.coordinates.of_start(), make),
                false => make(),
            }
        })?;
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ndarray::ArrayViewMut2;

    use super::*;
    use crate::init::{Definition, Network, Registry, Scheme, row_major};
    use crate::model::LayerInfo;
    use crate::random::Stream;
    use crate::run::train::train;
    use crate::support::catalog::{Entry, Spec};

    static ENTRY: Entry = Entry {
        name: "counting",
        aliases: &[],
        summary: "normal weights",
        formula: "N(0, .2^2)",
        citation: "this test",
        parameters: &[],
    };

    static STARTS: AtomicUsize = AtomicUsize::new(0);

    #[derive(Debug)]
    struct Counting;

    fn build(_: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
        Ok(Arc::new(Counting))
    }

    impl Scheme for Counting {
        fn fill(&self, _: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
            stream.fill_normal(row_major(&mut weights), 0.2);
            Ok(())
        }

        fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
            STARTS.fetch_add(1, Ordering::SeqCst);
            network.draw_all(self)
        }
    }

    /// A start is computed once for all trials that have it, and they are what they are alone.
    #[test]
    fn trials_share_their_start_and_keep_their_bits() {
        let text = r#"
            name = "t"
            replicates = 2
            data = { kind = "gaussian-mixture", rows = 60, features = 5 }
            train = { epochs = 1 }
            [grid]
            scheme = "counting"
            architecture = [[6]]
            optimizer = ["sgd", "adam"]
            learning_rate = [0.01, 0.1]
            schedule = ["constant", "linear"]
            batch_size = [20, 30]
        "#;
        let registry = Registry::standard()
            .with(Definition { entry: &ENTRY, build })
            .unwrap();
        let experiment = Experiment::parse::<&str>("t.toml".as_ref(), text, &[], &registry).unwrap();
        let job = Job::new(experiment, Environment::default()).unwrap();
        let mut workspace = Workspace::new();
        let records: Vec<TrialRecord> = (0..job.len())
            .map(|i| job.run(i, &mut workspace).unwrap())
            .collect();
        assert_eq!((records.len(), STARTS.load(Ordering::SeqCst)), (32, 4));
        for (i, record) in records.iter().enumerate() {
            let trial = job.plan.trial(i);
            let alone = train(&trial, &job.data(&trial).unwrap(), &mut workspace).unwrap();
            assert_eq!(*record, alone.record, "{trial}");
        }
        assert_eq!(STARTS.load(Ordering::SeqCst), 4 + 32);
    }
}
