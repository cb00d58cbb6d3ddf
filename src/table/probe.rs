//! The tables of a probe: `probe.csv`, `histograms.csv` and `steps.csv`.

use std::io::Write;

use crate::experiment::Coordinates;
use crate::experiment::claim::Layers;
use crate::support::error::{Error, Kind, Result};

use crate::row::{BadValue, Column, RowPart};
use crate::table::coordinates::Columns;
use crate::table::format;
use crate::table::io::{HEAD, Row, Series, SeriesLine, TRIAL_ID, writer};
use crate::table::record::{HistogramRow, LayerRow, ProbeRow, StepRow};

/// Everything that the probe of one network leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeRecord {
    /// Where it stands in the grid.
    pub coordinates: Coordinates,
    /// Digest of the trial whose initial state this is.
    pub trial_id: String,
    /// Its layers, from the data to the loss.
    pub layers: Vec<(LayerRow, ProbeRow)>,
    /// The weights of its layers; empty where not recorded.
    pub histograms: Vec<HistogramRow>,
}

/// A row of `probe.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeLine {
    /// Where the network stands in the grid.
    pub coordinates: Coordinates,
    /// Digest of the trial whose initial state this is.
    pub trial_id: String,
    /// What training measures too.
    pub layer: LayerRow,
    /// What only a probe measures.
    pub probe: ProbeRow,
}

/// A row of `histograms.csv`.
pub type HistogramLine = SeriesLine<HistogramRow>;

/// The first steps of one trial, in the order of the steps and then of the layers.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    /// Where it stands in the grid.
    pub coordinates: Coordinates,
    /// Its digest.
    pub trial_id: String,
    /// Its layers after each number of steps.
    pub rows: Vec<StepRow>,
}

/// A row of `steps.csv`.
pub type StepLine = SeriesLine<StepRow>;

impl StepRecord {
    /// The record as rows of the table.
    pub fn lines(&self) -> impl Iterator<Item = StepLine> + '_ {
        self.rows.iter().map(|row| StepLine {
            coordinates: self.coordinates.clone(),
            trial_id: self.trial_id.clone(),
            row: row.clone(),
        })
    }
}

impl Row for ProbeLine {
    const FILE: &'static str = format::PROBE;

    fn columns() -> Vec<Column> {
        [
            Coordinates::COLUMNS,
            &[TRIAL_ID],
            LayerRow::COLUMNS,
            ProbeRow::COLUMNS,
        ]
        .concat()
    }

    fn read(record: &csv::StringRecord) -> std::result::Result<Self, BadValue> {
        Ok(ProbeLine {
            coordinates: Coordinates::read(record, 0)?,
            trial_id: record.get(HEAD).unwrap_or_default().to_owned(),
            layer: LayerRow::read(record, HEAD + 1)?,
            probe: ProbeRow::read(record, HEAD + 1 + LayerRow::COLUMNS.len())?,
        })
    }
}

impl Series for HistogramRow {
    const FILE: &'static str = format::HISTOGRAMS;
}

impl Series for StepRow {
    const FILE: &'static str = format::STEPS;
}

/// Writes the rows of `wanted` layers to `probe.csv`; `records` must be in the order of
/// [`crate::table::order::compare`].
///
/// # Errors
/// `out` cannot be written.
pub fn write_layers<W: Write>(records: &[ProbeRecord], wanted: &Layers, out: W) -> Result<()> {
    let places = records.iter().map(|r| &r.coordinates);
    write::<ProbeLine, W>(places, out, |line| {
        for record in records {
            let count = record.layers.len() as u32;
            for (layer, probe) in &record.layers {
                if !wanted.contain(layer.layer, count) {
                    continue;
                }
                line(&|cells| {
                    head(&record.coordinates, &record.trial_id, cells);
                    layer.write(&mut |cell| cells.push_field(cell));
                    probe.write(&mut |cell| cells.push_field(cell));
                })?;
            }
        }
        Ok(())
    })
}

