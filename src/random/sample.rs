//! From words to draws, over lanes: the definition of every sampler's bits.

use rand_distr::Distribution;

use crate::numerics::elementary::{lane_cos_sin, lane_ln_near_one};
use crate::numerics::lane::Scalar;
use crate::numerics::{Lane, Word};

/// The uniform distribution on `(-limit, limit)`; variance `limit^2 / 3`.
///
/// One word `w` gives `(2 s + 1) 2^-24 limit`, where `s` is the top 24 bits of `w` as a signed
/// number: a grid that is symmetric about 0 and never hits it. (For some limits the outermost
/// draws round to the limit itself.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uniform {
    /// Draws are from `-limit` to `limit`.
    pub limit: f32,
}

/// The normal distribution of mean 0 and standard deviation `std`.
///
/// Box and Muller's transform ("A note on the generation of random normal deviates", 1958) in
/// f32: a pair of words `(w, v)` gives the pair of draws `r cos(a), r sin(a)` with
/// `r = sqrt(-2 ln u)`, `u = (floor(w / 2) + 1/2) 2^-31` and `a = 2 pi v 2^-32` (up to rotation by
/// an eighth of a turn). Logarithms keep their relative precision at both ends of u, and draws
/// reach out to 6.66 standard deviations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// Standard deviation of the normal law.
    pub std: f32,
}

impl Uniform {
    #[inline(always)]
    pub(super) fn of_words<L: Lane>(self, w: L::Word) -> L {
        let s = w.sar(8);
        let odd = (s + s + L::Word::splat(1)).i32_to_f32();
        odd * L::splat(1.0 / 16_777_216.0) * L::splat(self.limit)
    }
}

impl Normal {
    #[inline(always)]
    pub(super) fn of_words<L: Lane>(self, w: L::Word, v: L::Word) -> (L, L) {
        let r = radius::<L>(w);
        let (cos, sin) = direction::<L>(v);
        let std = L::splat(self.std);
        (r * cos * std, r * sin * std)
    }
}

/// `sqrt(-2 ln u)`.
#[inline(always)]
fn radius<L: Lane>(w: L::Word) -> L {
    let scale = L::splat(1.0 / 2_147_483_648.0);
    let half = L::splat(0.5);
    let h = w.shr(1);
    // u = x 2^-31 = (1 + f) 2^e. Near 1, f comes from the distance to 1, which x has rounded off.
    let x = h.i32_to_f32() + half;
    let e = (x.to_bits() - L::Word::splat(0x3f35_04f3)).sar(23);
    let m: L = (x.to_bits() - e.shl(23)).to_lane();
    let rest = (L::Word::splat(0x7fff_ffff) - h).i32_to_f32() + half;
    let near_one = x.ge(L::splat(1_518_500_250.0)); // sqrt(1/2) 2^31
    let f = L::select(near_one, -(rest * scale), m - L::splat(1.0));
    let e = L::select(near_one, L::zero(), e.i32_to_f32() - L::splat(31.0));
    (lane_ln_near_one(f, e) * L::splat(-2.0)).sqrt()
}

/// Cosine and sine of a uniform angle: two bits choose the quadrant, 30 the angle in it.
#[inline(always)]
fn direction<L: Lane>(v: L::Word) -> (L, L) {
    // In quarter turns, within an eighth of a turn of 0, symmetric and never 0.
    let s = (v.shl(2) | L::Word::splat(2)).i32_to_f32() * L::splat(1.0 / 4_294_967_296.0);
    lane_cos_sin(v, s)
}

/// One word per draw.
impl Distribution<f32> for Uniform {
    fn sample<R: rand::Rng + ?Sized>(&self, rng: &mut R) -> f32 {
        self.of_words::<Scalar>(scalar_word(rng)).get()
    }
}

/// Two words per draw, which is the cosine of the pair.
impl Distribution<f32> for Normal {
    fn sample<R: rand::Rng + ?Sized>(&self, rng: &mut R) -> f32 {
        let (w, v) = (scalar_word(rng), scalar_word(rng));
        self.of_words::<Scalar>(w, v).0.get()
    }
}

fn scalar_word<R: rand::Rng + ?Sized>(rng: &mut R) -> <Scalar as Lane>::Word {
    <Scalar as Lane>::Word::splat(rng.next_u32())
}
