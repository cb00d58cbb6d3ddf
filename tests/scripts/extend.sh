#!/usr/bin/env bash
# Growing a finished experiment costs the trials that are new, and gives the tables of a fresh run.
#
#   tests/scripts/extend.sh     GOODINIT names a program already built
#
# Of experiments/full.toml and results/full (or EXPERIMENT and RESULTS). Adds one scheme, one learning rate and two replicates, each
# to a copy of RESULTS; prints trials trained, seconds, the time of a fresh run, and compares every table with it.
# Then changes one row by hand, with and without a matching digest in the manifest, and prints what `grid` says.
# Fails where a table differs, or where a changed row is taken. `many.sh` times finished rows.
set -euo pipefail
cd "$(dirname "$0")/../.."
experiment=${EXPERIMENT:-experiments/full.toml} results=${RESULTS:-results/full}
if [ -z "${GOODINIT:-}" ]; then
    cargo build --release --quiet
    GOODINIT=$PWD/target/release/goodinit
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
now() { date +%s.%N; }
since() { echo "$1 $(now)" | awk '{ printf "%.1f", $2 - $1 }'; }
name=$(basename "$results")

# A table equals that of a fresh run of the edited file; FRESH=0 leaves the fresh runs out, which train all.
variant() { # NAME SED-EXPRESSION
    sed -E "$2" "$experiment" > "$work/$1.toml"
    cmp -s "$work/$1.toml" "$experiment" && { echo "the edit $1 changes nothing" >&2; exit 1; }
    mkdir -p "$work/$1" && cp -r "$results" "$work/$1/$name"
    local start; start=$(now)
    "$GOODINIT" grid "$work/$1.toml" --out "$work/$1/$name" 2> "$work/$1.said" > /dev/null
    echo "$1: $(since "$start") s; $(grep -hE 'trials are in|to train' "$work/$1.said" | head -1)"
    [ "${FRESH:-1}" = 1 ] || return 0
    start=$(now)
    "$GOODINIT" grid "$work/$1.toml" --out "$work/$1/fresh" > /dev/null 2>&1
    echo "    a fresh run: $(since "$start") s"
    for table in "$work/$1/fresh"/*.csv; do
        cmp "$table" "$work/$1/$name/$(basename "$table")"
    done
    echo "    every table equals that of the fresh run"
}

variant scheme 's/^    "zeros",/    "zeros", "small_init",/'
variant rate 's/^learning_rate = \[/learning_rate = [0.0004, /'
variant replicates 's/^replicates = 5/replicates = 7/'

# An accuracy of one row gets another last digit. Then the digest of the table in the manifest is made to fit.
mkdir "$work/changed"
cp -r results/quick "$work/changed/quick"
refused() { # WHAT ARGUMENTS...
    local what=$1 before; shift
    before=$(sha256sum "$work"/changed/quick/*.*)
    if "$GOODINIT" grid experiments/quick.toml --out "$work/changed/quick" "$@" > "$work/said" 2>&1; then
        cat "$work/said"; echo "FAILED: $what was taken"; exit 1
    fi
    [ "$before" = "$(sha256sum "$work"/changed/quick/*.*)" ] || { echo "FAILED: $what: tables were written"; exit 1; }
    echo "$what:"; sed 's/^/    /' "$work/said"
}
python3 - "$work/changed/quick" <<'PY'
import csv, sys
path = sys.argv[1] + "/trials.csv"
rows = list(csv.reader(open(path, newline="")))
column = rows[0].index("test_accuracy")
row = next(row for row in rows[1:] if row[column])
row[column] = row[column][:-1] + ("1" if row[column][-1] != "1" else "2")
csv.writer(open(path, "w", newline=""), lineterminator="\n").writerows(rows)
PY
refused "a row edited by hand"
new=$(sha256sum < "$work/changed/quick/trials.csv" | cut -d' ' -f1)
sed -i "s/^\"trials.csv\" = .*/\"trials.csv\" = \"$new\"/" "$work/changed/quick/manifest.toml"
refused "the same with a fitting digest" --recheck 100%
