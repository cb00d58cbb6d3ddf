//! A diff for people and pull requests.

use std::fmt::Write as _;

use super::conclusions::{Conclusions, Listed};
use super::stage::{Origin, Stage};
use super::table::{CellChange, Change, ColumnReport, RowChange, TableDiff};
use super::{Diff, DirectoryDiff};
use crate::analysis::check::Verdict;
use crate::support::text::{Style, counted, four_digits, markdown_text, visible, wrap};

/// As a person reads it in a terminal.
pub(crate) fn text(report: &Diff, style: Style) -> String {
    let mut out = format!("{} -> {}\n", visible(&report.old), visible(&report.new));
    if report.same {
        let _ = writeln!(out, "{}", same(report));
        for table in report.tables().filter(|t| t.tolerated > 0) {
            let _ = writeln!(
                out,
                "{}: {} within tolerance",
                name(table),
                counted(table.tolerated, "changed cell")
            );
        }
        return out;
    }
    for directory in &report.directories {
        for line in lines(directory) {
            let _ = writeln!(out, "{}", wrap(&visible(&line), style.width, indent(&line) + 2));
        }
    }
    out
}

/// That nothing differs, and in how much.
fn same(report: &Diff) -> String {
    let rows: u64 = report.tables().map(|t| t.rows_new).sum();
    let count = report.tables().count() as u64;
    format!("Same: {}, {}.", counted(count, "table"), counted(rows, "row"))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn name(table: &TableDiff) -> &str {
    if table.name.is_empty() {
        "the table"
    } else {
        &table.name
    }
}

fn lines(directory: &DirectoryDiff) -> Vec<String> {
    let mut lines = vec![String::new()];
    if !directory.name.is_empty() {
        lines.push(format!("{}/", directory.name));
    }
    lines.extend(directory.manifest.iter().cloned());
    for table in &directory.tables {
        lines.push(headline(table));
        for column in &table.columns {
            lines.push(format!("  {}", column_line(column)));
        }
        for row in &table.rows {
            lines.push(format!(
                "  {} {}{}",
                sign(row.change),
                line_of(row),
                row_name(row)
            ));
            lines.extend(row.cells.iter().map(|c| format!("      {}", cell_line(c))));
        }
        let hidden = table.differing().saturating_sub(table.rows.len() as u64);
        if hidden > 0 {
            lines.push(format!(
                "  and {} more (--limit shows more, --format csv all)",
                counted(hidden, "row")
            ));
        }
    }
    if let Some(origins) = &directory.origins {
        lines.push("where it started".to_owned());
        lines.extend(origin_lines(origins).into_iter().map(|l| format!("  {l}")));
    }
    if let Some(conclusions) = &directory.conclusions {
        lines.push("conclusions".to_owned());
        lines.extend(
            conclusion_lines(conclusions)
                .into_iter()
                .map(|l| format!("  {l}")),
        );
    }
    lines
}

/// How a column differs: first the cells that lost or gained a value, then how far the others are
/// apart.
fn column_line(column: &ColumnReport) -> String {
    let mut line = format!("{}: {}", column.name, counted(column.cells, "cell"));
    let mut kinds = Vec::new();
    for (count, verb) in [(column.lost, "lost"), (column.gained, "gained")] {
        if count > 0 {
            kinds.push(format!("{count} {verb} a value"));
        }
    }
    if let (Some(relative), Some(ulp)) = (column.relative, column.ulp) {
        let others = if kinds.is_empty() { "" } else { "others " };
        kinds.push(format!(
            "{others}at most {} relative{}",
            four_digits(relative),
            steps(ulp)
        ));
    }
    if !kinds.is_empty() {
        let _ = write!(line, ", {}", kinds.join(", "));
    }
    line
}

/// The line of a row in its file: on the old side, for an added row on the new one.
fn line_of(row: &RowChange) -> String {
    let line = row.line_old.or(row.line_new);
    line.map(|line| format!("line {line}: ")).unwrap_or_default()
}

fn headline(table: &TableDiff) -> String {
    let what = name(table);
    if !table.in_both() {
        let side = if table.in_old { "old" } else { "new" };
        return format!("{what}: only on the {side} side");
    }
    let mut line = if table.same {
        format!("{what}: same, {} rows", table.rows_new)
    } else {
        format!(
            "{what}: {} of {} rows changed, {} added, {} removed",
            table.changed,
            table.rows_old.max(table.rows_new),
            table.added,
            table.removed
        )
    };
    for (columns, what) in [
        (&table.columns_added, "new columns"),
        (&table.columns_removed, "columns gone"),
    ] {
        if !columns.is_empty() {
            let _ = write!(line, "; {what}: {}", columns.join(", "));
        }
    }
    if table.tolerated > 0 {
        let _ = write!(
            line,
            "; {} within tolerance",
            counted(table.tolerated, "changed cell")
        );
    }
    if table.unsorted {
        line.push_str("; not sorted by coordinates, so it was sorted in memory");
    }
    line
}

fn sign(change: Change) -> char {
    match change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed => '~',
    }
}

