//! The values that stand on the axes of a grid, each once, under its canonical text.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::canonical::expand;
use super::coordinates::{Axis, axes};
use super::document::{Document, Item, Node, Span};
use super::values::{activations, architecture, batch_size, join, label_noise, learning_rate};
use crate::activation::Activation;
use crate::data::DataSpec;
use crate::init::{self, BiasInit, Registry};
use crate::model::{Architecture, Optimizer};
use crate::support::catalog::{number, suggest};
use crate::support::error::{Error, Kind, Result};

/// The most values that one axis may have.
pub(super) const MAX_VALUES: usize = 10_000;

/// One value of an axis.
#[derive(Debug, Clone)]
pub(super) struct Standing<T> {
    /// Canonical text: the coordinate.
    pub text: String,
    /// The value.
    pub value: T,
    /// Where it was first written.
    pub span: Span,
}

/// The values of one axis.
#[derive(Debug, Clone)]
pub(super) struct Shelf<T> {
    axis: Axis,
    pub items: Vec<Standing<T>>,
    index: BTreeMap<String, u16>,
}

impl<T> Shelf<T> {
    fn new(axis: Axis) -> Self {
        Shelf {
            axis,
            items: Vec::new(),
            index: BTreeMap::new(),
        }
    }

    /// The value that a cell has on this axis.
    pub fn of(&self, cell: &Cell) -> &T {
        &self.items[usize::from(cell[self.axis as usize])].value
    }

    /// Puts a value on the shelf, if one of that text isn't there; returns its number.
    fn put(&mut self, text: String, value: T, span: Span) -> u16 {
        if let Some(i) = self.index.get(&text) {
            return *i;
        }
        let i = self.items.len() as u16;
        self.index.insert(text.clone(), i);
        self.items.push(Standing { text, value, span });
        i
    }
}

/// What can be done with a shelf of any type of values.
trait Texts {
    fn len(&self) -> usize;
    fn text(&self, i: u16) -> &str;
    fn find(&self, text: &str) -> Option<u16>;

    /// Sorts the used values, numbers by value and else by bytes, drops the others, and returns
    /// old number -> new number.
    fn settle(&mut self, used: &[bool]) -> Vec<u16>;
}

impl<T> Texts for Shelf<T> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn text(&self, i: u16) -> &str {
        &self.items[usize::from(i)].text
    }

    fn find(&self, text: &str) -> Option<u16> {
        self.index.get(text).copied()
    }

    fn settle(&mut self, used: &[bool]) -> Vec<u16> {
        let items = std::mem::take(&mut self.items).into_iter().enumerate();
        let mut order: Vec<(usize, Standing<T>)> = items.filter(|(i, _)| used[*i]).collect();
        if self.axis.is_number() {
            // The text of a number is the shortest that reads back as the same number.
            let value = |item: &Standing<T>| item.text.parse().unwrap_or(f64::NAN);
            order.sort_by(|a, b| value(&a.1).total_cmp(&value(&b.1)));
        } else {
            order.sort_by(|a, b| a.1.text.cmp(&b.1.text));
        }
        let mut renumbered = vec![0; used.len()];
        for (new, (old, _)) in order.iter().enumerate() {
            renumbered[*old] = new as u16;
        }
        self.items = order.into_iter().map(|(_, item)| item).collect();
        let texts = self.items.iter().map(|item| item.text.clone());
        self.index = texts.zip(0..).collect();
        renumbered
    }
}

/// A cell: the number of its value on each axis of [`Axis::CELL`].
pub(super) type Cell = [u16; Axis::CELL.len()];

/// All values of all axes of an experiment. Once settled, numbers are in the order of the tables.
#[derive(Debug, Clone)]
pub(super) struct Axes {
    pub dataset: Shelf<Arc<DataSpec>>,
    pub label_noise: Shelf<f64>,
    pub architecture: Shelf<Arc<Architecture>>,
    pub activation: Shelf<Arc<[Activation]>>,
    pub scheme: Shelf<init::Choice>,
    pub bias: Shelf<Arc<BiasInit>>,
    pub optimizer: Shelf<Arc<Optimizer>>,
    pub learning_rate: Shelf<f64>,
    pub batch_size: Shelf<u32>,
}

