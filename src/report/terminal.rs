//! The summary of a finished run for the terminal: schemes by activation function, and which lead.

use std::fmt::Write as _;
use std::path::Path;

use comfy_table::{Attribute, CellAlignment, Table, presets};
use rayon::prelude::*;

use crate::analysis::measures::test_samples;
use crate::analysis::rank::{RankingRates, SchemeScore, rank, scores, unseen_failures};
use crate::analysis::stats::proportion::binomial_deviation;
use crate::analysis::tune::{Basis, basis};
use crate::experiment::Axis;
use crate::row::Status;
use crate::support::text::{Style, counted, distinct_short, entry, three_decimals, visible, wrap};
use crate::table::labels::Labels;
use crate::table::{Subset, Trials, format};

/// The summary of a run whose tables are in `dir`.
pub(crate) fn render(trials: &Trials, labels: &Labels, dir: &Path, style: Style) -> String {
    let mut out = String::new();
    for accuracy in [true, false] {
        let kept = trials
            .all()
            .filter(|row| trials.headline(row).is_accuracy() == accuracy);
        section(&mut out, &kept, labels, accuracy, style);
    }
    for (scheme, label) in labels.iter() {
        entry(&mut out, label, MOST_OF_LABEL, &visible(scheme), style.width);
    }
    if labels.iter().next().is_some() {
        out.push('\n');
    }
    let all = trials.all();
    let _ = write!(
        out,
        "{} in {}: {} diverged",
        counted(trials.len() as u64, "trial"),
        counted(trials.cells().len() as u64, "cell"),
        all.count(Status::Diverged),
    );
    let failed = all.count(Status::Failed);
    if failed > 0 {
        let _ = write!(out, ", {failed} FAILED (see `message` in {})", format::TRIALS);
    }
    let _ = writeln!(out, "\nTables: {}", visible(&dir.to_string_lossy()));
    out
}

/// The ranking of the schemes with one activation function.
struct ActivationRanking {
    activation: String,
    ranking: Vec<SchemeScore>,
}

fn section(out: &mut String, trials: &Subset, labels: &Labels, accuracy: bool, style: Style) {
    let rank_one = |trials: &Subset| {
        let activation = trials.text(Axis::Activation).to_owned();
        let mut ranking = rank(trials, RankingRates::Tuned, &activation);
        for scored in &mut ranking {
            scored.scheme = labels.name(&scored.scheme).to_owned();
        }
        ActivationRanking { ranking, activation }
    };
    let activations = trials.group_by(&[Axis::Activation]);
    let (ranked, overall): (Vec<ActivationRanking>, _) = rayon::join(
        || activations.par_iter().map(rank_one).collect(),
        || scores(trials, RankingRates::Tuned),
    );
    let Some((_, best)) = overall.first() else {
        return;
    };
    let mut said = caption(trials, accuracy);
    if let Some(samples) = test_samples(trials).filter(|_| accuracy) {
        let alone = three_decimals(binomial_deviation(*best, f64::from(samples)));
        let best = three_decimals(*best);
        let _ = write!(
            said,
            " The {samples} test samples by themselves spread an accuracy of {best} by {alone}."
        );
    }
    let overall: Vec<String> = overall
        .into_iter()
        .map(|(scheme, _)| labels.name(&scheme).to_owned())
        .collect();
    let _ = writeln!(out, "{}\n", wrap(&said, style.width, 0));
    tables(out, &overall, &ranked, style);
    winners(out, &ranked, style);
}

