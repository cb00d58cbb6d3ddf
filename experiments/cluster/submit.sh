#!/usr/bin/env bash
# usage: submit.sh EXPERIMENT.toml SHARDS [sbatch options for the array ...]
# Submits the shards of an experiment as a Slurm array, and a merge for when all have ended. Where
# replicates go on until a decision, the merge submits the next round.
# OUT=DIR in the environment sets another results directory; GOODINIT another program.
set -euo pipefail
[ $# -ge 2 ] || { sed -n 2,5p "$0" >&2; exit 2; }
experiment=$1 shards=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-results/$(basename "$experiment" .toml)}
export GOODINIT=${GOODINIT:-goodinit}
mkdir -p "$out"

array=$(sbatch --parsable --array="1-$shards" --output="$out/slurm-%A_%a.log" "$@" \
    "$here/shard.sbatch" "$experiment" "$shards" "$out")
# afterany, not afterok: if a shard was cancelled, the merge says which and how to go on.
merge=$(sbatch --parsable --dependency="afterany:$array" --output="$out/slurm-%j.log" \
    "$here/merge.sbatch" "$out" "$here/submit.sh" "$experiment" "$shards" "$@")
echo "shards: job $array, tasks 1 to $shards; merge: job $merge; logs in $out"
echo "to submit one task again: sbatch --array=TASK $* $here/shard.sbatch $experiment $shards $out"
