//! The bit diff of one table.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::support::error::{Error, Kind, Result};

use super::export;
use super::rows::{self, KeyColumn, Opened, Rows, RowsError, parse};
use super::{Options, Tolerance};
use crate::table::source::Source;
use crate::table::trial_number;

/// What differs between two versions of a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TableDiff {
    /// Name of the file; empty where two files were named.
    pub name: String,
    pub same: bool,
    /// Whether the old side has it.
    pub in_old: bool,
    /// Whether the new side has it.
    pub in_new: bool,
    /// Columns that only the new side has.
    pub columns_added: Vec<String>,
    /// Columns that only the old side has.
    pub columns_removed: Vec<String>,
    /// Rows on the old side.
    pub rows_old: u64,
    /// Rows on the new side.
    pub rows_new: u64,
    /// Rows that only the new side has.
    pub added: u64,
    /// Rows that only the old side has.
    pub removed: u64,
    /// Rows that both have and that differ.
    pub changed: u64,
    /// Cells that differ by no more than their tolerance.
    pub tolerated: u64,
    /// The columns that changed rows differ in, in the order of the table.
    pub columns: Vec<ColumnReport>,
    /// The first rows that differ, up to the limit.
    pub rows: Vec<RowChange>,
    /// Whether these are all rows that differ.
    pub rows_complete: bool,
    /// Whether a side was not sorted by its coordinates.
    pub unsorted: bool,
}

impl TableDiff {
    /// Whether both sides have the table.
    pub fn in_both(&self) -> bool {
        self.in_old && self.in_new
    }

    pub fn differing(&self) -> u64 {
        self.added + self.removed + self.changed
    }

    /// Completes the fields that follow from the others.
    fn finish(mut self) -> Self {
        self.same = self.in_both()
            && self.columns_added.is_empty()
            && self.columns_removed.is_empty()
            && self.differing() == 0;
        self.rows_complete = self.differing() == self.rows.len() as u64;
        self
    }
}

/// How a column differs over all changed rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ColumnReport {
    pub name: String,
    pub cells: u64,
    /// Cells among them with a value on the old side, and an empty, infinite or NaN one on the new.
    pub lost: u64,
    /// Cells among them with a value on the new side, and an empty, infinite or NaN one on the old.
    pub gained: u64,
    /// The greatest relative difference of two finite numbers; `None` if no cell has two.
    pub relative: Option<f64>,
    /// The greatest distance of two finite numbers in ulp.
    pub ulp: Option<u64>,
}

impl ColumnReport {
    fn count(&mut self, cell: &CellChange) {
        self.cells += 1;
        match (has_value(cell.old.as_bytes()), has_value(cell.new.as_bytes())) {
            (true, false) => self.lost += 1,
            (false, true) => self.gained += 1,
            _ => {}
        }
        if let Some(d) = cell.distance {
            self.relative = Some(self.relative.unwrap_or(0.0).max(d.relative));
            self.ulp = Some(self.ulp.unwrap_or(0).max(d.ulp));
        }
    }
}

/// A row that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowChange {
    pub change: Change,
    /// Its line in the old table, from 1.
    pub line_old: Option<u64>,
    /// Its line in the new table.
    pub line_new: Option<u64>,
    /// The cells that it is matched by, with the names of their columns.
    #[serde(serialize_with = "export::map")]
    pub key: Vec<(&'static str, String)>,
    /// The cells that differ, where both sides have the row.
    pub cells: Vec<CellChange>,
    /// The trial's digest on the old side (on the new one for an added row), where the table has
    /// such a column.
    pub trial_id: Option<String>,
}

impl RowChange {
    /// The digest of the trial as a number.
    pub fn trial_number(&self) -> Option<u64> {
        trial_number(self.trial_id.as_deref()?)
    }

    /// A cell of the key; empty where the table has no such column.
    pub fn key_cell(&self, column: &str) -> &str {
        let cell = self.key.iter().find(|(name, _)| *name == column);
        cell.map_or("", |(_, cell)| cell)
    }

