"""Replicates until a decision, simulated apart from the program: how often looks at 5, 10, 20 and 40 err.

    python3 -m venv /tmp/looks && /tmp/looks/bin/pip install numpy
    /tmp/looks/bin/python tests/scripts/looks_study.py [EXPERIMENTS [EXPERIMENTS WITH AN EFFECT]]

prints a row for each law, claim, effect and number of comparisons (docs/statistics.md). The rule is that of
src/analysis/looks.rs, the intervals those of src/analysis/stats/effects.rs (Student's t) and interval.rs (medians).
The ranking is that of src/analysis/rank.rs. `tests/scripts/looks.sh` asks the same of the program's own functions.
"""

import sys
from functools import cache
from math import ceil, comb, factorial, log, pi, sqrt

import numpy as np

LOOKS = (5, 10, 20, 40)
LAWS = ("normal", "skewed", "bimodal")
DEVIATION = {"normal": 0.01, "skewed": 0.01 * sqrt(6), "bimodal": sqrt(0.2 * 0.05**2 + 0.8 * 0.01**2 + 0.16 * 0.6**2)}
MEAN = {"normal": 0.9, "skewed": 0.9, "bimodal": 0.78}


def draw(law, shape, rng):
    normal = rng.standard_normal(shape)
    if law == "normal":
        return 0.9 + 0.01 * normal
    if law == "skewed":
        return 0.93 - 0.02 * rng.standard_gamma(1.5, shape)
    return np.where(rng.random(shape) < 0.2, 0.3 + 0.05 * normal, 0.9 + 0.01 * normal)


@cache
def critical(error, freedom):
    """Student's t that is exceeded, in absolute value, with this probability."""

    def beyond(angle):
        x = np.linspace(angle, pi / 2, 20001)
        whole = np.linspace(0, pi / 2, 20001)
        return np.trapezoid(np.cos(x) ** (freedom - 1), x) / np.trapezoid(np.cos(whole) ** (freedom - 1), whole)

    low, high = 0.0, pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > error else (low, middle)
    return sqrt(freedom) * np.tan(low)


def trimmed(values, cut):
    """Figure and effects of each value, see Effects::interquartile_mean; without a cut, of the mean."""
    ordered = np.sort(values, axis=-1)
    n = values.shape[-1]
    kept = n - 2 * cut
    clipped = np.clip(values, ordered[..., cut : cut + 1], ordered[..., n - 1 - cut : n - cut])
    effects = (clipped - clipped.mean(axis=-1, keepdims=True)) / sqrt(kept * (kept - 1))
    return ordered[..., cut : n - cut].mean(axis=-1), effects


def beyond(ascending, end, trim, shift):
    """Mean of the quantiles from trim + shift to 1 - trim + shift; those beyond 1 are `end`."""
    n = ascending.shape[-1]
    start, stop = trim + shift, 1 - trim + shift
    edges = np.arange(n + 1) / n
    weights = np.clip(np.minimum(edges[1:], stop) - np.maximum(edges[:-1], start), 0, None)
    return (ascending @ weights + max(stop - max(start, 1), 0) * end) / (1 - 2 * trim)


def band(values, least, most, how, error):
    """Ends of the interval that holds for any law on least..most, see band_interval in src/analysis/stats/interval.rs."""
    trim = 0.25 if how == "iqm" else 0.0
    shift = sqrt(log(2 / error) / (2 * values.shape[-1]))
    ordered = np.sort(values, axis=-1)
    return beyond(ordered[..., ::-1], least, trim, shift), beyond(ordered, most, trim, shift)


def hall(values, error):
    """Ends of the interval that allows for skewness, see skewed_mean_interval in src/analysis/stats/interval.rs."""
    n = values.shape[-1]
    mean, spread = values.mean(axis=-1), values.std(axis=-1, ddof=1) / sqrt(n)
    apart = values - mean[..., None]
    a = (apart**3).mean(axis=-1) / (apart**2).mean(axis=-1) ** 1.5 / sqrt(n)
    inverse = lambda g: 3 / a * (np.cbrt(1 + a * (g - a / 6)) - 1)
    quantile = critical(error, n - 1)
    return mean - spread * inverse(quantile), mean - spread * inverse(-quantile)


