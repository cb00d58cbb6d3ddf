//! Tables to figures to one HTML page.
//!
//! [`Run`] reads the tables of a results directory, [`render`] turns one or two of them into a
//! page that needs nothing else: figures are inline SVG, and style and script stand in it. Every
//! name that comes from a table is escaped, and the page's content security policy allows its own
//! style and script by their hashes and nothing else.

mod album;
#[cfg(test)]
mod example;
pub mod figure;
mod measure;
mod page;
#[cfg(feature = "png")]
pub mod png;
mod run;
mod section;
mod setting;
#[cfg(test)]
mod tests;
mod view;

use maud::{Markup, html};

use crate::support::error::Result;
use album::Album;
use figure::Figure;
use view::View;

pub use run::Run;

/// A finished report.
#[derive(Debug, Clone)]
pub struct Report {
    /// The page, a whole HTML document.
    pub html: String,
    /// Every figure, for export.
    pub figures: Vec<Figure>,
}

/// The report of one run, or of two side by side.
///
/// # Errors
/// A drawing failed.
pub fn render(runs: &[Run]) -> Result<Report> {
    let mut views: Vec<View> = Vec::new();
    for run in runs {
        // Schemes have the colours that they have in the first run.
        let order = views.first().map_or(Vec::new(), |v| v.schemes.clone());
        views.push(View::new(run, &order));
    }
    let mut album = Album::default();
    let names: Vec<&str> = runs.iter().map(|r| r.name.as_str()).collect();
    let title = format!("{} · goodinit", names.join(" and "));
    let body = match views.as_slice() {
        [one] => single(one, &mut album)?,
        several => beside(several, &mut album)?,
    };
    Ok(Report {
        html: page::page(&title, &body),
        figures: album.into_figures(),
    })
}

/// One part of the page for one run.
type Part = fn(&View, &mut Album) -> Result<Markup>;

/// The parts in the order of the page: anchor, name in the table of contents, heading.
const PARTS: [(&str, &str, &str, Part); 12] = [
    ("ranking", "Ranking", "Ranking", section::ranking::section),
    (
        "profile",
        "Profiles",
        "Performance profiles",
        section::profile::section,
    ),
    ("claims", "Claims", "Claims", |v, _| {
        Ok(section::claims::section(v))
    }),
    (
        "heat",
        "Activation and depth",
        "By activation function and depth",
        section::heat::section,
    ),
    (
        "curves",
        "Learning curves",
        "Learning curves",
        section::curves::section,
    ),
    (
        "rates",
        "Learning rate",
        "Sensitivity to the learning rate",
        section::rates::section,
    ),
    (
        "signal",
        "Signal by layer",
        "Signal and gradient by layer",
        section::signal::section,
    ),
    (
        "weights",
        "Initial weights",
        "Initial weights",
        section::histograms::section,
    ),
    ("probe", "Theory", "At initialization, and in theory", |v, _| {
        Ok(section::probe::section(v))
    }),
    ("shares", "Seeds", "Where the spread comes from", |v, _| {
        Ok(section::shares::section(v))
    }),
    ("counts", "Divergence", "Divergence and dead units", |v, _| {
        Ok(section::counts::section(v))
    }),
    ("reproduce", "Reproduce", "Reproduce", |v, _| {
        Ok(section::reproduce::section(v.run))
    }),
];

/// Parts too wide to stand beside each other.
const WIDE: [&str; 2] = ["ranking", "claims"];

fn single(view: &View, album: &mut Album) -> Result<Markup> {
    let mut parts = Vec::new();
    for (id, name, heading, part) in PARTS {
        let body = part(view, album)?;
        if !body.0.is_empty() {
            parts.push((id, name, html! { h2 id=(id) { (heading) } (body) }));
        }
    }
    Ok(html! {
        header {
            h1 { (view.run.name) }
            (section::overview::section(view))
            (contents(&parts))
        }
        @for (_, _, part) in &parts { section { (part) } }
        (footer())
    })
}

/// Several runs, part by part beside each other.
fn beside(views: &[View], album: &mut Album) -> Result<Markup> {
    let mut parts = Vec::new();
    for (id, name, heading, part) in PARTS {
        let mut columns = Vec::new();
        for view in views {
            columns.push(part(view, album)?);
        }
        if columns.iter().all(|c| c.0.is_empty()) {
            continue;
        }
        let class = if WIDE.contains(&id) {
            "sides stack"
        } else {
            "sides"
        };
        let markup = html! {
            h2 id=(id) { (heading) }
            div class=(class) { @for (view, column) in views.iter().zip(&columns) {
                div { p.quiet { (view.run.name) " (" code { (view.run.dir.display()) } ")" } (column) }
            } }
        };
        parts.push((id, name, markup));
    }
    Ok(html! {
        header {
            h1 { @for (i, view) in views.iter().enumerate() { @if i > 0 { " and " } (view.run.name) } }
            div.sides { @for view in views {
                div { h3 { (view.run.dir.display()) } (section::overview::section(view)) }
            } }
            (section::compare::section(views))
            (contents(&parts))
        }
        @for (_, _, part) in &parts { section { (part) } }
        (footer())
    })
}

fn contents(parts: &[(&str, &str, Markup)]) -> Markup {
    html! {
        nav aria-label="Contents" { ol {
            @for (id, name, _) in parts { li { a href={ "#" (id) } { (name) } } }
        } }
    }
}

fn footer() -> Markup {
    html! {
        footer.quiet {
            "Made by goodinit " (env!("CARGO_PKG_VERSION")) " from the tables alone. The page loads nothing from the network."
        }
    }
}
