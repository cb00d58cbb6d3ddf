//! A growable array of f32 that begins at a cache line, in whole cache lines.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::{Deref, DerefMut};

/// One cache line, which is also the widest vector.
#[derive(Clone, Copy, PartialEq)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// The array; its length is a multiple of 16.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Aligned(Vec<Line>);

impl Aligned {
    /// Changes the length to `len`, a multiple of 16; new elements are +0.0. Never gives memory
    /// back.
    pub(crate) fn resize(&mut self, len: usize) {
        debug_assert_eq!(len % 16, 0);
        self.0.resize(len / 16, Line([0.0; 16]));
    }
}

impl Deref for Aligned {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        // SAFETY: a `Line` is 16 f32 without padding (64 bytes, aligned to 64).
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 16) }
    }
}

impl DerefMut for Aligned {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 16) }
    }
}

impl fmt::Debug for Aligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
