//! A diff for programs: JSON, which is the [`Diff`] itself, and CSV with a line for each changed
//! cell.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Diff;
use super::table::{CellChange, Change, RowChange};
use crate::analysis::check::print::figure_json;
use crate::support::error::{Error, Kind, Result};

/// The report as JSON.
///
/// # Errors
/// Never for a report that [`compare`](super::compare) made.
pub fn json(report: &Diff) -> Result<Value> {
    serde_json::to_value(report)
        .map_err(|e| Error::new(Kind::Io, format!("cannot write the comparison as JSON: {e}")))
}

/// Serializes a figure: JSON has no infinities, so those are text.
pub(super) fn figure<S: Serializer>(x: &f64, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    figure_json(*x).serialize(serializer)
}

/// Serializes names and cells as a map in their order.
pub(super) fn map<S: Serializer>(
    pairs: &[(&'static str, String)],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, cell)| (name, cell)))
}

/// The header of the CSV form.
pub const CSV_HEADER: [&str; 9] = [
    "table", "change", "row", "column", "old", "new", "absolute", "relative", "ulp",
];

/// The lines of the CSV form for one changed row: one per cell, or one for a row added or removed.
pub fn csv_rows(table: &str, row: &RowChange) -> Vec<[String; 9]> {
    let number = crate::support::catalog::number;
    let line = |cell: Option<&CellChange>| {
        let distance = cell.and_then(|c| c.distance);
        let key: Vec<&str> = row.key.iter().map(|(_, cell)| cell.as_str()).collect();
        [
            table.to_owned(),
            row.change.name().to_owned(),
            key.join(" "),
            cell.map(|c| c.column.clone()).unwrap_or_default(),
            cell.map(|c| c.old.clone()).unwrap_or_default(),
            cell.map(|c| c.new.clone()).unwrap_or_default(),
            distance.map(|d| number(d.absolute)).unwrap_or_default(),
            distance.map(|d| number(d.relative)).unwrap_or_default(),
            distance.map(|d| d.ulp.to_string()).unwrap_or_default(),
        ]
    };
    match row.change {
        Change::Changed => row.cells.iter().map(|c| line(Some(c))).collect(),
        Change::Added | Change::Removed => vec![line(None)],
    }
}
