"""Elementary functions of one float, with the same bits on every machine.

Python's ``math`` and ``**`` and NumPy's functions take these from the machine's own libraries, which differ in the
last bit. ``+ - * /`` and ``math.sqrt`` are exact everywhere and need no replacement. Unlike Python's ``math`` they raise no
exception: a result that is too large is infinite, and one that there is not is NaN.
"""

from goodinit._native import cos, exp, log, pow, sin, tanh

__all__ = ["cos", "exp", "log", "pow", "sin", "tanh"]
