//! The two shapes of storage that training needs: a batch of rows and a weight matrix.
//!
//! Both begin at a cache line and are padded with +0.0, which stays +0.0 under every operation
//! here. The layout is private to `numerics`, so that kernels may choose it.
#![allow(unsafe_code)]

use ndarray::{Array2, ArrayView2, ShapeBuilder as _};

use super::aligned::Aligned;
use super::lane::Lane;

/// Batches are padded to a multiple of this many columns.
pub(crate) const STRIDE: usize = 16;

/// Weights are stored in panels of this many columns.
pub(crate) const PANEL: usize = 32;

/// A batch of row vectors, `rows x cols`, row-major with a padded stride.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    rows: usize,
    cols: usize,
    stride: usize,
    data: Aligned,
}

impl Batch {
    /// `rows x cols` zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        let mut batch = Batch::default();
        batch.resize(rows, cols);
        batch
    }

    /// A batch from row-major values.
    ///
    /// # Panics
    /// If there aren't `rows * cols` of them.
    pub fn from_row_major(rows: usize, cols: usize, values: &[f32]) -> Self {
        assert_eq!(values.len(), rows * cols, "as many values as the shape holds");
        let mut batch = Batch::zeros(rows, cols);
        for i in 0..rows {
            batch.row_mut(i).copy_from_slice(&values[i * cols..][..cols]);
        }
        batch
    }

    /// Changes the shape. Rows keep their contents where there were as many columns before; all
    /// else is unspecified, and padding is +0.0. Allocates only when the batch grows beyond
    /// anything it held before.
    #[inline]
    pub fn resize(&mut self, rows: usize, cols: usize) {
        if (self.rows, self.cols) == (rows, cols) {
            return;
        }
        // Rows a large power of two apart would fight over the same few lines of the cache.
        let whole = cols.next_multiple_of(STRIDE);
        let stride = if whole.is_multiple_of(256) {
            whole + STRIDE
        } else {
            whole
        };
        self.data.resize(rows * stride);
        let kept = self.cols == cols && rows <= self.rows;
        (self.rows, self.cols, self.stride) = (rows, cols, stride);
        if !kept {
            self.clear_padding();
        }
    }

    /// Number of rows: samples.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: units, or features.
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Number of rows and of columns.
    #[inline]
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    /// Row `i`, `cols` long.
    ///
    /// # Panics
    /// If there is no row `i`.
    #[inline]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.stride..][..self.cols]
    }

    /// Row `i`, `cols` long.
    ///
    /// # Panics
    /// If there is no row `i`.
    #[inline]
    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        &mut self.data[i * self.stride..][..self.cols]
    }

    /// The batch as an array, `rows x cols`.
    pub fn view(&self) -> ArrayView2<'_, f32> {
        let shape = (self.rows, self.cols).strides((self.stride, 1));
        ArrayView2::from_shape(shape, &self.data).expect("the storage holds all rows")
    }

    /// The rows in order, each `cols` long.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        (0..self.rows).map(|i| self.row(i))
    }

    /// Sets every element to `value`.
    pub fn fill(&mut self, value: f32) {
        for i in 0..self.rows {
            self.row_mut(i).fill(value);
        }
    }

    /// Elements from one row to the next.
    #[inline]
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// All elements, padding included.
    #[inline]
    pub(crate) fn storage(&self) -> &[f32] {
        &self.data
    }

    /// All elements, padding included; code that writes there must call [`Batch::clear_padding`].
    #[inline]
    pub(crate) fn storage_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// `to[j][i] = self[first + i][j]`: as many rows as a lane holds, so that work on a sample's own elements
    /// runs over samples side by side. What lies beyond the last row or column is +0.0.
    ///
    /// # Panics
    /// If there is no row `first`.
    #[inline(always)]
    pub(crate) fn transpose_rows<L: Lane>(&self, first: usize, to: &mut Batch) {
        let (rows, cols) = self.block::<L>(first);
        to.resize(cols, L::WIDTH);
        if rows < L::WIDTH {
            to.fill(0.0);
        }
        let from = &self.data[first * self.stride..][..(rows - 1) * self.stride + cols];
        let (stride, to_stride) = (self.stride, to.stride);
        let to = &mut to.data[..(cols - 1) * to_stride + rows];
        // SAFETY: `from` holds `rows` rows of `cols` elements, `to` `cols` rows of `rows`.
        unsafe { transpose::<L>(from.as_ptr(), stride, to.as_mut_ptr(), to_stride, rows, cols) };
    }

    /// The reverse of [`Batch::transpose_rows`]: `self[first + i][j] = from[j][i]`, for rows that exist. `from` is
    /// +0.0 beyond the last column.
    ///
    /// # Panics
    /// If there is no row `first`, or `from` has another shape.
    #[inline(always)]
    pub(crate) fn set_transposed_rows<L: Lane>(&mut self, first: usize, from: &Batch) {
        let (rows, cols) = self.block::<L>(first);
        let (stride, from_stride) = (self.stride, from.stride);
        let to = &mut self.data[first * stride..][..(rows - 1) * stride + cols];
        let from = &from.data[..(cols - 1) * from_stride + rows];
        // SAFETY: `from` holds `cols` rows of `rows` elements, `to` `rows` rows of `cols`.
        unsafe { transpose::<L>(from.as_ptr(), from_stride, to.as_mut_ptr(), stride, cols, rows) };
    }

    /// Rows from `first` on, as many as a lane holds at most, and columns in whole lanes.
    #[inline(always)]
    fn block<L: Lane>(&self, first: usize) -> (usize, usize) {
        assert!(first < self.rows && self.cols > 0, "there is a row {first}");
        let rows = (self.rows - first).min(L::WIDTH);
        (rows, self.cols.next_multiple_of(L::WIDTH))
    }

    /// Makes the padding +0.0 again.
    #[inline]
    pub(crate) fn clear_padding(&mut self) {
        if self.cols < self.stride {
            for row in self.data.chunks_exact_mut(self.stride) {
                row[self.cols..].fill(0.0);
            }
        }
    }
}

