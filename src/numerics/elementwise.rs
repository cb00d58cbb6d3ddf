//! Elementwise work: written once over lanes, compiled for every instruction set.
//!
//! ```
//! use goodinit::internal::{Elementwise, Lane, apply};
//!
//! /// `delta *= 1 - a^2`: how a gradient passes back through tanh.
//! struct TanhBackward;
//! impl Elementwise<1, 1> for TanhBackward {
//!     #[inline(always)]
//!     fn apply<L: Lane>(&self, [a]: [L; 1], [delta]: [L; 1]) -> [L; 1] {
//!         [delta * (L::splat(1.0) - a * a)]
//!     }
//! }
//!
//! let mut delta = [1.0; 3];
//! apply(&TanhBackward, [&[0.0, 0.5, 1.0]], [&mut delta]);
//! assert_eq!(delta, [1.0, 0.75, 0.0]);
//! ```
#![allow(unsafe_code)]

use super::isa::{Isa, Kernel, dispatch, isa};
use super::lane::Lane;
use super::matrix::Batch;

/// An operation on each position of `R` arrays that are read and `W` that are read and written.
///
/// Implementations mark `apply` `#[inline(always)]`, so that it is compiled for the instruction
/// set in use, and give the same bits on all of them by using nothing but lanes.
pub trait Elementwise<const R: usize, const W: usize> {
    /// The new values of the written arrays, from the values of all.
    fn apply<L: Lane>(&self, read: [L; R], written: [L; W]) -> [L; W];
}

/// Applies `op` to each position.
///
/// # Panics
/// If the slices differ in length.
#[inline]
pub fn apply<const R: usize, const W: usize>(
    op: &impl Elementwise<R, W>,
    read: [&[f32]; R],
    written: [&mut [f32]; W],
) {
    apply_on(isa(), op, read, written);
}

/// Applies `op` to each position of batches of one shape; padding stays +0.0.
///
/// # Panics
/// If the batches differ in shape.
#[inline]
pub fn apply_batch<const R: usize, const W: usize>(
    op: &impl Elementwise<R, W>,
    read: [&Batch; R],
    mut written: [&mut Batch; W],
) {
    let shape = written[0].shape();
    assert!(
        read.iter().all(|batch| batch.shape() == shape),
        "batches differ in shape"
    );
    assert!(
        written.iter().all(|batch| batch.shape() == shape),
        "batches differ in shape"
    );
    apply(
        op,
        read.map(Batch::storage),
        written.each_mut().map(|batch| batch.storage_mut()),
    );
    for batch in written {
        batch.clear_padding();
    }
}

/// [`apply`] on a given instruction set.
pub(crate) fn apply_on<const R: usize, const W: usize>(
    isa: Isa,
    op: &impl Elementwise<R, W>,
    read: [&[f32]; R],
    written: [&mut [f32]; W],
) {
    let len = written[0].len();
    assert!(
        read.iter().all(|slice| slice.len() == len),
        "slices differ in length"
    );
    assert!(
        written.iter().all(|slice| slice.len() == len),
        "slices differ in length"
    );
    dispatch(
        isa,
        Apply {
            op,
            len,
            read,
            written,
        },
    );
}

struct Apply<'a, O, const R: usize, const W: usize> {
    op: &'a O,
    len: usize,
    read: [&'a [f32]; R],
    written: [&'a mut [f32]; W],
}

impl<O: Elementwise<R, W>, const R: usize, const W: usize> Kernel for Apply<'_, O, R, W> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let read = self.read.map(<[f32]>::as_ptr);
        let written = self.written.each_mut().map(|slice| slice.as_mut_ptr());
        let whole = self.len - self.len % L::WIDTH;
        let mut i = 0;
        while i < whole {
            // SAFETY: all slices are `len` long and `i + WIDTH <= len`.
            unsafe {
                let mut r = [L::zero(); R];
                let mut w = [L::zero(); W];
                for n in 0..R {
                    r[n] = L::load(read[n].add(i));
                }
                for n in 0..W {
                    w[n] = L::load(written[n].add(i));
                }
                let new = self.op.apply(r, w);
                for n in 0..W {
                    new[n].store(written[n].add(i));
                }
            }
            i += L::WIDTH;
        }
        if whole < self.len {
            self.tail::<L>(whole);
        }
    }
}

impl<O: Elementwise<R, W>, const R: usize, const W: usize> Apply<'_, O, R, W> {
    /// The last positions, fewer than a lane holds, by way of buffers.
    #[inline(always)]
    fn tail<L: Lane>(&mut self, from: usize) {
        let count = self.len - from;
        let mut buffer = [0.0; 16];
        let mut r = [L::zero(); R];
        let mut w = [L::zero(); W];
        // SAFETY: the buffer is as long as the widest lane.
        unsafe {
            for (lane, values) in r.iter_mut().zip(&self.read) {
                buffer[..count].copy_from_slice(&values[from..]);
                *lane = L::load(buffer.as_ptr());
            }
            for (lane, values) in w.iter_mut().zip(&self.written) {
                buffer[..count].copy_from_slice(&values[from..]);
                *lane = L::load(buffer.as_ptr());
            }
            let new = self.op.apply(r, w);
            for (lane, values) in new.iter().zip(&mut self.written) {
                lane.store(buffer.as_mut_ptr());
                values[from..].copy_from_slice(&buffer[..count]);
            }
        }
    }
}
