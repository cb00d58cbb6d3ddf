"""Tables as frames, verdicts, comparisons, reports, scores."""

from __future__ import annotations

import subprocess

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import ROOT, command, halved, he_in_python

import goodinit as gi

CLAIM = """
[[claim]]
name = "mine-learns"
source = "this test"
sentence = "Mine is better than zeros."
metric = "test_accuracy"
left = { scheme = "he_in_python" }
right = { scheme = "zeros" }
for_each = ["architecture"]
relation = "left - right >= 0.05"
"""


@pytest.fixture(scope="module")
def quick():
    return gi.load(ROOT / "results/quick")


def test_frames_are_typed(quick):
    trials = quick.trials
    assert len(trials) == 80
    assert trials["test_accuracy"].dtype == "float64" and trials["steps"].dtype == "Int64"
    assert trials["status"].dtype == "category" and trials["learning_rate"].dtype == "float64"
    assert pd.api.types.is_string_dtype(trials["scheme"]) and pd.api.types.is_string_dtype(trials["trial_id"])
    assert trials["stopped_epoch"].isna().all()
    assert len(quick.summary) == 16
    assert set(quick.layers["epoch"]) == {0, 12} and quick.layers["layer"].min() == 1
    assert quick.epochs.groupby("trial_id").size().eq(13).all()


def test_numbers_are_those_of_the_files(quick):
    lines = (quick.directory / "trials.csv").read_text().splitlines()
    heading = lines[0].split(",")
    for column in ("test_loss", "initial_loss"):
        texts = [line.split(",")[heading.index(column)] for line in lines[1:]]
        assert [float(t) for t in texts] == list(quick.trials[column])


@pytest.mark.parametrize("name", ["trials", "summary", "layers", "epochs"])
def test_polars_has_the_same_tables(quick, name):
    pandas, polars = quick.table(name, "pandas"), quick.table(name, "polars")
    assert isinstance(polars, pl.DataFrame) and polars.columns == list(pandas.columns) and len(polars) == len(pandas)
    for column in polars.columns:
        a, b = pandas[column], polars[column]
        assert list(a.isna()) == list(b.is_null()), column
        assert list(a.dropna()) == list(b.drop_nulls()), column
    if name == "trials":
        assert polars["steps"].dtype == pl.Int64 and polars["test_loss"].dtype == pl.Float64


def test_a_table_or_library_that_is_none_is_refused(quick):
    with pytest.raises(ValueError, match="'trial' is none of trials, summary, layers, epochs"):
        quick.table("trial")
    with pytest.raises(ValueError, match="'arrow' is none of pandas, polars"):
        quick.table("trials", "arrow")


def test_every_column_is_known(quick):
    for name in ("trials", "summary", "layers", "epochs"):
        assert set(quick.table(name).columns) <= dict(gi._native.columns(name)).keys()


def test_what_was_not_recorded_is_said(tmp_path):
    full = gi.load(ROOT / "results/full")
    with pytest.raises(gi.Error, match=r"holds no layers.csv: they are recorded where the experiment has `\[record\] layers"):
        full.layers


def test_check_with_a_scheme_in_python(grid):
    run = grid(he_in_python, "zeros", more=CLAIM, set=["train.epochs=3"])
    verdicts = run.check()
    assert len(verdicts) == 1 and verdicts.claims[0]["name"] == "mine-learns"
    assert verdicts.hold, verdicts
    assert "mine-learns" in str(verdicts) and "<table>" in verdicts._repr_html_()
    # The command has no such scheme, and reads its tables.
    checked = subprocess.run(command("check", run.directory), capture_output=True, text=True)
    assert checked.returncode == 0 and "mine-learns" in checked.stdout, checked
    assert gi.load(run.directory).check().hold
    verified = subprocess.run(command("verify", run.directory, "--sample", "1"), capture_output=True, text=True)
    assert verified.returncode == 2 and "unknown scheme `he_in_python`" in verified.stderr


def test_check_agrees_with_the_command(quick):
    verdicts = quick.check()
    checked = subprocess.run(command("check", quick.directory), capture_output=True, text=True)
    assert verdicts.hold == (checked.returncode == 0)
    assert all(claim["name"] in checked.stdout for claim in verdicts)


def test_report(grid, tmp_path):
    run = grid(he_in_python, halved, "zeros", more=CLAIM)
    report = run.report()
    assert report.path == run.directory / "report.html"
    page = report.path.read_text(encoding="utf-8")
    assert "he_in_python" in page and "mine-learns" in page and "cannot be judged" not in page
    assert report._repr_html_().startswith("<iframe srcdoc=")
    run.report()
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(gi.Error, match="goodinit did not write it"):
        run.report(tmp_path / "mine.html")


