//! Random streams addressed by meaning, and the crate's own samplers.
//!
//! A ChaCha8 key is written from what a draw means (seed, replicate, purpose); the 64-bit stream
//! number is the layer or the epoch. Position in the grid, scheme and thread are never part of
//! it: adding a scheme leaves every old row as it was, and schemes share base draws, so that
//! comparisons between them are paired.

use std::convert::Infallible;

use crate::numerics::isa::{Isa, Kernel, dispatch, isa};
use crate::numerics::{Lane, Word};

mod chacha;
mod sample;
#[cfg(test)]
mod tests;

use chacha::{BLOCK, BLOCKS, Chunk};
pub use sample::{Normal, Uniform};

/// Words of a chunk: what is computed together, and what a fill consumes together.
const CHUNK: usize = BLOCK * BLOCKS;

/// What a stream of draws is for. The number is part of the key and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights; stream number = layer.
    Weights = 1,
    /// Initial biases; stream number = layer.
    Biases = 2,
    /// Order of the training samples; stream number = epoch.
    Order = 3,
    /// Division into train, validation and test.
    Split = 4,
    /// Label noise.
    LabelNoise = 5,
    /// Synthetic data.
    Synthetic = 6,
    /// Inputs and directions of a probe.
    Probe = 7,
    /// Bootstrap resampling.
    Bootstrap = 8,
    /// Which rows `verify` recomputes.
    Verify = 9,
    /// Redraws of transferred layers; stream number = layer.
    Transfer = 10,
    /// Samples that a scheme tunes itself on; stream number 0: of the data, 1: noise.
    Tuning = 11,
}

/// The meaning of a family of streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// The key for `purpose` in `replicate` of the experiment with `seed`.
    pub fn new(seed: u64, replicate: u64, purpose: Purpose) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&replicate.to_le_bytes());
        bytes[16..24].copy_from_slice(&(purpose as u64).to_le_bytes());
        bytes[24..].copy_from_slice(b"goodinit");
        Key(bytes)
    }

    /// Stream `number` (a layer, an epoch) of this family.
    pub fn stream(&self, number: u64) -> Stream {
        let (words, _) = self.0.as_chunks();
        let mut key = [0; 8];
        for (word, bytes) in key.iter_mut().zip(words) {
            *word = u32::from_le_bytes(*bytes);
        }
        let next = Chunk {
            key,
            stream: number,
            number: 0,
        };
        Stream {
            next,
            buffer: [0; CHUNK],
            used: CHUNK,
        }
    }
}

/// One stream of draws: the words of ChaCha8 in order.
///
/// Single draws take the next words. A fill starts at the next multiple of 256 words and takes
/// whole chunks of 256 (16 blocks of 16 words), however few draws it needs, so that it can be
/// computed a chunk at a time. Within a chunk, draws are numbered so that neighbours come from
/// neighbouring blocks:
///
/// - uniform: draw `16 i + b` of a chunk comes from word i of its block b;
/// - normal: draws `32 i + b` and `32 i + 16 + b` are the pair from words `2 i` and `2 i + 1` of
///   block b;
/// - truncated normal: the normal draws in order, without those outside the cut.
#[derive(Clone, Debug)]
pub struct Stream {
    next: Chunk,
    /// The chunk that single draws come from: word i of block b is at `16 i + b`.
    buffer: [u32; CHUNK],
    used: usize,
}

impl Stream {
    /// The next raw 32-bit word.
    #[inline(always)]
    pub fn word(&mut self) -> u32 {
        if self.used == CHUNK {
            self.refill();
        }
        let (block, i) = (self.used / BLOCK, self.used % BLOCK);
        self.used += 1;
        self.buffer[i * BLOCKS + block]
    }

    #[cold]
    fn refill(&mut self) {
        let chunk = self.take_chunk();
        dispatch(
            isa(),
            Words {
                chunk,
                out: &mut self.buffer,
            },
        );
        self.used = 0;
    }

