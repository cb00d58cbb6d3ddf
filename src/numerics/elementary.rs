//! Elementary functions whose bits do not depend on platform, compiler or instruction set.
//!
//! Each is written once over lanes, from `+ - * /`, fused multiply-add and integer work, and is
//! within 2 ulp of the true value over the whole of f32 (`tests/scripts/elementary.sh` goes
//! through all 2^32 arguments).
//! Coefficients are minimax fits in f32 (`tests/scripts/fit_elementary.py`).

use super::lane::{Lane, Word};

/// Cosine and sine of an angle: the top two bits of `quadrant` are its whole quarter turns, `s` the rest
/// in quarter turns, from -1/2 to 1/2.
#[inline(always)]
pub(crate) fn lane_cos_sin<L: Lane>(quadrant: L::Word, s: L) -> (L, L) {
    let sign = L::Word::splat(0x8000_0000);
    let q = s * s;
    let sin = s * polynomial(q, [1.570_796_4, -0.645_966_65, 0.079_712_525, -0.004_685_971_4]);
    let cos = polynomial(
        q,
        [1.0, -1.233_700_5, 0.253_668_55, -0.020_855_594, 0.000_894_473_46],
    );
    let swap = L::zero().lt((quadrant & L::Word::splat(0x4000_0000)).to_lane());
    let (x, y) = (L::select(swap, sin, cos), L::select(swap, cos, sin));
    let x_sign = (quadrant ^ quadrant.shl(1)) & sign;
    (
        (x.to_bits() ^ x_sign).to_lane(),
        (y.to_bits() ^ (quadrant & sign)).to_lane(),
    )
}

/// Cosine and sine of `omega x` for `quarters = omega 2 / pi`, the quarter turns per unit of `x`.
/// The reduction is exact to f32 as long as `|omega x| < 2^22`; beyond, the values are finite but not
/// those of the angle.
#[inline(always)]
pub(crate) fn lane_cos_sin_of<L: Lane>(x: L, quarters: f64) -> (L, L) {
    let high = quarters as f32;
    let low = L::splat((quarters - f64::from(high)) as f32);
    let high = L::splat(high);
    let round = L::splat(12_582_912.0); // 1.5 * 2^23: adding it rounds to a whole number
    let shifted = x.mul_add(high, round);
    let whole = shifted - round;
    let s = x.mul_add(low, x.mul_add(high, -whole));
    let s = L::splat(-0.5).max(L::splat(0.5).min(s));
    lane_cos_sin(shifted.to_bits().shl(30), s)
}

/// `c[0] + c[1] x + c[2] x^2 + ...` by Horner's rule.
#[inline(always)]
pub(crate) fn polynomial<L: Lane, const N: usize>(x: L, c: [f32; N]) -> L {
    let mut sum = L::splat(c[N - 1]);
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        sum = sum.mul_add(x, L::splat(c[i]));
    }
    sum
}

#[inline(always)]
pub(super) fn lane_exp<L: Lane>(x: L) -> L {
    let (q, n) = lane_exp_parts(x);
    // 2^n in two factors: only the second product rounds, also where the result is subnormal.
    let half = n.sar(1);
    (L::splat(1.0) + q) * power_of_two::<L>(half) * power_of_two::<L>(n - half)
}

#[inline(always)]
pub(super) fn lane_exp_m1<L: Lane>(x: L) -> L {
    // (1 + q) 2^n - 1, without losing q to the 1; n would not fit one factor far out.
    let (q, n) = lane_exp_parts(x);
    let power = power_of_two::<L>(n);
    let near = q.mul_add(power, power - L::splat(1.0));
    let far = x.exp() - L::splat(1.0);
    L::select(x.abs().lt(L::splat(64.0)), near, far)
}

/// `q` and `n` with `e^x = (1 + q) 2^n` and `|ln(1 + q)| <= ln 2 / 2`.
#[inline(always)]
fn lane_exp_parts<L: Lane>(x: L) -> (L, L::Word) {
    // x = n ln 2 + r with |r| <= ln 2 / 2. Written so that NaN passes through.
    let x = L::splat(-104.0).max(L::splat(89.0).min(x));
    let round = L::splat(12_582_912.0); // 1.5 * 2^23: adding it rounds to a whole number
    let shifted = x.mul_add(L::splat(std::f32::consts::LOG2_E), round);
    let n = shifted - round;
    let r = n.mul_add(L::splat(-LN_2_LOW), n.mul_add(L::splat(-LN_2_HIGH), x));
    let p = polynomial(
        r,
        [
            0.499_999_94,
            0.166_665_23,
            0.041_668_292,
            0.008_368_532,
            0.001_381_829_8,
        ],
    );
    ((r * r).mul_add(p, r), shifted.to_bits() - round.to_bits())
}

