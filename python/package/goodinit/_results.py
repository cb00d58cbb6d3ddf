"""The tables of a run, and what is made of them."""

from __future__ import annotations

import csv
import html
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from goodinit import _native

if TYPE_CHECKING:
    import numpy as np

    from goodinit._scheme import Scheme

TableName = Literal["trials", "summary", "layers", "epochs"]
FrameName = Literal["pandas", "polars"]

#: What a cell holds (`goodinit list` and docs/tables.md say the same), as pandas and as polars have it.
PANDAS = {"a finite number": "float64", "a whole number": "Int64", "true or false": "boolean"}
POLARS = {"a finite number": "Float64", "a whole number": "Int64", "true or false": "Boolean"}

#: The columns of a ranking as it is shown.
SHOWN = ["scheme", "score", "95 % interval", "trials", "diverged", "failed"]

#: What a page that goodinit wrote has in its head.
GENERATOR = '<meta name="generator" content="goodinit '


class Run:
    """The results in a directory.

    ``trials``, ``summary``, ``layers`` and ``epochs`` are data frames: of pandas, or of polars where pandas is not
    installed, or is not imported yet and polars is. Coordinates come first, one row per trial (cell, layer, epoch).
    Numbers are float64 and nullable Int64; a missing figure is missing, never 0. Printed, a run is its ranking.

    Attributes:
        directory: Where the tables are.
        schemes: The schemes written in Python that they name.
    """

    def __init__(
        self, directory: str | os.PathLike[str], schemes: Sequence[Scheme] = (), outcome: dict[str, Any] | None = None
    ) -> None:
        self.directory = Path(directory)
        self.schemes = tuple(schemes)
        self._outcome = outcome or {}
        self._frames: dict[tuple[str, str], Any] = {}

    def __fspath__(self) -> str:
        return os.fspath(self.directory)

    def __repr__(self) -> str:
        return f"goodinit.load({os.fspath(self.directory)!r})"

    def table(self, name: TableName, frame: FrameName | None = None) -> Any:
        """A table as a data frame of pandas or of polars.

        Args:
            name: ``trials``, ``summary``, ``layers`` or ``epochs``.
            frame: ``pandas`` or ``polars``; as for :attr:`trials` if absent.

        Raises:
            ValueError: There is no such table, or no such library.
            goodinit.Error: The run has not recorded the table.
            ImportError: The library is not installed.
        """
        for given, known in ((name, get_args(TableName)), (frame, (None, *get_args(FrameName)))):
            if given not in known:
                raise ValueError(f"{given!r} is none of {', '.join(filter(None, known))}")
        kind = frame or _frame_library()
        if (name, kind) not in self._frames:
            path = self.directory / f"{name}.csv"
            if not path.exists():
                raise _native.Error(f"{self.directory} holds no {path.name}{_why_missing(name)}")
            self._frames[name, kind] = _read(path, name, kind)
        return self._frames[name, kind]

    @property
    def trials(self) -> Any:
        """One row per trial: coordinates, how it ended, losses (per sample), accuracies (0 to 1), hashes."""
        return self.table("trials")

    @property
    def summary(self) -> Any:
        """One row per cell: medians, interquartile means, intervals over replicates, the tuned learning rate."""
        return self.table("summary")

    @property
    def layers(self) -> Any:
        """One row per trial, recorded epoch and layer; there where the experiment has ``[record] layers``."""
        return self.table("layers")

    @property
    def epochs(self) -> Any:
        """One row per trial and evaluation; there unless the experiment has ``[record] epochs = false``."""
        return self.table("epochs")

    @property
    def ranking(self) -> list[dict[str, Any]]:
        """The schemes, best first: ``score`` is the mean over groups of cells of the interquartile mean of the trials'
        test accuracy (loss for regression), with its 95 % interval ``low`` to ``high``; ``leads`` says that the trials
        do not distinguish the scheme from the first."""
        keys = ("scheme", "score", "low", "high", "trials", "diverged", "failed", "leads")
        return [dict(zip(keys, place)) for place in _native.ranking(self.directory)]

    @property
    def statuses(self) -> dict[str, int]:
        """How many trials ended so: ``ok``, ``diverged``, ``failed``."""
        found = {"ok": 0, "diverged": 0, "failed": 0}
        for row in self._rows():
            found[row["status"]] += 1
        return found

    @property
    def failed(self) -> int:
        """How many trials failed: they could not be carried out. Training that diverged is a result."""
        return self.statuses["failed"]

    @property
    def messages(self) -> list[str]:
        """The different messages of trials: why they failed, or what schemes had to say."""
        return list(dict.fromkeys(row["message"] for row in self._rows() if row["message"]))

    def _rows(self) -> Iterator[dict[str, str]]:
        with open(self.directory / "trials.csv", encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)

    def check(self) -> Verdicts:
        """The verdicts on the experiment's claims, as ``goodinit check`` gives them."""
        return Verdicts(*_native.check(self.directory, [s._definition for s in self.schemes]))

    def report(self, out: str | os.PathLike[str] | None = None) -> Report:
        """Writes the HTML report, as ``goodinit report`` does: ``report.html`` in the directory, or ``out``."""
        path = self.directory / "report.html" if out is None else Path(out)
        if path.exists() and GENERATOR not in path.read_text(encoding="utf-8", errors="replace")[:2048]:
            raise _native.Error(f"{path} exists already, and goodinit did not write it: choose another place")
        page = _native.report([self.directory])
        path.write_text(page, encoding="utf-8", newline="")
        return Report(path, page)

    def scores(self, figure: str | None = None, rate: float | None = None) -> Scores:
        """Scores of every scheme as an array of runs x tasks, the shape that ``rliable`` takes.

        A task is what a cell has besides scheme and learning rate (dataset, architecture, activation, ...); a run is
        a replicate with its seeds. A trial is scored at the learning rate that the other replicates choose on
        validation data, or at ``rate``. One that diverged or failed counts as guessing.

        Args:
            figure: A numeric column of ``trials``; the test accuracy (loss for regression) if absent.
            rate: A learning rate at which all are scored.

        Raises:
            goodinit.Error: A scheme lacks a task or a seed, or there is nothing to choose a rate by.
        """
        return Scores(*_native.scores(self.directory, figure, rate))

    def _shown(self) -> tuple[str, str, list[tuple[bool, list[str]]]]:
        """What a person is shown: the name, the counts, and a row for each scheme with whether it leads."""
        name = str(self._outcome.get("name", self.directory.name))
        counts = ", ".join(f"{n} {status}" for status, n in self.statuses.items() if n)
        rows = []
        for place in self.ranking:
            interval = "" if place["low"] is None else f"{place['low']:.3f} to {place['high']:.3f}"
            cells = (f"{place['score']:.3f}", interval, place["trials"], place["diverged"], place["failed"])
            rows.append((place["leads"], [place["scheme"], *map(str, cells)]))
        return name, counts or "no trials", rows

    def __str__(self) -> str:
        name, counts, rows = self._shown()
        table = [SHOWN, *([f"* {row[0]}" if leads else f"  {row[0]}", *row[1:]] for leads, row in rows)]
        widths = [max(len(cell) for cell in column) for column in zip(*table)]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in table]
        return "\n".join([f"{name}: {counts}; tables in {self.directory}", *lines, "*: not distinguished from the best"])

    def _repr_html_(self) -> str:
        name, counts, places = self._shown()
        name, directory = html.escape(name), html.escape(os.fspath(self.directory))
        rows = []
        for leads, [scheme, *cells] in places:
            scheme = html.escape(scheme)
            rows.append(_row("td", [f"<b>{scheme}</b>" if leads else scheme, *cells]))
        head = _row("th", SHOWN)
        return (
            f"<p><b>{name}</b>: {counts}; tables in <code>{directory}</code>. "
            "In bold: not distinguished from the best.</p>"
            f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
        )


