//! `[grid]`: axes to cells.

use super::axes::{Axes, Cell, MAX_VALUES};
use super::coordinates::Axis;
use super::document::{Document, Item, Node};
use super::keys::GRID;
use super::section::Table;
use super::values::{self, listed};
use crate::activation::Activation;
use crate::data::DataSpec;
use crate::init::{BiasInit, Registry};
use crate::model::Optimizer;
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

/// What stands on an axis that the grid leaves out.
pub(super) struct Defaults<'d> {
    /// `[data]`, if given.
    pub data: Option<&'d Node>,
    /// `batch_size` of `[train]`, if given.
    pub batch_size: Option<&'d Node>,
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
        let reader = Table::open(document, grid, &GRID)?;
        builder.cells(&reader, i as u32, &mut cells)?;
    }
    cells.sort_unstable();
    if let Some(pair) = cells.windows(2).find(|w| w[0].0 == w[1].0) {
        let cell: Vec<String> = Axis::CELL
            .iter()
            .zip(pair[1].0)
            .filter(|(axis, _)| builder.axes.len(**axis) > 1)
            .map(|(axis, i)| format!("{axis} = {}", builder.axes.text(*axis, i)))
            .collect();
        let message = format!("this grid repeats a cell of an earlier one: {}", cell.join(", "));
        let error = document.error(grids[pair[1].1 as usize].span, message, "");
        return Err(error.help("leave it out of one of them, for example with `exclude`"));
    }
    let mut cells: Vec<Cell> = cells.into_iter().map(|(cell, _)| cell).collect();
    builder.axes.settle(&mut cells);
    Ok(Grid {
        axes: builder.axes,
        cells,
    })
}

struct Builder<'d> {
    document: &'d Document,
    registry: &'d Registry,
    defaults: &'d Defaults<'d>,
    axes: Axes,
}

