"""ParallelMLPs (Farias, Ludermir and Bastos-Filho 2022, arXiv 2206.08369): networks of one hidden layer as one wide
network, by the authors' program: `python parallel_mlps.py --source DIR --trials 100`, where DIR is a checkout of
fariasfc/parallel-mlps. All networks of a step see the same batch, which is the method's own restriction; its weights are
drawn by PyTorch's default law. Threads: PyTorch's default, all cores."""
import sys

import numpy as np
import torch

from common import arguments, batches, load, measure

args = arguments()
sys.path.insert(0, args.source)
from parallel_mlps.parallel_mlp import ParallelMLPs  # noqa: E402

(width,) = args.hidden
x, y = load(args.data)
torch.manual_seed(args.seed)
model = ParallelMLPs(in_features=x.shape[1], out_features=10, min_neurons=width, max_neurons=width, step=1,
                     repetitions=args.trials, activations=[torch.nn.ReLU()], device="cpu")
optimizer = torch.optim.SGD(model.parameters(), lr=args.rate)
loss_of = torch.nn.CrossEntropyLoss(reduction="none")
x, y = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
rng = np.random.default_rng(args.seed)
whole = len(y) // args.batch * args.batch


def epoch(_):
    loss = None
    for rows in torch.from_numpy(batches(rng, len(y), args.batch).astype(np.int64)):
        optimizer.zero_grad(set_to_none=True)
        # The mean over the batch, the sum over networks: each has its own gradient.
        loss = model.calculate_loss(loss_of, model(x[rows]), y[rows]).mean(0)
        loss.sum().backward()
        optimizer.step()
    return loss.detach().mean()


measure(args, whole * args.trials, epoch)
