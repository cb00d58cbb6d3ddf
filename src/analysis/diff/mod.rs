//! What differs between two sets of tables: bit by bit, and in what one would conclude.
//!
//! Rows are matched by their coordinates (and epoch and layer). Tables are sorted by them, so
//! both sides are walked in step and memory does not grow with their length; a table that is not
//! sorted is sorted in memory, and the report says so.
//!
//! The **bit diff** ([`table`]) lists rows added, removed and changed, and for changed cells old
//! and new value, relative difference and distance in ulp (steps from one `f64` to the next). For
//! changed trials [`stage`] tells where the difference began. The **conclusion diff**
//! ([`conclusions`]) tells whether it matters: leaders, rankings, intervals, diverged counts and
//! the verdicts on claims.

pub mod conclusions;
pub mod export;
pub mod manifests;
pub mod print;
pub mod rows;
pub mod stage;
pub mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::support::catalog::suggest;
use crate::support::error::{Error, Kind, Result};

use crate::table::format;
use crate::table::source::Source;
use conclusions::Conclusions;
use stage::Origin;
use table::{RowChange, TableDiff};

/// How tables are compared.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Differences that count as none, by column.
    pub tolerances: BTreeMap<String, Tolerance>,
    /// Columns that are not compared.
    pub ignored: BTreeSet<String>,
    /// How many changed rows of each table are kept for display.
    pub limit: usize,
    /// The new side holds a sample of trials, recomputed: the digests of the trials that are not in
    /// it, as ascending numbers. Then manifests and conclusions are not compared.
    pub left_out: Option<Vec<u64>>,
}

/// A difference that counts as none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// Up to this much.
    Absolute(f64),
    /// Up to this share of the larger of the two.
    Relative(f64),
    /// Up to so many steps from one `f64` to the next.
    Ulp(u64),
}

impl Tolerance {
    /// Reads `column=1e-6`, `column=1e-6rel` or `column=4ulp`.
    ///
    /// # Errors
    /// The text is none of these.
    pub fn parse(text: &str) -> Result<(String, Tolerance)> {
        let wrong = || {
            let error = Error::new(Kind::Usage, format!("`{text}` is not a tolerance"));
            error.help("write column=1e-6 (absolute), column=1e-6rel (relative) or column=4ulp")
        };
        let (column, amount) = text.split_once('=').ok_or_else(wrong)?;
        let amount = amount.trim();
        let number = |t: &str| {
            t.trim()
                .parse::<f64>()
                .ok()
                .filter(|x| *x >= 0.0 && x.is_finite())
        };
        let tolerance = if let Some(steps) = amount.strip_suffix("ulp") {
            steps.trim().parse().ok().map(Tolerance::Ulp)
        } else if let Some(share) = amount.strip_suffix("rel") {
            number(share).map(Tolerance::Relative)
        } else {
            number(amount).map(Tolerance::Absolute)
        };
        Ok((column.trim().to_owned(), tolerance.ok_or_else(wrong)?))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// The old side, as it was named.
    pub old: String,
    pub new: String,
    pub same: bool,
    /// One for each directory of tables; one for two files.
    pub directories: Vec<DirectoryDiff>,
}

/// What differs between two directories of tables.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DirectoryDiff {
    /// Path below the sides that were named; empty for these themselves.
    pub name: String,
    /// Differences of the manifests, expected consequences first.
    pub manifest: Vec<String>,
    pub tables: Vec<TableDiff>,
    /// Where the differences of trials begin, earliest stage first; `None` where tables of trials
    /// are the same.
    pub origins: Option<Vec<Origin>>,
    /// What one would conclude differently; `None` without changed trials.
    pub conclusions: Option<Conclusions>,
}

impl Diff {
    fn new(old: &Source, new: &Source, directories: Vec<DirectoryDiff>) -> Self {
        let same = |d: &DirectoryDiff| d.manifest.is_empty() && d.tables.iter().all(|t| t.same);
        Diff {
            old: old.to_string(),
            new: new.to_string(),
            same: directories.iter().all(same),
            directories,
        }
    }

    /// Whether the new side leads to the same conclusions.
    pub fn concludes_the_same(&self) -> bool {
        let mut conclusions = self.directories.iter().filter_map(|d| d.conclusions.as_ref());
        conclusions.all(|conclusions| conclusions.same)
    }

