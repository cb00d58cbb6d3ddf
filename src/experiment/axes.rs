//! The values on the axes of a grid, each once, under its canonical text.

use std::collections::BTreeMap;
use std::ops::Index;

use super::axis::{self, GridAxis, axes};
use super::canonical::expand;
use super::coordinates::{Axis, Coordinate as _, Coordinates};
use super::document::{Document, Node, Span, Toml};
use super::settings::TrialSeeds;
use crate::init::Registry;
use crate::support::catalog::{Value, suggest};
use crate::support::error::{Error, Kind, Result};

/// The most values that one axis may have.
pub(super) const MAX_VALUES: usize = 10_000;

/// One value of an axis.
#[derive(Debug)]
pub(super) struct Interned<A: GridAxis> {
    /// The text of the coordinate.
    pub text: String,
    coordinate: A::Coordinate,
    pub value: A::Value,
    /// Where it was first written.
    pub span: Span,
}

/// The values of one axis, numbered.
#[derive(Debug)]
pub(super) struct Interner<A: GridAxis> {
    axis: Axis,
    pub items: Vec<Interned<A>>,
    index: BTreeMap<String, u16>,
}

impl<A: GridAxis> Interner<A> {
    fn new(axis: Axis) -> Self {
        Interner {
            axis,
            items: Vec::new(),
            index: BTreeMap::new(),
        }
    }

    /// Value number `i`.
    pub fn item(&self, i: u16) -> &Interned<A> {
        &self.items[usize::from(i)]
    }

    /// The value that a cell has on this axis.
    pub fn of(&self, cell: &Cell) -> &A::Value {
        &self.item(cell[self.axis]).value
    }

    fn coordinate(&self, cell: &Cell) -> A::Coordinate {
        self.item(cell[self.axis]).coordinate.clone()
    }
}

/// An [`Interner`] of any axis.
trait AnyInterner {
    fn len(&self) -> usize;
    fn text(&self, i: u16) -> &str;
    fn find(&self, text: &str) -> Option<u16>;
    fn label(&self, i: u16) -> Option<&str>;

    /// The number of the value that a file means, added unless its text is there already.
    fn put(&mut self, value: &Value, span: Span, registry: &Registry) -> Result<u16>;

    /// As [`AnyInterner::put`] for the default of the axis; `None` if it has none.
    fn put_default(&mut self, span: Span, registry: &Registry) -> Option<Result<u16>>;

    /// Drops the values that are not `used`, sorts the others, numbers by value and text by
    /// bytes, and returns old number -> new number.
    fn sort_and_compact(&mut self, used: &[bool]) -> Vec<u16>;
}

impl<A: GridAxis> AnyInterner for Interner<A> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn text(&self, i: u16) -> &str {
        &self.item(i).text
    }

    fn find(&self, text: &str) -> Option<u16> {
        self.index.get(text).copied()
    }

    fn label(&self, i: u16) -> Option<&str> {
        A::label(&self.item(i).value)
    }

    fn put(&mut self, value: &Value, span: Span, registry: &Registry) -> Result<u16> {
        let value = A::parse(value, registry)?;
        let coordinate = A::coordinate(&value);
        let text = coordinate.text().into_owned();
        if let Some(i) = self.find(&text) {
            A::check_same(&self.item(i).value, &value)?;
            return Ok(i);
        }
        let i = self.items.len() as u16;
        self.index.insert(text.clone(), i);
        self.items.push(Interned {
            text,
            coordinate,
            value,
            span,
        });
        Ok(i)
    }

    fn put_default(&mut self, span: Span, registry: &Registry) -> Option<Result<u16>> {
        A::default_value().map(|value| self.put(&value, span, registry))
    }

    fn sort_and_compact(&mut self, used: &[bool]) -> Vec<u16> {
        let items = std::mem::take(&mut self.items).into_iter().enumerate();
        let mut kept: Vec<(usize, Interned<A>)> = items.filter(|(i, _)| used[*i]).collect();
        kept.sort_by(|a, b| a.1.coordinate.compare(&b.1.coordinate));
        let mut renumbered = vec![0; used.len()];
        for (new, (old, _)) in kept.iter().enumerate() {
            renumbered[*old] = new as u16;
        }
        self.items = kept.into_iter().map(|(_, item)| item).collect();
        let texts = self.items.iter().map(|item| item.text.clone());
        self.index = texts.zip(0..).collect();
        renumbered
    }
}