    /// A uniform draw in [0, 1), a multiple of 2^-53 (two words, low word first).
    pub fn unit_f64(&mut self) -> f64 {
        let low = u64::from(self.word());
        let high = u64::from(self.word());
        ((high << 32 | low) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A uniform whole number in `0..n`, exactly uniform (Lemire, "Fast random integer
    /// generation in an interval", 2019, by rejection).
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "no number is below 0");
        loop {
            let product = u64::from(self.word()) * u64::from(n);
            let low = product as u32;
            // The threshold is below n: most draws need no division to tell.
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }

    /// Fisher-Yates shuffle from the last position down.
    ///
    /// # Panics
    /// If there are more than `u32::MAX` items.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        assert!(u32::try_from(items.len()).is_ok(), "too many items to shuffle");
        for i in (1..items.len()).rev() {
            let j = self.below(i as u32 + 1) as usize;
            items.swap(i, j);
        }
    }

    /// Fills `out` with draws of the uniform distribution from -`limit` to `limit`; variance `limit^2 / 3`.
    pub fn fill_uniform(&mut self, out: &mut [f32], limit: f32) {
        self.fill(isa(), Uniform { limit }, out);
    }

    /// Fills `out` with draws of the normal distribution of mean 0 and deviation `std`.
    pub fn fill_normal(&mut self, out: &mut [f32], std: f32) {
        self.fill(isa(), Normal { std }, out);
    }

    /// Fills `out` with draws of a normal distribution of mean 0 and deviation `std`, redrawn until within `cut * std`
    /// of 0. (Their own deviation is smaller: `0.87962566 std` for a cut of 2.)
    ///
    /// # Panics
    /// If `cut` is not positive.
    pub fn fill_truncated_normal(&mut self, out: &mut [f32], std: f32, cut: f32) {
        assert!(cut > 0.0, "a cut of {cut} leaves nothing to draw");
        let mut draws = [0.0; CHUNK];
        let mut filled = 0;
        while filled < out.len() {
            self.fill_normal(&mut draws, 1.0);
            // Without branches: each draw is written, and kept by moving on.
            let mut kept = 0;
            for i in 0..CHUNK {
                let z = draws[i];
                draws[kept] = z * std;
                kept += usize::from(z.abs() <= cut);
            }
            let count = kept.min(out.len() - filled);
            out[filled..][..count].copy_from_slice(&draws[..count]);
            filled += count;
        }
    }

    fn fill<S: Sampler>(&mut self, isa: Isa, sampler: S, out: &mut [f32]) {
        if out.is_empty() {
            return;
        }
        self.used = CHUNK;
        let chunk = self.next;
        let chunks = out.len().div_ceil(CHUNK) as u64;
        self.next.number = chunk.number.wrapping_add(chunks);
        dispatch(isa, Fill { sampler, chunk, out });
    }

    fn take_chunk(&mut self) -> Chunk {
        let chunk = self.next;
        self.next.number = chunk.number.wrapping_add(1);
        chunk
    }
}

/// Lets every distribution of `rand` and `rand_distr` draw from a stream.
impl rand::TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = u64::from(self.word());
        Ok(u64::from(self.word()) << 32 | low)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for bytes in out.chunks_mut(4) {
            bytes.copy_from_slice(&self.word().to_le_bytes()[..bytes.len()]);
        }
        Ok(())
    }
}

/// Makes draws from the words of a group of blocks.
trait Sampler: Copy {
    /// For each word of a block the draws that take its place.
    fn draws<L: Lane>(self, words: [L::Word; BLOCK]) -> [L; BLOCK];
}

impl Sampler for Uniform {
    #[inline(always)]
    fn draws<L: Lane>(self, words: [L::Word; BLOCK]) -> [L; BLOCK] {
        let mut draws = [L::zero(); BLOCK];
        let mut i = 0;
        while i < BLOCK {
            draws[i] = self.of_words(words[i]);
            i += 1;
        }
        draws
    }
}

impl Sampler for Normal {
    #[inline(always)]
    fn draws<L: Lane>(self, words: [L::Word; BLOCK]) -> [L; BLOCK] {
        let mut draws = [L::zero(); BLOCK];
        let mut i = 0;
        while i < BLOCK {
            (draws[i], draws[i + 1]) = self.of_words(words[i], words[i + 1]);
            i += 2;
        }
        draws
    }
}

/// The words of a chunk, as `Stream::buffer` holds them.
struct Words<'a> {
    chunk: Chunk,
    out: &'a mut [u32; CHUNK],
}

impl Kernel for Words<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(self) {
        let mut first = 0;
        while first < BLOCKS {
            let words = self.chunk.blocks::<L>(first);
            let mut i = 0;
            while i < BLOCK {
                words[i].write(&mut self.out[i * BLOCKS + first..]);
                i += 1;
            }
            first += L::WIDTH;
        }
    }
}

/// Draws from `chunk` and those that follow it.
struct Fill<'a, S> {
    sampler: S,
    chunk: Chunk,
    out: &'a mut [f32],
}

impl<S: Sampler> Kernel for Fill<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let (whole, rest) = self.out.as_chunks_mut::<CHUNK>();
        for out in whole {
            fill_chunk::<L, S>(self.sampler, self.chunk, out);
            self.chunk.number = self.chunk.number.wrapping_add(1);
        }
        if !rest.is_empty() {
            let mut last = [0.0; CHUNK];
            fill_chunk::<L, S>(self.sampler, self.chunk, &mut last);
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

#[inline(always)]
fn fill_chunk<L: Lane, S: Sampler>(sampler: S, chunk: Chunk, out: &mut [f32; CHUNK]) {
    let mut first = 0;
    while first < BLOCKS {
        let draws = sampler.draws::<L>(chunk.blocks::<L>(first));
        let mut i = 0;
        while i < BLOCK {
            draws[i].write(&mut out[i * BLOCKS + first..]);
            i += 1;
        }
        first += L::WIDTH;
    }
}