class Verdicts:
    """The verdicts on claims.

    Attributes:
        claims: One mapping for each, with ``name``, ``sentence``, ``outcome`` (``pass``, ``fail``, ``inconclusive``)
            and the ``cases`` with their figures and intervals.
        markdown: The same as Markdown.
    """

    def __init__(self, text: str, markdown: str) -> None:
        self.claims: list[dict[str, Any]] = json.loads(text)["claims"]
        self.markdown = markdown

    @property
    def hold(self) -> bool:
        """Whether every claim passes."""
        return all(claim["outcome"].lower() == "pass" for claim in self.claims)

    def __len__(self) -> int:
        return len(self.claims)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.claims)

    def __str__(self) -> str:
        outcomes = [claim["outcome"] for claim in self.claims]
        counts = ", ".join(f"{outcomes.count(o)} {o}" for o in dict.fromkeys(outcomes))
        lines = [f"{c['outcome']:12}  {c['name']}: {c['sentence']}" for c in self.claims]
        noun = "claim" if len(lines) == 1 else "claims"
        return "\n".join([f"{len(lines)} {noun}: {counts}" if lines else "no claims", *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = []
        for claim in self.claims:
            figures = "; ".join(f"{case['figure']:.4g}" for case in claim["cases"] if isinstance(case["figure"], float))
            name, sentence = html.escape(claim["name"]), html.escape(claim["sentence"])
            rows.append(_row("td", [html.escape(claim["outcome"]), f"<b>{name}</b> {sentence}", figures]))
        head = _row("th", ["verdict", "claim", "figures"])
        return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


class Report:
    """An HTML report.

    Attributes:
        path: Where it was written.
    """

    def __init__(self, path: Path, page: str) -> None:
        self.path = path
        self._page = page

    def __repr__(self) -> str:
        return f"<report {os.fspath(self.path)}, {len(self._page) // 1000} KB>"

    def _repr_html_(self) -> str:
        page = html.escape(self._page, quote=True)
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 600px; border: 1px solid #888"></iframe>'


class Scores(dict[str, "np.ndarray[Any, np.dtype[np.float64]]"]):
    """Scheme to scores, float64 of shape (runs, tasks).

    Attributes:
        tasks: The names of the columns: the coordinates that differ among the cells.
        runs: Replicate, weight seed, order seed and data seed of each row.
    """

    def __init__(self, arrays: dict[str, Any], tasks: list[str], runs: list[list[int]]) -> None:
        super().__init__(arrays)
        self.tasks = tasks
        self.runs = [tuple(run) for run in runs]


class Diff:
    """What differs between two sets of tables.

    Attributes:
        same: Whether nothing does.
        report: All of it: changed cells, where differences begin, what one would conclude otherwise.
        markdown: The same as Markdown.
    """

    def __init__(self, same: bool, text: str, markdown: str) -> None:
        self.same = same
        self.report: dict[str, Any] = json.loads(text)
        self.markdown = markdown

    def __str__(self) -> str:
        return self.markdown

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return self.markdown


def load(directory: str | os.PathLike[str], schemes: Sequence[Scheme] = ()) -> Run:
    """The results in a directory that a grid has written.

    Args:
        directory: Where the tables are.
        schemes: Schemes written in Python that they name. Only :meth:`Run.check` makes use of them.

    Raises:
        goodinit.Error: It holds no results.
    """
    if not (Path(directory) / "trials.csv").exists():
        raise _native.Error(f"{os.fspath(directory)} holds no trials.csv: a results directory is needed")
    return Run(directory, schemes)


def diff(
    run: Run | str | os.PathLike[str],
    against: Run | str | os.PathLike[str],
    *,
    tolerance: str | Sequence[str] = (),
    ignore: str | Sequence[str] = (),
    limit: int = 10,
) -> Diff:
    """What has changed in ``run`` against older tables, bit by bit and in what one would conclude.

    The same as the command ``goodinit diff AGAINST RUN``.

    Args:
        run: A run, a directory, a table, or ``"REVISION:path"`` in git.
        against: The same; the old side.
        tolerance: Differences that count as none, one or several: ``"test_loss=1e-6"``, ``"test_loss=1e-6rel"``,
            ``"test_loss=4ulp"``.
        ignore: Columns that are not compared, one or several.
        limit: Changed rows of each table that are kept.

    Raises:
        goodinit.Error: A side is not there, or cannot be read.
    """
    return Diff(*_native.diff(os.fspath(against), os.fspath(run), several(tolerance), several(ignore), limit))


def several(values: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[str]:
    """One text or path, or a sequence of them, as a list of texts."""
    if isinstance(values, (str, os.PathLike)):
        return [os.fspath(values)]
    return [os.fspath(value) for value in values]


def _row(cell: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{cell}>{text}</{cell}>" for text in cells) + "</tr>"


def _frame_library() -> FrameName:
    for loaded in (True, False):
        for name in ("pandas", "polars"):
            if name in sys.modules if loaded else importlib.util.find_spec(name) is not None:
                return name
    raise ImportError("data frames need pandas or polars: pip install 'goodinit[pandas]'; the tables are CSV files")


def _read(path: Path, name: str, kind: FrameName) -> Any:
    expected = dict(_native.columns(name))
    with open(path, encoding="utf-8", newline="") as file:
        heading = next(csv.reader(file))
    if kind == "pandas":
        pandas = importlib.import_module("pandas")
        # Text that a replicate repeats is a category; digests are not.
        category = {"ok, diverged or failed"}
        dtypes = {c: PANDAS.get(expected.get(c, "text"), "string") for c in heading}
        dtypes.update({c: "category" for c in heading if expected.get(c) in category})
        # Since 3.1 every number is read as it was written.
        exact = {} if _version(pandas) >= (3, 1) else {"float_precision": "round_trip"}
        return pandas.read_csv(path, dtype=dtypes, keep_default_na=False, na_values=[""], encoding="utf-8", **exact)
    polars = importlib.import_module("polars")
    schema = {c: getattr(polars, POLARS.get(expected.get(c, "text"), "String")) for c in heading}
    return polars.read_csv(path, schema=schema, null_values=[""])


def _version(module: Any) -> tuple[int, int]:
    major, minor = module.__version__.split(".")[:2]
    return int(major), int(minor)


def _why_missing(name: str) -> str:
    return {
        "layers": ': they are recorded where the experiment has `[record] layers = [0, "last"]`',
        "epochs": ": they are recorded unless the experiment has `[record] epochs = false`",
    }.get(name, "")
