//! `goodinit report`: one self-contained page from a results directory, or from two.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::{Format, print, print_json};
use crate::report::figure::{Drawing, MADE_BY};
#[cfg(feature = "png")]
use crate::report::png;
use crate::report::{Report, Run, RunMeasures, render};
use crate::run::files::{is_stream, write_output};
use crate::run::progress::say;
use crate::support::error::{Error, Kind, Result};

/// Arguments of `goodinit report`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit report results/quick                            writes results/quick/report.html
  goodinit report results/quick --out /tmp/quick.html
  goodinit report results/old results/new --out both.html  two runs side by side
  goodinit report results/quick --figures figures          every figure as an SVG file
  goodinit report results/quick --figures figures --png    and as a PNG file (feature `png`)

The page needs no network and no JavaScript, follows the light or dark theme, and prints.")]
pub struct Args {
    /// A results directory, or two to compare
    #[arg(value_name = "DIR", required = true, num_args = 1..=2)]
    dirs: Vec<PathBuf>,
    /// Where the page goes [default: report.html in the (second) directory]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write every figure as an SVG file into this directory
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Write every figure as a PNG file too, so many times as large as in the page (--png alone: 2)
    #[arg(long, value_name = "SCALE", requires = "figures", num_args = 0..=1, require_equals = true, default_missing_value = "2", value_parser = scale)]
    #[cfg_attr(not(feature = "png"), arg(hide = true))]
    png: Option<f32>,
    /// The scheme whose score at the end of training is the target of times to target [default: torch_default,
    /// xavier_uniform, lecun_normal, he_normal or he_uniform, the first that was trained]
    #[arg(long, value_name = "SCHEME")]
    reference: Option<String>,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Args {
    /// The form of figures made of pixels, where it was asked for.
    ///
    /// # Errors
    /// This build has no such form.
    #[cfg(feature = "png")]
    fn raster(&self) -> Result<Option<Form>> {
        Ok(self.png.map(Form::png))
    }

    #[cfg(not(feature = "png"))]
    fn raster(&self) -> Result<Option<Form>> {
        if self.png.is_none() {
            return Ok(None);
        }
        let message = "this build of goodinit writes no PNG files: it lacks the feature `png`";
        let error = Error::new(Kind::Usage, message);
        Err(error
            .help("build it with `cargo build --release --features png`; --figures alone writes SVG files"))
    }
}

/// The scale of PNG files.
fn scale(text: &str) -> std::result::Result<f32, String> {
    match text.parse() {
        Ok(scale) if (0.1..=10.0).contains(&scale) => Ok(scale),
        _ => Err("a number from 0.1 to 10, as in --png=3".to_owned()),
    }
}

/// What is printed for programs.
#[derive(Serialize)]
struct ReportOutput<'a> {
    page: &'a Path,
    bytes: usize,
    figures: Vec<PathBuf>,
    runs: &'a [RunMeasures],
}

/// Reads the tables, writes the page.
///
/// # Errors
/// The tables cannot be read, or the page cannot be written.
pub fn run(args: Args) -> Result<ExitCode> {
    super::on_all_cores(|| run_here(args))
}

fn run_here(args: Args) -> Result<ExitCode> {
    let forms: Vec<Form> = std::iter::once(Form::svg()).chain(args.raster()?).collect();
    let dirs = args.dirs.iter();
    dirs.for_each(|dir| super::check::warn_of_changed_inputs(dir));
    let runs = args
        .dirs
        .iter()
        .map(|dir| {
            let run = Run::load(dir)?;
            match &args.reference {
                Some(scheme) => run.with_reference(scheme),
                None => Ok(run),
            }
        })
        .collect::<Result<Vec<_>>>()?;
    let report = render(&runs)?;
    let last = args.dirs.last().map_or(Path::new("."), PathBuf::as_path);
    let page = args.out.clone().unwrap_or_else(|| last.join("report.html"));
    refuse_other(&page, |start| {
        contains(start, "<meta name=\"generator\" content=\"goodinit ")
    })?;
    let figures = match &args.figures {
        Some(dir) => export(&report, dir, &forms)?,
        None => Vec::new(),
    };
    report.write(&page)?;
    let outcome = ReportOutput {
        page: &page,
        bytes: report.html.len(),
        figures,
        runs: &report.runs,
    };
    match args.format {
        Format::Json => print_json(&outcome)?,
        Format::Text => {
            let mut text = format!("{} ({} KB)\n", page.display(), report.html.len() / 1000);
            if let Some(dir) = &args.figures {
                text.push_str(&format!(
                    "{} figures in {}\n",
                    report.figures.len(),
                    dir.display()
                ));
            }
            // Standard output may be where the page went.
            if is_stream(&page) {
                say(text.trim_end());
            } else {
                print(&text)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The file of a figure.
type Encode = dyn Fn(&Drawing) -> Result<Vec<u8>>;

/// A form in which figures are written.
struct Form {
    ending: &'static str,
    bytes: Box<Encode>,
    /// Whether a file that begins so was written in this form.
    mine: fn(&[u8]) -> bool,
}

impl Form {
    fn svg() -> Self {
        Form {
            ending: "svg",
            bytes: Box::new(|figure| Ok(figure.standalone().into_bytes())),
            mine: |start| contains(start, MADE_BY),
        }
    }

    #[cfg(feature = "png")]
    fn png(scale: f32) -> Self {
        Form {
            ending: "png",
            bytes: Box::new(move |figure| png::encode(figure, scale)),
            mine: png::is_ours,
        }
    }

    fn path(&self, dir: &Path, figure: &Drawing) -> PathBuf {
        dir.join(format!("{}.{}", figure.id, self.ending))
    }
}

/// Writes every figure into `dir`, in each of the forms.
fn export(report: &Report, dir: &Path, forms: &[Form]) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(dir).map_err(|e| Error::io("create", dir, &e))?;
    let each = || {
        let figures = report.figures.iter();
        figures.flat_map(|figure| forms.iter().map(move |form| (figure, form)))
    };
    for (figure, form) in each() {
        refuse_other(&form.path(dir, figure), form.mine)?;
    }
    let mut paths = Vec::new();
    for (figure, form) in each() {
        let path = form.path(dir, figure);
        write_output(&path, &(form.bytes)(figure)?)?;
        paths.push(path);
    }
    Ok(paths)
}

fn contains(start: &[u8], words: &str) -> bool {
    String::from_utf8_lossy(start).contains(words)
}

/// Refuses to write over a regular file whose beginning is not that of one of our own.
fn refuse_other(path: &Path, mine: impl Fn(&[u8]) -> bool) -> Result<()> {
    if is_stream(path) {
        return Ok(());
    }
    let mut start = Vec::new();
    let read = |mut file: File| file.by_ref().take(2048).read_to_end(&mut start);
    match File::open(path).and_then(read) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io("read", path, &e)),
        Ok(_) => {}
    }
    if mine(&start) {
        return Ok(());
    }
    let message = format!("{} exists already, and goodinit did not write it", path.display());
    Err(Error::new(Kind::Usage, message).help("choose another place, or move it away"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_files_are_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.html");
        let mine = |start: &[u8]| start.starts_with(b"ours");
        assert!(refuse_other(&path, mine).is_ok());
        std::fs::write(&path, "ours, an older one").unwrap();
        assert!(refuse_other(&path, mine).is_ok());
        std::fs::write(&path, "theirs").unwrap();
        let error = refuse_other(&path, mine).unwrap_err().to_string();
        assert!(error.contains("goodinit did not write it"), "{error}");
        assert!(refuse_other(dir.path(), mine).is_err());
    }
}
