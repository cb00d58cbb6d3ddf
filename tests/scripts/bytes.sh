# shellcheck shell=bash
# The one list of experiments whose tables must be the same bytes wherever they are made; the other
# scripts source it.

# Runs them all: bytes_run OUT COMMAND...   or, where $experiment is set, that file alone.
bytes_run() {
    bytes_out=$1; shift
    for bytes_file in ${experiment:-tests/fixtures/bytes/*.toml}; do
        "$@" grid "$bytes_file" --out "$bytes_out/$(basename "$bytes_file" .toml)" --threads "${threads:-2}" || return 1
    done
    [ -n "${experiment:-}" ] && return 0
    for bytes_file in activations schemes tanh residual sparse files targets; do
        "$@" probe "tests/fixtures/bytes/$bytes_file.toml" --out "$bytes_out/probe-$bytes_file" --threads "${threads:-2}" || return 1
    done
}

# Compares what two runs have left: bytes_same ONE OTHER; all but run.json and lock must be there in both.
bytes_same() {
    diff -r --brief --exclude=run.json --exclude=lock "$1" "$2"
}
