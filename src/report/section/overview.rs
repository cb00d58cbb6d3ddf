//! The head of the page: the finding in a sentence, and the facts of the run.

use maud::{Markup, html};

use super::count;
use crate::analysis::ranking::Standing;
use crate::analysis::tuning::Basis;
use crate::report::view::View;
use crate::support::catalog::number;
use crate::table::record::Status;

/// Title, finding, facts.
pub fn section(view: &View) -> Markup {
    html! {
        (finding(view))
        (facts(view))
    }
}

/// The finding in a sentence or two, in the careful words that intervals allow.
pub fn finding(view: &View) -> Markup {
    let Some((best, rest)) = view.standings.split_first() else {
        return html! {
            p.finding { "Nothing was trained here: the figures are of networks at initialization." }
        };
    };
    let settings = count(view.settings.len(), "setting", "settings");
    let tied: Vec<&Standing> = rest.iter().filter(|s| s.leads()).collect();
    let what = view.measure.name();
    let rates = match view.basis {
        Basis::OneRate | Basis::Nothing => "",
        Basis::Validation => ", each scheme at its own learning rates",
        Basis::Partly => ", each scheme at its own learning rates where validation data can choose them",
    };
    html! {
        p.finding {
            @if rest.is_empty() {
                strong { (best.scheme) } " scores a " (what) " of " (estimate(view, best))
                " over " (settings) "."
            } @else {
                strong { (best.scheme) } " comes out first of " (view.standings.len())
                " schemes: over " (settings) (rates) ", it scores a " (what) " of " (estimate(view, best)) ". "
                @match tied.as_slice() {
                    [] => {
                        "Every other is told apart from it"
                        @if let Some(next) = rest.first() {
                            "; the next, " strong { (next.scheme) } ", has " (estimate(view, next))
                        }
                        "."
                    }
                    [one] => { "The trials do not tell it from " strong { (one.scheme) } ", " (estimate(view, one)) "." }
                    [one, more @ ..] => {
                        "The trials do not tell it from " strong { (one.scheme) } ", " (estimate(view, one)) ", and "
                        (count(more.len(), "other scheme", "other schemes")) "."
                    }
                }
                @if let Some(last) = rest.last().filter(|last| !last.leads()) {
                    " Last is " strong { (last.scheme) } " with " (view.text(last.score.value)) "."
                }
            }
        }
        @if !view.left_out.is_empty() {
            p.note { "Not looked at here, because they are not scored by " (view.measure.name()) ": " (view.left_out.join(", ")) "." }
        }
    }
}

fn estimate(view: &View, standing: &Standing) -> String {
    let value = view.text(standing.score.value);
    match standing.score.interval {
        Some(i) => format!("{value} ({} to {})", view.text(i.low), view.text(i.high)),
        None => format!("{value} (one replicate: no interval)"),
    }
}

fn facts(view: &View) -> Markup {
    let trials = &view.run.trials;
    let ended = |status| trials.iter().filter(|t| t.trial.status == status).count();
    let replicates = view
        .run
        .coordinates()
        .map(|c| c.replicate)
        .max()
        .map_or(0, |r| r + 1);
    html! {
        dl.facts {
            @if !trials.is_empty() {
                (fact("trials", &trials.len().to_string()))
                (fact("diverged", &ended(Status::Diverged).to_string()))
                @if ended(Status::Failed) > 0 { (fact("failed", &ended(Status::Failed).to_string())) }
            }
            (fact("replicates", &replicates.to_string()))
            (fact("schemes", &view.schemes.len().to_string()))
            (fact("settings", &view.settings.len().to_string()))
            @if view.rates.len() > 1 {
                (fact("learning rates", &rates(&view.rates)))
            } @else if let Some(rate) = view.rates.first() {
                (fact("learning rate", &number(*rate)))
            }
            @for (axis, value) in view.shared() { (fact(&axis, &value)) }
        }
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
