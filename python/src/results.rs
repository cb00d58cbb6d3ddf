//! What is read from tables: columns, verdicts, comparisons, scores.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use goodinit::internal::{
    Column, DiffOptions, FloatMode, Kind, ReplicateSplit, Row as _, Source, SummaryRow, Table, Tolerance,
    compare, diff_json, diff_markdown, evaluate_at, judgements_json, judgements_markdown, tune,
};
use goodinit::{Axis, Error, Figure, RankingRates, Registry, Result, Subset, Trials, rank};
use numpy::ndarray::Array2;
use numpy::{IntoPyArray as _, PyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::raise;
use crate::scheme::Definition;

/// The columns of a table: name, what stands in a cell.
#[pyfunction]
pub fn columns(table: &str) -> Vec<(&'static str, &'static str)> {
    let columns: Vec<Column> = match table {
        "trials" => Table::Trials.columns(),
        "epochs" => Table::Epochs.columns(),
        "layers" => Table::Layers.columns(),
        _ => SummaryRow::columns(),
    };
    columns.iter().map(|c| (c.name, c.expected)).collect()
}

/// The verdicts on the claims of the results in `directory`: JSON and Markdown.
#[pyfunction]
pub fn check(py: Python<'_>, directory: PathBuf, schemes: Vec<Py<Definition>>) -> PyResult<(String, String)> {
    let judge = || -> Result<_> {
        let registry = Definition::register(Registry::recorded(), &schemes)?;
        let source = Source::Directory(directory.clone());
        let verdicts = evaluate_at(&source, &registry)?;
        let place = directory.display().to_string();
        Ok((
            judgements_json(&place, &verdicts).to_string(),
            judgements_markdown(&place, &verdicts),
        ))
    };
    py.detach(judge).map_err(raise)
}

/// The report of one results directory, or of two, as an HTML page.
#[pyfunction]
pub fn report(py: Python<'_>, directories: Vec<PathBuf>) -> PyResult<String> {
    let page = || goodinit::report(&directories);
    Ok(py.detach(page).map_err(raise)?.html)
}

/// What differs between two sets of tables: whether nothing does, JSON and Markdown.
#[pyfunction]
pub fn diff(
    py: Python<'_>,
    old: OsString,
    new: OsString,
    tolerances: Vec<String>,
    ignore: Vec<String>,
    limit: usize,
) -> PyResult<(bool, String, String)> {
    let compare = || -> Result<_> {
        let _mode = FloatMode::standard();
        let tolerances = tolerances.iter().map(|text| Tolerance::parse(text));
        let options = DiffOptions {
            tolerances: tolerances.collect::<Result<_>>()?,
            ignored: ignore.into_iter().collect(),
            limit,
            ..DiffOptions::default()
        };
        let sides = (Source::parse(&old)?, Source::parse(&new)?);
        let report = compare(&sides.0, &sides.1, &options, &mut |_, _| Ok(()))?;
        let json = diff_json(&report)?.to_string();
        Ok((report.same, json, diff_markdown(&report)))
    };
    py.detach(compare).map_err(raise)
}

/// A scheme's place: name, score, ends of its interval, trials, diverged, failed, whether it leads.
type Place = (String, f64, Option<f64>, Option<f64>, usize, usize, usize, bool);

/// The schemes of the trials in `directory`, best first.
#[pyfunction]
pub fn ranking(py: Python<'_>, directory: PathBuf) -> PyResult<Vec<Place>> {
    let places = || -> Result<Vec<Place>> {
        let _mode = FloatMode::standard();
        let trials = Trials::load(&directory)?;
        let places = rank(&trials.all(), RankingRates::Tuned, "all")
            .into_iter()
            .map(|s| {
                let interval = s.score.interval;
                let leads = s.leads();
                (
                    s.scheme,
                    s.score.value,
                    interval.map(|i| i.low),
                    interval.map(|i| i.high),
                    s.trials,
                    s.diverged,
                    s.failed,
                    leads,
                )
            });
        Ok(places.collect())
    };
    py.detach(places).map_err(raise)
}

/// Scores by scheme, runs x tasks, with the names of tasks and of runs.
type Scores<'py> = (Bound<'py, PyDict>, Vec<String>, Vec<[u32; 4]>);

