//! The tables of one results directory, as a report needs them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::analysis::check::{self, Judgement};
use crate::experiment::Axis;
use crate::support::catalog::suggest;
use crate::support::error::{Context as _, Error, Kind, Result};
use crate::table::format;
use crate::table::io::{EpochLine, LayerLine, Reader, Row};
use crate::table::labels::Labels;
use crate::table::manifest::Manifest;
use crate::table::probe::{HistogramLine, ProbeLine, StepLine};
use crate::table::record::{EpochRow, LayerRow};
use crate::table::trials::{Builder, Trials};

/// The tables of one run.
#[derive(Debug, Clone)]
pub struct Run {
    pub dir: PathBuf,
    /// Name of the experiment, or of the directory if there is no manifest.
    pub name: String,
    /// Versions, digests and the experiment itself.
    pub manifest: Option<Manifest>,
    /// What people call its schemes.
    pub labels: Labels,
    pub trials: Trials,
    /// The evaluations of each trial.
    pub epochs: Vec<Vec<EpochRow>>,
    /// The layers of each trial before training and at its last measurement.
    pub layers: Vec<Vec<LayerRow>>,
    /// Layers of networks at initialization.
    pub probe: Vec<ProbeLine>,
    /// Their weights.
    pub histograms: Vec<HistogramLine>,
    /// Layers of trials after their first steps.
    pub steps: Vec<StepLine>,
    /// What became of the experiment's claims; or why they cannot be judged here.
    pub verdicts: std::result::Result<Vec<Judgement>, String>,
    /// What was decided at which look, where replicates go on until a decision.
    pub looks: Vec<String>,
    /// The scheme that sets the targets of times to target, if one was named.
    pub reference: Option<String>,
}

impl Run {
    /// Reads the tables in `dir`. Only one of `trials.csv` and `probe.csv` must be there.
    ///
    /// # Errors
    /// Neither is there, or a table cannot be read.
    pub fn load(dir: &Path) -> Result<Run> {
        let mut run = Run {
            dir: dir.to_owned(),
            name: directory_name(dir),
            manifest: None,
            labels: Labels::default(),
            trials: Builder::new(false).finish(None),
            epochs: Vec::new(),
            layers: Vec::new(),
            probe: Vec::new(),
            histograms: Vec::new(),
            steps: Vec::new(),
            verdicts: Ok(Vec::new()),
            looks: Vec::new(),
            reference: None,
        };
        if dir.join(format::MANIFEST).exists() {
            let manifest = Manifest::load(dir)?;
            run.name.clone_from(&manifest.name);
            run.labels = Labels::of(&manifest);
            run.manifest = Some(manifest);
        }
        let lines = |file: &str| dir.join(file).exists();
        if !lines(format::TRIALS) && !lines(format::PROBE) {
            let message = format!(
                "{} has neither {} nor {}",
                dir.display(),
                format::TRIALS,
                format::PROBE
            );
            let help = "give a directory that `goodinit grid` or `goodinit probe` has written";
            return Err(Error::new(Kind::Store, message).help(help));
        }
        if lines(format::TRIALS) {
            let none: Option<Reader<EpochLine, &[u8]>> = None;
            run.trials = Trials::read(
                Reader::open(&dir.join(format::TRIALS))?,
                none,
                run.manifest.as_ref(),
            )
            .context(|| format!("while reading {}", dir.display()))?;
        }
        if run.manifest.is_some() {
            // A custom scheme that this program does not know must not prevent the rest of the report.
            run.verdicts = check::evaluate_with_looks(dir, Some(&run.trials))
                .map(|(verdicts, looks)| {
                    run.looks = looks;
                    verdicts
                })
                .map_err(|e| e.to_string());
        }
        run.read_series(dir)?;
        read(dir, |line: ProbeLine| {
            run.probe.push(line);
            Ok(())
        })?;
        read(dir, |line: HistogramLine| {
            run.histograms.push(line);
            Ok(())
        })?;
        read(dir, |line: StepLine| {
            run.steps.push(line);
            Ok(())
        })?;
        Ok(run)
    }

    /// Lets `scheme` set the targets of times to target.
    ///
    /// # Errors
    /// No trial is of this scheme.
    pub fn with_reference(mut self, scheme: &str) -> Result<Run> {
        let known = self.trials.values(Axis::Scheme);
        if !known.iter().any(|name| name == scheme) {
            let message = format!("{} has no trial of the scheme `{scheme}`", self.dir.display());
            let known = known.iter().map(String::as_str);
            return Err(Error::new(Kind::Usage, message).help(suggest(scheme, known, "schemes")));
        }
        self.reference = Some(scheme.to_owned());
        Ok(self)
    }

    /// Reads the tables that have several rows for a trial.
    fn read_series(&mut self, dir: &Path) -> Result<()> {
        let rows = 0..self.trials.len();
        let places: BTreeMap<String, usize> = rows.map(|row| (self.trials.id(row).to_owned(), row)).collect();
        self.epochs = vec![Vec::new(); self.trials.len()];
        self.layers = vec![Vec::new(); self.trials.len()];
        let stray = |file: &str, id: &str| {
            let message = format!(
                "{file} has rows of the trial `{id}`, which {} lacks",
                format::TRIALS
            );
            Error::new(Kind::Store, message).help("the tables are not of one run: run the experiment again")
        };
        read(dir, |line: EpochLine| {
            let place = places
                .get(&line.trial_id)
                .ok_or_else(|| stray(format::EPOCHS, &line.trial_id))?;
            let mut row = line.row;
            // Most of the table's bytes, and of no use here.
            row.weights_hash = String::new();
            self.epochs[*place].push(row);
            Ok(())
        })?;
        read(dir, |line: LayerLine| {
            let place = places
                .get(&line.trial_id)
                .ok_or_else(|| stray(format::LAYERS, &line.trial_id))?;
            let rows = &mut self.layers[*place];
            // Of all measurements after the start only the last is kept.
            if rows
                .last()
                .is_some_and(|row| row.epoch != 0 && row.epoch != line.row.epoch)
            {
                rows.retain(|row| row.epoch == 0);
            }
            rows.push(line.row);
            Ok(())
        })
    }
}

/// The last part of a path that is a name.
fn directory_name(dir: &Path) -> String {
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    whole
        .file_name()
        .map_or("results".to_owned(), |n| n.to_string_lossy().into_owned())
}

/// Hands every row of a table to `take`; does nothing if there is no such table.
fn read<R: Row>(dir: &Path, mut take: impl FnMut(R) -> Result<()>) -> Result<()> {
    let path = dir.join(R::FILE);
    if !path.exists() {
        return Ok(());
    }
    let rows = Reader::<R, _>::open(&path)?;
    rows.into_iter()
        .try_for_each(|row| take(row?))
        .context(|| format!("while reading {}", dir.display()))
}
