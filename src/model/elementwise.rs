//! The passes over batches that are neither products nor activation functions.
//!
//! Sums have one order each, which is part of the arithmetic contract: over the rows of a column,
//! one chain in ascending order; over everything, 16 striped chains (column j belongs to chain
//! j mod 16, rows ascending), joined by halves: 8 apart, then 4, 2, 1.

use crate::numerics::Batch;

/// Number of chains of a striped sum.
const STRIPES: usize = 16;

/// The chains of a striped sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Striped([f32; STRIPES]);

impl Striped {
    pub(super) fn new() -> Self {
        Striped([0.0; STRIPES])
    }

    /// Adds `f(x, y)` for each pair of elements.
    #[inline(always)]
    pub(super) fn add(&mut self, x: &[f32], y: &[f32], f: impl Fn(f32, f32, f32) -> f32) {
        for (x, y) in x.chunks(STRIPES).zip(y.chunks(STRIPES)) {
            for (s, (&x, &y)) in self.0.iter_mut().zip(x.iter().zip(y)) {
                *s = f(*s, x, y);
            }
        }
    }

    /// The sum.
    #[inline(always)]
    pub(super) fn total(mut self) -> f32 {
        let mut half = STRIPES / 2;
        while half > 0 {
            for i in 0..half {
                self.0[i] += self.0[i + half];
            }
            half /= 2;
        }
        self.0[0]
    }
}

/// `out = alpha * x + y`, fused.
pub(super) fn add_scaled(alpha: f32, x: &Batch, y: &Batch, out: &mut Batch) {
    out.resize(x.rows(), x.cols());
    for i in 0..x.rows() {
        for ((o, &x), &y) in out.row_mut(i).iter_mut().zip(x.row(i)).zip(y.row(i)) {
            *o = alpha.mul_add(x, y);
        }
    }
}

/// `x += y`.
pub(super) fn add(x: &mut Batch, y: &Batch) {
    for i in 0..y.rows() {
        for (x, &y) in x.row_mut(i).iter_mut().zip(y.row(i)) {
            *x += y;
        }
    }
}

/// `out = x + c`.
pub(super) fn shift(x: &Batch, c: f32, out: &mut Batch) {
    map(x, out, |x| x + c);
}

/// `out = c * x`.
pub(super) fn scale(x: &Batch, c: f32, out: &mut Batch) {
    map(x, out, |x| x * c);
}

/// `out = x`.
pub(super) fn copy(x: &Batch, out: &mut Batch) {
    map(x, out, |x| x);
}

fn map(x: &Batch, out: &mut Batch, f: impl Fn(f32) -> f32) {
    out.resize(x.rows(), x.cols());
    for i in 0..x.rows() {
        for (o, &x) in out.row_mut(i).iter_mut().zip(x.row(i)) {
            *o = f(x);
        }
    }
}

/// `sums[j] += x[b][j]` for ascending b.
pub(super) fn accumulate_columns(x: &Batch, sums: &mut [f32]) {
    for i in 0..x.rows() {
        for (s, &x) in sums.iter_mut().zip(x.row(i)) {
            *s += x;
        }
    }
}

/// `sums[j] += x[b][j] * y[b][j]`, fused, for ascending b.
pub(super) fn accumulate_column_products(x: &Batch, y: &Batch, sums: &mut [f32]) {
    for i in 0..x.rows() {
        for ((s, &x), &y) in sums.iter_mut().zip(x.row(i)).zip(y.row(i)) {
            *s = x.mul_add(y, *s);
        }
    }
}

/// Sum of all elements, striped.
pub(super) fn total(x: &Batch) -> f32 {
    let mut sum = Striped::new();
    for i in 0..x.rows() {
        sum.add(x.row(i), x.row(i), |s, x, _| s + x);
    }
    sum.total()
}

/// Sum of all products of elements, striped and fused.
pub(super) fn dot(x: &Batch, y: &Batch) -> f32 {
    let mut sum = Striped::new();
    for i in 0..x.rows() {
        sum.add(x.row(i), y.row(i), |s, x, y| x.mul_add(y, s));
    }
    sum.total()
}

/// `x += c`.
pub(super) fn add_to_all(x: &mut Batch, c: f32) {
    for i in 0..x.rows() {
        for x in x.row_mut(i) {
            *x += c;
        }
    }
}
