//! `goodinit verify`: recompute a sample of the rows of a results directory and compare bits.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crate::analysis::diff::print;
use crate::analysis::stats::STATISTICS_VERSION;
use crate::data::Environment;
use crate::init::Registry;
use crate::numerics::NUMERICS_VERSION;
use crate::run::job::Job;
use crate::run::progress::say;
use crate::run::signals::Stop;
use crate::run::verify::{Amount, Verified, VerifyOptions, verify};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::{Style, counted, grouped, visible};
use crate::table::format;
use crate::table::inputs::{inputs_changed, recorded_experiment};
use crate::table::manifest::Manifest;

/// Arguments of `goodinit verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit verify results/full                       2% of the trials
  goodinit verify results/full --sample 100 --seed 7
  goodinit verify results/quick --sample 100%

The summary is recomputed from the rows of all trials (but for what only epochs.csv can tell, where
that is not there). Of what `goodinit probe` wrote (probe.csv, histograms.csv, steps.csv) the same
share of the networks is recomputed. Rows that differ are printed as `goodinit diff` prints them.

Exit codes: 0 every bit is the same, 1 something differs, 2 error.")]
pub struct Args {
    /// The results directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// How many trials to recompute: a share (2%) or a number (100)
    #[arg(long, value_name = "SHARE|N", default_value = "2%", value_parser = Amount::parse)]
    pub sample: Amount,
    /// Which trials: another seed takes others
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Threads to train on [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Where downloaded datasets are kept
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Verifies.
///
/// # Errors
/// The directory holds no results that this program could recompute.
pub fn run(args: Args) -> Result<ExitCode> {
    let directory = &args.directory;
    let manifest = Manifest::load(directory)?;
    let there = |file: &str| directory.join(file).exists();
    if !there(format::TRIALS) && !there(format::PROBE) {
        let message = format!("{} holds no {}", directory.display(), format::TRIALS);
        return Err(Error::new(Kind::Store, message).help("`goodinit grid EXPERIMENT` makes it"));
    }
    if manifest.numerics_version != NUMERICS_VERSION {
        let message = format!(
            "{} is of numerics version {}, this program's is {NUMERICS_VERSION}: bits may differ between the two",
            directory.display(),
            manifest.numerics_version
        );
        return Err(Error::new(Kind::Store, message).help("verify it with the version that wrote it"));
    }
    if manifest.statistics_version != STATISTICS_VERSION {
        say(&format!(
            "{} is of statistics version {}, this program's is {STATISTICS_VERSION}: {} is not compared, only what was trained",
            directory.display(),
            manifest.statistics_version,
            format::SUMMARY
        ));
    }
    let path = directory.join(format::MANIFEST);
    let experiment = recorded_experiment(&manifest, &path, &Registry::standard())?;
    if experiment.digest() != manifest.experiment_digest {
        experiment.ready()?;
        let changed = inputs_changed(&manifest, &experiment, &[]);
        if let Some(first) = changed.first() {
            let message = match changed.len() - 1 {
                0 => first.to_string(),
                more => format!("{first}, nor are {more} more"),
            };
            return Err(Error::new(Kind::Store, message).help(
                "put that file back, or `goodinit grid EXPERIMENT --fresh` makes tables with this one",
            ));
        }
        let message = format!(
            "{}: the experiment in it does not have the digest that stands beside it",
            path.display()
        );
        return Err(Error::new(Kind::Store, message)
            .help("edited by hand? `goodinit grid EXPERIMENT --fresh` writes it anew"));
    }
    let job = Arc::new(Job::new(experiment, Environment::new(args.data_dir.clone()))?);
    let options = VerifyOptions {
        amount: args.sample,
        seed: args.seed,
        pool: super::pool(args.threads)?,
        quiet: false,
        limit: 20,
    };
    let verified = verify(directory, &manifest, &job, &options, &Stop::on_signals())?;
    super::print(&text(&verified, &args))?;
    Ok(ExitCode::from(u8::from(!verified.is_same())))
}

fn text(verified: &Verified, args: &Args) -> String {
    let mut text = String::new();
    for changed in &verified.changed {
        let _ = writeln!(text, "{}", visible(&changed.to_string()));
    }
    if let Some(report) = verified.report.as_ref().filter(|r| !r.same) {
        text.push_str(&print::text(report, Style::detect()));
        text.push('\n');
    }
    for note in &verified.notes {
        let _ = writeln!(text, "{}", visible(note));
    }
    let mut parts = Vec::new();
    for table in verified.report.iter().flat_map(|r| r.tables()) {
        match table {
            t if !t.in_old => parts.push(format!("{} is missing", t.name)),
            t if !t.same => parts.push(match t.differing() {
                0 => format!("the columns of {} differ", t.name),
                n => format!(
                    "{} of {} {}",
                    counted(n, "row"),
                    t.name,
                    if n == 1 { "differs" } else { "differ" }
                ),
            }),
            t if t.unsorted => parts.push(format!("{} is not in the order of the cells", t.name)),
            _ => {}
        }
    }
    if !verified.changed.is_empty() {
        parts.push("the data are others".to_owned());
    }
    if !verified.notes.is_empty() {
        parts.push(format!("{} cannot be recomputed", format::SUMMARY));
    }
    let mut what = Vec::new();
    for (checked, all, noun) in [
        (verified.trials_checked, verified.trials, "trials"),
        (verified.networks_checked, verified.networks, "probed networks"),
    ] {
        if all > 0 {
            let (checked, all) = (grouped(u64::from(checked)), grouped(u64::from(all)));
            what.push(format!("{checked} of {all} {noun}"));
        }
    }
    let summary = match verified.trials {
        0 => "",
        _ => " and the summary of all",
    };
    let _ = writeln!(
        text,
        "{}: recomputed {} (seed {}){summary}: {}",
        args.directory.display(),
        what.join(" and "),
        args.seed,
        match parts.is_empty() {
            true => "every bit is the same".to_owned(),
            false => parts.join(", "),
        }
    );
    text
}
