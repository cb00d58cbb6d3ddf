//! The three products of dense batches.
#![allow(unsafe_code)]

use std::cell::RefCell;

use super::Gradient;
use super::tile::{Scalars, Vectors, chain, descend, for_each_tile, load, store};
use crate::numerics::aligned::Aligned;
use crate::numerics::isa::Kernel;
use crate::numerics::matrix::{PANEL, transpose};
use crate::numerics::{Batch, Lane, Weights};

/// See [`super::forward`]; shapes fit.
pub(super) struct Forward<'a> {
    pub x: &'a Batch,
    pub w: &'a Weights,
    pub bias: &'a [f32],
    pub out: &'a mut Batch,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let mut j = 0;
        while j < self.w.fan_out() {
            // SAFETY: columns from j on exist.
            if j % PANEL + 2 * L::WIDTH <= PANEL && j + L::WIDTH < self.w.fan_out() {
                unsafe { self.columns::<L, 2>(j) };
                j += 2 * L::WIDTH;
            } else {
                unsafe { self.columns::<L, 1>(j) };
                j += L::WIDTH;
            }
        }
    }
}

impl Forward<'_> {
    /// `V` lanes of columns from j on, for all samples.
    ///
    /// # Safety
    /// The lanes must lie within the padded columns.
    #[inline(always)]
    unsafe fn columns<L: Lane, const V: usize>(&mut self, j: usize) {
        let mut start = [0.0; PANEL];
        let count = (self.bias.len() - j).min(V * L::WIDTH);
        start[..count].copy_from_slice(&self.bias[j..][..count]);
        // SAFETY: rows and steps are those of x and w; `out` has as many rows as x, and its
        // stride, like the panel, holds whole lanes.
        unsafe {
            let bias = load::<L, V>(start.as_ptr());
            let vectors = Vectors {
                start: self.w.panel_from(j),
                step: PANEL,
            };
            let (x, stride) = (self.x.storage().as_ptr(), self.x.stride());
            let (out, out_stride) = (self.out.storage_mut().as_mut_ptr(), self.out.stride());
            for_each_tile!(L, self.x.rows(), |b, R| {
                let mut tile = [bias; R];
                let scalars = Scalars {
                    start: x.add(b * stride),
                    row: stride,
                    step: 1,
                };
                chain::<L, R, V>(&mut tile, scalars, vectors, self.x.cols());
                for r in 0..R {
                    store(tile[r], out.add((b + r) * out_stride + j));
                }
            });
        }
    }
}

/// See [`super::weight_gradient`]; shapes fit.
pub(super) struct WeightGradient<'a> {
    pub x: &'a Batch,
    pub delta: &'a Batch,
    pub what: Gradient,
    pub c: &'a mut Weights,
}

impl Kernel for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let mut j = 0;
        while j < self.c.fan_out() {
            // SAFETY: columns from j on exist.
            if j % PANEL + 2 * L::WIDTH <= PANEL && j + L::WIDTH < self.c.fan_out() {
                unsafe { self.columns::<L, 2>(j) };
                j += 2 * L::WIDTH;
            } else {
                unsafe { self.columns::<L, 1>(j) };
                j += L::WIDTH;
            }
        }
    }
}

impl WeightGradient<'_> {
    /// `V` lanes of columns from j on, for all inputs.
    ///
    /// # Safety
    /// The lanes must lie within the padded columns.
    #[inline(always)]
    unsafe fn columns<L: Lane, const V: usize>(&mut self, j: usize) {
        // SAFETY: rows are those of c, steps the samples; strides and panels hold whole lanes.
        unsafe {
            let vectors = Vectors {
                start: self.delta.storage().as_ptr().add(j),
                step: self.delta.stride(),
            };
            let (x, stride) = (self.x.storage().as_ptr(), self.x.stride());
            let fan_in = self.c.fan_in();
            let c = self.c.panel_from_mut(j);
            for_each_tile!(L, fan_in, |k, R| {
                let mut tile = [[L::zero(); V]; R];
                if self.what == Gradient::Add {
                    for r in 0..R {
                        tile[r] = load(c.add((k + r) * PANEL));
                    }
                }
                let scalars = Scalars {
                    start: x.add(k),
                    row: 1,
                    step: stride,
                };
                chain::<L, R, V>(&mut tile, scalars, vectors, self.x.rows());
                for r in 0..R {
                    if let Gradient::Descend { rate } = self.what {
                        tile[r] = descend(rate, tile[r], load(c.add((k + r) * PANEL)));
                    }
                    store(tile[r], c.add((k + r) * PANEL));
                }
            });
        }
    }
}