    /// Whether the cell in `column` differs.
    pub fn has(&self, column: &str) -> bool {
        self.cells.iter().any(|c| c.column == column)
    }
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Only the new side has it.
    Added,
    /// Only the old side has it.
    Removed,
    Changed,
}

impl Change {
    pub fn name(self) -> &'static str {
        match self {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed => "changed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellChange {
    pub column: String,
    /// Old text; empty for missing.
    pub old: String,
    pub new: String,
    /// How far apart, if both are finite numbers.
    #[serde(flatten)]
    pub distance: Option<Distance>,
}

/// How far apart two finite numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Distance {
    /// `|new - old|`; infinite where that overflows.
    #[serde(serialize_with = "export::figure")]
    pub absolute: f64,
    /// That over the larger of `|old|` and `|new|`; 0 for two zeros.
    #[serde(serialize_with = "export::figure")]
    pub relative: f64,
    /// Steps from one `f64` to the next between them.
    pub ulp: u64,
}

impl Distance {
    /// The distance of two finite numbers.
    pub fn between(a: f64, b: f64) -> Self {
        let absolute = (a - b).abs();
        let largest = a.abs().max(b.abs());
        let relative = match absolute {
            0.0 => 0.0,
            // The difference of two finite numbers may overflow, that of their halves cannot.
            f64::INFINITY => 2.0 * ((a / 2.0 - b / 2.0).abs() / largest),
            _ => absolute / largest,
        };
        // Ordered like the numbers themselves; -0 and 0 coincide.
        let order = |x: f64| {
            let bits = x.to_bits() as i64;
            if bits < 0 {
                i64::MIN.wrapping_sub(bits)
            } else {
                bits
            }
        };
        Distance {
            absolute,
            relative,
            ulp: order(a).abs_diff(order(b)),
        }
    }

    fn within(self, tolerance: Tolerance) -> bool {
        match tolerance {
            Tolerance::Absolute(most) => self.absolute <= most,
            Tolerance::Relative(most) => self.relative <= most,
            Tolerance::Ulp(most) => self.ulp <= most,
        }
    }
}

/// Compares the table `file` of two sides. `seen` collects the names of all columns; `visit` is
/// handed every changed row.
///
/// # Errors
/// A side cannot be read, has a key twice, or has no column to match rows by.
pub fn compare(
    old: &Source,
    new: &Source,
    file: &str,
    options: &Options,
    seen: &mut BTreeSet<String>,
    visit: &mut dyn FnMut(&RowChange) -> Result<()>,
) -> Result<TableDiff> {
    let sorted = rayon::join(|| is_sorted(old, file), || is_sorted(new, file));
    let sorted = (sorted.0?, sorted.1?);
    let open = |side: &Source| -> Result<Option<Opened>> {
        let bytes = side.open(file)?;
        bytes.map(|b| rows::open(&side.name_of(file), b)).transpose()
    };
    let (Some(mut a), Some(mut b)) = (open(old)?, open(new)?) else {
        return Ok(TableDiff {
            name: file.to_owned(),
            in_old: sorted.0.is_some(),
            in_new: sorted.1.is_some(),
            ..TableDiff::default()
        }
        .finish());
    };
    a.add_columns_of(&b.header);
    b.add_columns_of(&a.header);
    seen.extend(a.header.iter().chain(&b.header).cloned());
    let key = common_key(&a, &b, &new.name_of(file))?;
    let (a_header, b_header) = (a.header.clone(), b.header.clone());
    let unsorted = (sorted.0 == Some(false), sorted.1 == Some(false));
    // Where one side has a key column more, the order by the common ones may be another.
    let keyed = |header: &[String]| {
        rows::key_columns()
            .filter(|k| header.iter().any(|h| h == k.name))
            .count()
    };
    let resort = keyed(&a_header) != keyed(&b_header);
    let mut rows = (
        a.rows(&key, unsorted.0 || resort)?,
        b.rows(&key, unsorted.1 || resort)?,
    );
    let mut walk = Walk {
        compared: compared(&a_header, &b_header, &key, options),
        trial_id: a_header.iter().position(|h| h == "trial_id"),
        options,
        report: TableDiff {
            name: file.to_owned(),
            in_old: true,
            in_new: true,
            columns_added: missing_from(&b_header, &a_header),
            columns_removed: missing_from(&a_header, &b_header),
            unsorted: unsorted.0 || unsorted.1,
            ..TableDiff::default()
        },
        same_header: a_header == b_header,
    };
    walk.run(&mut rows.0, &mut rows.1, visit).map_err(|t| match t {
        RowsError::Failed(error) => error,
        RowsError::Unsorted => Error::new(Kind::Store, format!("{file} changed while it was read")),
    })?;
    let mut report = walk.report;
    (report.rows_old, report.rows_new) = (rows.0.count, rows.1.count);
    report
        .columns
        .sort_by_key(|c| a_header.iter().position(|h| *h == c.name));
    Ok(report.finish())
}

