//! Every instruction set's lanes against plain Rust.
#![allow(clippy::neg_cmp_op_on_partial_ord, clippy::eq_op)] // NaN is what is being tested

use super::portable::fused;
use crate::numerics::elementwise::{Elementwise, apply_on};
use crate::numerics::isa::Isa;
use crate::numerics::lane::{Lane, Mask, Word};

const SPECIALS: [f32; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    1e-45,
    -1e-39,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    1.000_000_1,
    16_777_217.0,
    -3.3e-20,
    0.333_333_34,
];

/// Many triples: all the special ones, and pseudo-random bit patterns.
fn triples() -> [Vec<f32>; 3] {
    let mut out = [const { Vec::new() }; 3];
    for a in SPECIALS {
        for b in SPECIALS {
            for c in SPECIALS {
                out[0].push(a);
                out[1].push(b);
                out[2].push(c);
            }
        }
    }
    let mut state = 1u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    for i in 0..40_003 {
        let (a, b) = (next() << 1, next() << 1);
        // Half of the time an addend close to the product, so that cancellation shows.
        let product = f32::from_bits(a) * f32::from_bits(b);
        let c = if i % 2 == 0 {
            next() << 1
        } else {
            (-product).to_bits() ^ (next() & 3)
        };
        for (column, bits) in out.iter_mut().zip([a, b, c]) {
            column.push(f32::from_bits(bits));
        }
    }
    out
}

fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

fn compare<O: Elementwise<2, 1>>(name: &str, op: &O, truth: fn(f32, f32, f32) -> f32) {
    let [a, b, c] = triples();
    for isa in Isa::supported() {
        let mut got = c.clone();
        apply_on(isa, op, [&a, &b], [&mut got]);
        for i in 0..a.len() {
            let want = truth(a[i], b[i], c[i]);
            assert!(
                same(got[i], want),
                "{name} on {isa}: ({:e}, {:e}, {:e}) gives {:e}, not {want:e}",
                a[i],
                b[i],
                c[i],
                got[i]
            );
        }
    }
}

macro_rules! agree {
    ($($test:ident |$a:ident, $b:ident, $c:ident| $lanes:expr, $truth:expr;)*) => {$(
        #[test]
        fn $test() {
            struct Op;
            impl Elementwise<2, 1> for Op {
                #[inline(always)]
                fn apply<L: Lane>(&self, [$a, $b]: [L; 2], [$c]: [L; 1]) -> [L; 1] {
                    let _ = ($b, $c);
                    [$lanes]
                }
            }
            compare(stringify!($test), &Op, |$a, $b, $c| {
                let _ = ($b, $c);
                $truth
            });
        }
    )*};
}

agree! {
    add |a, b, c| a + b, a + b;
    sub |a, b, c| a - b, a - b;
    mul |a, b, c| a * b, a * b;
    div |a, b, c| a / b, a / b;
    neg |a, b, c| -a, -a;
    fma |a, b, c| a.mul_add(b, c), a.mul_add(b, c);
    sqrt |a, b, c| a.sqrt(), a.sqrt();
    min |a, b, c| a.min(b), if a < b { a } else { b };
    max |a, b, c| a.max(b), if a > b { a } else { b };
    abs |a, b, c| a.abs(), a.abs();
    copysign |a, b, c| a.copysign(b), a.copysign(b);
    lt |a, b, c| L::select(a.lt(b), a, c), if a < b { a } else { c };
    le |a, b, c| L::select(a.le(b), a, c), if a <= b { a } else { c };
    gt |a, b, c| L::select(a.gt(b), a, c), if a > b { a } else { c };
    ge |a, b, c| L::select(a.ge(b), a, c), if a >= b { a } else { c };
    eq |a, b, c| L::select(a.eq(b), a, c), if a == b { a } else { c };
    masked |a, b, c| a.masked(b.lt(c)), if b < c { a } else { 0.0 };
    masks |a, b, c| L::select(a.lt(b).not().and(b.lt(c).or(a.eq(a))), a, b),
        if !(a < b) && (b < c || a == a) { a } else { b };
    words |a, b, c| ((a.to_bits() + b.to_bits()) ^ (a.to_bits() - c.to_bits())).to_lane(),
        f32::from_bits(
            a.to_bits().wrapping_add(b.to_bits()) ^ a.to_bits().wrapping_sub(c.to_bits()),
        );
    logic |a, b, c| ((a.to_bits() & b.to_bits()) | L::Word::splat(0x00f0_0f00)).to_lane(),
        f32::from_bits(a.to_bits() & b.to_bits() | 0x00f0_0f00);
    shifts |a, b, c| (a.to_bits().shl(3) ^ b.to_bits().shr(5) ^ c.to_bits().sar(7)).to_lane(),
        f32::from_bits(a.to_bits() << 3 ^ b.to_bits() >> 5 ^ (c.to_bits() as i32 >> 7) as u32);
    rotation |a, b, c| a.to_bits().rotate_left(7).to_lane(),
        f32::from_bits(a.to_bits().rotate_left(7));
    conversion |a, b, c| a.to_bits().i32_to_f32(), a.to_bits() as i32 as f32;
}

#[test]
fn lanes_are_counted_from_the_first() {
    struct Count;
    impl Elementwise<0, 1> for Count {
        #[inline(always)]
        fn apply<L: Lane>(&self, _: [L; 0], _: [L; 1]) -> [L; 1] {
            [L::Word::count_from(5).i32_to_f32()]
        }
    }
    for isa in Isa::supported() {
        let mut out = [0.0; 4];
        apply_on(isa, &Count, [], [&mut out]);
        assert_eq!(out[0], 5.0);
        assert!(out[1] == 6.0 || out[1] == 5.0, "{isa}");
    }
}

#[test]
fn software_fused_multiply_add_rounds_once() {
    let [a, b, c] = triples();
    for i in 0..a.len() {
        let (got, want) = (fused(a[i], b[i], c[i]), a[i].mul_add(b[i], c[i]));
        assert!(
            same(got, want),
            "({:e}, {:e}, {:e}): {got:e}, not {want:e}",
            a[i],
            b[i],
            c[i]
        );
    }
}
