//! Sensitivity to the learning rate.

use maud::{Markup, html};

use super::{MOST, Section, legend, median_line, panels, show_with_legend};
use crate::report::figure::axis::PlotAxis;
use crate::report::figure::lines::{Line, Lines, PANEL};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::error::Result;

pub(super) const SECTION: Section = Section {
    id: "rates",
    name: "Learning rate",
    heading: "Sensitivity to the learning rate",
    wide: false,
    render,
};

/// One panel for each setting: the median score against the learning rate.
fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    if model.rates.len() < 2 || model.run.trials.is_empty() {
        return Ok(html! {});
    }
    let headings = model.headings(PANEL.0);
    let mut shown = Vec::new();
    for (setting, heading) in headings.iter().enumerate().take(MOST) {
        shown.push(show_with_legend(figures, &mut panel(model, setting, heading))?);
    }
    Ok(html! {
        p.quiet {
            "Median " (model.measure.name()) " over replicates, with a band from the first to the third quartile. "
            "A good scheme is a wide plateau, not only a high peak."
        }
        (legend(model))
        (panels(&shown, model.settings.len(), "panels", "summary.csv"))
    })
}

fn panel(model: &ReportModel, setting: usize, heading: &str) -> Lines {
    let line = |scheme: &String| {
        let columns: Vec<(f64, Vec<f64>)> = model
            .by_rate(setting, scheme)
            .into_iter()
            .map(|(rate, trials)| (rate, trials.rows().map(|i| model.score(i)).collect()))
            .collect();
        (!columns.is_empty()).then(|| median_line(model, scheme, &columns))
    };
    let lines: Vec<Line> = model.schemes.iter().filter_map(line).collect();
    let label = model.label(&model.settings[setting], &[]);
    let y = lines.iter().flat_map(|l| l.points.iter().filter_map(|p| p.1));
    let rates = model.rates.iter().copied().filter(|r| *r > 0.0);
    let x = PlotAxis::around("learning rate", true, rates);
    Lines {
        id: format!("rates-{label}"),
        title: format!("{} against learning rate: {label}", model.measure.name()),
        heading: heading.to_owned(),
        x: if model.rates.len() <= 5 {
            x.with_ticks(&model.rates)
        } else {
            x
        },
        y: model.axis_of_measure(y),
        lines,
        legend: false,
        size: PANEL,
    }
}