/// See [`super::input_gradient`]; shapes fit.
///
/// Lanes go over samples: w is read along its rows as it lies, and only the small delta is
/// transposed, and the result back.
pub(super) struct InputGradient<'a> {
    pub delta: &'a Batch,
    pub w: &'a Weights,
    pub out: &'a mut Batch,
    pub scratch: &'a mut Aligned,
}

impl Kernel for InputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let mut b = 0;
        while b < self.delta.rows() {
            // SAFETY: samples from b on exist.
            if b + L::WIDTH < self.delta.rows() {
                unsafe { self.samples::<L, 2>(b) };
                b += 2 * L::WIDTH;
            } else {
                unsafe { self.samples::<L, 1>(b) };
                b += L::WIDTH;
            }
        }
    }
}

/// Inputs whose gradients are held back, unfinished, until they can be transposed together.
const HELD: usize = 64;

/// Units that chains run over before they are set aside for those of the next inputs: their part
/// of delta stays in the first cache, and weights come from a few places in memory at a time.
const UNITS: usize = 4 * PANEL;

impl InputGradient<'_> {
    /// `V` lanes of samples from b on.
    ///
    /// # Safety
    /// Sample b must exist.
    #[inline(always)]
    unsafe fn samples<L: Lane, const V: usize>(&mut self, b: usize) {
        let (units, inputs) = (self.w.fan_out(), self.w.fan_in());
        let width = V * L::WIDTH;
        let count = (self.delta.rows() - b).min(width);
        self.scratch.resize(((units + HELD) * width).next_multiple_of(16));
        let (across, held) = self.scratch.split_at_mut(units * width);
        // SAFETY: row `b + i` of delta exists for `i < count`; `across` holds `units x width`,
        // `held` at least `HELD x width`.
        unsafe {
            let stride = self.delta.stride();
            let delta = self.delta.storage().as_ptr().add(b * stride);
            if count < width {
                across.fill(0.0);
            }
            transpose::<L>(delta, stride, across.as_mut_ptr(), width, count, units);
            let (out, out_stride) = (self.out.storage_mut().as_mut_ptr(), self.out.stride());
            let mut first = 0;
            while first < inputs {
                let rows = (inputs - first).min(HELD);
                // Without units there is one group all the same: empty chains, which store zeros.
                for group in (0..units.max(1)).step_by(UNITS) {
                    let end = units.min(group + UNITS);
                    for_each_tile!(L, rows, |k, R| {
                        let held = held.as_mut_ptr().add(k * width);
                        let mut tile = [[L::zero(); V]; R];
                        for r in 0..R {
                            if group > 0 {
                                tile[r] = load(held.add(r * width));
                            }
                        }
                        for j in (group..end).step_by(PANEL) {
                            let scalars = Scalars {
                                start: self.w.panel_from(j).add((first + k) * PANEL),
                                row: PANEL,
                                step: 1,
                            };
                            let vectors = Vectors {
                                start: across.as_ptr().add(j * width),
                                step: width,
                            };
                            chain::<L, R, V>(&mut tile, scalars, vectors, (end - j).min(PANEL));
                        }
                        for r in 0..R {
                            store(tile[r], held.add(r * width));
                        }
                    });
                }
                let to = out.add(b * out_stride + first);
                transpose::<L>(held.as_ptr(), width, to, out_stride, rows, count);
                first += rows;
            }
        }
    }
}

/// Lends a buffer that the thread keeps from call to call.
pub(super) fn with_scratch<T>(use_it: impl FnOnce(&mut Aligned) -> T) -> T {
    thread_local! {
        static SCRATCH: RefCell<Aligned> = RefCell::new(Aligned::default());
    }
    SCRATCH.with_borrow_mut(use_it)
}
