//! The ranking of the schemes, with intervals: each at its tuned rate, and all at one rate.

use maud::{Markup, html};

use super::mark;
use crate::catalog::number;
use crate::error::Result;
use crate::report::album::Album;
use crate::report::figure::axis::Axis;
use crate::report::figure::forest::{Forest, Row};
use crate::report::figure::{Figure, Ink};
use crate::report::view::View;
use crate::results::ranking::{Rates, Standing};
use crate::results::summary::Estimate;

/// Ranking at tuned rates, beside that at the rate which suits all schemes best.
///
/// # Errors
/// A drawing failed.
pub fn section(view: &View, album: &mut Album) -> Result<Markup> {
    if view.standings.is_empty() {
        return Ok(html! {});
    }
    let common = view.common_rate().filter(|_| view.rates.len() > 1);
    let fixed = common.map_or(Vec::new(), |rate| view.standings_at(Rates::Fixed(rate)));
    let ends = |e: Estimate| {
        [
            Some(e.value),
            e.interval.map(|i| i.low),
            e.interval.map(|i| i.high),
        ]
    };
    let values = view.standings.iter().flat_map(|s| ends(s.median)).flatten();
    let axis = Axis::around(&view.measure.name(), false, values.filter(|v| v.is_finite()));
    album.keep(forest(view, &axis)?);
    Ok(html! {
        p.quiet { (method(view)) }
        div.scroll {
            table.sortable {
                thead { tr {
                    th.number { "#" }
                    th { "Scheme" }
                    th.number { "Median" }
                    th { "95% interval" }
                    th { "Less the first" }
                    @if let Some(rate) = common {
                        th.number { "All at rate " (number(rate)) }
                        th.number { "# there" }
                    }
                    th.number { "Trials" }
                } }
                tbody {
                    @for (i, standing) in view.standings.iter().enumerate() {
                        @let there = fixed.iter().position(|f| f.scheme == standing.scheme);
                        tr {
                            td.number { (i + 1) }
                            th scope="row" { (mark(view.ink(&standing.scheme))) (standing.scheme) }
                            td.number data-key=[key(standing.median.value)] { (view.text(standing.median.value)) }
                            td.interval { (strip(view, standing.median, &axis, view.ink(&standing.scheme))) }
                            td.against { (against(view, standing)) }
                            @if common.is_some() {
                                td.number { (there.map_or("–".to_owned(), |p| view.text(fixed[p].median.value))) }
                                td.number { (there.map_or("–".to_owned(), |p| (p + 1).to_string())) }
                            }
                            td.number { (standing.trials) }
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
        "Median " (view.measure.name())
        " over the trials of all settings, with 95% bootstrap intervals over replicates. "
        @if view.rates.len() > 1 {
            @if view.has_validation() {
                "Each scheme stands at its own best learning rate in each setting: the first half of the replicates chooses it by their median on validation data, and the others are scored. "
            } @else {
                strong { "There are no validation data to choose learning rates by, so the trials of all rates are pooled. " }
            }
        }
        "A diverged trial counts as "
        @if view.measure.higher_is_better() { "chance" } @else { "infinite loss" }
        ". Differences to the first are paired by setting and seeds; their intervals share a level of 95% among all comparisons (Bonferroni)."
    }
}

fn key(value: f64) -> Option<String> {
    value.is_finite().then(|| value.to_string())
}

/// The difference to the first, and whether the trials tell the two apart.
fn against(view: &View, standing: &Standing) -> Markup {
    let Some(comparison) = &standing.against_leader else {
        return html! {};
    };
    let sign = |x: f64| match x.is_finite() {
        true if x > 0.0 => format!("+{}", view.text(x)),
        true => view.text(x).replace('-', "\u{2212}"),
        false => "–".to_owned(),
    };
    html! {
        (sign(comparison.difference.median))
        @if let Some(i) = comparison.simultaneous {
            span.quiet { " (" (sign(i.low)) " to " (sign(i.high)) ")" }
        }
        @if standing.leads() { " " span.unsure { "not told apart" } }
    }
}

/// An interval as a small drawing, with its ends in words.
fn strip(view: &View, estimate: Estimate, axis: &Axis, ink: Ink) -> Markup {
    if !estimate.value.is_finite() {
        return html! {};
    }
    const WIDTH: f64 = 160.0;
    let (low, high) = axis.range;
    let x = |v: f64| {
        format!(
            "{:.2}",
            6.0 + (WIDTH - 12.0) * (axis.clamp(v) - low) / (high - low)
        )
    };
    let (from, to) = estimate
        .interval
        .map_or((estimate.value, estimate.value), |i| (i.low, i.high));
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
        @if estimate.interval.is_some() { span.quiet { (view.text(from)) " to " (view.text(to)) } }
    }
}

fn forest(view: &View, axis: &Axis) -> Result<Figure> {
    let rows = view.standings.iter().map(|standing| Row {
        label: standing.scheme.clone(),
        ink: view.ink(&standing.scheme),
        middle: Some(standing.median.value).filter(|v| v.is_finite()),
        interval: standing.median.interval.map(|i| (i.low, i.high)),
    });
    let forest = Forest {
        id: "ranking".to_owned(),
        title: format!("{}: ranking of the schemes", view.run.name),
        heading: format!("{}: schemes at their best rates", view.run.name),
        measure: format!("{}, median and 95% interval", view.measure.name()),
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
