"""Benchmark and reproducibility harness for neural-network weight initialization.

A scheme is a function of a layer and of the layer's own stream of draws::

    import goodinit as gi

    @gi.scheme("mine", formula="N(0, 1 / fan_in^0.9)", citation="me, 2026")
    def mine(layer, rng):
        return rng.normal(layer.shape) / gi.math.pow(layer.fan_in, 0.45)

    run = gi.grid("experiment.toml", schemes=[mine])
    run.summary

The experiment file names it: ``scheme = ["mine", "he_normal"]``.
"""

from goodinit import math
from goodinit._native import Error, Layer, Rng
from goodinit._results import Diff, Report, Run, Scores, Verdicts, diff, load
from goodinit._grid import grid
from goodinit._scheme import Scheme, SchemeWarning, scheme

__all__ = [
    "Diff",
    "Error",
    "Layer",
    "Report",
    "Rng",
    "Run",
    "Scheme",
    "SchemeWarning",
    "Scores",
    "Verdicts",
    "diff",
    "grid",
    "load",
    "math",
    "scheme",
]
