//! The verdict on a figure with its interval.

use crate::experiment::claim::{Op, Relation, Side};

use super::{Case, Verdict};
use crate::analysis::stats::Interval;

/// The verdict on a figure with its interval.
pub(super) fn decide(relation: &Relation, figure: f64, interval: Option<Interval>) -> Verdict {
    if figure.is_nan() {
        return Verdict::Inconclusive;
    }
    let range = interval.unwrap_or(Interval {
        low: figure,
        high: figure,
    });
    // The figure itself belongs to the evidence, wherever its interval lies.
    let (low, high) = (range.low.min(figure), range.high.max(figure));
    match relation {
        Relation::Compare { side, op, threshold } => {
            let (low, high) = absolute(*side, low, high);
            compare(*op, *threshold, low, high)
        }
        Relation::Within {
            side,
            low: least,
            high: most,
        } => {
            let (low, high) = absolute(*side, low, high);
            let (from, to) = (
                compare(Op::AtLeast, *least, low, high),
                compare(Op::AtMost, *most, low, high),
            );
            from.max(to)
        }
        Relation::Monotone { tolerance, .. } => compare(Op::AtLeast, -tolerance, low, high),
        Relation::Spread { op, threshold, .. } => compare(*op, *threshold, low, high),
        Relation::Rank { at_most, .. } => compare(Op::AtMost, f64::from(*at_most), low, high),
    }
}

/// The range of the absolute value where that is what is compared.
fn absolute(side: Side, low: f64, high: f64) -> (f64, f64) {
    if side != Side::AbsoluteDifference {
        return (low, high);
    }
    let least = if low <= 0.0 && high >= 0.0 {
        0.0
    } else {
        low.abs().min(high.abs())
    };
    (least, low.abs().max(high.abs()))
}

/// Shows the absolute value where that is what is compared.
pub(super) fn show_absolute(relation: &Relation, case: &mut Case) {
    if let Relation::Compare { side, .. } | Relation::Within { side, .. } = relation
        && *side == Side::AbsoluteDifference
    {
        case.figure = case.figure.abs();
        case.interval = case.interval.map(|i| {
            let (low, high) = absolute(*side, i.low, i.high);
            Interval { low, high }
        });
    }
}

/// Whether all of `low..=high` satisfies the comparison, none of it, or some.
fn compare(op: Op, threshold: f64, low: f64, high: f64) -> Verdict {
    if op == Op::Equal {
        return match (
            low == threshold && high == threshold,
            low <= threshold && threshold <= high,
        ) {
            (true, _) => Verdict::Pass,
            (false, true) => Verdict::Inconclusive,
            (false, false) => Verdict::Fail,
        };
    }
    match (op.holds(low, threshold), op.holds(high, threshold)) {
        (true, true) => Verdict::Pass,
        (false, false) => Verdict::Fail,
        _ => Verdict::Inconclusive,
    }
}
