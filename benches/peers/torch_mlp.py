"""PyTorch on one thread, eager: `python torch_mlp.py --batch 32`. Several run as processes."""
import torch

from common import arguments, batches, load, measure, torch_network

import numpy as np

args = arguments()
torch.set_num_threads(1)
torch.set_num_interop_threads(1)
x, y = load(args.data)
model = torch_network(args, x.shape[1])
optimizer = torch.optim.SGD(model.parameters(), lr=args.rate)
loss_of = torch.nn.CrossEntropyLoss()
x, y = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
rng = np.random.default_rng(args.seed)
whole = len(y) // args.batch * args.batch


def epoch(_):
    total = 0.0
    for rows in torch.from_numpy(batches(rng, len(y), args.batch).astype(np.int64)):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        total = loss.detach()
    return total


measure(args, whole, epoch)
