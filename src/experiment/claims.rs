//! Reading `[[claim]]`.

use std::collections::{BTreeMap, BTreeSet};

use super::claim::{Aggregate, Claim, ClaimKind, Metric, Rate, Relation, Selector, Transform, Tuning};
use super::coordinates::Axis;
use super::document::{Document, Item, Node, Span};
use super::grid::Grid;
use super::keys::CLAIM;
use super::metric;
use super::relation;
use super::section::Reader;
use super::settings::{Length, Record};
use super::sides::Free;
use super::values::listed;
use crate::init::Registry;
use crate::model::Loss;
use crate::support::catalog::suggest;
use crate::support::error::{Error, Result};

/// The most claims that a file may make.
const MAX_CLAIMS: usize = 1000;

/// What claims are checked against.
pub(super) struct Ground<'d> {
    pub document: &'d Document,
    pub grid: &'d Grid,
    pub replicates: u32,
    pub record: &'d Record,
    /// Where [`Record::layer_rows`] is written, if it is.
    pub layer_rows: Option<Span>,
    pub length: Length,
    pub loss: Loss,
    pub registry: &'d Registry,
}

/// Reads every `[[claim]]`.
pub(super) fn read(ground: &Ground<'_>, node: &Node) -> Result<Vec<Claim>> {
    let Item::List(nodes) = &node.item else {
        let error = ground
            .document
            .error(node.span, "`claim` must be a list of tables", "");
        return Err(error.help("write [[claim]] in two pairs of brackets: there may be several"));
    };
    if nodes.len() > MAX_CLAIMS {
        let message = format!("{} claims are more than {MAX_CLAIMS}", nodes.len());
        return Err(ground.document.error(node.span, message, ""));
    }
    let mut names = BTreeSet::new();
    let mut claims = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.iter().enumerate() {
        let reader = Reader::open(ground.document, node, &CLAIM)?;
        let claim = ground.claim(&reader, i)?;
        if !names.insert(claim.name.clone()) {
            let span = reader.get("name").map_or(reader.span(), |n| n.span);
            let message = format!("another claim is called `{}`", claim.name);
            return Err(ground.document.error(span, message, ""));
        }
        claims.push(claim);
    }
    Ok(claims)
}

impl<'d> Ground<'d> {
    fn claim(&self, reader: &Reader<'d>, number: usize) -> Result<Claim> {
        let name = match reader.text("name")? {
            Some(name) => name.to_owned(),
            None => format!("claim-{}", number + 1),
        };
        let sentence = reader
            .as_text("sentence", reader.require("sentence")?)?
            .to_owned();
        let metric = metric::read(self, reader)?;
        let (relation, right_wanted) = read_relation(reader)?;
        let rate = self.rate(reader, &metric)?;
        let for_each = axes_of(reader, "for_each")?;
        let pool = axes_of(reader, "pool")?;
        let left_node = reader.require("left")?;
        let left = self.selector(left_node, "left")?;
        let right = match (reader.get("right"), right_wanted) {
            (Some(node), true) => Some(self.selector(node, "right")?),
            (None, false) => None,
            (Some(node), false) => {
                let error = self
                    .document
                    .error(node.span, "the relation does not speak of `right`", "");
                return Err(error.help("for example relation = \"left - right >= 0.5\""));
            }
            (None, true) => return Err(reader.missing("right")),
        };
        let free = Free {
            for_each: &for_each,
            pool: &pool,
            relation: &relation,
            rate: &rate,
            metric: &metric,
        };
        self.check_side(left_node.span, "left", &left, &free)?;
        if let (Some(right), Some(node)) = (&right, reader.get("right")) {
            self.check_side(node.span, "right", right, &free)?;
            self.check_partners(reader, &left, right, &for_each)?;
        }
        self.check_rows(reader, &metric, &relation, [Some(&left), right.as_ref()])?;
        Ok(Claim {
            name,
            source: reader.text("source")?.unwrap_or_default().to_owned(),
            sentence,
            kind: reader
                .choice(
                    "kind",
                    &[
                        ("evidence", ClaimKind::Evidence),
                        ("identity", ClaimKind::Identity),
                    ],
                )?
                .unwrap_or(ClaimKind::Evidence),
            transform: reader
                .choice("transform", &TRANSFORMS)?
                .unwrap_or(Transform::Identity),
            metric,
            left,
            right,
            for_each,
            pool,
            aggregate: aggregate(reader, "aggregate")?.unwrap_or(Aggregate::Median),
            rate,
            relation,
            confidence: reader
                .number("confidence", "a number between 0 and 1", |x| x > 0.0 && x < 1.0)?
                .unwrap_or(0.95),
        })
    }

