//! What a person reads when a run has ended: scheme x activation, and who won.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use comfy_table::{Attribute, CellAlignment, Table, presets};
use rayon::prelude::*;

use crate::experiment::Axis;
use crate::support::text::push_words;

use crate::analysis::cell::Cell;
use crate::analysis::ranking::{Rates, Standing, scores, standings};
use crate::analysis::tuning::{self, Basis};
use crate::table::format;

/// How wide, and whether with colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether emphasis is allowed.
    pub colour: bool,
}

impl Style {
    /// For standard output as it is: the terminal's width (80 where there is none, at most 120),
    /// emphasis on a terminal unless `NO_COLOR` is set.
    pub fn detect() -> Self {
        let table = Table::new();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Style {
            width: table.width().map_or(80, |w| usize::from(w).clamp(40, 120)),
            colour: table.is_tty() && !no_color,
        }
    }
}

/// The summary of a run whose tables are in `dir`.
pub fn render(cells: &[Cell], dir: &Path, style: Style) -> String {
    let mut out = String::new();
    let tasks: BTreeSet<bool> = cells.iter().map(|c| c.headline().is_accuracy()).collect();
    for accuracy in tasks.into_iter().rev() {
        let kept: Vec<&Cell> = cells
            .iter()
            .filter(|c| c.headline().is_accuracy() == accuracy)
            .collect();
        section(&mut out, &kept, accuracy, style);
    }
    let counts = |status| cells.iter().map(|c| c.count(status)).sum::<usize>();
    let trials: usize = cells.iter().map(|c| c.outcomes.len()).sum();
    let (diverged, failed) = (
        counts(crate::table::record::Status::Diverged),
        counts(crate::table::record::Status::Failed),
    );
    let _ = write!(
        out,
        "{trials} trials in {} cell{}: {diverged} diverged",
        cells.len(),
        if cells.len() == 1 { "" } else { "s" }
    );
    if failed > 0 {
        let _ = write!(out, ", {failed} FAILED (see `message` in {})", format::TRIALS);
    }
    let _ = writeln!(out, "\nTables: {}", dir.display());
    out
}

fn section(out: &mut String, cells: &[&Cell], accuracy: bool, style: Style) {
    let values = |axis: Axis| -> BTreeSet<String> {
        cells
            .iter()
            .map(|c| c.coordinates.text(axis).into_owned())
            .collect()
    };
    let activations = values(Axis::Activation);
    let by_activation = activations.into_par_iter().map(|activation| {
        let kept: Vec<&Cell> = cells
            .iter()
            .filter(|c| c.coordinates.activation == activation)
            .copied()
            .collect();
        let standings = standings(&kept, Rates::Tuned, &activation);
        (activation, standings)
    });
    let (by_activation, overall): (Vec<(String, Vec<Standing>)>, _) =
        rayon::join(|| by_activation.collect(), || scores(cells, Rates::Tuned));
    let overall: Vec<String> = overall.into_iter().map(|(scheme, _)| scheme).collect();
    if overall.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}\n", wrap(&caption(cells, accuracy), style.width));
    tables(out, &overall, &by_activation, style);
    winners(out, &by_activation, style);
}

/// What the figures are, in a sentence or three.
fn caption(cells: &[&Cell], accuracy: bool) -> String {
    let count = |axis: Axis| -> usize {
        let texts: BTreeSet<_> = cells.iter().map(|c| c.coordinates.text(axis)).collect();
        texts.len()
    };
    let figure = if accuracy {
        "test accuracy"
    } else {
        "test loss (less is better)"
    };
    let mut text =
        format!("Interquartile mean of the {figure} over trials, with its 95% bootstrap interval.");
    let averaged: Vec<String> = [
        (Axis::Dataset, "datasets"),
        (Axis::LabelNoise, "label noises"),
        (Axis::Architecture, "architectures"),
        (Axis::Bias, "biases"),
        (Axis::Optimizer, "optimizers"),
        (Axis::BatchSize, "batch sizes"),
    ]
    .into_iter()
    .filter(|(axis, _)| count(*axis) > 1)
    .map(|(axis, plural)| format!("{} {plural}", count(axis)))
    .collect();
    if !averaged.is_empty() {
        let _ = write!(text, " Averaged over {}.", averaged.join(", "));
    }
    let rates = count(Axis::LearningRate);
    let outcomes = cells.iter().flat_map(|cell| &cell.outcomes);
    let replicates: BTreeSet<u32> = outcomes.map(|o| o.replicate).collect();
    let whose = if replicates.len() == 1 {
        "the same replicate"
    } else {
        "other replicates"
    };
    let chosen =
        format!(" Of {rates} learning rates each scheme has its own, chosen on validation data of {whose}");
    match tuning::basis(cells.iter().copied()) {
        Basis::OneRate => {}
        Basis::Validation => text += &format!("{chosen}."),
        Basis::Partly => {
            text += &format!("{chosen}; pooled over them on datasets that have no validation data.")
        }
        Basis::Nothing => {
            let _ = write!(
                text,
                " Pooled over {rates} learning rates: no validation data to choose by."
            );
        }
    }
    let lost = if accuracy { "chance" } else { "infinite" };
    let _ = write!(text, " A diverged trial (d) counts as {lost}.");
    text
}

const MARGIN: usize = 2;