/// Whether the rows of a side come by ascending key; `None` if the table is not there.
fn is_sorted(side: &Source, file: &str) -> Result<Option<bool>> {
    let Some(bytes) = side.open(file)? else {
        return Ok(None);
    };
    let opened = rows::open(&side.name_of(file), bytes)?;
    let key: Vec<KeyColumn> = rows::key_columns().collect();
    let mut rows = opened.rows(&key, false)?;
    loop {
        match rows.advance() {
            Ok(true) => {}
            Ok(false) => return Ok(Some(true)),
            Err(RowsError::Unsorted) => return Ok(Some(false)),
            Err(RowsError::Failed(error)) => return Err(error),
        }
    }
}

fn common_key(a: &Opened, b: &Opened, name: &str) -> Result<Vec<KeyColumn>> {
    let has = |o: &Opened, k: &KeyColumn| o.header.iter().any(|h| h == k.name);
    let key: Vec<KeyColumn> = rows::key_columns().filter(|k| has(a, k) && has(b, k)).collect();
    if key.is_empty() {
        let message = format!("{name} and its counterpart share no column that rows could be matched by");
        let error = Error::new(Kind::Store, message);
        return Err(
            error.help("tables of results begin with the columns dataset, label_noise, architecture, ...")
        );
    }
    Ok(key)
}

/// Columns of `header` that `other` lacks.
fn missing_from(header: &[String], other: &[String]) -> Vec<String> {
    header.iter().filter(|h| !other.contains(h)).cloned().collect()
}

/// A column that is compared: its name, and its place on each side.
struct Compared {
    name: String,
    old: usize,
    new: usize,
    tolerance: Option<Tolerance>,
}

fn compared(a: &[String], b: &[String], key: &[KeyColumn], options: &Options) -> Vec<Compared> {
    let wanted = |h: &&String| !options.ignored.contains(*h) && !key.iter().any(|k| k.name == h.as_str());
    a.iter()
        .enumerate()
        .filter(|(_, h)| wanted(h))
        .filter_map(|(old, h)| {
            Some(Compared {
                name: h.clone(),
                old,
                new: b.iter().position(|x| x == h)?,
                tolerance: options.tolerances.get(h).copied(),
            })
        })
        .collect()
}

struct Walk<'o> {
    compared: Vec<Compared>,
    trial_id: Option<usize>,
    options: &'o Options,
    report: TableDiff,
    same_header: bool,
}

