//! `goodinit weights --write`: the initial weights of an experiment's schemes as files that the
//! scheme `weights` reads back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::weights::Data;
use crate::experiment::{Axis, Plan};
use crate::init::path_template::{PLACEHOLDERS, PathTemplate};
use crate::model::Rates;
use crate::numerics::FloatMode;
use crate::run::files::write_atomically;
use crate::run::train::Start;
use crate::run::weights::initial;
use crate::support::error::{Context as _, Error, Kind, Result};
use crate::support::text::{counted, visible};

/// The files of one scheme.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    scheme: String,
    /// As the scheme `weights` takes it.
    path: String,
    files: usize,
    /// Whether it also sets factors on learning rates, which no file has.
    sets_rates: bool,
}

/// Writes a file for each network of `plan` that some scheme sets without files.
///
/// # Errors
/// A scheme fails, a file cannot be written, or another is in its place.
pub(super) fn write(plan: &Plan, data: &Data, directory: &Path) -> Result<Vec<Written>> {
    let _mode = FloatMode::standard();
    let coordinates = coordinates(plan);
    let mut written: BTreeMap<String, Written> = BTreeMap::new();
    let (mut paths, mut folders) = (BTreeSet::new(), BTreeSet::new());
    for i in (0..plan.len()).filter(|i| !plan.reads_weights(*i)) {
        let trial = plan.trial(i);
        let at = &trial.coordinates;
        if !written.contains_key(&at.scheme) {
            let path = path(
                directory,
                &at.scheme,
                trial.values.scheme.label.as_deref(),
                &coordinates,
                &mut folders,
            )?;
            let new = Written {
                scheme: at.scheme.clone(),
                path,
                files: 0,
                sets_rates: false,
            };
            written.insert(at.scheme.clone(), new);
        }
        let Some(of_scheme) = written.get_mut(&at.scheme) else {
            continue;
        };
        let text = |name: &str| Some(at.text(Axis::named(name)?).into_owned());
        let path = PathTemplate::parse(&of_scheme.path)?.fill(&text);
        if !paths.insert(path.clone()) {
            continue;
        }
        let prepared = trial.data(&data.cache)?;
        let model = data.model(&trial)?;
        let Start { parameters, report } =
            Start::of(&trial, &model, &prepared).context(|| format!("trial `{trial}`"))?;
        of_scheme.files += 1;
        of_scheme.sets_rates |= report.rates != Rates::uniform(&model);
        put(&path, &initial(&trial, &parameters)?)?;
    }
    Ok(written.into_values().collect())
}

/// Writes `bytes` to `path` unless they are there.
///
/// # Errors
/// Something else is there, or an I/O error.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    match std::fs::read(path) {
        Ok(there) if there == bytes => return Ok(()),
        Ok(_) => {
            let message = format!("{} is there already and holds something else", path.display());
            return Err(Error::new(Kind::Io, message).help("move it away, or take another directory"));
        }
        Err(_) => {}
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, &e))?;
    }
    write_atomically(path, bytes)
}

/// The placeholders that tell the networks of `plan` apart.
fn coordinates(plan: &Plan) -> Vec<&'static str> {
    let several = |name: &&&str| match Axis::named(name) {
        // Seeds and replicates follow each other unless the experiment says otherwise.
        Some(Axis::Replicate) | None => false,
        Some(Axis::WeightSeed) => true,
        Some(Axis::DataSeed) => {
            let seeds: BTreeSet<u32> = plan.seeds().iter().map(|s| s.data).collect();
            seeds.len() > 1
        }
        // It moves no weight.
        Some(Axis::Optimizer) => false,
        Some(axis) => plan.values(axis).len() > 1,
    };
    PLACEHOLDERS.iter().filter(several).copied().collect()
}

/// The path of a scheme's files below `directory`, in a folder that no other scheme has.
fn path(
    directory: &Path,
    scheme: &str,
    label: Option<&str>,
    coordinates: &[&str],
    folders: &mut BTreeSet<String>,
) -> Result<String> {
    let plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let name: String = label
        .unwrap_or(scheme)
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let name = name.trim_matches(['_', '.']);
    let numbered = |n: u32| {
        if n == 1 {
            name.to_owned()
        } else {
            format!("{name}-{n}")
        }
    };
    let folder = (1..).map(numbered).find(|folder| !folders.contains(folder));
    let folder = folder.unwrap_or_default();
    folders.insert(folder.clone());
    let shown = directory.to_str().filter(|text| !text.contains(['{', '}']));
    let Some(shown) = shown else {
        let message = format!(
            "{} cannot be part of a path with placeholders",
            directory.display()
        );
        return Err(
            Error::new(Kind::Io, message).help("it has braces, or is not UTF-8: take another directory")
        );
    };
    let file: Vec<String> = coordinates.iter().map(|name| format!("{{{name}}}")).collect();
    let file = PathBuf::from(shown)
        .join(folder)
        .join(file.join("/") + ".safetensors");
    // TOML would take a backslash for an escape, and Windows takes a slash.
    Ok(file.display().to_string().replace('\\', "/"))
}

pub(super) fn text(written: &[Written], directory: &Path) -> String {
    let files: usize = written.iter().map(|w| w.files).sum();
    let mut out = format!(
        "{} in {}; these schemes read them back:\n",
        counted(files as u64, "file"),
        visible(&directory.display().to_string())
    );
    for w in written {
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "  {{ kind = \"weights\", path = \"{}\" }}  # {}{}",
            visible(&w.path),
            w.scheme,
            if w.sets_rates {
                ", without its factors on learning rates"
            } else {
                ""
            }
        );
    }
    out
}
