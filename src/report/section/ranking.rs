//! The ranking of the schemes, with intervals: each at its tuned rate, and all at one rate.

use maud::{Markup, html};

use super::mark;
use crate::catalog::number;
use crate::error::Result;
use crate::report::album::Album;
use crate::report::figure::Ink;
use crate::report::figure::axis::Axis;
use crate::report::figure::forest::{Forest, Row};
use crate::report::view::{Estimate, View};

/// Ranking at tuned rates, beside that at the rate which suits all schemes best.
///
/// # Errors
/// A drawing failed.
pub fn section(view: &View, album: &mut Album) -> Result<Markup> {
    if view.run.trials.is_empty() {
        return Ok(html! {});
    }
    let tuned: Vec<Option<Estimate>> = view.schemes.iter().map(|s| view.tuned_estimate(s)).collect();
    let common = view.common_rate().filter(|_| view.rates.len() > 1);
    let fixed: Vec<Option<Estimate>> = view
        .schemes
        .iter()
        .map(|s| common.and_then(|rate| view.fixed_estimate(s, rate)))
        .collect();
    let places = places(view, &fixed);
    let ends = |e: &Estimate| [Some(e.value), e.interval.map(|i| i.0), e.interval.map(|i| i.1)];
    let values = tuned.iter().chain(&fixed).flatten().flat_map(ends).flatten();
    let axis = Axis::around(&view.measure.name(), false, values.filter(|v| v.is_finite()));
    album.keep(forest(view, &tuned, &axis)?);
    Ok(html! {
        p.quiet { (method(view)) }
        div.scroll {
            table.sortable {
                thead { tr {
                    th.number { "#" }
                    th { "Scheme" }
                    @if common.is_some() { th.number { "At its best rate" } } @else { th.number { "Estimate" } }
                    th { "95% interval" }
                    @if let Some(rate) = common {
                        th.number { "All at rate " (number(rate)) }
                        th.number { "# there" }
                    }
                    th.number { "Settings" }
                } }
                tbody {
                    @for (i, scheme) in view.schemes.iter().enumerate() {
                        tr {
                            td.number { (i + 1) }
                            th scope="row" { (mark(view.ink(scheme))) (scheme) }
                            td.number data-key=[key(tuned[i])] { (text(view, tuned[i])) }
                            td.interval { (strip(view, tuned[i], &axis, view.ink(scheme))) }
                            @if common.is_some() {
                                td.number data-key=[key(fixed[i])] { (text(view, fixed[i])) }
                                td.number { (places[i].map_or("–".to_owned(), |p| p.to_string())) }
                            }
                            td.number { (settings(view, scheme)) }
                        }
                    }
                }
            }
        }
        (edges(view))
    })
}

fn method(view: &View) -> Markup {
    html! {
        "Interquartile mean of " (view.measure.name())
        " over replicates and settings; intervals are 95% stratified bootstrap intervals over replicates. "
        @if view.rates.len() > 1 {
            @if view.has_validation() {
                "Each scheme stands at its own best learning rate in each setting: the first half of the replicates chooses it by their median on validation data, and the others are scored. "
            } @else {
                strong { "There are no validation data, so each scheme's learning rate is chosen on the figure that is reported, which flatters them all. " }
            }
        }
        "A diverged trial counts as "
        @if view.measure.higher_is_better() { "chance" } @else { "infinite loss" }
        ". Intervals are not adjusted for the number of schemes compared."
    }
}

fn text(view: &View, estimate: Option<Estimate>) -> String {
    estimate.map_or("–".to_owned(), |e| view.text(e.value))
}

fn key(estimate: Option<Estimate>) -> Option<String> {
    estimate
        .filter(|e| e.value.is_finite())
        .map(|e| e.value.to_string())
}

/// Place of each scheme when ordered by `estimates`, from 1.
fn places(view: &View, estimates: &[Option<Estimate>]) -> Vec<Option<usize>> {
    let better = |a: f64, b: f64| view.orient(a) > view.orient(b);
    let place = |e: &Estimate| {
        1 + estimates
            .iter()
            .flatten()
            .filter(|other| better(other.value, e.value))
            .count()
    };
    estimates.iter().map(|e| e.as_ref().map(place)).collect()
}

fn settings(view: &View, scheme: &str) -> usize {
    (0..view.settings.len())
        .filter(|s| !view.cells(*s, scheme).is_empty())
        .count()
}

/// An interval as a small drawing, with its ends in words.
fn strip(view: &View, estimate: Option<Estimate>, axis: &Axis, ink: Ink) -> Markup {
    let Some(estimate) = estimate.filter(|e| e.value.is_finite()) else {
        return html! {};
    };
    const WIDTH: f64 = 160.0;
    let (low, high) = axis.range;
    let x = |v: f64| {
        format!(
            "{:.2}",
            6.0 + (WIDTH - 12.0) * (axis.clamp(v) - low) / (high - low)
        )
    };
    let (from, to) = estimate.interval.unwrap_or((estimate.value, estimate.value));
    let words = format!(
        "{} ({} to {})",
        view.text(estimate.value),
        view.text(from),
        view.text(to)
    );
    let ink = if ink == Ink::Faint { Ink::Quiet } else { ink };
    let paint = ink.variable();
    html! {
        svg.strip viewBox="0 0 160 20" width="160" height="20" role="img" {
            title { (words) }
            line x1="6" x2="154" y1="10" y2="10" stroke="var(--grid)" stroke-width="1" {}
            line x1=(x(from)) x2=(x(to)) y1="10" y2="10" stroke=(paint) stroke-width="2.5" {}
            circle cx=(x(estimate.value)) cy="10" r="4" fill=(paint) {}
        }
        span.quiet { (view.text(from)) " to " (view.text(to)) }
    }
}

fn forest(view: &View, tuned: &[Option<Estimate>], axis: &Axis) -> Result<crate::report::figure::Figure> {
    let rows = view.schemes.iter().zip(tuned).map(|(scheme, estimate)| Row {
        label: scheme.clone(),
        ink: view.ink(scheme),
        middle: estimate.map(|e| e.value).filter(|v| v.is_finite()),
        interval: estimate.and_then(|e| e.interval),
    });
    let forest = Forest {
        id: "ranking".to_owned(),
        title: format!("{}: ranking of the schemes", view.run.name),
        heading: format!("{}: schemes at their best rates", view.run.name),
        measure: format!("{}, interquartile mean and 95% interval", view.measure.name()),
        axis: axis.clone(),
        rows: rows.collect(),
    };
    forest.draw()
}

/// Warns where the best rate is the least or the greatest of the grid: the true best may lie
/// beyond.
fn edges(view: &View) -> Markup {
    let (Some(first), Some(last)) = (view.rates.first(), view.rates.last()) else {
        return html! {};
    };
    if view.rates.len() < 2 {
        return html! {};
    }
    let (mut edge, mut all) = (0, 0);
    for setting in 0..view.settings.len() {
        let several = |s: &&String| view.cells(setting, s).len() > 1;
        for tuned in view
            .schemes
            .iter()
            .filter(several)
            .filter_map(|s| view.tuned(setting, s))
        {
            all += 1;
            edge += usize::from(tuned.at_edge);
        }
    }
    html! {
        @if edge > 0 {
            p.note {
                "In " (edge) " of " (all) " cases the best learning rate stands at the edge of those tried ("
                (number(*first)) " to " (number(*last)) "): a wider grid may do better there."
            }
        }
    }
}