/// A cell: the number of its value on each axis of [`Axis::CELL`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell([u16; Axis::CELL.len()]);

impl Cell {
    /// The cell with these numbers on these axes of the grid.
    pub fn from_numbers(numbers: impl Iterator<Item = (Axis, u16)>) -> Self {
        let mut cell = Cell::default();
        for (axis, number) in numbers {
            cell.0[axis as usize] = number;
        }
        cell
    }

    /// The numbers, in the order of [`Axis::CELL`].
    pub fn numbers(&self) -> impl Iterator<Item = (Axis, u16)> {
        Axis::CELL.into_iter().zip(self.0)
    }
}

/// The number on an axis of the grid.
impl Index<Axis> for Cell {
    type Output = u16;

    fn index(&self, axis: Axis) -> &u16 {
        // The axes of the grid come first.
        &self.0[axis as usize]
    }
}

macro_rules! define {
    (
        cell { $($Cell:ident $cell:ident: $_cell_type:ty,)* }
        trial { $($(#[$_doc:meta])* $Trial:ident $trial:ident: $_trial_type:ty [$seed:ident, $($_rest:tt)*],)* }
    ) => {
        /// All values of all axes of an experiment. Once sorted, numbers are in the order of the
        /// tables.
        #[derive(Debug)]
        pub(super) struct Axes {
            $(pub $cell: Interner<axis::$Cell>,)*
        }

        /// What a trial gets from the axes of the grid.
        #[derive(Debug, Clone)]
        pub struct Values {
            $(
                // Of an axis of numbers, the coordinate is the value.
                #[allow(dead_code)]
                pub $cell: <axis::$Cell as GridAxis>::Value,
            )*
        }

        impl Axes {
            pub fn new() -> Self {
                Axes { $($cell: Interner::new(Axis::$Cell),)* }
            }

            /// The values of a cell.
            pub fn values(&self, cell: &Cell) -> Values {
                Values { $($cell: self.$cell.of(cell).clone(),)* }
            }

            /// The coordinates of a trial.
            pub fn coordinates(&self, cell: &Cell, seeds: &TrialSeeds) -> Coordinates {
                Coordinates {
                    $($cell: self.$cell.coordinate(cell),)*
                    $($trial: seeds.$seed,)*
                }
            }

            /// The values of an axis of the grid.
            fn interner(&self, axis: Axis) -> Option<&dyn AnyInterner> {
                match axis {
                    $(Axis::$Cell => Some(&self.$cell),)*
                    $(Axis::$Trial)|* => None,
                }
            }

            fn interner_mut(&mut self, axis: Axis) -> Option<&mut dyn AnyInterner> {
                match axis {
                    $(Axis::$Cell => Some(&mut self.$cell),)*
                    $(Axis::$Trial)|* => None,
                }
            }
        }

        /// The values of an axis that a node lists. A single value is a list of one.
        pub(super) fn listed(axis: Axis, node: &Node) -> &[Node] {
            let is_one_value = match (axis, node.value()) {
                $((Axis::$Cell, Value::List(list)) => axis::$Cell::is_one_value(&list),)*
                _ => false,
            };
            if is_one_value {
                return std::slice::from_ref(node);
            }
            node.as_list()
        }
    };
}
axes!(define);

impl Axes {
    /// Number of values of an axis; 0 for replicate and seeds.
    pub fn len(&self, axis: Axis) -> usize {
        self.interner(axis).map_or(0, |values| values.len())
    }

    /// The canonical text of value `i` of an axis.
    pub fn text(&self, axis: Axis, i: u16) -> &str {
        self.interner(axis).map_or("", |values| values.text(i))
    }

    /// The number of the value with a canonical text.
    pub fn find(&self, axis: Axis, text: &str) -> Option<u16> {
        self.interner(axis)?.find(text)
    }

    /// The label of value `i` of an axis.
    pub fn label(&self, axis: Axis, i: u16) -> Option<&str> {
        self.interner(axis)?.label(i)
    }

    /// The number of the value with a label.
    fn labelled(&self, axis: Axis, label: &str) -> Option<u16> {
        (0..self.len(axis) as u16).find(|i| self.label(axis, *i) == Some(label))
    }

    /// Weight layers of architecture `i`, the output layer included.
    pub fn weight_layers(&self, i: u16) -> u32 {
        self.architecture.item(i).value.weight_layers()
    }

    /// Weight layers of the deepest architecture.
    pub fn deepest(&self) -> u32 {
        let architectures = self.architecture.items.iter();
        architectures.map(|a| a.value.weight_layers()).max().unwrap_or(0)
    }

    /// The axes whose columns tables do not have: the optional ones that are everywhere at their
    /// default.
    pub fn without_column(&self) -> Vec<Axis> {
        let at_default = |axis: &Axis| {
            let default = axis.default_without_column();
            default.is_some_and(|default| self.texts(*axis).eq([default]))
        };
        Axis::CELL.into_iter().filter(at_default).collect()
    }

    /// The texts of an axis.
    pub fn texts(&self, axis: Axis) -> impl Iterator<Item = &str> {
        (0..self.len(axis)).map(move |i| self.text(axis, i as u16))
    }

    /// The number of the value that `value` means on an axis of the grid, added unless it is there
    /// already. Canonical texts mean their values.
    pub fn put(&mut self, axis: Axis, value: Value, span: Span, registry: &Registry) -> Result<u16> {
        match self.interner_mut(axis) {
            Some(values) => values.put(&expand(value), span, registry),
            None => Err(Error::new(
                Kind::Experiment,
                format!("{axis} is no axis of the grid"),
            )),
        }
    }

    /// The number of the default of an axis; `None` if it has none.
    pub fn put_default(&mut self, axis: Axis, span: Span, registry: &Registry) -> Option<Result<u16>> {
        self.interner_mut(axis)?.put_default(span, registry)
    }

    /// Brings values into the order of the tables, drops those that no cell uses, and renumbers
    /// and sorts the cells.
    pub fn sort_and_compact(&mut self, cells: &mut [Cell]) {
        for axis in Axis::CELL {
            let Some(values) = self.interner_mut(axis) else {
                continue;
            };
            let mut used = vec![false; values.len()];
            for cell in cells.iter() {
                used[usize::from(cell[axis])] = true;
            }
            let renumbered = values.sort_and_compact(&used);
            for cell in cells.iter_mut() {
                let number = &mut cell.0[axis as usize];
                *number = renumbered[usize::from(*number)];
            }
        }
        cells.sort_unstable();
    }

    /// The number of the value that a node names on an axis: a value, a canonical text as it
    /// stands in the tables, or a label.
    ///
    /// # Errors
    /// Something that no cell has.
    pub fn named(&self, axis: Axis, node: &Node, document: &Document, registry: &Registry) -> Result<u16> {
        if let Toml::Text(text) = &node.item
            && let Some(i) = self.find(axis, text).or_else(|| self.labelled(axis, text))
        {
            return Ok(i);
        }
        let mut parsed = Axes::new();
        let text = match parsed.put(axis, node.value(), node.span, registry) {
            Ok(i) => parsed.text(axis, i),
            Err(error) if matches!(node.item, Toml::Text(_)) => {
                let error = Error::new(Kind::Experiment, error.message())
                    .help(self.known(axis, &node.value().to_string()));
                return Err(document.point(error, node.span, "no cell has this"));
            }
            Err(error) => {
                let span = node.part_quoted_in(error.message());
                return Err(document.point(error, span, ""));
            }
        };
        self.find(axis, text).ok_or_else(|| {
            let error = document.error(
                node.span,
                format!("no cell of the grid has {axis} `{text}`"),
                "not in the grid",
            );
            error.help(self.known(axis, text))
        })
    }

    fn known(&self, axis: Axis, text: &str) -> String {
        let labels = (0..self.len(axis) as u16).filter_map(|i| self.label(axis, i));
        suggest(
            text,
            self.texts(axis).chain(labels),
            &format!("values of {axis} in the grid"),
        )
    }
}
