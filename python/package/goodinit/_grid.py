"""Running a grid."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goodinit import _native
from goodinit._results import Run, several
from goodinit._scheme import Scheme, SchemeWarning, made

#: Seconds between two looks for Ctrl-C.
PAUSE = 0.1


def grid(
    experiment: str | os.PathLike[str],
    schemes: Scheme | Sequence[Scheme] = (),
    *,
    set: str | Sequence[str] = (),
    out: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    fresh: bool = False,
    reuse: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    data_dir: str | os.PathLike[str] | None = None,
    fail_fast: bool = False,
    progress: bool = True,
) -> Run:
    """Trains what is not done yet of an experiment, writes its tables, and returns them.

    The same as the command ``goodinit grid``: same journal, same progress, same bytes. Ctrl-C keeps what is done and
    raises KeyboardInterrupt, after up to 5 seconds for running trials; a second one does not wait. The same call goes
    on. Python's lock is held only while a scheme runs.

    Args:
        experiment: The experiment file; a text of several lines is taken as its content.
        schemes: Schemes written in Python that it names, one or several.
        set: Overrides of its keys, one or several: ``"train.epochs=5"``, ``["seed=2", "grid.learning_rate=[0.1]"]``.
        out: Where the tables go; ``results/<name of the experiment>`` if absent.
        threads: Threads that train, from 1; as many as cores if absent. Never changes a byte.
        fresh: Start over; what an earlier run left is moved aside.
        reuse: More places to take rows from, one or several: directories, runs, or ``"REVISION:path"``.
        data_dir: Where downloaded datasets are kept.
        fail_fast: Stop at the first trial that fails.
        progress: Show progress on standard error.

    Raises:
        goodinit.Error: The experiment is wrong, data are missing, or tables cannot be written.
        KeyboardInterrupt: Ctrl-C; what is done is kept.
        ValueError: ``threads`` is below 1.

    Warns:
        SchemeWarning: A scheme may not give the same weights everywhere.
        RuntimeWarning: Trials failed; the column ``message`` of ``run.trials`` says why.
    """
    schemes = (schemes,) if isinstance(schemes, Scheme) else tuple(schemes)
    for scheme in schemes:
        if not isinstance(scheme, Scheme):
            raise TypeError(f"{scheme!r} is no scheme: put @goodinit.scheme(name) on the function")
    for scheme in schemes:
        for line in scheme.warnings:
            warnings.warn(line, SchemeWarning, stacklevel=2)
    if threads is not None and threads < 1:
        raise ValueError(f"`threads` is a whole number from 1, not {threads}")
    text = os.fspath(experiment)
    inline = isinstance(experiment, str) and "\n" in experiment
    try:
        running = _native.start(
            Path("experiment.toml") if inline else Path(text),
            text if inline else None,
            [scheme._definition for scheme in schemes],
            several(set),
            None if out is None else Path(out),
            threads,
            fresh,
            several(reuse),
            None if data_dir is None else Path(data_dir),
            fail_fast,
            progress,
        )
    except _native.Error as error:
        if any(f"unknown scheme `{scheme.name}`" in str(error) for scheme in made):
            raise _native.Error(f"{error}\n  help: hand a scheme of your own to the grid: schemes=[...]") from None
        raise
    outcome = _outcome(running)
    run = Run(outcome["directory"], schemes, outcome)
    failed = run.failed
    if failed:
        first = run.messages[0]
        warnings.warn(f"{failed} of {outcome['trials']} trials failed, the first: {first}", RuntimeWarning, stacklevel=2)
    return run


def _outcome(running: _native.Running) -> dict[str, Any]:
    """Waits for the end of a grid; hands warnings and Ctrl-C on."""
    raised: BaseException | None = None
    ended = False
    while not ended:
        try:
            ended = running.wait(PAUSE)
            for line in running.warnings():
                warnings.warn(line, SchemeWarning, stacklevel=3)
        except (KeyboardInterrupt, Warning) as error:
            # Ctrl-C, or a filter that makes warnings errors.
            raised = raised or error
            running.stop()
    try:
        outcome = running.outcome()
    except _native.Interrupted as interrupted:
        if isinstance(raised, KeyboardInterrupt):
            raise KeyboardInterrupt(str(interrupted)) from None
        if raised is not None:
            raise raised from None
        raise
    if raised is not None:
        raise raised
    return outcome
