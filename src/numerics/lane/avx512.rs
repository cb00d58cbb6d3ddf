//! AVX-512: 16 lanes, mask registers.
#![allow(unsafe_code)]
// SAFETY, for every block here: a value of these types exists only in code that the dispatch
// has started after it found AVX-512 F, BW, DQ and VL, which all these intrinsics belong to.

use std::arch::x86_64::*;

use super::{Lane, Mask, Word, operators};
use crate::numerics::isa::Isa;

/// 16 f32.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x16(__m512);

/// 16 words.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U32x16(__m512i);

operators! { F32x16:
    Add add _mm512_add_ps;
    Sub sub _mm512_sub_ps;
    Mul mul _mm512_mul_ps;
    Div div _mm512_div_ps;
}

operators! { U32x16:
    Add add _mm512_add_epi32;
    Sub sub _mm512_sub_epi32;
    BitAnd bitand _mm512_and_si512;
    BitOr bitor _mm512_or_si512;
    BitXor bitxor _mm512_xor_si512;
}

impl std::ops::Neg for F32x16 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        (self.to_bits() ^ U32x16::splat(0x8000_0000)).to_lane()
    }
}

impl Lane for F32x16 {
    const WIDTH: usize = 16;
    const ISA: Isa = Isa::Avx512;
    const ROWS: usize = 8;
    type Mask = __mmask16;
    type Word = U32x16;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        F32x16(unsafe { _mm512_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        F32x16(unsafe { _mm512_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        // Four columns at a time: quarters of 16 rows, so that only shuffles within quarters
        // are left.
        unsafe {
            let quarter = |r: usize, c: usize| _mm_loadu_ps(from.add(r * from_stride + c));
            for c in [0, 4, 8, 12] {
                let row = |r: usize| {
                    let x = _mm512_castps128_ps512(quarter(r, c));
                    let x = _mm512_insertf32x4::<1>(x, quarter(r + 4, c));
                    let x = _mm512_insertf32x4::<2>(x, quarter(r + 8, c));
                    _mm512_insertf32x4::<3>(x, quarter(r + 12, c))
                };
                let rows = [row(0), row(1), row(2), row(3)];
                let low = _mm512_unpacklo_ps(rows[0], rows[1]);
                let high = _mm512_unpackhi_ps(rows[0], rows[1]);
                let low2 = _mm512_unpacklo_ps(rows[2], rows[3]);
                let high2 = _mm512_unpackhi_ps(rows[2], rows[3]);
                let to = |i: usize| to.add((c + i) * to_stride);
                _mm512_storeu_ps(to(0), _mm512_shuffle_ps::<0b01_00_01_00>(low, low2));
                _mm512_storeu_ps(to(1), _mm512_shuffle_ps::<0b11_10_11_10>(low, low2));
                _mm512_storeu_ps(to(2), _mm512_shuffle_ps::<0b01_00_01_00>(high, high2));
                _mm512_storeu_ps(to(3), _mm512_shuffle_ps::<0b11_10_11_10>(high, high2));
            }
        }
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        F32x16(unsafe { _mm512_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        F32x16(unsafe { _mm512_sqrt_ps(self.0) })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        F32x16(unsafe { _mm512_min_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        F32x16(unsafe { _mm512_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn lt(self, other: Self) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, other.0) }
    }
    #[inline(always)]
    fn le(self, other: Self) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_LE_OQ>(self.0, other.0) }
    }
    #[inline(always)]
    fn eq(self, other: Self) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0) }
    }
    #[inline(always)]
    fn select(mask: __mmask16, yes: Self, no: Self) -> Self {
        F32x16(unsafe { _mm512_mask_blend_ps(mask, no.0, yes.0) })
    }
    #[inline(always)]
    fn to_bits(self) -> U32x16 {
        U32x16(unsafe { _mm512_castps_si512(self.0) })
    }
}

impl Mask for __mmask16 {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }
    #[inline(always)]
    fn not(self) -> Self {
        !self
    }
}

impl Word for U32x16 {
    type Lane = F32x16;

    #[inline(always)]
    fn splat(x: u32) -> Self {
        U32x16(unsafe { _mm512_set1_epi32(x as i32) })
    }
    #[inline(always)]
    fn count_from(first: u32) -> Self {
        let up = unsafe { _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) };
        U32x16(up) + Self::splat(first)
    }
    #[inline(always)]
    fn shl(self, by: u32) -> Self {
        U32x16(unsafe { _mm512_sllv_epi32(self.0, _mm512_set1_epi32(by as i32)) })
    }
    #[inline(always)]
    fn shr(self, by: u32) -> Self {
        U32x16(unsafe { _mm512_srlv_epi32(self.0, _mm512_set1_epi32(by as i32)) })
    }
    #[inline(always)]
    fn sar(self, by: u32) -> Self {
        U32x16(unsafe { _mm512_srav_epi32(self.0, _mm512_set1_epi32(by as i32)) })
    }
    #[inline(always)]
    fn to_lane(self) -> F32x16 {
        F32x16(unsafe { _mm512_castsi512_ps(self.0) })
    }
    #[inline(always)]
    fn i32_to_f32(self) -> F32x16 {
        F32x16(unsafe { _mm512_cvtepi32_ps(self.0) })
    }
    #[inline(always)]
    fn write(self, to: &mut [u32]) {
        assert!(to.len() >= 16);
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), self.0) }
    }
    #[inline(always)]
    fn rotate_left(self, by: u32) -> Self {
        U32x16(unsafe { _mm512_rolv_epi32(self.0, _mm512_set1_epi32(by as i32)) })
    }
}
