//! Products from rows that are mostly exact zeros (pixels), which are skipped.
//!
//! Both go through the inputs block by block, so that a block's weights stay close while the
//! whole batch uses them. Within a block the forward product carries on one run of chains per
//! sample, the weight gradient one per input.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ops::Range;

use super::Gradient;
use super::tile::{descend, store};
use crate::numerics::aligned::Aligned;
use crate::numerics::isa::Kernel;
use crate::numerics::matrix::PANEL;
use crate::numerics::sparse_rows::BLOCK;
use crate::numerics::{Batch, Lane, SparseRows, Weights};

/// Samples per part of a batch whose deltas, for the columns that are worked on together, stay in
/// the first cache while all inputs of a block use them.
const PART: usize = 64;

/// Slots of a block: up to [`PART`] for each of its inputs, and those of a few inputs that don't exist,
/// so that a remainder by a power of two keeps every access in bounds.
const SLOTS: usize = BLOCK.next_power_of_two() * PART;

/// A piece of the chains of one row of the result: `count` factors from position `first` on.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    row: u32,
    first: u32,
    count: u32,
}

/// Buffers that a thread keeps from call to call.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The runs of a block. Each goes on with a row of its own, so their order is free.
    runs: Vec<Run>,
    /// Factors of each sample in a block.
    counts: Vec<u32>,
    /// A block's factors: for each input as many slots as there are samples.
    slots: Box<[Slot; SLOTS]>,
    /// Gradients of a block's weights, where the samples are too many for one part.
    sums: Aligned,
}

/// A factor: offset of the row that it multiplies, in elements, and its value.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    offset: u32,
    value: f32,
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch {
            runs: Vec::new(),
            counts: Vec::new(),
            slots: Box::new([Slot::default(); SLOTS]),
            sums: Aligned::default(),
        }
    }
}

impl Scratch {
    /// A run for each sample that has factors in `block`: shorter ones first, so that the
    /// processor guesses the length of the next one.
    #[inline(always)]
    fn runs_of_samples(&mut self, x: &SparseRows, block: usize) {
        let Scratch { runs, counts, .. } = self;
        counts.clear();
        counts.extend((0..x.rows()).map(|sample| x.span(sample, block).len() as u32));
        let mut places = [0u32; BLOCK + 2];
        for &count in &*counts {
            places[count as usize + 1] += 1;
        }
        places[1] = 0;
        for count in 1..=BLOCK {
            places[count + 1] += places[count];
        }
        runs.clear();
        runs.resize(places[BLOCK + 1] as usize, Run::default());
        for (sample, &count) in counts.iter().enumerate() {
            if count > 0 {
                let place = &mut places[count as usize];
                runs[*place as usize] = Run {
                    row: sample as u32,
                    first: x.span(sample, block).start as u32,
                    count,
                };
                *place += 1;
            }
        }
    }

    /// A run for each input of `block` that has factors among `samples`, at most [`PART`], whose
    /// rows of the other operand are `stride` apart.
    #[inline(always)]
    fn runs_of_inputs(&mut self, x: &SparseRows, samples: Range<usize>, block: usize, stride: usize) {
        let base = block * BLOCK;
        // As close as they can be: a block's slots share the first cache with much else.
        let most = samples.len();
        let mut ends: [u16; SLOTS / PART] = std::array::from_fn(|k| (k * most) as u16);
        for (place, sample) in samples.enumerate() {
            let offset = (place * stride) as u32;
            let (inputs, values) = x.block(sample, block);
            for (&k, &value) in inputs.iter().zip(values) {
                let end = &mut ends[(usize::from(k) - base) % (SLOTS / PART)];
                self.slots[usize::from(*end) % SLOTS] = Slot { offset, value };
                *end += 1;
            }
        }
        self.runs.clear();
        for (k, end) in ends.into_iter().enumerate() {
            let first = (k * most) as u16;
            if end > first {
                self.runs.push(Run {
                    row: (base + k) as u32,
                    first: u32::from(first),
                    count: u32::from(end - first),
                });
            }
        }
    }
}

pub(super) fn with_scratch<T>(use_it: impl FnOnce(&mut Scratch) -> T) -> T {
    thread_local! {
        static SCRATCH: RefCell<Scratch> = RefCell::default();
    }
    SCRATCH.with_borrow_mut(use_it)
}