    fn rate(&self, reader: &Reader<'d>, metric: &Metric) -> Result<Rate> {
        let Some(node) = reader.get("rate") else {
            return Ok(Rate::Fixed);
        };
        let default_by = if self.loss == Loss::CrossEntropy {
            "validation_accuracy"
        } else {
            "validation_loss"
        };
        let tuning = match &node.item {
            Item::Text(word) if word == "fixed" => return Ok(Rate::Fixed),
            Item::Text(word) if word == "tuned" => Tuning {
                by: Some(default_by.to_owned()),
                replicates: None,
            },
            Item::Table(_) => self.tuning(reader, node, default_by)?,
            _ => {
                return Err(reader.wrong(
                    "rate",
                    node,
                    "\"fixed\", \"tuned\" or { by = column, replicates = n }",
                ));
            }
        };
        if tuning.replicates.is_none() {
            let reported = match metric {
                Metric::Trial { column } | Metric::Epoch { column, .. } | Metric::TimeTo { column, .. } => {
                    column.as_str()
                }
                _ => "",
            };
            let by = tuning.by.as_deref().unwrap_or("");
            if reported.contains("validation") || !by.contains("validation") {
                let message = "the rate would be chosen on what is reported";
                let error = self.document.error(node.span, message, "");
                return Err(error.help("choose on replicates of its own, { replicates = 2 }, or by a validation column and report another"));
            }
        }
        Ok(Rate::Tuned(tuning))
    }

    fn tuning(&self, reader: &Reader<'d>, node: &'d Node, default_by: &str) -> Result<Tuning> {
        let Item::Table(members) = &node.item else {
            return Err(reader.wrong("rate", node, "a table"));
        };
        let mut tuning = Tuning {
            by: Some(default_by.to_owned()),
            replicates: None,
        };
        for member in members {
            match member.key.as_str() {
                "by" => {
                    let by = reader.as_text("rate", &member.node)?;
                    tuning.by = if by == "metric" {
                        None
                    } else {
                        Some(metric::trial_column(reader, &member.node)?)
                    };
                }
                "replicates" => {
                    let most = i64::from(self.replicates) - 1;
                    if most < 1 {
                        let message = "tuning on replicates of its own needs at least 2 replicates";
                        return Err(self.document.error(member.span, message, ""));
                    }
                    tuning.replicates = Some(reader.as_integer("replicates", &member.node, 1..=most)? as u32);
                }
                other => {
                    let error =
                        self.document
                            .error(member.span, format!("unknown key `{other}` in `rate`"), "");
                    return Err(error.help(suggest(other, ["by", "replicates"], "keys")));
                }
            }
        }
        Ok(tuning)
    }

    fn selector(&self, node: &Node, side: &str) -> Result<Selector> {
        let Item::Table(members) = &node.item else {
            let message = format!("`{side}` must be a table of coordinates, not {}", node.describe());
            let error = self.document.error(node.span, message, "");
            return Err(error.help("for example { scheme = \"he_normal\", learning_rate = 0.1 }"));
        };
        let mut selector = BTreeMap::new();
        for member in members {
            let Some(axis) = Axis::named(&member.key) else {
                let error =
                    self.document
                        .error(member.span, format!("`{}` is not a coordinate", member.key), "");
                return Err(error.help(suggest(
                    &member.key,
                    Axis::ALL.iter().map(|a| a.name()),
                    "coordinates",
                )));
            };
            let mut texts = Vec::new();
            for item in listed(axis, &member.node) {
                texts.push(self.coordinate(axis, item)?);
            }
            if texts.is_empty() {
                return Err(self
                    .document
                    .error(member.node.span, format!("`{axis}` is an empty list"), ""));
            }
            selector.insert(axis, texts);
        }
        Ok(Selector(selector))
    }