/// What the figures are, in a sentence or three.
fn caption(trials: &Subset, accuracy: bool) -> String {
    let count = |axis: Axis| trials.values(axis).len();
    let figure = if accuracy {
        "test accuracy"
    } else {
        "test loss (less is better)"
    };
    let mut text = format!("Interquartile mean of the {figure} over trials, with its 95% interval.");
    // The tables have a row for each scheme and a part for each activation; rates are tuned.
    let shown = [Axis::Scheme, Axis::Activation, Axis::LearningRate];
    let averaged: Vec<String> = Axis::cell_but(&shown)
        .filter(|axis| count(*axis) > 1)
        .map(|axis| format!("{} {}", count(axis), axis.plural()))
        .collect();
    if !averaged.is_empty() {
        let _ = write!(text, " Averaged over {}.", averaged.join(", "));
    }
    let rates = count(Axis::LearningRate);
    let one_replicate = count(Axis::Replicate) == 1;
    let whose = if one_replicate {
        "the same replicate"
    } else {
        "other replicates"
    };
    let chosen =
        format!(" Of {rates} learning rates each scheme has its own, chosen on validation data of {whose}");
    match basis(trials) {
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
    let ended = if trials.count(Status::Failed) > 0 {
        "A trial that diverged (d) or failed (f)"
    } else {
        "A diverged trial (d)"
    };
    let _ = write!(text, " {ended} counts as {lost}.");
    if !one_replicate && count(Axis::DataSeed) == 1 {
        text.push_str(" All trials use one split of the data: intervals are conditional on it.");
    }
    text
}

const MARGIN: usize = 2;

/// Columns for the label of a scheme before its canonical text.
const MOST_OF_LABEL: usize = 16;

/// Columns for the name of an activation function above its figures.
const MOST_OF_ACTIVATION: usize = 14;

fn tables(out: &mut String, schemes: &[String], by: &[ActivationRanking], style: Style) {
    let first = schemes.iter().map(|s| s.chars().count()).max().unwrap_or(0);
    let first = first.clamp(6, (style.width / 3).max(12));
    let names = distinct_short(schemes, first);
    let activations: Vec<&str> = by.iter().map(|r| r.activation.as_str()).collect();
    let activations = distinct_short(&activations, MOST_OF_ACTIVATION);
    let texts = |two_lines: bool| -> Vec<Vec<String>> {
        let cell = |ranked: &ActivationRanking, scheme: &String| {
            let found = ranked.ranking.iter().find(|s| s.scheme == *scheme);
            found.map_or(String::new(), |s| describe(s, two_lines))
        };
        by.iter()
            .map(|column| schemes.iter().map(|scheme| cell(column, scheme)).collect())
            .collect()
    };
    let widths = |texts: &[Vec<String>]| -> Vec<usize> {
        let cell = |text: &String| text.lines().map(|l| l.chars().count()).max().unwrap_or(0);
        let column = |(column, name): (&Vec<String>, &String)| {
            let widest = column.iter().map(cell).max().unwrap_or(0);
            widest.max(name.chars().count()) + MARGIN
        };
        texts.iter().zip(&activations).map(column).collect()
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
        let block = Block {
            names: &names,
            activations: &activations[from..to],
            by: &by[from..to],
            texts: &shown[from..to],
        };
        out.push_str(&one_table(schemes, &block, style));
        out.push('\n');
        from = to;
    }
}

/// The activation functions that stand side by side.
struct Block<'a> {
    names: &'a [String],
    activations: &'a [String],
    by: &'a [ActivationRanking],
    texts: &'a [Vec<String>],
}

fn one_table(schemes: &[String], block: &Block, style: Style) -> String {
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
    let right = |text: &String| comfy_table::Cell::new(text).set_alignment(CellAlignment::Right);
    header.extend(block.activations.iter().map(right));
    table.set_header(header);
    for (row, scheme) in schemes.iter().enumerate() {
        let mut cells = vec![comfy_table::Cell::new(&block.names[row])];
        for (ranked, column) in block.by.iter().zip(block.texts) {
            let leads = ranked.ranking.iter().any(|s| s.scheme == *scheme && s.leads());
            cells.push(bold(right(&column[row]), leads));
        }
        table.add_row(cells);
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i == 0 { 0 } else { MARGIN as u16 }, 0));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

fn describe(s: &SchemeScore, two_lines: bool) -> String {
    let mut text = three_decimals(s.score.value);
    for (n, mark) in [(s.diverged, 'd'), (s.failed, 'f')] {
        if n > 0 {
            let _ = write!(text, " {n}{mark}");
        }
    }
    if let Some(interval) = s.score.interval {
        let separator = if two_lines { '\n' } else { ' ' };
        let _ = write!(
            text,
            "{separator}{}..{}",
            three_decimals(interval.low),
            three_decimals(interval.high)
        );
    }
    text
}

/// The best scheme with each activation function, and those that are not distinguishable from it.
fn winners(out: &mut String, by: &[ActivationRanking], style: Style) {
    let names: Vec<&str> = by.iter().map(|r| r.activation.as_str()).collect();
    let names = distinct_short(&names, style.width);
    // A longer name has a line of its own.
    let short = names.iter().map(|name| name.chars().count());
    let indent = short
        .filter(|length| *length <= style.width / 3)
        .max()
        .unwrap_or(0)
        + MARGIN;
    for (name, ranked) in names.iter().zip(by) {
        let Some((best, rest)) = ranked.ranking.split_first() else {
            continue;
        };
        let mut line = format!("{} {}", best.scheme, three_decimals(best.score.value));
        let rivals: Vec<&str> = rest
            .iter()
            .filter(|s| s.leads())
            .map(|s| s.scheme.as_str())
            .collect();
        match rivals.as_slice() {
            [] => {}
            [one, two, _, _, ..] => {
                let more = rivals.len() - 2;
                let _ = write!(line, "; not distinguishable: {one}, {two} and {more} more");
            }
            few => {
                let _ = write!(line, "; not distinguishable: {}", few.join(", "));
            }
        }
        if best.at_edge > 0 {
            line.push_str("; rate at the grid's edge");
            if best.groups > 1 {
                let _ = write!(line, " ({}/{})", best.at_edge, best.groups);
            }
        }
        entry(out, name, indent, &visible(&line), style.width);
    }
    let mut note = "Not distinguishable: equal schemes would differ as much by chance in more than 5% of \
        experiments, in some pair of them."
        .to_owned();
    if let Some(text) = unseen_failures(by.iter().flat_map(|r| &r.ranking)) {
        let _ = write!(note, " {text}");
    }
    let _ = writeln!(out, "\n{}\n", wrap(&note, style.width, 0));
}

#[cfg(test)]
mod tests;
