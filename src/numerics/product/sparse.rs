//! Products from rows that are mostly exact zeros (pixels), which are skipped.
#![allow(unsafe_code)]

use std::cell::RefCell;

use super::tile::store;
use crate::numerics::isa::Kernel;
use crate::numerics::matrix::PANEL;
use crate::numerics::{Batch, Lane, Weights};

/// Inputs per block: while all samples of a batch use a block's weights, those stay close, for the
/// columns that are worked on together. Smaller blocks would fit the first cache, but make for
/// runs so short that their ends cost more.
const BLOCK: usize = 112;

/// Samples per part of a batch whose deltas, for those columns, stay in the first cache while
/// all inputs use them.
const PART: usize = 32;

/// Rows without their zeros: for each row and block of inputs, the inputs that aren't zero, in
/// ascending order, and their values.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseRows {
    cols: usize,
    rows: usize,
    /// `rows * blocks + 1` positions in `inputs` and `values`.
    starts: Vec<u32>,
    inputs: Vec<u16>,
    values: Vec<f32>,
}

impl SparseRows {
    /// The density up to which skipping zeros is faster than not. A property of the code, not
    /// of the machine, so that everybody takes the same path.
    pub const WORTHWHILE: f64 = 0.4;

    /// From dense rows, each `cols` long; `None` if they are too large for this form (more than
    /// 65,536 columns or 2^32 values).
    ///
    /// # Panics
    /// If a row has another length.
    pub fn from_rows<'a>(cols: usize, rows: impl Iterator<Item = &'a [f32]>) -> Option<Self> {
        let mut sparse = SparseRows::with_cols(cols)?;
        for row in rows {
            sparse.push(row)?;
        }
        Some(sparse)
    }

    /// No rows yet; `None` if there are too many columns.
    pub fn with_cols(cols: usize) -> Option<Self> {
        (cols <= 1 << 16).then(|| SparseRows {
            cols,
            rows: 0,
            starts: vec![0],
            inputs: Vec::new(),
            values: Vec::new(),
        })
    }

    /// Appends a dense row; `None` if there are too many values by now.
    ///
    /// # Panics
    /// If it isn't as long as there are columns.
    pub fn push(&mut self, row: &[f32]) -> Option<()> {
        assert_eq!(row.len(), self.cols, "values and columns");
        for (block, values) in row.chunks(BLOCK).enumerate() {
            for (i, &x) in values.iter().enumerate() {
                if x != 0.0 {
                    self.inputs.push((block * BLOCK + i) as u16);
                    self.values.push(x);
                }
            }
            self.starts.push(u32::try_from(self.values.len()).ok()?);
        }
        self.rows += 1;
        Some(())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Fraction of values that aren't zero.
    pub fn density(&self) -> f64 {
        self.values.len() as f64 / (self.rows * self.cols).max(1) as f64
    }

    /// Asks the processor to bring the rows `picked` near, while something else is computed:
    /// rows in random order are where a training step would wait longest.
    pub fn prefetch(&self, picked: &[u32]) {
        for &row in picked {
            let (inputs, values) = self.row(row);
            inputs.iter().step_by(LINE / 2).for_each(prefetch);
            values.iter().step_by(LINE / 4).for_each(prefetch);
        }
    }

    fn blocks(&self) -> usize {
        self.cols.div_ceil(BLOCK)
    }

    /// Where the inputs and values of all blocks of `row` begin, and where the last one ends.
    #[inline]
    fn bounds(&self, row: u32) -> &[u32] {
        let blocks = self.blocks();
        &self.starts[row as usize * blocks..][..=blocks]
    }

    /// All inputs and values of `row`.
    #[inline]
    fn row(&self, row: u32) -> (&[u16], &[f32]) {
        let bounds = self.bounds(row);
        let span = bounds[0] as usize..bounds[self.blocks()] as usize;
        (&self.inputs[span.clone()], &self.values[span])
    }

    pub(super) fn check(&self, picked: &[u32]) {
        let last = picked.iter().max().map_or(0, |&row| row as usize + 1);
        assert!(last <= self.rows, "row {} of {}", last.wrapping_sub(1), self.rows);
    }
}

/// Bytes that come near together.
const LINE: usize = 64;