impl Walk<'_> {
    fn run(
        &mut self,
        old: &mut Rows,
        new: &mut Rows,
        visit: &mut dyn FnMut(&RowChange) -> Result<()>,
    ) -> std::result::Result<(), RowsError> {
        let (mut more_old, mut more_new) = (old.advance()?, new.advance()?);
        while more_old || more_new {
            let order = match (more_old, more_new) {
                (true, true) => old.compare(new),
                (true, false) => Ordering::Less,
                (false, _) => Ordering::Greater,
            };
            match order {
                Ordering::Less => {
                    if !self.is_outside_sample(old) {
                        self.report.removed += 1;
                        self.keep(Change::Removed, Some(old), None, Vec::new(), visit)?;
                    }
                    more_old = old.advance()?;
                }
                Ordering::Greater => {
                    self.report.added += 1;
                    self.keep(Change::Added, None, Some(new), Vec::new(), visit)?;
                    more_new = new.advance()?;
                }
                Ordering::Equal => {
                    // Rows are the same nearly always: one comparison of bytes.
                    if !self.same_header || old.row() != new.row() {
                        let cells = self.cells(old, new);
                        if !cells.is_empty() {
                            self.report.changed += 1;
                            self.keep(Change::Changed, Some(old), Some(new), cells, visit)?;
                        }
                    }
                    more_old = old.advance()?;
                    more_new = new.advance()?;
                }
            }
        }
        Ok(())
    }

    /// Whether the row is of a trial that the new side leaves out on purpose.
    fn is_outside_sample(&self, old: &Rows) -> bool {
        let (Some(left_out), Some(column)) = (&self.options.left_out, self.trial_id) else {
            return false;
        };
        trial_number(&old.text(column)).is_some_and(|id| left_out.binary_search(&id).is_ok())
    }

    fn keep(
        &mut self,
        change: Change,
        old: Option<&Rows>,
        new: Option<&Rows>,
        cells: Vec<CellChange>,
        visit: &mut dyn FnMut(&RowChange) -> Result<()>,
    ) -> std::result::Result<(), RowsError> {
        let Some(rows) = old.or(new) else { return Ok(()) };
        let row = RowChange {
            change,
            line_old: old.and_then(Rows::line),
            line_new: new.and_then(Rows::line),
            key: rows.key(),
            cells,
            trial_id: self.trial_id.map(|i| rows.text(i)),
        };
        visit(&row)?;
        if self.report.rows.len() < self.options.limit {
            self.report.rows.push(row);
        }
        Ok(())
    }

    fn cells(&mut self, old: &Rows, new: &Rows) -> Vec<CellChange> {
        let mut cells = Vec::new();
        for column in &self.compared {
            let a = old.row().get(column.old).unwrap_or_default();
            let b = new.row().get(column.new).unwrap_or_default();
            if a == b {
                continue;
            }
            let numbers = parse(a).zip(parse(b));
            let numbers = numbers.filter(|(x, y)| x.is_finite() && y.is_finite());
            let distance = numbers.map(|(x, y)| Distance::between(x, y));
            if let (Some(distance), Some(tolerance)) = (distance, column.tolerance)
                && distance.within(tolerance)
            {
                self.report.tolerated += 1;
                continue;
            }
            let cell = CellChange {
                column: column.name.clone(),
                old: String::from_utf8_lossy(a).into_owned(),
                new: String::from_utf8_lossy(b).into_owned(),
                distance,
            };
            column_of(&mut self.report.columns, &column.name).count(&cell);
            cells.push(cell);
        }
        cells
    }
}

/// The report on the column `name`, which is begun with its first cell.
fn column_of<'c>(columns: &'c mut Vec<ColumnReport>, name: &str) -> &'c mut ColumnReport {
    let i = columns.iter().position(|c| c.name == name).unwrap_or_else(|| {
        columns.push(ColumnReport {
            name: name.to_owned(),
            ..ColumnReport::default()
        });
        columns.len() - 1
    });
    &mut columns[i]
}

/// Whether a cell holds a value: text, or a finite number.
fn has_value(cell: &[u8]) -> bool {
    !cell.is_empty() && parse(cell).is_none_or(f64::is_finite)
}