/// The key of a row: texts as they are, numbers with their column.
fn row_name(row: &RowChange) -> String {
    let number = |column: &str| super::rows::key_columns().any(|k| k.name == column && k.number);
    let parts: Vec<String> = row
        .key
        .iter()
        .filter(|(column, cell)| !(*column == "label_noise" && cell == "0"))
        .map(|(column, cell)| {
            if number(column) {
                format!("{column}={cell}")
            } else {
                cell.clone()
            }
        })
        .collect();
    parts.join(" ")
}

fn cell_line(cell: &CellChange) -> String {
    let text = |t: &str| {
        if t.is_empty() {
            "(missing)".to_owned()
        } else {
            t.to_owned()
        }
    };
    let mut line = format!("{} {} -> {}", cell.column, text(&cell.old), text(&cell.new));
    if let Some(d) = cell.distance {
        let _ = write!(line, "  ({} relative{})", four_digits(d.relative), steps(d.ulp));
    }
    line
}

/// A distance in ulp, as long as it tells more than the relative difference does.
fn steps(ulp: u64) -> String {
    if ulp <= 1_000_000 {
        format!(", {ulp} ulp")
    } else {
        String::new()
    }
}

/// The name of a stage, in words.
pub fn stage_name(stage: Stage) -> String {
    match stage {
        Stage::Settings => "the settings (trial_id)".to_owned(),
        Stage::Data => "the data (data_hash)".to_owned(),
        Stage::InitialWeights => "the initial weights (initial_hash)".to_owned(),
        Stage::Epoch(epoch) => format!("epoch {epoch} of training (weights_hash)"),
        Stage::Training => "training (final_hash)".to_owned(),
        Stage::Measurement => "measurement: the weights are equal".to_owned(),
    }
}

fn origin_lines(origins: &[Origin]) -> Vec<String> {
    if origins.is_empty() {
        return vec!["no trial changed: rows were added or removed".to_owned()];
    }
    let line = |origin: &Origin| {
        let mut schemes: Vec<(&String, &u64)> = origin.schemes.iter().collect();
        schemes.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let mut names: Vec<String> = schemes.iter().take(5).map(|(s, n)| format!("{s} {n}")).collect();
        if schemes.len() > 5 {
            names.push(format!("and {} schemes more", schemes.len() - 5));
        }
        let trials = counted(origin.trials, "trial");
        format!("{trials}: {}; {}", stage_name(origin.stage), names.join(", "))
    };
    origins.iter().map(line).collect()
}

