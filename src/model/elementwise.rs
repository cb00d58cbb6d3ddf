//! The passes over batches that are neither products nor activation functions.
//!
//! Sums have one order each, which is part of the arithmetic contract: over the rows of a column,
//! one chain in ascending order; over everything, 16 striped chains (column j belongs to chain
//! j mod 16, rows ascending), joined by halves: 8 apart, then 4, 2, 1.

use crate::numerics::{Batch, Elementwise, Lane, apply_batch};

/// Compiles functions, whose arguments may borrow for `'k`, once per instruction set, each with
/// a front that jumps to the one in use. Plain arithmetic in them is IEEE arithmetic on all.
macro_rules! kernels {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $kind:ty),* $(,)?) -> $out:ty $body:block)*) => {$(
        $(#[$doc])*
        pub(super) fn $name<'k>($($arg: $kind),*) -> $out {
            struct Run<'k> {
                $($arg: $kind,)*
                lifetime: std::marker::PhantomData<&'k ()>,
            }
            impl<'k> $crate::numerics::isa::Kernel for Run<'k> {
                type Output = $out;
                #[inline(always)]
                fn run<L: $crate::numerics::Lane>(self) -> $out {
                    let Run { $($arg,)* lifetime: _ } = self;
                    $body
                }
            }
            let kernel = Run { $($arg,)* lifetime: std::marker::PhantomData };
            $crate::numerics::isa::dispatch($crate::numerics::isa(), kernel)
        }
    )*};
}
pub(super) use kernels;

/// At least as many elements as a lane holds.
pub(super) const WIDEST: usize = 16;

/// Number of chains of a striped sum.
const STRIPES: usize = 16;

/// The chains of a striped sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Striped([f32; STRIPES]);