    fn coordinate(&self, axis: Axis, node: &Node) -> Result<String> {
        if Axis::CELL.contains(&axis) {
            let i = self.grid.axes.named(axis, node, self.document, self.registry)?;
            return Ok(self.grid.axes.text(axis, i).to_owned());
        }
        match node.item {
            Item::Integer(x) if x >= 0 && (axis != Axis::Replicate || x < i64::from(self.replicates)) => {
                Ok(x.to_string())
            }
            _ => {
                let message = format!("no trial has {axis} {}", node.describe());
                Err(self.document.error(node.span, message, ""))
            }
        }
    }
}

const TRANSFORMS: [(&str, Transform); 4] = [
    ("none", Transform::Identity),
    ("ln", Transform::Ln),
    ("log2", Transform::Log2),
    ("square", Transform::Square),
];

/// An aggregate: a word, or `fraction >= x`.
pub(super) fn aggregate(reader: &Reader<'_>, key: &str) -> Result<Option<Aggregate>> {
    let Some(node) = reader.get(key) else {
        return Ok(None);
    };
    let text = reader.as_text(key, node)?;
    let words = [
        ("median", Aggregate::Median),
        ("mean", Aggregate::Mean),
        ("iqm", Aggregate::Iqm),
        ("min", Aggregate::Min),
        ("max", Aggregate::Max),
        ("std", Aggregate::Std),
        ("var", Aggregate::Var),
        ("sum", Aggregate::Sum),
    ];
    if let [first, op, number] = text.split_whitespace().collect::<Vec<_>>().as_slice()
        && *first == "fraction"
    {
        let op = relation::operator(op);
        let number = number.parse::<f64>().ok().filter(|x| x.is_finite());
        if let (Ok(op), Some(number)) = (op, number) {
            return Ok(Some(Aggregate::Fraction(op, number)));
        }
    }
    if text.starts_with("fraction") {
        return Err(reader.wrong(key, node, "\"fraction >= 1\" (or <=, >, <, == and any number)"));
    }
    reader.as_choice(key, node, &words).map(Some)
}

/// The relation with its threshold and tolerance, and whether it speaks of `right`.
fn read_relation(reader: &Reader<'_>) -> Result<(Relation, bool)> {
    let node = reader.require("relation")?;
    let text = reader.as_text("relation", node)?;
    let wrong = |message: String| -> Error {
        reader
            .document
            .error(node.span, message, "")
            .help(relation::EXAMPLES)
    };
    let mut parsed = relation::parse(text).map_err(wrong)?;
    let threshold = reader.number("threshold", "a number", |_| true)?;
    match (threshold, parsed.complete, &mut parsed.relation) {
        (Some(x), false, Relation::Compare { threshold, .. } | Relation::Spread { threshold, .. }) => {
            *threshold = x
        }
        (Some(_), ..) => {
            let span = reader.get("threshold").map_or(reader.span(), |n| n.span);
            return Err(reader
                .document
                .error(span, "the relation has its right-hand side already", ""));
        }
        (None, false, _) => {
            return Err(wrong("the relation has no right-hand side".to_owned()).help("or set `threshold`"));
        }
        (None, true, _) => {}
    }
    if let Some(slack) = reader.number("tolerance", "a number from 0", |x| x >= 0.0)? {
        parsed.relation = match parsed.relation {
            Relation::Monotone { axis, increasing, .. } => Relation::Monotone {
                axis,
                increasing,
                tolerance: slack,
            },
            Relation::Compare {
                side,
                op: super::claim::Op::Equal,
                threshold,
            } => Relation::Within {
                side,
                low: threshold - slack,
                high: threshold + slack,
            },
            _ => {
                let span = reader.get("tolerance").map_or(reader.span(), |n| n.span);
                let error = reader
                    .document
                    .error(span, "this relation takes no tolerance", "");
                return Err(error.help("only increasing, decreasing and == do"));
            }
        };
    }
    Ok((parsed.relation, parsed.right))
}

fn axes_of(reader: &Reader<'_>, key: &str) -> Result<Vec<Axis>> {
    let Some(node) = reader.get(key) else {
        return Ok(Vec::new());
    };
    let choices: Vec<(&str, Axis)> = Axis::CELL.iter().map(|a| (a.name(), *a)).collect();
    node.as_list()
        .iter()
        .map(|item| reader.as_choice(key, item, &choices))
        .collect()
}
