"""What decides the weights of a scheme besides layer and stream: its source, and what it reads."""

from __future__ import annotations

import ast
import builtins
import hashlib
import inspect
import io
import sys
import textwrap
import tokenize
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

#: Modules whose functions draw from something else than the layer's stream, or read the clock.
RANDOM = {"random", "secrets", "time", "datetime", "uuid", "os", "torch", "jax", "tensorflow", "scipy"}
#: Attributes of NumPy that do so, or leave the last bits to the machine's libraries.
NUMPY_RANDOM = {"random"}
NUMPY_INEXACT = {"linalg", "dot", "matmul", "einsum", "inner", "outer", "tensordot", "vdot", "fft"}
NUMPY_INEXACT_FUNCTIONS = {
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "power", "float_power", "cbrt", "hypot",
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
}  # fmt: skip


def normalized(source: str) -> str:
    """Source text without what cannot matter: indentation as a whole, decorators, the docstring, comments, blank
    lines, spaces at the ends of lines. The same for every version of Python."""
    text = textwrap.dedent(source.replace("\r\n", "\n"))
    lines = text.split("\n")
    dropped: set[int] = set()
    try:
        node = ast.parse(text).body[0]
    except (SyntaxError, IndexError):
        # A lambda in the midst of a statement.
        return "\n".join(line.rstrip() for line in lines if line.strip())
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        dropped.update(range(1, node.lineno))
        first = node.body[0]
        is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
        if is_text and len(node.body) > 1 and first.end_lineno is not None and first.lineno > node.lineno:
            dropped.update(range(first.lineno, first.end_lineno + 1))
    kept: set[int] = set()
    comments: dict[int, int] = {}
    trivial = (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments[token.start[0]] = token.start[1]
        elif token.type not in trivial:
            kept.update(range(token.start[0], token.end[0] + 1))
    out = []
    for number, line in enumerate(lines, start=1):
        if number in kept and number not in dropped:
            out.append(line[: comments.get(number, len(line))].rstrip())
    return "\n".join(out)


def fingerprint(function: Callable[..., Any], name: str, version: str | None) -> str:
    """SHA-256, hexadecimal, over the source of a scheme and what it reads; over ``version`` where that is given."""
    digest = hashlib.sha256(b"goodinit python scheme 1\n")
    if version is not None:
        digest.update(f"version={version}\n".encode())
        return digest.hexdigest()
    for line in _identity(function, name, set()):
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _identity(function: Callable[..., Any], name: str, seen: set[int]) -> Iterator[str]:
    seen.add(id(function))
    yield normalized(_source(function, name))
    for key, value in sorted(_reads(function).items()):
        if isinstance(value, types.FunctionType) and not _is_installed(value):
            if id(value) not in seen:
                yield f"function {key}"
                yield from _identity(value, name, seen)
        elif isinstance(value, np.ndarray):
            content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
            yield f"array {key} {value.dtype.str} {value.shape} {content}"
        elif _is_plain(value):
            yield f"value {key} {_text(value)}"


def _source(function: Callable[..., Any], name: str) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise ValueError(
            f"the source of the scheme `{name}` cannot be read, and it is part of the identity of its trials: "
            "define it in a file or a notebook, or give a version: @goodinit.scheme(..., version='1')"
        ) from error


def _reads(function: Callable[..., Any]) -> dict[str, Any]:
    """The global and enclosing names that a function reads, with their values."""
    variables = inspect.getclosurevars(function)
    found = {**variables.globals, **variables.nonlocals}
    code = getattr(function, "__code__", None)
    scope = getattr(function, "__globals__", {})
    # Names read by functions and comprehensions inside.
    stack = [code] if code is not None else []
    while stack:
        inner = stack.pop()
        stack.extend(c for c in inner.co_consts if isinstance(c, types.CodeType))
        for key in inner.co_names:
            if key in scope and not hasattr(builtins, key):
                found.setdefault(key, scope[key])
    return found


def _text(value: Any) -> str:
    """A plain value as text, the same for every version of NumPy."""
    if isinstance(value, np.generic):
        return f"{value.dtype.str} {value.item()!r}"
    if isinstance(value, (tuple, list)):
        return f"{type(value).__name__} of {len(value)}: {', '.join(map(_text, value))}"
    if isinstance(value, dict):
        return f"dict of {len(value)}: {', '.join(f'{_text(k)}: {_text(v)}' for k, v in value.items())}"
    return repr(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    return value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic))


