//! The records in the tables of a results directory: found in one pass, then read one at a time.
//!
//! Memory: the places of the records, not the records.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use crate::support::error::{Error, Kind, Result};
use crate::table::coordinates::Columns;
use crate::table::format;
use crate::table::io::{EpochLine, LayerLine, Reader, Row, TrialLine};
use crate::table::record::TrialRecord;
use crate::table::source::Source;

/// The bytes in which the rows of one record stand, by table.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowLocation {
    trial: Range<u64>,
    epochs: Range<u64>,
    layers: Range<u64>,
}

/// A record as [`Lookup::scan`] finds it.
pub(crate) struct ScannedRecord<'a> {
    pub line: &'a TrialLine,
    pub place: RowLocation,
    /// File and line of that row, for messages.
    pub at: String,
    /// The step of its last row of `epochs.csv`.
    pub last_step: Option<u64>,
    /// Its rows of `layers.csv`.
    pub layers: usize,
}

/// The tables of one results directory.
pub(crate) struct Lookup {
    trials: TableFile<TrialLine>,
    epochs: Option<TableFile<EpochLine>>,
    layers: Option<TableFile<LayerLine>>,
}

impl Lookup {
    /// Opens the tables in `source`; those of epochs and layers where `with` asks for them.
    ///
    /// # Errors
    /// A table is not there, cannot be read, or is no such table.
    pub fn open(source: &Source, with: (bool, bool)) -> Result<Self> {
        Ok(Lookup {
            trials: TableFile::open(source, format::TRIALS)?,
            epochs: with
                .0
                .then(|| TableFile::open(source, format::EPOCHS))
                .transpose()?,
            layers: with
                .1
                .then(|| TableFile::open(source, format::LAYERS))
                .transpose()?,
        })
    }

    /// Reads all tables in step and calls `visit` for each row of `trials.csv`. Returns how many
    /// there are.
    ///
    /// # Errors
    /// A row that cannot be read, a table that does not end with a line end, or rows of another
    /// table that belong to no row of `trials.csv` or are not in its order; or that of `visit`.
    pub fn scan(&mut self, mut visit: impl FnMut(ScannedRecord<'_>) -> Result<()>) -> Result<u64> {
        self.trials.check_end()?;
        self.epochs.as_mut().map_or(Ok(()), TableFile::check_end)?;
        self.layers.as_mut().map_or(Ok(()), TableFile::check_end)?;
        let mut trials = self.trials.reader()?;
        let mut epochs = self.epochs.as_mut().map(Groups::new).transpose()?;
        let mut layers = self.layers.as_mut().map(Groups::new).transpose()?;
        let mut rows = 0;
        while let Some(line) = trials.next() {
            let line = line?;
            rows += 1;
            let id = &line.trial.trial_id;
            let of_epochs = epochs
                .as_mut()
                .map_or(Ok(Group::default()), |groups| groups.of(id))?;
            let of_layers = layers
                .as_mut()
                .map_or(Ok(Group::default()), |groups| groups.of(id))?;
            visit(ScannedRecord {
                line: &line,
                place: RowLocation {
                    trial: trials.bytes(),
                    epochs: of_epochs.bytes,
                    layers: of_layers.bytes,
                },
                at: trials.place(),
                last_step: of_epochs.last_step,
                layers: of_layers.rows,
            })?;
        }
        epochs.as_ref().map_or(Ok(()), Groups::end)?;
        layers.as_ref().map_or(Ok(()), Groups::end)?;
        Ok(rows)
    }

    /// The record at `place`.
    ///
    /// # Errors
    /// An I/O error, or a table has changed since it was scanned.
    pub fn read(&mut self, place: &RowLocation) -> Result<TrialRecord> {
        let trial = self.trials.rows(&place.trial)?.pop();
        let line = trial.ok_or_else(|| self.trials.changed())?;
        let id = line.trial.trial_id.clone();
        let mut record = TrialRecord {
            coordinates: line.coordinates,
            trial: line.trial,
            epochs: Vec::new(),
            layers: Vec::new(),
        };
        if let Some(part) = &mut self.epochs {
            let lines = part.rows(&place.epochs)?;
            if lines.iter().any(|line| line.trial_id != id) {
                return Err(part.changed());
            }
            record.epochs = lines.into_iter().map(|line| line.row).collect();
        }
        if let Some(part) = &mut self.layers {
            let lines = part.rows(&place.layers)?;
            if lines.iter().any(|line| line.trial_id != id) {
                return Err(part.changed());
            }
            record.layers = lines.into_iter().map(|line| line.row).collect();
        }
        Ok(record)
    }
}

struct TableFile<R> {
    name: String,
    columns: Columns,
    file: BufReader<File>,
    /// Where the file stands, once records are read.
    at: Option<u64>,
    row: std::marker::PhantomData<R>,
}

impl<R: Row> TableFile<R> {
    fn open(source: &Source, table: &str) -> Result<Self> {
        let name = source.name_of(table);
        let Some(file) = source.seekable(table)? else {
            return Err(Error::new(Kind::Store, format!("there is no {name}")));
        };
        let mut part = TableFile {
            name,
            columns: Columns::default(),
            file: BufReader::with_capacity(1 << 16, file),
            at: None,
            row: std::marker::PhantomData,
        };
        part.columns = part.reader()?.columns().clone();
        Ok(part)
    }

