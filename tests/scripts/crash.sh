#!/usr/bin/env bash
# The crash battery, long form: kills runs of a grid at random moments, with a random number of
# threads between restarts, and compares the tables with those of a run that was left alone.
#
#   tests/scripts/crash.sh [KILLS=60] [SEED=1]      some minutes; GOODINIT names a program already built
#
# 1. KILLS times SIGKILL, then to the end. 2. SIGTERM and SIGINT, a third as often.
# 3. SIGKILL while tables are written, KILLS times over a finished journal.
# Fails on any byte that differs. Counts trials that were trained to their end more than once; only
# one that ended in the instant before a kill, before its record reached the system, may be.
set -euo pipefail
cd "$(dirname "$0")/../.."
kills=${1:-60} RANDOM=${2:-1}
if [ -z "${GOODINIT:-}" ]; then
    cargo build --release --quiet
    GOODINIT=$PWD/target/release/goodinit
fi
program=$GOODINIT
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
experiment=$work/crash.toml
cat > "$experiment" <<'TOML'
name = "crash"
seed = 7
replicates = 10
[data]
kind = "digits"
[train]
epochs = 6
[record]
layers = [0, "last"]
[grid]
scheme = ["he_normal", "xavier_uniform", { kind = "normal", std = 0.01 }]
architecture = [[64], [32, 32], { depth = 6, width = 24 }]
activation = ["relu", "tanh"]
optimizer = ["sgd"]
learning_rate = [0.01, 0.1]
TOML
fail() { echo "FAILED: $*" >&2; exit 1; }
same() { # DIR: its tables are those of the reference
    for table in "$work"/reference/*.csv "$work"/reference/manifest.toml; do
        cmp "$table" "$1/$(basename "$table")" || fail "$1 differs"
    done
}
twice() { awk '$2 == "end" { print $3 }' "$1" | sort | uniq -d | wc -l; }
pause() { sleep "$(awk -v a="$1" -v b="$2" -v r="$RANDOM" 'BEGIN { print a + (b - a) * r / 32768 }')"; }

"$program" grid "$experiment" --out "$work/reference" --trace "$work/reference.trace" > /dev/null 2>&1
trials=$(grep -c end "$work/reference.trace")

# round SIGNAL TIMES: kills a run so often, then lets it finish.
round() {
    local signal=$1 times=$2 out=$work/$1 done=0 early=0 code child
    while [ "$done" -lt "$times" ]; do
        "$program" grid "$experiment" --out "$out" --trace "$out.trace" --threads $((RANDOM % 8 + 1)) \
            > "$out.log" 2>&1 &
        child=$!
        pause 0.02 "$3"
        kill "-$signal" "$child" 2> /dev/null || true
        code=0; wait "$child" 2> /dev/null || code=$?
        case $code in
            0) early=$((early + 1)); [ "$early" -lt 3 ] || break ;;
            137) [ "$signal" = KILL ] || fail "exit code $code: $(cat "$out.log")" ;;
            75) [ "$signal" != KILL ] || fail "exit code $code" ; grep -q "go on" "$out.log" || fail "no word on how to go on" ;;
            130 | 143) ;; # before the program had set up its handling of signals
            *) fail "exit code $code: $(cat "$out.log")" ;;
        esac
        [ "$code" -eq 0 ] || done=$((done + 1))
    done
    "$program" grid "$experiment" --out "$out" --trace "$out.trace" > "$out.log" 2>&1 || fail "$(cat "$out.log")"
    same "$out"
    [ ! -e "$out/journal" ] || fail "the journal was left behind"
    echo "$signal: $done stops survived, tables equal; $trials trials, $(twice "$out.trace") ended twice, $(grep -c start "$out.trace") started"
}
round KILL "$kills" 0.7
round TERM $((kills / 3)) 1.0
round INT $((kills / 3)) 1.0

# Two shards that hold every trial: only tables are left to write.
for shard in 1/2 2/2; do "$program" grid "$experiment" --out "$work/whole" --shard $shard > /dev/null 2>&1; done
hit=0
for _ in $(seq "$kills"); do
    rm -rf "$work/tables"; mkdir -p "$work/tables"; cp -r "$work/whole/journal" "$work/tables/"
    "$program" merge "$work/tables" > "$work/log" 2>&1 &
    child=$!
    pause 0.005 0.12
    kill -KILL "$child" 2> /dev/null || true
    wait "$child" 2> /dev/null || hit=$((hit + 1))
    for table in "$work"/reference/*.csv "$work"/reference/manifest.toml; do
        written=$work/tables/$(basename "$table")
        [ ! -e "$written" ] || cmp "$table" "$written" || fail "a table was not whole"
    done
    [ ! -e "$work/tables/journal" ] || "$program" merge "$work/tables" > "$work/log" 2>&1 || fail "$(cat "$work/log")"
    same "$work/tables"
done
echo "tables: killed $hit of $kills times while they were written; never a part of one, then all equal"
