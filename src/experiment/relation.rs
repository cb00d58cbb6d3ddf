//! The text of a claim's relation: `left - right >= 0.5`.

use super::claim::{Op, Relation, Side};
use super::coordinates::Axis;

/// A relation that was understood but for its threshold, or in full.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    pub relation: Relation,
    /// Whether the text has a right-hand side; else `threshold` must be given apart.
    pub complete: bool,
    /// Whether it speaks of `right`.
    pub right: bool,
}

/// What relations look like, for messages.
pub(super) const EXAMPLES: &str = "write it like `left - right >= 0.5`, `left / right <= 2`, `abs(left - right) <= 0.1`, `left == 10`, `left in [0, 1]`, \
     `left increasing over architecture`, `spread of left over architecture <= 0.1` or `left ranks 1 over scheme`";

pub(super) fn parse(text: &str) -> Result<Parsed, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["left", direction @ ("increasing" | "decreasing"), "over", axis] => {
            let relation = Relation::Monotone {
                axis: named(axis)?,
                increasing: *direction == "increasing",
                tolerance: 0.0,
            };
            Ok(Parsed {
                relation,
                complete: true,
                right: false,
            })
        }
        ["left", "ranks", rank, "over", axis] => {
            let at_most = rank.parse().ok().filter(|n| *n > 0);
            let at_most = at_most.ok_or_else(|| format!("`{rank}` is not a rank: 1 is the best"))?;
            Ok(Parsed {
                relation: Relation::Rank {
                    axis: named(axis)?,
                    at_most,
                },
                complete: true,
                right: false,
            })
        }
        ["spread", "of", "left", "over", axis, op, rest @ ..] => {
            let (op, threshold) = (operator(op)?, threshold(rest)?);
            let relation = Relation::Spread {
                axis: named(axis)?,
                op,
                threshold: threshold.unwrap_or(0.0),
            };
            Ok(Parsed {
                relation,
                complete: threshold.is_some(),
                right: false,
            })
        }
        _ => compare(text),
    }
}

fn compare(text: &str) -> Result<Parsed, String> {
    // Longer forms first: `left` begins them all.
    let compact: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let forms = [
        ("abs(left - right)", Side::AbsoluteDifference),
        ("left - right", Side::Difference),
        ("left / right", Side::Ratio),
        ("left", Side::Left),
    ];
    let found = forms
        .iter()
        .find_map(|(form, side)| Some((side, compact.strip_prefix(form)?.trim_start())));
    let Some((&side, rest)) = found else {
        return Err(format!("`{text}` is not a relation"));
    };
    let right = side != Side::Left;
    if let Some(range) = rest.strip_prefix("in ") {
        let bounds = range.trim().strip_prefix('[').and_then(|r| r.strip_suffix(']'));
        let numbers: Option<Vec<f64>> =
            bounds.and_then(|b| b.split(',').map(|n| n.trim().parse().ok()).collect());
        return match numbers.as_deref() {
            Some([low, high]) if low <= high && low.is_finite() && high.is_finite() => Ok(Parsed {
                relation: Relation::Within {
                    side,
                    low: *low,
                    high: *high,
                },
                complete: true,
                right,
            }),
            _ => Err(format!("`{range}` is not a range: write [least, greatest]")),
        };
    }
    let mut words = rest.split_whitespace();
    let op = operator(words.next().unwrap_or_default()).map_err(|_| format!("`{text}` is not a relation"))?;
    let threshold = threshold(&words.collect::<Vec<_>>())?;
    let relation = Relation::Compare {
        side,
        op,
        threshold: threshold.unwrap_or(0.0),
    };
    Ok(Parsed {
        relation,
        complete: threshold.is_some(),
        right,
    })
}

/// A comparison sign.
pub(super) fn operator(word: &str) -> Result<Op, String> {
    match word {
        ">=" => Ok(Op::AtLeast),
        "<=" => Ok(Op::AtMost),
        ">" => Ok(Op::Above),
        "<" => Ok(Op::Below),
        "==" => Ok(Op::Equal),
        other => Err(format!("`{other}` is not one of >= <= > < ==")),
    }
}

pub(super) fn finite(word: &str) -> Option<f64> {
    word.parse().ok().filter(|x: &f64| x.is_finite())
}

fn threshold(words: &[&str]) -> Result<Option<f64>, String> {
    match words {
        [] => Ok(None),
        [number] => match finite(number) {
            Some(x) => Ok(Some(x)),
            None => Err(format!("`{number}` is not a number")),
        },
        more => Err(format!("`{}` is not a number", more.join(" "))),
    }
}

fn named(word: &str) -> Result<Axis, String> {
    Axis::named(word).ok_or_else(|| {
        let names = Axis::ALL.iter().map(|a| a.name());
        format!(
            "`{word}` is not an axis ({})",
            crate::support::catalog::suggest(word, names, "axes")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_read_like_sentences() {
        let compare = |side, op, threshold| Relation::Compare { side, op, threshold };
        for (text, relation, right) in [
            (
                "left - right >= 0.5",
                compare(Side::Difference, Op::AtLeast, 0.5),
                true,
            ),
            ("left  /  right <= 2", compare(Side::Ratio, Op::AtMost, 2.0), true),
            (
                "abs(left - right) < 1e-2",
                compare(Side::AbsoluteDifference, Op::Below, 0.01),
                true,
            ),
            ("left > -3", compare(Side::Left, Op::Above, -3.0), false),
            ("left == 10", compare(Side::Left, Op::Equal, 10.0), false),
            (
                "left in [0.04, 0.18]",
                Relation::Within {
                    side: Side::Left,
                    low: 0.04,
                    high: 0.18,
                },
                false,
            ),
            (
                "left - right in [-1, 1]",
                Relation::Within {
                    side: Side::Difference,
                    low: -1.0,
                    high: 1.0,
                },
                true,
            ),
            (
                "left decreasing over architecture",
                Relation::Monotone {
                    axis: Axis::Architecture,
                    increasing: false,
                    tolerance: 0.0,
                },
                false,
            ),
            (
                "spread of left over architecture <= 0.02",
                Relation::Spread {
                    axis: Axis::Architecture,
                    op: Op::AtMost,
                    threshold: 0.02,
                },
                false,
            ),
            (
                "left ranks 2 over scheme",
                Relation::Rank {
                    axis: Axis::Scheme,
                    at_most: 2,
                },
                false,
            ),
        ] {
            assert_eq!(
                parse(text),
                Ok(Parsed {
                    relation,
                    complete: true,
                    right
                }),
                "{text}"
            );
        }
        assert!(!parse("left - right >=").unwrap().complete);
        assert!(!parse("spread of left over scheme <=").unwrap().complete);
    }

    #[test]
    fn what_is_no_relation_is_said() {
        for (text, says) in [
            ("", "is not a relation"),
            ("right >= 1", "is not a relation"),
            ("left", "is not a relation"),
            ("left => 1", "is not a relation"),
            ("left >= big", "`big` is not a number"),
            ("left >= 1 2", "`1 2` is not a number"),
            ("left >= nan", "`nan` is not a number"),
            ("left in [2, 1]", "not a range"),
            ("left in 3", "not a range"),
            ("left increasing over sheme", "did you mean `scheme`?"),
            ("left ranks 0 over scheme", "not a rank"),
            ("spread of left over scheme ~ 2", "not one of >="),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