/// A hint, where the processor takes one.
#[inline(always)]
fn prefetch<T>(at: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint about memory that exists, which changes nothing.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(at).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// A piece of the chains of one row of the result: `count` factors from position `first` on.
/// A factor multiplies the row of the other operand that has its number, counted from `base`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Run {
    row: u32,
    first: u32,
    count: u32,
    base: u32,
}

/// Buffers that a thread keeps from call to call.
#[derive(Debug, Default)]
struct Scratch {
    /// Runs in the order in which they are carried out. Those of a section, between which no
    /// order is needed, are sorted by count, so that the processor guesses the length of the
    /// next one.
    runs: Vec<Run>,
    /// Factors of each row of a section; then where the row's next factor goes.
    counts: Vec<u32>,
    /// Rows of a section by count.
    by_count: Vec<u32>,
    /// Row numbers and values of factors.
    numbers: Vec<u16>,
    values: Vec<f32>,
}

impl Scratch {
    /// A section for each block of inputs, a run for each sample.
    fn runs_of_blocks(&mut self, x: &SparseRows, picked: &[u32]) {
        self.runs.clear();
        for block in 0..x.blocks() {
            self.counts.clear();
            self.counts.extend(picked.iter().map(|&row| {
                let bounds = x.bounds(row);
                bounds[block + 1] - bounds[block]
            }));
            for run in self.add_section(0) {
                run.first = x.bounds(picked[run.row as usize])[block];
            }
        }
    }

    /// A section for each part of the batch, a run for each input; and the batch's factors.
    fn runs_of_inputs(&mut self, x: &SparseRows, picked: &[u32]) {
        self.runs.clear();
        let mut next = 0;
        for (part, rows) in picked.chunks(PART).enumerate() {
            self.counts.clear();
            self.counts.resize(x.cols, 0);
            let counts = &mut self.counts[..];
            for &row in rows {
                for &k in x.row(row).0 {
                    counts[usize::from(k)] += 1;
                }
            }
            let first = self.runs.len();
            self.add_section((part * PART) as u32);
            let places = &mut self.counts[..];
            for run in &mut self.runs[first..] {
                run.first = next;
                places[run.row as usize] = next;
                next += run.count;
            }
            // Every place up to `next` is written below; what buffers held before is left.
            if self.values.len() < next as usize {
                self.numbers.resize(next as usize, 0);
                self.values.resize(next as usize, 0.0);
            }
            let (numbers, values) = (&mut self.numbers[..], &mut self.values[..]);
            for (number, &row) in rows.iter().enumerate() {
                let (inputs, of_row) = x.row(row);
                for (&k, &value) in inputs.iter().zip(of_row) {
                    // SAFETY: inputs are below `cols`, as many as there are places; each place
                    // moves on as often as it was counted, from one run's first factor to its
                    // last.
                    unsafe {
                        let place = places.get_unchecked_mut(usize::from(k));
                        *numbers.get_unchecked_mut(*place as usize) = number as u16;
                        *values.get_unchecked_mut(*place as usize) = value;
                        *place += 1;
                    }
                }
            }
        }
    }

    /// Appends a run for each row that `counts` has factors for, shorter ones first, and returns
    /// the new ones.
    fn add_section(&mut self, base: u32) -> &mut [Run] {
        let Scratch {
            runs,
            counts,
            by_count,
            ..
        } = self;
        let longest = counts.iter().max().map_or(0, |&c| c as usize);
        by_count.clear();
        by_count.resize(longest + 2, 0);
        for &count in &*counts {
            by_count[count as usize + 1] += 1;
        }
        // Rows without factors are left out.
        let first = runs.len();
        by_count[1] = first as u32;
        for count in 1..=longest {
            by_count[count + 1] += by_count[count];
        }
        runs.resize(by_count[longest + 1] as usize, Run::default());
        for (row, &count) in counts.iter().enumerate() {
            if count > 0 {
                let place = &mut by_count[count as usize];
                runs[*place as usize] = Run {
                    row: row as u32,
                    first: 0,
                    count,
                    base,
                };
                *place += 1;
            }
        }
        &mut runs[first..]
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends the runs of the forward product.
pub(super) fn with_blocks(x: &SparseRows, picked: &[u32], use_them: impl FnOnce(Runs)) {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.runs_of_blocks(x, picked);
        use_them(Runs {
            runs: &scratch.runs,
            numbers: &x.inputs,
            values: &x.values,
        });
    });
}

