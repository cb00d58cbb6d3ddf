"""The package: types, docstrings; the notebook, the tutorial and the READMEs run as they stand."""

from __future__ import annotations

import ast
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
    for name in gi.__all__:
        item = getattr(gi, name)
        members = vars(item) if inspect.isclass(item) or inspect.ismodule(item) else {}
        for path, member in [(name, item), *((f"{name}.{m}", getattr(item, m)) for m in members if not m.startswith("_"))]:
            assert inspect.getdoc(member), path


def test_help_says_what_editors_say():
    """The docstrings of the native half are those of its stubs."""
    found = 0

    def compare(nodes, owner):
        nonlocal found
        for node in nodes:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)):
                assert inspect.getdoc(getattr(owner, node.name)) == text, node.name
                found += 1
            if isinstance(node, ast.ClassDef):
                compare(node.body, getattr(owner, node.name))

    compare(ast.parse((PACKAGE / "_native.pyi").read_text(encoding="utf-8")).body, gi._native)
    assert found > 25


def blocks(document, language):
    """The blocks of code in `language` of a document of the repository."""
    rest = (ROOT / document).read_text(encoding="utf-8").split(f"```{language}\n")[1:]
    return [text[: text.index("```")] for text in rest]


def test_the_tutorial_runs_and_makes_the_networks_of_its_formula(tmp_path):
    experiment = blocks("docs/tutorial.md", "toml")[0]
    formula = gi.grid(experiment, out=tmp_path / "formula", progress=False)
    mine = experiment.replace('{ kind = "formula", std = "sqrt(2 / fan_in)" }', '"mine"')
    (tmp_path / "mine.toml").write_text(mine)
    (tmp_path / "mine.py").write_text(blocks("docs/tutorial.md", "python")[0])
    ran = subprocess.run([sys.executable, "mine.py"], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0 and "2 pass" in ran.stdout, ran
    assert (tmp_path / "results/mine/report.html").exists()
    columns = ["initial_hash", "final_hash", "test_loss"]
    runs = formula, gi.load(tmp_path / "results/mine")
    first, second = (sorted(run.trials[columns].itertuples(index=False, name=None)) for run in runs)
    assert first == second and len(first) == 16


@pytest.mark.parametrize("document", ["python/README.md", "docs/python.md"])
def test_the_first_lines_of_a_document_run(document, tmp_path, experiment):
    experiment("mine", "he_normal").rename(tmp_path / "experiment.toml")
    (tmp_path / "first.py").write_text(blocks(document, "python")[0] + "\nprint(run)\n")
    ran = subprocess.run([sys.executable, "first.py"], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0 and "* mine " in ran.stdout and "Warning" not in ran.stderr, ran


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
