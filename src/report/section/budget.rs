//! The expected best score against the number of learning rates that are tried.

use maud::{Markup, html};

use super::{Section, legend, show_with_legend};
use crate::report::figure::axis::PlotAxis;
use crate::report::figure::lines::{LARGE, Line, Lines};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::error::Result;

pub(super) const SECTION: Section = Section {
    id: "budget",
    name: "Tuning budget",
    heading: "Score against tuning budget",
    wide: false,
    render,
};

fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    if model.measures.budgets.is_empty() {
        return Ok(html! {});
    }
    Ok(html! {
        p.quiet {
            "The expected " (model.measure.name()) " when k of the learning rates are tried, picked at random, and validation data choose among them; "
            "with all of them it is the score of the ranking. Bands are 95% intervals. "
            "A scheme that is high from the left on needs little tuning."
        }
        (legend(model))
        div.panels.large { figure { (show_with_legend(figures, &mut panel(model))?) } }
    })
}

fn panel(model: &ReportModel) -> Lines {
    let curve = |scheme: &String| {
        let curve = model.measures.budget(scheme)?;
        let at = |i: usize| (i + 1) as f64;
        let scores = || curve.scores.iter().enumerate();
        let band = scores().filter_map(|(i, s)| Some((at(i), s.interval?)));
        Some(Line {
            label: model.name(scheme).to_owned(),
            ink: model.ink(scheme),
            points: scores()
                .map(|(i, s)| (at(i), Some(s.value).filter(|x| x.is_finite())))
                .collect(),
            band: band
                .map(|(at, i)| (at, i.low, i.high))
                .filter(|(_, _, high)| high.is_finite())
                .collect(),
            dashed: false,
        })
    };
    let lines: Vec<Line> = model.schemes.iter().filter_map(curve).collect();
    let most = lines.iter().map(|line| line.points.len()).max().unwrap_or(1);
    let values = lines
        .iter()
        .flat_map(|line| line.points.iter().filter_map(|p| p.1));
    let values: Vec<f64> = values.collect();
    Lines {
        id: "budget".to_owned(),
        title: format!(
            "Expected best {} against the number of learning rates tried",
            model.measure.name()
        ),
        heading: "Expected best score".to_owned(),
        x: PlotAxis::whole("learning rates tried", 1, most as u64),
        y: PlotAxis::around(&model.measure.name(), !model.measure.higher_is_better(), values),
        lines,
        legend: false,
        size: LARGE,
    }
}