impl Striped {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Striped([0.0; STRIPES])
    }

    /// Replaces the chain of each pair of elements by `f(chain, x, y)`.
    #[inline(always)]
    pub(super) fn add(&mut self, x: &[f32], y: &[f32], f: impl Fn(f32, f32, f32) -> f32) {
        let (whole, other) = (x.chunks_exact(STRIPES), y.chunks_exact(STRIPES));
        let rest = whole.remainder().iter().zip(other.remainder());
        for (x, y) in whole.zip(other) {
            for i in 0..STRIPES {
                self.0[i] = f(self.0[i], x[i], y[i]);
            }
        }
        for (s, (&x, &y)) in self.0.iter_mut().zip(rest) {
            *s = f(*s, x, y);
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

kernels! {
    /// `sums[j] += x[b][j]` for ascending b.
    fn accumulate_columns(x: &'k Batch, sums: &'k mut [f32]) -> () {
        // A few lanes at a time, so that sums stay in registers.
        let wide = BLOCK * L::WIDTH;
        for (block, sums) in sums.chunks_mut(wide).enumerate() {
            let mut buffer = [0.0; BLOCK * WIDEST];
            buffer[..sums.len()].copy_from_slice(sums);
            match sums.len().div_ceil(L::WIDTH) {
                1 => add_columns::<L, 1>(x, block * wide, &mut buffer),
                2 => add_columns::<L, 2>(x, block * wide, &mut buffer),
                3 => add_columns::<L, 3>(x, block * wide, &mut buffer),
                _ => add_columns::<L, BLOCK>(x, block * wide, &mut buffer),
            }
            sums.copy_from_slice(&buffer[..sums.len()]);
        }
    }

    /// `sums[j] += x[b][j] * y[b][j]`, fused, for ascending b.
    fn accumulate_column_products(x: &'k Batch, y: &'k Batch, sums: &'k mut [f32]) -> () {
        for (x, y) in x.iter().zip(y.iter()) {
            for ((s, &x), &y) in sums.iter_mut().zip(x).zip(y) {
                *s = x.mul_add(y, *s);
            }
        }
    }

    /// Sum of all elements, striped.
    fn total(x: &'k Batch) -> f32 {
        let mut sum = Striped::new();
        for row in x.iter() {
            sum.add(row, row, |s, x, _| s + x);
        }
        sum.total()
    }

    /// Sum of all products of elements, striped and fused.
    fn dot(x: &'k Batch, y: &'k Batch) -> f32 {
        let mut sum = Striped::new();
        for (x, y) in x.iter().zip(y.iter()) {
            sum.add(x, y, |s, x, y| x.mul_add(y, s));
        }
        sum.total()
    }
}

/// Lanes of columns that [`accumulate_columns`] adds up at a time.
const BLOCK: usize = 4;

/// The same for `V` lanes of columns from `from` on.
#[inline(always)]
fn add_columns<L: Lane, const V: usize>(x: &Batch, from: usize, sums: &mut [f32]) {
    let mut lanes: [L; V] = std::array::from_fn(|v| L::read(&sums[v * L::WIDTH..]));
    for row in x.storage().chunks_exact(x.stride()) {
        for (v, lane) in lanes.iter_mut().enumerate() {
            *lane = *lane + L::read(&row[from + v * L::WIDTH..]);
        }
    }
    for (v, lane) in lanes.iter().enumerate() {
        lane.write(&mut sums[v * L::WIDTH..]);
    }
}

/// `out = alpha * x + y`, fused.
pub(super) fn add_scaled(alpha: f32, x: &Batch, y: &Batch, out: &mut Batch) {
    struct AddScaled(f32);
    impl Elementwise<2, 1> for AddScaled {
        #[inline(always)]
        fn apply<L: Lane>(&self, [x, y]: [L; 2], _: [L; 1]) -> [L; 1] {
            [L::splat(self.0).mul_add(x, y)]
        }
    }
    out.resize(x.rows(), x.cols());
    apply_batch(&AddScaled(alpha), [x, y], [out]);
}

/// `x += y`.
pub(super) fn add(x: &mut Batch, y: &Batch) {
    struct Add;
    impl Elementwise<1, 1> for Add {
        #[inline(always)]
        fn apply<L: Lane>(&self, [y]: [L; 1], [x]: [L; 1]) -> [L; 1] {
            [x + y]
        }
    }
    apply_batch(&Add, [y], [x]);
}

/// `x + c`.
struct Shift(f32);

impl Elementwise<1, 1> for Shift {
    #[inline(always)]
    fn apply<L: Lane>(&self, [x]: [L; 1], _: [L; 1]) -> [L; 1] {
        [x + L::splat(self.0)]
    }
}

impl Elementwise<0, 1> for Shift {
    #[inline(always)]
    fn apply<L: Lane>(&self, _: [L; 0], [x]: [L; 1]) -> [L; 1] {
        [x + L::splat(self.0)]
    }
}

/// `out = x + c`.
pub(super) fn shift(x: &Batch, c: f32, out: &mut Batch) {
    out.resize(x.rows(), x.cols());
    apply_batch(&Shift(c), [x], [out]);
}

/// `x += c`.
pub(super) fn shift_in_place(x: &mut Batch, c: f32) {
    apply_batch(&Shift(c), [], [x]);
}

/// `out = c * x`.
pub(super) fn scale(x: &Batch, c: f32, out: &mut Batch) {
    struct Scale(f32);
    impl Elementwise<1, 1> for Scale {
        #[inline(always)]
        fn apply<L: Lane>(&self, [x]: [L; 1], _: [L; 1]) -> [L; 1] {
            [x * L::splat(self.0)]
        }
    }
    out.resize(x.rows(), x.cols());
    apply_batch(&Scale(c), [x], [out]);
}

/// `out = x`, without allocation where `out` is large enough.
pub(super) fn copy(x: &Batch, out: &mut Batch) {
    out.resize(x.rows(), x.cols());
    for i in 0..x.rows() {
        out.row_mut(i).copy_from_slice(x.row(i));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(rows: usize, cols: usize) -> Batch {
        let values: Vec<f32> = (0..rows * cols)
            .map(|i| ((i * 7919) % 1000) as f32 / 31.0 - 15.0)
            .collect();
        Batch::from_row_major(rows, cols, &values)
    }

    #[test]
    fn columns_are_added_in_order_whatever_their_number() {
        for cols in [1, 15, 16, 17, 33, 40, 49, 64, 65, 100, 256] {
            let x = batch(7, cols);
            let mut sums = vec![0.25f32; cols];
            accumulate_columns(&x, &mut sums);
            for (j, sum) in sums.iter().enumerate() {
                let chain = (0..7).fold(0.25, |chain, b| chain + x.row(b)[j]);
                assert_eq!(sum.to_bits(), chain.to_bits(), "column {j} of {cols}");
            }
        }
    }

    #[test]
    fn sums_follow_their_order_to_the_bit() {
        for (rows, cols) in [(1, 1), (3, 16), (5, 17), (7, 40), (2, 100)] {
            let (x, y) = (batch(rows, cols), batch(rows, cols));
            let mut chains = [0.0f32; 16];
            let mut products = [0.0f32; 16];
            let mut columns = vec![0.5f32; cols];
            for b in 0..rows {
                for j in 0..cols {
                    let (x, y) = (x.row(b)[j], y.row(b)[j]);
                    chains[j % 16] += x;
                    products[j % 16] = x.mul_add(y, products[j % 16]);
                    columns[j] = x.mul_add(y, columns[j]);
                }
            }
            let join = |c: [f32; 16]| {
                let a: [f32; 8] = std::array::from_fn(|i| c[i] + c[i + 8]);
                let b: [f32; 4] = std::array::from_fn(|i| a[i] + a[i + 4]);
                (b[0] + b[2]) + (b[1] + b[3])
            };
            assert_eq!(total(&x).to_bits(), join(chains).to_bits());
            assert_eq!(dot(&x, &y).to_bits(), join(products).to_bits());
            let mut sums = vec![0.5; cols];
            accumulate_column_products(&x, &y, &mut sums);
            assert_eq!(sums, columns);
        }
    }
}
