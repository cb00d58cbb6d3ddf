"""Grids: the same bytes as the command, interruption, the interpreter's lock, errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from conftest import ROOT, command, he_in_python

import goodinit as gi

TABLES = ("trials.csv", "summary.csv", "layers.csv", "epochs.csv")


def test_the_same_bytes_as_the_command(grid, experiment, tmp_path):
    run = grid("he_normal", "zeros")
    out = tmp_path / "command"
    done = subprocess.run(command("grid", experiment("he_normal", "zeros"), "--out", out), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for table in TABLES:
        assert (run.directory / table).read_bytes() == (out / table).read_bytes()


def test_the_committed_tables(tmp_path):
    run = gi.grid(ROOT / "experiments/quick.toml", out=tmp_path / "quick", progress=False)
    # Summaries move with the version of the statistics; what was trained does not.
    for table in ("trials.csv", "layers.csv", "epochs.csv"):
        assert (run.directory / table).read_bytes() == (ROOT / "results/quick" / table).read_bytes()


def test_an_experiment_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = 'name = "inline"\ntrain = { epochs = 1 }\ngrid = { scheme = ["he_normal"], architecture = [[8]], learning_rate = 0.1 }\n'
    run = gi.grid(text, progress=False)
    assert run.directory == gi.grid(text, progress=False).directory and (tmp_path / "results/inline/trials.csv").exists()
    with pytest.raises(gi.Error, match="experiment.toml:3"):
        gi.grid(text.replace("he_normal", "he_norml"), progress=False)


def test_errors_are_those_of_the_command(tmp_path, experiment):
    with pytest.raises(gi.Error, match="did you mean `he_normal`"):
        gi.grid(experiment("he_norml"), out=tmp_path / "r", progress=False)
    with pytest.raises(gi.Error, match=r"unknown scheme `he_in_python`[\s\S]*hand a scheme of your own to the grid: schemes="):
        gi.grid(experiment("he_in_python"), out=tmp_path / "r", progress=False)
    with pytest.raises(gi.Error, match="missing.toml"):
        gi.grid(tmp_path / "missing.toml")
    with pytest.raises(gi.Error, match="grid.schem"):
        gi.grid(experiment("he_normal"), set=["grid.schem=1"], out=tmp_path / "r")
    with pytest.raises(gi.Error, match="holds no trials.csv"):
        gi.load(tmp_path)


def test_one_stands_for_a_list_of_one(grid, tmp_path):
    first = grid("he_normal", out="first", schemes=he_in_python, set="replicates=1")
    assert len(first.trials) == 2
    again = grid("he_normal", out="again", reuse=first, set=["replicates=1"])
    assert again._outcome["trials_run"] == 0
    assert gi.diff(again, first, ignore="trial_id", tolerance="test_loss=1ulp").same


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_are_counted_from_one(grid, threads):
    with pytest.raises(ValueError, match=f"`threads` is a whole number from 1, not {threads}"):
        grid("he_normal", threads=threads)


def test_overrides_and_reuse(grid, tmp_path):
    first = grid("he_normal", out="first")
    more = grid("he_normal", "zeros", out="more", reuse=[first.directory], set=["replicates=3"])
    assert len(more.trials) == 12
    # 4 of 12 are there already.
    assert more._outcome["trials_run"] == 8


def test_failing_fast(grid, load_scheme):
    mine = load_scheme('@gi.scheme("mine")\ndef mine(layer, rng):\n    raise RuntimeError("stop")\n')
    with pytest.raises(gi.Error, match="RuntimeError: stop"):
        grid(mine, fail_fast=True)


def test_python_runs_beside_a_grid(grid):
    """The interpreter's lock is free while networks are trained."""
    ticks = 0
    done = threading.Event()

    def tick():
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.perf_counter()
    try:
        grid(he_in_python, set=["train.epochs=400"], threads=1)
    finally:
        done.set()
        thread.join()
    seconds = time.perf_counter() - begin
    assert seconds > 0.2
    # Sleeping 5 ms, a free thread would tick up to 200 times per second; on a busy machine far less often.
    assert ticks > 20 * seconds, (ticks, seconds)


SLOW = """
import sys, time
import goodinit as gi

@gi.scheme("slow")
def slow(layer, rng):
    return rng.normal(layer.shape) / 4

TEXT = '''
name = "slow"
replicates = 40
train = { epochs = 60 }
[grid]
scheme = ["slow"]
architecture = [[64, 64]]
learning_rate = 0.05
'''

try:
    run = gi.grid(TEXT, schemes=[slow], out=sys.argv[1], threads=2, set=sys.argv[2:])
except KeyboardInterrupt as error:
    print("interrupted:", error, flush=True)
    sys.exit(130)
print("trained", run._outcome["trials_run"], flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_control_c_keeps_what_is_done(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(textwrap.dedent(SLOW))
    out = tmp_path / "out"
    start = [sys.executable, os.fspath(script), os.fspath(out)]
    process = subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = out / "journal"
    deadline = time.monotonic() + 120
    while not journal.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # Some trials long: what runs at the signal has 5 seconds to end.
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, (output, errors)
    assert "interrupted: interrupted after" in output and "of 40 trials are kept" in output
    assert "go on with: the same call" in output
    assert journal.exists() and not (out / "trials.csv").exists()
    kept = int(output.split(" of 40 trials")[0].split()[-1])
    assert 0 < kept < 40

    again = subprocess.run(start, capture_output=True, text=True, timeout=300)
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"trained {40 - kept}\n"
    whole = subprocess.run([*start[:2], os.fspath(tmp_path / "whole")], capture_output=True, text=True, timeout=300)
    assert whole.stdout == "trained 40\n"
    assert (out / "trials.csv").read_bytes() == (tmp_path / "whole/trials.csv").read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_second_control_c_does_not_wait(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(textwrap.dedent(SLOW))
    # Trials of many seconds each.
    start = [sys.executable, os.fspath(script), os.fspath(tmp_path / "out"), "train.epochs=20000", "replicates=2"]
    process = subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "out/journal").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(1)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        assert "interrupted" in output, (output, errors)
        assert time.monotonic() - begin < 4.5
    finally:
        process.kill()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_the_command_ends_in_order_on_control_c(tmp_path):
    experiment = tmp_path / "e.toml"
    experiment.write_text(SLOW.split("'''")[1].replace('"slow"]', '"he_normal"]'))
    process = subprocess.Popen(
        command("grid", experiment, "--out", tmp_path / "out"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "out/journal").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 75, errors
    assert "Traceback" not in errors and "go on with: goodinit grid" in errors


def test_the_command():
    def run(*arguments):
        return subprocess.run(command(*arguments), capture_output=True, text=True)

    version = run("--version")
    assert version.returncode == 0 and version.stdout.startswith("goodinit ")
    assert run().returncode == 2
    wrong = run("grid", "missing.toml")
    assert wrong.returncode == 2 and wrong.stderr.startswith("error: ")
    assert "he_normal" in run("list", "schemes").stdout
    module = subprocess.run([sys.executable, "-m", "goodinit", "--version"], capture_output=True, text=True)
    assert module.stdout == version.stdout
