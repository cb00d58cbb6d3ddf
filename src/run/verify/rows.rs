//! The rows of trials as they stand in the tables, beside those that were computed here.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::super::job::Job;
use super::{Difference, Place, Stage};
use crate::row::Column;
use crate::support::error::{Error, Kind, Result};
use crate::table::record::TrialRecord;
use crate::table::table::{Table, Writer, unreadable};

/// A row as it stands in a file.
pub struct Row {
    /// Its line, from 1.
    pub line: u64,
    /// Its cells.
    pub cells: Vec<String>,
}

impl Row {
    /// A row that has been read.
    pub fn new(record: &StringRecord) -> Self {
        Row {
            line: record.position().map_or(0, csv::Position::line),
            cells: record.iter().map(str::to_owned).collect(),
        }
    }
}

type ById = BTreeMap<String, Vec<Row>>;

/// The rows of the chosen trials, cell by cell as they stand in the files.
pub struct Rows {
    directory: PathBuf,
    trials: ById,
    epochs: Option<ById>,
    layers: Option<ById>,
    /// Rows of trials that the experiment does not have.
    pub strays: Vec<Difference>,
}

impl Rows {
    /// Reads them.
    ///
    /// # Errors
    /// A table cannot be read, or is not of the experiment.
    pub fn read(directory: &Path, job: &Job, chosen: &[u32]) -> Result<Self> {
        let known: BTreeMap<String, u32> = (0..job.len())
            .map(|i| (job.plan.trial_id(i as usize), i))
            .collect();
        let mut strays = Vec::new();
        let mut read = |table: Table, needed: bool| -> Result<Option<ById>> {
            let path = directory.join(table.file());
            if !needed && !path.exists() {
                return Ok(None);
            }
            let (mut found, mut unknown) = (ById::new(), BTreeMap::<String, (u64, usize)>::new());
            let mut count = 0u64;
            let columns = table.columns();
            let id = columns.iter().position(|c| c.name == "trial_id").unwrap_or(0);
            each_row(&path, &columns, |row| {
                count += 1;
                let id = row.get(id).unwrap_or_default();
                match known.get(id) {
                    Some(index) if chosen.binary_search(index).is_err() => {}
                    Some(_) => found.entry(id.to_owned()).or_default().push(Row::new(row)),
                    None => {
                        let first = Row::new(row).line;
                        unknown.entry(id.to_owned()).or_insert((first, 0)).1 += 1;
                    }
                }
            })?;
            let mut unknown: Vec<_> = unknown.into_iter().collect();
            unknown.sort_by_key(|(_, (line, _))| *line);
            strays.extend(unknown.into_iter().map(|(trial_id, (line, rows))| Difference {
                place: Place::new(directory, table.file(), Some(line)),
                trial: "no trial of the experiment".to_owned(),
                trial_id,
                stage: Stage::Rows,
                column: table.file().to_owned(),
                table: count_rows(rows),
                here: count_rows(0),
            }));
            if table == Table::Trials && count != u64::from(job.len()) {
                let message = format!(
                    "{} has {count} rows, but the experiment has {} trials",
                    path.display(),
                    job.len()
                );
                return Err(Error::new(Kind::Store, message)
                    .help("`goodinit grid EXPERIMENT --fresh` writes it anew"));
            }
            Ok(Some(found))
        };
        let record = &job.experiment.record;
        let trials = read(Table::Trials, true)?.unwrap_or_default();
        // Committed results often leave out the large tables.
        let mut large = |table, recorded: bool| match recorded {
            true => read(table, false),
            false => Ok(None),
        };
        let epochs = large(Table::Epochs, record.epochs)?;
        let layers = large(Table::Layers, !record.layers.is_empty())?;
        Ok(Rows {
            directory: directory.to_owned(),
            trials,
            epochs,
            layers,
            strays,
        })
    }

