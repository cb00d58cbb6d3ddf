#!/usr/bin/env bash
# The Python package from nothing: the wheel built by maturin; a fresh virtual environment, the wheel installed, and its tests, which run the
# notebook, the tutorial and the READMEs too; then how long a user waits for the first table.
#
#     tests/scripts/python.sh               the wheel as it is released; every test
#     tests/scripts/python.sh --fast        the wheel of a debug build, as `.ci/run` asks for it; without what takes long there: notebook,
#                                           tutorial, type checkers, committed tables, Ctrl-C in a long grid, the user's first table
#
# Needs Python from 3.10 with venv, and PyPI. PYTHON names the interpreter (default: python3); ALSO names more, separated by spaces, for which
# the same wheel must serve.
set -euo pipefail
cd "$(dirname "$0")/../../python"
profile=(--release)
extras=(numpy pytest pandas polars nbclient nbformat ipykernel mypy)
select=()
if [ "${1:-}" = --fast ]; then
    profile=(--profile dev)
    extras=(numpy pytest pandas polars)
    select=(-k "not the_notebook and not stubs and not the_tutorial and not the_committed_tables and not keeps_what_is_done")
fi
read -ra pythons <<< "${PYTHON:-python3} ${ALSO:-}"
sources=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
started=$SECONDS
step() { echo "== $((SECONDS - started)) s: $*"; }
# A virtual environment: fresh PYTHON DIRECTORY PACKAGE...
fresh() {
    "$1" -m venv "$2"
    "$2/bin/python" -m pip install --quiet --disable-pip-version-check "${@:3}"
}

step "maturin"
if ! fresh "${pythons[0]}" "$work/build" "maturin>=1.9,<2"; then
    if [ "${1:-}" = --fast ]; then
        echo "skipped: tests of the Python package, which need Python with venv, and PyPI"
        exit
    fi
    exit 1
fi
step "wheel"
"$work/build/bin/maturin" build "${profile[@]}" --locked --interpreter "$work/build/bin/python" --out "$work/wheels"
wheel=("$work"/wheels/goodinit-*.whl)
case ${wheel[0]} in *-abi3-*) ;; *) echo "${wheel[0]} is not for the stable ABI" >&2; exit 1 ;; esac
echo "${wheel[0]##*/}: $(du -k "${wheel[0]}" | cut -f1) KB"

# Away from the sources, so that what is tested is the wheel.
cd "$work"
for python in "${pythons[@]}"; do
    step "$("$python" --version): virtual environment, wheel"
    fresh "$python" env "${extras[@]}"
    env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "${wheel[0]}"
    step "tests"
    env/bin/python -m pytest -q --rootdir "$sources" -c "$sources/pyproject.toml" -p no:cacheprovider "${select[@]}" "$sources/tests"
    rm -r env
done

if [ "${1:-}" = --fast ]; then
    step "done"
    exit
fi
step "for a user: virtual environment, wheel and pandas, the first summary"
cat > first.py << 'EOF'
import goodinit as gi

@gi.scheme("mine")
def mine(layer, rng):
    return rng.normal(layer.shape, std=(2 / layer.fan_in) ** 0.5)

text = """
name = "first"
train = { epochs = 5 }
grid = { scheme = ["mine", "zeros"], architecture = [[32]], learning_rate = 0.1 }
"""
print(gi.grid(text, schemes=[mine], progress=False).summary[["scheme", "test_accuracy_median"]])
EOF
fresh "${pythons[0]}" user "${wheel[0]}[pandas]"
user/bin/python first.py
step "done"