def _is_installed(value: Any) -> bool:
    module = (getattr(value, "__module__", None) or "").split(".")[0]
    return module in {"numpy", "goodinit"} or module in sys.stdlib_module_names


def warnings_of(function: Callable[..., Any], name: str, version: str | None) -> list[str]:
    """Why the weights of a scheme may differ from machine to machine, or change without a change of its identity, as
    far as its source tells."""
    found: dict[str, None] = {}
    for line in _warnings(function, name, version is not None, set()):
        found.setdefault(line)
    return list(found)


def _warnings(function: Callable[..., Any], name: str, versioned: bool, seen: set[int]) -> Iterator[str]:
    seen.add(id(function))
    reads = _reads(function)
    yield from _calls_of(function, name, reads)
    for key, value in sorted(reads.items()):
        if isinstance(value, types.ModuleType):
            module = value.__name__.split(".")[0]
            if module not in {"numpy", "goodinit", "math", *RANDOM} and module not in sys.stdlib_module_names and not versioned:
                yield f"scheme `{name}` uses the module `{value.__name__}`, whose source is not part of its identity"
        elif isinstance(value, types.FunctionType) and not _is_installed(value):
            if id(value) not in seen:
                yield from _warnings(value, name, versioned, seen)
        elif callable(value) or isinstance(value, np.ndarray) or _is_plain(value):
            pass
        elif not versioned:
            yield f"scheme `{name}` reads `{key}`, a {type(value).__name__}, whose content is not part of its identity"


def _calls_of(function: Callable[..., Any], name: str, reads: dict[str, Any]) -> Iterator[str]:
    """What the syntax of one function says."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return
    modules = {key: value.__name__ for key, value in reads.items() if isinstance(value, types.ModuleType)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update({(a.asname or a.name).split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.update({a.asname or a.name: f"{node.module}.{a.name}" for a in node.names})
    for key, value in reads.items():
        module = getattr(value, "__module__", None) or type(value).__module__
        if not isinstance(value, types.ModuleType) and (callable(value) or not _is_plain(value)):
            # from random import gauss; rng = np.random.default_rng()
            modules.setdefault(key, f"{module}.{key}")
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield f"scheme `{name}` multiplies matrices by `@`, whose last bits depend on the machine's library"
        if not isinstance(node, (ast.Attribute, ast.Name)):
            continue
        path = _path(node, modules)
        if path is None:
            continue
        top, *rest = path
        if top == "numpy" and rest and rest[0] in NUMPY_RANDOM or top == "os" and rest == ["urandom"] or top in RANDOM - {"os"}:
            yield (
                f"scheme `{name}` draws from `{'.'.join(path[:3])}` instead of `rng`: its weights differ from run to run or "
                "from machine to machine, and its rows cannot be reproduced"
            )
        elif top == "numpy" and rest and rest[0] in NUMPY_INEXACT:
            yield f"scheme `{name}` uses `numpy.{rest[0]}`, whose last bits depend on the machine's library"
        elif top == "numpy" and rest and rest[0] in NUMPY_INEXACT_FUNCTIONS:
            yield (
                f"scheme `{name}` uses `numpy.{rest[0]}`, whose last bits depend on the processor; "
                "`goodinit.math` has functions of one float that do not"
            )


def _path(node: ast.AST, modules: dict[str, str]) -> list[str] | None:
    """`np.random.normal` as `numpy`, `random`, `normal`; `None` where the first name is no module's."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in modules:
        return None
    return [*modules[node.id].split("."), *reversed(names)]