#[inline(always)]
pub(super) fn lane_ln_1p<L: Lane>(x: L) -> L {
    // 1 + x = (1 + f) 2^e with 1 + f in [sqrt(1/2), sqrt(2)).
    let small = x.lt(L::splat(0.414));
    let f = L::select(small, x, L::splat(0.5).mul_add(x, L::splat(-0.5)));
    lane_ln_near_one(f, L::select(small, L::zero(), L::splat(1.0)))
}

/// The f32 below and next to ln 2, and what is left of ln 2.
const LN_2_HIGH: f32 = std::f32::consts::LN_2;
const LN_2_LOW: f32 = -1.904_654_3e-9;

/// `2^n` for `n` from -126 to 127.
#[inline(always)]
fn power_of_two<L: Lane>(n: L::Word) -> L {
    (n + L::Word::splat(127)).shl(23).to_lane()
}

#[inline(always)]
pub(super) fn lane_ln<L: Lane>(x: L) -> L {
    let tiny = x.lt(L::splat(f32::MIN_POSITIVE));
    let scaled = L::select(tiny, x * L::splat(33_554_432.0), x); // 2^25
    // x = m 2^e with m in [sqrt(1/2), sqrt(2)).
    let e = (scaled.to_bits() - L::Word::splat(0x3f35_04f3)).sar(23);
    let m: L = (scaled.to_bits() - e.shl(23)).to_lane();
    let e = e.i32_to_f32() - L::select(tiny, L::splat(25.0), L::zero());
    let y = lane_ln_near_one(m - L::splat(1.0), e);
    let y = L::select(x.lt(L::splat(f32::INFINITY)), y, x); // infinity and NaN are their own
    let y = L::select(x.eq(L::zero()), L::splat(f32::NEG_INFINITY), y);
    L::select(x.lt(L::zero()), L::splat(f32::NAN), y)
}

/// `ln((1 + f) 2^e)` for `1 + f` in [sqrt(1/2), sqrt(2)).
#[inline(always)]
pub(crate) fn lane_ln_near_one<L: Lane>(f: L, e: L) -> L {
    let p = polynomial(
        f,
        [
            0.333_333_13,
            -0.250_000_1,
            0.200_020_72,
            -0.166_679_89,
            0.142_203_58,
            -0.124_062_34,
            0.118_835_49,
            -0.116_700_98,
            0.067_492_68,
        ],
    );
    let square = f * f;
    let y = e.mul_add(L::splat(LN_2_LOW), f * square * p);
    let y = square.mul_add(L::splat(-0.5), y);
    e.mul_add(L::splat(LN_2_HIGH), f + y)
}

#[inline(always)]
pub(super) fn lane_tanh<L: Lane>(x: L) -> L {
    let (t, one, two) = (x.abs(), L::splat(1.0), L::splat(2.0));
    let s = t * t;
    let p = polynomial(
        s,
        [
            -0.333_333,
            0.133_319_36,
            -0.053_784_717,
            0.020_798_625,
            -0.005_897_966_7,
        ],
    );
    let small = (t * s).mul_add(p, t);
    let large = one - two / ((two * t).exp() + one);
    L::select(t.lt(L::splat(0.6)), small, large).copysign(x)
}

