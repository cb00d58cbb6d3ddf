//! `goodinit fetch`: download a dataset once.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};

use super::print;
use crate::data::fetch::{FetchProgress, Options, fetch};
use crate::data::{self, DataSpec, Environment, KnownDataset};
use crate::run::progress::say;
use crate::support::catalog;
use crate::support::error::Result;
use crate::support::text::{can_redraw, megabytes};

/// Arguments of `goodinit fetch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit fetch mnist
  goodinit fetch mnist fashion-mnist --data-dir /data
  goodinit fetch mnist --mirror https://example.org/mnist/

Every file is checked against its SHA-256, whichever mirror it comes from. GOODINIT_MNIST_MIRROR
and GOODINIT_FASHION_MNIST_MIRROR name other mirrors, GOODINIT_DATA_DIR another place.")]
pub struct Args {
    /// The datasets to download: mnist, fashion-mnist
    #[arg(required = true, value_name = "DATASET")]
    pub datasets: Vec<String>,
    /// Where to download from, in place of the known mirrors; may be repeated
    #[arg(long, value_name = "URL")]
    pub mirror: Vec<String>,
    /// Where downloaded datasets are kept [default: the user's cache directory]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Downloads the datasets.
///
/// # Errors
/// An unknown dataset, one that needs no download, or every mirror failed.
pub fn run(args: Args) -> Result<ExitCode> {
    let items = args
        .datasets
        .iter()
        .map(|name| {
            catalog::find("dataset", name, data::catalog(), |item: &&KnownDataset| {
                item.entry
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let environment = Environment::new(args.data_dir);
    for item in items {
        let options = Options::new(item, args.mirror.clone());
        let dir = fetch(item, &environment, &options, &Terminal::default())?;
        print(&format!("{} is in {}\n", item.entry.name, dir.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Downloads the dataset of `spec` if it is one to download and not there yet.
///
/// # Errors
/// Every mirror failed, or the data directory cannot be written.
pub fn ensure(spec: &DataSpec, environment: &Environment) -> Result<()> {
    let item = spec.item();
    if item.is_missing(environment) {
        fetch(
            item,
            environment,
            &Options::new(item, Vec::new()),
            &Terminal::default(),
        )?;
    }
    Ok(())
}

/// A bar on a terminal, plain lines elsewhere, on standard error.
#[derive(Default)]
struct Terminal {
    bar: Mutex<Option<ProgressBar>>,
}

impl FetchProgress for Terminal {
    fn begin(&self, file: &str, address: &str, done: u64, total: u64) {
        if !can_redraw() {
            say(&format!("downloading {address} ({})", megabytes(total)));
            return;
        }
        let bar = ProgressBar::new(total)
            .with_position(done)
            .with_message(file.to_owned());
        // The bar draws no colours, so NO_COLOR needs no care; a bad template would only cost looks.
        if let Ok(style) =
            ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        if let Ok(mut place) = self.bar.lock() {
            *place = Some(bar);
        }
    }

    fn advance(&self, bytes: u64) {
        if let Ok(place) = self.bar.lock()
            && let Some(bar) = &*place
        {
            bar.inc(bytes);
        }
    }

    fn end(&self) {
        if let Ok(mut place) = self.bar.lock()
            && let Some(bar) = place.take()
        {
            bar.abandon();
        }
    }

    fn say(&self, line: &str) {
        say(line);
    }
}
