//! A growable array of f32 that begins at a cache line, in whole cache lines.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::{Deref, DerefMut};

/// One cache line, which is also the widest vector.
#[derive(Clone, Copy, PartialEq)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// The array; its length is a multiple of 16.
#[derive(Clone, Default)]
pub(crate) struct Aligned {
    /// As many as there ever were: buffers change their length at every layer, and shouldn't be
    /// filled anew each time.
    lines: Vec<Line>,
    /// Those in use.
    count: usize,
}

impl Aligned {
    /// Changes the length to `len`, a multiple of 16. New elements are +0.0 where the array was
    /// never so long before, else unspecified. Never gives memory back.
    pub(crate) fn resize(&mut self, len: usize) {
        debug_assert_eq!(len % 16, 0);
        self.count = len / 16;
        if self.lines.len() < self.count {
            self.lines.resize(self.count, Line([0.0; 16]));
        }
    }
}

impl PartialEq for Aligned {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Deref for Aligned {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        // SAFETY: a `Line` is 16 f32 without padding (64 bytes, aligned to 64), and there are
        // `count` of them at least.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.count * 16) }
    }
}

impl DerefMut for Aligned {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.count * 16) }
    }
}

impl fmt::Debug for Aligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
