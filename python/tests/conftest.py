"""What the tests share. They run against the installed wheel: tests/scripts/python.sh."""

from __future__ import annotations

import os
import importlib.util
import sys
from pathlib import Path

import pytest

import goodinit as gi

#: The repository.
ROOT = Path(__file__).resolve().parents[2]

EXPERIMENT = """\
name = "small"
seed = 7
replicates = 2
train = {{ epochs = 1, batch_size = 64 }}
record = {{ layers = [0] }}
[grid]
scheme = [{schemes}]
architecture = [[16], [16, 16]]
learning_rate = {rates}
"""


@gi.scheme("he_in_python", formula="N(0, 2 / fan_in)", citation="He et al. 2015, arXiv 1502.01852")
def he_in_python(layer, rng):
    """The built-in `he_normal`, written in Python."""
    return rng.normal(layer.shape, std=(2 / layer.fan_in) ** 0.5)


@gi.scheme("halved", formula="N(0, 1 / 4)")
def halved(layer, rng):
    return rng.normal(layer.shape) / 2


@pytest.fixture
def experiment(tmp_path):
    """Writes a small experiment with these schemes."""

    def write(*schemes: str, rates: str = "[0.1]", more: str = "") -> Path:
        path = tmp_path / "small.toml"
        quoted = ", ".join(s if s.startswith("{") else f'"{s}"' for s in schemes)
        path.write_text(EXPERIMENT.format(schemes=quoted, rates=rates) + more)
        return path

    return write


@pytest.fixture
def grid(experiment, tmp_path):
    """Runs a small experiment with these schemes, without progress."""

    def run(*schemes: str | gi.Scheme, out: str = "results", rates: str = "[0.1]", more: str = "", **options) -> gi.Run:
        names = [s.name if isinstance(s, gi.Scheme) else s for s in schemes]
        mine = [s for s in schemes if isinstance(s, gi.Scheme)]
        options = {"threads": 2, "progress": False, "schemes": mine, **options}
        return gi.grid(experiment(*names, rates=rates, more=more), out=tmp_path / out, **options)

    return run


@pytest.fixture
def load_scheme(tmp_path):
    """Defines schemes in a file, and imports it anew."""
    count = 0

    def load(source: str, name: str = "mine") -> gi.Scheme:
        nonlocal count
        count += 1
        path = tmp_path / f"schemes_{count}.py"
        path.write_text("import goodinit as gi\nimport numpy as np\n\n" + source)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, name)

    return load


def command(*arguments: str | os.PathLike[str]) -> list[str]:
    """The command `goodinit` of this environment."""
    return [os.fspath(Path(sys.executable).parent / "goodinit"), *map(os.fspath, arguments)]
