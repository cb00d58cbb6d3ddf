"""Schemes that are Python functions."""

from __future__ import annotations

import inspect
import traceback
import types
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from goodinit import _native
from goodinit._source import fingerprint, warnings_of

if TYPE_CHECKING:
    import numpy as np

    Fill = Callable[..., "np.ndarray[Any, Any]"]


class SchemeWarning(UserWarning):
    """A scheme may not give the same weights everywhere, or its identity does not cover all that it reads."""


#: Every scheme that there is.
made: weakref.WeakSet[Scheme] = weakref.WeakSet()


class Scheme:
    """An initialization scheme, as :func:`scheme` makes it. Calling it calls the function.

    Attributes:
        name: The name that experiment files use.
        formula: The formula, for readers.
        citation: Who says so.
        parameters: The keyword-only arguments of the function with their defaults.
        digest: SHA-256 of what decides its weights besides arguments, layer and stream, in hexadecimal: the source
            of the function, and values and functions that it reads. It is part of a trial's identity.
        warnings: Why the weights may differ elsewhere, or change without a change of ``digest``.
    """

    def __init__(
        self, function: Fill, name: str, formula: str, citation: str, summary: str | None, version: str | None
    ) -> None:
        self.name = name
        self.formula = formula
        self.citation = citation
        self.function = function
        self.parameters = _parameters(function, name)
        self.digest = fingerprint(function, name, version)
        self.warnings = warnings_of(function, name, version)
        self.__doc__ = function.__doc__
        if summary is None:
            summary = (inspect.getdoc(function) or "a scheme written in Python").splitlines()[0]
        self._definition = _native.Definition(
            name, summary, formula, citation, list(self.parameters.items()), function, _describe, self.digest
        )
        made.add(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<scheme {self.name}: {self.formula or self.digest[:12]}>"


def scheme(
    name: str, *, formula: str = "", citation: str = "", summary: str | None = None, version: str | None = None
) -> Callable[[Fill], Scheme]:
    """Makes a function an initialization scheme.

    The function is called once for each layer of each network, as ``function(layer, rng)``, and returns the weights:
    an array of shape ``layer.shape = (fan_in, fan_out)`` whose element ``[k, j]`` joins input ``k`` to unit ``j``
    (PyTorch's ``weight`` is its transpose). float32 is taken as it is; other real numbers are rounded to it, to
    nearest. Biases stay what the experiment says.

    Keyword-only arguments with a default (float, int, bool or str) are parameters of the scheme:
    ``def mine(layer, rng, *, power=0.45)`` lets an experiment file say ``{ kind = "mine", power = 0.5 }``.

    What the function draws from ``rng`` is the same on every machine, and for every thread count. See
    :class:`Scheme` for what makes its identity.

    Args:
        name: The name that experiment files use: letters, digits and ``_``. It must not be that of a built-in scheme.
        formula: The formula, for readers.
        citation: Author, year, title.
        summary: One line; the first of the docstring if absent.
        version: Stands for the source in the identity, where the source cannot be read; raise it with every change.

    Raises:
        ValueError: The name is no name, an argument has no default, or the source cannot be read.
        TypeError: The name, formula or citation is no text.
    """
    if not isinstance(name, str):
        raise TypeError(f'a scheme needs a name, as in @goodinit.scheme("mine"), not {name!r}')
    if not name.isidentifier() or not name.isascii():
        raise ValueError(f"a scheme's name has letters, digits and `_` only, unlike {name!r}")
    if not all(isinstance(text, str) for text in (formula, citation)):
        raise TypeError("`formula` and `citation` are texts")

    def make(function: Fill) -> Scheme:
        return Scheme(function, name, formula, citation, summary, version)

    return make


def _parameters(function: Fill, name: str) -> dict[str, float | int | bool | str]:
    """The keyword-only arguments by name, in alphabetical order, with their defaults."""
    kinds = inspect.Parameter
    found = {}
    positional = 0
    for argument in inspect.signature(function).parameters.values():
        if argument.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD):
            positional += argument.default is kinds.empty
        elif argument.kind is kinds.KEYWORD_ONLY:
            if not isinstance(argument.default, (float, int, bool, str)):
                raise ValueError(
                    f"`{argument.name}` of the scheme `{name}` needs a default that is a float, an int, a bool or a str"
                )
            found[argument.name] = argument.default
    if positional != 2:
        raise ValueError(f"the function of the scheme `{name}` takes two arguments, layer and rng, not {positional}")
    return dict(sorted(found.items()))


def _describe(error: BaseException, trace: types.TracebackType | None, function: Fill) -> str:
    """An exception as one line, the same on every machine: its last line, and the place in the scheme's source."""
    last = "".join(traceback.format_exception_only(type(error), error)).strip()
    code: types.CodeType | None = getattr(function, "__code__", None)
    place = None
    for frame, line in traceback.walk_tb(trace):
        if code is not None and frame.f_code is code:
            place = line - code.co_firstlineno + 1
    if code is None or place is None:
        return last
    try:
        text = inspect.getsource(function).splitlines()[place - 1].strip()
    except (OSError, TypeError, IndexError):
        text = ""
    where = f"line {place} of `{code.co_name}`" + (f": {text}" if text else "")
    return f"{last} ({where})"
