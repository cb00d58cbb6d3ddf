//! Verdicts for people and for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::experiment::claim::{Op, Relation, Side};
use crate::support::catalog::number;

use super::{Case, Outcome, Part, Verdict};
use crate::analysis::stats::Interval;
use crate::support::text::{Style, counted, visible, wrap};

/// Verdicts of one directory, as a person reads them in a terminal.
pub(crate) fn text(place: &str, verdicts: &[Verdict], style: Style) -> String {
    let mut out = format!("{}: {}\n", visible(place), count(verdicts));
    for verdict in verdicts {
        let name = visible(&verdict.claim.name);
        let _ = writeln!(out, "\n{}  {name}", badge(verdict.outcome, style));
        let mut line = |text: &str| {
            let _ = writeln!(
                out,
                "{}",
                wrap(&visible(&format!("      {text}")), style.width, 6)
            );
        };
        line(&verdict.claim.sentence);
        if !verdict.claim.source.is_empty() {
            line(&format!("({})", verdict.claim.source));
        }
        if let Some(note) = &verdict.note {
            line(&format!("{}: {note}", verdict.outcome.name()));
        }
        let many = verdict.cases.len() > 1;
        for case in &verdict.cases {
            let mark = if many {
                format!("{} ", case.outcome.name())
            } else {
                String::new()
            };
            line(&format!("{mark}{}", finding(verdict, case)));
            line(&parts(case));
        }
    }
    out
}

/// The same as Markdown, fit for a pull request.
pub fn markdown(place: &str, verdicts: &[Verdict]) -> String {
    let mut out = format!("### {}: {}\n\n", escape(place), count(verdicts));
    if verdicts.is_empty() {
        return out;
    }
    out.push_str("| verdict | claim | found | figures |\n|---|---|---|---|\n");
    for verdict in verdicts {
        let mut row = |found: &str, figures: &str, outcome: Outcome| {
            let claim = (escape(&verdict.claim.name), escape(&verdict.claim.sentence));
            let _ = writeln!(
                out,
                "| {} | **{}** {} | {} | {} |",
                outcome.name(),
                claim.0,
                claim.1,
                escape(found),
                escape(figures)
            );
        };
        if let Some(note) = &verdict.note {
            row(note, "", verdict.outcome);
        }
        for case in &verdict.cases {
            row(&finding(verdict, case), &parts(case), case.outcome);
        }
    }
    out
}

/// The same for machines.
pub fn json(place: &str, verdicts: &[Verdict]) -> Value {
    let part = |p: &Part| {
        json!({
            "name": p.name, "figure": figure_json(p.figure), "trials": p.trials,
            "diverged": p.diverged, "failed": p.failed, "rates": p.rates,
        })
    };
    let case = |c: &Case| {
        let group: serde_json::Map<String, Value> = c
            .group
            .iter()
            .map(|(axis, text)| (axis.name().to_owned(), Value::from(text.as_str())))
            .collect();
        json!({
            "group": group, "outcome": c.outcome.name(), "figure": figure_json(c.figure),
            "interval": c.interval.map(|i| [figure_json(i.low), figure_json(i.high)]),
            "parts": c.parts.iter().map(part).collect::<Vec<_>>(), "notes": c.notes,
        })
    };
    let verdict = |v: &Verdict| {
        json!({
            "name": v.claim.name, "source": v.claim.source, "sentence": v.claim.sentence,
            "relation": relation(&v.claim.relation), "confidence": v.claim.confidence,
            "outcome": v.outcome.name(), "note": v.note,
            "cases": v.cases.iter().map(case).collect::<Vec<_>>(),
        })
    };
    json!({ "place": place, "claims": verdicts.iter().map(verdict).collect::<Vec<_>>() })
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

/// "3 claims: 2 pass, 1 inconclusive".
pub fn count(verdicts: &[Verdict]) -> String {
    let mut text = counted(verdicts.len() as u64, "claim");
    let mut separator = ": ";
    for outcome in [Outcome::Pass, Outcome::Fail, Outcome::Inconclusive] {
        let n = verdicts.iter().filter(|v| v.outcome == outcome).count();
        if n > 0 {
            let _ = write!(text, "{separator}{n} {}", outcome.name());
            separator = ", ";
        }
    }
    text
}

fn badge(outcome: Outcome, style: Style) -> String {
    let (word, colour) = match outcome {
        Outcome::Pass => ("PASS", 32),
        Outcome::Fail => ("FAIL", 31),
        Outcome::Inconclusive => ("OPEN", 33),
    };
    if style.colour {
        format!("\u{1b}[1;{colour}m{word}\u{1b}[0m")
    } else {
        word.to_owned()
    }
}

/// "left - right = 0.77 [0.74, 0.79], claimed >= 0.5".
pub fn finding(verdict: &Verdict, case: &Case) -> String {
    let (what, claimed) = sides(&verdict.claim.relation);
    let mut text = String::new();
    if !case.group.is_empty() {
        let group: Vec<String> = case.group.iter().map(|(axis, t)| format!("{axis} {t}")).collect();
        let _ = write!(text, "{}: ", group.join(", "));
    }
    if !case.figure.is_nan() {
        let _ = write!(text, "{what} = {}", short(case.figure));
        if let Some(Interval { low, high }) = case.interval {
            let _ = write!(text, " [{}, {}]", short(low), short(high));
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
        let mut text = format!("{} {} ({} trials", p.name, short(p.figure), p.trials);
        if p.diverged > 0 {
            let _ = write!(text, ", {} diverged", p.diverged);
        }
        if p.failed > 0 {
            let _ = write!(text, ", {} failed", p.failed);
        }
        if let [rate] = p.rates[..] {
            let _ = write!(text, ", rate {}", number(rate));
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

/// Four significant digits: enough for a reader, the tables have the rest.
pub fn short(x: f64) -> String {
    if !x.is_finite() || x == 0.0 {
        return if x.is_nan() { "undefined".into() } else { number(x) };
    }
    let rounded: f64 = format!("{x:.3e}").parse().unwrap_or(x);
    number(rounded)
}

/// Text that stays text inside a Markdown table.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
