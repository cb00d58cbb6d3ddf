//! AVX2 with FMA: 8 lanes, masks as vectors of ones and zeros.
#![allow(unsafe_code)]
// SAFETY, for every block here: a value of these types exists only in code that the dispatch
// has started after it found AVX2 and FMA, which all these intrinsics belong to.

use std::arch::x86_64::*;

use super::{Lane, Mask, Word, operators};
use crate::numerics::isa::Isa;

/// 8 f32.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x8(__m256);

/// 8 words.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U32x8(__m256i);

/// 8 truth values.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Mask8(__m256);

operators! { F32x8:
    Add add _mm256_add_ps;
    Sub sub _mm256_sub_ps;
    Mul mul _mm256_mul_ps;
    Div div _mm256_div_ps;
}

operators! { U32x8:
    Add add _mm256_add_epi32;
    Sub sub _mm256_sub_epi32;
    BitAnd bitand _mm256_and_si256;
    BitOr bitor _mm256_or_si256;
    BitXor bitxor _mm256_xor_si256;
}

impl std::ops::Neg for F32x8 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        (self.to_bits() ^ U32x8::splat(0x8000_0000)).to_lane()
    }
}

impl Lane for F32x8 {
    const WIDTH: usize = 8;
    const ISA: Isa = Isa::Avx2;
    const ROWS: usize = 6;
    type Mask = Mask8;
    type Word = U32x8;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        F32x8(unsafe { _mm256_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        F32x8(unsafe { _mm256_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        // Four columns at a time: halves of 8 rows, so that only shuffles within halves are left.
        unsafe {
            let half = |r: usize, c: usize| _mm_loadu_ps(from.add(r * from_stride + c));
            for c in [0, 4] {
                let row =
                    |r: usize| _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(half(r, c)), half(r + 4, c));
                let rows = [row(0), row(1), row(2), row(3)];
                let low = _mm256_unpacklo_ps(rows[0], rows[1]);
                let high = _mm256_unpackhi_ps(rows[0], rows[1]);
                let low2 = _mm256_unpacklo_ps(rows[2], rows[3]);
                let high2 = _mm256_unpackhi_ps(rows[2], rows[3]);
                let to = |i: usize| to.add((c + i) * to_stride);
                _mm256_storeu_ps(to(0), _mm256_shuffle_ps::<0b01_00_01_00>(low, low2));
                _mm256_storeu_ps(to(1), _mm256_shuffle_ps::<0b11_10_11_10>(low, low2));
                _mm256_storeu_ps(to(2), _mm256_shuffle_ps::<0b01_00_01_00>(high, high2));
                _mm256_storeu_ps(to(3), _mm256_shuffle_ps::<0b11_10_11_10>(high, high2));
            }
        }
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        F32x8(unsafe { _mm256_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        F32x8(unsafe { _mm256_sqrt_ps(self.0) })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        F32x8(unsafe { _mm256_min_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        F32x8(unsafe { _mm256_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Mask8 {
        Mask8(unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, other.0) })
    }
    #[inline(always)]
    fn le(self, other: Self) -> Mask8 {
        Mask8(unsafe { _mm256_cmp_ps::<_CMP_LE_OQ>(self.0, other.0) })
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Mask8 {
        Mask8(unsafe { _mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0) })
    }
    #[inline(always)]
    fn select(mask: Mask8, yes: Self, no: Self) -> Self {
        F32x8(unsafe { _mm256_blendv_ps(no.0, yes.0, mask.0) })
    }
    /// By `and`: a select that is stored over one of its operands becomes a masked store, which
    /// takes some twenty cycles on AMD's processors.
    #[inline(always)]
    fn masked(self, mask: Mask8) -> Self {
        F32x8(unsafe { _mm256_and_ps(self.0, mask.0) })
    }
    #[inline(always)]
    fn to_bits(self) -> U32x8 {
        U32x8(unsafe { _mm256_castps_si256(self.0) })
    }
}

impl Mask for Mask8 {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Mask8(unsafe { _mm256_and_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Mask8(unsafe { _mm256_or_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn not(self) -> Self {
        Mask8(unsafe { _mm256_xor_ps(self.0, _mm256_castsi256_ps(_mm256_set1_epi32(-1))) })
    }
}

impl Word for U32x8 {
    type Lane = F32x8;

    #[inline(always)]
    fn splat(x: u32) -> Self {
        U32x8(unsafe { _mm256_set1_epi32(x as i32) })
    }
    #[inline(always)]
    fn count_from(first: u32) -> Self {
        U32x8(unsafe { _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7) }) + Self::splat(first)
    }
    #[inline(always)]
    fn shl(self, by: u32) -> Self {
        U32x8(unsafe { _mm256_sllv_epi32(self.0, _mm256_set1_epi32(by as i32)) })
    }
    #[inline(always)]
    fn shr(self, by: u32) -> Self {
        U32x8(unsafe { _mm256_srlv_epi32(self.0, _mm256_set1_epi32(by as i32)) })
    }
    #[inline(always)]
    fn sar(self, by: u32) -> Self {
        U32x8(unsafe { _mm256_srav_epi32(self.0, _mm256_set1_epi32(by as i32)) })
    }
    #[inline(always)]
    fn to_lane(self) -> F32x8 {
        F32x8(unsafe { _mm256_castsi256_ps(self.0) })
    }
    #[inline(always)]
    fn i32_to_f32(self) -> F32x8 {
        F32x8(unsafe { _mm256_cvtepi32_ps(self.0) })
    }
    #[inline(always)]
    fn write(self, to: &mut [u32]) {
        assert!(to.len() >= 8);
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), self.0) }
    }
}
