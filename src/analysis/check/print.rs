//! Verdicts for people and for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::experiment::claim::{ClaimKind, Op, Relation, Side};
use crate::support::catalog::number;

use super::{Case, ChosenRate, Judgement, Part, RateEdge, Verdict};
use crate::analysis::stats::Interval;
use crate::support::text::{Style, counted, counted_as, four_digits, markdown_text, visible, wrap};

/// Claims of one directory with their verdicts, as a person reads them in a terminal: evidence
/// first, then identities.
pub(crate) fn text(place: &str, judgements: &[Judgement], style: Style) -> String {
    let mut out = format!("{}: {}\n", visible(place), count(judgements));
    for judgement in in_order(judgements) {
        let name = visible(&judgement.claim.name);
        let _ = writeln!(
            out,
            "\n{}  {name}{}",
            badge(judgement.verdict, style),
            kind_mark(judgement)
        );
        let mut line = |text: &str| {
            let _ = writeln!(
                out,
                "{}",
                wrap(&visible(&format!("      {text}")), style.width, 6)
            );
        };
        line(&judgement.claim.sentence);
        if !judgement.claim.source.is_empty() {
            line(&format!("({})", judgement.claim.source));
        }
        if let Some(note) = &judgement.note {
            line(&format!("{}: {note}", judgement.verdict.name()));
        }
        let many = judgement.cases.len() > 1;
        for case in &judgement.cases {
            let mark = if many {
                format!("{} ", case.verdict.name())
            } else {
                String::new()
            };
            line(&format!("{mark}{}", finding(judgement, case)));
            line(&parts(case));
        }
    }
    out
}

/// Evidence, then identities.
fn in_order(judgements: &[Judgement]) -> impl Iterator<Item = &Judgement> {
    let of = |kind| judgements.iter().filter(move |j| j.claim.kind == kind);
    of(ClaimKind::Evidence).chain(of(ClaimKind::Identity))
}

/// What stands behind the name of a claim that is no evidence.
fn kind_mark(judgement: &Judgement) -> &'static str {
    match judgement.claim.kind {
        ClaimKind::Evidence => "",
        ClaimKind::Identity => "  (identity: true by arithmetic, no evidence)",
    }
}

/// The same as Markdown, fit for a pull request.
pub fn markdown(place: &str, judgements: &[Judgement]) -> String {
    let mut out = format!("### {}: {}\n\n", markdown_text(place), count(judgements));
    if judgements.is_empty() {
        return out;
    }
    out.push_str("| verdict | claim | found | figures |\n|---|---|---|---|\n");
    for judgement in in_order(judgements) {
        let claim = &judgement.claim;
        let (name, sentence, mark) = (
            markdown_text(&claim.name),
            markdown_text(&claim.sentence),
            kind_mark(judgement).trim_start(),
        );
        let mark = if mark.is_empty() {
            String::new()
        } else {
            format!(" {mark}")
        };
        let mut row = |found: &str, figures: &str, verdict: Verdict| {
            let (verdict, found, figures) = (verdict.name(), markdown_text(found), markdown_text(figures));
            let _ = writeln!(
                out,
                "| {verdict} | **{name}**{mark} {sentence} | {found} | {figures} |"
            );
        };
        if let Some(note) = &judgement.note {
            row(note, "", judgement.verdict);
        }
        for case in &judgement.cases {
            row(&finding(judgement, case), &parts(case), case.verdict);
        }
    }
    out
}

