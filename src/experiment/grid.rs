//! `[grid]`: axes to cells.

use super::axes::{Axes, Cell, MAX_VALUES, listed};
use super::axis::AlsoIn;
use super::coordinates::Axis;
use super::document::{Document, Node, Toml};
use super::keys::GRID;
use super::section::TableReader;
use crate::init::Registry;
use crate::support::catalog::{self, Value};
use crate::support::error::Result;

/// The most cells that an experiment may have.
pub const MAX_CELLS: usize = 1_000_000;

/// The cells of an experiment in the order of the tables, and the values they are made of.
#[derive(Debug)]
pub(super) struct Grid {
    pub axes: Axes,
    pub cells: Vec<Cell>,
}

/// The tables beside `[grid]` that may give the one value of an axis.
pub(super) struct Defaults<'d> {
    /// `[data]`, if given.
    pub data: Option<&'d Node>,
    /// `[train]`.
    pub train: &'d Node,
}

impl<'d> Defaults<'d> {
    /// The value that is given outside `[grid]`, and where it stands.
    fn of(&self, axis: Axis) -> Option<(&'d Node, Value)> {
        let key = |table: &'d Node| {
            let members = table.members().iter();
            let found = members.into_iter().find(|m| m.key == axis.name())?;
            Some((&found.node, found.node.value()))
        };
        match axis.also_in()? {
            AlsoIn::TrainKey => key(self.train),
            AlsoIn::DataKey => key(self.data?),
            AlsoIn::Data => {
                let node = self.data?;
                let mut value = node.value();
                if let Value::Table(table) = &mut value {
                    for other in Axis::CELL.iter().filter(|a| a.also_in() == Some(AlsoIn::DataKey)) {
                        table.remove(other.name());
                    }
                }
                Some((node, value))
            }
        }
    }
}

/// Reads `[grid]`, or every `[[grid]]`.
pub(super) fn read(
    document: &Document,
    node: &Node,
    defaults: &Defaults<'_>,
    registry: &Registry,
) -> Result<Grid> {
    let grids = node.as_list();
    if grids.is_empty() {
        return Err(document.error(node.span, "`grid` is an empty list: there would be no cells", ""));
    }
    let mut builder = Builder {
        document,
        registry,
        defaults,
        axes: Axes::new(),
    };
    // (cell, number of its grid)
    let mut cells: Vec<(Cell, u32)> = Vec::new();
    for (i, grid) in grids.iter().enumerate() {
        let reader = TableReader::open(document, grid, &GRID)?;
        builder.cells(&reader, i as u32, &mut cells)?;
    }
    cells.sort_unstable();
    if let Some(pair) = cells.windows(2).find(|w| w[0].0 == w[1].0) {
        let cell: Vec<String> = Axis::CELL
            .into_iter()
            .filter(|axis| builder.axes.len(*axis) > 1)
            .map(|axis| format!("{axis} = {}", builder.axes.text(axis, pair[1].0[axis])))
            .collect();
        let message = format!("this grid repeats a cell of an earlier one: {}", cell.join(", "));
        let error = document.error(grids[pair[1].1 as usize].span, message, "");
        return Err(error.help("leave it out of one of them, for example with `exclude`"));
    }
    check_labels(document, &builder.axes)?;
    let mut cells: Vec<Cell> = cells.into_iter().map(|(cell, _)| cell).collect();
    builder.axes.sort_and_compact(&mut cells);
    Ok(Grid {
        axes: builder.axes,
        cells,
    })
}

/// A label names one scheme.
fn check_labels(document: &Document, axes: &Axes) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for item in &axes.scheme.items {
        let label = item.value.label.as_deref();
        if let Some(label) = label.filter(|label| !seen.insert(*label)) {
            let message = format!("two schemes have the label `{label}`");
            let error = document.error(item.span, message, "the second");
            return Err(error.help("a label tells a scheme from others: give each its own"));
        }
    }
    Ok(())
}

struct Builder<'d> {
    document: &'d Document,
    registry: &'d Registry,
    defaults: &'d Defaults<'d>,
    axes: Axes,
}

impl<'d> Builder<'d> {
    /// Adds the cells of one grid to `cells`.
    fn cells(&mut self, reader: &TableReader<'d>, number: u32, cells: &mut Vec<(Cell, u32)>) -> Result<()> {
        let mut values: Vec<(Axis, Vec<u16>)> = Vec::with_capacity(Axis::CELL.len());
        for axis in Axis::CELL {
            values.push((axis, self.axis(reader, axis)?));
        }
        let product = values.iter().try_fold(1usize, |n, (_, v)| n.checked_mul(v.len()));
        let count = product
            .and_then(|n| n.checked_add(cells.len()))
            .unwrap_or(usize::MAX);
        if count > MAX_CELLS {
            let sizes: Vec<String> = values
                .iter()
                .filter(|(_, v)| v.len() > 1)
                .map(|(axis, v)| format!("{} {axis}", v.len()))
                .collect();
            let message = format!("the grid has more than {MAX_CELLS} cells: {}", sizes.join(" x "));
            return Err(self
                .document
                .error(reader.span(), message, "")
                .help("an experiment has at most a million cells"));
        }
        let start = cells.len();
        product_of(&values, number, cells);
        if let Some(excludes) = reader.get("exclude") {
            for exclude in excludes.as_list() {
                self.exclude(exclude, start, cells)?;
            }
        }
        if cells.len() == start {
            return Err(self
                .document
                .error(reader.span(), "every cell of this grid is excluded", ""));
        }
        Ok(())
    }

