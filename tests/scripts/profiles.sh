#!/usr/bin/env bash
# Optimisation never changes a byte: the same experiment from a release build, the usual
# development build and one without any optimisation, with 1, 2 and 8 threads and every instruction
# set that this machine has.
#
#   tests/scripts/profiles.sh [EXPERIMENT.toml]     builds three profiles; default: tests/fixtures/bytes/
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
experiment=${1:-}
. tests/scripts/bytes.sh
built=${CARGO_TARGET_DIR:-target} runs=0
for profile in release dev unoptimized; do
    cargo build --quiet --profile "$profile"
    case $profile in dev) folder=debug ;; *) folder=$profile ;; esac
    for isa in portable avx2 avx512 neon; do
        for threads in 1 2 8; do
            out=$work/$profile-$isa-$threads
            if ! GOODINIT_ISA=$isa bytes_run "$out" "$built/$folder/goodinit" > "$work/log" 2>&1; then
                grep -q "this machine has no" "$work/log" && continue 2
                cat "$work/log" >&2
                exit 1
            fi
            runs=$((runs + 1))
            first=${first:-$out}
            bytes_same "$first" "$out" || { echo "FAILED: $out differs"; exit 1; }
        done
    done
done
echo "passed: $runs runs, every byte the same"
