//! Vectors of f32 on every instruction set, with the same bits.
//!
//! Kernels are generic over [`Lane`]; each instruction set has one file that implements it, and
//! [`Portable`] is the reference. Every operation is exact IEEE-754 (or plain integer work), so
//! what is written over lanes gives the same bits on all of them; a NaN's payload is not part of
//! the promise.
#![allow(unsafe_code)]

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Sub};

use super::elementary;
use super::isa::Isa;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::F32x8;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::F32x16;
#[cfg(target_arch = "aarch64")]
pub(crate) use neon::F32x8;
pub(crate) use portable::{Portable, Scalar};

/// Some f32 side by side.
///
/// A value of a type that implements this exists only where its instruction set does: code gets
/// the type from the dispatch in [`mod@super::isa`] and can't name it otherwise.
pub trait Lane:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// How many.
    const WIDTH: usize;
    /// The instruction set.
    const ISA: Isa;
    /// Height of a tile of accumulators two lanes wide that the registers hold.
    const ROWS: usize;
    /// One truth value each.
    type Mask: Mask;
    /// One 32-bit word each.
    type Word: Word<Lane = Self>;

    /// `x` everywhere.
    fn splat(x: f32) -> Self;

    /// From memory, any alignment.
    ///
    /// # Safety
    /// `from` must be valid for reading `WIDTH` f32.
    unsafe fn load(from: *const f32) -> Self;

    /// To memory, any alignment.
    ///
    /// # Safety
    /// `to` must be valid for writing `WIDTH` f32.
    unsafe fn store(self, to: *mut f32);

    /// `to[c][r] = from[r][c]` for `WIDTH x WIDTH`, strides in elements.
    ///
    /// # Safety
    /// Both must be valid for that, and not overlap.
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize);

    /// `self * b + c`, rounded once.
    fn mul_add(self, b: Self, c: Self) -> Self;

    /// Correctly rounded square root.
    fn sqrt(self) -> Self;

    /// `if self < other { self } else { other }`: `other` where either is NaN.
    fn min(self, other: Self) -> Self;

    /// `if self > other { self } else { other }`: `other` where either is NaN.
    fn max(self, other: Self) -> Self;

    /// `self < other`; false where either is NaN.
    fn lt(self, other: Self) -> Self::Mask;

    /// `self <= other`; false where either is NaN.
    fn le(self, other: Self) -> Self::Mask;

    /// `self == other`; false where either is NaN.
    fn eq(self, other: Self) -> Self::Mask;

    /// `yes` where `mask`, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// `self` where `mask`, else +0.0.
    #[inline(always)]
    fn masked(self, mask: Self::Mask) -> Self {
        Self::select(mask, self, Self::zero())
    }

    /// The bits.
    fn to_bits(self) -> Self::Word;

    /// The first `WIDTH` f32 of `from`.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline(always)]
    fn read(from: &[f32]) -> Self {
        assert!(from.len() >= Self::WIDTH);
        // SAFETY: just asserted.
        unsafe { Self::load(from.as_ptr()) }
    }

    /// Writes to the first `WIDTH` f32 of `to`.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline(always)]
    fn write(self, to: &mut [f32]) {
        assert!(to.len() >= Self::WIDTH);
        // SAFETY: just asserted.
        unsafe { self.store(to.as_mut_ptr()) }
    }

    /// `self > other`; false where either is NaN.
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        other.lt(self)
    }

    /// `self >= other`; false where either is NaN.
    #[inline(always)]
    fn ge(self, other: Self) -> Self::Mask {
        other.le(self)
    }

    /// +0.0 everywhere.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// Without its sign bit.
    #[inline(always)]
    fn abs(self) -> Self {
        (self.to_bits() & Self::Word::splat(0x7fff_ffff)).to_lane()
    }

    /// With the sign bit of `sign`.
    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        let sign = sign.to_bits() & Self::Word::splat(0x8000_0000);
        (self.abs().to_bits() | sign).to_lane()
    }

    /// `e^self`. Underflows gradually, to 0 below -103.98; infinite from 88.73 on. The largest error over
    /// every f32 is 1.0128 ulp, at 59.306038.
    #[inline(always)]
    fn exp(self) -> Self {
        elementary::lane_exp(self)
    }

    /// `e^self - 1`, within 3 ulp, near 0 too.
    #[inline(always)]
    fn exp_m1(self) -> Self {
        elementary::lane_exp_m1(self)
    }

    /// `ln(1 + self)` for `self` from 0 to 1, accurate near 0 too.
    #[inline(always)]
    fn ln_1p(self) -> Self {
        elementary::lane_ln_1p(self)
    }

    /// Natural logarithm: -inf at 0, NaN below. The largest error over every f32 is 0.8063 ulp, at
    /// 1.4044684.
    #[inline(always)]
    fn ln(self) -> Self {
        elementary::lane_ln(self)
    }

    /// Hyperbolic tangent, exactly odd. The largest error over every f32 is 1.3320 ulp, at 0.6310442.
    #[inline(always)]
    fn tanh(self) -> Self {
        elementary::lane_tanh(self)
    }

    /// Error function, exactly odd. The largest error over every f32 is 1.1093 ulp, at 0.90671736.
    #[inline(always)]
    fn erf(self) -> Self {
        elementary::lane_erf(self)
    }

    /// `1 / (1 + e^-self)`, rounded at each step.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let one = Self::splat(1.0);
        one / (one + (-self).exp())
    }
}

/// Truth values of a [`Lane`].
pub trait Mask: Copy {
    fn and(self, other: Self) -> Self;
    /// Either.
    fn or(self, other: Self) -> Self;
    /// Neither.
    fn not(self) -> Self;
}

/// 32-bit words of a [`Lane`]; arithmetic wraps.
pub trait Word:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
{
    /// The lane of the same width.
    type Lane;

    /// `x` everywhere.
    fn splat(x: u32) -> Self;

    /// `first, first + 1, ...`, wrapping.
    fn count_from(first: u32) -> Self;

    /// Shifted towards the high end, zeros coming in; `by < 32`.
    fn shl(self, by: u32) -> Self;

    /// Shifted towards the low end, zeros coming in; `by < 32`.
    fn shr(self, by: u32) -> Self;

    /// Shifted towards the low end, the sign bit coming in; `by < 32`.
    fn sar(self, by: u32) -> Self;

    /// The f32 with these bits.
    fn to_lane(self) -> Self::Lane;

    /// The signed whole number, rounded to the nearest f32, ties to even.
    fn i32_to_f32(self) -> Self::Lane;

    /// Writes to the first `WIDTH` words of `to`.
    ///
    /// # Panics
    /// If there are fewer.
    fn write(self, to: &mut [u32]);

    /// Rotated towards the high end; `0 < by < 32`.
    #[inline(always)]
    fn rotate_left(self, by: u32) -> Self {
        self.shl(by) | self.shr(32 - by)
    }
}

/// Gives a vector type its operators, from the names of the functions behind them.
#[cfg(target_arch = "x86_64")]
macro_rules! operators {
    ($type:ty: $($trait:ident $method:ident $function:expr;)*) => {$(
        impl std::ops::$trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: a value of this type exists only where its instruction set does.
                Self(unsafe { $function(self.0, other.0) })
            }
        }
    )*};
}
#[cfg(target_arch = "x86_64")]
use operators;

#[cfg(test)]
mod tests;
