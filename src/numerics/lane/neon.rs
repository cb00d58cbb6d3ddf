//! NEON: 8 lanes in two registers side by side, masks as vectors of ones and zeros.
//!
//! Two registers, because 64-bit Arm has 32 of them: the tile of 6 rows by 16 columns fills 24,
//! and every number of the left operand that is loaded serves four fused multiply-adds.
#![allow(unsafe_code)]
// SAFETY, for every block here: NEON, which all these intrinsics belong to, is part of every 64-bit
// Arm target that has the standard library. What touches memory says more.

use std::arch::aarch64::*;

use super::{Lane, Mask, Word};
use crate::numerics::isa::Isa;

/// 8 f32.
#[derive(Clone, Copy)]
pub struct F32x8(float32x4_t, float32x4_t);

/// 8 words.
#[derive(Clone, Copy)]
pub struct U32x8(uint32x4_t, uint32x4_t);

/// 8 truth values.
#[derive(Clone, Copy)]
pub struct Mask8(uint32x4_t, uint32x4_t);

/// A function on one register, done to both.
macro_rules! both {
    ($type:ident: $function:expr, $($x:expr),*) => {
        // SAFETY: NEON is there, see above.
        unsafe { $type(($function)($($x.0),*), ($function)($($x.1),*)) }
    };
}

macro_rules! operators {
    ($type:ident: $($trait:ident $method:ident $function:ident;)*) => {$(
        impl std::ops::$trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                both!($type: $function, self, other)
            }
        }
    )*};
}

operators! { F32x8:
    Add add vaddq_f32;
    Sub sub vsubq_f32;
    Mul mul vmulq_f32;
    Div div vdivq_f32;
}

operators! { U32x8:
    Add add vaddq_u32;
    Sub sub vsubq_u32;
    BitAnd bitand vandq_u32;
    BitOr bitor vorrq_u32;
    BitXor bitxor veorq_u32;
}

impl std::ops::Neg for F32x8 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        both!(F32x8: vnegq_f32, self)
    }
}

impl Lane for F32x8 {
    const WIDTH: usize = 8;
    const ISA: Isa = Isa::Neon;
    const ROWS: usize = 6;
    type Mask = Mask8;
    type Word = U32x8;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: NEON is there, see above.
        unsafe { F32x8(vdupq_n_f32(x), vdupq_n_f32(x)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for 8 f32; these loads assume no alignment.
        unsafe { F32x8(vld1q_f32(from), vld1q_f32(from.add(4))) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for 8 f32; these stores assume no alignment.
        unsafe {
            vst1q_f32(to, self.0);
            vst1q_f32(to.add(4), self.1);
        }
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        for (r, c) in [(0, 0), (0, 4), (4, 0), (4, 4)] {
            // SAFETY: within the 8 x 8 that the caller vouches for.
            unsafe {
                let row = |i: usize| vld1q_f32(from.add((r + i) * from_stride + c));
                let columns = transposed([row(0), row(1), row(2), row(3)]);
                for (i, column) in columns.into_iter().enumerate() {
                    vst1q_f32(to.add((c + i) * to_stride + r), column);
                }
            }
        }
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        // The addend comes first.
        both!(F32x8: vfmaq_f32, c, self, b)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        both!(F32x8: vsqrtq_f32, self)
    }
    // Not vminq and vmaxq: those give NaN where either is, and order -0.0 below +0.0.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(self.lt(other), self, other)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(self.gt(other), self, other)
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Mask8 {
        both!(Mask8: vcltq_f32, self, other)
    }
    #[inline(always)]
    fn le(self, other: Self) -> Mask8 {
        both!(Mask8: vcleq_f32, self, other)
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Mask8 {
        both!(Mask8: vceqq_f32, self, other)
    }
    #[inline(always)]
    fn select(mask: Mask8, yes: Self, no: Self) -> Self {
        both!(F32x8: vbslq_f32, mask, yes, no)
    }
    #[inline(always)]
    fn to_bits(self) -> U32x8 {
        both!(U32x8: vreinterpretq_u32_f32, self)
    }
}

/// 4 x 4: pairs of neighbouring elements change places, then halves.
#[inline(always)]
fn transposed(rows: [float32x4_t; 4]) -> [float32x4_t; 4] {
    // SAFETY: NEON is there, see above.
    unsafe {
        let even = vreinterpretq_f64_f32(vtrn1q_f32(rows[0], rows[1]));
        let odd = vreinterpretq_f64_f32(vtrn2q_f32(rows[0], rows[1]));
        let even2 = vreinterpretq_f64_f32(vtrn1q_f32(rows[2], rows[3]));
        let odd2 = vreinterpretq_f64_f32(vtrn2q_f32(rows[2], rows[3]));
        [
            vreinterpretq_f32_f64(vzip1q_f64(even, even2)),
            vreinterpretq_f32_f64(vzip1q_f64(odd, odd2)),
            vreinterpretq_f32_f64(vzip2q_f64(even, even2)),
            vreinterpretq_f32_f64(vzip2q_f64(odd, odd2)),
        ]
    }
}

impl Mask for Mask8 {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        both!(Mask8: vandq_u32, self, other)
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        both!(Mask8: vorrq_u32, self, other)
    }
    #[inline(always)]
    fn not(self) -> Self {
        both!(Mask8: vmvnq_u32, self)
    }
}

impl Word for U32x8 {
    type Lane = F32x8;

    #[inline(always)]
    fn splat(x: u32) -> Self {
        // SAFETY: NEON is there, see above.
        unsafe { U32x8(vdupq_n_u32(x), vdupq_n_u32(x)) }
    }
    #[inline(always)]
    fn count_from(first: u32) -> Self {
        const UP: [u32; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
        // SAFETY: 4 words each from position 0 and 4 of 8.
        let up = unsafe { U32x8(vld1q_u32(UP.as_ptr()), vld1q_u32(UP.as_ptr().add(4))) };
        up + Self::splat(first)
    }
    #[inline(always)]
    fn shl(self, by: u32) -> Self {
        both!(U32x8: |x| vshlq_u32(x, vdupq_n_s32(by as i32)), self)
    }
    // A shift towards the low end is one towards the high end by less than nothing.
    #[inline(always)]
    fn shr(self, by: u32) -> Self {
        both!(U32x8: |x| vshlq_u32(x, vdupq_n_s32(-(by as i32))), self)
    }
    #[inline(always)]
    fn sar(self, by: u32) -> Self {
        let by = -(by as i32);
        both!(U32x8: |x| vreinterpretq_u32_s32(vshlq_s32(vreinterpretq_s32_u32(x), vdupq_n_s32(by))), self)
    }
    #[inline(always)]
    fn to_lane(self) -> F32x8 {
        both!(F32x8: vreinterpretq_f32_u32, self)
    }
    #[inline(always)]
    fn i32_to_f32(self) -> F32x8 {
        both!(F32x8: |x| vcvtq_f32_s32(vreinterpretq_s32_u32(x)), self)
    }
    #[inline(always)]
    fn write(self, to: &mut [u32]) {
        assert!(to.len() >= 8);
        // SAFETY: just asserted.
        unsafe {
            vst1q_u32(to.as_mut_ptr(), self.0);
            vst1q_u32(to.as_mut_ptr().add(4), self.1);
        }
    }
}
