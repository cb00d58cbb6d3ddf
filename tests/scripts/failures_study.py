"""Coverage of the 95 % interval of an interquartile mean where a share of trainings fails.

    /tmp/looks/bin/python tests/scripts/failures_study.py [SAMPLES]        needs NumPy, see looks_study.py

prints a row for each share of failures (docs/statistics.md). Scores are N(0.9, 0.01^2), those of failures N(0.3, 0.05^2).
"""

import sys

import numpy as np
from looks_study import critical, trimmed


def draw(share, shape, rng):
    normal = rng.standard_normal(shape)
    return np.where(rng.random(shape) < share, 0.3 + 0.05 * normal, 0.9 + 0.01 * normal)


samples = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
print("| failures | interquartile mean of the law | 5 trials | 10 | 20 | 40 | 100 |\n|---|---|---|---|---|---|---|")
for share in (0.1, 0.2, 0.25, 0.3, 0.4, 0.5):
    rng = np.random.default_rng(1)
    law = draw(share, 3_000_000, rng)
    truth = trimmed(law, len(law) // 4)[0]
    cells = [f"{share:.0%}", f"{truth:.3f}"]
    for n in (5, 10, 20, 40, 100):
        values, cut = draw(share, (samples, n), rng), n // 4
        figure, effects = trimmed(values, cut)
        reach = critical(0.05, n - 2 * cut - 1) * np.sqrt((effects**2).sum(axis=-1))
        cells.append(f"{100 * (abs(figure - truth) <= reach).mean():.1f}")
    print("| " + " | ".join(cells) + " |")
