//! The plan: every trial of an experiment in the order of the tables, kept compact.
//!
//! A cell is one small number per axis into the lists of values; a trial is a cell and a row of seeds.
//! Texts and digests are made when asked for.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::axes::{Axes, Cell, Values};
use super::check;
use super::coordinates::{Axis, Coordinates};
use super::settings::{EvaluateTrain, Length, Record, Train, TrialSeeds};
use super::sources::of_trial;
use crate::activation::Activation;
use crate::data::{Cache, DataSpec, Prepared};
use crate::init::planned;
use crate::model::{Loss, Model};
use crate::numerics::isa;
use crate::support::error::Result;
use crate::support::text::hex;

/// One trial, with everything that decides its bits.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Where it stands in the grid; the first columns of every table.
    pub coordinates: Coordinates,
    /// Digest of the coordinates and of every setting that reaches the bits: 16 hexadecimal
    /// digits. Not of the position in the grid.
    pub id: String,
    /// The experiment's seed, from which every draw derives.
    pub seed: u64,
    /// The values on the axes of the grid.
    pub(crate) values: Values,
    /// The loss that training minimises.
    pub loss: Loss,
    /// How it is trained.
    pub(crate) train: Arc<Train>,
    /// What is recorded of it.
    pub(crate) record: Arc<Record>,
}

impl Trial {
    /// Its data, prepared: read, divided, scaled, and with its label noise.
    ///
    /// # Errors
    /// A file is missing or malformed, the data cannot be divided as the experiment asks, or `GOODINIT_ISA` names no
    /// instruction set of this machine.
    pub fn data(&self, cache: &Cache) -> Result<Arc<Prepared>> {
        isa::ensure_chosen()?;
        let at = &self.coordinates;
        cache.prepared(&self.values.dataset, at.label_noise, u64::from(at.data_seed))
    }

    /// The network between `inputs` features and `outputs` units, with the activation functions that the scheme
    /// wants.
    ///
    /// # Errors
    /// As for [`Model::new`] and [`planned`].
    pub fn model(&self, inputs: usize, outputs: usize) -> Result<Model> {
        let (hidden, functions) = (&self.values.architecture, &self.values.activation);
        let model = Model::new(hidden, functions, inputs, outputs, self.loss)?;
        planned(model, &*self.values.scheme.scheme)
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = &self.coordinates;
        write!(
            f,
            "{} {} {} {} {} rate {} replicate {}",
            c.scheme,
            c.activation,
            c.architecture,
            c.dataset,
            c.optimizer,
            c.text(Axis::LearningRate),
            c.replicate
        )?;
        // What names every trial is above; an optional axis only where it matters.
        let optional = c
            .identity()
            .filter(|(axis, _)| axis.default_without_column().is_some());
        for (axis, text) in optional {
            write!(f, " {} {text}", axis.words())?;
        }
        Ok(())
    }
}

/// The sizes of a prepared dataset, as far as work depends on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DataShape {
    /// Features per sample.
    pub inputs: usize,
    /// Units of the output layer.
    pub outputs: usize,
    /// Training samples.
    pub train: usize,
    /// Validation and test samples.
    pub held_out: usize,
}

impl DataShape {
    /// What is assumed of a dataset that has not been read yet.
    pub const NOMINAL: DataShape = DataShape {
        inputs: 64,
        outputs: 10,
        train: 1000,
        held_out: 500,
    };

    /// The sizes of `data`.
    pub fn of(data: &Prepared) -> Self {
        DataShape {
            inputs: data.inputs(),
            outputs: data.outputs(),
            train: data.split.train.len(),
            held_out: data.split.validation.len() + data.split.test.len(),
        }
    }
}

/// Size of a network, as far as work depends on it.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    parameters: u64,
    /// Those and what is made of them.
    stored: u64,
    /// Fused multiply-adds of one sample's forward pass.
    forward: u64,
    /// Inputs and units of all layers together.
    units: u64,
}

