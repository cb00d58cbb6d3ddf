#!/usr/bin/env bash
# A real Slurm on this machine: an array of four shards, one put back into the queue midway, one
# cancelled and submitted again, a merge that depends on them, and the bytes compared with a run
# that was never cut.
#
#   tests/scripts/slurm.sh     as root; needs apt-get install slurm-wlm munge; GOODINIT names a
#                              program already built
#
# Exit codes: 0 passed, 77 skipped (no Slurm, or not root), others failed.
#
# Everything lives in a temporary directory; the daemons are stopped by their process ids.
set -euo pipefail
cd "$(dirname "$0")/../.."
for program in slurmctld slurmd munged sbatch; do
    command -v $program > /dev/null || { echo "skipped: $program is not installed (apt-get install slurm-wlm munge)"; exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "skipped: slurmd needs root"; exit 77; }
if [ -z "${GOODINIT:-}" ]; then
    cargo build --release --quiet
    GOODINIT=$PWD/target/release/goodinit
fi
export GOODINIT
cluster=$PWD/experiments/cluster
work=$(mktemp -d)
export SLURM_CONF=$work/slurm.conf
mkdir -p "$work"/{state,spool,log}
host=$(hostname) cores=$(nproc)
cat > "$SLURM_CONF" <<CONF
ClusterName=t
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/ctld.pid
SlurmdPidFile=$work/d.pid
SlurmctldLogFile=$work/log/ctld
SlurmdLogFile=$work/log/d
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmctldPort=16817
SlurmdPort=16818
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
KillWait=10
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=2000 State=UNKNOWN
PartitionName=p Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
munge_pid=
if ! munge -n > /dev/null 2>&1; then
    mkdir -p /run/munge && chown munge /run/munge
    runuser -u munge -- munged
    munge_pid=$(cat /run/munge/munged.pid)
fi
stop() {
    scancel --quiet --user=root 2> /dev/null || true
    for file in "$work/d.pid" "$work/ctld.pid"; do
        [ -s "$file" ] && kill "$(cat "$file")" 2> /dev/null
    done
    [ -n "$munge_pid" ] && kill "$munge_pid" 2> /dev/null
    sleep 1
    rm -rf "$work"
}
trap stop EXIT
slurmctld -i
slurmd
for _ in $(seq 30); do sinfo -h -o %t | grep -q idle && break; sleep 1; done
sinfo

