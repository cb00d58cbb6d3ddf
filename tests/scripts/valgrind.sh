#!/usr/bin/env bash
# Unit tests of src/numerics (all of its `unsafe` code: kernels, lanes, packing) under valgrind's
# memcheck, on the paths that valgrind can emulate: it knows AVX2 but no AVX-512.
#
#   apt-get install valgrind && tests/scripts/valgrind.sh [FILTER...]     some minutes
#
# FILTER picks other tests, by part of their names. A read or write outside an allocation, or a
# branch on uninitialised memory, fails.
#
# Exit codes: 0 passed, 77 skipped (no valgrind), others failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v valgrind > /dev/null || { echo "skipped: valgrind is not installed"; exit 77; }
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="valgrind --quiet --error-exitcode=9"
[ $# -gt 0 ] || set -- numerics::
for isa in avx2 portable; do
    # Valgrind follows no program that a test starts, which one test does to try every path.
    GOODINIT_ISA=$isa cargo test --release --quiet --lib -- "$@" --test-threads=1 \
        --skip every_path_that_is_forced
done
echo "passed: memcheck finds nothing on avx2 and portable"
