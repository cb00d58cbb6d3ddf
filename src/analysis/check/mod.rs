//! Are an experiment's claims true of its tables?
//!
//! [`crate::experiment::claim`] says how a figure comes about. Here: trials are read
//! ([`evidence`]), the figures and their intervals computed ([`judge`]), verdicts given,
//! and printed ([`print`](mod@print)).
//!
//! **Interval.** Replicates are the units, the same ones on both sides, in every pooled cell and
//! for every value of an axis, so that whatever is paired stays paired; where an experiment has
//! one replicate with crossed seeds, the seeds of each factor are
//! ([`Crossing`](crate::analysis::stats::Crossing)). `intervals` says how an interval is made of
//! which figure. It needs two replicates; a claim about one rests on the figure alone, and its verdict
//! says so, as it does where so few replicates cannot attain the level that the claim asks for.
//!
//! **Never silently true.** A trial that failed (a panic, an error) is no evidence: a claim that
//! it touches is inconclusive unless it is about failures. So is a claim with missing trials or
//! figures, one whose figure is undefined, and one whose verdict depends on how much
//! longer a trial that never reached its target would have taken.

pub mod aggregate;
mod decide;
pub mod evidence;
mod intervals;
pub mod judge;
mod layers;
pub mod print;
mod samples;

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use crate::analysis::looks::{self, LookState};
use crate::experiment::{Axis, Claim, Experiment, Until};
use crate::init::Registry;
use crate::numerics::FloatMode;
use crate::support::error::{Context as _, Result};

use crate::analysis::stats::Interval;
use crate::table::inputs::recorded_experiment;
use crate::table::manifest::Manifest;
use crate::table::source::{Source, entries};
use crate::table::trials::Builder;
use crate::table::{Trials, format};

/// What the tables say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The figure and its whole interval satisfy the relation.
    Pass,
    /// The interval straddles the threshold, or evidence is missing.
    Inconclusive,
    /// Neither the figure nor any of its interval satisfies it.
    Fail,
}

impl Verdict {
    /// `pass`, `inconclusive` or `fail`.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Fail => "fail",
        }
    }
}

/// One claim with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The claim, as the experiment file has it.
    pub claim: Claim,
    /// Whether it holds: in every case, not in one at least, or else undecided.
    pub verdict: Verdict,
    /// One case for each combination of values under `for_each`; one in all without.
    pub cases: Vec<Case>,
    /// What kept the claim from being judged at all.
    pub note: Option<String>,
}

/// A claim for one combination of values of the axes under `for_each`.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The values of the axes under `for_each`, as tables write them; empty without.
    pub group: Vec<(Axis, String)>,
    /// Whether the claim holds here.
    pub verdict: Verdict,
    /// What is compared with the threshold: the side's figure, difference, ratio, least step,
    /// spread or rank.
    pub figure: f64,
    /// Its interval; `None` for a single replicate, and for a least or greatest value.
    pub interval: Option<Interval>,
    /// Whether that has the level which the claim asks for: few trials may not attain it.
    pub has_level: bool,
    /// Of an interquartile mean of one side against a threshold, and of plain means: the verdict that holds whatever the
    /// law of the values is. The interval is Student's, which is too short for few values of a skewed law.
    pub of_any_law: Option<Verdict>,
    /// Of a plain mean of one side, or of a difference of two: the verdict by an interval that allows for skewness.
    pub skewed: Option<Verdict>,
    /// The figure of each side, or of each value of the relation's axis.
    pub parts: Vec<Part>,
    /// What else a reader must know.
    pub notes: Vec<String>,
}

/// One of the figures that a case compares.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// `left`, `right`, or the value of the axis.
    pub name: String,
    /// The figure of the side, or of one value of the axis, in the unit of the metric.
    pub figure: f64,
    /// Trials whose figures it is made of; those that diverged count, those that failed do not.
    pub trials: usize,
    /// Trials that diverged, among them.
    pub diverged: usize,
    /// Trials that failed, among them.
    pub failed: usize,
    /// Learning rates chosen, one for each pooled cell; empty where the rate was fixed.
    pub rates: Vec<ChosenRate>,
    /// Whether another figure of the case is better; `false` where neither greater nor smaller is.
    pub losing: bool,
}

impl Part {
    /// The chosen rates that are the least or greatest of those tried.
    pub fn edges(&self) -> impl Iterator<Item = (f64, &RateEdge)> {
        self.rates.iter().filter_map(|r| Some((r.rate, r.edge.as_ref()?)))
    }
}

/// A learning rate that was chosen among several.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenRate {
    pub rate: f64,
    /// Present where it is the least or greatest of the rates tried: a better one may lie outside.
    pub edge: Option<RateEdge>,
}

