#!/usr/bin/env bash
# The arithmetic of 64-bit Arm on another machine, under emulation: all unit tests of src/numerics
# and src/random, built for aarch64. Every kernel, elementary function and draw goes through NEON
# and through portable code, and is compared with plain loops and golden bits.
#
#   tests/scripts/neon.sh        needs: rustup target add aarch64-unknown-linux-gnu
#                                apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
#
# A minute or two on two quiet cores: the two modules are built as a crate of their own, without the
# rest of the program and its dependencies. What it does not check: whole runs, and real hardware.
# On an aarch64 machine it isn't needed: `cargo test` runs NEON itself, and everything else too.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=aarch64-unknown-linux-gnu
for program in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $program > /dev/null || { echo "skipped: $program is not installed"; exit 0; }
done
[ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] || { echo "skipped: rustup target add $target"; exit 0; }
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp Cargo.lock "$work"                # the same versions as the program's
cat > "$work/Cargo.toml" <<TOML
[package]
name = "goodinit"
version = "0.1.0"
edition = "2024"
[lib]
path = "lib.rs"
[dependencies]
annotate-snippets = "*"
libm = "*"
rand = { version = "*", default-features = false, features = ["std"] }
rand_chacha = "*"
rand_distr = "*"
TOML
cat > "$work/lib.rs" <<RUST
#![allow(dead_code, missing_docs)]
#[path = "$PWD/src/error.rs"]
pub mod error;
#[path = "$PWD/src/numerics/mod.rs"]
pub mod numerics;
#[path = "$PWD/src/random/mod.rs"]
pub mod random;
RUST
run() { CARGO_TARGET_DIR=$work/target cargo test --manifest-path "$work/Cargo.toml" --release --quiet --target $target --lib -- "$@"; }

# Emulation can't start further Arm programs, which one test does; its part is done by hand.
run --skip numerics::isa::tests::every_path_that_is_forced
for isa in portable neon; do
    GOODINIT_ISA=$isa run --ignored --exact numerics::isa::tests::the_named_path_runs | tee "$work/log"
    grep -q "1 passed" "$work/log"
done
