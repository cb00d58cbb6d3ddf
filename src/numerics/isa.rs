//! Runtime CPU dispatch: which instruction set runs the kernels. Chosen once; the choice never changes a
//! result.
//!
//! A kernel is written once, generic over a [`Lane`], and implements [`Kernel`]. [`dispatch`]
//! compiles it once per instruction set, under `#[target_feature]`, and jumps to the one in use.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::support::error::{Error, Kind, Result};

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::lane::F32x8;
#[cfg(target_arch = "x86_64")]
use super::lane::F32x16;
use super::lane::{Lane, Portable};

/// Name of the environment variable that forces an instruction set.
pub const VARIABLE: &str = "GOODINIT_ISA";

/// An instruction set that kernels are compiled for. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Isa {
    /// Whatever the compiler makes of plain Rust; fused multiply-add in software where the
    /// target lacks it.
    Portable = 1,
    /// x86-64 with AVX2 and FMA, 8 lanes.
    Avx2 = 2,
    /// x86-64 with AVX-512 F, BW, DQ and VL, 16 lanes.
    Avx512 = 3,
    /// 64-bit Arm, where NEON with fused multiply-add is part of the base, 8 lanes in two
    /// registers.
    Neon = 4,
}

impl Isa {
    /// All of them, slowest first.
    pub const ALL: [Isa; 4] = [Isa::Portable, Isa::Neon, Isa::Avx2, Isa::Avx512];

    /// Whether this machine can run it.
    pub fn is_supported(self) -> bool {
        match self {
            Isa::Portable => true,
            Isa::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.is_supported()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => false,
        }
    }

    /// Those that this machine can run, slowest first.
    pub fn supported() -> impl Iterator<Item = Isa> {
        Isa::ALL.into_iter().filter(|isa| isa.is_supported())
    }

    fn name(self) -> &'static str {
        match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The one in use, 0 until chosen.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// Chooses the instruction set: the one that `GOODINIT_ISA` names, else the widest that this
/// machine has. Programs call it once at start, to report a bad name as an error.
///
/// # Errors
/// If the variable names no instruction set, or one that this machine lacks.
pub fn choose() -> Result<Isa> {
    let isa = match std::env::var_os(VARIABLE) {
        None => widest(),
        Some(value) => parse(&value.to_string_lossy())?,
    };
    force(isa)?;
    Ok(isa)
}

/// Chooses an instruction set, as [`choose`] does, unless one is in use already.
///
/// # Errors
/// As for [`choose`].
pub fn ensure_chosen() -> Result<()> {
    if CHOSEN.load(Ordering::Relaxed) == 0 {
        choose()?;
    }
    Ok(())
}

/// Makes `isa` the one in use from now on, in the whole process. Results don't change, so it
/// doesn't matter who else is computing.
///
/// # Errors
/// If this machine lacks it.
pub fn force(isa: Isa) -> Result<()> {
    if !isa.is_supported() {
        let supported: Vec<_> = Isa::supported().map(Isa::name).collect();
        return Err(
            Error::new(Kind::Usage, format!("this machine has no {isa} instructions"))
                .help(format!("supported here: {}", supported.join(", "))),
        );
    }
    CHOSEN.store(isa as u8, Ordering::Relaxed);
    Ok(())
}

/// The instruction set in use.
///
/// # Panics
/// If [`choose`] was not called before and `GOODINIT_ISA` is wrong.
#[inline]
pub fn isa() -> Isa {
    match CHOSEN.load(Ordering::Relaxed) {
        1 => Isa::Portable,
        2 => Isa::Avx2,
        3 => Isa::Avx512,
        4 => Isa::Neon,
        _ => choose().unwrap_or_else(|error| panic!("{error}")),
    }
}

/// The instruction set that a kernel started now is compiled for, as the kernel itself sees it.
pub fn running() -> Isa {
    struct Ask;
    impl Kernel for Ask {
        type Output = Isa;
        #[inline(always)]
        fn run<L: Lane>(self) -> Isa {
            L::ISA
        }
    }
    dispatch(isa(), Ask)
}

fn widest() -> Isa {
    Isa::supported().last().unwrap_or(Isa::Portable)
}

fn parse(name: &str) -> Result<Isa> {
    let found = Isa::ALL.into_iter().find(|isa| isa.name() == name);
    found.ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!("{VARIABLE}: unknown instruction set `{name}`"),
        )
        .help("one of: portable, avx2, avx512, neon; unset it to use the widest there is")
    })
}

/// Code that is compiled once per instruction set.
///
/// `run`, and everything it calls per element, must be `#[inline(always)]`: only what is inlined
/// is compiled for the instruction set in use.
pub(crate) trait Kernel {
    /// What it returns.
    type Output;
    /// The work, over lanes of the instruction set in use.
    fn run<L: Lane>(self) -> Self::Output;
}

/// Runs `kernel` compiled for `isa`, which must be supported here.
#[inline]
pub(crate) fn dispatch<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `isa` is supported (`force` is the only writer of the choice, and checks).
        Isa::Avx512 => unsafe { on_avx512(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { on_avx2(kernel) },
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => kernel.run::<F32x8>(),
        _ => kernel.run::<Portable>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn on_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<F32x16>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn on_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<F32x8>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_that_is_forced_is_the_one_that_runs() {
        // In a process of its own each, because the choice is the process's.
        let exe = std::env::current_exe().unwrap();
        for isa in Isa::ALL {
            let output = std::process::Command::new(&exe)
                .args([
                    "numerics::isa::tests::the_named_path_runs",
                    "--exact",
                    "--ignored",
                ])
                .env(VARIABLE, isa.name())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.contains("running 1 test"), "{text}");
            assert_eq!(output.status.success(), isa.is_supported(), "{isa}: {text}");
        }
    }

    #[test]
    #[ignore = "run by the test above with the variable set"]
    fn the_named_path_runs() {
        let named = std::env::var(VARIABLE).unwrap();
        assert_eq!(isa().name(), named);
        assert_eq!(running().name(), named);
    }

    #[test]
    fn a_wrong_name_is_an_error_that_lists_the_right_ones() {
        let error = parse("avx1024").unwrap_err().to_string();
        assert!(
            error.contains("GOODINIT_ISA: unknown instruction set `avx1024`"),
            "{error}"
        );
        assert!(error.contains("portable, avx2"), "{error}");
        assert_eq!(parse("avx2").unwrap(), Isa::Avx2);
    }
}
