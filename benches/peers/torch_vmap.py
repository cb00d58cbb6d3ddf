"""Many networks at once in PyTorch: `torch.func`'s model ensembling, `stack_module_state` and `vmap` over `grad`:
`python torch_vmap.py --trials 100`. Every network has its own order of batches. Threads: PyTorch's default, all cores."""
import copy

import torch
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from common import arguments, batches, load, measure, torch_network

import numpy as np

args = arguments()
x, y = load(args.data)
networks = []
for trial in range(args.trials):
    args.seed += trial
    networks.append(torch_network(args, x.shape[1]))
parameters, buffers = stack_module_state(networks)
parameters = {name: p.detach() for name, p in parameters.items()}
one = copy.deepcopy(networks[0]).to("meta")
x, y = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
rng = np.random.default_rng(args.seed)
whole = len(y) // args.batch * args.batch


def loss_of(parameters, buffers, xb, yb):
    return torch.nn.functional.cross_entropy(functional_call(one, (parameters, buffers), (xb,)), yb)


step = vmap(grad_and_value(loss_of))


def epoch(_):
    orders = np.stack([batches(rng, len(y), args.batch) for _ in range(args.trials)], axis=1)
    loss = None
    for rows in torch.from_numpy(orders.astype(np.int64)):
        gradients, loss = step(parameters, buffers, x[rows], y[rows])
        for name, p in parameters.items():
            p.sub_(gradients[name], alpha=args.rate)
    return loss.mean()


measure(args, whole * args.trials, epoch)