impl<'d> Builder<'d> {
    /// Adds the cells of one grid to `cells`.
    fn cells(&mut self, reader: &Table<'d>, number: u32, cells: &mut Vec<(Cell, u32)>) -> Result<()> {
        let mut values: Vec<Vec<u16>> = Vec::with_capacity(Axis::CELL.len());
        for axis in Axis::CELL {
            values.push(self.axis(reader, axis)?);
        }
        let product = values.iter().try_fold(1usize, |n, v| n.checked_mul(v.len()));
        let count = product
            .and_then(|n| n.checked_add(cells.len()))
            .unwrap_or(usize::MAX);
        if count > MAX_CELLS {
            let sizes: Vec<String> = Axis::CELL
                .iter()
                .zip(&values)
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
    fn axis(&mut self, reader: &Table<'d>, axis: Axis) -> Result<Vec<u16>> {
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
        self.axes.put(axis, item, self.registry).map_err(|error| {
            let span = item.part_quoted_in(error.message());
            self.document.point(error, span, "")
        })
    }

    /// An axis that is also a key of [data] or [train] may be given in one place only.
    fn only_once(&self, reader: &Table<'d>, axis: Axis) -> Result<()> {
        let elsewhere = match axis {
            Axis::Dataset => self
                .defaults
                .data
                .filter(|d| has_more_than_noise(d))
                .map(|_| "[data]"),
            Axis::LabelNoise => self.data_noise().map(|_| "[data]"),
            Axis::BatchSize => self.defaults.batch_size.map(|_| "[train]"),
            _ => None,
        };
        let Some(elsewhere) = elsewhere else { return Ok(()) };
        let span = reader.key_span(axis.name()).unwrap_or(reader.span());
        let message = format!("`{axis}` is given here and in {elsewhere}");
        Err(self
            .document
            .error(span, message, "")
            .help("an axis of the grid replaces the single value: take one of them away"))
    }

    fn data_noise(&self) -> Option<&'d Node> {
        let Item::Table(members) = &self.defaults.data?.item else {
            return None;
        };
        members.iter().find(|m| m.key == "label_noise").map(|m| &m.node)
    }

    /// The one value of an axis that the grid leaves out.
    fn default(&mut self, reader: &Table<'d>, axis: Axis) -> Result<u16> {
        let span = reader.span();
        Ok(match axis {
            Axis::Dataset => match self.defaults.data {
                Some(node) => {
                    let spec = self.data(node)?;
                    self.axes.put_dataset(spec, node.span)?
                }
                None => self
                    .axes
                    .put_dataset(DataSpec::parse(&Value::Text("digits".to_owned()))?, span)?,
            },
            Axis::LabelNoise => match self.data_noise() {
                Some(node) => {
                    let noise = values::label_noise(&node.value());
                    let noise = noise.map_err(|e| self.document.point(e, node.span, ""))?;
                    self.axes.put_label_noise(noise, node.span)
                }
                None => self.axes.put_label_noise(0.0, span),
            },
            Axis::Activation => self.axes.put_activation(vec![Activation::named("relu")?], span),
            Axis::Bias => self.axes.put_bias(BiasInit::default(), span),
            Axis::Optimizer => self.axes.put_optimizer(Optimizer::sgd(), span),
            Axis::BatchSize => match self.defaults.batch_size {
                Some(node) => {
                    let size = values::batch_size(&node.value());
                    let size = size.map_err(|e| self.document.point(e, node.span, ""))?;
                    self.axes.put_batch_size(size, node.span)
                }
                None => self.axes.put_batch_size(32, span),
            },
            required => return Err(reader.missing(required.name())),
        })
    }

    /// `[data]`, which may have `label_noise` beside the dataset's own keys.
    fn data(&self, node: &Node) -> Result<DataSpec> {
        let mut value = node.value();
        if let Value::Table(table) = &mut value {
            table.remove("label_noise");
        }
        DataSpec::parse(&value).map_err(|error| {
            let span = node.part_quoted_in(error.message());
            self.document.point(error, span, "")
        })
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
                    .all(|(place, numbers)| numbers.contains(&cell[*place]))
        });
        if cells.len() == before {
            let error = self.document.error(node.span, "this excludes no cell", "");
            return Err(error.help("every cell that it describes is excluded already, or was never there"));
        }
        Ok(())
    }
}

/// Part of the coordinates: for places in a cell, the numbers that are meant.
pub(super) type Selected = Vec<(usize, Vec<u16>)>;

/// Reads a table of partial coordinates over the axes of a cell.
fn select(
    document: &Document,
    axes: &Axes,
    node: &Node,
    registry: &Registry,
    what: &str,
) -> Result<Selected> {
    let Item::Table(members) = &node.item else {
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
        let place = Axis::CELL
            .iter()
            .position(|axis| axis.name() == member.key)
            .ok_or_else(|| {
                let names = Axis::CELL.iter().map(|axis| axis.name());
                let error = document.error(
                    member.span,
                    format!("`{}` is not an axis of the grid", member.key),
                    "",
                );
                error.help(catalog::suggest(&member.key, names, "axes"))
            })?;
        let axis = Axis::CELL[place];
        let numbers: Result<Vec<u16>> = listed(axis, &member.node)
            .iter()
            .map(|n| axes.named(axis, n, document, registry))
            .collect();
        selected.push((place, numbers?));
    }
    Ok(selected)
}

fn has_more_than_noise(data: &Node) -> bool {
    !matches!(&data.item, Item::Table(members) if members.iter().all(|m| m.key == "label_noise"))
}

/// Every combination of `values`.
fn product_of(values: &[Vec<u16>], number: u32, cells: &mut Vec<(Cell, u32)>) {
    let count: usize = values.iter().map(Vec::len).product();
    cells.reserve(count);
    for mut i in 0..count {
        let mut cell = Cell::default();
        for (place, axis) in values.iter().enumerate().rev() {
            cell[place] = axis[i % axis.len()];
            i /= axis.len();
        }
        cells.push((cell, number));
    }
}
