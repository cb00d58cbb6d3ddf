//! The head of the page: the finding in a sentence, and the facts of the run.

use maud::{Markup, html};

use crate::analysis::rank::SchemeScore;
use crate::analysis::tune::Basis;
use crate::report::model::ReportModel;
use crate::support::catalog::number;
use crate::support::text::counted;
use crate::table::record::Status;

/// Title, finding, facts.
pub fn section(model: &ReportModel) -> Markup {
    html! {
        (finding(model))
        (facts(model))
    }
}

/// The finding in a sentence or two, which says no more than the intervals allow.
pub fn finding(model: &ReportModel) -> Markup {
    let Some((best, rest)) = model.ranking.split_first() else {
        return html! {
            p.finding { "Nothing was trained here: the figures are of networks at initialization." }
        };
    };
    let settings = counted(model.settings.len() as u64, "setting");
    let tied: Vec<&SchemeScore> = rest.iter().filter(|s| s.leads()).collect();
    let what = model.measure.name();
    let rates = match model.basis {
        Basis::OneRate | Basis::Nothing => "",
        Basis::Validation => ", each scheme at its own learning rates",
        Basis::Partly => ", each scheme at its own learning rates where validation data can choose them",
    };
    html! {
        p.finding {
            @if rest.is_empty() {
                strong { (model.name(&best.scheme)) } " scores a " (what) " of " (estimate(model, best))
                " over " (settings) "."
            } @else {
                strong { (model.name(&best.scheme)) } " comes out first of " (model.ranking.len())
                " schemes: over " (settings) (rates) ", it scores a " (what) " of " (estimate(model, best)) ". "
                @match tied.as_slice() {
                    [] => {
                        "It is distinguishable from every other scheme"
                        @if let Some(next) = rest.first() {
                            "; the second, " strong { (model.name(&next.scheme)) } ", scores " (estimate(model, next))
                        }
                        "."
                    }
                    [one] => { "It is not distinguishable from " strong { (model.name(&one.scheme)) } ", " (estimate(model, one)) "." }
                    [one, more @ ..] => {
                        "It is not distinguishable from " strong { (model.name(&one.scheme)) } ", " (estimate(model, one)) ", and "
                        (counted(more.len() as u64, "other scheme")) "."
                    }
                }
                @if let Some(last) = rest.last().filter(|last| !last.leads()) {
                    " Last is " strong { (model.name(&last.scheme)) } " with " (model.text(last.score.value)) "."
                }
            }
        }
        @if model.run.labels.iter().next().is_some() {
            p.quiet { "Schemes with a label: "
                @for (i, (scheme, label)) in model.run.labels.iter().enumerate() {
                    @if i > 0 { ", " } (label) " is " code { (scheme) }
                }
            "." }
        }
        @if !model.left_out.is_empty() {
            p.note { "Left out, because they are not scored by " (model.measure.name()) ": " (model.left_out.join(", ")) "." }
        }
    }
}

fn estimate(model: &ReportModel, scored: &SchemeScore) -> String {
    let value = model.text(scored.score.value);
    match scored.score.interval {
        Some(i) => format!("{value} ({} to {})", model.text(i.low), model.text(i.high)),
        None => format!("{value} (one replicate: no interval)"),
    }
}

fn facts(model: &ReportModel) -> Markup {
    let trials = &model.run.trials;
    let ended = |status| trials.all().count(status);
    let probed = model.run.probe.iter().map(|line| line.coordinates.replicate);
    let replicates = trials.all().replicates().into_iter().chain(probed).max();
    let replicates = replicates.map_or(0, |last| last + 1);
    html! {
        dl.facts {
            @if !trials.is_empty() {
                (fact("trials", &trials.len().to_string()))
                (fact("diverged", &ended(Status::Diverged).to_string()))
                @if ended(Status::Failed) > 0 { (fact("failed", &ended(Status::Failed).to_string())) }
            }
            (fact("replicates", &format!("{}{replicates}", if model.run.looks.is_empty() { "" } else { "at most " })))
            (fact("schemes", &model.schemes.len().to_string()))
            (fact("settings", &model.settings.len().to_string()))
            @if model.rates.len() > 1 {
                (fact("learning rates", &rates(&model.rates)))
            } @else if let Some(rate) = model.rates.first() {
                (fact("learning rate", &number(*rate)))
            }
            @for (axis, value) in model.shared() { (fact(&axis, &value)) }
        }
        @for line in &model.run.looks { p { (line) } }
    }
}

fn rates(rates: &[f64]) -> String {
    let (Some(first), Some(last)) = (rates.first(), rates.last()) else {
        return String::new();
    };
    if rates.len() <= 4 {
        return rates.iter().map(|r| number(*r)).collect::<Vec<_>>().join(", ");
    }
    format!("{}, {} to {}", rates.len(), number(*first), number(*last))
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}
