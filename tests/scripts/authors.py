#!/usr/bin/env python3
"""Compares five schemes with their authors' code, run as it is: weights where nothing is random or where both
start from the same weights, else the limit or deviation that the code draws with.

    pip install torch numpy pyyaml
    mkdir sources && cd sources && for r in vsitzmann/siren microsoft/mup ducha-aiki/LSUV-pytorch \\
        jmiravet/Sinusoidal-Initialization; do git clone --depth 1 https://github.com/$r; done; cd ..
    python3 tests/scripts/authors.py sources [target/release/goodinit]

he_normal         torch.nn.init.kaiming_normal_     deviation
siren             vsitzmann/siren, modules.py       limits
mup               microsoft/mup, MuReadout          deviations, the factor of the readout taken in
lsuv              ducha-aiki/LSUV-pytorch           weights, from the same orthogonal ones and data; theirs
                                                    leaves the first layer as it is
sinusoidal        jmiravet/Sinusoidal-Initialization weights; theirs has angles of up to 600 in single precision

Checked with siren 4df34ba, mup 1981497, LSUV-pytorch 60e9fee and Sinusoidal-Initialization 334f680. Exits 1 if a
deviation or limit differs by more than 1e-6 of it, or a weight by more than 1e-5 of the
largest (1e-4 of sinusoidal).
"""

import __future__
import ast
import csv
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn

SOURCES = pathlib.Path(sys.argv[1])
GOODINIT = sys.argv[2] if len(sys.argv) > 2 else "target/release/goodinit"
ROWS, INPUTS, WIDTH, OUTPUTS = 200, 20, 96, 10


def tensors(path):
    """The tensors of a .safetensors file."""
    raw = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            flat = np.frombuffer(raw[8 + length + start : 8 + length + end], "<f4")
            found[name] = flat.reshape(entry["shape"]).copy()
    return found


def run(command, scheme, data, extra="", hidden=(WIDTH, WIDTH)):
    """The tables of one network of this program's."""
    directory = pathlib.Path(tempfile.mkdtemp())
    file = directory / "authors.toml"
    file.write_text(
        f'name = "authors"\nseed = 5\nreplicates = 1\n[data]\nkind = "csv"\npath = "{data}"\n'
        f'split = {{ train = {ROWS}, validation = 0, test = 0 }}\ncenter = "none"\nstandardize = "none"\n'
        f'[train]\nepochs = 0\nbatch_size = 32\n[record]\nweights = "initial"\n'
        f"[grid]\nscheme = {scheme}\narchitecture = [{list(hidden)}]\nlearning_rate = 0.1\n{extra}\n"
    )
    out = directory / "out"
    subprocess.run([GOODINIT, command, file, "--out", out], check=True, stdout=subprocess.DEVNULL)
    return out


def weights(scheme, data, extra=""):
    """The initial weight matrices, `units x inputs`."""
    (file,) = (run("grid", scheme, data, extra) / "weights").glob("*-initial.safetensors")
    found = tensors(file)
    return [found[name] for name in sorted(found) if name.endswith("weight")]


def deviations(scheme, data, extra=""):
    """The deviation of each layer's weights, by the formula of the scheme."""
    rows = csv.DictReader((run("probe", scheme, data, extra) / "probe.csv").open())
    return [math.sqrt(float(row["weight_variance_theory"])) for row in rows]


def definitions(path, *names):
    """Functions of a module, without what else the module imports or does."""
    kept = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef) and n.name in names]
    space = {"torch": torch, "np": np, "nn": nn, "math": math}
    space |= {"_calculate_correct_fan": nn.init._calculate_correct_fan}
    # Annotations are not wanted, and would need the module's imports.
    code = compile(ast.Module(kept, []), str(path), "exec", flags=__future__.annotations.compiler_flag)
    exec(code, space)
    return [space[name] for name in names]


def captured(method, draw):
    """The last two numbers with which `draw` calls the method of a tensor."""
    seen = []
    original = getattr(torch.Tensor, method)
    setattr(torch.Tensor, method, lambda self, a, b: seen.append((a, b)) or original(self, a, b))
    try:
        draw()
    finally:
        setattr(torch.Tensor, method, original)
    return seen[-1]


def he(data):
    shapes = [(WIDTH, INPUTS), (WIDTH, WIDTH), (OUTPUTS, WIDTH)]
    theirs = [captured("normal_", lambda s=s: nn.init.kaiming_normal_(torch.empty(s)))[1] for s in shapes]
    return deviations('"he_normal"', data), theirs