/// The scores of every scheme on every task (what a cell has besides scheme and learning rate), at
/// the rate chosen by the other replicates or at `rate`.
#[pyfunction]
pub fn scores(
    py: Python<'_>,
    directory: PathBuf,
    figure: Option<String>,
    rate: Option<f64>,
) -> PyResult<Scores<'_>> {
    let work = || -> Result<_> {
        let _mode = FloatMode::standard();
        let trials = Trials::load(&directory)?;
        matrices(&trials, figure.as_deref(), rate)
    };
    let (schemes, tasks, runs) = py.detach(work).map_err(raise)?;
    let arrays = PyDict::new(py);
    for (scheme, scores) in schemes {
        let array: Bound<'_, PyArray2<f64>> = scores.into_pyarray(py);
        arrays.set_item(scheme, array)?;
    }
    Ok((arrays, tasks, runs))
}

type Matrices = (Vec<(String, Array2<f64>)>, Vec<String>, Vec<[u32; 4]>);

fn matrices(trials: &Trials, figure: Option<&str>, rate: Option<f64>) -> Result<Matrices> {
    let wrong = |message: String| Error::new(Kind::Usage, message);
    let all = match rate {
        Some(rate) => trials
            .all()
            .filter(|row| trials.value(row, Axis::LearningRate) == rate),
        None => trials.all(),
    };
    let Some(headline) = all.headline() else {
        let rates = trials.values(Axis::LearningRate).join(", ");
        return Err(
            wrong("there are no trials at this learning rate".to_owned()).help(format!("rates: {rates}"))
        );
    };
    let figure = match figure {
        None => headline,
        Some(name) => Figure::named(name).ok_or_else(|| {
            let known: Vec<&str> = Figure::all().map(Figure::name).collect();
            wrong(format!("`{name}` is no figure of trials.csv"))
                .help(format!("figures: {}", known.join(", ")))
        })?,
    };
    let tasks = all.group_but(&[Axis::Scheme, Axis::LearningRate]);
    let differing: Vec<Axis> = Axis::CELL
        .into_iter()
        .filter(|axis| ![Axis::Scheme, Axis::LearningRate].contains(axis) && all.values(*axis).len() > 1)
        .collect();
    let name = |task: &Subset| -> String {
        let parts = differing.iter().map(|axis| task.text(*axis));
        parts.collect::<Vec<_>>().join(" ")
    };
    let names: Vec<String> = tasks.iter().map(name).collect();
    let runs: Vec<[u32; 4]> = all.seeds().collect::<BTreeSet<_>>().into_iter().collect();
    let place: BTreeMap<[u32; 4], usize> = runs.iter().copied().zip(0..).collect();
    let mut schemes = Vec::new();
    for scheme in all.values(Axis::Scheme) {
        let mut scores = Array2::from_elem((runs.len(), tasks.len()), f64::NAN);
        for (column, task) in tasks.iter().enumerate() {
            let mine = task.filter(|row| trials.text(row, Axis::Scheme) == scheme);
            let scored = match mine.is_empty() {
                true => None,
                false => match tune(&mine, ReplicateSplit::Others) {
                    Some(tuned) => Some(tuned.scored),
                    None => {
                        let message = format!(
                            "`{scheme}` has several learning rates and no validation data to choose by"
                        );
                        return Err(wrong(message).help("name one: rate=0.1"));
                    }
                },
            };
            if let Some(scored) = &scored {
                for row in scored.rows() {
                    let score = trials.score(row, figure);
                    scores[[place[&trials.seeds(row)], column]] = score.unwrap_or(f64::NAN);
                }
            }
            if scores.column(column).iter().any(|x| x.is_nan()) {
                let message = format!(
                    "`{scheme}` lacks a `{}` of some run on the task `{}`",
                    figure.name(),
                    names[column]
                );
                return Err(wrong(message)
                    .help("a matrix of scores needs every scheme on every task with every seed"));
            }
        }
        schemes.push((scheme.to_owned(), scores));
    }
    Ok((schemes, names, runs))
}
