#!/usr/bin/env bash
# Runs every paper and every slide of the deck from nothing and says which claims hold.
#
#   tests/scripts/papers.sh [DIRECTORY]     default: results
#
# Tables go to DIRECTORY/papers/<file> and DIRECTORY/deck/<file>; what is there already and complete
# is left alone, so an interrupted run goes on where it was. Into the committed `results`, a rerun must
# leave `git status results` clean. The time it took is printed at the end: five minutes on two cores
# that others used too (the costs in the files' heads were taken on a busier machine). Like `check`, it exits 1 while a claim is not decided (one of T6 is not).
# GOODINIT names the program [default: the release build of this tree]; PAPERS limits the run to
# files whose name contains it (PAPERS=e01).
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-results}
goodinit=${GOODINIT:-target/release/goodinit}
[ -x "$goodinit" ] || cargo build --release
started=$SECONDS
for file in experiments/papers/*.toml experiments/deck/*.toml; do
    [ -e "$file" ] || continue
    case $file in *"${PAPERS:-}"*) ;; *) continue ;; esac
    data=$(sed -n 's/^path = "\(.*\)"$/\1/p' "$file")
    [ -z "$data" ] || [ -e "$data" ] || { echo "$(basename "$file" .toml): skipped, there is no $data: the file's head says how to get it"; continue; }
    directory=$out/$(basename "$(dirname "$file")")/$(basename "$file" .toml)
    begun=$SECONDS
    # A file whose cost says that nothing is trained is a probe of theory.
    if grep -q '^# No training' "$file"; then
        "$goodinit" probe "$file" --out "$directory" >/dev/null
    else
        "$goodinit" grid "$file" --out "$directory" >/dev/null
    fi
    echo "$(basename "$file" .toml): $((SECONDS - begun)) s"
done
failed=0
# The source of transfer is committed, so that its users do not depend on this order.
source=experiments/papers/e17-source.safetensors
trained=$out/papers/e17-source/weights/0dc59b5a38940bc4-final.safetensors
if [ -e "$trained" ] && ! cmp "$trained" $source; then
    echo "papers: $source is not what e17-source trains now" >&2
    failed=1
fi
done=()
for group in papers deck; do
    [ -d "$out/$group" ] && done+=("$out/$group")
done
"$goodinit" check "${done[@]}" || failed=$?
echo "all of it took $((SECONDS - started)) s"
exit $failed