/// Every trial of an experiment, in the order of the tables.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) seed: u64,
    pub(super) loss: Loss,
    pub(super) train: Arc<Train>,
    pub(super) record: Arc<Record>,
    pub(super) axes: Arc<Axes>,
    pub(super) cells: Arc<[Cell]>,
    /// The trials of each cell.
    pub(super) seeds: Arc<[TrialSeeds]>,
    shapes: Vec<DataShape>,
    /// By dataset, then architecture.
    sizes: Vec<Size>,
}

impl Plan {
    pub(super) fn new(
        seed: u64,
        loss: Loss,
        train: Arc<Train>,
        record: Arc<Record>,
        axes: Arc<Axes>,
        cells: Arc<[Cell]>,
        seeds: Arc<[TrialSeeds]>,
    ) -> Self {
        let shapes = vec![DataShape::NOMINAL; axes.len(Axis::Dataset)];
        let mut plan = Plan {
            seed,
            loss,
            train,
            record,
            axes,
            cells,
            seeds,
            shapes,
            sizes: Vec::new(),
        };
        plan.measure();
        plan
    }

    /// Number of trials: cells times trials per cell.
    pub fn len(&self) -> usize {
        self.cells.len() * self.seeds.len()
    }

    /// Whether there are none. There always are: an experiment without cells is an error.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of cells: combinations of the values of the grid's axes, without those excluded.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// The seeds of the trials of each cell: trial `i` is trial `i % seeds().len()` of its cell.
    pub(crate) fn seeds(&self) -> &[TrialSeeds] {
        &self.seeds
    }

    /// The experiment's seed, from which every draw derives.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What is recorded of each trial.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// The canonical texts of an axis of the grid, in the order of the tables; none for
    /// the replicate and the seeds.
    pub fn values(&self, axis: Axis) -> Vec<&str> {
        self.axes.texts(axis).collect()
    }

    /// The datasets, in the order of [`Plan::values`].
    pub(crate) fn datasets(&self) -> impl Iterator<Item = &Arc<DataSpec>> {
        self.axes.dataset.items.iter().map(|item| &item.value)
    }

    /// Every preparation of data that some trial needs: dataset, label noise and data seed.
    pub(crate) fn preparations(&self) -> Vec<(Arc<DataSpec>, f64, u32)> {
        let data = |cell: &Cell| [Axis::Dataset, Axis::LabelNoise].map(|axis| cell[axis]);
        let mut kinds: Vec<&Cell> = self.cells.iter().collect();
        kinds.dedup_by_key(|cell| data(cell));
        let mut data_seeds: Vec<u32> = self.seeds.iter().map(|s| s.data).collect();
        data_seeds.sort_unstable();
        data_seeds.dedup();
        let mut preparations = Vec::new();
        for cell in kinds {
            let (spec, noise) = (self.axes.dataset.of(cell), *self.axes.label_noise.of(cell));
            preparations.extend(data_seeds.iter().map(|seed| (Arc::clone(spec), noise, *seed)));
        }
        preparations
    }

    /// Learns the sizes of the datasets, one per dataset in the order of [`Plan::datasets`];
    /// until then [`DataShape::NOMINAL`] is assumed.
    pub(crate) fn learn_shapes(&mut self, shapes: &[DataShape]) {
        for (known, shape) in self.shapes.iter_mut().zip(shapes) {
            *known = *shape;
        }
        self.measure();
    }

    fn measure(&mut self) {
        let mut sizes = Vec::new();
        for shape in &self.shapes {
            for item in &self.axes.architecture.items {
                let activation = Activation::named("identity").map(|a| [a]);
                let model = activation
                    .and_then(|a| Model::new(&item.value, &a, shape.inputs, shape.outputs, self.loss));
                sizes.push(model.map_or(Size::default(), |m| Size {
                    parameters: m.parameter_count(),
                    stored: m.stored_count(),
                    forward: m.forward_cost(),
                    units: check::units(&m),
                }));
            }
        }
        self.sizes = sizes;
    }

    pub(super) fn cell(&self, i: usize) -> &Cell {
        &self.cells[i / self.seeds.len()]
    }

    fn size(&self, cell: &Cell) -> Size {
        let [dataset, architecture] = [Axis::Dataset, Axis::Architecture].map(|axis| usize::from(cell[axis]));
        self.sizes[dataset * self.axes.len(Axis::Architecture) + architecture]
    }

