//! The head of the page: the finding in a sentence, and the facts of the run.

use maud::{Markup, html};

use super::count;
use crate::catalog::number;
use crate::report::view::{Estimate, View};
use crate::results::record::Status;

/// Title, finding, facts.
pub fn section(view: &View) -> Markup {
    html! {
        (finding(view))
        (facts(view))
    }
}

/// The finding in a sentence or two, in the careful words that intervals allow.
pub fn finding(view: &View) -> Markup {
    let scored = || {
        view.schemes
            .iter()
            .filter_map(|s| Some((s, view.tuned_estimate(s)?)))
    };
    let Some((best, estimate)) = scored().next() else {
        return html! {
            p.finding {
                "Nothing was trained here: the figures are of networks at initialization."
            }
        };
    };
    let settings = count(view.settings.len(), "setting", "settings");
    let rest: Vec<(&String, Estimate)> = scored().skip(1).collect();
    let tied: Vec<&String> = rest
        .iter()
        .filter(|(_, e)| overlap(*e, estimate))
        .map(|(s, _)| *s)
        .collect();
    html! {
        p.finding {
            @if rest.is_empty() {
                strong { (best) } " reaches a " (view.measure.name()) " of " (with_interval(view, estimate))
                " over " (settings) "."
            } @else {
                strong { (best) } " comes out first of " (view.schemes.len()) " schemes: over " (settings)
                " its " (view.measure.name()) " is " (with_interval(view, estimate)) ". "
                @match tied.as_slice() {
                    [] => { "No other scheme's interval reaches it" (runner_up(view, &rest)) "." }
                    [one] => { "That of " strong { (one) } " overlaps with it, so these two are not told apart." }
                    [one, more @ ..] => {
                        "Those of " strong { (one) } " and " (count(more.len(), "other scheme", "other schemes"))
                        " overlap with it, so the first " (tied.len() + 1) " are not told apart."
                    }
                }
                @if let Some((last, e)) = rest.last().filter(|_| rest.len() > tied.len()) {
                    " Last is " strong { (last) } " with " (view.text(e.value)) "."
                }
            }
        }
    }
}

fn runner_up(view: &View, rest: &[(&String, Estimate)]) -> Markup {
    html! {
        @if let Some((scheme, e)) = rest.first() {
            "; the next, " strong { (scheme) } ", has " (with_interval(view, *e))
        }
    }
}

fn with_interval(view: &View, estimate: Estimate) -> String {
    match estimate.interval {
        Some((low, high)) => format!(
            "{} ({} to {})",
            view.text(estimate.value),
            view.text(low),
            view.text(high)
        ),
        None => format!("{} (one replicate: no interval)", view.text(estimate.value)),
    }
}

/// Whether two intervals meet; estimates without one are never told apart.
fn overlap(a: Estimate, b: Estimate) -> bool {
    match (a.interval, b.interval) {
        (Some(a), Some(b)) => a.0 <= b.1 && b.0 <= a.1,
        _ => true,
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
            @for (axis, value) in view.shared() { (fact(axis, &value)) }
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
