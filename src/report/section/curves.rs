//! Learning curves: the median over replicates, with a band between the quartiles.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{MOST, legend, median_line, panels};
use crate::analysis::tuning::Basis;
use crate::report::album::Album;
use crate::report::figure::axis::Axis;
use crate::report::figure::lines::{Line, Lines, PANEL};
use crate::report::view::View;
use crate::support::error::Result;
use crate::table::record::EpochRow;

/// One panel for each setting, one line for each scheme at its tuned rate.
///
/// # Errors
/// A drawing failed.
pub fn section(view: &View, album: &mut Album) -> Result<Markup> {
    if view.run.epochs.iter().all(|rows| rows.len() < 2) {
        return Ok(html! {});
    }
    let mut shown = Vec::new();
    for setting in 0..view.settings.len().min(MOST) {
        let mut panel = panel(view, setting);
        shown.push(album_pair(album, &mut panel)?);
    }
    let by_itself = "the rate that gives the best median of what is shown at the end (no validation data could choose one)";
    Ok(html! {
        p.quiet {
            "Median " (view.measure.name()) " over replicates"
            @match view.basis {
                Basis::OneRate => {}
                Basis::Validation => { " at each scheme's best rate" }
                Basis::Partly => { " at each scheme's best rate; on datasets without validation data, at " (by_itself) }
                Basis::Nothing => { ", each scheme at " (by_itself) }
            }
            ", with a band from the first to the third quartile; a trial that has diverged counts as "
            @if view.measure.higher_is_better() { "chance" } @else { "infinite loss, where its line ends" }
            "."
        }
        (legend(view))
        (panels(&shown, view.settings.len(), "panels", "epochs.csv"))
    })
}

/// Shows a panel without a legend, since the page has one for all, and keeps it with one.
pub(super) fn album_pair(album: &mut Album, panel: &mut Lines) -> Result<Markup> {
    let inline = panel.draw()?.inline();
    panel.legend = true;
    album.keep(panel.draw()?);
    Ok(html! { (maud::PreEscaped(inline)) })
}

fn panel(view: &View, setting: usize) -> Lines {
    let steps = in_steps(view);
    let lines: Vec<Line> = view
        .schemes
        .iter()
        .filter_map(|s| line(view, setting, s, steps))
        .collect();
    let label = view.label(&view.settings[setting], &[]);
    let x = lines.iter().flat_map(|l| l.points.iter().map(|p| p.0));
    let last = x.fold(1.0, f64::max);
    let y = lines.iter().flat_map(|l| l.points.iter().filter_map(|p| p.1));
    Lines {
        id: format!("curves-{label}"),
        title: format!("Learning curves: {} of {label}", view.measure.name()),
        heading: label,
        x: Axis::exactly(if steps { "step" } else { "epoch" }, false, (0.0, last)),
        y: if view.measure.higher_is_better() {
            Axis::accuracy(&view.measure.name())
        } else {
            Axis::around(&view.measure.name(), true, y)
        },
        lines,
        legend: false,
        size: PANEL,
    }
}

/// Whether evaluations fall between epochs, so that steps tell them apart and epochs don't.
pub(super) fn in_steps(view: &View) -> bool {
    let repeats = |rows: &[EpochRow]| rows.windows(2).any(|pair| pair[0].epoch == pair[1].epoch);
    view.run.epochs.iter().any(|rows| repeats(rows))
}

/// When an evaluation was made: its epoch, or its step.
pub(super) fn at(row: &EpochRow, steps: bool) -> u64 {
    if steps { row.step } else { u64::from(row.epoch) }
}

fn line(view: &View, setting: usize, scheme: &str, steps: bool) -> Option<Line> {
    let tuned = view.tuned(setting, scheme)?;
    let at = |row: &EpochRow| at(row, steps);
    let rows = || tuned.trials.iter().map(|i| &view.run.epochs[*i]);
    let places: BTreeSet<u64> = rows().flatten().map(at).collect();
    if places.is_empty() {
        return None;
    }
    let worst = view.worst(view.settings[setting].dataset());
    let value = |rows: &[EpochRow], place: u64| {
        let found = rows.iter().find(|row| at(row) == place);
        // No row where the others have one: the trial had ended by then.
        found.map_or(Some(worst), |row| view.measure.epoch(row))
    };
    let columns: Vec<(f64, Vec<f64>)> = places
        .iter()
        .map(|place| (*place as f64, rows().filter_map(|r| value(r, *place)).collect()))
        .collect();
    Some(median_line(view, scheme, &columns))
}
