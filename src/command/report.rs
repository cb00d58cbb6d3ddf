//! `goodinit report`: one self-contained page from a results directory, or from two.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::{print, print_json};
use crate::error::{Error, Kind, Result};
use crate::report::{Report, Run, render};
use crate::run::files::write_atomically;

/// Arguments of `goodinit report`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  goodinit report results/quick                            writes results/quick/report.html
  goodinit report results/quick --out /tmp/quick.html
  goodinit report results/old results/new --out both.html  two runs side by side
  goodinit report results/quick --figures figures          every figure as an SVG file

The page needs no network and no JavaScript, follows the light or dark theme, and prints. For PNG:
  for f in figures/*.svg; do rsvg-convert -z 2 \"$f\" -o \"${f%.svg}.png\"; done")]
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
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t)]
    format: super::grid::Format,
}

/// What is printed for programs.
#[derive(Serialize)]
struct Outcome<'a> {
    page: &'a Path,
    bytes: usize,
    figures: Vec<PathBuf>,
}

/// Reads the tables, writes the page.
///
/// # Errors
/// The tables cannot be read, or the page cannot be written.
pub fn run(args: Args) -> Result<ExitCode> {
    let runs = args
        .dirs
        .iter()
        .map(|dir| Run::load(dir))
        .collect::<Result<Vec<_>>>()?;
    let report = render(&runs)?;
    let last = args.dirs.last().map_or(Path::new("."), PathBuf::as_path);
    let page = args.out.unwrap_or_else(|| last.join("report.html"));
    let mine = |start: &str| start.contains("<meta name=\"generator\" content=\"goodinit ");
    refuse_other(&page, mine)?;
    let figures = match &args.figures {
        Some(dir) => export(&report, dir)?,
        None => Vec::new(),
    };
    write_atomically(&page, report.html.as_bytes())?;
    let outcome = Outcome {
        page: &page,
        bytes: report.html.len(),
        figures,
    };
    match args.format {
        super::grid::Format::Json => print_json(&outcome)?,
        super::grid::Format::Text => {
            let mut text = format!("{} ({} KB)\n", page.display(), report.html.len() / 1000);
            if let Some(dir) = &args.figures {
                text.push_str(&format!(
                    "{} figures in {}\n",
                    outcome.figures.len(),
                    dir.display()
                ));
            }
            print(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes every figure as an SVG document into `dir`.
fn export(report: &Report, dir: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(dir).map_err(|e| Error::io("create", dir, &e))?;
    let paths: Vec<PathBuf> = report
        .figures
        .iter()
        .map(|f| dir.join(format!("{}.svg", f.id)))
        .collect();
    let mine = |start: &str| start.contains(crate::report::figure::MADE_BY);
    paths.iter().try_for_each(|path| refuse_other(path, mine))?;
    for (figure, path) in report.figures.iter().zip(&paths) {
        write_atomically(path, figure.standalone().as_bytes())?;
    }
    Ok(paths)
}

/// Refuses to write over a file whose beginning is not that of one of our own.
fn refuse_other(path: &Path, mine: impl Fn(&str) -> bool) -> Result<()> {
    let mut start = Vec::new();
    let read = |mut file: File| file.by_ref().take(2048).read_to_end(&mut start);
    match File::open(path).and_then(read) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io("read", path, &e)),
        Ok(_) => {}
    }
    if mine(&String::from_utf8_lossy(&start)) {
        return Ok(());
    }
    let message = format!(
        "{} is there already, and is not of goodinit's making",
        path.display()
    );
    Err(Error::new(Kind::Usage, message).help("choose another place, or move it away"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_files_are_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.html");
        let mine = |start: &str| start.starts_with("ours");
        assert!(refuse_other(&path, mine).is_ok());
        std::fs::write(&path, "ours, an older one").unwrap();
        assert!(refuse_other(&path, mine).is_ok());
        std::fs::write(&path, "theirs").unwrap();
        let error = refuse_other(&path, mine).unwrap_err().to_string();
        assert!(error.contains("not of goodinit's making"), "{error}");
        assert!(refuse_other(dir.path(), mine).is_err());
    }
}