/// Where the factors of runs are read from.
trait Factors: Copy {
    /// Factor `i`: offset of the row that it multiplies, in elements, and its value.
    ///
    /// # Safety
    /// It must exist.
    unsafe fn get(self, i: usize) -> (usize, f32);
}

/// Straight from the rows: each factor multiplies the weights of its input.
#[derive(Clone, Copy)]
struct Stored<'a> {
    inputs: &'a [u16],
    values: &'a [f32],
}

impl Factors for Stored<'_> {
    #[inline(always)]
    unsafe fn get(self, i: usize) -> (usize, f32) {
        // SAFETY: the caller's; there are as many inputs as values.
        unsafe {
            let input = usize::from(*self.inputs.get_unchecked(i));
            (input * PANEL, *self.values.get_unchecked(i))
        }
    }
}

impl Factors for &[Slot; SLOTS] {
    #[inline(always)]
    unsafe fn get(self, i: usize) -> (usize, f32) {
        // SAFETY: the caller's.
        let slot = unsafe { self.get_unchecked(i) };
        (slot.offset as usize, slot.value)
    }
}

/// An operand or a result as the chains see it.
#[derive(Clone, Copy)]
struct Operand<P> {
    /// Row 0, column 0.
    start: P,
    /// From one panel of columns to the next; [`PANEL`] where all columns lie side by side.
    panel: usize,
}

/// Carries each run's row of sums on over its factors, which are those of rows of `other`; or, to
/// descend, sums from zero and takes a step from the row.
struct Section<'a, F> {
    runs: &'a [Run],
    factors: F,
    what: Gradient,
    sums: Operand<*mut f32>,
    /// From one row of sums to the next, in elements.
    stride: usize,
    other: Operand<*const f32>,
    columns: usize,
}

impl<F: Factors> Section<'_, F> {
    /// `V` lanes of columns from j on.
    ///
    /// # Safety
    /// The lanes must lie within the padded columns, and in one panel or in whole ones.
    #[inline(always)]
    unsafe fn columns<L: Lane, const V: usize>(&self, j: usize) {
        let at = |panel: usize| j / PANEL * panel + j % PANEL;
        let lane = |v: usize, panel: usize| v * L::WIDTH / PANEL * panel + v * L::WIDTH % PANEL;
        let (sums, other) = (self.sums, self.other);
        for run in self.runs {
            // SAFETY: runs name rows of the result and factors, and factors rows of the other
            // operand, that exist.
            unsafe {
                // The start may lie before what is there; a run's row does not.
                let to = sums
                    .start
                    .wrapping_add(run.row as usize * self.stride + at(sums.panel));
                let from = other.start.add(at(other.panel));
                let old = || {
                    let mut lanes = [L::zero(); V];
                    let mut v = 0;
                    while v < V {
                        lanes[v] = L::load(to.add(lane(v, sums.panel)));
                        v += 1;
                    }
                    lanes
                };
                let mut tile = match self.what {
                    Gradient::Add => old(),
                    Gradient::Descend { .. } => [L::zero(); V],
                };
                for i in 0..run.count as usize {
                    let (offset, value) = self.factors.get(run.first as usize + i);
                    let from = from.add(offset);
                    let x = L::splat(value);
                    let mut v = 0;
                    while v < V {
                        tile[v] = x.mul_add(L::load(from.add(lane(v, other.panel))), tile[v]);
                        v += 1;
                    }
                }
                if let Gradient::Descend { rate } = self.what {
                    tile = descend(rate, tile, old());
                }
                let mut v = 0;
                while v < V {
                    store([tile[v]], to.add(lane(v, sums.panel)));
                    v += 1;
                }
            }
        }
    }

    /// All columns.
    #[inline(always)]
    fn run<L: Lane>(&self) {
        let mut j = 0;
        while j < self.columns {
            let lanes = (self.columns - j).div_ceil(L::WIDTH);
            // SAFETY: lanes begin at columns that exist, so they end within the padding; ever
            // smaller powers of two don't straddle panels.
            unsafe {
                if lanes >= 8 {
                    self.columns::<L, 8>(j);
                    j += 8 * L::WIDTH;
                } else if lanes >= 4 {
                    self.columns::<L, 4>(j);
                    j += 4 * L::WIDTH;
                } else if lanes >= 2 {
                    self.columns::<L, 2>(j);
                    j += 2 * L::WIDTH;
                } else {
                    self.columns::<L, 1>(j);
                    j += L::WIDTH;
                }
            }
        }
    }
}