    /// The earliest difference between the rows of trial `index` and `record`.
    ///
    /// # Errors
    /// The record cannot be written as rows.
    pub fn compare(&self, job: &Job, index: u32, record: &TrialRecord) -> Result<Option<Difference>> {
        let id = &record.trial.trial_id;
        let mut found: Vec<(Stage, Place, String, [String; 2])> = Vec::new();
        let tables = [
            (Table::Trials, Some(&self.trials)),
            (Table::Epochs, self.epochs.as_ref()),
            (Table::Layers, self.layers.as_ref()),
        ];
        for (table, rows) in tables {
            let Some(rows) = rows else { continue };
            let theirs = rows.get(id).map(Vec::as_slice).unwrap_or_default();
            let ours = render(table, record)?;
            let place = |line| Place::new(&self.directory, table.file(), line);
            if theirs.len() != ours.len() {
                let stage = if table == Table::Trials {
                    Stage::Rows
                } else {
                    Stage::Trial
                };
                found.push((
                    stage,
                    place(theirs.first().map(|row| row.line)),
                    table.file().to_owned(),
                    [count_rows(theirs.len()), count_rows(ours.len())],
                ));
            }
            for (there, here) in theirs.iter().zip(&ours) {
                for (i, column) in table.columns().iter().enumerate() {
                    let both = [there.cells[i].clone(), here[i].clone()];
                    if both[0] != both[1] {
                        let stage = stage(table, column.name, here);
                        found.push((stage, place(Some(there.line)), column.name.to_owned(), both));
                    }
                }
            }
        }
        let earliest = found.into_iter().min_by_key(|(stage, ..)| life(*stage));
        Ok(earliest.map(|(stage, place, column, [table, here])| Difference {
            place,
            trial: job.plan.trial(index as usize).to_string(),
            trial_id: id.clone(),
            stage,
            column,
            table,
            here,
        }))
    }
}

fn count_rows(n: usize) -> String {
    format!("{n} row{}", if n == 1 { "" } else { "s" })
}

/// Order of stages in a trial's life: a layer is measured at the end of its epoch.
fn life(stage: Stage) -> (u8, u32, u8) {
    match stage {
        Stage::Data => (0, 0, 0),
        Stage::InitialWeights => (1, 0, 0),
        Stage::Epoch(epoch) => (2, epoch, 0),
        Stage::Layer { epoch, .. } => (2, epoch, 1),
        Stage::Trial => (3, 0, 0),
        Stage::Rows => (4, 0, 0),
    }
}

fn stage(table: Table, column: &str, cells: &[String]) -> Stage {
    let number = |name: &str| {
        let at = table.columns().iter().position(|c| c.name == name);
        at.and_then(|i| cells.get(i)?.parse().ok()).unwrap_or(0)
    };
    match (table, column) {
        (Table::Trials, "data_hash") => Stage::Data,
        (Table::Trials, "initial_hash") => Stage::InitialWeights,
        (Table::Trials, _) => Stage::Trial,
        (Table::Epochs, _) => Stage::Epoch(number("epoch")),
        (Table::Layers, _) => Stage::Layer {
            epoch: number("epoch"),
            layer: number("layer"),
        },
    }
}

/// The rows of `record` in `table`, cell by cell as they would be written.
fn render(table: Table, record: &TrialRecord) -> Result<Vec<Vec<String>>> {
    let mut writer = Writer::new(table, Vec::new())?;
    writer.push(record)?;
    let text = writer.finish()?;
    let rows = parse(table.file(), &text)?;
    Ok(rows.into_iter().map(|row| row.cells).collect())
}

/// The rows of a table that was written into memory.
///
/// # Errors
/// It is no table.
pub fn parse(file: &str, text: &[u8]) -> Result<Vec<Row>> {
    let broken = |e: csv::Error| Error::new(Kind::Store, format!("cannot render {file}: {e}"));
    let rows = csv::Reader::from_reader(text).into_records();
    rows.map(|row| Ok(Row::new(&row.map_err(broken)?))).collect()
}

/// Calls `visit` with each row of the table at `path`, which must have these columns.
///
/// # Errors
/// It hasn't, or cannot be read.
pub fn each_row(path: &Path, columns: &[Column], mut visit: impl FnMut(&StringRecord)) -> Result<()> {
    let file = File::open(path).map_err(|e| Error::io("read", path, &e))?;
    let bad = |what: String| {
        Error::new(Kind::Store, format!("{}: {what}", path.display()))
            .help("`goodinit grid EXPERIMENT --fresh` writes it anew")
    };
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(file));
    let broken = |e: csv::Error| unreadable(&path.display().to_string(), &e);
    let header = reader.headers().map_err(broken)?;
    if !header.iter().eq(columns.iter().map(|c| c.name)) {
        return Err(bad("the columns are not those of this version".to_owned()));
    }
    let mut row = StringRecord::new();
    while reader.read_record(&mut row).map_err(broken)? {
        visit(&row);
    }
    Ok(())
}