    /// Reads it from its beginning.
    fn reader(&mut self) -> Result<Reader<R, BufReader<File>>> {
        // The clone moves the place of the file with it.
        self.at = None;
        let file = self.file.get_ref().try_clone();
        let file = file.and_then(|mut file| file.rewind().map(|()| file));
        let file = file.map_err(|e| self.unreadable(&e))?;
        Reader::new(&self.name, BufReader::with_capacity(1 << 18, file))
    }

    fn check_end(&mut self) -> Result<()> {
        let file = self.file.get_mut();
        let mut last = [0];
        let read = file
            .seek(SeekFrom::End(-1))
            .and_then(|_| file.read_exact(&mut last));
        read.map_err(|e| self.unreadable(&e))?;
        if last != *b"\n" {
            let message = format!("{} is cut short: its last line has no end", self.name);
            return Err(Error::new(Kind::Store, message));
        }
        Ok(())
    }

    fn rows(&mut self, range: &Range<u64>) -> Result<Vec<R>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let mut bytes = vec![0; (range.end - range.start) as usize];
        // Mostly the next one, which is in the buffer.
        let placed = match self.at.take() {
            Some(at) => self.file.seek_relative(range.start as i64 - at as i64),
            None => self.file.seek(SeekFrom::Start(range.start)).map(drop),
        };
        let read = placed.and_then(|()| self.file.read_exact(&mut bytes));
        read.map_err(|e| self.unreadable(&e))?;
        self.at = Some(range.end);
        Reader::of_rows(&self.name, &self.columns, &bytes).collect()
    }

    fn unreadable(&self, error: &std::io::Error) -> Error {
        Error::new(Kind::Io, format!("cannot read {}: {error}", self.name))
    }

    fn changed(&self) -> Error {
        Error::new(Kind::Store, format!("{} changed while it was read", self.name))
            .help("run the same command again")
    }
}

/// The rows of one trial in a table with several for a trial.
#[derive(Default)]
struct Group {
    bytes: Range<u64>,
    rows: usize,
    /// The cell `step` of the last of them.
    last_step: Option<u64>,
}

/// The rows of a table with several rows for a trial, a trial at a time.
struct Groups<R: Row> {
    reader: Reader<R, BufReader<File>>,
    /// Whether the reader stands on a row that has not been taken.
    waiting: bool,
    /// The column `step`, if it has one.
    step: Option<usize>,
}

impl<R: Row> Groups<R> {
    fn new(part: &mut TableFile<R>) -> Result<Self> {
        let mut reader = part.reader()?;
        let waiting = reader.advance()?;
        let step = R::columns().iter().position(|column| column.name == "step");
        Ok(Groups {
            reader,
            waiting,
            step,
        })
    }

    /// The rows of trial `id`, if they are next.
    fn of(&mut self, id: &str) -> Result<Group> {
        let mut group = Group::default();
        while self.waiting && self.reader.trial_id() == id {
            let row = self.reader.bytes();
            let start = if group.rows == 0 {
                row.start
            } else {
                group.bytes.start
            };
            group.bytes = start..row.end;
            group.rows += 1;
            let step = self.step.and_then(|column| self.reader.record().get(column));
            group.last_step = step.and_then(|step| step.parse().ok());
            self.waiting = self.reader.advance()?;
        }
        Ok(group)
    }

    fn end(&self) -> Result<()> {
        if !self.waiting {
            return Ok(());
        }
        let message = format!(
            "{}: the rows of trial `{}` do not follow the order of {}",
            self.reader.place(),
            crate::support::text::excerpt(self.reader.trial_id()),
            format::TRIALS
        );
        Err(Error::new(Kind::Store, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::example;
    use crate::table::io::{Table, Writer};

    #[test]
    fn records_come_back_in_any_order() {
        let dir = tempfile::tempdir().unwrap();
        let records: Vec<TrialRecord> = (0..5)
            .map(|i| {
                let mut coordinates = example::coordinates();
                coordinates.replicate = i;
                let mut record = example::record(coordinates, f64::from(i));
                record.trial.trial_id = format!("{i:016x}");
                record.epochs.truncate(i as usize);
                record
            })
            .collect();
        for table in Table::ALL {
            let mut writer = Writer::new(table, Vec::new()).unwrap();
            records.iter().for_each(|record| writer.push(record).unwrap());
            let text = String::from_utf8(writer.finish().unwrap()).unwrap();
            let text = if table == Table::Layers {
                text.replace('\n', "\r\n")
            } else {
                text
            };
            std::fs::write(dir.path().join(table.file()), text).unwrap();
        }
        let source = Source::Directory(dir.path().to_owned());
        let mut lookup = Lookup::open(&source, (true, true)).unwrap();
        let mut places = Vec::new();
        let rows = lookup.scan(|found| {
            let line = format!("trials.csv:{}", places.len() + 2);
            assert!(found.at.ends_with(&line), "{}", found.at);
            assert_eq!(found.layers, records[places.len()].layers.len());
            let steps = records[places.len()].epochs.last().map(|row| row.step);
            assert_eq!(found.last_step, steps);
            places.push(found.place);
            Ok(())
        });
        assert_eq!(rows.unwrap(), 5);
        for i in [3, 0, 4, 1, 2] {
            assert_eq!(lookup.read(&places[i]).unwrap(), records[i]);
        }
        // Rows of a trial that is not there.
        let path = dir.path().join(format::EPOCHS);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("0000000000000002", "00000000000000ff")).unwrap();
        let mut lookup = Lookup::open(&source, (true, false)).unwrap();
        let error = lookup.scan(|_| Ok(())).unwrap_err().to_string();
        assert!(
            error.contains("epochs.csv:3: ") && error.contains("00000000000000ff"),
            "{error}"
        );
    }
}
