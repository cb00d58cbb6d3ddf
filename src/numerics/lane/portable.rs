//! Plain Rust: an array of f32, which the compiler vectorises as far as the target allows
//! (SSE2, NEON), and the reference that the others are tested against.
#![allow(unsafe_code)]

use std::array::from_fn;

use super::{Lane, Mask, Word};
use crate::numerics::isa::Isa;

/// `N` f32.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Floats<const N: usize>([f32; N]);

/// `N` words.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Words<const N: usize>([u32; N]);

/// `N` truth values.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Truths<const N: usize>([bool; N]);

/// What kernels use where nothing better is known.
pub type Portable = Floats<4>;

pub type Scalar = Floats<1>;

impl Scalar {
    #[inline(always)]
    pub fn get(self) -> f32 {
        self.0[0]
    }
}

/// `a * b + c`, rounded once.
///
/// Where the target has no such instruction, `f32::mul_add` is a call into the platform's C
/// library; this is faster and doesn't depend on it. The product is exact in f64; the sum is
/// rounded to odd, so that the last rounding is right (Boldo and Melquiond, "Emulation of FMA
/// and correctly rounded sums: proved algorithms using rounding to odd", 2008).
#[inline(always)]
pub(crate) fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        return a.mul_add(b, c);
    }
    let product = f64::from(a) * f64::from(b);
    let c = f64::from(c);
    let sum = product + c;
    let of_c = sum - product;
    let error = (product - (sum - of_c)) + (c - of_c);
    // An inexact even sum moves one unit towards its error: up in magnitude where their signs
    // agree, down where not. NaN and infinity have no error to compare.
    let inexact = error.abs() > 0.0;
    let bits = sum.to_bits();
    let away = (error > 0.0) == (sum > 0.0);
    let odd = if away {
        bits.wrapping_add(1)
    } else {
        bits.wrapping_sub(1)
    };
    let bits = if inexact && bits & 1 == 0 { odd } else { bits };
    f64::from_bits(bits) as f32
}

macro_rules! operators {
    ($type:ident: $($trait:ident $method:ident $f:expr;)*) => {$(
        impl<const N: usize> std::ops::$trait for $type<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                $type(from_fn(|i| $f(self.0[i], other.0[i])))
            }
        }
    )*};
}

operators! { Floats:
    Add add |a, b| a + b;
    Sub sub |a, b| a - b;
    Mul mul |a, b| a * b;
    Div div |a, b| a / b;
}

operators! { Words:
    Add add u32::wrapping_add;
    Sub sub u32::wrapping_sub;
    BitAnd bitand |a, b| a & b;
    BitOr bitor |a, b| a | b;
    BitXor bitxor |a, b| a ^ b;
}

impl<const N: usize> std::ops::Neg for Floats<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Floats(self.0.map(|x| -x))
    }
}

impl<const N: usize> Lane for Floats<N> {
    const WIDTH: usize = N;
    const ISA: Isa = Isa::Portable;
    const ROWS: usize = 4;
    type Mask = Truths<N>;
    type Word = Words<N>;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Floats([x; N])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for N f32; alignment is not assumed.
        Floats(unsafe { from.cast::<[f32; N]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for N f32; alignment is not assumed.
        unsafe { to.cast::<[f32; N]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        for r in 0..N {
            for c in 0..N {
                // SAFETY: within the N x N that the caller vouches for.
                unsafe { *to.add(c * to_stride + r) = *from.add(r * from_stride + c) };
            }
        }
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Floats(from_fn(|i| fused(self.0[i], b.0[i], c.0[i])))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Floats(self.0.map(f32::sqrt))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Floats(from_fn(|i| {
            if self.0[i] < other.0[i] {
                self.0[i]
            } else {
                other.0[i]
            }
        }))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Floats(from_fn(|i| {
            if self.0[i] > other.0[i] {
                self.0[i]
            } else {
                other.0[i]
            }
        }))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Truths<N> {
        Truths(from_fn(|i| self.0[i] < other.0[i]))
    }
    #[inline(always)]
    fn le(self, other: Self) -> Truths<N> {
        Truths(from_fn(|i| self.0[i] <= other.0[i]))
    }
    #[inline(always)]
    fn eq(self, other: Self) -> Truths<N> {
        Truths(from_fn(|i| self.0[i] == other.0[i]))
    }
    #[inline(always)]
    fn select(mask: Truths<N>, yes: Self, no: Self) -> Self {
        Floats(from_fn(|i| if mask.0[i] { yes.0[i] } else { no.0[i] }))
    }
    #[inline(always)]
    fn to_bits(self) -> Words<N> {
        Words(self.0.map(f32::to_bits))
    }
}

impl<const N: usize> Mask for Truths<N> {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Truths(from_fn(|i| self.0[i] & other.0[i]))
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Truths(from_fn(|i| self.0[i] | other.0[i]))
    }
    #[inline(always)]
    fn not(self) -> Self {
        Truths(self.0.map(|x| !x))
    }
}

impl<const N: usize> Word for Words<N> {
    type Lane = Floats<N>;

    #[inline(always)]
    fn splat(x: u32) -> Self {
        Words([x; N])
    }
    #[inline(always)]
    fn count_from(first: u32) -> Self {
        Words(from_fn(|i| first.wrapping_add(i as u32)))
    }
    #[inline(always)]
    fn shl(self, by: u32) -> Self {
        Words(self.0.map(|x| x << by))
    }
    #[inline(always)]
    fn shr(self, by: u32) -> Self {
        Words(self.0.map(|x| x >> by))
    }
    #[inline(always)]
    fn sar(self, by: u32) -> Self {
        Words(self.0.map(|x| (x as i32 >> by) as u32))
    }
    #[inline(always)]
    fn to_lane(self) -> Floats<N> {
        Floats(self.0.map(f32::from_bits))
    }
    #[inline(always)]
    fn i32_to_f32(self) -> Floats<N> {
        Floats(self.0.map(|x| x as i32 as f32))
    }
    #[inline(always)]
    fn write(self, to: &mut [u32]) {
        to[..N].copy_from_slice(&self.0);
    }
}
