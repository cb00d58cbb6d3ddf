#!/usr/bin/env python3
"""Coefficients of src/numerics/elementary.rs and src/random/sample.rs: minimax fits in f32.

    pip install numpy mpmath && python3 tests/scripts/fit_elementary.py

Each polynomial is fitted by Lawson's iteration (weighted least squares whose weights converge to
the minimax solution). Coefficients are rounded to f32 one at a time, lowest power first, and the
others are fitted again, so that rounding errors are made up for by higher powers. Prints each
as decimal text that reads back as the same f32, with the largest weighted error in units of
2^-24.
"""
import mpmath as mp
import numpy as np

mp.mp.dps = 40


def fit(name, f, weight, low, high, degree, points=2000):
    k = np.arange(points)
    x = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (k + 0.5) / points)
    y = np.array([float(f(mp.mpf(v))) for v in x])
    w = np.array([float(weight(mp.mpf(v))) for v in x])
    fixed = []
    while len(fixed) <= degree:
        done = len(fixed)
        target = y - sum((c * x**i for i, c in enumerate(fixed)), np.zeros_like(x))
        powers = np.stack([x**i for i in range(done, degree + 1)], axis=1)
        lawson = np.ones_like(x)
        best, best_error = None, np.inf
        for _ in range(300):
            scale = np.sqrt(lawson) * w
            c = np.linalg.lstsq(powers * scale[:, None], target * scale, rcond=None)[0]
            error = np.abs((powers @ c - target) * w)
            if error.max() < best_error:
                best, best_error = c, error.max()
            lawson *= error + 1e-30
            lawson /= lawson.mean()
        fixed.append(float(np.float32(best[0])))
    total = sum(c * x**i for i, c in enumerate(fixed))
    error = np.abs((total - y) * w).max() * 2**24
    print(f"{name}: error {error:.4f}")
    print("    [" + ", ".join(f"{np.float32(c)!s}" for c in fixed) + "]")


half = float(mp.log(2) / 2)
fit("exp: (e^r - 1 - r) / r^2", lambda r: (mp.expm1(r) - r) / r**2 if r else mp.mpf(0.5),
    lambda r: r**2 / mp.exp(r), -half, half, 4)
low, high = float(mp.sqrt(0.5) - 1), float(mp.sqrt(2) - 1)
fit("ln: (ln(1+f) - f + f^2/2) / f^3", lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3,
    lambda f: abs(f**3 / mp.log1p(f)), low, high, 7)
fit("ln: (ln(1+f) - f + f^2/2) / f^3", lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3,
    lambda f: abs(f**3 / mp.log1p(f)), low, high, 8)
for top in (0.6, 0.7):
    fit(f"tanh: (tanh x - x) / x^3 in s = x^2, x to {top}",
        lambda s: (mp.tanh(mp.sqrt(s)) - mp.sqrt(s)) / mp.sqrt(s)**3,
        lambda s: mp.sqrt(s)**3 / mp.tanh(mp.sqrt(s)), 1e-9, top**2, 4)
fit("erf: erf x / x - 1 in s = x^2, x to 0.9375", lambda s: mp.erf(mp.sqrt(s)) / mp.sqrt(s) - 1,
    lambda s: mp.sqrt(s) / mp.erf(mp.sqrt(s)), 1e-9, 0.9375**2, 5)
for degree in (6, 7):
    fit("erf: -ln(erfc t) / t - 1, t from 0.9375 to 4", lambda t: -mp.log(mp.erfc(t)) / t - 1,
        lambda t: t * mp.erfc(t) / mp.erf(t), 0.9375, 4.0, degree)
fit("sin(s pi/2) / s in q = s^2", lambda q: mp.sin(mp.sqrt(q) * mp.pi / 2) / mp.sqrt(q),
    lambda q: mp.sqrt(q) / mp.sin(mp.sqrt(q) * mp.pi / 2), 1e-12, 0.25, 3)
fit("cos(s pi/2) in q = s^2", lambda q: mp.cos(mp.sqrt(q) * mp.pi / 2),
    lambda q: 1 / mp.cos(mp.sqrt(q) * mp.pi / 2), 1e-12, 0.25, 4)
