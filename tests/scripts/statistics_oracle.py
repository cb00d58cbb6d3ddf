"""Reference values for src/analysis/stats, from rliable, SciPy, NumPy and statsmodels.

    python3 -m venv /tmp/statistics && /tmp/statistics/bin/pip install rliable==1.2.0 scipy numpy statsmodels "pandas<3"
    /tmp/statistics/bin/python tests/scripts/statistics_oracle.py > tests/fixtures/statistics.json

The unit tests of src/analysis/stats hold the crate's own functions to these to 1e-9.
"""

import itertools
import json
import sys

import arch.bootstrap
import numpy as np
import rliable
import scipy
import scipy.stats
import statsmodels
from rliable import library, metrics

rng = np.random.RandomState(20260101)
out = {
    "versions": {
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "statsmodels": statsmodels.__version__,
        "arch": arch.__version__,
        "rliable": "1.2.0",
    }
}

# Point estimates of samples of every small size.
out["samples"] = []
for n in list(range(1, 14)) + [50]:
    x = rng.beta(3, 2, size=n)
    out["samples"].append({
        "values": x.tolist(),
        "median": float(np.median(x)),
        "iqm": float(metrics.aggregate_iqm(x.reshape(-1, 1))),
        "trim_mean": float(scipy.stats.trim_mean(x, 0.25)),
        "mean": float(np.mean(x)),
        "std": float(np.std(x, ddof=1)) if n > 1 else None,
        "percentile_2.5": float(np.percentile(x, 2.5)),
        "percentile_97.5": float(np.percentile(x, 97.5)),
    })

# Probability of improvement over pairs, with and without ties: rliable's, of one pair a task.
out["improvement"] = []
for n, m, decimals in [(5, 5, 6), (10, 7, 6), (8, 8, 1), (12, 5, 1)]:
    x = np.round(rng.beta(4, 2, size=n), decimals)
    y = np.round(rng.beta(3, 2, size=m), decimals)
    x, y = x[:min(n, m)], y[:min(n, m)]
    p = metrics.probability_of_improvement(x.reshape(1, -1), y.reshape(1, -1))
    out["improvement"].append({"x": x.tolist(), "y": y.tolist(), "probability": float(p)})

# rliable's stratified percentile interval of the IQM over runs x tasks, with the very indices
# that it drew.
runs, tasks, reps = 6, 3, 250
scores = rng.beta(5, 2, size=(runs, tasks))
drawn = []
original = library.StratifiedBootstrap.update_indices


def recording(self):
    indices = original(self)
    drawn.append(indices[0].tolist())
    return indices


library.StratifiedBootstrap.update_indices = recording
np.random.seed(7)
points, intervals = library.get_interval_estimates(
    {"a": scores}, lambda x: np.array([metrics.aggregate_iqm(x)]), method="percentile", reps=reps)
out["bootstrap"] = {
    "scores": scores.tolist(),
    "indices": drawn,
    "iqm": float(points["a"][0]),
    "low": float(intervals["a"][0][0]),
    "high": float(intervals["a"][1][0]),
}

# Performance profile over times to a target (rliable counts scores above tau, so times are
# negated; a hair below tau makes "at most" of its "more than").
times = rng.geometric(0.1, size=(8, 4)).astype(float)
taus = [1.0, 3.0, 5.0, 10.0, 20.0]
profile = [library.run_score_deviation(-times, -(t + 1e-9)) for t in taus]
out["profile"] = {"times": times.tolist(), "taus": taus, "shares": [float(p) for p in profile]}

# A paired difference, by Student's t.
x = rng.normal(0.7, 0.1, size=12)
y = x - 0.05 + rng.normal(0.0, 0.02, size=12)
found = scipy.stats.ttest_rel(x, y)
out["paired"] = {"x": x.tolist(), "y": y.tolist(), "p_value": float(found.pvalue),
                 "low": float(found.confidence_interval().low), "high": float(found.confidence_interval().high)}

