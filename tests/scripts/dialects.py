#!/usr/bin/env python3
"""Draws by the calls of docs/names.md from the libraries that are installed, and by this program's
schemes beside them, and compares variance and kurtosis (a plain normal has 3, one cut at two
deviations 2.37, a uniform law 1.8); what is not random must be equal.

    pip install torch jax flax keras dm-haiku timm safetensors numpy     # as many of them as wanted
    python tests/scripts/dialects.py [target/release/goodinit]

Exits 1 if a pair differs by more than 5 standard errors.
"""

import csv
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file

os.environ.setdefault("KERAS_BACKEND", "jax")
GOODINIT = sys.argv[1] if len(sys.argv) > 1 else "target/release/goodinit"
FAN_IN, FAN_OUT, REPLICATES = 64, 512, 6


def rows():
    """The calls and schemes of the table."""
    for line in pathlib.Path("docs/names.md").read_text().splitlines():
        if found := re.match(r"\| `(.+?)` \| `(.+?)` \|", line):
            yield found.groups()


def ours(values):
    """The first layer's weights under each scheme, `fan_in x fan_out`, all replicates."""
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        file = directory / "names.toml"
        # One grid each: a scheme may be listed under several names.
        grids = "\n".join(
            f'[[grid]]\nscheme = {value}\narchitecture = [[{FAN_OUT}]]\nlearning_rate = {index + 1}'
            for index, value in enumerate(values)
        )
        file.write_text(
            f'name = "names"\nreplicates = {REPLICATES}\n[data]\nkind = "digits"\n[train]\nepochs = 0\n'
            f'[record]\nweights = "initial"\n{grids}\n'
        )
        out = directory / "out"
        subprocess.run([GOODINIT, "grid", file, "--out", out], check=True, stdout=subprocess.DEVNULL)
        drawn = [[] for _ in values]
        for row in csv.DictReader((out / "trials.csv").open()):
            weights = load_file(out / "weights" / f"{row['trial_id']}-initial.safetensors")
            drawn[int(float(row["learning_rate"])) - 1].append(weights["layers.0.weight"].T)
        return drawn


def theirs(call):
    """The same from the library, or None where it is not installed (or not Python)."""
    library = call.split(".")[0]
    if importlib.util.find_spec(library) is None:
        return None
    if library in ("torch", "timm"):
        import torch

        names = {"torch": torch}
        if library == "timm":
            import timm.layers

            names["timm"] = timm
        draws = []
        for seed in range(REPLICATES):
            torch.manual_seed(seed)
            if call == "torch.nn.Linear":
                w = torch.nn.Linear(FAN_IN, FAN_OUT).weight.detach()
            else:
                w = torch.empty(FAN_OUT, FAN_IN)
                eval(call, names, {"w": w})
            draws.append(w.numpy().T)
        return draws
    if library in ("jax", "flax", "haiku"):
        import jax

        x = jax.numpy.ones((1, FAN_IN))
        keys = map(jax.random.key, range(REPLICATES))
        if call == "flax.linen.Dense":
            import flax.linen

            return [np.asarray(flax.linen.Dense(FAN_OUT).init(k, x)["params"]["kernel"]) for k in keys]
        if call == "haiku.Linear":
            import haiku

            linear = haiku.transform(lambda x: haiku.Linear(FAN_OUT)(x))
            keys = map(jax.random.PRNGKey, range(REPLICATES))
            return [np.asarray(linear.init(k, x)["linear"]["w"]) for k in keys]
        initializer = eval(call, {"jax": jax})
        return [np.asarray(initializer(k, (FAN_IN, FAN_OUT))) for k in keys]
    if library == "keras":
        import keras

        keras.utils.set_random_seed(1)
        if call == "keras.layers.Dense":
            layers = [keras.layers.Dense(FAN_OUT) for _ in range(REPLICATES)]
            for layer in layers:
                layer.build((None, FAN_IN))
            return [np.asarray(layer.kernel) for layer in layers]
        return [np.asarray(eval(call, {"keras": keras})(shape=(FAN_IN, FAN_OUT))) for _ in range(REPLICATES)]
    return None


def moments(draws):
    x = np.concatenate([d.ravel() for d in draws]).astype(np.float64)
    variance = np.mean(x * x)
    return variance, np.mean(x**4) / variance**2 if variance else 0.0, len(x)


pairs = list(rows())
differ, compared, absent = [], 0, []
for (call, value), mine in zip(pairs, ours([value for _, value in pairs])):
    other = theirs(call)
    if other is None:
        absent.append(call)
        continue
    compared += 1
    if all(np.array_equal(d, mine[0]) for d in mine):
        same = all(np.array_equal(d, mine[0]) for d in other)
        print(f"{call}: {'equal' if same else 'NOT EQUAL'}")
    else:
        (a, ka, n), (b, kb, m) = moments(mine), moments(other)
        error = (a / b - 1) / np.sqrt((ka - 1) / n + (kb - 1) / m)
        # The eighth moment of a normal law bounds the standard error of all these kurtoses.
        spread = abs(ka - kb) / np.sqrt(24 / n + 24 / m)
        same = abs(error) < 5 and spread < 5
        print(f"{call}: variance ratio {a / b:.4f} ({error:+.1f} standard errors), kurtosis {ka:.3f} and {kb:.3f}{'' if same else '  DIFFERENT'}")
    if not same:
        differ.append(call)
print(f"{compared} calls compared, {len(differ)} differ: {differ}; not installed: {absent}")
sys.exit(bool(differ) or compared == 0)  # nothing compared is no success
