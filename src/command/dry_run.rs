//! `goodinit grid --dry-run`: the plan of an experiment, for people or as JSON.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::grid::Args;
use crate::analysis::looks;
use crate::data::{Cache, Environment, estimated_bytes};
use crate::experiment::{Axis, DataShape, Experiment, Length, Plan};
use crate::run::grid::Grid;
use crate::run::pool::default_threads;
use crate::support::error::Result;
use crate::support::memory;
use crate::support::text::{counted, entry, grouped, megabytes, order_of};
use crate::table::source::Source;

/// The plan in figures.
#[derive(Debug, Serialize)]
pub(super) struct PlanSummary {
    experiment: String,
    digest: String,
    out: String,
    cells: usize,
    trials_per_cell: usize,
    trials: usize,
    /// Where replicates go on until a decision: trials of the first look; of all looks, `trials` at most.
    trials_least: Option<usize>,
    /// The replicates at each look.
    looks: Option<Vec<u32>>,
    length: String,
    axes: Vec<AxisSummary>,
    datasets: Vec<DatasetSummary>,
    parameters_least: u64,
    parameters_most: u64,
    multiply_adds: u64,
    multiply_adds_of_largest_trial: u64,
    /// Estimated before the data are read.
    bytes_of_data: u64,
    bytes_per_thread: u64,
    /// What the machine has left; null where that is not known.
    bytes_available: Option<u64>,
    claims: usize,
    /// Why the files that schemes read cannot be read; null where they can.
    missing_files: Option<String>,
    /// Trials of this run whose rows are there already; null where the run would be refused.
    trials_done: Option<usize>,
    /// What a run would say of them, or why it would be refused.
    done: Option<String>,
}

#[derive(Debug, Serialize)]
struct AxisSummary {
    axis: Axis,
    values: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DatasetSummary {
    name: String,
    inputs: Option<usize>,
    outputs: Option<usize>,
    training_samples: Option<usize>,
    held_out_samples: Option<usize>,
    /// Why the sizes are not known: it is not downloaded yet.
    missing: Option<String>,
    /// How the file was read, where the user brought it.
    reading: Vec<String>,
    /// What a person may not have meant about it.
    notes: Vec<String>,
    #[serde(skip)]
    digest: Option<String>,
}

/// How many trials are done, and the line about it; or why the run would be refused.
///
/// # Errors
/// The arguments are wrong.
fn preview(
    args: &Args,
    experiment: &Experiment,
    out: &Path,
    plan: &Plan,
    datasets: &[DatasetSummary],
) -> Result<Result<(usize, Option<String>)>> {
    let shard = args.shard()?;
    let places: Vec<Source> = args.reuse.iter().map(Source::parse).collect::<Result<_>>()?;
    let digests = datasets
        .iter()
        .filter_map(|d| Some((d.name.clone(), d.digest.clone()?)));
    let found = Grid::new(experiment.clone())
        .directory(out)
        .shard(shard)
        .fresh(args.fresh)
        .recheck(args.recheck)
        .threads(args.threads.map_or_else(default_threads, usize::from));
    let found = places.into_iter().fold(found, Grid::reuse);
    Ok(found.preview(plan, digests.collect()))
}

impl PlanSummary {
    /// Plans `experiment`, with the sizes of the datasets that are on this machine, and looks at what
    /// is done.
    ///
    /// # Errors
    /// A dataset that is here cannot be read, or is not one to train these networks on; or the
    /// arguments are wrong.
    pub fn new(args: &Args, experiment: &Experiment, out: &Path, environment: Environment) -> Result<Self> {
        let mut plan = experiment.plan();
        let estimate = |spec| estimated_bytes(spec, &environment).unwrap_or(0);
        let bytes_of_data = plan
            .datasets()
            .map(|spec| estimate(spec))
            .fold(0, u64::saturating_add);
        let datasets = learn(&mut plan, experiment.seed, environment)?;
        let found = preview(args, experiment, out, &plan, &datasets)?;
        let trials = 0..plan.len();
        let per_cell = plan.seeds().len();
        let bounds = looks::most_trials(experiment, &plan);
        // All trials of a cell cost the same.
        let firsts = || trials.clone().step_by(per_cell);
        let without_column = experiment.without_column();
        let cell_work = firsts().map(|i| plan.cost(i));
        let multiply_adds = cell_work.fold(0u64, |sum, cost| {
            sum.saturating_add(cost.saturating_mul(per_cell as u64))
        });
        Ok(PlanSummary {
            experiment: experiment.name.clone(),
            digest: experiment.digest(),
            out: out.display().to_string(),
            cells: plan.cells(),
            trials_per_cell: per_cell,
            trials: bounds.map_or(plan.len(), |(_, most)| most),
            trials_least: bounds.map(|(least, _)| least),
            looks: experiment.sequential.as_ref().map(|design| design.looks.clone()),
            length: match experiment.train.length {
                Length::Epochs(n) => counted(n.into(), "epoch"),
                Length::Steps(n) => counted(n, "step"),
            },
            axes: Axis::CELL
                .into_iter()
                .filter(|axis| !without_column.contains(axis))
                .map(|axis| AxisSummary {
                    axis,
                    values: plan.values(axis).into_iter().map(str::to_owned).collect(),
                })
                .collect(),
            datasets,
            parameters_least: firsts().map(|i| plan.parameters(i)).min().unwrap_or(0),
            parameters_most: firsts().map(|i| plan.parameters(i)).max().unwrap_or(0),
            multiply_adds,
            multiply_adds_of_largest_trial: firsts().map(|i| plan.cost(i)).max().unwrap_or(0),
            bytes_of_data,
            bytes_available: memory::available(),
            bytes_per_thread: firsts().map(|i| plan.memory(i)).max().unwrap_or(0),
            claims: experiment.claims.len(),
            missing_files: experiment.ready().err().map(|error| error.message().to_owned()),
            trials_done: found.as_ref().ok().map(|(done, _)| *done),
            done: found.map_or_else(
                |error| Some(format!("refused: {}", error.message())),
                |(_, line)| line,
            ),
        })
    }