/// Writes `histograms.csv` of `records`, in the same order.
///
/// # Errors
/// `out` cannot be written.
pub fn write_histograms<W: Write>(records: &[ProbeRecord], out: W) -> Result<()> {
    let places = records.iter().map(|r| &r.coordinates);
    write::<HistogramLine, W>(places, out, |line| {
        for record in records {
            for row in &record.histograms {
                line(&|cells| {
                    head(&record.coordinates, &record.trial_id, cells);
                    row.write(&mut |cell| cells.push_field(cell));
                })?;
            }
        }
        Ok(())
    })
}

/// Writes the rows of `wanted` layers to `steps.csv`; `records` must be in the order of
/// [`crate::table::order::compare`].
///
/// # Errors
/// `out` cannot be written.
pub fn write_steps<W: Write>(records: &[StepRecord], wanted: &Layers, out: W) -> Result<()> {
    let places = records.iter().map(|r| &r.coordinates);
    write::<StepLine, W>(places, out, |line| {
        for record in records {
            for row in record
                .rows
                .iter()
                .filter(|row| wanted.contain(row.layer, row.depth))
            {
                line(&|cells| {
                    head(&record.coordinates, &record.trial_id, cells);
                    row.write(&mut |cell| cells.push_field(cell));
                })?;
            }
        }
        Ok(())
    })
}

fn head(coordinates: &Coordinates, trial_id: &str, cells: &mut csv::StringRecord) {
    coordinates.write(&mut |cell| cells.push_field(cell));
    cells.push_field(trial_id);
}

/// Writes one line, which it is given a way to fill.
type Line<'a> = dyn FnMut(&dyn Fn(&mut csv::StringRecord)) -> csv::Result<()> + 'a;

fn write<'a, R: Row, W: Write>(
    places: impl Iterator<Item = &'a Coordinates> + Clone,
    out: W,
    rows: impl FnOnce(&mut Line) -> csv::Result<()>,
) -> Result<()> {
    let columns = Columns::of_rows(places, |place, axis| place.text(axis));
    let unwritable =
        |e: &dyn std::fmt::Display| Error::new(Kind::Io, format!("cannot write {}: {e}", R::FILE));
    let mut out = writer(out);
    let mut cells = csv::StringRecord::new();
    let all = || -> csv::Result<()> {
        out.write_record(columns.narrow(R::columns().iter().map(|c| c.name)))?;
        rows(&mut |fill| {
            cells.clear();
            fill(&mut cells);
            out.write_record(columns.narrow(cells.iter()))
        })?;
        Ok(out.flush()?)
    };
    all().map_err(|e| unwritable(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::example;
    use crate::table::io::Reader;

    #[test]
    fn what_is_written_reads_back() {
        let layer = example::record(example::coordinates(), 0.9).layers.remove(0);
        let probe = ProbeRow {
            log_length: Some(-0.25),
            born_dead: Some(1),
            ..ProbeRow::default()
        };
        let row = HistogramRow {
            layer: 1,
            low: -0.5,
            high: 0.5,
            counts: "1 2 1".to_owned(),
        };
        let record = ProbeRecord {
            coordinates: example::coordinates(),
            trial_id: "0123456789abcdef".to_owned(),
            layers: vec![(layer.clone(), probe.clone())],
            histograms: vec![row.clone()],
        };
        let records = [record];
        let mut bytes = Vec::new();
        write_layers(&records, &Layers::All, &mut bytes).unwrap();
        let lines: Vec<ProbeLine> = Reader::new("probe.csv", &bytes[..])
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!((&lines[0].layer, &lines[0].probe), (&layer, &probe));
        assert_eq!(lines[0].trial_id, "0123456789abcdef");
        let mut bytes = Vec::new();
        write_histograms(&records, &mut bytes).unwrap();
        let lines: Vec<HistogramLine> = Reader::new("histograms.csv", &bytes[..])
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!((lines.len(), &lines[0].row), (1, &row));
    }
}
