"""The package: types, docstrings, the notebook."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import goodinit as gi

PACKAGE = Path(gi.__file__).parent


def test_stubs_and_sources_are_consistent(tmp_path):
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", "/dev/null", "-p", "goodinit"]
    checked = subprocess.run(mypy, capture_output=True, text=True, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout


def test_stubs_are_of_what_there_is(tmp_path):
    stub = [sys.executable, "-m", "mypy.stubtest", "goodinit._native", "--ignore-disjoint-bases", "--allowlist"]
    allowed = tmp_path / "allowed.txt"
    # What PyO3 adds, and a type that only the stubs need.
    allowed.write_text("goodinit._native.__all__\ngoodinit._native.Shape\n")
    checked = subprocess.run([*stub, allowed], capture_output=True, text=True, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout


def test_marked_as_typed():
    assert (PACKAGE / "py.typed").exists() and (PACKAGE / "_native.pyi").exists()


def test_everything_public_has_a_docstring():
    stub = (PACKAGE / "_native.pyi").read_text()
    for name in gi.__all__:
        item = getattr(gi, name)
        assert inspect.getdoc(item) or f"class {name}" in stub, name


def test_the_notebook_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(ROOT / "python/examples/scheme.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    shown = [o.data.get("text/html", "") for o in outputs if o.output_type in ("execute_result", "display_data")]
    assert any("not distinguished from the best" in html for html in shown)
    assert any("<iframe" in html for html in shown)
    assert not [o for o in outputs if o.output_type == "error"]
