#!/usr/bin/env python3
"""Writes the README of a directory of results: every claim, its verdict and the figure measured.

    python3 tests/scripts/verdicts.py results/papers results/deck

GOODINIT names the program [default: target/release/goodinit].
"""

import json
import os
import pathlib
import subprocess
import sys

GOODINIT = os.environ.get("GOODINIT", "target/release/goodinit")
TITLES = {"papers": "Papers", "deck": "The deck, slide by slide"}


def figure(x):
    return "" if x is None else "∞" if x in ("inf", float("inf")) else f"{float(x):.3g}"


def measured(claim):
    cases = [c for c in claim["cases"] if c["figure"] is not None]
    if not cases:
        return "none"
    figures = [float(c["figure"]) for c in cases]
    low, high = min(figures), max(figures)
    if len(cases) > 1:
        return figure(low) if figure(low) == figure(high) else f"{figure(low)} to {figure(high)}"
    interval = cases[0]["interval"]
    between = f" [{figure(interval[0])}, {figure(interval[1])}]" if interval else ""
    return figure(figures[0]) + between


def head(name, group):
    """What the experiment file says at its top, up to how it is run and what it costs."""
    path = pathlib.Path("experiments") / group / f"{name}.toml"
    said = []
    for line in path.read_text().splitlines() if path.exists() else []:
        if not line.startswith("# ") or line.startswith(("# No training", "# Cost:")):
            break
        said.append(line.removeprefix("# "))
    return "\n".join(said)


for directory in map(pathlib.Path, sys.argv[1:] or ["results/papers", "results/deck"]):
    out = subprocess.run([GOODINIT, "check", directory, "--format", "json"], capture_output=True, text=True, check=False)
    if not out.stdout:
        sys.exit(out.stderr)
    runs = json.loads(out.stdout)
    outcomes = [claim["outcome"] for run in runs for claim in run["claims"]]
    count = {word: outcomes.count(word) for word in ("pass", "fail", "inconclusive")}
    group = directory.name
    text = [
        f"# {TITLES.get(group, group)}",
        "",
        f"`goodinit check {directory}` re-verifies these verdicts from the tables in seconds; "
        "`tests/scripts/papers.sh` makes the tables anew. "
        "A claim passes when its figure and the whole 95 % interval over replicates satisfy it.",
        "",
        f"{len(outcomes)} claims in {len(runs)} experiments: {count['pass']} pass, {count['fail']} fail, "
        f"{count['inconclusive']} inconclusive.",
    ]
    for run in runs:
        name = pathlib.Path(run["place"]).name
        text += ["", f"## [{name}]({name}/)", "", head(name, group), "", "| claim | must be | measured | verdict |", "|---|---|---|---|"]
        for claim in run["claims"]:
            text.append(f"| {claim['sentence']} | `{claim['relation']}` | {measured(claim)} | {claim['outcome']} |")
    (directory / "README.md").write_text("\n".join(text) + "\n")
    print(f"{directory}/README.md: {count}")