def siren(data):
    inner, first = definitions(SOURCES / "siren/modules.py", "sine_init", "first_layer_sine_init")
    layers = [nn.Linear(INPUTS, WIDTH), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, OUTPUTS)]
    draws = [first, inner, inner]
    theirs = [captured("uniform_", lambda d=d, m=m: d(m))[1] for d, m in zip(draws, layers)]
    ours = deviations('"siren"', data, 'activation = { kind = "sine", omega = 30 }')
    return [math.sqrt(3) * s for s in ours], theirs


def mup(data):
    sys.path.insert(0, str(SOURCES / "mup"))
    from mup import MuReadout, set_base_shapes
    from mup.init import kaiming_normal_

    def network(width):
        return nn.Sequential(nn.Linear(INPUTS, width), nn.Linear(width, width), MuReadout(width, OUTPUTS))

    base = 32
    model = set_base_shapes(network(WIDTH), network(base), delta=network(2 * base))
    # The gain of what feeds the layer: none for the data, that of ReLU for the others.
    gains = ["linear", "relu", "relu"]
    theirs = [
        captured("normal_", lambda m=m, g=g: kaiming_normal_(m.weight, nonlinearity=g))[1]
        for m, g in zip(model, gains)
    ]
    theirs[2] /= model[2].width_mult()
    return deviations(f'{{ kind = "mup", base_width = {base} }}', data), theirs


def lsuv(data):
    sys.path.insert(0, str(SOURCES / "LSUV-pytorch"))
    from LSUV import LSUVinit

    start = weights('"orthogonal"', data)
    layers = []
    for w in start:
        linear = nn.Linear(w.shape[1], w.shape[0], bias=False)
        linear.weight.data = torch.from_numpy(w.copy())
        layers += [linear, nn.ReLU()]
    x = np.loadtxt(data, delimiter=",", skiprows=1, dtype=np.float32)[:, :INPUTS]
    model = nn.Sequential(*layers[:-1])
    LSUVinit(model, torch.from_numpy(x), std_tol=0.001, do_orthonorm=False, verbose=False)
    # A deviation within .001 of 1 is a variance within .002.
    ours = weights(f'{{ kind = "lsuv", tolerance = 0.002, samples = {ROWS} }}', data)
    theirs = [m.weight.detach().numpy() for m in model if isinstance(m, nn.Linear)]
    # Their loop begins at the second layer, which takes on the first one's factor: behind ReLU the
    # network is the same. The factor is of weights that are far from 0.
    assert np.array_equal(theirs[0], start[0])
    place = np.unravel_index(np.abs(start[0]).argmax(), start[0].shape)
    return [ours[0][place] / start[0][place] * ours[1], ours[2]], theirs[1:]


def sinusoidal(data):
    (draw,) = definitions(SOURCES / "Sinusoidal-Initialization/initialize.py", "sinusoidal_")
    shapes = [(WIDTH, INPUTS), (WIDTH, WIDTH), (OUTPUTS, WIDTH)]
    return weights('"sinusoidal"', data), [draw(torch.empty(s)).numpy() for s in shapes]


def main():
    generator = np.random.default_rng(1)
    x = generator.standard_normal((ROWS, INPUTS)).astype(np.float32)
    data = pathlib.Path(tempfile.mkdtemp()) / "data.csv"
    with data.open("w") as out:
        out.write(",".join([f"x{i}" for i in range(INPUTS)] + ["label"]) + "\n")
        for i, row in enumerate(x):
            out.write(",".join([repr(float(v)) for v in row] + [str(i % OUTPUTS)]) + "\n")
    bad = []
    for scheme, limit in [(he, 1e-6), (siren, 1e-6), (mup, 1e-6), (lsuv, 1e-5), (sinusoidal, 1e-4)]:
        ours, theirs = scheme(data)
        pairs = [(np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in zip(ours, theirs)]
        difference = max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)
        what = "weights" if pairs[0][0].ndim else "deviations or limits"
        print(f"{scheme.__name__}: {what} of {len(pairs)} layers, largest relative difference {difference:.1e}")
        if not (len(ours) == len(theirs) >= 2 and difference <= limit):
            bad.append(scheme.__name__)
    print(f"{len(bad)} differ: {bad}")
    sys.exit(bool(bad))


main()
