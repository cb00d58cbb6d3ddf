//! ChaCha8, many blocks side by side: lane `l` of a pass computes one block.
//!
//! Words equal those of `rand_chacha::ChaCha8Rng` with the same seed and stream, block by block.

use crate::numerics::{Lane, Word};

/// Words of a block.
pub(super) const BLOCK: usize = 16;

/// Blocks that are computed together, and that a fill consumes together.
pub(super) const BLOCKS: usize = 16;

/// Key and position of a chunk: `BLOCKS` consecutive blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub key: [u32; 8],
    pub stream: u64,
    /// Number of the chunk in its stream.
    pub number: u64,
}

impl Chunk {
    /// The `L::WIDTH` blocks from number `first` of this chunk on: lane `l` of element `i` is
    /// word `i` of block `first + l`.
    #[inline(always)]
    pub fn blocks<L: Lane>(&self, first: usize) -> [L::Word; BLOCK] {
        let mut x = self.initial::<L>(first);
        for _ in 0..4 {
            quarter_round::<L>(&mut x, 0, 4, 8, 12);
            quarter_round::<L>(&mut x, 1, 5, 9, 13);
            quarter_round::<L>(&mut x, 2, 6, 10, 14);
            quarter_round::<L>(&mut x, 3, 7, 11, 15);
            quarter_round::<L>(&mut x, 0, 5, 10, 15);
            quarter_round::<L>(&mut x, 1, 6, 11, 12);
            quarter_round::<L>(&mut x, 2, 7, 8, 13);
            quarter_round::<L>(&mut x, 3, 4, 9, 14);
        }
        let initial = self.initial::<L>(first);
        for i in 0..BLOCK {
            x[i] = x[i] + initial[i];
        }
        x
    }

    /// Constants, key, 64-bit block number, 64-bit stream number.
    #[inline(always)]
    fn initial<L: Lane>(&self, first: usize) -> [L::Word; BLOCK] {
        let word = L::Word::splat;
        let k = self.key;
        // A chunk begins at a multiple of 16 blocks, so that its low words can't overflow.
        let block = self.number.wrapping_mul(BLOCKS as u64) + first as u64;
        [
            word(0x6170_7865),
            word(0x3320_646e),
            word(0x7962_2d32),
            word(0x6b20_6574),
            word(k[0]),
            word(k[1]),
            word(k[2]),
            word(k[3]),
            word(k[4]),
            word(k[5]),
            word(k[6]),
            word(k[7]),
            L::Word::count_from(block as u32),
            word((block >> 32) as u32),
            word(self.stream as u32),
            word((self.stream >> 32) as u32),
        ]
    }
}

#[inline(always)]
fn quarter_round<L: Lane>(x: &mut [L::Word; BLOCK], a: usize, b: usize, c: usize, d: usize) {
    x[a] = x[a] + x[b];
    x[d] = (x[d] ^ x[a]).rotate_left(16);
    x[c] = x[c] + x[d];
    x[b] = (x[b] ^ x[c]).rotate_left(12);
    x[a] = x[a] + x[b];
    x[d] = (x[d] ^ x[a]).rotate_left(8);
    x[c] = x[c] + x[d];
    x[b] = (x[b] ^ x[c]).rotate_left(7);
}
