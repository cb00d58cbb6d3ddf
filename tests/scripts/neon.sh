#!/usr/bin/env bash
# 64-bit Arm on another machine, under emulation: the unit tests of src/numerics and src/random,
# built for aarch64 (every kernel, elementary function and draw through NEON and through portable
# code, compared with plain loops and golden bits), then whole runs of the program there, whose
# tables must be byte for byte those of this machine.
#
#   tests/scripts/neon.sh [EXPERIMENT.toml]       default: tests/fixtures/bytes/
#
# needs: rustup target add aarch64-unknown-linux-gnu
#        apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
#
# Exit codes: 0 passed, 77 skipped (one of these is missing), others failed.
#
# What it does not check is real hardware. On an aarch64 machine it isn't needed: `cargo test` runs
# NEON itself.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=aarch64-unknown-linux-gnu
for program in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $program > /dev/null || { echo "skipped: $program is not installed"; exit 77; }
done
[ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] || { echo "skipped: rustup target add $target"; exit 77; }
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
built=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { cargo test --release --quiet --target $target --lib -- "$@"; }
# Emulation can't start further Arm programs, which one test does; its part is done by hand.
run numerics:: random:: --skip numerics::isa::tests::every_path_that_is_forced
for isa in portable neon; do
    GOODINIT_ISA=$isa run --ignored --exact numerics::isa::tests::the_named_path_runs | tee "$work/log"
    grep -q "1 passed" "$work/log"
done

cargo build --release --quiet
cargo build --release --quiet --target $target
experiment=${1:-}
. tests/scripts/bytes.sh
grid() { # ISA, command...
    export GOODINIT_ISA=$1
    bytes_run "$work/$1" "${@:2}" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    local others
    others=$(grep -L "\"isa\": \"$1\"" "$work/$1"/*/run.json || true)
    [ -z "$others" ] # the forced path is the one that ran
}
arm=(qemu-aarch64 -L /usr/aarch64-linux-gnu "$built/$target/release/goodinit")
bytes_run "$work/native" "$built/release/goodinit" > "$work/log" 2>&1
grid neon "${arm[@]}"
grid portable "${arm[@]}"
for isa in neon portable; do
    bytes_same "$work/native" "$work/$isa" || { echo "FAILED: aarch64 ($isa) differs"; exit 1; }
done
echo "passed: on aarch64 NEON and portable code give the bytes of $(uname -m)"
