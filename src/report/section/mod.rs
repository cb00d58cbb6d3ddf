//! The sections of the page, one file each: from a [`ReportModel`] to markup and figures.
//!
//! A section is a file with a `SECTION`, and a line in [`ALL`].

mod budget;
mod claims;
pub(super) mod compare;
mod counts;
mod curves;
mod heat;
mod histograms;
mod measures;
pub(super) mod overview;
mod probe;
mod profile;
mod ranking;
mod ranks;
mod rates;
mod reproduce;
mod scaling;
mod shares;
mod signal;

use maud::{Markup, html};

use super::figure::lines::{Line, Lines};
use super::figure::{Drawing, Ink};
use super::figure_list::FigureList;
use super::model::ReportModel;
use crate::analysis::stats::{quantile, sorted};
use crate::support::error::Result;
use crate::support::text::{counted, typeset};

/// A section of the page.
pub(super) struct Section {
    /// Its anchor.
    pub id: &'static str,
    /// Its name in the table of contents.
    pub name: &'static str,
    pub heading: &'static str,
    /// Whether it is too wide to stand beside that of another run.
    pub wide: bool,
    /// Nothing where the run has nothing to show.
    pub render: fn(&ReportModel, &mut FigureList) -> Result<Markup>,
}

/// Every section, in the order of the page.
pub(super) const ALL: [Section; 16] = [
    ranking::SECTION,
    ranks::SECTION,
    budget::SECTION,
    measures::SECTION,
    profile::SECTION,
    claims::SECTION,
    heat::SECTION,
    curves::SECTION,
    rates::SECTION,
    signal::SECTION,
    histograms::SECTION,
    scaling::SECTION,
    probe::SECTION,
    shares::SECTION,
    counts::SECTION,
    reproduce::SECTION,
];

/// Panels that stand open in the page; the others wait behind a click.
const OPEN: usize = 12;

/// Panels that are drawn at all; the tables have the rest.
const MOST: usize = 60;

/// A number for people, infinities in words.
fn figure(value: f64) -> String {
    if value == f64::INFINITY {
        "diverged".to_owned()
    } else if value.is_finite() {
        typeset(value, 3)
    } else {
        "–".to_owned()
    }
}

/// A difference of two figures of the measure, with its sign.
fn signed(model: &ReportModel, difference: f64) -> String {
    match difference.is_finite() {
        true if difference > 0.0 => format!("+{}", model.text(difference)),
        true => model.text(difference).replace('-', "\u{2212}"),
        false => "–".to_owned(),
    }
}

fn optional(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), figure)
}

/// The colours and markers of the schemes that `panels` show.
fn legend(model: &ReportModel) -> Markup {
    let coloured = model.schemes.iter().filter(|s| model.ink(s) != Ink::Faint);
    let faint = model
        .schemes
        .iter()
        .filter(|s| model.ink(s) == Ink::Faint)
        .count();
    html! {
        ul.legend {
            @for scheme in coloured {
                li { (named(model, scheme)) }
            }
            @if faint > 0 {
                li { span.named { (mark(Ink::Faint)) span { "and " (faint) " more" } } }
            }
        }
    }
}

/// A scheme's name beside its marker, with its text in the tables where it has a label; a name too long for one line wraps beside it, not below, and
/// between words.
fn named(model: &ReportModel, scheme: &str) -> Markup {
    html! {
        span.named title=[model.run.labels.label(scheme).map(|_| scheme)] {
            (mark(model.ink(scheme)))
            span { @for word in model.name(scheme).split_inclusive(['_', '(', ' ']) { (word) wbr; } }
        }
    }
}

/// A line and a marker in the colour of a series.
fn mark(ink: Ink) -> Markup {
    html! { @if let Ok(svg) = Drawing::mark(ink) { (maud::PreEscaped(svg)) } }
}

/// Shows a panel without a legend, since the page has one for all, and keeps it with one.
fn show_with_legend(figures: &mut FigureList, panel: &mut Lines) -> Result<Markup> {
    let inline = panel.draw()?.inline();
    panel.legend = true;
    figures.keep(panel.draw()?);
    Ok(html! { (maud::PreEscaped(inline)) })
}

/// Panels in a grid: the first ones open, the others behind a click, with a word on those left out.
fn panels(shown: &[Markup], all: usize, class: &str, table: &str) -> Markup {
    let open = &shown[..shown.len().min(OPEN)];
    let rest = &shown[open.len()..];
    html! {
        div class=(class) { @for panel in open { figure { (panel) } } }
        @if !rest.is_empty() {
            details {
                summary { (counted(rest.len() as u64, "more panel")) }
                div class=(class) { @for panel in rest { figure { (panel) } } }
            }
        }
        @if all > shown.len() {
            p.quiet { "And " (all - shown.len()) " more settings; their figures are in " code { (table) } "." }
        }
    }
}

/// Median and quartiles of `values`; none where there are no values.
fn quartiles(values: &[f64]) -> Option<(f64, f64, f64)> {
    let sorted = sorted(values);
    (!sorted.is_empty()).then(|| {
        (
            quantile(&sorted, 0.25),
            quantile(&sorted, 0.5),
            quantile(&sorted, 0.75),
        )
    })
}

/// A line through the medians at each x, with a band between the quartiles.
fn median_line(model: &ReportModel, scheme: &str, columns: &[(f64, Vec<f64>)]) -> Line {
    let mut points = Vec::new();
    let mut band = Vec::new();
    for (x, values) in columns {
        let found = quartiles(values);
        points.push((*x, found.map(|q| q.1).filter(|m| m.is_finite())));
        if let Some((low, _, high)) = found.filter(|q| values.len() > 1 && q.0.is_finite()) {
            band.push((*x, low, high));
        }
    }
    Line {
        label: model.name(scheme).to_owned(),
        ink: model.ink(scheme),
        points,
        band,
        dashed: false,
    }
}
