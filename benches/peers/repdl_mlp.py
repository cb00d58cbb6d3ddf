"""RepDL (Xie, Zhang and Chen 2025, arXiv 2510.09180; microsoft/RepDL): the same bits on any hardware, by fixed orders of
summation and correctly rounded functions: `python repdl_mlp.py --batch 32`, one process, OpenMP's threads (all cores).

`--check` trains one epoch with 1 and with all threads, compares the bits of the weights, and of a product with one chain
of fused multiply-adds in ascending k, which is goodinit's contract too.

RepDL is not on a package registry. Its `setup.py` wants CUDA; to build it for the CPU only, remove the `CUDAExtension`
and the import of `backend.cuda`, then `pip install --no-build-isolation .` in a checkout, outside this repository."""
import sys

import numpy as np
import torch

from common import arguments, batches, load, measure, torch_network

import repdl

args = arguments()
x, y = load(args.data)
x, y = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
whole = len(y) // args.batch * args.batch


def network():
    return repdl.from_torch_module(torch_network(args, x.shape[1]))


def train(model, rng, most=None):
    loss = None
    for rows in torch.from_numpy(batches(rng, len(y), args.batch)[:most].astype(np.int64)):
        model.zero_grad(set_to_none=True)
        loss = repdl.nn.functional.cross_entropy(model(x[rows]), y[rows])
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p.sub_(p.grad.mul(args.rate))
    return loss.detach()


def check():
    bits = []
    for threads in (1, torch.get_num_threads()):
        torch.set_num_threads(threads)
        model = network()
        train(model, np.random.default_rng(args.seed), 20)
        bits.append(repdl.utils.get_hash(model))
    rng = np.random.default_rng(args.seed)
    a, b = (rng.normal(size=(8, 8)).astype(np.float32) for _ in "ab")
    chain = np.zeros((8, 8), np.float32)
    for k in range(8):  # the f64 sum of an exact product and an f32, rounded once, is a fused multiply-add but for double rounding
        chain = (a[:, k, None].astype(np.float64) * b[k].astype(np.float64) + chain).astype(np.float32)
    equal = np.array_equal(repdl.ops.mm(torch.from_numpy(a), torch.from_numpy(b)).numpy(), chain)
    print(f"1 and {threads} threads: {'the same bits' if bits[0] == bits[1] else 'DIFFERENT BITS'} after 20 steps; "
          f"products are {'one chain' if equal else 'NOT one chain'} of fused multiply-adds over k")
    sys.exit(bits[0] != bits[1] or not equal)


if args.check:
    check()
model, rng = network(), np.random.default_rng(args.seed)
measure(args, whole, lambda _: train(model, rng))
