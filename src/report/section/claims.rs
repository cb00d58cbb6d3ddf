//! The experiment's claims and their verdicts.

use maud::{Markup, html};

use super::Section;
use crate::analysis::check::print::{finding, parts};
use crate::analysis::check::{Judgement, Verdict};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::error::Result;
use crate::support::text::counted;

/// Cases of one claim that stand open; the others wait behind a click.
const OPEN_CASES: usize = 4;

pub(super) const SECTION: Section = Section {
    id: "claims",
    name: "Claims",
    heading: "Claims",
    wide: true,
    render,
};

/// One row for each claim, in the order of the experiment.
fn render(model: &ReportModel, _: &mut FigureList) -> Result<Markup> {
    Ok(section(model))
}

fn section(model: &ReportModel) -> Markup {
    let verdicts = match &model.run.verdicts {
        Ok(verdicts) => verdicts,
        Err(why) => return html! { p.note { "The claims cannot be judged here: " (why) } },
    };
    if verdicts.is_empty() {
        return html! {};
    }
    let with = |verdict| verdicts.iter().filter(|v| v.verdict == verdict).count();
    html! {
        p.quiet {
            (with(Verdict::Pass)) " of " (counted(verdicts.len() as u64, "claim")) " hold"
            @if with(Verdict::Fail) > 0 { ", " (with(Verdict::Fail)) " fail" }
            @if with(Verdict::Inconclusive) > 0 { ", " (with(Verdict::Inconclusive)) " inconclusive" }
            ". A claim passes when its figure and the whole interval satisfy it, fails when neither does, and is inconclusive when the interval straddles what is claimed or evidence is missing."
        }
        div.scroll { table.claims {
            thead { tr { th { "Verdict" } th { "Claim" } th { "Found" } } }
            tbody { @for verdict in verdicts { (row(verdict)) } }
        } }
    }
}

fn row(verdict: &Judgement) -> Markup {
    let (open, rest) = verdict.cases.split_at(verdict.cases.len().min(OPEN_CASES));
    let many = verdict.cases.len() > 1;
    let case = |case| {
        let case: &crate::analysis::check::Case = case;
        html! {
            div {
                @if many { (badge(case.verdict)) " " }
                (finding(verdict, case)) " " span.quiet { (parts(case)) }
            }
        }
    };
    html! {
        tr {
            td { (badge(verdict.verdict)) }
            td.claim {
                strong { (verdict.claim.name) } br; (verdict.claim.sentence)
                @if !verdict.claim.source.is_empty() { " " span.quiet { (verdict.claim.source) } }
            }
            td.claim {
                @if let Some(note) = &verdict.note { (note) }
                @for one in open { (case(one)) }
                @if !rest.is_empty() {
                    details {
                        summary { (counted(rest.len() as u64, "more case")) }
                        @for one in rest { (case(one)) }
                    }
                }
            }
        }
    }
}

/// The verdict as sign and word: colour is never the only difference.
fn badge(verdict: Verdict) -> Markup {
    let (class, sign) = match verdict {
        Verdict::Pass => ("verdict pass", "✓"),
        Verdict::Fail => ("verdict fail", "✗"),
        Verdict::Inconclusive => ("verdict unsure", "?"),
    };
    html! { span class=(class) { (sign) " " (verdict.name()) } }
}
