//! What the probe measured at initialization, and the theory beside it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Section, optional};
use crate::analysis::stats::{mean, median};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::report::setting::Setting;
use crate::support::error::Result;
use crate::table::probe::ProbeLine;

/// Rows of the table at most; `probe.csv` has all.
const MOST_ROWS: usize = 300;

pub(super) const SECTION: Section = Section {
    id: "probe",
    name: "Theory",
    heading: "At initialization, and in theory",
    wide: false,
    render,
};

/// One row for each scheme and setting.
fn render(model: &ReportModel, _: &mut FigureList) -> Result<Markup> {
    Ok(section(model))
}

fn section(model: &ReportModel) -> Markup {
    if model.run.probe.is_empty() {
        return html! {};
    }
    let mut groups: BTreeMap<(usize, usize), Vec<&ProbeLine>> = BTreeMap::new();
    for line in &model.run.probe {
        let setting = Setting::of(&line.coordinates);
        let setting = model.settings.iter().position(|s| *s == setting);
        let scheme = model.schemes.iter().position(|s| *s == line.coordinates.scheme);
        // Others belong to a dataset that the report leaves out.
        if let (Some(setting), Some(scheme)) = (setting, scheme) {
            groups.entry((setting, scheme)).or_default().push(line);
        }
    }
    if groups.is_empty() {
        return html! {};
    }
    let over = |lines: &[&ProbeLine], of: fn(&ProbeLine) -> Option<f64>| -> Option<f64> {
        let values: Vec<f64> = lines.iter().filter_map(|l| of(l)).collect();
        (!values.is_empty()).then(|| median(&values))
    };
    let born = |lines: &[&ProbeLine]| -> Option<f64> {
        let values: Vec<f64> = lines
            .iter()
            .filter_map(|l| l.probe.born_dead)
            .map(f64::from)
            .collect();
        (!values.is_empty()).then(|| mean(&values))
    };
    // The worst layer of each network, so that a theory that fails in the depth shows.
    let worst = |lines: &[&ProbeLine], of: fn(&ProbeLine) -> Option<f64>| -> Option<f64> {
        let values = lines.iter().filter_map(|l| of(l)).map(f64::abs);
        values.reduce(f64::max)
    };
    html! {
        p.quiet {
            "Medians over replicates. Over layers, figures are those of the layers recorded. “Worst” is the layer and replicate furthest from mean-field theory, which is for independent weights in the limit of wide layers: "
            "relative error of the second moment of the pre-activations, difference of the correlation of two samples, and difference of the logarithm of the gradient's ratio from layer to layer. "
            "The Jacobian is that of the outputs with respect to the first sample; its spread is the variance of its squared singular values over their mean squared."
        }
        div.scroll { table.sortable {
            thead { tr {
                @if model.settings.len() > 1 { th { "Setting" } }
                th { "Scheme" }
                th.number { "Initial loss" }
                th.number { "Born dead" }
                th.number { "Dead units" }
                th.number { "Saturated" }
                th.number { "Jacobian: mean s²" }
                th.number { "spread" }
                th.number { "Worst moment error" }
                th.number { "correlation error" }
                th.number { "gradient error" }
            } }
            tbody { @for ((setting, scheme), lines) in groups.iter().take(MOST_ROWS) {
                tr {
                    @if model.settings.len() > 1 { td.name { (model.label(&model.settings[*setting], &[])) } }
                    th scope="row" { (model.schemes[*scheme]) }
                    td.number { (optional(over(lines, |l| l.probe.initial_loss))) }
                    td.number { (optional(born(lines))) }
                    td.number { (optional(over(lines, |l| l.layer.dead_fraction))) }
                    td.number { (optional(over(lines, |l| l.layer.saturated_fraction))) }
                    td.number { (optional(over(lines, |l| l.probe.initial_loss.and(l.probe.jacobian_mean)))) }
                    td.number { (optional(over(lines, |l| l.probe.initial_loss.and(l.probe.jacobian_spread)))) }
                    td.number { (optional(worst(lines, |l| l.probe.moment_error))) }
                    td.number { (optional(worst(lines, |l| l.probe.correlation_error))) }
                    td.number { (optional(worst(lines, |l| l.probe.gradient_ratio_error))) }
                }
            } }
        } }
        @if groups.len() > MOST_ROWS {
            p.quiet { "And " (groups.len() - MOST_ROWS) " more in " code { "probe.csv" } "." }
        }
    }
}