/// Lends the runs of the weight gradient.
pub(super) fn with_inputs(x: &SparseRows, picked: &[u32], use_them: impl FnOnce(Runs)) {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.runs_of_inputs(x, picked);
        use_them(Runs {
            runs: &scratch.runs,
            numbers: &scratch.numbers,
            values: &scratch.values,
        });
    });
}

/// Runs and the factors that they are made of.
#[derive(Clone, Copy)]
pub(super) struct Runs<'a> {
    runs: &'a [Run],
    numbers: &'a [u16],
    values: &'a [f32],
}

/// An operand or a result as the chains see it.
#[derive(Clone, Copy)]
pub(super) struct Side<P> {
    /// Row 0, column 0.
    pub start: P,
    /// From one row to the next, in elements.
    pub row: usize,
    /// From one panel of columns to the next; [`PANEL`] where all columns lie side by side.
    pub panel: usize,
}

/// See [`super::forward_sparse`] and [`super::accumulate_sparse`]: carries each run's row of
/// sums on over its factors, which are those of rows of `other`.
pub(super) struct Chains<'a> {
    pub runs: Runs<'a>,
    pub sums: Side<*mut f32>,
    pub other: Side<*const f32>,
    pub columns: usize,
}

impl<'a> Chains<'a> {
    /// `out += x w`.
    pub fn forward(runs: Runs<'a>, w: &'a Weights, out: &'a mut Batch) -> Self {
        Chains {
            runs,
            columns: w.fan_out(),
            sums: Side {
                row: out.stride(),
                start: out.storage_mut().as_mut_ptr(),
                panel: PANEL,
            },
            other: Side {
                start: w.storage().as_ptr(),
                row: PANEL,
                panel: w.fan_in() * PANEL,
            },
        }
    }

    /// `c += x^T delta`.
    pub fn accumulate(runs: Runs<'a>, delta: &'a Batch, c: &'a mut Weights) -> Self {
        Chains {
            runs,
            columns: c.fan_out(),
            other: Side {
                start: delta.storage().as_ptr(),
                row: delta.stride(),
                panel: PANEL,
            },
            sums: Side {
                row: PANEL,
                panel: c.fan_in() * PANEL,
                start: c.storage_mut().as_mut_ptr(),
            },
        }
    }

    /// `V` lanes of columns from j on.
    ///
    /// # Safety
    /// The lanes must lie within the padded columns, and in one panel or in whole ones.
    #[inline(always)]
    unsafe fn columns<L: Lane, const V: usize>(&self, j: usize) {
        let at = |panel: usize| j / PANEL * panel + j % PANEL;
        let lane = |v: usize, panel: usize| v * L::WIDTH / PANEL * panel + v * L::WIDTH % PANEL;
        let (sums, other) = (self.sums, self.other);
        let Runs {
            runs,
            numbers,
            values,
        } = self.runs;
        for run in runs {
            // SAFETY: runs name rows of the result and factors, and factors rows of the other
            // operand, that exist.
            unsafe {
                let to = sums.start.add(run.row as usize * sums.row + at(sums.panel));
                let from = other.start.add(run.base as usize * other.row + at(other.panel));
                let mut tile = [L::zero(); V];
                let mut v = 0;
                while v < V {
                    tile[v] = L::load(to.add(lane(v, sums.panel)));
                    v += 1;
                }
                let numbers = numbers.as_ptr().add(run.first as usize);
                let values = values.as_ptr().add(run.first as usize);
                for i in 0..run.count as usize {
                    let from = from.add(usize::from(*numbers.add(i)) * other.row);
                    let x = L::splat(*values.add(i));
                    let mut v = 0;
                    while v < V {
                        tile[v] = x.mul_add(L::load(from.add(lane(v, other.panel))), tile[v]);
                        v += 1;
                    }
                }
                let mut v = 0;
                while v < V {
                    store([tile[v]], to.add(lane(v, sums.panel)));
                    v += 1;
                }
            }
        }
    }
}

impl Kernel for Chains<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(self) {
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