/// See [`super::forward_sparse`]; shapes fit, `out` holds the biases.
pub(super) struct Forward<'a> {
    pub x: &'a SparseRows,
    pub w: &'a Weights,
    pub out: &'a mut Batch,
    pub scratch: &'a mut Scratch,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(self) {
        let (inputs, values) = self.x.all();
        for block in 0..self.x.blocks() {
            self.scratch.runs_of_samples(self.x, block);
            let section = Section {
                runs: &self.scratch.runs,
                factors: Stored { inputs, values },
                what: Gradient::Add,
                stride: self.out.stride(),
                sums: Operand {
                    start: self.out.storage_mut().as_mut_ptr(),
                    panel: PANEL,
                },
                other: Operand {
                    start: self.w.storage().as_ptr(),
                    panel: self.w.fan_in() * PANEL,
                },
                columns: self.w.fan_out(),
            };
            section.run::<L>();
        }
    }
}

/// See [`super::weight_gradient_sparse`]; shapes fit.
///
/// From the last block to the first, which the next forward product begins with: it is still
/// close then. Chains run over samples, so the order of the blocks is free.
pub(super) struct WeightGradient<'a> {
    pub x: &'a SparseRows,
    pub delta: &'a Batch,
    pub what: Gradient,
    pub c: &'a mut Weights,
    pub scratch: &'a mut Scratch,
}

impl Kernel for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        for block in (0..self.x.blocks()).rev() {
            match self.what {
                Gradient::Descend { rate } if self.x.rows() > PART => self.descend_in_parts::<L>(block, rate),
                _ => self.block::<L>(block, self.what, None),
            }
        }
    }
}

impl WeightGradient<'_> {
    /// Adds the gradients of a block's weights, part by part, to `sums` (rows of whole panels), or
    /// else applies them to the weights.
    #[inline(always)]
    fn block<L: Lane>(&mut self, block: usize, what: Gradient, sums: Option<&mut [f32]>) {
        let stride = self.delta.stride();
        let side = match sums {
            Some(sums) => Operand {
                panel: BLOCK * PANEL,
                // Runs name inputs by their number in the whole layer.
                start: sums.as_mut_ptr().wrapping_sub(block * BLOCK * PANEL),
            },
            None => Operand {
                panel: self.c.fan_in() * PANEL,
                start: self.c.storage_mut().as_mut_ptr(),
            },
        };
        for first in (0..self.x.rows()).step_by(PART) {
            let samples = first..self.x.rows().min(first + PART);
            self.scratch.runs_of_inputs(self.x, samples, block, stride);
            let section = Section {
                runs: &self.scratch.runs,
                factors: &*self.scratch.slots,
                what,
                stride: PANEL,
                sums: side,
                other: Operand {
                    start: self.delta.storage()[first * stride..].as_ptr(),
                    panel: PANEL,
                },
                columns: self.c.fan_out(),
            };
            section.run::<L>();
        }
    }

    /// A step from gradients that more than one part adds up.
    #[inline(always)]
    fn descend_in_parts<L: Lane>(&mut self, block: usize, rate: f32) {
        let panels = self.c.fan_out().div_ceil(PANEL);
        let mut sums = std::mem::take(&mut self.scratch.sums);
        sums.resize(panels * BLOCK * PANEL);
        sums.fill(0.0);
        self.block::<L>(block, Gradient::Add, Some(&mut sums[..]));
        let first = block * BLOCK;
        let rows = (self.c.fan_in() - first).min(BLOCK);
        for panel in 0..panels {
            let at = (panel * self.c.fan_in() + first) * PANEL;
            let weights = &mut self.c.storage_mut()[at..][..rows * PANEL];
            let sums = &sums[panel * BLOCK * PANEL..][..rows * PANEL];
            for (weights, sums) in weights
                .chunks_exact_mut(L::WIDTH)
                .zip(sums.chunks_exact(L::WIDTH))
            {
                // SAFETY: both hold a lane; panels are whole lanes wide.
                unsafe {
                    let new = descend(rate, [L::load(sums.as_ptr())], [L::load(weights.as_ptr())]);
                    store(new, weights.as_mut_ptr());
                }
            }
        }
        self.scratch.sums = sums;
    }
}
