//! How to get the same bytes.

use maud::{Markup, html};

use super::Section;

use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::error::Result;

pub(super) const SECTION: Section = Section {
    id: "reproduce",
    name: "Reproduce",
    heading: "Reproduce",
    wide: false,
    render,
};

/// Versions, digests, commands and the experiment itself.
fn render(model: &ReportModel, _: &mut FigureList) -> Result<Markup> {
    Ok(section(model))
}

fn section(model: &ReportModel) -> Markup {
    let run = model.run;
    let Some(manifest) = &run.manifest else {
        return html! {
            p { "The directory has no " code { "manifest.toml" } ", so which experiment, data and arithmetic it comes from is not known." }
        };
    };
    let dir = format!("results/{}", run.name);
    html! {
        p {
            "The same numerics version, experiment and data give the same bytes, on any machine and for any number of threads. "
            "The experiment is below: save it as " code { (run.name) ".toml" } " and run"
        }
        pre { code {
            @if !run.trials.is_empty() {
                "goodinit grid " (run.name) ".toml\n"
                "goodinit verify " (dir) " --sample 2%   # recompute a sample of rows and compare bits\n"
            }
            @if !run.probe.is_empty() { "goodinit probe " (run.name) ".toml\n" }
            "goodinit check " (dir) "   # the claims against the tables"
        } }
        div.scroll { table { tbody {
            tr { th scope="row" { "Numerics version" } td { (manifest.numerics_version) } }
            tr { th scope="row" { "Statistics version" } td { (manifest.statistics_version) } }
            tr { th scope="row" { "Format version" } td { (manifest.format_version) } }
            @if let Some(commit) = &manifest.commit {
                tr { th scope="row" { "Commit" } td { code { (commit) } } }
            }
            tr { th scope="row" { "Experiment, SHA-256" } td { code { (manifest.experiment_digest) } } }
            @for data in &manifest.dataset {
                tr {
                    th scope="row" { (data.name) ", SHA-256" }
                    td { code { (data.digest) } " (" (data.samples) " samples of " (data.inputs) " numbers)" }
                }
            }
        } } }
        details.always {
            summary { "The experiment" }
            pre { code { (manifest.experiment) } }
        }
    }
}
