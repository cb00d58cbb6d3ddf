"""How often the rule of src/analysis/rank.rs tells schemes apart, simulated apart from the program: one setting.

    python3 -m venv /tmp/statistics && /tmp/statistics/bin/pip install numpy scipy
    /tmp/statistics/bin/python tests/scripts/ranking_study.py

prints the share of experiments in which some of equal schemes is told apart, then the share of the other schemes that
is where the first is better (docs/statistics.md). The program's own study is `cargo test analysis::study -- --ignored`.
"""

from math import lgamma, log

import numpy as np
from scipy.stats import t as student

REPLICATES = (3, 5, 10, 20)
PERMUTATIONS = 199
rng = np.random.default_rng(1)


def draw(law, shape):
    """Scores less their mean."""
    a, b, c = rng.standard_normal((3, *shape))
    if law == "Normal":
        return 0.01 * a
    if law == "Skewed":
        return -0.01 * (a * a + b * b + c * c - 3)
    return np.where(rng.random(shape) < 0.2, 0.3 + 0.05 * a, 0.9 + 0.01 * a) - 0.78


def interquartile_mean(x):
    n = x.shape[-1]
    return np.sort(x, -1)[..., n // 4 : n - n // 4].mean(-1)


def permuted(table, difference):
    """The probability of such a range of means if schemes are permuted within replicates."""
    table = table - table.mean(0)
    schemes, replicates = table.shape
    spread = lambda t: np.maximum(np.sqrt(np.median(t.var(-1, ddof=1), axis=-1)), 1e-300)
    order = np.argsort(rng.random((PERMUTATIONS, schemes, replicates)), axis=1)
    drawn = np.take_along_axis(np.broadcast_to(table, order.shape), order, 1)
    means = drawn.mean(-1)
    as_great = (means.max(1) - means.min(1)) / spread(drawn) >= difference / spread(table) * (1 - 1e-9)
    return (as_great.sum() + 1) / (PERMUTATIONS + 1)


def told_apart(law, schemes, n, unequal, experiments, better=0.0):
    """The number of schemes told apart from the leader in each experiment."""
    scale = 1 + (unequal - 1) * np.arange(schemes) / (schemes - 1)
    x = draw(law, (experiments, schemes, n)) * scale[None, :, None]
    x[:, 0] += better
    every, leader = np.arange(experiments), interquartile_mean(x).argmax(1)
    ahead = x[every, leader][:, None, :] - x
    mean, deviation = ahead.mean(-1), x.std(-1, ddof=1)
    with np.errstate(all="ignore"):
        t = mean / (ahead.std(-1, ddof=1) / np.sqrt(n))
    p = np.where(mean > 0, 2 * student.sf(np.abs(t), n - 1), 1)
    p[every, leader] = np.nan
    a = deviation[every, leader][:, None]
    allowance = 1 + 1.5 * np.abs(a**3 - deviation**3) / np.maximum((a**2 + deviation**2) ** 1.5, 1e-300)
    told = np.zeros(experiments, int)
    for e in range(experiments):
        left, reached = list(range(schemes)), 0.0
        for i in np.argsort(np.where(np.isnan(p[e]), 9, p[e]))[: schemes - 1]:
            k = len(left)
            reached = max(reached, min(1, p[e, i] * max(k * (k - 1) / 2, allowance[e, i])))
            if reached <= 0.05 and n <= 20 and lgamma(k + 1) * (n - 1) >= log(20):
                reached = max(reached, permuted(x[e, left], mean[e, i]))
            if reached > 0.05:
                break
            told[e] += 1
            left.remove(i)
    return told


def row(head, shares):
    print(f"| {head} | " + " | ".join(shares) + " |", flush=True)


for law in ("Normal", "Skewed", "Bimodal"):
    for unequal in (1, 4, 20):
        for schemes in (2, 3, 5, 14):
            shares = [(told_apart(law, schemes, n, unequal, 1000) > 0).mean() for n in REPLICATES]
            row(f"{law} | 1 to {unequal} | {schemes}", [f"{100 * share:.1f}" for share in shares])
print()
for schemes in (2, 5, 14):
    for deviations in (1, 2, 5):
        shares = [told_apart("Normal", schemes, n, 1, 400, 0.01 * deviations).mean() / (schemes - 1) for n in REPLICATES]
        row(f"{schemes} | {deviations}", [f"{100 * share:.0f}" for share in shares])
