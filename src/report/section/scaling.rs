//! The coordinate check: size and change of pre-activations by layer, over width or depth.

use maud::{Markup, html};

use super::{MOST, Section, panels};
use crate::analysis::scaling::{Over, Quantity, Scaling, TOLERANCE, scaling};
use crate::report::figure::axis::PlotAxis;
use crate::report::figure::lines::{Line, Lines, PANEL};
use crate::report::figure::{Ink, headings};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::error::Result;

pub(super) const SECTION: Section = Section {
    id: "scaling",
    name: "Coordinate check",
    heading: "Coordinate check: what the first steps change, over width and depth",
    wide: false,
    render,
};

/// A sentence and two panels for each group of networks that differ in width or depth alone.
fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    let lines = &model.run.steps;
    let found: Vec<Scaling> = Over::ALL
        .into_iter()
        .flat_map(|over| scaling(lines, over))
        .collect();
    if found.is_empty() {
        return Ok(html! {});
    }
    let labels: Vec<String> = found.iter().map(|s| s.label.clone()).collect();
    let mut shown = Vec::new();
    for (scaling, heading) in found.iter().zip(headings(&labels, PANEL.0)).take(MOST / 2) {
        for quantity in [Quantity::Size, Quantity::Change] {
            shown.push(figures.show(panel(scaling, quantity, &heading).draw())?);
        }
    }
    Ok(html! {
        p.quiet {
            "Mean absolute pre-activation of each layer, and its change since the start, after the first steps of training; means over replicates. "
            "Where features are learned alike at every size, all lines are flat (Yang et al. 2022, Tensor Programs V, appendix D.1); the size of the outputs may fall. "
            "The rule counts as broken by an exponent beyond ±" (TOLERANCE) "."
        }
        ul { @for scaling in &found { li { strong { (scaling.label) } " " (scaling.verdict()) "." } } }
        (panels(&shown, 2 * found.len(), "panels", "steps.csv"))
    })
}

/// One line for each layer, after the last step.
fn panel(scaling: &Scaling, quantity: Quantity, heading: &str) -> Lines {
    let last = scaling.curves.iter().map(|c| c.step).max().unwrap_or(0);
    let name = match quantity {
        Quantity::Size => "size",
        Quantity::Change => "change",
    };
    let curves = scaling
        .curves
        .iter()
        .filter(|c| c.step == last && c.quantity == quantity);
    let lines: Vec<Line> = curves
        .enumerate()
        .map(|(i, curve)| Line {
            label: curve.layer.clone(),
            ink: Ink::of(i),
            // Zero has no place on a logarithmic axis.
            points: curve
                .points
                .iter()
                .map(|(x, y)| (*x, (*y > 0.0).then_some(*y)))
                .collect(),
            band: Vec::new(),
            dashed: false,
        })
        .collect();
    let y = lines.iter().flat_map(|l| l.points.iter().filter_map(|p| p.1));
    let (over, (low, high)) = (scaling.over.word(), scaling.range);
    let axis = PlotAxis::around(over, true, [low, high].map(f64::from));
    let places: Vec<f64> = lines
        .first()
        .map_or(Vec::new(), |l| l.points.iter().map(|p| p.0).collect());
    Lines {
        id: format!("scaling-{over}-{name}-{}", scaling.label),
        title: format!(
            "{name} of pre-activations after {last} steps over {over}: {}",
            scaling.label
        ),
        heading: heading.to_owned(),
        x: axis.with_ticks(&places),
        y: PlotAxis::around(&format!("{name} after {last} steps"), true, y),
        lines,
        legend: true,
        size: PANEL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::scaling::Curve;

    #[test]
    fn every_point_and_tick_stands_on_the_axis() {
        let curve = Curve {
            step: 3,
            layer: "layer 1".to_owned(),
            quantity: Quantity::Size,
            points: vec![(64.0, 0.5), (256.0, 1.0), (1024.0, 2.0)],
            exponent: Some(0.5),
            breaks: true,
        };
        let scaling = Scaling {
            over: Over::Width,
            label: "mup".to_owned(),
            range: (64, 1024),
            curves: vec![curve],
        };
        let panel = panel(&scaling, Quantity::Size, "mup");
        assert_eq!(panel.x.ticks.len(), 3);
        for (place, value) in panel.x.ticks.iter().zip([64.0, 256.0, 1024.0]) {
            assert_eq!(panel.x.clamp(value), *place);
            assert!(panel.x.range.0 < *place && *place < panel.x.range.1);
        }
    }
}