/// The same for machines.
pub fn json(place: &str, judgements: &[Judgement]) -> Value {
    let edge = |(rate, edge): (f64, &RateEdge)| {
        json!({
            "rate": rate, "edge": if edge.lowest { "lowest" } else { "highest" },
            "next_rate": edge.next, "next_trials": edge.trials, "next_diverged": edge.diverged,
        })
    };
    let part = |p: &Part| {
        json!({
            "name": p.name, "figure": figure_json(p.figure), "trials": p.trials,
            "diverged": p.diverged, "failed": p.failed,
            "rates": p.rates.iter().map(|r| r.rate).collect::<Vec<_>>(),
            "at_edge": p.edges().map(edge).collect::<Vec<_>>(), "losing": p.losing,
        })
    };
    let case = |c: &Case| {
        let group: serde_json::Map<String, Value> = c
            .group
            .iter()
            .map(|(axis, text)| (axis.name().to_owned(), Value::from(text.as_str())))
            .collect();
        json!({
            "group": group, "outcome": c.verdict.name(), "figure": figure_json(c.figure),
            "interval": c.interval.map(|i| [figure_json(i.low), figure_json(i.high)]),
            "parts": c.parts.iter().map(part).collect::<Vec<_>>(), "notes": c.notes,
        })
    };
    let judgement = |j: &Judgement| {
        let kind = match j.claim.kind {
            ClaimKind::Evidence => "evidence",
            ClaimKind::Identity => "identity",
        };
        json!({
            "name": j.claim.name, "kind": kind, "source": j.claim.source, "sentence": j.claim.sentence,
            "relation": relation(&j.claim.relation), "confidence": j.claim.confidence,
            "outcome": j.verdict.name(), "note": j.note,
            "cases": j.cases.iter().map(case).collect::<Vec<_>>(),
        })
    };
    json!({ "place": place, "claims": judgements.iter().map(judgement).collect::<Vec<_>>() })
}

/// A figure for JSON, which has no infinities: those are text.
pub(crate) fn figure_json(x: f64) -> Value {
    if x.is_finite() {
        Value::from(x)
    } else if x.is_nan() {
        Value::Null
    } else {
        Value::from(number(x))
    }
}

/// "3 claims: 2 pass, 1 inconclusive", or "3 claims: 2 evidence (2 pass), 1 identity (1 pass)", and
/// how many have a losing side at the edge of the rates tried.
pub fn count(judgements: &[Judgement]) -> String {
    let verdicts = |of: &[&Judgement]| {
        let all = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive];
        let with = |v: &Verdict| of.iter().filter(|j| j.verdict == *v).count();
        let counts = all.iter().map(|v| (with(v), v.name())).filter(|(n, _)| *n > 0);
        let texts: Vec<String> = counts.map(|(n, name)| format!("{n} {name}")).collect();
        texts.join(", ")
    };
    let (identities, evidence): (Vec<&Judgement>, Vec<&Judgement>) = judgements
        .iter()
        .partition(|j| j.claim.kind == ClaimKind::Identity);
    let mut text = counted(judgements.len() as u64, "claim");
    if !identities.is_empty() {
        let count = counted_as(identities.len() as u64, "identity", "identities");
        let (found, proven) = (verdicts(&evidence), verdicts(&identities));
        let _ = write!(text, ": {} evidence", evidence.len());
        if !evidence.is_empty() {
            let _ = write!(text, " ({found})");
        }
        let _ = write!(text, ", {count} ({proven})");
    } else if !evidence.is_empty() {
        let _ = write!(text, ": {}", verdicts(&evidence));
    }
    let at_edge = |c: &Case| c.parts.iter().any(|p| p.losing && p.edges().next().is_some());
    let edges = judgements.iter().filter(|j| j.cases.iter().any(at_edge)).count();
    if edges > 0 {
        let _ = write!(
            text,
            "; {edges} with a losing side at the edge of the rates tried"
        );
    }
    text
}

fn badge(verdict: Verdict, style: Style) -> String {
    let (word, colour) = match verdict {
        Verdict::Pass => ("PASS", 32),
        Verdict::Fail => ("FAIL", 31),
        Verdict::Inconclusive => ("OPEN", 33),
    };
    if style.colour {
        format!("\u{1b}[1;{colour}m{word}\u{1b}[0m")
    } else {
        word.to_owned()
    }
}

