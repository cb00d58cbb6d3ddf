//! Tables to figures to one HTML page.
//!
//! [`report`] makes the page of one or two results directories: [`Run`] reads their tables, [`render`]
//! turns them into a page that needs nothing else: figures are inline SVG, and style and script stand in it. Every
//! name that comes from a table is escaped, and the page's content security policy allows its own
//! style and script by their hashes and nothing else.

#[cfg(test)]
mod example;
pub mod figure;
mod figure_list;
mod measure;
mod model;
mod page;
#[cfg(feature = "png")]
pub mod png;
mod run;
mod section;
mod setting;
pub(crate) mod terminal;
#[cfg(test)]
mod tests;

use std::path::Path;

use maud::{Markup, html};
use serde::Serialize;

use crate::analysis::measures::MeasuresRow;
use crate::numerics::FloatMode;
use crate::run::files::write_output;
use crate::support::error::Result;
use figure::Drawing;
use figure_list::FigureList;
use model::ReportModel;
use section::Section;

pub use run::Run;

/// A report on one or two results directories.
#[derive(Debug, Clone)]
pub struct Report {
    /// The page, a whole HTML document.
    pub html: String,
    /// Every figure, for export.
    pub figures: Vec<Drawing>,
    /// What is known of the schemes of each run.
    pub runs: Vec<RunMeasures>,
}

impl Report {
    /// Writes the page into the file `path`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_output(path, self.html.as_bytes())
    }
}

/// What is known of the schemes of one run, for programs.
#[derive(Debug, Clone, Serialize)]
pub struct RunMeasures {
    name: String,
    /// Test samples, if all settings have as many and the table tells.
    test_samples: Option<u32>,
    /// The best first.
    schemes: Vec<MeasuresRow>,
}

/// The report of the tables in one results directory, or of those in two side by side.
///
/// ```no_run
/// let page = goodinit::report(&["results/quick"])?;
/// page.write("quick.html".as_ref())?;
/// # goodinit::Result::Ok(())
/// ```
///
/// # Errors
/// A directory holds no tables, or they cannot be read.
pub fn report(directories: &[impl AsRef<Path>]) -> Result<Report> {
    let _mode = FloatMode::standard();
    let runs: Result<Vec<Run>> = directories.iter().map(|dir| Run::load(dir.as_ref())).collect();
    render(&runs?)
}

/// The report of one run, or of two side by side.
///
/// # Errors
/// A drawing failed.
pub fn render(runs: &[Run]) -> Result<Report> {
    let mut models: Vec<ReportModel> = Vec::new();
    for run in runs {
        // Schemes have the colours that they have in the first run.
        let order = models.first().map_or(Vec::new(), |m| m.schemes.clone());
        models.push(ReportModel::new(run, &order));
    }
    let mut figures = FigureList::default();
    let names: Vec<&str> = runs.iter().map(|r| r.name.as_str()).collect();
    let title = format!("{} · goodinit", names.join(" and "));
    let body = body(&models, &mut figures)?;
    let measures = models.iter().map(|model| RunMeasures {
        name: model.run.name.clone(),
        test_samples: model.measures.test_samples,
        schemes: model.measures.rows(&model.ranking),
    });
    Ok(Report {
        html: page::page(&title, &body),
        figures: figures.into_vec(),
        runs: measures.collect(),
    })
}

fn body(models: &[ReportModel], figures: &mut FigureList) -> Result<Markup> {
    let mut shown: Vec<(&Section, Markup)> = Vec::new();
    for section in &section::ALL {
        let mut columns = Vec::new();
        for model in models {
            columns.push((section.render)(model, figures)?);
        }
        if columns.iter().any(|column| !column.0.is_empty()) {
            shown.push((section, side_by_side(section, models, columns)));
        }
    }
    let names = models.iter().map(|model| model.run.name.as_str());
    Ok(html! {
        header {
            h1 { @for (i, name) in names.enumerate() { @if i > 0 { " and " } (name) } }
            @if let [model] = models { (section::overview::section(model)) } @else {
                div.sides { @for model in models {
                    div { h3 { (model.run.dir.display()) } (section::overview::section(model)) }
                } }
                (section::compare::section(models))
            }
            nav aria-label="Contents" { ol {
                @for (section, _) in &shown { li { a href={ "#" (section.id) } { (section.name) } } }
            } }
        }
        @for (section, markup) in &shown {
            section { h2 id=(section.id) { (section.heading) } (markup) }
        }
        footer.quiet {
            "Made by goodinit " (env!("CARGO_PKG_VERSION")) " from the tables alone. The page loads nothing from the network."
        }
    })
}

/// A section as each of the runs has it, with the names of the runs where there are several.
fn side_by_side(section: &Section, models: &[ReportModel], columns: Vec<Markup>) -> Markup {
    if models.len() == 1 {
        return html! { @for column in columns { (column) } };
    }
    let class = if section.wide { "sides stack" } else { "sides" };
    html! {
        div class=(class) { @for (model, column) in models.iter().zip(&columns) {
            div { p.quiet { (model.run.name) " (" code { (model.run.dir.display()) } ")" } (column) }
        } }
    }
}
