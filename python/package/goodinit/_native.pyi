"""The native half of the package; :class:`Layer`, :class:`Rng` and :class:`Error` are public."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

class Error(Exception):
    """What ``goodinit`` could not do: the message that its command prints."""

class Interrupted(Error):
    """A grid was asked to stop. What is done is kept; the same call goes on."""

@final
class Layer:
    """What a scheme may know of a layer.

    Schemes are handed one; making one is for trying a scheme out: ``mine(gi.Layer(64, 32), gi.Rng())``.
    """

    def __new__(
        cls,
        fan_in: int,
        fan_out: int,
        *,
        index: int = 0,
        count: int = 1,
        inputs: int | None = None,
        outputs: int | None = None,
        gain: float = 1.0,
        role: str = "hidden",
        input_activation: str | None = None,
        output_activation: str | None = None,
        block: tuple[int, int, int, int] | None = None,
        has_bias: bool = True,
    ) -> Layer: ...
    @property
    def shape(self) -> tuple[int, int]:
        """``(fan_in, fan_out)``: the shape of the weights. Element ``[k, j]`` joins input k to unit j."""
    @property
    def fan_in(self) -> int:
        """Inputs of a unit."""
    @property
    def fan_out(self) -> int:
        """Units."""
    @property
    def index(self) -> int:
        """Position among the weight layers, from 0. (``layers.csv`` and formulas count from 1.)"""
    @property
    def count(self) -> int:
        """Weight layers of the network."""
    @property
    def inputs(self) -> int:
        """Features per sample."""
    @property
    def outputs(self) -> int:
        """Units of the last layer: classes, or targets."""
    @property
    def gain(self) -> float:
        """Factor on sqrt(1 / fan_in) that the literature recommends for the activation function that feeds the layer
        (sqrt(2) for ReLU, 5/3 for tanh); 1 where the data do."""
    @property
    def role(self) -> Literal["input", "hidden", "output"]:
        """Place between data and loss; ``output`` also where it is the only layer."""
    @property
    def input_activation(self) -> str | None:
        """The activation function whose values feed the layer; ``None``: the data do."""
    @property
    def output_activation(self) -> str | None:
        """The activation function that follows the layer; ``None``: the loss does."""
    @property
    def block(self) -> tuple[int, int, int, int] | None:
        """In a residual branch: block from 0, blocks, position in the branch from 0, layers of a branch."""
    @property
    def has_bias(self) -> bool:
        """Whether the layer has a bias vector."""

Shape = int | Sequence[int]

@final
class Rng:
    """A layer's own stream of draws: ChaCha8, keyed by the experiment's seed, the weight seed and the layer.

    Never by the scheme: schemes scale the same base draws, so that comparisons are paired. Draws have the same bits
    on every machine. They are float32, the type that weights have, unless said otherwise; arithmetic with a Python
    float keeps float32.

    A method gives an array of ``shape``, a whole number or a sequence of them, of at most 2^28 elements. A shape or a
    number that cannot be is a TypeError or a ValueError.

    Schemes are handed one; making one is for trying a scheme out: ``gi.Rng(seed=1).normal((64, 32))``.
    """

    def __new__(cls, seed: int = 0, weight_seed: int = 0, layer: int = 0) -> Rng: ...
    def normal(self, shape: Shape, std: float = 1.0) -> NDArray[np.float32]:
        """Normal draws of mean 0 and standard deviation ``std``."""
    def truncated_normal(self, shape: Shape, std: float = 1.0, cut: float = 2.0) -> NDArray[np.float32]:
        """Normal draws of parent deviation ``std``, redrawn until within ``cut`` parent deviations of 0. Their own
        deviation is smaller: 0.87962566 ``std`` for a cut of 2."""
    def uniform(self, low: float, high: float, shape: Shape) -> NDArray[np.float32]:
        """Uniform draws between ``low`` and ``high``; their standard deviation is (high - low) / sqrt(12)."""
    def random(self, shape: Shape) -> NDArray[np.float64]:
        """Uniform draws in [0, 1), float64 multiples of 2^-53."""
    def integers(self, low: int, high: int, shape: Shape) -> NDArray[np.int64]:
        """Whole numbers from ``low`` up to, not including, ``high``, exactly uniform, int64."""
    def sign(self, shape: Shape) -> NDArray[np.float32]:
        """+1 or -1, each with probability 1/2."""
    def permutation(self, n: int) -> NDArray[np.int64]:
        """The numbers 0 to n - 1 in random order, int64 of shape (n,)."""
    def orthogonal(self, shape: tuple[int, int], gain: float = 1.0) -> NDArray[np.float32]:
        """``gain`` times a Haar-distributed matrix of two dimensions whose short side is orthonormal."""

@final
class Definition:
    def __new__(
        cls,
        name: str,
        summary: str,
        formula: str,
        citation: str,
        parameters: Sequence[tuple[str, float | int | bool | str]],
        call: Callable[..., Any],
        describe: Callable[..., str],
        digest: str,
    ) -> Definition: ...

@final
class Running:
    def wait(self, seconds: float) -> bool: ...
    def stop(self) -> None: ...
    def warnings(self) -> list[str]: ...
    def outcome(self) -> dict[str, Any]: ...

def start(
    path: Path,
    text: str | None,
    schemes: Sequence[Definition],
    sets: Sequence[str],
    out: Path | None,
    threads: int | None,
    fresh: bool,
    reuse: Sequence[str],
    data_dir: Path | None,
    fail_fast: bool,
    progress: bool,
) -> Running: ...
def main(argv: Sequence[str]) -> int: ...
def columns(table: str) -> list[tuple[str, str]]: ...
def check(directory: str | os.PathLike[str], schemes: Sequence[Definition]) -> tuple[str, str]: ...
def report(directories: Sequence[str | os.PathLike[str]]) -> str: ...
def diff(old: str, new: str, tolerances: Sequence[str], ignore: Sequence[str], limit: int) -> tuple[bool, str, str]: ...
def ranking(
    directory: str | os.PathLike[str],
) -> list[tuple[str, float, float | None, float | None, int, int, int, bool]]: ...
def scores(
    directory: str | os.PathLike[str], figure: str | None, rate: float | None
) -> tuple[dict[str, NDArray[np.float64]], list[str], list[list[int]]]: ...
def exp(x: float) -> float:
    """e to the power x."""

def log(x: float) -> float:
    """The natural logarithm of x; -inf at 0, NaN below."""

def sin(x: float) -> float:
    """The sine of x radians."""

def cos(x: float) -> float:
    """The cosine of x radians."""

def tanh(x: float) -> float:
    """The hyperbolic tangent of x."""

def pow(x: float, y: float) -> float:
    """x to the power y; NaN where it is no real number."""