/// "left - right = 0.77 [0.74, 0.79], claimed >= 0.5".
pub fn finding(judgement: &Judgement, case: &Case) -> String {
    let (what, claimed) = sides(&judgement.claim.relation);
    let mut text = String::new();
    if !case.group.is_empty() {
        let group: Vec<String> = case.group.iter().map(|(axis, t)| format!("{axis} {t}")).collect();
        let _ = write!(text, "{}: ", group.join(", "));
    }
    if !case.figure.is_nan() {
        let _ = write!(text, "{what} = {}", four_digits(case.figure));
        if let Some(Interval { low, high }) = case.interval {
            let _ = write!(text, " [{}, {}]", four_digits(low), four_digits(high));
        }
        let _ = write!(text, ", claimed {claimed}");
    }
    if !case.notes.is_empty() {
        let separator = if case.figure.is_nan() { "" } else { "; " };
        let _ = write!(text, "{separator}{}", case.notes.join("; "));
    }
    text
}

/// The relation as the experiment file has it: `left - right >= 0.5`.
pub fn relation(relation: &Relation) -> String {
    let (what, claimed) = sides(relation);
    match relation {
        Relation::Monotone { axis, increasing, .. } => {
            let direction = if *increasing { "increasing" } else { "decreasing" };
            format!("left {direction} over {axis}")
        }
        Relation::Rank { axis, at_most } => format!("left ranks {at_most} over {axis}"),
        _ => format!("{what} {claimed}"),
    }
}

fn sides(relation: &Relation) -> (String, String) {
    let side_text = |side: &Side| {
        let text = match side {
            Side::Left => "left",
            Side::Difference => "left - right",
            Side::AbsoluteDifference => "abs(left - right)",
            Side::Ratio => "left / right",
        };
        text.to_owned()
    };
    let op_text = |op: &Op, x: f64| {
        let op = match op {
            Op::AtLeast => ">=",
            Op::AtMost => "<=",
            Op::Above => ">",
            Op::Below => "<",
            Op::Equal => "==",
        };
        format!("{op} {}", number(x))
    };
    match relation {
        Relation::Compare { side, op, threshold } => (side_text(side), op_text(op, *threshold)),
        Relation::Within { side, low, high } => (
            side_text(side),
            format!("in [{}, {}]", number(*low), number(*high)),
        ),
        Relation::Monotone {
            axis,
            increasing,
            tolerance,
        } => {
            let step = if *increasing { "least rise" } else { "least fall" };
            (
                format!("{step} over {axis}"),
                op_text(&Op::AtLeast, 0.0 - tolerance),
            )
        }
        Relation::Spread { axis, op, threshold } => {
            (format!("spread of left over {axis}"), op_text(op, *threshold))
        }
        Relation::Rank { axis, at_most } => (
            format!("rank over {axis}"),
            op_text(&Op::AtMost, f64::from(*at_most)),
        ),
    }
}

pub(crate) fn parts(case: &Case) -> String {
    let part = |p: &Part| {
        let mut text = format!("{} {} ({} trials", p.name, four_digits(p.figure), p.trials);
        if p.diverged > 0 {
            let _ = write!(text, ", {} diverged", p.diverged);
        }
        if p.failed > 0 {
            let _ = write!(text, ", {} failed", p.failed);
        }
        if let [chosen] = &p.rates[..] {
            let _ = write!(text, ", rate {}", number(chosen.rate));
        }
        match (&p.rates[..], p.edges().count()) {
            (_, 0) => {}
            ([ChosenRate { edge: Some(edge), .. }], _) => text.push_str(&edge_text(edge)),
            (rates, n) => {
                let _ = write!(text, ", {n} of {} rates at the edge of those tried", rates.len());
            }
        }
        text + ")"
    };
    // A ranking has as many parts as rivals: the first few say enough.
    let mut texts: Vec<String> = case.parts.iter().take(12).map(part).collect();
    if case.parts.len() > 12 {
        texts.push(format!("and {} more", case.parts.len() - 12));
    }
    texts.join("; ")
}

/// ", the lowest tried; at the next, 0.01, 3 of 5 trials diverged".
fn edge_text(edge: &RateEdge) -> String {
    let mut text = format!(", the {} tried", if edge.lowest { "lowest" } else { "highest" });
    if edge.diverged > 0 {
        let (next, diverged, trials) = (number(edge.next), edge.diverged, edge.trials);
        let _ = write!(
            text,
            "; at the next, {next}, {diverged} of {trials} trials diverged"
        );
    }
    text
}
