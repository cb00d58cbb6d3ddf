#!/bin/sh
# Simulates experiments with replicates = { from = 5, to = 40, until = ... } by the program's own functions:
# how often something is decided wrongly, how often rightly, against 40 replicates at once, and how many
# trials are saved: the tables in docs/statistics.md. Minutes. looks_study.py beside this simulates the same rule
# apart from the program.
#     tests/scripts/looks.sh
#     EXPERIMENTS=500 tests/scripts/looks.sh        at most so many in each row
set -eu
cd "$(dirname "$0")/../.."
exec cargo test --release --lib analysis::looks_study -- --ignored --nocapture
