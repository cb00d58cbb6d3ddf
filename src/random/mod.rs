//! Random streams addressed by meaning, and the crate's own samplers.
//!
//! A ChaCha8 key is written from what a draw means (seed, replicate, purpose); the 64-bit stream
//! number is the layer or the epoch. Position in the grid, scheme and thread are never part of
//! it: adding a scheme leaves every old row as it was, and schemes share base draws, so that
//! comparisons between them are paired.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

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
        let mut rng = ChaCha8Rng::from_seed(self.0);
        rng.set_stream(number);
        Stream { rng }
    }
}

/// One stream of draws.
#[derive(Clone, Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// The next raw 32-bit word.
    pub fn word(&mut self) -> u32 {
        self.rng.next_u32()
    }

    /// A uniform draw in [0, 1), a multiple of 2^-53 (two words, low word first).
    pub fn unit_f64(&mut self) -> f64 {
        let low = u64::from(self.word());
        let high = u64::from(self.word());
        ((high << 32 | low) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A uniform whole number in `0..n`, exactly uniform (Lemire 2019, rejection); `n > 0`.
    pub fn below(&mut self, n: u32) -> u32 {
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u64::from(self.word()) * u64::from(n);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// Fisher-Yates shuffle from the last position down.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u32 + 1) as usize;
            items.swap(i, j);
        }
    }

    /// Fills `out` with uniform draws in `(-limit, limit)`; variance `limit^2 / 3`.
    pub fn fill_uniform(&mut self, out: &mut [f32], limit: f32) {
        for x in out {
            let centred = (2 * (self.word() >> 8) + 1) as f32 * (1.0 / (1u32 << 24) as f32) - 1.0;
            *x = centred * limit;
        }
    }

    /// Fills `out` with normal draws of mean 0.
    pub fn fill_normal(&mut self, out: &mut [f32], std: f32) {
        for x in out {
            // Provisional: replaced by the vectorised Box-Muller fill.
            let (u, v) = (1.0 - self.unit_f64(), self.unit_f64());
            let z = (-2.0 * libm::log(u)).sqrt() * libm::cos(std::f64::consts::TAU * v);
            *x = z as f32 * std;
        }
    }

    /// Fills `out` with draws of a normal of mean 0 and parent deviation `std`, redrawn until
    /// within `cut * std` of 0.
    pub fn fill_truncated_normal(&mut self, out: &mut [f32], std: f32, cut: f32) {
        for x in out {
            loop {
                self.fill_normal(std::slice::from_mut(x), 1.0);
                if x.abs() <= cut {
                    break;
                }
            }
            *x *= std;
        }
    }
}
