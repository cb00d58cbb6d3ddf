//! Reading `[[claim]]`.

use std::collections::{BTreeMap, BTreeSet};

use super::axes::listed;
use super::claim::{Claim, Metric, Op, Rate, Relation, Selector, Tuning};
use super::coordinates::Axis;
use super::document::{Document, Node, Span, Toml};
use super::grid::Grid;
use super::keys::{ClaimKeys, RateKeys};
use super::metric;
use super::relation;
use super::section::TableReader;
use super::settings::{Length, Record};
use super::sides::FreeAxes;
use crate::init::Registry;
use crate::model::Loss;
use crate::support::catalog::suggest;
use crate::support::error::{Error, Result};

/// The most claims that a file may make.
const MAX_CLAIMS: usize = 1000;

/// What claims are checked against.
pub(super) struct ClaimContext<'d> {
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
pub(super) fn read(context: &ClaimContext<'_>, node: &Node) -> Result<Vec<Claim>> {
    let document = context.document;
    let Toml::List(nodes) = &node.item else {
        let error = document.error(node.span, "`claim` must be a list of tables", "");
        return Err(error.help("write [[claim]] in two pairs of brackets: there may be several"));
    };
    if nodes.len() > MAX_CLAIMS {
        let message = format!("{} claims are more than {MAX_CLAIMS}", nodes.len());
        return Err(document.error(node.span, message, ""));
    }
    let mut names = BTreeSet::new();
    let mut claims = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.iter().enumerate() {
        let (keys, table) = TableReader::read::<ClaimKeys>(document, node)?;
        let claim = context.claim(keys, &table, i)?;
        if !names.insert(claim.name.clone()) {
            let message = format!("another claim is called `{}`", claim.name);
            return Err(table.error(table.place("name"), message));
        }
        claims.push(claim);
    }
    Ok(claims)
}

impl<'d> ClaimContext<'d> {
    fn claim(&self, keys: ClaimKeys, table: &TableReader<'d>, number: usize) -> Result<Claim> {
        let metric = metric::read(self, table, keys.across)?;
        let (relation, right_wanted) = read_relation(&keys, table)?;
        let rate = self.rate(table, &metric)?;
        let for_each = axes_of(table, "for_each")?;
        let pool = axes_of(table, "pool")?;
        let left = self.selector(table.require("left")?, "left")?;
        let right = match (table.get("right"), right_wanted) {
            (Some(node), true) => Some(self.selector(node, "right")?),
            (None, false) => None,
            (Some(node), false) => {
                let error = table.error(node.span, "the relation does not speak of `right`");
                return Err(error.help("for example relation = \"left - right >= 0.5\""));
            }
            (None, true) => return Err(table.missing("right")),
        };
        let free = FreeAxes {
            for_each: &for_each,
            pool: &pool,
            relation: &relation,
            rate: &rate,
            metric: &metric,
        };
        self.check_side(table.place("left"), "left", &left, &free)?;
        if let Some(right) = &right {
            self.check_side(table.place("right"), "right", right, &free)?;
            self.check_partners(table, &left, right, &for_each)?;
        }
        self.check_rows(table, &metric, &relation, [Some(&left), right.as_ref()])?;
        Ok(Claim {
            name: keys
                .name
                .map_or_else(|| format!("claim-{}", number + 1), |name| name.0),
            source: keys.source.unwrap_or_default(),
            sentence: keys.sentence,
            kind: keys.kind,
            transform: keys.transform,
            metric,
            left,
            right,
            for_each,
            pool,
            aggregate: keys.aggregate,
            rate,
            relation,
            confidence: keys.confidence.0,
        })
    }

