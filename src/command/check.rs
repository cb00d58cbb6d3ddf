//! `goodinit check`: do the claims of experiments hold on their tables?

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use super::{print as print_out, print_json};
use crate::analysis::check::{self, print};
use crate::data::Environment;
use crate::init::Registry;
use crate::run::progress::say;
use crate::support::error::Result;
use crate::support::text::{Style, markdown_text, visible, wrap};
use crate::table::format;
use crate::table::inputs::{brought_data, inputs_changed, recorded_experiment};
use crate::table::manifest::Manifest;

/// Arguments of `goodinit check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit check results/quick
  goodinit check results/papers                    every results directory below it
  goodinit check results/quick --format markdown   fit for a pull request

A claim passes when its figure and the whole interval satisfy it, fails when neither
does, and is inconclusive (OPEN) when the interval straddles the threshold or evidence is missing.
Exit codes: 0 every claim passes, 1 one fails or is inconclusive, 2 error.")]
pub struct Args {
    /// Results directories, or directories that contain some
    #[arg(value_name = "DIR", required = true)]
    dirs: Vec<PathBuf>,
    /// How to print the verdicts
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How verdicts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// Tables for a pull request
    Markdown,
    /// For machines
    Json,
}

/// Says on standard error where data or weights files are not those that the tables in `dir` were
/// made with. Files that cannot be read are no reason to say anything.
pub(super) fn warn_of_changed_inputs(dir: &Path) {
    let Ok(manifest) = Manifest::load(dir) else {
        return;
    };
    let path = dir.join(format::MANIFEST);
    let Ok(experiment) = recorded_experiment(&manifest, &path, &Registry::recorded()) else {
        return;
    };
    let data = brought_data(&experiment, &Environment::default());
    for changed in inputs_changed(&manifest, &experiment, &data) {
        say(&format!("{}: {changed}", dir.display()));
    }
}

/// What was decided at which look, a paragraph for each of `lines`.
pub(super) fn paragraphs(lines: &[String], style: Style) -> String {
    let paragraph = |line: &String| format!("\n{}\n", wrap(&visible(line), style.width, 0));
    lines.iter().map(paragraph).collect()
}

/// Checks and prints.
///
/// # Errors
/// A directory holds no results, or its tables cannot be read.
pub fn run(args: Args) -> Result<ExitCode> {
    super::on_all_cores(|| run_here(args))
}

fn run_here(args: Args) -> Result<ExitCode> {
    let mut directories = Vec::new();
    for dir in &args.dirs {
        directories.extend(check::find(dir)?);
    }
    let style = Style::detect();
    let (mut texts, mut values, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for dir in directories {
        warn_of_changed_inputs(&dir);
        let (verdicts, looks) = check::evaluate_with_looks(&dir, None)?;
        let place = dir.display().to_string();
        match args.format {
            Format::Text => texts.push(print::text(&place, &verdicts, style) + &paragraphs(&looks, style)),
            Format::Markdown => {
                let looks: String = looks
                    .iter()
                    .map(|line| format!("\n{}\n", markdown_text(line)))
                    .collect();
                texts.push(print::markdown(&place, &verdicts) + &looks);
            }
            Format::Json => {
                let mut value = print::json(&place, &verdicts);
                value["looks"] = looks.into();
                values.push(value);
            }
        }
        all.extend(verdicts);
    }
    if args.format == Format::Json {
        print_json(&values)?;
    } else {
        if texts.len() > 1 && args.format == Format::Text {
            texts.push(format!("All: {}\n", print::count(&all)));
        }
        print_out(&texts.join("\n"))?;
    }
    Ok(ExitCode::from(check::exit_code(&all)))
}
