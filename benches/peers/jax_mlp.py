"""JAX: an epoch compiled as one `lax.scan` over batches, the faster way; `--trials K` trains K
networks at once with `vmap`. Thread use is XLA's own: all cores for one process."""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from common import arguments, batches, layers, load, measure

args = arguments()
x, y = load(args.data)
x, y = jnp.asarray(x), jnp.asarray(y)


def loss_of(parameters, xb, yb):
    a = xb
    for weight, bias in parameters[:-1]:
        a = jax.nn.relu(a @ weight + bias)
    weight, bias = parameters[-1]
    logits = a @ weight + bias
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), yb[:, None], axis=1))


def epoch_of(parameters, rows):
    def step(parameters, rows):
        loss, gradient = jax.value_and_grad(loss_of)(parameters, x[rows], y[rows])
        return jax.tree.map(lambda p, g: p - args.rate * g, parameters, gradient), loss

    parameters, losses = jax.lax.scan(step, parameters, rows)
    return parameters, losses[-1]


many = args.trials > 1
run = jax.jit(jax.vmap(epoch_of) if many else epoch_of, donate_argnums=0)
trials = []
for trial in range(args.trials):
    args.seed += trial
    trials.append(layers(args, x.shape[1]))
parameters = jax.tree.map(lambda *p: jnp.stack(p) if many else jnp.asarray(p[0]), *trials)
rng = np.random.default_rng(args.seed)
whole = len(y) // args.batch * args.batch


def epoch(_):
    global parameters
    rows = np.stack([batches(rng, len(y), args.batch) for _ in range(args.trials)])
    parameters, loss = run(parameters, rows if many else rows[0])
    return jnp.mean(loss).block_until_ready()


measure(args, whole * args.trials, epoch)
