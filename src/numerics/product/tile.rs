//! The piece that all products are made of: a tile of accumulation chains.
#![allow(unsafe_code)]

use crate::numerics::Lane;

/// `R x V` lanes of accumulators, `V` lanes wide.
pub(super) type Tile<L, const R: usize, const V: usize> = [[L; V]; R];

/// The left operand: one number for each row of the tile and each step of the chains.
#[derive(Clone, Copy)]
pub(super) struct Scalars {
    /// Row 0, step 0.
    pub start: *const f32,
    /// From one row to the next.
    pub row: usize,
    /// From one step to the next.
    pub step: usize,
}

/// The right operand: `V` lanes for each step of the chains.
#[derive(Clone, Copy)]
pub(super) struct Vectors {
    /// Step 0.
    pub start: *const f32,
    /// From one step to the next.
    pub step: usize,
}

/// Carries every chain of the tile on by `steps` steps:
/// `tile[r][v] = scalars[r][t] * vectors[t][v] + tile[r][v]` for ascending t, rounded once each.
///
/// # Safety
/// Both operands must be readable wherever `R`, `V` and `steps` reach.
#[inline(always)]
pub(super) unsafe fn chain<L: Lane, const R: usize, const V: usize>(
    tile: &mut Tile<L, R, V>,
    scalars: Scalars,
    vectors: Vectors,
    steps: usize,
) {
    let (mut s, mut w) = (scalars.start, vectors.start);
    for _ in 0..steps {
        // SAFETY: the caller vouches for what is read; the pointers are only moved past it.
        unsafe {
            let lanes: [L; V] = load(w);
            let mut r = 0;
            while r < R {
                let scalar = L::splat(*s.add(r * scalars.row));
                let mut v = 0;
                while v < V {
                    tile[r][v] = scalar.mul_add(lanes[v], tile[r][v]);
                    v += 1;
                }
                r += 1;
            }
            s = s.wrapping_add(scalars.step);
            w = w.wrapping_add(vectors.step);
        }
    }
}

/// `V` lanes from consecutive memory.
///
/// # Safety
/// `from` must be valid for reading that many.
#[inline(always)]
pub(super) unsafe fn load<L: Lane, const V: usize>(from: *const f32) -> [L; V] {
    let mut lanes = [L::zero(); V];
    let mut v = 0;
    while v < V {
        // SAFETY: the caller's.
        lanes[v] = unsafe { L::load(from.add(v * L::WIDTH)) };
        v += 1;
    }
    lanes
}

/// `fma(-rate, gradient, weights)`, the end of a step of plain gradient descent.
#[inline(always)]
pub(super) fn descend<L: Lane, const V: usize>(rate: f32, gradient: [L; V], mut weights: [L; V]) -> [L; V] {
    let mut v = 0;
    while v < V {
        weights[v] = L::splat(-rate).mul_add(gradient[v], weights[v]);
        v += 1;
    }
    weights
}

/// `V` lanes to consecutive memory, -0.0 as +0.0.
///
/// # Safety
/// `to` must be valid for writing that many.
#[inline(always)]
pub(super) unsafe fn store<L: Lane, const V: usize>(lanes: [L; V], to: *mut f32) {
    let mut v = 0;
    while v < V {
        // SAFETY: the caller's.
        unsafe { (lanes[v] + L::zero()).store(to.add(v * L::WIDTH)) };
        v += 1;
    }
}

/// Goes through `count` rows in tiles as high as the instruction set's registers allow:
/// `$body` with `$R` the height and `$row` the first row, as an expression of a const and a
/// variable.
macro_rules! for_each_tile {
    ($L:ident, $count:expr, |$row:ident, $R:ident| $body:expr) => {{
        let count: usize = $count;
        let mut $row = 0;
        macro_rules! of_height {
            ($height:literal) => {
                while count - $row >= $height {
                    const $R: usize = $height;
                    $body;
                    $row += $R;
                }
            };
        }
        if $L::ROWS >= 8 {
            of_height!(8);
        }
        if $L::ROWS >= 6 && $L::ROWS < 8 {
            of_height!(6);
        }
        of_height!(4);
        of_height!(2);
        of_height!(1);
    }};
}
pub(super) use for_each_tile;