    fn rate(&self, table: &TableReader<'d>, metric: &Metric) -> Result<Rate> {
        let Some(node) = table.get("rate") else {
            return Ok(Rate::Fixed);
        };
        let mut tuning = Tuning {
            by: Some(match self.loss {
                Loss::CrossEntropy => "validation_accuracy".to_owned(),
                _ => "validation_loss".to_owned(),
            }),
            replicates: None,
        };
        match &node.item {
            Toml::Text(word) if word == "fixed" => return Ok(Rate::Fixed),
            Toml::Text(word) if word == "tuned" => {}
            Toml::Table(_) => self.read_tuning(node, &mut tuning)?,
            _ => {
                let expected = "\"fixed\", \"tuned\" or { by = column, replicates = n }";
                return Err(table.wrong("rate", node, expected));
            }
        }
        if tuning.replicates.is_none() {
            let reported = match metric {
                Metric::Trial { column } | Metric::Epoch { column, .. } | Metric::TimeTo { column, .. } => {
                    column.as_str()
                }
                _ => "",
            };
            let by = tuning.by.as_deref().unwrap_or("");
            if reported.contains("validation") || !by.contains("validation") {
                let error = table.error(node.span, "the rate would be chosen on what is reported");
                return Err(error.help("choose on replicates of its own, { replicates = 2 }, or by a validation column and report another"));
            }
        }
        Ok(Rate::Tuned(tuning))
    }

    fn read_tuning(&self, node: &'d Node, tuning: &mut Tuning) -> Result<()> {
        let (_, table) = TableReader::read::<RateKeys>(self.document, node)?;
        match table.get("by") {
            Some(node) if matches!(&node.item, Toml::Text(by) if by == "metric") => tuning.by = None,
            Some(node) => tuning.by = Some(metric::trial_column(&table, "by", node)?),
            None => {}
        }
        if let Some(node) = table.get("replicates") {
            let most = i64::from(self.replicates) - 1;
            if most < 1 {
                let message = "tuning on replicates of its own needs at least 2 replicates";
                return Err(table.error(node.span, message));
            }
            tuning.replicates = Some(table.integer("replicates", node, 1..=most)? as u32);
        }
        Ok(())
    }

    fn selector(&self, node: &Node, side: &str) -> Result<Selector> {
        let Toml::Table(members) = &node.item else {
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
            Toml::Integer(x) if x >= 0 && (axis != Axis::Replicate || x < i64::from(self.replicates)) => {
                Ok(x.to_string())
            }
            _ => {
                let message = format!("no trial has {axis} {}", node.describe());
                Err(self.document.error(node.span, message, ""))
            }
        }
    }
}

/// The relation with its threshold and tolerance, and whether it speaks of `right`.
fn read_relation(keys: &ClaimKeys, table: &TableReader<'_>) -> Result<(Relation, bool)> {
    let wrong = |message: String| -> Error {
        table
            .error(table.place("relation"), message)
            .help(relation::EXAMPLES)
    };
    let mut parsed = relation::parse(&keys.relation.0).map_err(wrong)?;
    match (keys.threshold, parsed.complete, &mut parsed.relation) {
        (Some(x), false, Relation::Compare { threshold, .. } | Relation::Spread { threshold, .. }) => {
            *threshold = x.0;
        }
        (Some(_), ..) => {
            let message = "the relation has its right-hand side already";
            return Err(table.error(table.place("threshold"), message));
        }
        (None, false, _) => {
            return Err(wrong("the relation has no right-hand side".to_owned()).help("or set `threshold`"));
        }
        (None, true, _) => {}
    }
    let Some(slack) = keys.tolerance.map(|slack| slack.0) else {
        return Ok((parsed.relation, parsed.right));
    };
    match &mut parsed.relation {
        Relation::Monotone { tolerance, .. } => *tolerance = slack,
        Relation::Compare {
            side,
            op: Op::Equal,
            threshold,
        } => {
            parsed.relation = Relation::Within {
                side: *side,
                low: *threshold - slack,
                high: *threshold + slack,
            };
        }
        _ => {
            let error = table.error(table.place("tolerance"), "this relation takes no tolerance");
            return Err(error.help("only increasing, decreasing and == do"));
        }
    }
    Ok((parsed.relation, parsed.right))
}

fn axes_of(table: &TableReader<'_>, key: &str) -> Result<Vec<Axis>> {
    let axis = |node: &Node| -> Result<Axis> {
        let Toml::Text(name) = &node.item else {
            return Err(table.wrong(key, node, "the name of an axis, or a list of them"));
        };
        let found = Axis::CELL.into_iter().find(|axis| axis.name() == name);
        found.ok_or_else(|| {
            let error = table.error(node.span, format!("`{key}` cannot be `{name}`"));
            let names = Axis::CELL.iter().map(|axis| axis.name());
            error.help(suggest(name, names, &format!("choices for {key}")))
        })
    };
    table
        .get(key)
        .map_or(&[][..], Node::as_list)
        .iter()
        .map(axis)
        .collect()
}
