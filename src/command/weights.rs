//! `goodinit weights`: what each file that an experiment reads weights from must hold, and whether
//! it is there; or the initial weights of its other schemes as such files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::{Format, print, print_json, weights_write};
use crate::data::{Cache, DataSpec, Environment};
use crate::experiment::{DataShape, Experiment, Plan};
use crate::init::{Registry, Scheme};
use crate::model::{LayerInfo, Model};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::{counted, visible};

/// Arguments of `goodinit weights`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit weights my.toml                         files, tensors and shapes
  goodinit weights my.toml --format json           the same for a script that writes the files
  goodinit weights experiments/quick.toml --write inits     the weights of its schemes, as files

A scheme that reads files: { kind = \"weights\", path = \"inits/{architecture}/{weight_seed}.safetensors\" }.
See docs/weights.md.")]
pub struct Args {
    /// The experiment file
    #[arg(value_name = "EXPERIMENT.toml")]
    experiment: PathBuf,
    /// Write the initial weights of the experiment's own schemes into this directory, one file for
    /// each network; print the schemes that read them back
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Override a key of the file; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where downloaded datasets are kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Types of numbers that are read; all become the first.
const DTYPES: [&str; 4] = ["float32", "float64", "float16", "bfloat16"];

/// Paths of one kind that are printed for people.
const MOST_PATHS: usize = 12;

/// What is printed for programs.
#[derive(Serialize)]
struct Output<'a> {
    experiment: &'a str,
    /// Types of numbers that are read; float64 is rounded to float32, the others are exact.
    dtypes: [&'static str; 4],
    files: Vec<File>,
}

/// A file, and what it must hold.
#[derive(Serialize)]
struct File {
    path: PathBuf,
    scheme: String,
    state: State,
    /// What is wrong with it.
    message: Option<String>,
    tensors: Vec<LayerTensors>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Missing,
    /// It cannot be read, or does not fit.
    Wrong,
    Fits,
}

/// The tensors of one layer, in either convention.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct LayerTensors {
    /// From 1, the output layer last.
    layer: usize,
    inputs: usize,
    outputs: usize,
    /// As PyTorch stores it.
    torch: Tensor,
    /// As flax and Keras store it.
    jax: Tensor,
    /// May be left out: the biases are 0 then. Null where the network has none.
    bias: Option<Tensor>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Tensor {
    name: String,
    shape: Vec<usize>,
}

impl Tensor {
    fn new(layer: &LayerInfo, what: &str, shape: &[usize]) -> Self {
        Tensor {
            name: format!("layers.{}.{what}", layer.index),
            shape: shape.to_vec(),
        }
    }
}

impl LayerTensors {
    fn of(layer: &LayerInfo) -> Self {
        let (inputs, outputs) = (layer.fan_in, layer.fan_out);
        LayerTensors {
            layer: layer.index + 1,
            inputs,
            outputs,
            torch: Tensor::new(layer, "weight", &[outputs, inputs]),
            jax: Tensor::new(layer, "kernel", &[inputs, outputs]),
            bias: layer.has_bias.then(|| Tensor::new(layer, "bias", &[outputs])),
        }
    }
}

/// The data of an experiment: what decides the sides of its first and last layers.
pub(super) struct Data {
    pub cache: Cache,
    shapes: BTreeMap<String, DataShape>,
}

impl Data {
    /// # Errors
    /// Data cannot be read.
    fn of(experiment: &Experiment, plan: &Plan, environment: Environment) -> Result<Self> {
        let cache = Cache::new(experiment.seed, environment);
        let seed = plan.seeds().first().map_or(0, |s| s.data);
        let shape = |spec: &std::sync::Arc<DataSpec>| {
            let prepared = cache.prepared(spec, 0.0, u64::from(seed))?;
            Ok((spec.to_string(), DataShape::of(&prepared)))
        };
        let shapes = plan.datasets().map(shape).collect::<Result<_>>()?;
        Ok(Data { cache, shapes })
    }

    /// The network of a trial.
    ///
    /// # Errors
    /// As for [`Model::new`].
    pub fn model(&self, trial: &crate::experiment::Trial) -> Result<Model> {
        let shape = self.shapes[&trial.coordinates.dataset];
        trial.model(shape.inputs, shape.outputs)
    }
}

/// Prints what files must hold, or writes some.
///
/// # Errors
/// The experiment is wrong, its data cannot be read, it reads no files, or files cannot be written.
pub fn run(args: Args) -> Result<ExitCode> {
    let experiment = Experiment::load(&args.experiment, &args.set, &Registry::standard())?;
    let plan = experiment.plan();
    let data = Data::of(&experiment, &plan, Environment::new(args.data_dir.clone()))?;
    if let Some(directory) = &args.write {
        let written = weights_write::write(&plan, &data, directory)?;
        match args.format {
            Format::Text => print(&weights_write::text(&written, directory))?,
            Format::Json => print_json(&written)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let files = files(&plan, &data)?;
    if files.is_empty() {
        let message = format!(
            "no scheme of {} reads weights from files",
            args.experiment.display()
        );
        return Err(Error::new(Kind::Experiment, message).help(
            "one that does: { kind = \"weights\", path = \"inits/{architecture}/{weight_seed}.safetensors\" }; \
             `--write DIR` writes files for the schemes that are there",
        ));
    }
    match args.format {
        Format::Text => print(&text(&files))?,
        Format::Json => print_json(&Output {
            experiment: &experiment.name,
            dtypes: DTYPES,
            files,
        })?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The files that the schemes of `plan` read, in the order of their paths.
fn files(plan: &Plan, data: &Data) -> Result<Vec<File>> {
    let mut files: BTreeMap<PathBuf, File> = BTreeMap::new();
    for (path, i) in plan.weight_files() {
        let trial = plan.trial(i);
        let model = data.model(&trial)?;
        let tensors: Vec<LayerTensors> = model.layers.iter().map(LayerTensors::of).collect();
        if let Some(file) = files.get_mut(&path) {
            if file.tensors != tensors {
                file.state = State::Wrong;
                file.message = Some(format!(
                    "networks of several shapes read it, `{}` among them: name {{architecture}} or {{dataset}} in the path",
                    trial.coordinates.architecture
                ));
            }
            continue;
        }
        let (state, message) = state(&*trial.values.scheme.scheme, &path, &model);
        let scheme = trial.coordinates.scheme;
        files.insert(
            path.clone(),
            File {
                path,
                scheme,
                state,
                message,
                tensors,
            },
        );
    }
    Ok(files.into_values().collect())
}

fn state(scheme: &dyn Scheme, path: &Path, model: &Model) -> (State, Option<String>) {
    if !path.exists() {
        return (State::Missing, None);
    }
    match scheme.ready().and_then(|()| scheme.fits(model)) {
        Ok(()) => (State::Fits, None),
        Err(error) => (State::Wrong, Some(error.message().to_owned())),
    }
}

fn text(files: &[File]) -> String {
    let mut out = String::new();
    let count = |state: State| files.iter().filter(|file| file.state == state).count();
    let (missing, wrong) = (count(State::Missing), count(State::Wrong));
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "{} in safetensors, {missing} missing, {wrong} that cannot be used. Numbers are float32, float64 (rounded to \
         float32), float16 or bfloat16 (both exact).\n\
         Prefixes of names (module., _orig_mod., model.) do not matter, nor do other tensors beside.",
        counted(files.len() as u64, "file"),
    );
    let kinds: BTreeSet<&Vec<LayerTensors>> = files.iter().map(|file| &file.tensors).collect();
    for kind in kinds {
        out.push('\n');
        let of_kind: Vec<&File> = files.iter().filter(|file| file.tensors == *kind).collect();
        let shown = of_kind.iter().take(MOST_PATHS);
        for file in shown {
            let state = match (&file.state, &file.message) {
                (State::Missing, _) => "missing".to_owned(),
                (State::Fits, _) => "there, fits".to_owned(),
                (State::Wrong, message) => message.clone().unwrap_or_default(),
            };
            let _ = writeln!(
                out,
                "{}: {}",
                visible(&file.path.display().to_string()),
                visible(&state)
            );
        }
        if of_kind.len() > MOST_PATHS {
            let _ = writeln!(
                out,
                "and {} more; `--format json` lists all",
                of_kind.len() - MOST_PATHS
            );
        }
        out.push_str(&table(kind));
    }
    out
}

/// The tensors of a file, a line for each layer.
fn table(layers: &[LayerTensors]) -> String {
    let text = |tensor: &Tensor| format!("{} {:?}", tensor.name, tensor.shape);
    let header = [
        "PyTorch [outputs, inputs]",
        "or flax, Keras [inputs, outputs]",
        "0 where left out",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(layers.iter().map(|layer| {
        let bias = layer.bias.as_ref().map_or("no bias".to_owned(), text);
        [text(&layer.torch), text(&layer.jax), bias]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    rows.iter()
        .map(|[torch, jax, bias]| format!("  {torch:first$}  {jax:second$}  {bias}\n"))
        .collect()
}