/// A weight matrix, `fan_in x fan_out`: element `(k, j)` joins input k to unit j.
///
/// Stored in panels of [`PANEL`] columns, each panel row-major, the last one padded. -0.0 is
/// stored as +0.0, as products leave it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    fan_in: usize,
    fan_out: usize,
    data: Aligned,
}

impl Weights {
    /// `fan_in x fan_out` zeros.
    pub fn zeros(fan_in: usize, fan_out: usize) -> Self {
        let mut data = Aligned::default();
        data.resize(fan_in * fan_out.next_multiple_of(PANEL));
        Weights {
            fan_in,
            fan_out,
            data,
        }
    }

    /// From row-major values (`k * fan_out + j`).
    ///
    /// # Panics
    /// If there aren't `fan_in * fan_out` of them.
    pub fn from_row_major(fan_in: usize, fan_out: usize, values: &[f32]) -> Self {
        let mut weights = Weights::zeros(fan_in, fan_out);
        weights.copy_from_row_major(values);
        weights
    }

    /// Overwrites all elements from row-major values.
    ///
    /// # Panics
    /// If there aren't `fan_in * fan_out` of them.
    pub fn copy_from_row_major(&mut self, values: &[f32]) {
        assert_eq!(
            values.len(),
            self.fan_in * self.fan_out,
            "as many values as the shape holds"
        );
        for k in 0..self.fan_in {
            let row = &values[k * self.fan_out..][..self.fan_out];
            for (p, part) in row.chunks(PANEL).enumerate() {
                let to = &mut self.data[(p * self.fan_in + k) * PANEL..][..PANEL];
                for (to, &x) in to.iter_mut().zip(part) {
                    *to = x + 0.0;
                }
                to[part.len()..].fill(0.0);
            }
        }
    }

    /// Writes all elements in row-major order.
    ///
    /// # Panics
    /// If `out` doesn't hold `fan_in * fan_out`.
    pub fn copy_to_row_major(&self, out: &mut [f32]) {
        assert_eq!(
            out.len(),
            self.fan_in * self.fan_out,
            "as many values as the shape holds"
        );
        for k in 0..self.fan_in {
            let row = &mut out[k * self.fan_out..][..self.fan_out];
            for (p, part) in row.chunks_mut(PANEL).enumerate() {
                let from = &self.data[(p * self.fan_in + k) * PANEL..][..part.len()];
                part.copy_from_slice(from);
            }
        }
    }

    /// Overwrites all elements.
    ///
    /// # Panics
    /// If the shape is not `fan_in x fan_out`.
    pub fn assign(&mut self, values: ArrayView2<f32>) {
        assert_eq!(values.dim(), (self.fan_in, self.fan_out), "the same shape");
        let values = values.as_standard_layout();
        self.copy_from_row_major(values.as_slice().expect("row-major order"));
    }

    /// All elements, `fan_in x fan_out`.
    pub fn to_array(&self) -> Array2<f32> {
        Array2::from_shape_vec((self.fan_in, self.fan_out), self.to_row_major())
            .expect("as many as the shape holds")
    }

