//! `summary.csv` beside what the rows of its trials give.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::rows::{Row, each_row, parse};
use super::{Place, shown};
use crate::analysis::summary::{self, SummaryRow};
use crate::experiment::{CellCoordinates, Record};
use crate::row::{Cells as _, Column};
use crate::support::error::Result;
use crate::table::Trials;
use crate::table::format;
use crate::table::manifest::Manifest;
use crate::table::table::{EpochLine, Reader, Row as _, TrialLine};

/// A cell whose row of `summary.csv` is not what its trials give.
#[derive(Debug, Clone, PartialEq)]
pub struct CellDifference {
    /// Where its row stands.
    pub place: Place,
    /// The cell's coordinates; empty where the whole table is meant.
    pub cell: String,
    /// How it differs.
    pub found: Found,
}

/// How a row of the summary differs.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// In these columns: name, text in the table, text from the trials.
    Columns(Vec<(&'static str, [String; 2])>),
    /// There is no row for the cell.
    Missing,
    /// The row is of no cell of the trials, or stands there again.
    Stray,
    /// It cannot be compared row by row, and why.
    Whole(String),
}

impl fmt::Display for CellDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.cell.is_empty() {
            write!(f, "{}: ", self.cell)?;
        }
        match &self.found {
            Found::Columns(columns) => {
                for (i, (column, [table, here])) in columns.iter().enumerate() {
                    let (table, here) = (shown(table), shown(here));
                    match i {
                        0 => write!(f, "{column} is {table} in the table, {here} from the trials")?,
                        1 => write!(f, "; also {column}")?,
                        _ => write!(f, ", {column}")?,
                    }
                }
                Ok(())
            }
            Found::Missing => f.write_str("the cell has no row in the table"),
            Found::Stray => write!(f, "no such cell, or one that has a row already"),
            Found::Whole(why) => f.write_str(why),
        }
    }
}

/// Summarises the tables in `directory` and compares that with the summary there. Where
/// `epochs.csv` was recorded and is not there, what only it can tell is not compared.
///
/// # Errors
/// The summary is no such table.
pub fn compare(directory: &Path, manifest: &Manifest, record: &Record) -> Result<Vec<CellDifference>> {
    let path = directory.join(format::SUMMARY);
    let whole = |why: String| {
        vec![CellDifference {
            place: Place::new(directory, format::SUMMARY, None),
            cell: String::new(),
            found: Found::Whole(why),
        }]
    };
    if !path.exists() {
        return Ok(whole("there is no such file".to_owned()));
    }
    let columns = SummaryRow::columns();
    let mut theirs = Vec::new();
    each_row(&path, &columns, |row| theirs.push(Row::new(row)))?;
    // Trials that were edited may be no table any more. Each of them is compared on its own.
    let ours = match recompute(directory, manifest, record) {
        Ok(ours) => ours,
        Err(error) => {
            return Ok(whole(format!("cannot be recomputed: {}", error.message())));
        }
    };
    let timed = !record.epochs || directory.join(format::EPOCHS).exists();
    let compared = |column: &Column| timed || !FROM_EPOCHS.contains(&column.name);
    let found = differences(&theirs, &ours, &columns, compared);
    let in_order = theirs.iter().map(key).eq(ours.iter().map(key));
    if found.is_empty() && !in_order {
        return Ok(whole("the rows are not in the order of the cells".to_owned()));
    }
    let difference = |(line, cell, found): (Option<u64>, &[String], Found)| CellDifference {
        place: Place::new(directory, format::SUMMARY, line),
        cell: cell.join(" "),
        found,
    };
    Ok(found.into_iter().map(difference).collect())
}

/// Columns that only the evaluations between epochs can tell.
const FROM_EPOCHS: [&str; 2] = ["reached_target", "epochs_to_target_median"];

/// The coordinates of a row of the summary.
fn key(row: &Row) -> &[String] {
    &row.cells[..CellCoordinates::COLUMNS.len()]
}

/// The rows of the summary that the tables in `directory` give.
fn recompute(directory: &Path, manifest: &Manifest, record: &Record) -> Result<Vec<Row>> {
    let trials = Reader::<TrialLine, _>::open(&directory.join(format::TRIALS))?;
    let epochs = directory.join(format::EPOCHS);
    // Where none was recorded, one that lies there is somebody else's.
    let epochs = (record.epochs && epochs.exists())
        .then(|| Reader::<EpochLine, _>::open(&epochs))
        .transpose()?;
    let rows = summary::summarise(&Trials::read(trials, epochs, Some(manifest))?);
    let mut text = Vec::new();
    summary::write(&rows, &mut text)?;
    parse(format::SUMMARY, &text)
}

type Different<'a> = (Option<u64>, &'a [String], Found);

fn differences<'a>(
    theirs: &'a [Row],
    ours: &'a [Row],
    columns: &[Column],
    compared: impl Fn(&Column) -> bool,
) -> Vec<Different<'a>> {
    let mut expected: BTreeMap<&[String], &Row> = ours.iter().map(|row| (key(row), row)).collect();
    let mut found = Vec::new();
    for row in theirs {
        let Some(here) = expected.remove(key(row)) else {
            found.push((Some(row.line), key(row), Found::Stray));
            continue;
        };
        let both = columns.iter().zip(row.cells.iter().zip(&here.cells));
        let differing = both.filter(|(column, (a, b))| a != b && compared(column));
        let differing: Vec<_> = differing
            .map(|(column, (a, b))| (column.name, [a.clone(), b.clone()]))
            .collect();
        if !differing.is_empty() {
            found.push((Some(row.line), key(row), Found::Columns(differing)));
        }
    }
    // In the order of the table.
    let missing = ours.iter().filter(|row| expected.contains_key(key(row)));
    found.extend(missing.map(|row| (None, key(row), Found::Missing)));
    found
}
