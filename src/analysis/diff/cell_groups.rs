//! The cells of a table, a group at a time, so that memory does not grow with the table.

use std::cmp::Ordering;
use std::path::Path;

use crate::experiment::Axis;
use crate::support::error::{Error, Kind, Result};

use crate::analysis::cell::{Cell, Stream, set_dataset_facts};
use crate::table::format;
use crate::table::manifest::Manifest;
use crate::table::source::{Bytes, Source};
use crate::table::table::{EpochLine, Reader, Row as _, TrialLine};

/// The cells of a table, group by group: those with the same dataset, noise, architecture and
/// activation.
pub struct CellGroups {
    cells: Stream<Bytes, Bytes>,
    manifest: Option<Manifest>,
    /// The first cell of the next group.
    pub next: Option<Cell>,
}

impl CellGroups {
    /// Opens the table of trials in `source`.
    ///
    /// # Errors
    /// It is not there, or its first rows cannot be read.
    pub fn open(source: &Source) -> Result<Self> {
        let manifest = match source.text(format::MANIFEST)? {
            Some(text) => Manifest::parse(Path::new(&source.name_of(format::MANIFEST)), &text).ok(),
            None => None,
        };
        let Some(bytes) = source.open(format::TRIALS)? else {
            let message = format!("{source} holds no {}", format::TRIALS);
            return Err(Error::new(Kind::Store, message));
        };
        let trials = Reader::<TrialLine, _>::new(&source.name_of(TrialLine::FILE), bytes)?;
        let mut cells = Stream::new(trials, None::<Reader<EpochLine, Bytes>>)?;
        let next = cells.next().transpose()?;
        Ok(CellGroups {
            cells,
            manifest,
            next,
        })
    }

    /// The next group.
    ///
    /// # Errors
    /// A row that cannot be read.
    pub fn group(&mut self) -> Result<Vec<Cell>> {
        let mut group = Vec::new();
        while let Some(cell) = self.next.take() {
            let same = group
                .last()
                .is_none_or(|b| compare_groups(b, &cell) == Ordering::Equal);
            if !same {
                self.next = Some(cell);
                break;
            }
            group.push(cell);
            self.next = self.cells.next().transpose()?;
        }
        set_dataset_facts(&mut group, self.manifest.as_ref());
        Ok(group)
    }
}

/// The order of the groups that two cells belong to: by the axes before the scheme.
pub fn compare_groups(a: &Cell, b: &Cell) -> Ordering {
    let axes = Axis::CELL.into_iter().take_while(|axis| *axis != Axis::Scheme);
    let mut orders = axes.map(|axis| a.coordinates.compare(&b.coordinates, axis));
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