    /// The plan as a person reads it, in lines of at most `width` characters.
    pub fn text(&self, width: usize) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "{}: {} x {} = {} of {}",
            self.experiment,
            counted(self.cells as u64, "cell"),
            match self.looks.as_ref().and_then(|looks| looks.first()) {
                Some(first) => format!("{first} to {}", counted(self.trials_per_cell as u64, "trial")),
                None => counted(self.trials_per_cell as u64, "trial"),
            },
            match self.trials_least {
                Some(least) => format!(
                    "{} to {}",
                    grouped(least as u64),
                    counted(self.trials as u64, "trial")
                ),
                None => counted(self.trials as u64, "trial"),
            },
            self.length
        );
        if let Some(looks) = &self.looks {
            let looks: Vec<String> = looks.iter().map(u32::to_string).collect();
            let text = format!("at {} replicates; what is decided stops", looks.join(", "));
            line(&mut out, width, "looks", &text);
        }
        for axis in &self.axes {
            let values = axis.values.join(", ");
            let label = match axis.values.len() {
                1 => String::new(),
                n => format!("{n}: "),
            };
            line(&mut out, width, axis.axis.name(), &format!("{label}{values}"));
        }
        for data in &self.datasets {
            let text = match (&data.missing, data.inputs, data.outputs, data.training_samples) {
                (None, Some(inputs), Some(outputs), Some(train)) => {
                    format!(
                        "{}: {inputs} inputs, {outputs} outputs, {train} training samples",
                        data.name
                    )
                }
                (missing, ..) => format!(
                    "{}: not downloaded yet, so sizes below are guesses ({})",
                    data.name,
                    missing.as_deref().unwrap_or_default()
                ),
            };
            line(&mut out, width, "data", &text);
            for read in &data.reading {
                line(&mut out, width, "", read);
            }
            for note in &data.notes {
                line(&mut out, width, "", &format!("note: {note}"));
            }
        }
        let parameters = match (self.parameters_least, self.parameters_most) {
            (least, most) if least == most => grouped(least),
            (least, most) => format!("{} to {}", grouped(least), grouped(most)),
        };
        line(&mut out, width, "parameters", &parameters);
        let work = format!(
            "{} multiply-adds; the largest trial {}",
            order_of(self.multiply_adds),
            order_of(self.multiply_adds_of_largest_trial)
        );
        line(&mut out, width, "work", &work);
        let mut memory = format!("about {} for each thread", megabytes(self.bytes_per_thread));
        // Less than the figure shows is not worth one.
        if self.bytes_of_data >= 100_000 {
            let _ = write!(memory, ", {} for the data", megabytes(self.bytes_of_data));
        }
        if let Some(left) = self.bytes_available {
            let _ = write!(memory, "; {} available", megabytes(left));
        }
        line(&mut out, width, "memory", &memory);
        if self.claims > 0 {
            line(&mut out, width, "claims", &self.claims.to_string());
        }
        if let Some(missing) = &self.missing_files {
            let text = format!("{missing}; `goodinit weights` prints what files of weights must hold");
            line(&mut out, width, "weights", &text);
        }
        line(&mut out, width, "tables", &self.out);
        if let Some(done) = &self.done {
            line(&mut out, width, "done", done);
        }
        out
    }
}

/// Learns the sizes of the datasets; those that are not downloaded yet are left open.
///
/// # Errors
/// As a run: a dataset cannot be read, or is not one to train these networks on.
fn learn(plan: &mut Plan, seed: u64, environment: Environment) -> Result<Vec<DatasetSummary>> {
    let cache = Cache::new(seed, environment.clone());
    let data_seed = plan.seeds().first().map_or(0, |s| s.data);
    let mut shapes = Vec::new();
    let mut summaries = Vec::new();
    for (i, spec) in plan.datasets().enumerate() {
        let (prepared, missing) = match cache.prepared(spec, 0.0, u64::from(data_seed)) {
            Ok(prepared) => (Some(prepared), None),
            Err(error) if spec.item().is_missing(&environment) => (None, Some(error.message().to_owned())),
            Err(error) => return Err(error),
        };
        if let Some(data) = &prepared {
            plan.check_data(i, data)?;
        }
        let data = prepared.as_deref();
        let shape = data.map(DataShape::of);
        summaries.push(DatasetSummary {
            name: spec.to_string(),
            inputs: shape.map(|s| s.inputs),
            outputs: shape.map(|s| s.outputs),
            training_samples: shape.map(|s| s.train),
            held_out_samples: shape.map(|s| s.held_out),
            digest: data.map(|d| d.dataset.digest.clone()),
            reading: data.map(|d| d.dataset.reading.clone()).unwrap_or_default(),
            notes: data.map(|d| d.notes()).unwrap_or_default(),
            missing,
        });
        shapes.push(shape.unwrap_or(DataShape::NOMINAL));
    }
    plan.learn_shapes(&shapes);
    Ok(summaries)
}

fn line(out: &mut String, width: usize, label: &str, text: &str) {
    entry(out, &format!("  {label}"), 16, text, width);
}
