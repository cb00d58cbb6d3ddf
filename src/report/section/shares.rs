//! Where the spread of a figure comes from: initial weights, sample order, or data.

use maud::{Markup, html};

use super::{Section, named};
use crate::analysis::stats::variance::Shares;
use crate::analysis::summary::shares as cell_shares;
use crate::experiment::Axis;
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::catalog::number;
use crate::support::error::Result;

/// Rows that are shown; `summary.csv` has them all.
const MOST_ROWS: usize = 60;

pub(super) const SECTION: Section = Section {
    id: "shares",
    name: "Seeds",
    heading: "Where the spread comes from",
    wide: false,
    render,
};

/// One row for each cell whose seeds are crossed.
fn render(model: &ReportModel, _: &mut FigureList) -> Result<Markup> {
    Ok(section(model))
}

fn section(model: &ReportModel) -> Markup {
    let mut rows: Vec<(usize, &str, f64, Shares)> = model
        .cells()
        .filter_map(|(setting, cell)| {
            let (scheme, rate) = (cell.text(Axis::Scheme), cell.value(Axis::LearningRate));
            Some((setting, scheme, rate, cell_shares(&cell)?))
        })
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let place = |scheme: &str| model.schemes.iter().position(|s| s == scheme);
    rows.sort_by_key(|(setting, scheme, ..)| (*setting, place(scheme)));
    html! {
        p.quiet {
            "Seeds are crossed here: every draw of initial weights is combined with every order of samples and every split. The shares are the variance components of the "
            (model.measure.name())
            " of a single trial, by a random-effects analysis of variance; their interactions are the rest. A seed that does not vary has no share."
        }
        div.scroll { table.sortable {
            thead { tr {
                @if model.settings.len() > 1 { th { "Setting" } }
                th { "Scheme" }
                @if model.rates.len() > 1 { th.number { "Rate" } }
                th.number { "Weights" } th.number { "Order" } th.number { "Data" } th.number { "Rest" }
                th.number { "Deviation" }
            } }
            tbody { @for (setting, scheme, rate, shares) in rows.iter().take(MOST_ROWS) {
                tr {
                    @if model.settings.len() > 1 { td.name { (model.label(&model.settings[*setting], &[])) } }
                    th scope="row" { (named(model, scheme)) }
                    @if model.rates.len() > 1 { td.number { (number(*rate)) } }
                    @for share in [shares.weights, shares.order, shares.data, Some(shares.rest)] {
                        td.number { (percent(share)) }
                    }
                    td.number { (super::figure(shares.total.sqrt())) }
                }
            } }
        } }
        @if rows.len() > MOST_ROWS {
            p.quiet { "And " (rows.len() - MOST_ROWS) " more in " code { "summary.csv" } "." }
        }
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |s| format!("{:.0}%", 100.0 * s))
}
