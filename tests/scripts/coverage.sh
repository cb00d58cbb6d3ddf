#!/usr/bin/env bash
# Which lines the experiments of tests/scripts/bytes.sh run, per directory of src/: what a comparison
# of bytes can vouch for. Files of tests are left out.
#
#   tests/scripts/coverage.sh [EXPERIMENT.toml]     default: tests/fixtures/bytes/
#
# needs: rustup component add llvm-tools
# Exit codes: 0 passed, 77 skipped (the component is missing), others failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$(echo "$(rustc --print sysroot)"/lib/rustlib/*/bin)
[ -x "$tools/llvm-cov" ] || { echo "skipped: rustup component add llvm-tools"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
experiment=${1:-}
. tests/scripts/bytes.sh

built=${CARGO_TARGET_DIR:-target}/coverage
CARGO_TARGET_DIR=$built RUSTFLAGS="-C instrument-coverage" cargo build --quiet --bin goodinit
export LLVM_PROFILE_FILE=$work/%p-%m.profraw
for isa in portable avx2 avx512 neon; do
    GOODINIT_ISA=$isa "$built/debug/goodinit" list schemes > /dev/null 2>&1 || continue
    GOODINIT_ISA=$isa bytes_run "$work/$isa" "$built/debug/goodinit" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
done
"$tools/llvm-profdata" merge --sparse "$work"/*.profraw -o "$work/all.profdata"
"$tools/llvm-cov" export --format=text --summary-only --instr-profile="$work/all.profdata" \
    "$built/debug/goodinit" > "$work/coverage.json"
python3 - "$work/coverage.json" <<'PYTHON'
import collections, json, re, sys
floors = collections.defaultdict(lambda: [0, 0])
for file in json.load(open(sys.argv[1]))["data"][0]["files"]:
    found = re.search(r"/src/(numerics|random|activation|model|init|data|run|table|analysis)/(?!.*test)", file["filename"])
    if found and "/registry/" not in file["filename"]:
        lines = file["summary"]["lines"]
        floors[found[1]][0] += lines["covered"]
        floors[found[1]][1] += lines["count"]
for floor, (covered, count) in floors.items():
    print(f"{floor:12} {covered:6} of {count:6} lines {100 * covered / count:5.1f} %")
PYTHON
