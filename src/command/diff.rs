//! `goodinit diff`: did the numbers change, since when, and does it matter?

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::Value;

use super::{Out, print as print_out, print_json, unwritable};
use crate::analysis::diff::table::RowChange;
use crate::analysis::diff::{self, Diff, Options, Tolerance, export, print};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::Style;
use crate::table::source::Source;

/// Arguments of `goodinit diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit diff results/quick /tmp/quick              two directories
  goodinit diff a/trials.csv b/trials.csv             two tables
  goodinit diff HEAD~3:results/full results/full      a commit and the work tree
  goodinit diff HEAD~3 -- results/full                the same
  goodinit diff v1 v2 -- results/full results/quick   two commits
  goodinit diff old new --tolerance test_loss=1e-6 --ignore final_hash

Rows are matched by their coordinates. A tolerance is absolute (column=1e-6), relative
(column=1e-6rel) or in steps from one f64 to the next (column=4ulp).
Exit codes: 0 same, 1 differs (--fail-on: in what), 2 error.")]
pub struct Args {
    /// A directory, a table, or REVISION:path; only REVISION before `-- PATH`
    old: OsString,
    /// The same, to compare it with
    new: Option<OsString>,
    /// Compare these paths in OLD with those in the work tree, or in NEW
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Count differences up to this as none: COLUMN=1e-6, 1e-6rel or 4ulp; may be repeated
    #[arg(long, value_name = "COLUMN=AMOUNT")]
    tolerance: Vec<String>,
    /// Do not compare this column; may be repeated
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<String>,
    /// Changed rows of each table to print (csv: always all) [default: 10; json: 1000]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// What makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Difference, value_name = "WHAT")]
    fail_on: FailOn,
    /// How to print the differences
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How differences are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For a pull request
    Markdown,
    /// For machines
    Json,
    /// Every changed cell, one per line
    Csv,
}

/// What makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Any difference
    Difference,
    /// A leader, ranking, interval, diverged count or claim that comes out otherwise
    Conclusion,
    /// Nothing
    Never,
}

impl FailOn {
    fn fails(self, report: &Diff) -> bool {
        match self {
            FailOn::Difference => !report.same,
            FailOn::Conclusion => !report.concludes_the_same(),
            FailOn::Never => false,
        }
    }
}

/// Compares and prints.
///
/// # Errors
/// A side is not there, cannot be read, or has a key twice.
pub fn run(args: Args) -> Result<ExitCode> {
    super::on_all_cores(|| run_here(args))
}

fn run_here(args: Args) -> Result<ExitCode> {
    let options = options(&args)?;
    let mut csv = (args.format == Format::Csv).then(|| csv::Writer::from_writer(Out));
    if let Some(csv) = &mut csv {
        csv.write_record(export::CSV_HEADER).map_err(unwritable)?;
    }
    let mut reports = Vec::new();
    for (old, new) in pairs(&args)? {
        for side in [&old, &new] {
            if let Source::Directory(dir) = side {
                super::check::warn_of_changed_inputs(dir);
            }
        }
        let mut sink = |table: &str, row: &RowChange| -> Result<()> {
            if let Some(csv) = &mut csv {
                for line in export::csv_rows(table, row) {
                    csv.write_record(line).map_err(unwritable)?;
                }
            }
            Ok(())
        };
        reports.push(diff::compare(&old, &new, &options, &mut sink)?);
    }
    if let Some(mut csv) = csv {
        csv.flush().map_err(unwritable)?;
    }
    show(&reports, args.format)?;
    let fails = reports.iter().any(|report| args.fail_on.fails(report));
    Ok(ExitCode::from(u8::from(fails)))
}

fn show(reports: &[Diff], format: Format) -> Result<()> {
    let joined = |one: &dyn Fn(&Diff) -> String| -> String {
        let texts: Vec<String> = reports.iter().map(one).collect();
        texts.join("\n")
    };
    match format {
        Format::Text => {
            let style = Style::detect();
            print_out(&joined(&|r| print::text(r, style)))
        }
        Format::Markdown => print_out(&joined(&print::markdown)),
        Format::Json => {
            let values: Vec<Value> = reports.iter().map(export::json).collect::<Result<_>>()?;
            print_json(&values)
        }
        Format::Csv => Ok(()),
    }
}

fn options(args: &Args) -> Result<Options> {
    let tolerances = args.tolerance.iter().map(|text| Tolerance::parse(text));
    Ok(Options {
        tolerances: tolerances.collect::<Result<_>>()?,
        ignored: args.ignore.iter().cloned().collect::<BTreeSet<String>>(),
        limit: match (args.limit, args.format) {
            (Some(limit), _) => limit,
            (None, Format::Json) => 1000,
            (None, _) => 10,
        },
        left_out: None,
    })
}

/// The pairs to compare.
fn pairs(args: &Args) -> Result<Vec<(Source, Source)>> {
    if args.paths.is_empty() {
        let Some(new) = &args.new else {
            let message = format!(
                "missing second operand: compare `{}` with what?",
                args.old.display()
            );
            let error = Error::new(Kind::Usage, message);
            return Err(error.help(format!(
                "name two sides, or a path: goodinit diff {} -- results/quick",
                args.old.display()
            )));
        };
        return Ok(vec![(Source::parse(&args.old)?, Source::parse(new)?)]);
    }
    let pair = |path: &OsString| -> Result<(Source, Source)> {
        let new = match &args.new {
            Some(revision) => in_revision(revision, path)?,
            None => Source::parse(path)?,
        };
        Ok((in_revision(&args.old, path)?, new))
    };
    args.paths.iter().map(pair).collect()
}

/// A path of the work tree as it is in a revision: git reads `./path` from the current directory.
fn in_revision(revision: &OsStr, path: &OsStr) -> Result<Source> {
    let text = |word: &OsStr| {
        let message = || {
            format!(
                "`{}` is not UTF-8, as what is read from git must be",
                word.display()
            )
        };
        word.to_str()
            .map(str::to_owned)
            .ok_or_else(|| Error::new(Kind::Usage, message()))
    };
    let (revision, path) = (text(revision)?, text(path)?);
    let here = std::env::current_dir().ok();
    let relative = here
        .as_deref()
        .and_then(|here| Path::new(&path).strip_prefix(here).ok());
    let relative = relative.map_or(path.clone(), |p| p.display().to_string());
    // Git writes paths with slashes everywhere.
    let relative = if cfg!(windows) {
        relative.replace('\\', "/")
    } else {
        relative
    };
    Source::git(&revision, &format!("./{relative}"))
}
