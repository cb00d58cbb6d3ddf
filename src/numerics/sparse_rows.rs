//! Rows of data that are mostly exact zeros (pixels), kept without them.
#![allow(unsafe_code)]

/// Inputs per block: while all samples of a batch use a block's weights, those stay close, for the
/// columns that are worked on together. Smaller blocks would fit the first cache better, but make
/// for runs so short that their ends cost more.
pub(super) const BLOCK: usize = 112;

use std::ops::Range;

/// Rows without their zeros: for each row and block of inputs, the inputs that aren't zero, in
/// ascending order, and their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseRows {
    cols: usize,
    rows: usize,
    /// Most values in a row.
    longest: usize,
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
            longest: 0,
            starts: vec![0],
            inputs: Vec::new(),
            values: Vec::new(),
        })
    }

    /// Appends a dense row; `None`, and nothing appended, if there would be too many values.
    ///
    /// # Panics
    /// If it isn't as long as there are columns.
    pub fn push(&mut self, row: &[f32]) -> Option<()> {
        assert_eq!(row.len(), self.cols, "values and columns");
        u32::try_from(self.values.len() + row.len()).ok()?;
        let before = self.values.len();
        for (block, values) in row.chunks(BLOCK).enumerate() {
            for (i, &x) in values.iter().enumerate() {
                if x != 0.0 {
                    self.inputs.push((block * BLOCK + i) as u16);
                    self.values.push(x);
                }
            }
            self.starts.push(self.values.len() as u32);
        }
        self.rows += 1;
        self.longest = self.longest.max(self.values.len() - before);
        Some(())
    }

    /// Makes these the rows `picked` of `from`, side by side. Allocates only when there are more of
    /// them, or longer ones to pick from, than ever before.
    ///
    /// # Panics
    /// If a row doesn't exist.
    pub fn gather(&mut self, from: &SparseRows, picked: &[u32]) {
        from.check(picked);
        let blocks = from.blocks();
        (self.cols, self.rows, self.longest) = (from.cols, picked.len(), 0);
        self.starts.clear();
        self.inputs.clear();
        self.values.clear();
        self.starts.reserve(picked.len() * blocks + 1);
        self.inputs.reserve(picked.len() * from.longest);
        self.values.reserve(picked.len() * from.longest);
        self.starts.push(0);
        for &row in picked {
            let starts = &from.starts[row as usize * blocks..][..blocks + 1];
            let span = starts[0] as usize..starts[blocks] as usize;
            let moved = (self.values.len() as u32).wrapping_sub(starts[0]);
            self.starts
                .extend(starts[1..].iter().map(|at| at.wrapping_add(moved)));
            self.inputs.extend_from_slice(&from.inputs[span.clone()]);
            self.values.extend_from_slice(&from.values[span.clone()]);
            self.longest = self.longest.max(span.len());
        }
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
            let first = row as usize * self.blocks();
            let span = self.starts[first] as usize..self.starts[first + self.blocks()] as usize;
            let (inputs, values) = (&self.inputs[span.clone()], &self.values[span]);
            for at in inputs.iter().step_by(LINE / 2) {
                prefetch(at);
            }
            for at in values.iter().step_by(LINE / 4) {
                prefetch(at);
            }
        }
    }

    /// Number of blocks of inputs.
    #[inline(always)]
    pub(super) fn blocks(&self) -> usize {
        self.cols.div_ceil(BLOCK)
    }

    /// Where the inputs and values of a block of `row` lie among all.
    #[inline(always)]
    pub(super) fn span(&self, row: usize, block: usize) -> Range<usize> {
        let at = row * self.blocks() + block;
        self.starts[at] as usize..self.starts[at + 1] as usize
    }

    /// Inputs, counted from the row's first, and values of a block of `row`.
    #[inline(always)]
    pub(super) fn block(&self, row: usize, block: usize) -> (&[u16], &[f32]) {
        let span = self.span(row, block);
        (&self.inputs[span.clone()], &self.values[span])
    }

    /// Inputs and values of all rows.
    #[inline(always)]
    pub(super) fn all(&self) -> (&[u16], &[f32]) {
        (&self.inputs, &self.values)
    }

    fn check(&self, picked: &[u32]) {
        let last = picked.iter().max().map_or(0, |&row| row as usize + 1);
        assert!(last <= self.rows, "row {} of {}", last.wrapping_sub(1), self.rows);
    }
}

/// Bytes that come near together.
const LINE: usize = 64;

/// A hint, where the processor takes one: the second cache will do, something else comes first.
#[inline(always)]
fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which changes nothing and may name any address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
