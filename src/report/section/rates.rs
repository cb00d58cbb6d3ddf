//! Sensitivity to the learning rate.

use maud::{Markup, html};

use super::curves::album_pair;
use super::{MOST, legend, median_line, panels};
use crate::report::album::Album;
use crate::report::figure::axis::Axis;
use crate::report::figure::lines::{Line, Lines, PANEL};
use crate::report::view::View;
use crate::support::error::Result;

/// One panel for each setting: the median score against the learning rate.
///
/// # Errors
/// A drawing failed.
pub fn section(view: &View, album: &mut Album) -> Result<Markup> {
    if view.rates.len() < 2 || view.run.trials.is_empty() {
        return Ok(html! {});
    }
    let mut shown = Vec::new();
    for setting in 0..view.settings.len().min(MOST) {
        shown.push(album_pair(album, &mut panel(view, setting))?);
    }
    Ok(html! {
        p.quiet {
            "Median " (view.measure.name()) " over replicates, with a band from the first to the third quartile. "
            "A good scheme is a wide plateau, not only a high peak."
        }
        (legend(view))
        (panels(&shown, view.settings.len(), "panels", "summary.csv"))
    })
}

fn panel(view: &View, setting: usize) -> Lines {
    let line = |scheme: &String| {
        let columns: Vec<(f64, Vec<f64>)> = view
            .cells(setting, scheme)
            .iter()
            .map(|r| (r.rate, r.trials.clone().map(|i| view.score(i)).collect()))
            .collect();
        (!columns.is_empty()).then(|| median_line(view, scheme, &columns))
    };
    let lines: Vec<Line> = view.schemes.iter().filter_map(line).collect();
    let label = view.label(&view.settings[setting], &[]);
    let y = lines.iter().flat_map(|l| l.points.iter().filter_map(|p| p.1));
    let rates = view.rates.iter().copied().filter(|r| *r > 0.0);
    let x = Axis::around("learning rate", true, rates);
    Lines {
        id: format!("rates-{label}"),
        title: format!("{} against learning rate: {label}", view.measure.name()),
        heading: label,
        x: if view.rates.len() <= 5 {
            x.with_ticks(&view.rates)
        } else {
            x
        },
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