say() { echo "--- $*"; }
fail() { echo "FAILED: $*" >&2; squeue -o '%i %T %r' >&2; tail -n 20 "$work"/results/*.log >&2; exit 1; }
# until_true SECONDS COMMAND...
until_true() { local n=$(($1 * 5)); shift; until "$@"; do n=$((n - 1)); [ $n -gt 0 ] || return 1; sleep 0.2; done; }
gone() { [ -z "$(squeue -h -j "$1" 2> /dev/null)" ]; }
running() { [ "$(squeue -h -j "$1" -o %T 2> /dev/null)" = RUNNING ]; }
# A job that was put back waits two minutes by Slurm's own rule; not here.
hurry() { until_true 30 pending "$1" && scontrol update "jobid=$1" starttime=now; }
pending() { [ "$(squeue -h -j "$1" -o %T 2> /dev/null)" = PENDING ]; }
begun() { [ "$(cat "$work/results/journal/$1-of-4" 2> /dev/null | wc -c)" -gt 12000 ]; }

experiment=$work/cluster.toml
cat > "$experiment" <<'TOML'
name = "cluster"
seed = 11
replicates = 6
[data]
kind = "digits"
[train]
epochs = 20
[grid]
scheme = ["he_normal", "xavier_uniform", "lecun_normal"]
architecture = [[96, 64], { depth = 8, width = 32 }]
activation = ["relu", "tanh"]
optimizer = ["sgd"]
learning_rate = [0.01, 0.1]
TOML
say "unsharded"
time "$GOODINIT" grid "$experiment" --out "$work/whole" > /dev/null 2>&1

say "submit.sh: an array of 4 and a merge that depends on it"
OUT=$work/results "$cluster/submit.sh" "$experiment" 4 --cpus-per-task=1 | tee "$work/submitted"
array=$(sed -n 's/^shards: job \([0-9]*\),.*/\1/p' "$work/submitted")
merge=$(sed -n 's/.*merge: job \([0-9]*\);.*/\1/p' "$work/submitted")

until_true 60 begun 1 || fail "shard 1 did not begin"
say "task 1 is put back into the queue midway"
scontrol requeue "${array}_1"
hurry "${array}_1" || fail "task 1 was not put back"
until_true 120 begun 2 || fail "shard 2 did not begin"
running "${array}_2" || fail "task 2 ended before it could be cancelled"
say "task 2 is cancelled midway"
scancel "${array}_2"
squeue -o '%i %j %T %r'
until_true 300 gone "$array" || fail "the array did not end"
until_true 60 gone "$merge" || fail "the merge did not end"
say "the merge says what is missing"
cat "$work/results/slurm-$merge.log"
grep -q "shard 2/4" "$work/results/slurm-$merge.log" || fail "shard 2 is not named"
[ ! -e "$work/results/trials.csv" ] || fail "tables of unfinished shards"

say "task 2 is submitted again, alone, with the time limit's warning after a moment, and a merge after it"
again=$(sbatch --parsable --array=2 --cpus-per-task=1 --output="$work/results/slurm-%A_%a.log" \
    "$cluster/shard.sbatch" "$experiment" 4 "$work/results")
until_true 60 running "${again}_2" || fail "task 2 did not begin"
sleep 1
scancel --batch --signal=USR1 "${again}_2"
hurry "${again}_2" || fail "task 2 was not put back"
merge=$(sbatch --parsable --dependency="afterany:$again" --output="$work/results/slurm-%j.log" \
    "$cluster/merge.sbatch" "$work/results")
until_true 300 gone "$again" || fail "task 2 did not end"
until_true 60 gone "$merge" || fail "the merge did not end"
cat "$work"/results/slurm-*.log
grep -q "back into the queue" "$work/results/slurm-${again}_2.log" || fail "task 2 was not put back"

say "bytes"
for table in "$work"/whole/*.csv "$work"/whole/manifest.toml; do
    cmp "$table" "$work/results/$(basename "$table")" || fail "$table differs"
    sha256sum "$table" "$work/results/$(basename "$table")"
done
say "replicates until the claims are decided: each merge submits the next round"
sequential=$work/sequential.toml
sed -e 's/^name = .*/name = "sequential"/' -e 's/^epochs = .*/epochs = 2/' \
    -e 's/^replicates = .*/replicates = { from = 3, to = 12, until = "claims" }/' "$experiment" > "$sequential"
cat >> "$sequential" <<'TOML'
[[claim]]
sentence = "The schemes do not differ."
metric = "test_accuracy"
left = { scheme = "he_normal", architecture = "96-64", activation = "relu", learning_rate = 0.1 }
right = { scheme = "lecun_normal", architecture = "96-64", activation = "relu", learning_rate = 0.1 }
aggregate = "mean"
relation = "abs(left - right) <= 0.000001"
TOML
"$GOODINIT" grid "$sequential" --out "$work/sequential-whole" > /dev/null 2>&1
OUT=$work/sequential "$cluster/submit.sh" "$sequential" 3 --cpus-per-task=1
written() { [ -s "$work/sequential/run.json" ]; }
until_true 300 written || { cat "$work"/sequential/*.log; fail "the rounds did not end in tables"; }
for table in "$work"/sequential-whole/*.csv "$work"/sequential-whole/manifest.toml; do
    cmp "$table" "$work/sequential/$(basename "$table")" || fail "$table differs"
done
echo "passed: every table is that of the unsharded run"
