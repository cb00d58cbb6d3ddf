//! `goodinit probe`: signal propagation at initialization, and in the first steps where they are asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::notes::SchemeWarnings;
use super::{Format, complain, print, print_json};
use crate::analysis::check;
use crate::analysis::scaling::{Over, Scaling, scaling};
use crate::analysis::stats::median;
use crate::data::Environment;
use crate::experiment::{Axis, Experiment};
use crate::init::Registry;
use crate::run::job::Job;
use crate::run::probes;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::entry;
use crate::support::text::{Style, three_decimals};
use crate::table::probe::{ProbeRecord, StepLine, StepRecord};

/// Arguments of `goodinit probe`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit probe experiments/quick.toml
  goodinit probe experiments/quick.toml --set replicates=20 --out /tmp/probe
  goodinit probe FILE --steps 0,1,2,4,8 --over width
                                                   a coordinate check: do updates scale with width?
  goodinit report results/quick                    the figures, as a page

Writes probe.csv (signal, gradient, dead units, correlation, Jacobian and theory, layer by layer)
and histograms.csv (weights) beside the experiment's other tables. A network's initial state does
not depend on learning rate, batch size or sample order, so each is probed once.

With --steps, or steps in [record], every trial takes as many steps as the greatest of them, and
steps.csv has the mean absolute pre-activation of each layer and its change since the start. A
sentence says for each parametrization whether they keep their size over the widths or depths of
the experiment, and which layers break that rule first.")]
pub struct Args {
    /// The experiment file
    #[arg(value_name = "EXPERIMENT.toml")]
    experiment: PathBuf,
    /// Where the tables go [default: results/<name of the experiment>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Coordinate check after so many optimizer steps, in place of the file's [record] steps
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    steps: Vec<u32>,
    /// What networks are compared over in the coordinate check [default: what they differ in]
    #[arg(long, value_parser = over())]
    over: Option<Over>,
    /// Threads; never changes a byte [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// What another experiment left in the directory is moved aside
    #[arg(long)]
    fresh: bool,
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

/// The words for [`Over`].
fn over() -> impl TypedValueParser<Value = Over> {
    let named = |word: String| Over::ALL.into_iter().find(|over| over.word() == word);
    PossibleValuesParser::new(Over::ALL.map(Over::word))
        .try_map(move |word| named(word).ok_or("no such word"))
}

/// What is printed for programs.
#[derive(Serialize)]
struct ProbeOutput<'a> {
    experiment: &'a str,
    directory: &'a Path,
    networks: usize,
    layers: usize,
    failures: Vec<Failure>,
    notes: SchemeWarnings,
    moved_aside: Option<PathBuf>,
    claims: Option<String>,
    scaling: Vec<Scaling>,
}

/// A network that could not be initialized.
#[derive(Serialize)]
struct Failure {
    trial: String,
    message: String,
}

