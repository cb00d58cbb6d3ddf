#!/bin/sh
# Checks exp, ln, tanh and erf at every f32 against f64; minutes per core.
#     tests/scripts/elementary.sh [STRIDE [FUNCTION]]     every STRIDE-th, that function only
set -eu
cd "$(dirname "$0")/../.."
GOODINIT_STRIDE="${1:-1}" GOODINIT_FUNCTION="${2:-}" exec cargo test --release --lib -- --ignored --nocapture every_argument