# Student's t and the binomial law.
out["student"] = [{"t": t, "freedom": f, "two_sided": float(2 * scipy.stats.t.sf(t, f))}
                  for f in (1.0, 2.0, 3.0, 4.5, 9.0, 40.0, 1000.0) for t in (0.1, 1.0, 2.5, 12.0, 40.0)
                  if 2 * scipy.stats.t.sf(t, f) > 1e-200]
out["binomial"] = [{"k": k, "n": n, "at_most": float(scipy.stats.binom.cdf(k, n, 0.5))}
                   for n in (2, 5, 20, 200) for k in (0, 1, n // 2, n - 1)]

# Intervals of a mean, a trimmed mean (winsorized, Tukey and McLaughlin) and a median.
out["intervals"] = []
for n in (3, 4, 5, 7, 8, 12, 20, 40):
    x = rng.beta(3, 2, size=n)
    mean = scipy.stats.ttest_1samp(x, 0).confidence_interval()
    cut = n // 4
    winsorized = scipy.stats.mstats.winsorize(x, limits=(cut / n + 1e-9, cut / n + 1e-9))
    kept = n - 2 * cut
    error = np.sqrt(np.var(winsorized, ddof=1) * (n - 1) / (kept * (kept - 1)))
    reach = scipy.stats.t.ppf(0.975, kept - 1) * error
    iqm = scipy.stats.trim_mean(x, 0.25)
    s = np.sort(x)
    ks = [k for k in range(1, n // 2 + 1) if 1 - 2 * scipy.stats.binom.cdf(k - 1, n, 0.5) >= 0.95]
    k = max(ks, default=1)
    out["intervals"].append({
        "values": x.tolist(), "mean_low": float(mean.low), "mean_high": float(mean.high),
        "iqm_low": float(iqm - reach), "iqm_high": float(iqm + reach),
        "median_low": float(s[k - 1]), "median_high": float(s[n - k])})

# Variance components of crossed seeds by the textbook's mean squares, from statsmodels' ANOVA.
import pandas
import statsmodels.formula.api as formula
from statsmodels.stats.anova import anova_lm

w, o, d = 5, 4, 3
values = (rng.normal(0, 3.0, size=(w, 1, 1)) + rng.normal(0, 1.5, size=(1, o, 1))
          + rng.normal(0, 0.7, size=(1, 1, d)) + rng.normal(0, 1.0, size=(w, o, d)))
rows = [{"weights": i, "order": j, "data": k, "value": float(values[i, j, k])}
        for i in range(w) for j in range(o) for k in range(d)]
table = anova_lm(formula.ols("value ~ C(weights) * C(order) * C(data)", pandas.DataFrame(rows)).fit())
square = {tuple(term[2:-1] for term in name.split(":")): found for name, found in table["mean_sq"].items()}
wo, wd, od = (square[pair] for pair in [("weights", "order"), ("weights", "data"), ("order", "data")])
wod = square["weights", "order", "data"]
parts = {
    "weights": max(0.0, (square["weights",] - wo - wd + wod) / (o * d)),
    "order": max(0.0, (square["order",] - wo - od + wod) / (w * d)),
    "data": max(0.0, (square["data",] - wd - od + wod) / (w * o)),
    "rest": max(0.0, (wo - wod) / d) + max(0.0, (wd - wod) / o) + max(0.0, (od - wod) / w) + wod,
}
total = sum(parts.values())
out["variance"] = {"trials": rows, "total": float(total),
                   "shares": {k: float(v / total) for k, v in parts.items()}}

# Yuen's t of a trimmed mean: beside a sample without spread, her test of two samples is that of the one.
rng = np.random.RandomState(20260102)
out["yuen"] = []
for n in (4, 5, 8, 9, 20):
    x = rng.normal(0.1, 1.0, size=n)
    found = scipy.stats.ttest_ind(x, np.zeros(n), equal_var=False, trim=0.25)
    out["yuen"].append({"values": x.tolist(), "t": float(found.statistic), "p_value": float(found.pvalue)})

# The exact interval of a median, where n values can attain the level.
out["median"] = []
for n in (6, 7, 11, 20, 41):
    for level in (0.8, 0.9, 0.95):
        x = rng.exponential(size=n)
        found = scipy.stats.quantile_test(x, p=0.5).confidence_interval(level)
        out["median"].append({"values": x.tolist(), "level": level,
                              "low": float(found.low), "high": float(found.high)})

# Clopper and Pearson's interval of a share, and Newcombe's of a difference, from Wilson's intervals.
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

out["clopper_pearson"] = []
for k, n in [(0, 1), (0, 5), (1, 5), (5, 5), (3, 10), (19, 20), (77, 100), (999, 1000)]:
    for level in (0.9, 0.95, 0.99):
        found = scipy.stats.binomtest(k, n).proportion_ci(level, method="exact")
        again = proportion_confint(k, n, 1 - level, method="beta")
        assert np.allclose(again, (found.low, found.high), atol=1e-12)
        out["clopper_pearson"].append({"hits": k, "trials": n, "level": level,
                                       "low": float(found.low), "high": float(found.high)})
# The numbers need not be whole, where SciPy's beta quantiles are the definition.
for k, n in [(2.5, 7.3), (0.0, 3.2), (6.4, 6.4)]:
    low = scipy.stats.beta.ppf(0.025, k, n - k + 1) if k > 0 else 0.0
    high = scipy.stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    out["clopper_pearson"].append({"hits": k, "trials": n, "level": 0.95, "low": float(low), "high": float(high)})
out["newcombe"] = []
for k, n, l, m in [(5, 5, 0, 5), (3, 10, 7, 9), (20, 40, 18, 40)]:
    found = confint_proportions_2indep(k, n, l, m, method="newcomb", compare="diff")
    wilson = [[float(x) for x in proportion_confint(a, b, method="wilson")] for a, b in ((k, n), (l, m))]
    out["newcombe"].append({"x": k / n, "y": l / m, "x_interval": wilson[0], "y_interval": wilson[1],
                            "low": float(found[0]), "high": float(found[1])})

rng = np.random.RandomState(20260103)

# rliable's optimality gap with gamma = 1, over runs x tasks.
x = rng.beta(5, 2, size=(6, 4))
out["gap"] = {"scores": x.tolist(), "gap": float(metrics.aggregate_optimality_gap(x, gamma=1.0))}

# The expected best of k of n tries: the mean over all subsets, by another figure than the score.
out["budgets"] = []
for n in (1, 2, 5, 7):
    merit, score = rng.permutation(n), rng.beta(5, 2, size=n)
    best = [float(np.mean([score[max(chosen, key=lambda i: merit[i])] for chosen in itertools.combinations(range(n), k)]))
            for k in range(1, n + 1)]
    out["budgets"].append({"ranked": score[np.argsort(-merit)].tolist(), "expected": best})

# Friedman's test (with ties), its F form, and Nemenyi's critical difference.
out["friedman"] = []
for n, k, decimals in [(5, 3, 6), (20, 14, 6), (12, 5, 1), (4, 2, 6)]:
    x = np.round(rng.beta(4, 2, size=(n, k)) + 0.05 * np.arange(k), decimals)
    ranks = np.array([scipy.stats.rankdata(-row) for row in x])
    # friedmanchisquare asks for three treatments; of two its formula is that of the sign test.
    chi = (float(scipy.stats.friedmanchisquare(*x.T).statistic) if k > 2
           else 12 * n / (k * (k + 1)) * float(np.sum((ranks.mean(0) - (k + 1) / 2) ** 2)))
    f = (n - 1) * chi / (n * (k - 1) - chi)
    q = scipy.stats.studentized_range.ppf(0.95, k, np.inf)
    out["friedman"].append({
        "blocks": x.tolist(), "ranks": ranks.mean(0).tolist(), "chi_squared": chi,
        "p_value": float(scipy.stats.f.sf(f, k - 1, (k - 1) * (n - 1))),
        "critical_difference": float(q / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n)))})

json.dump(out, sys.stdout, indent=None, separators=(",", ":"))
print()
