//! Products from rows that are mostly exact zeros (pixels), which are skipped.
#![allow(unsafe_code)]

use std::cell::RefCell;

use super::tile::{load, store};
use crate::numerics::isa::Kernel;
use crate::numerics::matrix::PANEL;
use crate::numerics::{Batch, Lane, Weights};

/// Inputs per block: a block's weights, `BLOCK` rows of [`GROUP`] columns, stay in the first
/// cache while all samples of a batch use them.
const BLOCK: usize = 56;

/// Columns that are worked on together.
const GROUP: usize = 4 * PANEL;

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

    fn blocks(&self) -> usize {
        self.cols.div_ceil(BLOCK)
    }

    /// Positions of the values of `block` of `row`.
    #[inline(always)]
    fn span(&self, row: usize, block: usize) -> (usize, usize) {
        let at = row * self.blocks() + block;
        (self.starts[at] as usize, self.starts[at + 1] as usize)
    }

    pub(super) fn check(&self, picked: &[u32]) {
        let last = picked.iter().max().map_or(0, |&row| row as usize + 1);
        assert!(last <= self.rows, "row {} of {}", last.wrapping_sub(1), self.rows);
    }
}

/// Calls `$columns` for groups of columns, as wide as registers allow.
macro_rules! for_each_group {
    ($self:ident, $L:ident, $fan_out:expr) => {{
        let fan_out: usize = $fan_out;
        let mut j = 0;
        while j < fan_out {
            // SAFETY: the lanes begin at columns that exist and end within the padding.
            let lanes = (fan_out - j).min(GROUP).div_ceil($L::WIDTH);
            j += $L::WIDTH
                * unsafe {
                    match lanes {
                        8.. => {
                            $self.columns::<$L, 8>(j);
                            8
                        }
                        4.. => {
                            $self.columns::<$L, 4>(j);
                            4
                        }
                        2.. => {
                            $self.columns::<$L, 2>(j);
                            2
                        }
                        _ => {
                            $self.columns::<$L, 1>(j);
                            1
                        }
                    }
                };
        }
    }};
}

/// See [`super::forward_sparse`]; shapes fit.
pub(super) struct Forward<'a> {
    pub x: &'a SparseRows,
    pub picked: &'a [u32],
    pub w: &'a Weights,
    pub bias: &'a [f32],
    pub out: &'a mut Batch,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        for b in 0..self.picked.len() {
            self.out.row_mut(b).copy_from_slice(self.bias);
        }
        for_each_group!(self, L, self.w.fan_out());
    }
}

impl Forward<'_> {
    /// `V` lanes of columns from j on.
    ///
    /// # Safety
    /// The lanes must lie within the padded columns.
    #[inline(always)]
    unsafe fn columns<L: Lane, const V: usize>(&mut self, j: usize) {
        let panels = lane_panels::<L, V>(self.w, j);
        let stride = self.out.stride();
        let out = self.out.storage_mut().as_mut_ptr();
        for block in 0..self.x.blocks() {
            for (b, &row) in self.picked.iter().enumerate() {
                let (start, end) = self.x.span(row as usize, block);
                // SAFETY: inputs are below `cols`, which is w's fan-in; row b of out exists.
                unsafe {
                    let to = out.add(b * stride + j);
                    let mut sums = load::<L, V>(to);
                    for at in start..end {
                        let k = usize::from(*self.x.inputs.get_unchecked(at)) * PANEL;
                        let x = L::splat(*self.x.values.get_unchecked(at));
                        let mut v = 0;
                        while v < V {
                            sums[v] = x.mul_add(L::load(panels[v].add(k)), sums[v]);
                            v += 1;
                        }
                    }
                    store(sums, to);
                }
            }
        }
    }
}

/// Where each of `V` lanes of columns from j on begins in row 0 of its panel.
#[inline(always)]
fn lane_panels<L: Lane, const V: usize>(w: &Weights, j: usize) -> [*const f32; V] {
    let mut panels = [std::ptr::null(); V];
    let mut v = 0;
    while v < V {
        panels[v] = w.panel_from(j + v * L::WIDTH);
        v += 1;
    }
    panels
}

/// The rows of one batch, by column: for each input, the samples where it isn't zero.
#[derive(Default)]
pub(super) struct Columns {
    /// Position in `entries` of each input, and the end.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    sample: u32,
    value: f32,
}

impl Columns {
    fn build(&mut self, x: &SparseRows, picked: &[u32]) {
        let span = |row: u32| {
            let at = row as usize * x.blocks();
            x.starts[at] as usize..x.starts[at + x.blocks()] as usize
        };
        // starts[k + 2] counts input k, then starts[k + 1] is where the next entry of k goes,
        // and in the end starts[k] is where k begins.
        self.starts.clear();
        self.starts.resize(x.cols + 2, 0);
        for &row in picked {
            for &k in &x.inputs[span(row)] {
                self.starts[usize::from(k) + 2] += 1;
            }
        }
        let mut total = 0;
        for start in &mut self.starts {
            total += *start;
            *start = total;
        }
        self.entries.clear();
        self.entries.resize(total as usize, Entry::default());
        for (sample, &row) in picked.iter().enumerate() {
            for (&k, &value) in x.inputs[span(row)].iter().zip(&x.values[span(row)]) {
                let next = &mut self.starts[usize::from(k) + 1];
                self.entries[*next as usize] = Entry {
                    sample: sample as u32,
                    value,
                };
                *next += 1;
            }
        }
    }
}

/// Lends the batch's columns, in buffers that the thread keeps from call to call.
pub(super) fn with_columns(x: &SparseRows, picked: &[u32], use_them: impl FnOnce(&Columns)) {
    thread_local! {
        static COLUMNS: RefCell<Columns> = RefCell::default();
    }
    COLUMNS.with_borrow_mut(|columns| {
        columns.build(x, picked);
        use_them(columns);
    });
}

/// See [`super::accumulate_sparse`]; shapes fit.
pub(super) struct Accumulate<'a> {
    pub columns: &'a Columns,
    pub delta: &'a Batch,
    pub c: &'a mut Weights,
}

impl Kernel for Accumulate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        for_each_group!(self, L, self.c.fan_out());
    }
}

impl Accumulate<'_> {
    /// `V` lanes of columns from j on.
    ///
    /// # Safety
    /// The lanes must lie within the padded columns.
    #[inline(always)]
    unsafe fn columns<L: Lane, const V: usize>(&mut self, j: usize) {
        let stride = self.delta.stride();
        let delta = self.delta.storage().as_ptr().wrapping_add(j);
        let fan_in = self.c.fan_in();
        let mut panels = [std::ptr::null_mut(); V];
        for (v, panel) in panels.iter_mut().enumerate() {
            *panel = self.c.panel_from_mut(j + v * L::WIDTH);
        }
        for k in 0..fan_in {
            let span = self.columns.starts[k] as usize..self.columns.starts[k + 1] as usize;
            if span.is_empty() {
                continue;
            }
            // SAFETY: row k of c exists; samples are rows of delta.
            unsafe {
                let mut sums = [L::zero(); V];
                for v in 0..V {
                    sums[v] = L::load(panels[v].add(k * PANEL));
                }
                for entry in &self.columns.entries[span] {
                    let from = delta.add(entry.sample as usize * stride);
                    let x = L::splat(entry.value);
                    let mut v = 0;
                    while v < V {
                        sums[v] = x.mul_add(L::load(from.add(v * L::WIDTH)), sums[v]);
                        v += 1;
                    }
                }
                for v in 0..V {
                    store([sums[v]], panels[v].add(k * PANEL));
                }
            }
        }
    }
}