fn tables(out: &mut String, schemes: &[String], by: &[(String, Vec<Standing>)], style: Style) {
    let first = schemes.iter().map(|s| s.chars().count()).max().unwrap_or(0);
    let first = first.clamp(6, (style.width / 3).max(12));
    let texts = |two_lines: bool| -> Vec<Vec<String>> {
        let cell = |(_, standings): &(String, Vec<Standing>), scheme: &String| {
            let standing = standings.iter().find(|s| s.scheme == *scheme);
            standing.map_or(String::new(), |s| describe(s, two_lines))
        };
        by.iter()
            .map(|column| schemes.iter().map(|scheme| cell(column, scheme)).collect())
            .collect()
    };
    let widths = |texts: &[Vec<String>]| -> Vec<usize> {
        let cell = |text: &String| text.lines().map(|l| l.chars().count()).max().unwrap_or(0);
        let column = |(column, (name, _)): (&Vec<String>, &(String, Vec<Standing>))| {
            let widest = column.iter().map(cell).max().unwrap_or(0);
            widest.max(name.chars().count().min(14)) + MARGIN
        };
        texts.iter().zip(by).map(column).collect()
    };
    let mut shown = texts(false);
    if first + widths(&shown).iter().sum::<usize>() > style.width {
        shown = texts(true);
    }
    let widths = widths(&shown);
    // As many activations side by side as fit; the rest below.
    let mut from = 0;
    while from < by.len() {
        let mut to = from + 1;
        let mut used = first + widths[from];
        while to < by.len() && used + widths[to] <= style.width {
            used += widths[to];
            to += 1;
        }
        let block = (first, &by[from..to], &shown[from..to], &widths[from..to]);
        out.push_str(&one_table(schemes, block, style));
        out.push('\n');
        from = to;
    }
}

type Block<'a> = (
    usize,
    &'a [(String, Vec<Standing>)],
    &'a [Vec<String>],
    &'a [usize],
);

fn one_table(schemes: &[String], (first, by, texts, widths): Block, style: Style) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if style.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let bold = |cell: comfy_table::Cell, on: bool| {
        if on && style.colour {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    };
    let mut header = vec![comfy_table::Cell::new("scheme")];
    header.extend(by.iter().zip(widths).map(|((name, _), width)| {
        comfy_table::Cell::new(shorten(name, width - MARGIN)).set_alignment(CellAlignment::Right)
    }));
    table.set_header(header);
    for (row, scheme) in schemes.iter().enumerate() {
        let mut cells = vec![comfy_table::Cell::new(shorten(scheme, first))];
        for ((_, standings), column) in by.iter().zip(texts) {
            let leads = standings.iter().any(|s| s.scheme == *scheme && s.leads());
            let cell = comfy_table::Cell::new(&column[row]).set_alignment(CellAlignment::Right);
            cells.push(bold(cell, leads));
        }
        table.add_row(cells);
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i == 0 { 0 } else { MARGIN as u16 }, 0));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

fn describe(s: &Standing, two_lines: bool) -> String {
    let mut text = figure(s.score.value);
    if s.diverged + s.failed > 0 {
        let _ = write!(text, " {}d", s.diverged + s.failed);
    }
    if let Some(interval) = s.score.interval {
        let separator = if two_lines { '\n' } else { ' ' };
        let _ = write!(
            text,
            "{separator}{}..{}",
            figure(interval.low),
            figure(interval.high)
        );
    }
    text
}

/// Three decimals where they say something, else a short number.
pub fn figure(x: f64) -> String {
    if x.is_infinite() {
        return if x > 0.0 { "inf".into() } else { "-inf".into() };
    }
    if x == 0.0 || (0.001..1000.0).contains(&x.abs()) {
        format!("{x:.3}")
    } else {
        format!("{x:.1e}")
    }
}

fn winners(out: &mut String, by: &[(String, Vec<Standing>)], style: Style) {
    let name = by.iter().map(|(a, _)| a.chars().count()).max().unwrap_or(0);
    for (activation, standings) in by {
        let Some(best) = standings.first() else {
            continue;
        };
        let mut line = format!(
            "{activation:<name$}  {} {}",
            best.scheme,
            figure(best.score.value)
        );
        let rivals: Vec<&str> = standings[1..]
            .iter()
            .filter(|s| s.leads())
            .map(|s| s.scheme.as_str())
            .collect();
        match rivals.len() {
            0 => {}
            1..=3 => {
                let _ = write!(line, "; not told apart: {}", rivals.join(", "));
            }
            n => {
                let _ = write!(
                    line,
                    "; not told apart: {}, {} and {} more",
                    rivals[0],
                    rivals[1],
                    n - 2
                );
            }
        }
        if best.at_edge > 0 {
            line.push_str("; rate at the grid's edge");
            if best.groups > 1 {
                let _ = write!(line, " ({}/{})", best.at_edge, best.groups);
            }
        }
        let _ = writeln!(out, "{}", wrap_with(&line, style.width, name + 2));
    }
    let _ = writeln!(
        out,
        "\n{}\n",
        wrap(
            "Not told apart: the interval of the difference of the two scores, paired by replicate and at \
             a level of 95% for all comparisons together, contains 0.",
            style.width
        )
    );
}

fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Breaks at blanks.
fn wrap(text: &str, width: usize) -> String {
    wrap_with(text, width, 0)
}

/// Breaks at blanks; lines after the first are indented.
pub(crate) fn wrap_with(text: &str, width: usize, indent: usize) -> String {
    let mut lines = String::new();
    push_words(&mut lines, text.split(' '), width, indent);
    lines
}

#[cfg(test)]
#[path = "terminal_tests.rs"]
mod tests;
