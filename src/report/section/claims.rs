//! The experiment's claims and their verdicts.

use maud::{Markup, html};

/// What became of one claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Name of the claim.
    pub name: String,
    /// Who says so.
    pub source: String,
    /// What is claimed, in words.
    pub sentence: String,
    /// `pass`, `fail` or `inconclusive`.
    pub verdict: String,
    /// The figures, in words.
    pub figures: String,
}

/// One row for each claim; failures first.
pub fn section(verdicts: &[Verdict]) -> Markup {
    if verdicts.is_empty() {
        return html! {};
    }
    let with = |verdict: &str| verdicts.iter().filter(|v| v.verdict == verdict).count();
    let class = |verdict: &str| match verdict {
        "pass" => "verdict pass",
        "fail" => "verdict fail",
        _ => "verdict unsure",
    };
    let sign = |verdict: &str| match verdict {
        "pass" => "✓",
        "fail" => "✗",
        _ => "?",
    };
    html! {
        p.quiet {
            (with("pass")) " of " (verdicts.len()) " hold"
            @if with("fail") > 0 { ", " (with("fail")) " fail" }
            @if with("inconclusive") > 0 { ", " (with("inconclusive")) " are inconclusive: the interval straddles what was claimed" }
            "."
        }
        div.scroll { table {
            thead { tr { th { "Verdict" } th { "Claim" } th { "Figures" } } }
            tbody { @for v in verdicts {
                tr {
                    td class=(class(&v.verdict)) { (sign(&v.verdict)) " " (v.verdict) }
                    td.name { (v.sentence) " " span.quiet { (v.source) } }
                    td.name { (v.figures) }
                }
            } }
        } }
    }
}
