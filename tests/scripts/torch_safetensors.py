#!/usr/bin/env python3
"""Weights go from PyTorch to goodinit and back without losing a bit.

    pip install torch safetensors numpy
    python tests/scripts/torch_safetensors.py [target/release/goodinit]

PyTorch writes a network; goodinit copies it by `transfer`, or reads it by `weights` as it is, in
double and in half precision and behind the prefix of `torch.compile`, trains no step, and saves what
it has; PyTorch loads that into a module of its own and compares bits and outputs.
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


def saved_by_goodinit(directory, scheme):
    """The state that goodinit has after no step of training from `scheme`."""
    name = f"copy{len(list(directory.iterdir()))}"
    experiment = directory / f"{name}.toml"
    experiment.write_text(
        f"""
name = "{name}"
replicates = 1
[train]
epochs = 0
[grid]
scheme = {scheme}
architecture = [[32, 16]]
learning_rate = 0.1
[record]
weights = "initial"
"""
    )
    out = directory / name
    subprocess.run([goodinit, "grid", experiment, "--out", out], check=True, stdout=subprocess.DEVNULL)
    (copy,) = (out / "weights").glob("*-initial.safetensors")
    return load_file(copy)


with tempfile.TemporaryDirectory() as directory:
    directory = pathlib.Path(directory)
    torch.manual_seed(1)
    ours = Perceptron()
    state = ours.state_dict()
    save_file(state, directory / "torch.safetensors")
    prefixed = {f"_orig_mod.{name}": tensor for name, tensor in state.items()}
    step = {"step": torch.zeros(1, dtype=torch.int64)}
    save_file({name: tensor.double() for name, tensor in prefixed.items()} | step, directory / "double-0.safetensors")
    half = {name: tensor.half() for name, tensor in state.items()}
    save_file(half, directory / "half.safetensors")
    brain = {name: tensor.bfloat16() for name, tensor in state.items()}
    save_file(brain, directory / "bfloat16.safetensors")
    x = torch.randn(7, 64)
    for scheme, expected in [
        (f"{{ kind = 'transfer', source = '{directory}/torch.safetensors' }}", state),
        (f"{{ kind = 'weights', path = '{directory}/torch.safetensors' }}", state),
        (f"{{ kind = 'weights', path = '{directory}/double-{{weight_seed}}.safetensors' }}", state),
        (f"{{ kind = 'weights', path = '{directory}/half.safetensors' }}", half),
        (f"{{ kind = 'weights', path = '{directory}/bfloat16.safetensors' }}", brain),
    ]:
        copy = saved_by_goodinit(directory, scheme)
        for name, tensor in expected.items():
            assert torch.equal(tensor.float(), copy[name]), (scheme, name)
        back = Perceptron()
        back.load_state_dict(copy)
        ours.load_state_dict({name: tensor.float() for name, tensor in expected.items()})
        assert torch.equal(ours(x), back(x)), scheme
    print(f"{len(state)} tensors came back bit for bit, 5 times; metadata and names load as they are")
