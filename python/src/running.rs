//! A grid that runs in the background, so that Python's own thread stays free for Ctrl-C.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use goodinit::internal::{Source, Stop, isa};
use goodinit::{Environment, Experiment, Grid, GridOutcome, Registry, Result};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::raise;
use crate::scheme::Definition;

#[pyclass(module = "goodinit", frozen)]
pub struct Running {
    directory: PathBuf,
    name: String,
    schemes: Vec<Py<Definition>>,
    stop: Stop,
    receiver: Mutex<Receiver<Result<GridOutcome>>>,
    outcome: Mutex<Option<Result<GridOutcome>>>,
}

/// Starts the grid of an experiment: the file at `path`, or `text`, which is called `path` in
/// messages.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // called in one place
pub fn start(
    py: Python<'_>,
    path: PathBuf,
    text: Option<String>,
    schemes: Vec<Py<Definition>>,
    sets: Vec<String>,
    out: Option<PathBuf>,
    threads: Option<usize>,
    fresh: bool,
    reuse: Vec<OsString>,
    data_dir: Option<PathBuf>,
    fail_fast: bool,
    progress: bool,
) -> PyResult<Running> {
    let (sender, receiver) = channel();
    let stop = Stop::manual();
    let prepare = || -> Result<(Grid, PathBuf, String)> {
        // A wrong GOODINIT_ISA is said now, not in the middle of a run.
        isa::choose()?;
        let registry = Definition::register(Registry::standard(), &schemes)?;
        let experiment = match text {
            Some(text) => Experiment::parse(&path, &text, &sets, &registry)?,
            None => Experiment::load(&path, &sets, &registry)?,
        };
        let name = experiment.name.clone();
        let directory = out.unwrap_or_else(|| Path::new("results").join(&name));
        let mut grid = Grid::new(experiment)
            .environment(Environment::new(data_dir))
            .directory(&directory)
            .fresh(fresh)
            .fail_fast(fail_fast)
            .progress(progress)
            .stop(stop.clone());
        if let Some(threads) = threads {
            grid = grid.threads(threads);
        }
        for place in &reuse {
            grid = grid.reuse(Source::parse(place)?);
        }
        Ok((grid, directory, name))
    };
    let (grid, directory, name) = py.detach(prepare).map_err(raise)?;
    // The receiver may have gone by then.
    let work = move || drop(sender.send(grid.run()));
    std::thread::Builder::new().name("grid".to_owned()).spawn(work)?;
    Ok(Running {
        directory,
        name,
        schemes,
        stop,
        receiver: Mutex::new(receiver),
        outcome: Mutex::new(None),
    })
}

#[pymethods]
impl Running {
    /// Waits for the end, at most so many seconds; whether it has come.
    fn wait(&self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        let receive = || {
            let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
            receiver.recv_timeout(Duration::from_secs_f64(seconds))
        };
        match py.detach(receive) {
            Ok(outcome) => {
                *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                Ok(true)
            }
            Err(RecvTimeoutError::Timeout) => Ok(false),
            Err(RecvTimeoutError::Disconnected) => Err(PyRuntimeError::new_err("the grid ended in a panic")),
        }
    }

    /// Asks to stop; a second time, not to wait for running trials.
    fn stop(&self) {
        self.stop.raise();
    }

    /// What is to be told about the schemes, each line once.
    fn warnings(&self) -> Vec<String> {
        self.schemes
            .iter()
            .flat_map(|scheme| scheme.get().take_warnings())
            .collect()
    }

    /// How it ended.
    fn outcome<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(outcome) = outcome.take() else {
            return Err(PyRuntimeError::new_err("the grid has not ended"));
        };
        let fields = PyDict::new(py);
        fields.set_item("name", &self.name)?;
        fields.set_item("directory", &self.directory)?;
        match outcome.map_err(raise)? {
            GridOutcome::Written { metadata, replaced } => {
                fields.set_item("trials", metadata.trials)?;
                fields.set_item("trials_run", metadata.trials_run)?;
                fields.set_item("seconds", metadata.wall_seconds)?;
                fields.set_item("moved_aside", replaced)?;
            }
            GridOutcome::AlreadyComplete { trials, .. } | GridOutcome::ShardDone { trials, .. } => {
                fields.set_item("trials", trials)?;
                fields.set_item("trials_run", 0)?;
                fields.set_item("seconds", 0.0)?;
                fields.set_item("moved_aside", None::<PathBuf>)?;
            }
        }
        Ok(fields)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.raise();
    }
}