    /// Trainable parameters of trial `i`.
    pub fn parameters(&self, i: usize) -> u64 {
        self.size(self.cell(i)).parameters
    }

    /// Estimated memory of trial `i` while it runs, in bytes, without the data.
    pub fn memory(&self, i: usize) -> u64 {
        let cell = self.cell(i);
        let size = self.size(cell);
        check::bytes(size.stored, size.units, *self.axes.batch_size.of(cell))
    }

    /// Estimated work of trial `i`: fused multiply-adds of all training and evaluation.
    pub fn cost(&self, i: usize) -> u64 {
        let cell = self.cell(i);
        let shape = self.shapes[usize::from(cell[Axis::Dataset])];
        let batch = u64::from(*self.axes.batch_size.of(cell));
        let train = shape.train.max(1) as u64;
        let (samples, evaluations) = match self.train.length {
            Length::Epochs(n) => (
                u64::from(n) * train,
                u64::from(n) / u64::from(self.train.evaluate_every),
            ),
            Length::Steps(n) => (
                n.saturating_mul(batch.min(train)),
                n / u64::from(self.train.evaluate_every),
            ),
        };
        let full = match self.train.evaluate_train {
            EvaluateTrain::Full => train,
            EvaluateTrain::Running => 0,
        };
        let evaluated = (evaluations + 1).saturating_mul(shape.held_out as u64 + full) + train;
        // Forward, gradient with respect to the weights, gradient with respect to the inputs.
        let passes = samples.saturating_mul(3).saturating_add(evaluated);
        passes.saturating_mul(self.size(cell).forward.max(1))
    }

    /// The coordinates of trial `i`.
    pub fn coordinates(&self, i: usize) -> Coordinates {
        self.axes
            .coordinates(self.cell(i), &self.seeds[i % self.seeds.len()])
    }

    /// The identity of trial `i`: the first 16 hexadecimal digits of SHA-256 over its
    /// coordinates and every setting that reaches its bits. What is recorded beside
    /// `trials.csv`, and everything about other cells, is no part of it.
    pub fn trial_id(&self, i: usize) -> String {
        self.identity(i, &self.coordinates(i))
    }

    fn identity(&self, i: usize, coordinates: &Coordinates) -> String {
        let cell = self.cell(i);
        let mut hash = Sha256::new();
        hash.update("goodinit trial 1\n");
        hash.update(self.settings_text());
        for (axis, text) in coordinates.identity() {
            hash.update(format!("{axis}={text}\n"));
        }
        hash.update(format!("data={}\n", self.axes.dataset.of(cell).canonical()));
        let scheme = &self.axes.scheme.of(cell).scheme;
        let digest = match of_trial(&**scheme, coordinates) {
            Some(scheme) => scheme.source_digest(),
            None => scheme.source_digest(),
        };
        if let Some(digest) = digest {
            hash.update(format!("scheme_source={digest}\n"));
        }
        hex(&hash.finalize()[..8])
    }

    /// The settings outside the grid that reach the bits of a trial, one per line.
    pub(super) fn settings_text(&self) -> String {
        let train = &self.train;
        format!(
            "seed={}\nloss={}\n{}\nevaluate_every={}\nevaluate_train={}\nshuffle={}\n",
            self.seed, self.loss, train.length, train.evaluate_every, train.evaluate_train, train.shuffle
        )
    }

    /// Trial `i`, from 0, in the order of the tables.
    ///
    /// # Panics
    /// If there is no trial `i`.
    pub fn trial(&self, i: usize) -> Trial {
        let coordinates = self.coordinates(i);
        let mut values = self.axes.values(self.cell(i));
        if let Some(scheme) = of_trial(&*values.scheme.scheme, &coordinates) {
            values.scheme.scheme = scheme;
        }
        Trial {
            id: self.identity(i, &coordinates),
            coordinates,
            seed: self.seed,
            values,
            loss: self.loss,
            train: Arc::clone(&self.train),
            record: Arc::clone(&self.record),
        }
    }
}