/// At which end of the rates tried a chosen rate stands, and how the nearest other rate fared.
#[derive(Debug, Clone, PartialEq)]
pub struct RateEdge {
    /// Whether it is the lowest rate; else the highest.
    pub lowest: bool,
    /// The nearest other rate.
    pub next: f64,
    pub trials: usize,
    /// Trials that diverged, among them.
    pub diverged: usize,
}

/// Judges the claims of the experiment whose tables are in the directory `dir`.
///
/// # Errors
/// The manifest or a table is missing, malformed, or the experiment in the manifest cannot be
/// read.
pub fn evaluate(dir: &Path) -> Result<Vec<Judgement>> {
    evaluate_at(&Source::Directory(dir.to_owned()), &Registry::recorded())
}

/// As [`evaluate`], with what a person is told of the looks, in lines; those are none where replicates
/// are fixed. `read` is the table of trials, where that has been read.
///
/// # Errors
/// As for [`evaluate`].
pub fn evaluate_with_looks(dir: &Path, read: Option<&Trials>) -> Result<(Vec<Judgement>, Vec<String>)> {
    let source = Source::Directory(dir.to_owned());
    let experiment = experiment_of(&source, &Registry::recorded())?;
    let has_looks = experiment.sequential.is_some() && source.open(format::TRIALS)?.is_some();
    let found;
    let trials = match read {
        Some(trials) => trials,
        None => {
            found = trials_of(&source, has_looks || evidence::needs_trials(&experiment.claims))?;
            &found
        }
    };
    let (judgements, state) = evaluate_claims(&experiment, trials, &source)?;
    let state = match state {
        None if has_looks => looks::look_state(&experiment, &experiment.plan(), trials, &source)?,
        state => state.filter(|_| has_looks),
    };
    Ok((judgements, state.map_or_else(Vec::new, |state| state.lines())))
}

/// Judges the claims of the experiment whose tables are in `source`, with the schemes of
/// `registry`.
///
/// # Errors
/// As for [`evaluate`].
pub fn evaluate_at(source: &Source, registry: &Registry) -> Result<Vec<Judgement>> {
    let experiment = experiment_of(source, registry)?;
    let trials = trials_of(source, evidence::needs_trials(&experiment.claims))?;
    Ok(evaluate_claims(&experiment, &trials, source)?.0)
}

/// The table of trials in `source`, if it is `needed`.
fn trials_of(source: &Source, needed: bool) -> Result<Trials> {
    match needed {
        true => Trials::from_source(source, false),
        false => Ok(Builder::new(false).finish(None)),
    }
}

/// The experiment in the manifest in `source`.
fn experiment_of(source: &Source, registry: &Registry) -> Result<Experiment> {
    let manifest = Manifest::require(source)?;
    let name = format!("{} (experiment)", source.name_of(format::MANIFEST));
    recorded_experiment(&manifest, name.as_ref(), registry).context(|| format!("the experiment of {source}"))
}

/// Judges the claims of `experiment` on the tables in `source`, of which `trials` has been read. Where
/// replicates go on until the claims are decided, says how far that has come.
fn evaluate_claims(
    experiment: &Experiment,
    trials: &Trials,
    source: &Source,
) -> Result<(Vec<Judgement>, Option<LookState>)> {
    let _mode = FloatMode::standard();
    let plan = experiment.plan();
    let order = |axis| plan.values(axis).into_iter().map(str::to_owned).collect();
    let claims = &experiment.claims;
    if claims.is_empty() {
        return Ok((Vec::new(), None));
    }
    if experiment
        .sequential
        .as_ref()
        .is_some_and(|s| s.until == Until::Claims)
    {
        let mut state = looks::look_state(experiment, &plan, trials, source)?;
        let judgements = state.as_mut().map(|s| std::mem::take(&mut s.judgements));
        return Ok((judgements.unwrap_or_default(), state));
    }
    let evidence = evidence::collect(experiment, trials, source)?;
    let judged = claims
        .par_iter()
        .zip(evidence)
        .map(|(claim, evidence)| judge::judge(claim, &evidence, trials, &order));
    Ok((judged.collect(), None))
}

/// The results directories in `dir`: itself if it holds a manifest, else those below it, sorted.
///
/// # Errors
/// There is none, or a directory cannot be read.
pub fn find(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    find_below(dir, 0, &mut found)?;
    if found.is_empty() {
        return Err(Manifest::missing(&Source::Directory(dir.to_owned())));
    }
    found.sort();
    Ok(found)
}

fn find_below(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    if dir.join(format::MANIFEST).is_file() {
        found.push(dir.to_owned());
        return Ok(());
    }
    for below in entries(dir, depth)?.1 {
        find_below(&below, depth + 1, found)?;
    }
    Ok(())
}

/// The exit code that verdicts ask for: 0 if every claim passes, else 1.
pub fn exit_code<'a>(judgements: impl IntoIterator<Item = &'a Judgement>) -> u8 {
    let all = judgements.into_iter().all(|j| j.verdict == Verdict::Pass);
    u8::from(!all)
}

#[cfg(test)]
mod tests;