    /// The tables of all directories.
    pub fn tables(&self) -> impl Iterator<Item = &TableDiff> {
        self.directories.iter().flat_map(|d| &d.tables)
    }
}

/// Compares two sides. `sink` is handed the name of a table and a changed row of it,
/// for every one, as it is found.
///
/// # Errors
/// The sides are not alike (a table and a directory), hold no tables, or cannot be read; or a
/// table holds two rows with the same coordinates.
pub fn compare(
    old: &Source,
    new: &Source,
    options: &Options,
    sink: &mut dyn FnMut(&str, &RowChange) -> Result<()>,
) -> Result<Diff> {
    if old.is_directory() != new.is_directory() {
        let (dir, file) = if old.is_directory() {
            (old, new)
        } else {
            (new, old)
        };
        let message = format!("`{dir}` is a directory and `{file}` is a table");
        return Err(Error::new(Kind::Usage, message).help("compare two directories or two tables"));
    }
    let (old_tables, new_tables) = (old.tables()?, new.tables()?);
    for (side, tables) in [(old, &old_tables), (new, &new_tables)] {
        if tables.is_empty() {
            let message = format!("`{side}` holds no tables (.csv)");
            return Err(Error::new(Kind::Usage, message));
        }
    }
    let mut by_directory: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for table in old_tables.union(&new_tables) {
        let (directory, file) = table.rsplit_once('/').unwrap_or(("", table));
        by_directory
            .entry(directory.to_owned())
            .or_default()
            .push(file.to_owned());
    }
    let mut seen = BTreeSet::new();
    let mut directories = Vec::new();
    for (name, files) in by_directory {
        let sides = (old.inside(&name), new.inside(&name));
        let report = compare_directory(&sides.0, &sides.1, &files, options, sink, &mut seen)?;
        directories.push(DirectoryDiff { name, ..report });
    }
    check_columns(options, &seen)?;
    Ok(Diff::new(old, new, directories))
}

/// Compares these tables of two directories, and nothing else that lies in them.
///
/// # Errors
/// As for [`compare`].
pub fn compare_tables(old: &Source, new: &Source, files: &[String], options: &Options) -> Result<Diff> {
    let (sink, seen) = (&mut |_: &str, _: &RowChange| Ok(()), &mut BTreeSet::new());
    let directory = compare_directory(old, new, files, options, sink, seen)?;
    Ok(Diff::new(old, new, vec![directory]))
}

fn compare_directory(
    old: &Source,
    new: &Source,
    files: &[String],
    options: &Options,
    sink: &mut dyn FnMut(&str, &RowChange) -> Result<()>,
    seen: &mut BTreeSet<String>,
) -> Result<DirectoryDiff> {
    let mut report = DirectoryDiff::default();
    let whole = old.is_directory();
    let complete = whole && options.left_out.is_none();
    if complete {
        report.manifest = manifests::compare(old, new)?;
    }
    let mut origins = stage::Finder::default();
    let mut files: Vec<&String> = files.iter().collect();
    files.sort_by_key(|f| stage::Finder::rank(f));
    for file in files {
        let mut visit = |row: &RowChange| -> Result<()> {
            origins.take(file, row);
            sink(&new.name_of(file), row)
        };
        let table = table::compare(old, new, file, options, seen, &mut visit)?;
        report.tables.push(table);
    }
    report.tables.sort_by(|a, b| a.name.cmp(&b.name));
    let differ = |t: &TableDiff| t.in_both() && !t.same;
    let trials_differ = |t: &TableDiff| t.name == format::TRIALS && differ(t);
    let found = origins.finish();
    if whole && (!found.is_empty() || report.tables.iter().any(trials_differ)) {
        report.origins = Some(found);
    }
    if complete && report.tables.iter().any(trials_differ) {
        report.conclusions = Some(conclusions::compare(old, new, options.limit));
    }
    Ok(report)
}

/// A tolerance for a column that is nowhere is a misspelling, not a wish fulfilled.
fn check_columns(options: &Options, seen: &BTreeSet<String>) -> Result<()> {
    let named = options.tolerances.keys().chain(&options.ignored);
    for column in named {
        if !seen.contains(column) {
            let error = Error::new(Kind::Usage, format!("no table has a column `{column}`"));
            return Err(error.help(suggest(column, seen.iter().map(String::as_str), "columns")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
