#!/bin/sh
# Counts the tails of 2^30 normal draws and compares them with the law; about half a minute.
#     tests/scripts/tails.sh
set -eu
cd "$(dirname "$0")/../.."
exec cargo test --release --lib -- --ignored --nocapture random::tests::tails
