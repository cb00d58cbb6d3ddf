#!/usr/bin/env bash
# A full disk, a read-only directory, a directory removed midway: a clear error, and what was
# journaled stays good.
#
#   tests/scripts/disk.sh      as root (mounts a tiny file system); GOODINIT names a program
#                              already built
#
# Exit codes: 0 passed, 77 skipped (not root), others failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" -eq 0 ] || { echo "skipped: mounting needs root"; exit 77; }
if [ -z "${GOODINIT:-}" ]; then
    cargo build --release --quiet
    GOODINIT=$PWD/target/release/goodinit
fi
work=$(mktemp -d)
trap 'umount "$work/disk" 2> /dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/disk"
cat > "$work/x.toml" <<'TOML'
name = "x"
replicates = 40
[data]
kind = "gaussian-mixture"
rows = 400
[train]
epochs = 20
[grid]
scheme = ["he_normal", "xavier_uniform"]
architecture = [[20, 20]]
activation = ["relu", "tanh"]
learning_rate = [0.1]
TOML
fail() { echo "FAILED: $*" >&2; cat "$work/log" >&2; exit 1; }
run() { local code=0; "$GOODINIT" grid "$work/x.toml" --out "$1" --trace "$work/trace" > "$work/log" 2>&1 || code=$?; echo $code; }
same() { for t in "$work"/whole/*.csv "$work/whole/manifest.toml"; do cmp "$t" "$1/$(basename "$t")" || fail "$1 differs"; done; }
[ "$(run "$work/whole")" = 0 ] || fail "the reference run"
rm "$work/trace"

# Sizes from too small for the journal to too small for the tables.
for kilobytes in 40 100 200 300 400; do
    rm -f "$work/trace"
    mount -t tmpfs -o "size=${kilobytes}k" tmpfs "$work/disk"
    code=$(run "$work/disk/r")
    if [ "$code" = 0 ]; then echo "$kilobytes kB is enough"; same "$work/disk/r"; umount "$work/disk"; continue; fi
    [ "$code" = 2 ] || fail "exit code $code"
    grep -q "No space left" "$work/log" || fail "no word of the full disk"
    grep -q panicked "$work/log" && fail "a panic"
    echo "$kilobytes kB: $(head -n 1 "$work/log" | cut -c1-150)"
    for t in "$work/whole"/*.csv; do
        [ ! -e "$work/disk/r/$(basename "$t")" ] || cmp "$t" "$work/disk/r/$(basename "$t")" || fail "a part of a table"
    done
    mount -o remount,size=8m "$work/disk"
    [ "$(run "$work/disk/r")" = 0 ] || fail "it does not go on"
    same "$work/disk/r"
    twice=$(awk '$2 == "end" { print $3 }' "$work/trace" | sort | uniq -d | wc -l)
    echo "  room made: resumed, same bytes; $twice trials trained twice (in memory when the disk filled)"
    umount "$work/disk"
done

mount -t tmpfs -o size=8m tmpfs "$work/disk"
mkdir "$work/disk/r"
mount -o remount,ro "$work/disk"
{ [ "$(run "$work/disk/r")" = 2 ] && grep -q "Read-only" "$work/log"; } || fail "read-only"
echo "read-only: $(head -n 1 "$work/log" | cut -c1-150)"
umount "$work/disk"

"$GOODINIT" grid "$work/x.toml" --out "$work/gone" --threads 1 --set train.epochs=4000 > "$work/log" 2>&1 &
child=$!
for _ in $(seq 100); do [ -s "$work/gone/journal/1-of-1" ] && break; sleep 0.05; done
rm -r "$work/gone"
code=0; wait "$child" || code=$?
{ [ "$code" = 2 ] && grep -q "was removed or replaced" "$work/log"; } || fail "removed midway"
echo "removed midway: $(grep error "$work/log" | cut -c1-150)"
echo passed