    /// The numbers of the values that one axis has in this grid.
    fn axis(&mut self, reader: &TableReader<'d>, axis: Axis) -> Result<Vec<u16>> {
        let Some(node) = reader.get(axis.name()) else {
            return Ok(vec![self.default(reader, axis)?]);
        };
        self.only_once(reader, axis)?;
        let items = listed(axis, node);
        if items.is_empty() {
            let message = format!("`{axis}` is an empty list: there would be no cells");
            let error = self.document.error(node.span, message, "empty");
            return Err(reader.about(axis.name(), error));
        }
        if items.len() > MAX_VALUES {
            let message = format!("`{axis}` has {} values, more than {MAX_VALUES}", items.len());
            return Err(self.document.error(node.span, message, ""));
        }
        let mut numbers: Vec<u16> = Vec::with_capacity(items.len());
        let mut seen = std::collections::BTreeSet::new();
        for item in items {
            let number = self.put(axis, item)?;
            if !seen.insert(number) {
                let message = format!("`{}` is in this list twice", self.axes.text(axis, number));
                return Err(self
                    .document
                    .error(item.span, message, "a duplicate")
                    .help("every value of an axis makes cells of its own; take one away"));
            }
            numbers.push(number);
        }
        Ok(numbers)
    }

    fn put(&mut self, axis: Axis, item: &Node) -> Result<u16> {
        if self.axes.len(axis) >= usize::from(u16::MAX) {
            return Err(self.document.error(
                item.span,
                format!("the grids have too many values of `{axis}`"),
                "",
            ));
        }
        let number = self.axes.put(axis, item.value(), item.span, self.registry);
        number.map_err(|error| {
            let span = item.part_quoted_in(error.message());
            self.document.point(error, span, "")
        })
    }

    /// The one value of an axis that is given outside `[grid]` may not be given in it, too.
    fn only_once(&self, reader: &TableReader<'d>, axis: Axis) -> Result<()> {
        let (Some(place), Some((_, value))) = (axis.also_in(), self.defaults.of(axis)) else {
            return Ok(());
        };
        if matches!(&value, Value::Table(table) if table.is_empty()) {
            return Ok(());
        }
        let span = reader.key_span(axis.name()).unwrap_or(reader.span());
        let message = format!("`{axis}` is given here and in {}", place.table());
        Err(self
            .document
            .error(span, message, "")
            .help("an axis of the grid replaces the single value: take one of them away"))
    }

    /// The one value of an axis that the grid leaves out.
    fn default(&mut self, reader: &TableReader<'d>, axis: Axis) -> Result<u16> {
        if let Some((node, value)) = self.defaults.of(axis) {
            let number = self.axes.put(axis, value, node.span, self.registry);
            return number.map_err(|error| {
                let span = node.part_quoted_in(error.message());
                self.document.point(error, span, "")
            });
        }
        let number = self.axes.put_default(axis, reader.span(), self.registry);
        number.unwrap_or_else(|| Err(reader.missing(axis.name())))
    }

    /// Takes the cells that `node` describes away from those that follow `start`.
    fn exclude(&self, node: &Node, start: usize, cells: &mut Vec<(Cell, u32)>) -> Result<()> {
        let selected = select(self.document, &self.axes, node, self.registry, "exclude")?;
        let before = cells.len();
        let mut i = 0;
        cells.retain(|(cell, _)| {
            i += 1;
            i <= start
                || !selected
                    .iter()
                    .all(|(axis, numbers)| numbers.contains(&cell[*axis]))
        });
        if cells.len() == before {
            let error = self.document.error(node.span, "this excludes no cell", "");
            return Err(error.help("every cell that it describes is excluded already, or was never there"));
        }
        Ok(())
    }
}

/// Part of the coordinates: for some axes, the numbers that are meant.
type Selected = Vec<(Axis, Vec<u16>)>;

/// Reads a table of partial coordinates over the axes of a cell.
fn select(
    document: &Document,
    axes: &Axes,
    node: &Node,
    registry: &Registry,
    what: &str,
) -> Result<Selected> {
    let Toml::Table(members) = &node.item else {
        let message = format!("`{what}` must be a table of coordinates, not {}", node.describe());
        return Err(document
            .error(node.span, message, "")
            .help("for example { scheme = \"zeros\", activation = \"relu\" }"));
    };
    if members.is_empty() {
        return Err(document.error(node.span, format!("`{what}` names no coordinate"), ""));
    }
    let mut selected = Vec::new();
    for member in members {
        let axis = Axis::CELL
            .into_iter()
            .find(|axis| axis.name() == member.key)
            .ok_or_else(|| {
                let names = Axis::CELL.iter().map(|axis| axis.name());
                let error = document.error(
                    member.span,
                    format!("`{}` is not an axis of the grid", member.key),
                    "",
                );
                error.help(catalog::suggest(&member.key, names, "axes"))
            })?;
        let numbers: Result<Vec<u16>> = listed(axis, &member.node)
            .iter()
            .map(|n| axes.named(axis, n, document, registry))
            .collect();
        selected.push((axis, numbers?));
    }
    Ok(selected)
}

/// Every combination of `values`, the last axis fastest.
fn product_of(values: &[(Axis, Vec<u16>)], number: u32, cells: &mut Vec<(Cell, u32)>) {
    let count: usize = values.iter().map(|(_, v)| v.len()).product();
    cells.reserve(count);
    for i in 0..count {
        let mut repeats = count;
        let cell = Cell::from_numbers(values.iter().map(|(axis, numbers)| {
            repeats /= numbers.len();
            (*axis, numbers[i / repeats % numbers.len()])
        }));
        cells.push((cell, number));
    }
}
