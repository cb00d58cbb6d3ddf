//! What else the field asks for, scheme by scheme: optimality gap, spread, tunability, time to target.

use maud::{Markup, html};

use super::{Section, named, optional};
use crate::analysis::measures::SchemeMeasures;
use crate::analysis::stats::Estimate;
use crate::analysis::time_to_target::{MOST_RATIO, TimeToTarget, TimesToTarget};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::catalog::number;
use crate::support::error::Result;

pub(super) const SECTION: Section = Section {
    id: "measures",
    name: "Other measures",
    heading: "Other measures",
    wide: true,
    render,
};

fn render(model: &ReportModel, _: &mut FigureList) -> Result<Markup> {
    if model.ranking.is_empty() {
        return Ok(html! {});
    }
    let measures = &model.measures;
    let accuracy = model.measure.higher_is_better();
    let spread = measures.schemes.values().any(|m| m.deviation.is_some());
    let binomial = measures.schemes.values().any(|m| m.binomial_deviation.is_some());
    let tuned = !measures.budgets.is_empty();
    let times = measures.times.as_ref().filter(|times| times.settings > 0);
    Ok(html! {
        p.quiet {
            @if accuracy {
                strong { "Optimality gap" } ": 1 less the mean accuracy, of all trials, also those that an interquartile mean cuts off. "
            }
            @if spread { strong { "Spread" } ": the deviation of trials of one setting" @if binomial { "; " strong { "test sampling" } ": what finite test data bring of it by themselves, √(p(1 − p)/n)" } ". " }
            @if tuned { strong { "Tunability" } ": the expected best score with 1, 2, … learning rates, averaged with weights that fall linearly. " }
            (time_method(model, times))
        }
        @if accuracy || spread || tuned || times.is_some() {
            div.scroll { table.sortable {
                thead { tr {
                    th { "Scheme" }
                    @if accuracy { th.number { "Optimality gap" } }
                    @if spread { th.number { "Spread" } @if binomial { th.number { "Test sampling" } } }
                    @if tuned { th.number { "Score with one rate" } th.number { "Tunability" } }
                    @if times.is_some() { th.number { "Target reached" } th.number { "Median ratio" } th.number { "Time-to-target score" } }
                } }
                tbody { @for scored in &model.ranking {
                    @let scheme = scored.scheme.as_str();
                    @let own = measures.schemes.get(scheme);
                    tr {
                        th scope="row" { (named(model, scheme)) }
                        @if accuracy { td.number { (gap(model, own)) } }
                        @if spread {
                            td.number { (optional(own.and_then(|m| m.deviation))) }
                            @if binomial { td.number { (optional(own.and_then(|m| m.binomial_deviation))) } }
                        }
                        @if tuned {
                            @let curve = measures.budget(scheme);
                            td.number { (curve.and_then(|c| c.scores.first()).map_or("–".to_owned(), |s| model.text(s.value))) }
                            td.number { (curve.map_or("–".to_owned(), |c| model.text(c.tunability))) }
                        }
                        @if let Some(times) = times {
                            (time(times.schemes.iter().find(|t| t.scheme == scheme)))
                        }
                    }
                } }
            } }
        }
    })
}

fn gap(model: &ReportModel, own: Option<&SchemeMeasures>) -> Markup {
    let gap: Option<Estimate> = own.and_then(|m| m.optimality_gap);
    html! {
        @if let Some(gap) = gap {
            (model.text(gap.value))
            @if let Some(i) = gap.interval { " " span.quiet { "(" (model.text(i.low)) " to " (model.text(i.high)) ")" } }
        } @else { "–" }
    }
}

fn time(time: Option<&TimeToTarget>) -> Markup {
    html! {
        @if let Some(time) = time.filter(|t| !t.ratios.is_empty()) {
            td.number { (time.reached()) " of " (time.ratios.len()) }
            td.number { @if time.median_ratio().is_finite() { (format!("{:.2}", time.median_ratio())) } @else { "missed" } }
            td.number { (format!("{:.2}", time.score)) }
        } @else {
            td.number { "–" } td.number { "–" } td.number { "–" }
        }
    }
}

/// How times to the target are measured, or which key would record them.
fn time_method(model: &ReportModel, times: Option<&TimesToTarget>) -> Markup {
    html! {
        @match (times, &model.measures.times, &model.reference) {
            (Some(times), _, _) => {
                strong { "Time to target" } ": optimizer steps until the median replicate attains the "
                (times.figure.name().replace('_', " ")) " at which " strong { (model.name(&times.reference)) }
                " ends (the reference"
                @if model.run.reference.is_none() { ", taken for want of another: " code { "--reference SCHEME" } " names one" }
                "), as a ratio to the fastest scheme; the score is the share of settings with a ratio of at most r, averaged over r from 1 to "
                (number(MOST_RATIO)) ", so 1 is the fastest everywhere. A target that is missed has an infinite ratio."
                @if times.without_target > 0 { " In " (times.without_target) " more settings the reference learns nothing and sets no target." }
            }
            (None, Some(times), _) => {
                strong { "Time to target" } ": the reference, " (model.name(&times.reference)) ", sets no target, because it learns nothing in any setting."
            }
            (None, None, Some(_)) => {
                strong { "Time to target" } " is not known, because evaluations during training were not recorded: set "
                code { "[record] epochs = true" } "."
            }
            _ => {}
        }
    }
}
