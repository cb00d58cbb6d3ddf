//! Learning curves: the median over replicates, with a band between the quartiles.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{MOST, Section, legend, median_line, panels, show_with_legend};
use crate::analysis::tune::Basis;
use crate::report::figure::axis::PlotAxis;
use crate::report::figure::lines::{Line, Lines, PANEL};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::error::Result;
use crate::table::record::EpochRow;

pub(super) const SECTION: Section = Section {
    id: "curves",
    name: "Learning curves",
    heading: "Learning curves",
    wide: false,
    render,
};

/// One panel for each setting, one line for each scheme at its tuned rate.
fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    if model.run.epochs.iter().all(|rows| rows.len() < 2) {
        return Ok(html! {});
    }
    let headings = model.headings(PANEL.0);
    let mut shown = Vec::new();
    for (setting, heading) in headings.iter().enumerate().take(MOST) {
        let mut panel = panel(model, setting, heading);
        shown.push(show_with_legend(figures, &mut panel)?);
    }
    let by_itself =
        "the rate with the best median at the end (there are no validation data to choose one by)";
    Ok(html! {
        p.quiet {
            "Median " (model.measure.name()) " over replicates"
            @match model.basis {
                Basis::OneRate => {}
                Basis::Validation => { " at each scheme's best rate" }
                Basis::Partly => { " at each scheme's best rate; on datasets without validation data, at " (by_itself) }
                Basis::Nothing => { ", each scheme at " (by_itself) }
            }
            ", with a band from the first to the third quartile; a trial that has diverged counts as "
            @if model.measure.higher_is_better() { "chance" } @else { "infinite loss, where its line ends" }
            "."
        }
        (legend(model))
        (panels(&shown, model.settings.len(), "panels", "epochs.csv"))
    })
}

fn panel(model: &ReportModel, setting: usize, heading: &str) -> Lines {
    let steps = in_steps(model);
    let lines: Vec<Line> = model
        .schemes
        .iter()
        .filter_map(|s| line(model, setting, s, steps))
        .collect();
    let label = model.label(&model.settings[setting], &[]);
    let last = lines.iter().filter_map(|l| l.points.last()).map(|p| p.0);
    let last = last.fold(0.0, f64::max) as u64;
    let y = lines.iter().flat_map(|l| l.points.iter().filter_map(|p| p.1));
    Lines {
        id: format!("curves-{label}"),
        title: format!("Learning curves: {} of {label}", model.measure.name()),
        heading: heading.to_owned(),
        x: PlotAxis::whole(if steps { "step" } else { "epoch" }, 0, last),
        y: model.axis_of_measure(y),
        lines,
        legend: false,
        size: PANEL,
    }
}

/// Whether evaluations fall between epochs, so that steps tell them apart and epochs don't.
pub(super) fn in_steps(model: &ReportModel) -> bool {
    let repeats = |rows: &[EpochRow]| rows.windows(2).any(|pair| pair[0].epoch == pair[1].epoch);
    model.run.epochs.iter().any(|rows| repeats(rows))
}

/// When an evaluation was made: its epoch, or its step.
pub(super) fn at(row: &EpochRow, steps: bool) -> u64 {
    if steps { row.step } else { u64::from(row.epoch) }
}

fn line(model: &ReportModel, setting: usize, scheme: &str, steps: bool) -> Option<Line> {
    let tuned = model.tuned(setting, scheme)?;
    let at = |row: &EpochRow| at(row, steps);
    let rows = || tuned.scored.rows().map(|i| (i, &model.run.epochs[i]));
    let places: BTreeSet<u64> = rows().flat_map(|(_, rows)| rows).map(at).collect();
    if places.is_empty() {
        return None;
    }
    let value = |(i, rows): (usize, &Vec<EpochRow>), place: u64| {
        let found = rows.iter().find(|row| at(row) == place);
        // No row where the others have one: the trial had ended by then.
        found.map_or_else(|| Some(model.score_without(i)), |row| model.measure.epoch(row))
    };
    let columns: Vec<(f64, Vec<f64>)> = places
        .iter()
        .map(|place| (*place as f64, rows().filter_map(|r| value(r, *place)).collect()))
        .collect();
    Some(median_line(model, scheme, &columns))
}
