#!/usr/bin/env bash
# Many tiny trials: memory and planning time stay flat, what the journal costs, and what finished rows cost.
#
#   tests/scripts/many.sh [TRIALS=100000] [ROUNDS=3]     GOODINIT names a program already built
#
# Fails above 500 MB of memory, 2 s of planning, or 2 s where all trials are finished. Prints the processor time of runs with a journal
# over that of runs without, in alternating rounds, and likewise for experiments/quick.toml.
set -euo pipefail
cd "$(dirname "$0")/../.."
trials=${1:-100000} rounds=${2:-3}
if [ -z "${GOODINIT:-}" ]; then
    cargo build --release --quiet
    GOODINIT=$PWD/target/release/goodinit
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/many.toml" <<TOML
name = "many"
seed = 3
replicates = $((trials / 20))
[data]
kind = "gaussian-mixture"
rows = 40
features = 4
split = { train = 20, validation = 10, test = 10 }
[train]
epochs = 1
batch_size = 10
[record]
epochs = false
[grid]
scheme = ["he_normal", "xavier_uniform", "lecun_normal", "zeros", { kind = "normal", std = 0.01 }]
architecture = [[3]]
activation = ["relu", "tanh"]
learning_rate = [0.01, 0.1]
TOML
TIMEFORMAT='%U %S'
# cpu COMMAND...: user and system seconds
cpu() { { time "$@" > "$work/log" 2>&1; } 2>&1 | awk '{ print $1 + $2 }'; }
planning=$({ TIMEFORMAT=%R; time "$GOODINIT" grid "$work/many.toml" --dry-run > "$work/log"; } 2>&1)
echo "planning $trials trials: $planning s"
awk -v s="$planning" 'BEGIN { exit !(s < 2) }' || { echo "FAILED: more than 2 s"; exit 1; }
compare() { # NAME EXPERIMENT
    local with=0 without=0 a b
    for _ in $(seq "$rounds"); do
        rm -rf "$work/a" "$work/b"
        a=$(cpu "$GOODINIT" grid "$2" --out "$work/a")
        b=$(cpu "$GOODINIT" grid "$2" --out "$work/b" --no-journal)
        cmp "$work/a/trials.csv" "$work/b/trials.csv"
        with=$(awk -v x="$with" -v y="$a" 'BEGIN { print x + y }')
        without=$(awk -v x="$without" -v y="$b" 'BEGIN { print x + y }')
    done
    awk -v n="$1" -v r="$rounds" -v x="$with" -v y="$without" \
        'BEGIN { printf "%s: journal %.2f s, none %.2f s of processor time a run; ratio %.3f\n", n, x / r, y / r, x / y }'
}
[ ! -e experiments/quick.toml ] || compare quick experiments/quick.toml
compare "$trials tiny trials" "$work/many.toml"
rm -rf "$work/a"
"$GOODINIT" grid "$work/many.toml" --out "$work/a" > "$work/log" 2>&1 &
child=$! peak=0
while kill -0 "$child" 2> /dev/null; do
    now=$(awk '/VmHWM/ { print $2 }' "/proc/$child/status" 2> /dev/null || true)
    [ -z "$now" ] || peak=$now
    sleep 0.05
done
wait "$child"
echo "peak memory of $trials tiny trials: $((peak / 1024)) MB"
[ "$((peak / 1024))" -lt 500 ] || { echo "FAILED: more than 500 MB"; exit 1; }
finished=$({ TIMEFORMAT=%R; time "$GOODINIT" grid "$work/many.toml" --out "$work/a" > "$work/log" 2>&1; } 2>&1)
echo "nothing to train of $trials trials: $finished s"
awk -v s="$finished" 'BEGIN { exit !(s < 2) }' || { echo "FAILED: more than 2 s"; exit 1; }
