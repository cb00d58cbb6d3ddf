#!/usr/bin/env bash
# The Python package from nothing: a fresh virtual environment, the wheel built by maturin, installed, and its tests, which run the
# notebook, the tutorial and the READMEs too; then how long a user waits for the first table.
#
#     tests/scripts/python.sh               the wheel as it is released; every test
#     tests/scripts/python.sh --fast        the wheel of a debug build; without the notebook and type checkers
#
# Needs Python from 3.10 with venv, and PyPI. PYTHON names the interpreter (default: python3).
set -euo pipefail
cd "$(dirname "$0")/../../python"
profile=(--release)
extras=(numpy pytest pandas polars nbclient nbformat ipykernel mypy)
select=()
if [ "${1:-}" = --fast ]; then
    profile=(--profile dev)
    extras=(numpy pytest pandas polars)
    select=(-k "not the_notebook and not stubs")
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
started=$SECONDS
step() { echo "== $((SECONDS - started)) s: $*"; }

step "virtual environment"
"${PYTHON:-python3}" -m venv "$work/env"
python=$work/env/bin/python
pip=("$python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" "maturin>=1.9,<2" "${extras[@]}"

step "wheel"
"$work/env/bin/maturin" build "${profile[@]}" --locked --interpreter "$python" --out "$work/wheels"
wheel=("$work"/wheels/goodinit-*.whl)
case ${wheel[0]} in *-abi3-*) ;; *) echo "${wheel[0]} is not for the stable ABI" >&2; exit 1 ;; esac

step "install ($(du -k "${wheel[0]}" | cut -f1) KB)"
"${pip[@]}" --no-deps "${wheel[0]}"

step "tests"
# Away from the sources, so that what is tested is the wheel.
cd "$work"
"$python" -m pytest -q --rootdir "$OLDPWD" -c "$OLDPWD/pyproject.toml" -p no:cacheprovider "${select[@]}" "$OLDPWD/tests"

step "for a user: virtual environment, wheel and pandas, the first summary"
cat > first.py << 'EOF'
import goodinit as gi

@gi.scheme("mine")
def mine(layer, rng):
    return rng.normal(layer.shape, std=(2 / layer.fan_in) ** 0.5)

text = """
name = "first"
grid = { scheme = ["mine", "zeros"], architecture = [[32]], learning_rate = 0.1 }
"""
print(gi.grid(text, schemes=[mine], progress=False).summary[["scheme", "test_accuracy_median"]])
EOF
"${PYTHON:-python3}" -m venv "$work/user"
"$work/user/bin/python" -m pip install --quiet --disable-pip-version-check "${wheel[0]}[pandas]"
"$work/user/bin/python" first.py
step "done"