#[inline(always)]
pub(super) fn lane_erf<L: Lane>(x: L) -> L {
    let t = x.abs();
    let p = polynomial(
        t * t,
        [
            0.128_379_15,
            -0.376_124_8,
            0.112_816_18,
            -0.026_758_565,
            0.004_980_687_5,
            -0.000_592_512_5,
        ],
    );
    let small = t.mul_add(p, t);
    // 1 - erfc(t), with a polynomial for -ln(erfc(t)) / t - 1; from 3.92 on erf rounds to 1.
    let t4 = L::splat(4.0).min(t);
    let q = polynomial(
        t4,
        [
            0.128_658_52,
            0.635_110_8,
            0.106_303_57,
            -0.023_819_251,
            0.003_669_383,
            -0.000_329_399_16,
            1.188_777_5e-5,
        ],
    );
    let large = L::splat(1.0) - (-t4.mul_add(q, t4)).exp();
    L::select(t.lt(L::splat(0.9375)), small, large).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{Elementwise, elementwise::apply_on, isa::Isa, lane::Scalar};

    macro_rules! over_lanes {
        ($($name:ident $method:ident)*) => {$(
            fn $method(x: f32) -> f32 {
                Scalar::splat(x).$method().get()
            }

            struct $name;
            impl Elementwise<0, 1> for $name {
                #[inline(always)]
                fn apply<L: Lane>(&self, _: [L; 0], [x]: [L; 1]) -> [L; 1] {
                    [x.$method()]
                }
            }
        )*};
    }
    over_lanes! { Exp exp Ln ln Tanh tanh Erf erf Sigmoid sigmoid ExpM1 exp_m1 Ln1p ln_1p }

    /// Arguments all over f32: every 9973rd bit pattern, and the special ones.
    fn arguments() -> Vec<f32> {
        let specials = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
            f32::MAX,
            f32::MIN,
            f32::MIN_POSITIVE,
            1e-45,
            -1e-45,
            88.722_84,
            88.73,
            -87.4,
            -103.9,
            -104.1,
        ];
        (0..=u32::MAX)
            .step_by(9973)
            .map(f32::from_bits)
            .chain(specials)
            .collect()
    }

    /// Distance from the true value in units of the last place of the nearest f32.
    pub(super) fn ulps(got: f32, want: f64) -> f64 {
        if got.is_nan() || want.is_nan() {
            return if got.is_nan() && want.is_nan() {
                0.0
            } else {
                f64::INFINITY
            };
        }
        let nearest = want as f32;
        if got == nearest {
            // Also where both are infinite.
            return 0.0;
        }
        let magnitude = nearest.abs().min(f32::MAX);
        let ulp = f64::from(f32::from_bits(magnitude.to_bits() + 1)) - f64::from(magnitude);
        let ulp = if magnitude == f32::MAX {
            libm::ldexp(1.0, 104)
        } else {
            ulp
        };
        (f64::from(got) - want).abs() / ulp
    }

    fn check(scalar: fn(f32) -> f32, truth: fn(f64) -> f64, op: &impl Elementwise<0, 1>) {
        let arguments = arguments();
        let values: Vec<f32> = arguments.iter().map(|&x| scalar(x)).collect();
        for (&x, &y) in arguments.iter().zip(&values) {
            let error = ulps(y, truth(f64::from(x)));
            assert!(
                error <= 2.0,
                "f({x:e}) = {y:e} is {error} ulp from {:e}",
                truth(f64::from(x))
            );
        }
        for isa in Isa::supported() {
            let mut lanes = arguments.clone();
            apply_on(isa, op, [], [&mut lanes]);
            for ((x, a), b) in arguments.iter().zip(&lanes).zip(&values) {
                let same = a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
                assert!(same, "{isa}: f({x:e}) is {a:e}, not {b:e}");
            }
        }
    }

    #[test]
    fn exp_is_within_two_ulp_and_the_same_everywhere() {
        check(exp, libm::exp, &Exp);
    }

    #[test]
    fn ln_is_within_two_ulp_and_the_same_everywhere() {
        check(ln, libm::log, &Ln);
    }

    #[test]
    fn tanh_is_within_two_ulp_and_the_same_everywhere() {
        check(tanh, libm::tanh, &Tanh);
    }

    #[test]
    fn erf_is_within_two_ulp_and_the_same_everywhere() {
        check(erf, libm::erf, &Erf);
    }

    #[test]
    fn sigmoid_is_the_same_everywhere_and_close() {
        let arguments = arguments();
        for isa in Isa::supported() {
            let mut lanes = arguments.clone();
            apply_on(isa, &Sigmoid, [], [&mut lanes]);
            for (&x, &y) in arguments.iter().zip(&lanes) {
                let same = y.to_bits() == sigmoid(x).to_bits() || y.is_nan() && x.is_nan();
                assert!(same, "{isa}: {x:e}");
                // Below -88 the exponential overflows and the tail is cut to 0.
                let want = 1.0 / (1.0 + libm::exp(-f64::from(x)));
                assert!(x < -88.0 && y == 0.0 || ulps(y, want) <= 3.0, "{x:e}: {y:e}");
            }
        }
    }

    #[test]
    fn exp_m1_and_ln_1p_are_accurate_near_zero_and_the_same_everywhere() {
        let arguments = arguments();
        let unit: Vec<f32> = arguments
            .iter()
            .copied()
            .filter(|x| (0.0..=1.0).contains(x))
            .collect();
        for isa in Isa::supported() {
            let mut lanes = arguments.clone();
            apply_on(isa, &ExpM1, [], [&mut lanes]);
            for (&x, &y) in arguments.iter().zip(&lanes) {
                let same = y.to_bits() == exp_m1(x).to_bits() || y.is_nan() && x.is_nan();
                assert!(same, "{isa}: {x:e}");
                assert!(ulps(y, libm::expm1(f64::from(x))) <= 3.0, "{x:e}: {y:e}");
            }
            let mut lanes = unit.clone();
            apply_on(isa, &Ln1p, [], [&mut lanes]);
            for (&x, &y) in unit.iter().zip(&lanes) {
                assert_eq!(y.to_bits(), ln_1p(x).to_bits(), "{isa}: {x:e}");
                assert!(ulps(y, libm::log1p(f64::from(x))) <= 2.0, "{x:e}: {y:e}");
            }
        }
    }

    /// Goes through every f32, or every n-th with GOODINIT_STRIDE=n, and prints the largest error
    /// of each function, or of GOODINIT_FUNCTION. Run by `tests/scripts/elementary.sh`, in release.
    #[test]
    #[ignore = "minutes; see tests/scripts/elementary.sh"]
    fn every_argument_is_within_two_ulp() {
        type Pair = (&'static str, fn(f32) -> f32, fn(f64) -> f64);
        let functions: [Pair; 4] = [
            ("exp", exp, libm::exp),
            ("ln", ln, libm::log),
            ("tanh", tanh, libm::tanh),
            ("erf", erf, libm::erf),
        ];
        let stride = std::env::var("GOODINIT_STRIDE").map_or(1, |n| n.parse().unwrap());
        let only = std::env::var("GOODINIT_FUNCTION").unwrap_or_default();
        let threads = std::thread::available_parallelism().unwrap().get();
        let wanted = functions
            .iter()
            .filter(|(name, ..)| only.is_empty() || *name == only);
        for &(name, function, truth) in wanted {
            let worst_of = |part: usize| {
                let mut worst = (0.0, 0.0f32);
                for bits in (0..=u32::MAX).skip(part * stride).step_by(threads * stride) {
                    let x = f32::from_bits(bits);
                    let error = ulps(function(x), truth(f64::from(x)));
                    if error > worst.0 {
                        worst = (error, x);
                    }
                }
                worst
            };
            let worst = std::thread::scope(|scope| {
                let parts: Vec<_> = (0..threads)
                    .map(|part| scope.spawn(move || worst_of(part)))
                    .collect();
                let worsts = parts.into_iter().map(|part| part.join().unwrap());
                worsts.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
            });
            println!("{name}: at most {:.4} ulp, at {:e}", worst.0, worst.1);
            assert!(worst.0 <= 2.0);
        }
    }

    #[test]
    fn the_bits_are_these() {
        let bits = |f: fn(f32) -> f32| [-1.5, 0.3, 2.7].map(|x: f32| f(x).to_bits());
        let got = [
            bits(exp),
            bits(|x| ln(x.abs())),
            bits(tanh),
            bits(erf),
            bits(sigmoid),
        ];
        let want = [
            [0x3e64_7c3c, 0x3fac_c82c, 0x416e_1362],
            [0x3ecf_991f, 0xbf9a_1bc8, 0x3f7e_45c0],
            [0xbf67_b7cc, 0x3e95_26ee, 0x3f7d_b2aa],
            [0xbf77_52ab, 0x3ea8_41c5, 0x3f7f_f732],
            [0x3e3a_cdc2, 0x3f13_0eaa, 0x3f6f_e0fa],
        ];
        assert_eq!(got, want, "{got:#010x?}");
    }
}
