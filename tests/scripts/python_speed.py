#!/usr/bin/env python3
"""How much slower is a grid whose scheme is written in Python than with the same scheme built in?

    python3 tests/scripts/python_speed.py [ROUNDS]      needs the wheel (tests/scripts/python.sh builds it); ROUNDS: 5 if absent

`he_normal` in both ways, in turns, on as many threads as there are cores. Prints the medians of trials per second and of their ratio. The
tables are held to be the same but for the scheme's name: equal work is compared.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import goodinit as gi

EXPERIMENT = """
name = "speed"
replicates = {replicates}
train = {{ epochs = {epochs}, batch_size = 32 }}
record = {{ epochs = false }}
grid = {{ scheme = ["{scheme}"], architecture = [{architecture}], learning_rate = 0.05 }}
"""
#: Network, epochs, trials.
CASES = [("[32]", 1, 1000), ("[32]", 10, 100), ("[256, 128]", 10, 8), ("{ depth = 30, width = 64 }", 10, 8)]


@gi.scheme("mine")
def mine(layer, rng):
    return rng.normal(layer.shape, std=(2 / layer.fan_in) ** 0.5)


def run(directory: Path, scheme: str, architecture: str, epochs: int, replicates: int) -> tuple[float, list[str]]:
    """Trials per second, and the networks that came out."""
    text = EXPERIMENT.format(scheme=scheme, architecture=architecture, epochs=epochs, replicates=replicates)
    done = gi.grid(text, mine, out=directory, fresh=True, progress=False)
    return replicates / done._outcome["seconds"], sorted(row["final_hash"] for row in done._rows())


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("network, epochs, trials: trials/s built in, in Python, ratio")
    for case in CASES:
        rates: list[tuple[float, float]] = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as directory:
                built_in, networks = run(Path(directory, "built-in"), "he_normal", *case)
                in_python, same = run(Path(directory, "python"), "mine", *case)
                assert networks == same
                rates.append((built_in, in_python))
        medians = [statistics.median(column) for column in zip(*rates)]
        ratio = statistics.median(python / built_in for built_in, python in rates)
        print(f"{case[0]}, {case[1]}, {case[2]}: {medians[0]:.0f}, {medians[1]:.0f}, {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
