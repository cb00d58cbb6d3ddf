//! How many trials diverged, and how many units were dead.

use maud::{Markup, html};

use super::{Section, optional};
use crate::analysis::stats::mean;
use crate::experiment::Axis;
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::error::Result;
use crate::table::record::{LayerRow, Status};

pub(super) const SECTION: Section = Section {
    id: "counts",
    name: "Divergence",
    heading: "Divergence and dead units",
    wide: false,
    render,
};

/// One row for each scheme.
fn render(model: &ReportModel, _: &mut FigureList) -> Result<Markup> {
    Ok(section(model))
}

fn section(model: &ReportModel) -> Markup {
    let run = model.run;
    if run.trials.is_empty() {
        return html! {};
    }
    let measured = run.layers.iter().any(|rows| !rows.is_empty());
    let after = |row: &LayerRow| row.epoch > 0;
    let trained = run.layers.iter().flatten().any(after);
    html! {
        p.quiet {
            "A trial has diverged when its loss or a weight is no longer finite."
            @if measured {
                " A unit is dead when it is zero on every probe sample, which is not the same as sparse: sparsity is the fraction of zero activations. Means over layers and trials."
            }
        }
        div.scroll { table.sortable {
            thead { tr {
                th { "Scheme" }
                th.number { "Trials" } th.number { "Diverged" } th.number { "Failed" }
                @if measured {
                    th.number { "Dead at start" } th.number { "Zero at start" }
                    @if trained { th.number { "Dead at end" } th.number { "Zero at end" } }
                }
            } }
            tbody { @for scheme in &model.schemes {
                @let ours = run.trials.all().filter(|i| run.trials.text(i, Axis::Scheme) == scheme.as_str());
                @let share = |of: fn(&LayerRow) -> Option<f64>, late: bool| {
                    let rows = ours.rows().flat_map(|i| &run.layers[i]).filter(|row| after(row) == late);
                    let values: Vec<f64> = rows.filter_map(of).collect();
                    optional((!values.is_empty()).then(|| mean(&values)))
                };
                tr {
                    th scope="row" { (model.name(scheme)) }
                    td.number { (ours.len()) }
                    td.number { (ours.count(Status::Diverged)) }
                    td.number { (ours.count(Status::Failed)) }
                    @if measured {
                        td.number { (share(|r| r.dead_fraction, false)) }
                        td.number { (share(|r| r.zero_fraction, false)) }
                        @if trained {
                            td.number { (share(|r| r.dead_fraction, true)) }
                            td.number { (share(|r| r.zero_fraction, true)) }
                        }
                    }
                }
            } }
        } }
    }
}
