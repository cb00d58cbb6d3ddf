#!/usr/bin/env python3
"""Weights go from PyTorch to goodinit and back without losing a bit.

    pip install torch safetensors numpy
    python tests/scripts/torch_safetensors.py [target/release/goodinit]

PyTorch writes a network; goodinit copies it by `transfer`, trains no step, and saves what it has;
PyTorch loads that into a module of its own and compares bits and outputs.
"""

import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file

goodinit = sys.argv[1] if len(sys.argv) > 1 else "target/release/goodinit"


class Perceptron(torch.nn.Module):
    def __init__(self):
        super().__init__()
        widths = [64, 32, 16, 10]
        self.layers = torch.nn.ModuleList(torch.nn.Linear(a, b) for a, b in zip(widths, widths[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


with tempfile.TemporaryDirectory() as directory:
    directory = pathlib.Path(directory)
    torch.manual_seed(1)
    ours = Perceptron()
    source = directory / "torch.safetensors"
    save_file(ours.state_dict(), source)
    experiment = directory / "copy.toml"
    experiment.write_text(
        f"""
name = "copy"
replicates = 1
[train]
epochs = 0
[grid]
scheme = {{ kind = "transfer", source = '{source}' }}
architecture = [[32, 16]]
learning_rate = 0.1
[record]
weights = "initial"
"""
    )
    out = directory / "out"
    subprocess.run([goodinit, "grid", experiment, "--out", out], check=True, stdout=subprocess.DEVNULL)
    (copy,) = (out / "weights").glob("*-initial.safetensors")
    back = Perceptron()
    back.load_state_dict(load_file(copy))
    for name, tensor in ours.state_dict().items():
        assert torch.equal(tensor, back.state_dict()[name]), name
    x = torch.randn(7, 64)
    assert torch.equal(ours(x), back(x))
    print(f"{len(ours.state_dict())} tensors came back bit for bit; metadata and names load as they are")