def signs(left, right, threshold, how, error, last):
    """1 where the figure is above the threshold, -1 below, 0 undecided; `last` is None without looks."""
    n = left.shape[-1]
    if how == "median":
        ks = [k for k in range(1, n // 2 + 1) if 2 * sum(comb(n, i) for i in range(k)) / 2**n <= error]
        if not ks:
            return np.zeros(left.shape[:-1], int)
        pairs = np.sort(left if right is None else left - right, axis=-1)
        figure = np.median(left, axis=-1) - (0 if right is None else np.median(right, axis=-1))
        low, high = np.minimum(pairs[..., ks[-1] - 1], figure), np.maximum(pairs[..., n - ks[-1]], figure)
    else:
        cut = n // 4 if how == "iqm" else 0
        figure, effects = trimmed(left, cut)
        if right is not None:
            other, others = trimmed(right, cut)
            figure, effects = figure - other, effects - others
        reach = critical(error, n - 2 * cut - 1) * np.sqrt((effects**2).sum(axis=-1))
        low, high = figure - reach, figure + reach
        if last and how == "mean":
            widest = hall(left if right is None else left - right, error)
            low, high = np.minimum(low, widest[0]), np.maximum(high, widest[1])
        if last is False and (right is None or how == "mean"):
            widest = band(left, 0.0, 1.0, how, error) if right is None else band(left - right, -1.0, 1.0, how, error)
            low, high = np.minimum(low, widest[0]), np.maximum(high, widest[1])
    return np.where(low > threshold, 1, np.where(high <= threshold, -1, 0))


def study(law, how, difference, effect, comparisons, experiments, rng):
    big = draw(law, 1_000_000, rng)
    truth = MEAN[law] if how == "mean" else np.median(big) if how == "median" else trimmed(big, len(big) // 4)[0]
    threshold = 0.0 if difference else truth
    wrong, right, fixed_wrong, fixed_right = np.zeros(4), np.zeros(4), 0, 0
    saved = []
    for start in range(0, experiments, 500):
        count = min(500, experiments - start)
        shape = (count, comparisons, LOOKS[-1])
        left = draw(law, shape, rng) + effect * DEVIATION[law]
        other = draw(law, shape, rng) if difference else None
        decided = np.zeros((count, comparisons), int)
        used = np.zeros((count, comparisons), int)
        for look, n in enumerate(LOOKS):
            open_ = decided == 0
            used[open_] = n
            ours, theirs = left[..., :n], None if other is None else other[..., :n]
            error = 0.05 / (comparisons * len(LOOKS))
            found = signs(ours, theirs, threshold, how, error, n == LOOKS[-1])
            decided[open_] = found[open_]
            bad = decided != 0 if effect == 0 else decided < 0
            wrong[look] += bad.any(axis=1).sum()
            right[look] += 0 if effect == 0 else (decided > 0).sum()
        at_once = signs(left, other, threshold, how, 0.05 / comparisons, None)
        fixed_wrong += (at_once != 0 if effect == 0 else at_once < 0).any(axis=1).sum()
        fixed_right += 0 if effect == 0 else (at_once > 0).sum()
        saved.append(1 - used.mean(axis=1) / LOOKS[-1])
    text = lambda x: f"{100 * x:.1f}"
    cells = [
        law, how, "difference" if difference else "figure", effect, comparisons, experiments,
        ", ".join(text(x / experiments) for x in wrong), text(fixed_wrong / experiments),
        ", ".join(text(x / experiments / comparisons) for x in right), text(fixed_right / experiments / comparisons),
        text(np.concatenate(saved).mean()),
    ]
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def told_apart(scores, left, n, error, rng):
    """Which of the schemes `left` n replicates tell apart from the leader, see step_down in src/analysis/rank.rs."""
    values = {s: scores[s, :n] for s in left}
    leader = max(left, key=lambda s: trimmed(values[s], n // 4)[0])
    others = []
    for s in left:
        if s != leader:
            ahead = values[leader] - values[s]
            others.append((ahead.mean() / (ahead.std(ddof=1) / sqrt(n)), s, ahead.mean()))
    others.sort(reverse=True)
    remaining, apart = list(left), []
    for t, s, difference in others:
        k = len(remaining)
        narrow, wide = sorted((values[s].std(), values[leader].std()))
        ratio = narrow / wide
        factor = max(k * (k - 1) / 2, 1 + 1.5 * (1 - ratio**3) / (1 + ratio**2) ** 1.5)
        if t <= critical(error / (ceil(20 * factor) / 20), n - 1):
            break
        if n <= 20 and log(factorial(k)) * (n - 1) >= -log(error):
            table = np.array([values[x] for x in remaining])
            table = table - table.mean(axis=0)
            observed = difference / sqrt(np.median(table.var(axis=1, ddof=1)))
            count = int(min(max(50 / error, 1000), 100_000)) - 1
            order = rng.random((count, k, n)).argsort(axis=1)
            drawn = np.take_along_axis(np.broadcast_to(table, (count, k, n)), order, axis=1)
            means, spread = drawn.mean(axis=2), np.sqrt(np.median(drawn.var(axis=2, ddof=1), axis=1))
            as_great = ((means.max(axis=1) - means.min(axis=1)) / spread >= observed * (1 - 1e-9)).sum()
            if (as_great + 1) / (count + 1) > error:
                break
        remaining.remove(s)
        apart.append(s)
    return apart


def ranking(law, schemes, better, experiments, rng):
    wrong, right, fixed_wrong, fixed_right, used = np.zeros(4), np.zeros(4), 0, 0, 0
    for _ in range(experiments):
        scores = draw(law, (schemes, LOOKS[-1]), rng)
        scores[0] += better * DEVIATION[law]
        left, lost, good = list(range(schemes)), False, 0
        for look, n in enumerate(LOOKS):
            if len(left) > 1:
                used += len(left) * (n - (LOOKS[look - 1] if look else 0))
                for s in told_apart(scores, left, n, 0.05 / len(LOOKS), rng):
                    left.remove(s)
                    lost |= better == 0 or s == 0
                    good += better > 0
            wrong[look] += lost
            right[look] += 0 if lost else good
        apart = told_apart(scores, list(range(schemes)), LOOKS[-1], 0.05, rng)
        lost = bool(apart) if better == 0 else 0 in apart
        fixed_wrong += lost
        fixed_right += 0 if lost or better == 0 else len(apart)
    text = lambda x: f"{100 * x:.1f}"
    pairs = experiments * (schemes - 1)
    cells = [
        law, "ranking", f"{schemes} schemes", better, schemes - 1, experiments,
        ", ".join(text(x / experiments) for x in wrong), text(fixed_wrong / experiments),
        ", ".join(text(x / pairs) for x in right), text(fixed_right / pairs),
        text(1 - used / (experiments * schemes * LOOKS[-1])),
    ]
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def main():
    arguments = [int(x) for x in sys.argv[1:]] + [10_000, 2_000][len(sys.argv) - 1 :]
    print("| law | figure | compared | effect | comparisons | experiments | wrong by 5, 10, 20, 40 | wrong, 40 at once"
          " | right by 5, 10, 20, 40 | right, 40 at once | trials saved |")
    print("|" + "---|" * 11)
    for effect in (0, 0.5, 1, 2):
        for comparisons in (1, 10):
            for how in ("iqm", "median", "mean"):
                for difference in (False, True):
                    for law in LAWS:
                        rng = np.random.default_rng(1)
                        count = arguments[1] if effect else arguments[0]
                        study(law, how, difference, effect, comparisons, count, rng)
    for law in LAWS:
        ranking(law, 5, 0, arguments[0], np.random.default_rng(2))
        ranking(law, 5, 1, arguments[1] // 10, np.random.default_rng(2))


if __name__ == "__main__":
    main()
