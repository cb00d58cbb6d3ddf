"""What the peers share: data, network, the line that each prints."""
import argparse
import gzip
import json
import sys
import time
from pathlib import Path

import numpy as np


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", default="256,128", type=lambda s: [int(w) for w in s.split(",")])
    parser.add_argument("--batch", default=32, type=int)
    parser.add_argument("--epochs", default=5, type=int)
    parser.add_argument("--rate", default=0.01, type=float)
    parser.add_argument("--data", help="directory with MNIST's IDX files; the 8x8 digits without")
    parser.add_argument("--trials", default=1, type=int, help="networks in this process, trained at once")
    parser.add_argument("--source", help="checkout of a program that is on no registry (ParallelMLPs)")
    parser.add_argument("--check", action="store_true", help="compare bits instead (RepDL)")
    parser.add_argument("--seed", default=0, type=int)
    return parser.parse_args()


def load(path):
    """Training rows as f32 in 0..1 and labels; the same rows count as goodinit trains on."""
    if path is None:
        table = np.loadtxt(Path(__file__).parents[2] / "src/data/digits.csv.gz", delimiter=",")
        return (table[:, :64] / 16).astype(np.float32)[:1079], table[:1079, 64].astype(np.int32)

    def idx(name, offset):
        return np.frombuffer(gzip.open(Path(path) / name).read(), np.uint8, offset=offset)

    y = idx("train-labels-idx1-ubyte.gz", 8).astype(np.int32)
    x = idx("train-images-idx3-ubyte.gz", 16).reshape(len(y), -1).astype(np.float32) / 255
    rows = len(y) * 9 // 10  # the rest is for validation
    return x[:rows], y[:rows]


def layers(args, inputs):
    """He-normal weights and zero biases, layer by layer, as numpy arrays."""
    widths = [inputs, *args.hidden, 10]
    rng = np.random.default_rng(args.seed)
    return [
        (rng.normal(0, (2 / n) ** 0.5, (n, m)).astype(np.float32), np.zeros(m, np.float32))
        for n, m in zip(widths, widths[1:])
    ]


def torch_network(args, inputs):
    """The same as a `torch.nn.Sequential`."""
    import torch  # JAX's program has none

    parts = []
    for weight, bias in layers(args, inputs):
        linear = torch.nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T))
            linear.bias.copy_(torch.from_numpy(bias))
        parts += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1])


def batches(rng, rows, batch):
    """Row numbers of an epoch's batches. Like goodinit, without a remainder where it fits."""
    order = rng.permutation(rows).astype(np.int32)
    whole = rows // batch * batch
    return order[:whole].reshape(-1, batch)


def measure(args, samples_per_epoch, epoch, wait=True):
    """One epoch to warm up and compile, then waits for a line on standard input, so that several
    processes start together; then the timed epochs."""
    epoch(0)
    if wait:
        print("ready", flush=True)
        sys.stdin.readline()
    start = time.perf_counter()
    for i in range(1, args.epochs + 1):
        loss = epoch(i)
    seconds = time.perf_counter() - start
    samples = samples_per_epoch * args.epochs
    print(json.dumps({"samples": samples, "seconds": seconds, "loss": float(loss)}), flush=True)