    /// All elements in row-major order.
    pub fn to_row_major(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.fan_in * self.fan_out];
        self.copy_to_row_major(&mut out);
        out
    }

    /// Number of inputs of each unit.
    #[inline]
    pub fn fan_in(&self) -> usize {
        self.fan_in
    }

    /// Number of units.
    #[inline]
    pub fn fan_out(&self) -> usize {
        self.fan_out
    }

    /// Number of elements, `fan_in * fan_out`.
    pub fn len(&self) -> usize {
        self.fan_in * self.fan_out
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `(k, j)`.
    ///
    /// # Panics
    /// If it doesn't exist.
    pub fn get(&self, k: usize, j: usize) -> f32 {
        self.data[self.position(k, j)]
    }

    /// Overwrites element `(k, j)`.
    ///
    /// # Panics
    /// If it doesn't exist.
    pub fn set(&mut self, k: usize, j: usize, value: f32) {
        let position = self.position(k, j);
        self.data[position] = value + 0.0;
    }

    /// Sets every element to `value`.
    pub fn fill(&mut self, value: f32) {
        for (p, panel) in self.data.chunks_mut(self.fan_in.max(1) * PANEL).enumerate() {
            let columns = (self.fan_out - p * PANEL).min(PANEL);
            for row in panel.chunks_mut(PANEL) {
                row[..columns].fill(value + 0.0);
                row[columns..].fill(0.0);
            }
        }
    }

    /// The raw storage, padding included, in layout order: for elementwise work (optimizers)
    /// over several matrices of the same shape. Padding must stay zero.
    #[inline]
    pub fn storage(&self) -> &[f32] {
        &self.data
    }

    /// The raw storage, see [`Weights::storage`].
    #[inline]
    pub fn storage_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// The panels in the order of their columns, each `fan_in` rows of [`PANEL`].
    #[inline(always)]
    pub(crate) fn panels(&self) -> impl Iterator<Item = &[f32]> {
        self.data.chunks_exact((self.fan_in * PANEL).max(1))
    }

    /// See [`Weights::panels`]. Padding must stay zero.
    #[inline(always)]
    pub(crate) fn panels_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.data.chunks_exact_mut((self.fan_in * PANEL).max(1))
    }

    /// Column j in row 0 of its panel; the panel's rows are [`PANEL`] apart, `fan_in` of them.
    #[inline(always)]
    pub(crate) fn panel_from(&self, j: usize) -> *const f32 {
        self.data
            .as_ptr()
            .wrapping_add(j / PANEL * self.fan_in * PANEL + j % PANEL)
    }

    /// See [`Weights::panel_from`].
    #[inline(always)]
    pub(crate) fn panel_from_mut(&mut self, j: usize) -> *mut f32 {
        self.data
            .as_mut_ptr()
            .wrapping_add(j / PANEL * self.fan_in * PANEL + j % PANEL)
    }

    fn position(&self, k: usize, j: usize) -> usize {
        assert!(
            k < self.fan_in && j < self.fan_out,
            "element ({k}, {j}) of {self:.0?}"
        );
        (j / PANEL * self.fan_in + k) * PANEL + j % PANEL
    }
}

/// `to[c][r] = from[r][c]` for `rows x cols`; strides in elements.
///
/// # Safety
/// Both must be valid for the whole shape, and not overlap.
#[inline(always)]
pub(super) unsafe fn transpose<L: Lane>(
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
    rows: usize,
    cols: usize,
) {
    let (whole_rows, whole_cols) = (rows - rows % L::WIDTH, cols - cols % L::WIDTH);
    // SAFETY: all within `rows x cols`.
    unsafe {
        let mut r = 0;
        while r < whole_rows {
            let mut c = 0;
            while c < whole_cols {
                let (from, to) = (from.add(r * from_stride + c), to.add(c * to_stride + r));
                L::transpose(from, from_stride, to, to_stride);
                c += L::WIDTH;
            }
            r += L::WIDTH;
        }
        for r in 0..rows {
            let first = if r < whole_rows { whole_cols } else { 0 };
            for c in first..cols {
                *to.add(c * to_stride + r) = *from.add(r * from_stride + c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_back_as_they_went_in_whatever_the_layout() {
        for (fan_in, fan_out) in [(1, 1), (3, 31), (2, 32), (5, 33), (7, 100)] {
            let values: Vec<f32> = (1..=fan_in * fan_out).map(|i| i as f32).collect();
            let weights = Weights::from_row_major(fan_in, fan_out, &values);
            assert_eq!(weights.to_row_major(), values);
            assert_eq!(weights.get(fan_in - 1, fan_out - 1), values[fan_in * fan_out - 1]);
            assert_eq!(weights.get(fan_in - 1, 0), values[(fan_in - 1) * fan_out]);
            let sum: f32 = weights.storage().iter().sum();
            assert_eq!(sum, values.iter().sum::<f32>(), "padding is zero");
        }
    }

    #[test]
    fn arrays_have_the_elements_of_batches_and_weights() {
        let batch = Batch::from_row_major(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(batch.view(), ndarray::array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(Batch::default().view().dim(), (0, 0));
        let mut weights = Weights::zeros(3, 2);
        weights.assign(batch.view().t());
        assert_eq!(weights.to_row_major(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(weights.to_array(), batch.view().t());
    }

    #[test]
    fn padding_is_zero_after_any_change_of_shape() {
        let mut batch = Batch::zeros(3, 48);
        batch.fill(1.0);
        for (rows, cols) in [(5, 17), (2, 33), (9, 1), (1, 48), (4, 40), (1, 3), (7, 3)] {
            batch.resize(rows, cols);
            batch.fill(1.0);
            let sum: f32 = batch.storage().iter().sum();
            assert_eq!(sum, (rows * cols) as f32);
        }
    }

    #[test]
    fn storage_begins_at_a_cache_line() {
        for n in 1..20 {
            assert_eq!(Batch::zeros(n, n).storage().as_ptr() as usize % 64, 0);
            assert_eq!(Weights::zeros(n, n).storage().as_ptr() as usize % 64, 0);
        }
    }
}
