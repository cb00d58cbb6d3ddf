//! The two shapes of storage that training needs: a batch of rows and a weight matrix.
//!
//! The physical layout is private to `numerics`, so that kernels may choose it; both are padded
//! with +0.0, and padding stays +0.0 under every operation here.

/// A batch of row vectors, `rows x cols`, row-major with a padded stride.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    rows: usize,
    cols: usize,
    stride: usize,
    data: Vec<f32>,
}

impl Batch {
    /// A batch of zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        let mut batch = Batch::default();
        batch.resize(rows, cols);
        batch
    }

    /// Changes the shape; contents become unspecified but finite, padding is +0.0. Allocates only when the batch
    /// grows beyond anything it held before.
    pub fn resize(&mut self, rows: usize, cols: usize) {
        let stride = cols.div_ceil(16) * 16;
        if (self.cols, self.stride) != (cols, stride) {
            self.data.clear();
        }
        self.data.resize(rows * stride, 0.0);
        (self.rows, self.cols, self.stride) = (rows, cols, stride);
    }

    /// Number of rows (samples).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns (units).
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Row `i`, `cols` long.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.stride..][..self.cols]
    }

    /// Row `i`, `cols` long.
    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        &mut self.data[i * self.stride..][..self.cols]
    }
}

/// A weight matrix, `fan_in x fan_out`: element `(k, j)` joins input k to unit j.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    fan_in: usize,
    fan_out: usize,
    data: Vec<f32>,
}

impl Weights {
    /// All zeros.
    pub fn zeros(fan_in: usize, fan_out: usize) -> Self {
        Weights {
            fan_in,
            fan_out,
            data: vec![0.0; fan_in * fan_out],
        }
    }

    /// From row-major values (`k * fan_out + j`).
    pub fn from_row_major(fan_in: usize, fan_out: usize, values: &[f32]) -> Self {
        let mut weights = Weights::zeros(fan_in, fan_out);
        weights.copy_from_row_major(values);
        weights
    }

    /// Overwrites all elements from row-major values.
    pub fn copy_from_row_major(&mut self, values: &[f32]) {
        self.data.copy_from_slice(values);
    }

    /// Writes all elements in row-major order.
    pub fn copy_to_row_major(&self, out: &mut [f32]) {
        out.copy_from_slice(&self.data);
    }

    /// All elements in row-major order.
    pub fn to_row_major(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.fan_in * self.fan_out];
        self.copy_to_row_major(&mut out);
        out
    }

    /// Number of inputs.
    pub fn fan_in(&self) -> usize {
        self.fan_in
    }

    /// Number of units.
    pub fn fan_out(&self) -> usize {
        self.fan_out
    }

    /// Element `(k, j)`.
    pub fn get(&self, k: usize, j: usize) -> f32 {
        self.data[k * self.fan_out + j]
    }

    /// The raw storage, padding included, in layout order: for elementwise work (optimizers)
    /// over several matrices of the same shape. Padding must stay +0.0.
    pub fn storage(&self) -> &[f32] {
        &self.data
    }

    /// The raw storage, see [`Weights::storage`].
    pub fn storage_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }
}