def test_diff(grid, load_scheme, tmp_path):
    source = '@gi.scheme("mine")\ndef mine(layer, rng):\n    return rng.normal(layer.shape) / {n}\n'
    old = grid(load_scheme(source.replace("{n}", "4")), "he_normal", out="old", more=CLAIM.replace("he_in_python", "mine").replace("zeros", "he_normal"))
    new = grid(load_scheme(source.replace("{n}", "5")), "he_normal", out="new", more=CLAIM.replace("he_in_python", "mine").replace("zeros", "he_normal"))
    same = gi.diff(old, old.directory)
    assert same.same and "no difference" in str(same).lower() or same.same
    changed = gi.diff(new, old)
    assert not changed.same and changed.report["old"].endswith("old")
    assert "initial_hash" in changed.markdown and "were not judged" not in changed.markdown
    assert changed._repr_markdown_() == str(changed)
    printed = subprocess.run(command("diff", old, new, "--format", "markdown"), capture_output=True, text=True)
    assert printed.returncode == 1 and printed.stdout == changed.markdown


def test_diff_against_a_commit(quick, monkeypatch):
    monkeypatch.chdir(ROOT)
    if subprocess.run(["git", "cat-file", "-e", "HEAD:results/quick"], capture_output=True).returncode:
        pytest.skip("no git repository with results/quick")
    assert isinstance(gi.diff(quick, "HEAD:results/quick").same, bool)
    with pytest.raises(gi.Error):
        gi.diff(quick, "HEAD:results/none")


def test_ranking_and_what_a_notebook_shows(quick, grid):
    ranking = quick.ranking
    assert ranking[0]["leads"] and ranking[0]["score"] == max(p["score"] for p in ranking)
    assert {p["scheme"] for p in ranking} == {"zeros", "normal", "xavier_uniform", "he_normal"}
    shown = str(quick).splitlines()
    assert shown[0] == f"quick: 80 ok; tables in {quick.directory}"
    assert [line.split()[:2] for line in shown[1:4]] == [["scheme", "score"], ["*", "he_normal"], ["xavier_uniform", "0.831"]]
    assert len({len(line) for line in shown[1:6]}) == 1
    html = quick._repr_html_()
    assert "80 ok" in html and html.count("<tr>") == 5
    hostile = grid(he_in_python, '{ kind = "normal", std = 0.01 }')
    assert "<script" not in hostile._repr_html_()


def test_scores_are_runs_by_tasks(quick):
    scores = quick.scores()
    assert set(scores) == {"zeros", "normal", "xavier_uniform", "he_normal"}
    assert scores.tasks == ["12x32 relu", "12x32 tanh", "64-32 relu", "64-32 tanh"]
    assert [run[0] for run in scores.runs] == [0, 1, 2, 3, 4]
    trials = quick.trials
    for scheme, array in scores.items():
        assert array.shape == (5, 4) and array.dtype == np.float64
        for column, task in enumerate(scores.tasks):
            architecture, activation = task.split()
            rows = trials[
                (trials["scheme"] == scheme) & (trials["architecture"] == architecture) & (trials["activation"] == activation)
            ]
            assert list(array[:, column]) == list(rows.sort_values("replicate")["test_accuracy"])
    losses = quick.scores("test_loss")
    assert (losses["he_normal"] != scores["he_normal"]).all()
    with pytest.raises(gi.Error, match="`accuracy` is no figure"):
        quick.scores("accuracy")
    with pytest.raises(gi.Error, match="no trials at this learning rate"):
        quick.scores(rate=7.0)


def test_scores_are_at_the_tuned_rate(grid):
    run = grid(he_in_python, "zeros", rates="[0.001, 0.1]", set=["train.epochs=3", "replicates=3"])
    tuned, low, high = run.scores(), run.scores(rate=0.001), run.scores(rate=0.1)
    for scheme in tuned:
        assert ((tuned[scheme] == low[scheme]) | (tuned[scheme] == high[scheme])).all()
    assert (tuned["he_in_python"] == high["he_in_python"]).all() and (high["he_in_python"] > low["he_in_python"]).all()


def test_math_is_that_of_the_pinned_library():
    import math

    for x in (0.1, 0.45, 1.0, 2.5):
        for name in ("exp", "log", "sin", "cos", "tanh"):
            assert math.isclose(getattr(gi.math, name)(x), getattr(math, name)(x), rel_tol=1e-15)
        assert math.isclose(gi.math.pow(64, x), 64**x, rel_tol=1e-15)
    # To the last bit. The first three are correctly rounded (Python's `decimal` with 80 digits); tanh is by the
    # formula of fdlibm, t / (t + 2) with t = expm1(2 x), one unit in the last place below.
    bits = [gi.math.exp(0.1), gi.math.log(0.1), gi.math.pow(64.0, 0.45), gi.math.tanh(0.3)]
    assert [x.hex() for x in bits] == BITS


BITS = ["0x1.1aec7b35a00d4p+0", "-0x1.26bb1bbb55515p+1", "0x1.9fdf8bcce533ep+2", "0x1.2a4dda7d914f9p-2"]