/// Probes and prints.
///
/// # Errors
/// The experiment file is wrong, its data are missing, or the tables cannot be written.
pub fn run(args: Args) -> Result<ExitCode> {
    let mut set = args.set;
    if !args.steps.is_empty() {
        set.push(format!("record.steps={:?}", args.steps));
    }
    let experiment = Experiment::load(&args.experiment, &set, &Registry::standard())?;
    if args.over.is_some() && experiment.record.steps.is_empty() {
        let error = Error::new(Kind::Usage, "--over says nothing without a coordinate check");
        return Err(error.help("add --steps 0,1,2,4,8"));
    }
    let out = args.out.unwrap_or_else(|| experiment.default_directory());
    let job = Job::new(experiment, Environment::new(args.data_dir))?;
    let _locks = probes::enter(&out, &job, args.fresh)?;
    let pool = super::pool(args.threads)?;
    let bar = progress(probes::networks(&job).len() + probes::stepped(&job).len());
    let mut found = probes::run(&job, &pool, || bar.inc(1));
    bar.finish_and_clear();
    if found.records.is_empty() && !found.failures.is_empty() {
        let (trial, error) = found.failures.swap_remove(0);
        return Err(error.context(format!("no network can be initialized, the first is {trial}")));
    }
    let lines: Vec<StepLine> = found.steps.iter().flat_map(StepRecord::lines).collect();
    let compared = Over::ALL
        .into_iter()
        .filter(|over| args.over.is_none_or(|asked| asked == *over));
    let scaling: Vec<Scaling> = compared.flat_map(|over| scaling(&lines, over)).collect();
    let moved = probes::write(&out, &job, &found)?;
    let judged = match job.experiment.claims.iter().any(|c| c.metric.is_probed()) {
        true => Some(pool.install(|| check::evaluate(&out))?),
        false => None,
    };
    let mut notes = SchemeWarnings::default();
    found.notes.iter().for_each(|text| notes.add(text));
    let outcome = ProbeOutput {
        experiment: &job.experiment.name,
        directory: &out,
        networks: found.records.len(),
        layers: found.records.iter().map(|r| r.layers.len()).sum(),
        failures: found
            .failures
            .iter()
            .map(|(trial, e)| Failure {
                trial: trial.to_string(),
                message: e.to_string(),
            })
            .collect(),
        notes,
        moved_aside: moved,
        claims: judged.as_deref().map(check::print::count),
        scaling,
    };
    match args.format {
        Format::Json => print_json(&outcome)?,
        Format::Text => {
            let style = Style::detect();
            let mut text = table(&found.records, style);
            if !lines.is_empty() {
                outcome.say_scaling(&mut text, args.over, style.width);
            }
            outcome.say(&mut text, style.width);
            print(&text)?;
        }
    }
    for (trial, error) in found.failures.iter().take(3) {
        complain(&crate::support::error::Error::new(
            error.kind(),
            format!("{trial}: {error}"),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

impl ProbeOutput<'_> {
    /// A sentence for each parametrization.
    fn say_scaling(&self, out: &mut String, over: Option<Over>, width: usize) {
        if self.scaling.is_empty() {
            let what = over.map_or("width or depth", Over::word);
            let line =
                format!("No two networks differ in {what} alone: there is nothing to compare steps over.");
            entry(out, "", 0, &line, width);
        }
        for scaling in &self.scaling {
            entry(
                out,
                "",
                0,
                &format!("{}: {}.", scaling.label, scaling.verdict()),
                width,
            );
        }
        out.push('\n');
    }

    fn say(&self, out: &mut String, width: usize) {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{} networks, {} layers", self.networks, self.layers);
        if !self.failures.is_empty() {
            let _ = writeln!(out, "{} networks could not be initialized", self.failures.len());
        }
        if let Some(line) = self.notes.line(self.networks, "network") {
            entry(out, "", 0, &line, width);
        }
        if let Some(claims) = &self.claims {
            let _ = writeln!(
                out,
                "Claims: {claims} (goodinit check {})",
                self.directory.display()
            );
        }
        if let Some(aside) = &self.moved_aside {
            let _ = writeln!(
                out,
                "The tables that were there differed and are now in {}",
                aside.display()
            );
        }
        let _ = writeln!(out, "Tables: {}", self.directory.display());
    }
}

/// A bar on a terminal, nothing elsewhere.
fn progress(networks: usize) -> ProgressBar {
    let bar = ProgressBar::new(networks as u64);
    // The template is a constant; a wrong one would only lose the bar's looks.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} networks  {eta}") {
        bar.set_style(style);
    }
    bar
}

/// Rows that a person still reads; `probe.csv` has the rest.
const MOST_ROWS: usize = 40;

/// One row for each scheme and network: what becomes of signal and gradient from end to end.
fn table(records: &[ProbeRecord], style: Style) -> String {
    let varies = |axis: &Axis| {
        let mut texts = records.iter().map(|r| r.coordinates.text(*axis));
        let first = texts.next();
        texts.any(|text| Some(text) != first)
    };
    // Whatever the networks differ in; the scheme in any case.
    let axes: Vec<Axis> = Axis::CELL
        .into_iter()
        .filter(|axis| axis.affects_init() && (*axis == Axis::Scheme || varies(axis)))
        .collect();
    let mut groups: Vec<(Vec<String>, Vec<&ProbeRecord>)> = Vec::new();
    let mut places: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for record in records {
        let key: Vec<String> = axes
            .iter()
            .map(|a| record.coordinates.text(*a).into_owned())
            .collect();
        let place = *places.entry(key.clone()).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(record);
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_width(u16::try_from(style.width).unwrap_or(u16::MAX));
    let figures = ["signal", "gradient", "cosine", "dead", "loss"];
    table.set_header(axes.iter().map(|a| a.words()).chain(figures.map(str::to_owned)));
    for (key, records) in groups.iter().take(MOST_ROWS) {
        table.add_row(key.iter().cloned().chain(ends(records)));
    }
    for column in axes.len()..axes.len() + figures.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    let mut out = String::new();
    let _ = writeln!(out, "{}", table.trim_fmt());
    if groups.len() > MOST_ROWS {
        let _ = writeln!(out, "and {} more in probe.csv", groups.len() - MOST_ROWS);
    }
    out.push('\n');
    let legend = "signal: mean square of the last pre-activation over the first layer's; gradient: of the first \
        layer over the last's; cosine: of two samples behind the last hidden layer; dead: units that are \
        zero on every sample. Medians over replicates.";
    entry(&mut out, "", 0, legend, style.width);
    out.push('\n');
    out
}

/// Signal, gradient, cosine, dead units and loss, in words.
fn ends(records: &[&ProbeRecord]) -> Vec<String> {
    let over = |of: &dyn Fn(&ProbeRecord) -> Option<f64>| {
        let values: Vec<f64> = records.iter().filter_map(|r| of(r)).collect();
        if values.is_empty() {
            "-".to_owned()
        } else {
            three_decimals(median(&values))
        }
    };
    let gradient = |r: &ProbeRecord| {
        let (first, last) = (
            r.layers.first()?.0.gradient_moment?,
            r.layers.last()?.0.gradient_moment?,
        );
        (last > 0.0).then(|| first / last)
    };
    let hidden = |r: &ProbeRecord| r.layers.get(r.layers.len().checked_sub(2)?)?.0.correlation;
    let dead = |r: &ProbeRecord| {
        let layers: Vec<f64> = r.layers.iter().filter_map(|(l, _)| l.dead_fraction).collect();
        (!layers.is_empty()).then(|| layers.iter().sum::<f64>() / layers.len() as f64)
    };
    vec![
        over(&|r| r.layers.last()?.1.first_ratio),
        over(&gradient),
        over(&hidden),
        over(&dead),
        over(&|r| r.layers.last()?.1.initial_loss),
    ]
}
