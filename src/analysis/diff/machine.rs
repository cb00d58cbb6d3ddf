//! A diff for programs: JSON, and CSV with a line for each changed cell.

use serde_json::{Value, json};

use super::conclusions::{Conclusions, Listed};
use super::origin::{Began, Origin, Origins};
use super::table::{CellChange, Change, RowChange, TableReport};
use super::{DirectoryReport, Report};
use crate::analysis::check::Outcome;
use crate::analysis::check::print::figure_json;

/// The same for machines.
pub fn json(report: &Report) -> Value {
    let directory = |d: &DirectoryReport| {
        json!({
            "name": d.name, "manifest": d.manifest,
            "tables": d.tables.iter().map(table_json).collect::<Vec<_>>(),
            "origins": d.origins.as_ref().map(origins_json),
            "conclusions": d.conclusions.as_ref().map(conclusions_json),
        })
    };
    json!({
        "old": report.old, "new": report.new, "same": report.is_same(),
        "directories": report.directories.iter().map(directory).collect::<Vec<_>>(),
    })
}

fn table_json(t: &TableReport) -> Value {
    let cell = |c: &CellChange| {
        json!({
            "column": c.column, "old": c.old, "new": c.new,
            "absolute": c.distance.map(|d| figure_json(d.absolute)),
            "relative": c.distance.map(|d| figure_json(d.relative)),
            "ulp": c.distance.map(|d| d.ulp),
        })
    };
    let row = |r: &RowChange| {
        let key: serde_json::Map<String, Value> = t
            .key
            .iter()
            .zip(&r.key)
            .map(|(name, cell)| ((*name).to_owned(), Value::from(cell.as_str())))
            .collect();
        let cells = match &r.change {
            Change::Changed(cells) => cells.iter().map(cell).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        json!({ "change": change_name(&r.change), "key": key, "cells": cells })
    };
    let total = t.added + t.removed + t.changed;
    json!({
        "name": t.name, "same": t.is_same(), "in_old": t.in_old, "in_new": t.in_new,
        "rows_old": t.rows_old, "rows_new": t.rows_new, "added": t.added, "removed": t.removed,
        "changed": t.changed, "tolerated": t.tolerated, "unsorted": t.unsorted,
        "columns_added": t.columns_added, "columns_removed": t.columns_removed,
        "columns": t.columns.iter().map(|c| json!({
            "name": c.name, "cells": c.cells, "relative": c.relative.map(figure_json), "ulp": c.ulp,
        })).collect::<Vec<_>>(),
        "rows": t.sample.iter().map(row).collect::<Vec<_>>(),
        "rows_complete": total == t.sample.len() as u64,
    })
}

fn origins_json(origins: &Origins) -> Value {
    let one = |(origin, began): (&Origin, &Began)| {
        let (name, epoch) = match origin {
            Origin::Settings => ("settings", None),
            Origin::Data => ("data", None),
            Origin::InitialWeights => ("initial_weights", None),
            Origin::Epoch(epoch) => ("epoch", Some(epoch)),
            Origin::Training => ("training", None),
            Origin::Measurement => ("measurement", None),
        };
        json!({ "origin": name, "epoch": epoch, "trials": began.trials, "schemes": began.schemes })
    };
    Value::from(origins.by_origin.iter().map(one).collect::<Vec<_>>())
}

fn conclusions_json(c: &Conclusions) -> Value {
    fn listed<T>(list: &Listed<T>, one: impl Fn(&T) -> Value) -> Value {
        json!({ "count": list.count, "first": list.first.iter().map(one).collect::<Vec<_>>() })
    }
    json!({
        "same": c.is_same(), "contexts": c.contexts, "notes": c.notes,
        "leaders": listed(&c.leaders, |l| json!({
            "context": l.context, "old": l.old.0, "old_score": figure_json(l.old.1),
            "new": l.new.0, "new_score": figure_json(l.new.1),
        })),
        "flips": listed(&c.flips, |f| json!({
            "context": f.context, "was_ahead": f.was_ahead, "is_ahead": f.is_ahead,
        })),
        "intervals": listed(&c.intervals, |i| json!({
            "context": i.context, "scheme": i.scheme, "leader": i.leader, "apart_now": i.apart_now,
        })),
        "endings": listed(&c.endings, |e| json!({
            "cell": e.cell, "ending": e.ending, "old": e.old, "new": e.new,
        })),
        "claims": c.claims.iter().map(|c| json!({
            "name": c.name, "old": c.old.map(Outcome::name), "new": c.new.map(Outcome::name),
        })).collect::<Vec<_>>(),
    })
}

/// The word for what happened to a row.
pub fn change_name(change: &Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed(_) => "changed",
    }
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
        [
            table.to_owned(),
            change_name(&row.change).to_owned(),
            row.key.join(" "),
            cell.map(|c| c.column.clone()).unwrap_or_default(),
            cell.map(|c| c.old.clone()).unwrap_or_default(),
            cell.map(|c| c.new.clone()).unwrap_or_default(),
            distance.map(|d| number(d.absolute)).unwrap_or_default(),
            distance.map(|d| number(d.relative)).unwrap_or_default(),
            distance.map(|d| d.ulp.to_string()).unwrap_or_default(),
        ]
    };
    match &row.change {
        Change::Changed(cells) => cells.iter().map(|c| line(Some(c))).collect(),
        _ => vec![line(None)],
    }
}
