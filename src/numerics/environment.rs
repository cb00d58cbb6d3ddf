//! The processor's floating-point mode, which a thread inherits from whatever ran before: a library
//! built with `-ffast-math` switches on flush-to-zero when it is loaded, and `fesetround` changes
//! how every operation rounds.
#![allow(unsafe_code)]

use std::marker::PhantomData;

/// While it lives, this thread rounds to nearest and keeps subnormal numbers; then the old mode is
/// back. Every entry point that computes something reproducible holds one.
#[derive(Debug)]
#[must_use = "the old mode is back when it is dropped"]
pub struct FloatMode {
    before: Register,
    /// The mode is the thread's: the guard must not move to another.
    thread: PhantomData<*const ()>,
}

impl FloatMode {
    /// Rounding to nearest, subnormal operands and results as they are, no traps.
    #[inline(never)]
    pub fn standard() -> Self {
        FloatMode::enter(STANDARD)
    }

    /// Keeps the standard mode for the rest of this thread.
    pub fn keep(self) {
        std::mem::forget(self);
    }

    fn enter(mode: Register) -> Self {
        let before = read();
        if before & MODE != mode & MODE {
            write(before & !MODE | mode & MODE);
        }
        FloatMode {
            before,
            thread: PhantomData,
        }
    }

    /// Rounds downward and flushes subnormal operands and results to zero; `None` where this crate
    /// does not know the processor's register.
    #[cfg(test)]
    #[inline(never)]
    pub(crate) fn wrong() -> Option<Self> {
        #[cfg(target_arch = "aarch64")]
        use aarch64::WRONG;
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        use other::WRONG;
        #[cfg(target_arch = "x86_64")]
        use x86_64::WRONG;
        (WRONG != STANDARD).then(|| FloatMode::enter(WRONG))
    }
}

impl Drop for FloatMode {
    #[inline(never)]
    fn drop(&mut self) {
        let now = read();
        if now & MODE != self.before & MODE {
            write(now & !MODE | self.before & MODE);
        }
    }
}

#[cfg(target_arch = "x86_64")]
use x86_64::{MODE, Register, STANDARD, read, write};

/// MXCSR.
#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::asm;

    pub(super) type Register = u32;

    const DENORMALS_ARE_ZERO: u32 = 1 << 6;
    const EXCEPTIONS_MASKED: u32 = 0x3f << 7;
    const ROUNDING: u32 = 3 << 13;
    #[cfg(test)]
    const DOWNWARD: u32 = 1 << 13;
    const FLUSH_TO_ZERO: u32 = 1 << 15;

    pub(super) const MODE: u32 = DENORMALS_ARE_ZERO | EXCEPTIONS_MASKED | ROUNDING | FLUSH_TO_ZERO;
    pub(super) const STANDARD: u32 = EXCEPTIONS_MASKED;
    #[cfg(test)]
    pub(super) const WRONG: u32 = EXCEPTIONS_MASKED | DENORMALS_ARE_ZERO | DOWNWARD | FLUSH_TO_ZERO;

    pub(super) fn read() -> u32 {
        let mut register = 0u32;
        // SAFETY: stores 32 bits where the pointer points.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut register, options(nostack, preserves_flags)) };
        register
    }

    pub(super) fn write(register: u32) {
        // SAFETY: only bits that `read` gave and those of `MODE` are set, none of them reserved.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const register, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
use aarch64::{MODE, Register, STANDARD, read, write};

/// FPCR.
#[cfg(target_arch = "aarch64")]
mod aarch64 {
    use std::arch::asm;

    pub(super) type Register = u64;

    /// FIZ, AH and NEP; the traps of all exceptions; FZ16; rounding; FZ; default NaN.
    pub(super) const MODE: u64 = 0b111 | 0x9f << 8 | 1 << 19 | 3 << 22 | 1 << 24 | 1 << 25;
    pub(super) const STANDARD: u64 = 0;
    /// FZ, and rounding downward.
    #[cfg(test)]
    pub(super) const WRONG: u64 = 1 << 24 | 2 << 22;

    pub(super) fn read() -> u64 {
        let register: u64;
        // SAFETY: FPCR is readable by every program.
        unsafe { asm!("mrs {}, fpcr", out(reg) register, options(nostack, preserves_flags)) };
        register
    }

    pub(super) fn write(register: u64) {
        // SAFETY: FPCR is writable by every program; only bits that `read` gave and those of `MODE`
        // are set.
        unsafe { asm!("msr fpcr, {}", in(reg) register, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use other::{MODE, Register, STANDARD, read, write};

/// Processors whose register this crate does not know: the mode stays as it is.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod other {
    pub(super) type Register = u32;

    pub(super) const MODE: u32 = 0;
    pub(super) const STANDARD: u32 = 0;
    #[cfg(test)]
    pub(super) const WRONG: u32 = 0;

    pub(super) fn read() -> u32 {
        0
    }

    pub(super) fn write(_: u32) {}
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    /// A subnormal operand, a subnormal result, and a sum that rounds.
    #[inline(never)]
    fn figures() -> [u32; 3] {
        let sums = [
            black_box(1e-40f32) * black_box(4.0),
            black_box(1e-30f32) * black_box(1e-10),
            black_box(1.0f32) + black_box(f32::EPSILON * 0.75),
        ];
        sums.map(f32::to_bits)
    }

    #[test]
    fn the_standard_mode_rules_until_the_guard_is_dropped() {
        let right = {
            let _mode = FloatMode::standard();
            figures()
        };
        let Some(wrong) = FloatMode::wrong() else { return };
        let outside = figures();
        assert!(
            outside.iter().zip(right).all(|(&w, r)| w != r),
            "{outside:x?} {right:x?}"
        );
        let mode = FloatMode::standard();
        assert_eq!(figures(), right);
        drop(mode);
        assert_eq!(figures(), outside);
        drop(wrong);
        assert_eq!(figures(), right);
    }
}