/// A shelf for each axis of a cell, from the list of axes.
macro_rules! shelves {
    (
        cell { $($(#[$_a:meta])* $Cell:ident $cell:ident: $_b:ty,)* }
        trial { $($(#[$_c:meta])* $Trial:ident $_d:ident: $_e:ty,)* }
    ) => {
        impl Axes {
            /// No values yet.
            pub fn new() -> Self {
                Axes { $($cell: Shelf::new(Axis::$Cell),)* }
            }

            fn shelf(&self, axis: Axis) -> &dyn Texts {
                match axis {
                    $(Axis::$Cell => &self.$cell,)*
                    $(Axis::$Trial)|* => unreachable!("{axis} is no axis of a cell"),
                }
            }

            fn shelf_mut(&mut self, axis: Axis) -> &mut dyn Texts {
                match axis {
                    $(Axis::$Cell => &mut self.$cell,)*
                    $(Axis::$Trial)|* => unreachable!("{axis} is no axis of a cell"),
                }
            }
        }
    };
}
axes!(shelves);

impl Axes {
    /// Number of values of an axis.
    pub fn len(&self, axis: Axis) -> usize {
        self.shelf(axis).len()
    }

    /// The canonical text of value `i` of an axis.
    pub fn text(&self, axis: Axis, i: u16) -> &str {
        self.shelf(axis).text(i)
    }

    /// The number of the value with a canonical text.
    pub fn find(&self, axis: Axis, text: &str) -> Option<u16> {
        self.shelf(axis).find(text)
    }

    /// Weight layers of architecture `i`, the output layer included.
    pub fn weight_layers(&self, i: u16) -> u32 {
        self.architecture.items[usize::from(i)].value.weight_layers()
    }

    /// Weight layers of the deepest architecture.
    pub fn deepest(&self) -> u32 {
        let architectures = self.architecture.items.iter();
        architectures.map(|a| a.value.weight_layers()).max().unwrap_or(0)
    }

    /// The texts of an axis.
    pub fn texts(&self, axis: Axis) -> impl Iterator<Item = &str> {
        (0..self.len(axis)).map(move |i| self.text(axis, i as u16))
    }

    /// Puts the value that `node` means on its axis, and returns its number.
    pub fn put(&mut self, axis: Axis, node: &Node, registry: &Registry) -> Result<u16> {
        let (value, span) = (expand(node.value()), node.span);
        Ok(match axis {
            Axis::Dataset => self.put_dataset(DataSpec::parse(&value)?, span)?,
            Axis::LabelNoise => self.put_label_noise(label_noise(&value)?, span),
            Axis::Architecture => {
                let architecture = architecture(&value)?;
                self.architecture
                    .put(architecture.to_string(), Arc::new(architecture), span)
            }
            Axis::Activation => {
                let activations = activations(&value)?;
                self.activation.put(join(&activations), activations.into(), span)
            }
            Axis::Scheme => {
                let scheme = registry.parse(&value)?;
                self.scheme.put(scheme.to_string(), scheme, span)
            }
            Axis::Bias => self.put_bias(BiasInit::parse(&value)?, span),
            Axis::Optimizer => self.put_optimizer(Optimizer::parse(&value)?, span),
            Axis::LearningRate => {
                let rate = learning_rate(&value)?;
                self.learning_rate.put(number(rate), rate, span)
            }
            Axis::BatchSize => self.put_batch_size(batch_size(&value)?, span),
            Axis::Replicate | Axis::WeightSeed | Axis::OrderSeed | Axis::DataSeed => {
                unreachable!("{axis} is no axis of a cell")
            }
        })
    }

    pub fn put_dataset(&mut self, spec: DataSpec, span: Span) -> Result<u16> {
        let text = spec.to_string();
        if let Some(i) = self.find(Axis::Dataset, &text)
            && *self.dataset.items[usize::from(i)].value != spec
        {
            let error = Error::new(
                Kind::Experiment,
                format!("two different datasets would both be called `{text}`"),
            );
            return Err(error.help("give one of them a `name` of its own"));
        }
        Ok(self.dataset.put(text, Arc::new(spec), span))
    }

    pub fn put_label_noise(&mut self, noise: f64, span: Span) -> u16 {
        self.label_noise.put(number(noise), noise, span)
    }

    pub fn put_bias(&mut self, bias: BiasInit, span: Span) -> u16 {
        self.bias.put(bias.to_string(), Arc::new(bias), span)
    }

    pub fn put_optimizer(&mut self, optimizer: Optimizer, span: Span) -> u16 {
        self.optimizer
            .put(optimizer.to_string(), Arc::new(optimizer), span)
    }

    pub fn put_batch_size(&mut self, size: u32, span: Span) -> u16 {
        self.batch_size.put(size.to_string(), size, span)
    }

    pub fn put_activation(&mut self, activations: Vec<Activation>, span: Span) -> u16 {
        self.activation.put(join(&activations), activations.into(), span)
    }

    /// Brings values into the order of the tables, drops those that no cell uses, and renumbers
    /// and sorts the cells.
    pub fn settle(&mut self, cells: &mut [Cell]) {
        let renumbered = Axis::CELL.map(|axis| {
            let mut used = vec![false; self.len(axis)];
            for cell in cells.iter() {
                used[usize::from(cell[axis as usize])] = true;
            }
            self.shelf_mut(axis).settle(&used)
        });
        for cell in cells.iter_mut() {
            for (i, map) in cell.iter_mut().zip(&renumbered) {
                *i = map[usize::from(*i)];
            }
        }
        cells.sort_unstable();
    }

    /// The canonical texts that a node names on an axis: its values, or canonical texts as they
    /// stand in the tables.
    ///
    /// # Errors
    /// Something that no cell has.
    pub fn named(&self, axis: Axis, node: &Node, document: &Document, registry: &Registry) -> Result<u16> {
        if let Item::Text(text) = &node.item
            && let Some(i) = self.find(axis, text)
        {
            return Ok(i);
        }
        let text = match Axes::new().canonical(axis, node, registry) {
            Ok(text) => text,
            Err(error) if matches!(node.item, Item::Text(_)) => {
                let error = Error::new(Kind::Experiment, error.message())
                    .help(self.known(axis, &node.value().to_string()));
                return Err(document.point(error, node.span, "no cell has this"));
            }
            Err(error) => {
                let span = node.part_quoted_in(error.message());
                return Err(document.point(error, span, ""));
            }
        };
        self.find(axis, &text).ok_or_else(|| {
            let error = document.error(
                node.span,
                format!("no cell of the grid has {axis} `{text}`"),
                "not in the grid",
            );
            error.help(self.known(axis, &text))
        })
    }

    fn canonical(&mut self, axis: Axis, node: &Node, registry: &Registry) -> Result<String> {
        let i = self.put(axis, node, registry)?;
        Ok(self.text(axis, i).to_owned())
    }

    fn known(&self, axis: Axis, text: &str) -> String {
        suggest(text, self.texts(axis), &format!("values of {axis} in the grid"))
    }
}
