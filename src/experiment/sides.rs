//! Whether the sides of a claim are single cells but for the axes that are free.

use std::collections::BTreeSet;

use super::axes::Cell;
use super::claim::{Metric, Rate, Relation, Selector};
use super::claims::ClaimContext;
use super::coordinates::Axis;
use super::document::Span;
use super::section::TableReader;
use crate::support::error::Result;

impl<'d> ClaimContext<'d> {
    /// The values that an axis takes in the cells of a selector.
    fn values(&self, selector: &Selector, axis: Axis) -> BTreeSet<u16> {
        if !Axis::CELL.contains(&axis) {
            return BTreeSet::new();
        }
        self.matching(selector).map(|cell| cell[axis]).collect()
    }

    fn matching(&self, selector: &Selector) -> impl Iterator<Item = &Cell> {
        let wanted: Vec<(Axis, Vec<u16>)> = Axis::CELL
            .into_iter()
            .filter_map(|axis| {
                let texts = selector.texts(axis)?.iter();
                Some((axis, texts.filter_map(|t| self.grid.axes.find(axis, t)).collect()))
            })
            .collect();
        self.grid.cells.iter().filter(move |cell| {
            wanted
                .iter()
                .all(|(axis, numbers)| numbers.contains(&cell[*axis]))
        })
    }

    /// A side must be one cell but for the axes that are free.
    pub fn check_side(&self, span: Span, side: &str, selector: &Selector, free: &FreeAxes<'_>) -> Result<()> {
        if self.matching(selector).next().is_none() {
            let message = format!("`{side}` matches no cell of the grid");
            let error = self.document.error(span, message, "");
            return Err(error.help("each of these values is in the grid, but no cell has them all"));
        }
        for axis in Axis::CELL {
            let values = self.values(selector, axis);
            if free.needs_many(axis) && values.len() < 2 {
                let message = format!("the claim compares values of {axis}, but `{side}` has only one");
                return Err(self.document.error(span, message, ""));
            }
            if values.len() > 1 && !free.contains(axis) {
                let some: Vec<&str> = values
                    .iter()
                    .take(3)
                    .map(|i| self.grid.axes.text(axis, *i))
                    .collect();
                let more = if values.len() > 3 { ", ..." } else { "" };
                let message = format!(
                    "`{side}` matches cells that differ in {axis} ({}{more})",
                    some.join(", ")
                );
                let mut help = format!(
                    "name one {axis}, or list it in for_each (must hold for each) or pool (taken together)"
                );
                if axis == Axis::LearningRate {
                    help.push_str(", or set rate = \"tuned\"");
                }
                return Err(self.document.error(span, message, "").help(help));
            }
        }
        Ok(())
    }

    /// The layers that the metric is about must be among those whose rows are written.
    pub fn check_rows(
        &self,
        table: &TableReader<'d>,
        metric: &Metric,
        relation: &Relation,
        sides: [Option<&Selector>; 2],
    ) -> Result<()> {
        let (Metric::Layer { layers: asked, .. }
        | Metric::Probe { layers: asked, .. }
        | Metric::Steps { layers: asked, .. }) = metric
        else {
            return Ok(());
        };
        let (written, Some(place)) = (&self.record.layer_rows, self.layer_rows) else {
            return Ok(());
        };
        let mut depths = BTreeSet::new();
        for side in sides.into_iter().flatten() {
            let mut side = side.clone();
            // The rivals of a ranking stand along its axis.
            if let Relation::Rank { axis, .. } = relation {
                side.0.remove(axis);
            }
            let networks = self.values(&side, Axis::Architecture);
            depths.extend(networks.into_iter().map(|i| self.grid.axes.weight_layers(i)));
        }
        let missing = |count: u32| (1..=count).any(|l| asked.contain(l, count) && !written.contain(l, count));
        if !depths.into_iter().any(missing) {
            return Ok(());
        }
        let node = table.get("layers").or(table.get("metric"));
        let message = format!("the claim needs rows of layers that are not written: it asks for {asked}");
        let error = table.error(node.map_or(table.span(), |n| n.span), message);
        Err(error.help(format!(
            "layer_rows = {written} in [record], {}, keeps no others: write more there, or ask for fewer here with `layers`",
            self.document.line_of(place)
        )))
    }

    /// Under `for_each`, every value of one side has a partner on the other.
    pub fn check_partners(
        &self,
        table: &TableReader<'d>,
        left: &Selector,
        right: &Selector,
        for_each: &[Axis],
    ) -> Result<()> {
        for &axis in for_each {
            if self.values(left, axis) != self.values(right, axis) {
                let message = format!("`left` and `right` have different values of {axis}");
                let error = table.error(table.place("for_each"), message);
                return Err(error.help("under for_each, both sides must have the same values"));
            }
        }
        Ok(())
    }
}

/// The axes on which a side may have several values.
pub(super) struct FreeAxes<'c> {
    pub for_each: &'c [Axis],
    pub pool: &'c [Axis],
    pub relation: &'c Relation,
    pub rate: &'c Rate,
    pub metric: &'c Metric,
}

impl FreeAxes<'_> {
    fn needs_many(&self, axis: Axis) -> bool {
        match self.relation {
            Relation::Monotone { axis: over, .. } | Relation::Spread { axis: over, .. } if *over == axis => {
                true
            }
            _ => axis == Axis::LearningRate && matches!(self.metric, Metric::BestRate { .. }),
        }
    }

    fn contains(&self, axis: Axis) -> bool {
        self.needs_many(axis)
            || self.for_each.contains(&axis)
            || self.pool.contains(&axis)
            || axis == Axis::LearningRate && matches!(self.rate, Rate::Tuned(_))
    }
}