fn conclusion_lines(c: &Conclusions) -> Vec<String> {
    fn listed<T>(lines: &mut Vec<String>, list: &Listed<T>, line: impl Fn(&T) -> String) {
        lines.extend(list.first.iter().map(line));
        let hidden = list.count - list.first.len() as u64;
        if hidden > 0 {
            lines.push(format!("and {hidden} more like this"));
        }
    }
    let mut lines = Vec::new();
    listed(&mut lines, &c.leaders, |l| {
        format!(
            "leader: {} {} -> {} {} ({})",
            l.old,
            four_digits(l.old_score),
            l.new,
            four_digits(l.new_score),
            l.context
        )
    });
    listed(&mut lines, &c.flips, |f| {
        format!(
            "ranking: {} now ahead of {} ({})",
            f.is_ahead, f.was_ahead, f.context
        )
    });
    listed(&mut lines, &c.intervals, |i| {
        let verb = if i.distinguishable {
            "now distinguishable"
        } else {
            "no longer distinguishable"
        };
        format!("interval: {} {verb} from {} ({})", i.scheme, i.leader, i.context)
    });
    listed(&mut lines, &c.endings, |e| {
        format!("{}: {} -> {} trials ({})", e.ending, e.old, e.new, e.cell)
    });
    for claim in &c.claims {
        lines.push(format!(
            "claim {}: {} -> {}",
            claim.name,
            verdict(claim.old),
            verdict(claim.new)
        ));
    }
    if lines.is_empty() && c.notes.is_empty() {
        lines.push("the same: no leader, ranking, interval, diverged count or claim changed".to_owned());
    } else if lines.is_empty() {
        lines.push("none changed of those that were compared".to_owned());
    }
    lines.extend(c.notes.iter().cloned());
    lines
}

fn verdict(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("not made", Verdict::name)
}

/// The same as Markdown, fit for a pull request.
pub fn markdown(report: &Diff) -> String {
    let mut out = format!("### `{}` → `{}`\n\n", tick(&report.old), tick(&report.new));
    if report.same {
        let _ = writeln!(out, "{}", same(report));
        return out;
    }
    for directory in &report.directories {
        if !directory.name.is_empty() {
            let _ = writeln!(out, "#### {}\n", markdown_text(&directory.name));
        }
        for line in &directory.manifest {
            let _ = writeln!(out, "**{}**\n", markdown_text(line));
        }
        if let Some(conclusions) = &directory.conclusions {
            let _ = writeln!(out, "**Conclusions**\n");
            for line in conclusion_lines(conclusions) {
                let _ = writeln!(out, "- {}", markdown_text(&line));
            }
            out.push('\n');
        }
        if let Some(origins) = &directory.origins {
            let _ = writeln!(out, "**Where it started**\n");
            for line in origin_lines(origins) {
                let _ = writeln!(out, "- {}", markdown_text(&line));
            }
            out.push('\n');
        }
        for table in &directory.tables {
            markdown_table(&mut out, table);
        }
    }
    out
}

/// Text that stays text between backticks.
fn tick(text: &str) -> String {
    visible(&text.replace('`', "'")).into_owned()
}

fn markdown_table(out: &mut String, table: &TableDiff) {
    let _ = writeln!(out, "{}\n", markdown_text(&headline(table)));
    if !table.columns.is_empty() {
        out.push_str("| column | cells | lost a value | gained one | others at most, relative | ulp |\n");
        out.push_str("|---|--:|--:|--:|--:|--:|\n");
        for c in &table.columns {
            let relative = c.relative.map(four_digits).unwrap_or_default();
            let ulp = c.ulp.filter(|u| *u <= 1_000_000);
            let ulp = ulp.map(|u| u.to_string()).unwrap_or_default();
            let (name, cells, lost, gained) = (markdown_text(&c.name), c.cells, c.lost, c.gained);
            let _ = writeln!(
                out,
                "| {name} | {cells} | {lost} | {gained} | {relative} | {ulp} |"
            );
        }
        out.push('\n');
    }
    if table.rows.is_empty() {
        return;
    }
    let (shown, total) = (table.rows.len(), table.differing());
    let _ = writeln!(
        out,
        "<details><summary>{shown} of {total} rows</summary>\n\n```diff"
    );
    for row in &table.rows {
        let sign = match row.change {
            Change::Changed => '!',
            Change::Added | Change::Removed => sign(row.change),
        };
        let _ = writeln!(out, "{sign} {}", tick(&row_name(row)));
        for cell in &row.cells {
            let _ = writeln!(out, "!     {}", tick(&cell_line(cell)));
        }
    }
    out.push_str("```\n\n</details>\n\n");
}
