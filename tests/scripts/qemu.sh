#!/bin/sh
# The same experiment on processors without AVX-512 and without AVX, emulated: tables must be
# byte-identical to those of this machine, and the path that ran the one that the processor has.
#     apt-get install qemu-user && tests/scripts/qemu.sh
# Exit codes: 0 passed, 77 skipped (no qemu), others failed.
set -eu
cd "$(dirname "$0")/../.."
command -v qemu-x86_64 >/dev/null || { echo "skipped: qemu-x86_64 is not installed (apt-get install qemu-user)"; exit 77; }
cargo build --release
binary=target/release/goodinit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tests/scripts/bytes.sh

run() { # name, command...
    name=$1; shift
    bytes_run "$work/$name" "$@" >/dev/null 2>"$work/$name.log" ||
        { cat "$work/$name.log"; exit 1; }
}

run native "$binary"
for isa in portable avx2 avx512; do
    if GOODINIT_ISA=$isa "$binary" list schemes >/dev/null 2>&1; then
        run "$isa" env GOODINIT_ISA=$isa "$binary"
    else
        echo "$isa: not on this machine"
    fi
done
run haswell qemu-x86_64 -cpu Haswell "$binary"   # AVX2 and FMA, no AVX-512
run nehalem qemu-x86_64 -cpu Nehalem "$binary"   # no AVX
# A forced path that the processor lacks is an error, which shows what the emulation has.
has() { GOODINIT_ISA=$2 qemu-x86_64 -cpu "$1" "$binary" list schemes >/dev/null 2>&1; }
has Haswell avx2 || { echo "the emulated Haswell has no AVX2"; exit 1; }
if has Haswell avx512 || has Nehalem avx2; then echo "the emulation has too much"; exit 1; fi

status=0
for other in portable avx2 avx512 haswell nehalem; do
    [ -d "$work/$other" ] || continue
    bytes_same "$work/native" "$work/$other" || status=1
done
[ $status = 0 ] && echo "byte-identical: native, forced paths, Haswell, Nehalem"
exit $status
