"""Schemes: weights, parameters, errors, identity, warnings."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from conftest import halved, he_in_python

import goodinit as gi


def hashes(run: gi.Run, scheme: str) -> list[str]:
    rows = run.trials[run.trials["scheme"] == scheme]
    return list(rows["initial_hash"])


def test_he_in_python_has_the_bits_of_the_built_in_one(grid):
    run = grid("he_normal", he_in_python)
    assert hashes(run, "he_normal") == hashes(run, "he_in_python")
    finals = run.trials.pivot(index=["architecture", "replicate"], columns="scheme", values="final_hash")
    assert (finals["he_normal"] == finals["he_in_python"]).all()
    assert len(finals) == 4 and finals["he_normal"].nunique() == 4


def test_scaling_draws_in_numpy_has_the_same_bits(grid, load_scheme):
    mine = load_scheme(
        '@gi.scheme("mine")\ndef mine(layer, rng):\n    return rng.normal(layer.shape) * (2 / layer.fan_in) ** 0.5\n'
    )
    run = grid("he_normal", mine)
    assert hashes(run, "he_normal") == hashes(run, "mine")


@pytest.mark.parametrize(
    ("builtin", "body"),
    [
        ("he_uniform", "b = (6 / layer.fan_in) ** 0.5; return rng.uniform(-b, b, layer.shape)"),
        ("jax_he_normal", "return rng.truncated_normal(layer.shape, std=(2 / layer.fan_in) ** 0.5 / 0.87962566103423978)"),
        ("orthogonal", "return rng.orthogonal(layer.shape)"),
        ('{ kind = "orthogonal", activation_gain = true }', "return rng.orthogonal(layer.shape, gain=layer.gain)"),
        ('{ kind = "constant", value = 0.5 }', "return np.full(layer.shape, 0.5)"),
    ],
)
def test_samplers_have_the_bits_of_the_built_in_schemes(grid, load_scheme, builtin, body):
    mine = load_scheme(f'@gi.scheme("mine")\ndef mine(layer, rng):\n    {body}\n')
    run = grid(builtin, mine)
    scheme = next(s for s in run.trials["scheme"].unique() if s != "mine")
    assert hashes(run, "mine") == hashes(run, scheme)


def test_one_thread_and_four_give_the_same_bytes(grid):
    one = grid(he_in_python, halved, out="one", threads=1)
    four = grid(he_in_python, halved, out="four", threads=4)
    for table in ("trials", "summary", "layers", "epochs"):
        a, b = (run.directory / f"{table}.csv" for run in (one, four))
        assert a.read_bytes() == b.read_bytes()


def test_rng():
    rng = gi.Rng(seed=3, weight_seed=1, layer=2)
    z = rng.normal((200, 300))
    assert z.dtype == np.float32 and z.shape == (200, 300)
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1) < 0.02
    again = gi.Rng(seed=3, weight_seed=1, layer=2).normal((200, 300))
    assert (z == again).all()
    assert not (z == gi.Rng(seed=3, weight_seed=1, layer=3).normal((200, 300))).any()
    u = rng.uniform(2.0, 5.0, 10_000)
    assert u.dtype == np.float32 and u.min() >= 2 and u.max() <= 5 and abs(u.mean() - 3.5) < 0.05
    t = rng.truncated_normal((100, 100), std=0.5, cut=1.5)
    assert np.abs(t).max() <= 0.75
    i = rng.integers(-3, 4, 7000)
    assert i.dtype == np.int64 and set(i) == set(range(-3, 4))
    assert set(rng.sign(1000)) == {-1.0, 1.0} and abs(rng.sign(10_000).mean()) < 0.05
    assert sorted(rng.permutation(50)) == list(range(50))
    f = rng.random((3, 4))
    assert f.dtype == np.float64 and f.shape == (3, 4) and (f >= 0).all() and (f < 1).all()
    q = rng.orthogonal((30, 12), gain=2.0).astype(np.float64)
    np.testing.assert_allclose(q.T @ q, 4 * np.eye(12), atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.normal(3, std=-1), "`std` must be a finite number from 0, not -1"),
        (lambda r: r.uniform(2, 1, 3), "`high` must be a finite number, not below `low`, not 1"),
        (lambda r: r.integers(3, 3, 1), "`high` must exceed `low`"),
        (lambda r: r.truncated_normal(3, cut=0), "`cut` must be at least 0.001"),
        (lambda r: r.normal((1 << 20, 1 << 20)), "more than 2^28 elements"),
    ],
)
def test_rng_refuses(call, message):
    with pytest.raises(ValueError) as error:
        call(gi.Rng())
    assert message in str(error.value)


def test_a_layer_says_what_it_is(grid, load_scheme):
    source = """
seen = set()

@gi.scheme("mine", version="1")
def mine(layer, rng):
    seen.add((layer.shape, layer.index, layer.count, layer.inputs, layer.outputs, round(layer.gain, 6), layer.role,
              layer.input_activation, layer.output_activation, layer.block, layer.has_bias))
    return rng.normal(layer.shape)
"""
    mine = load_scheme(source)
    grid(mine)
    seen = mine.function.__globals__["seen"]
    root = round(2**0.5, 6)
    assert ((64, 16), 0, 3, 64, 10, 1.0, "input", None, "relu", None, True) in seen
    assert ((16, 16), 1, 3, 64, 10, root, "hidden", "relu", "relu", None, True) in seen
    assert ((16, 10), 2, 3, 64, 10, root, "output", "relu", None, None, True) in seen
    assert repr(gi.Layer(3, 4)) == "<layer 1 of 1: 3 x 4>"


def test_keyword_arguments_are_parameters(grid, load_scheme):
    mine = load_scheme(
        '@gi.scheme("mine")\ndef mine(layer, rng, *, power=0.5, law="normal", k=1, on=True):\n'
        "    assert law in ('normal', 'flat') and k == 1 and on\n"
        "    return rng.normal(layer.shape, std=(2 / layer.fan_in) ** power)\n"
    )
    run = grid(mine, '{ kind = "mine", power = 0.25 }', "he_normal", '{ kind = "mine", law = "flat" }')
    assert set(run.trials["scheme"]) == {"mine", "mine(power=0.25)", "he_normal", "mine(law=flat)"}
    assert hashes(run, "mine") == hashes(run, "he_normal") != hashes(run, "mine(power=0.25)")


def test_a_parameter_that_is_none_is_refused(experiment, load_scheme, tmp_path):
    mine = load_scheme('@gi.scheme("mine")\ndef mine(layer, rng, *, power=0.5):\n    return rng.normal(layer.shape)\n')
    path = experiment('{ kind = "mine", pwer = 1.0 }')
    with pytest.raises(gi.Error, match="did you mean `power`"):
        gi.grid(path, schemes=[mine], out=tmp_path / "r")


FAILURES = [
    ("raise ValueError(f'no {layer.fan_in}')", "ValueError: no 64 (line 3 of `mine`: raise ValueError"),
    ("return rng.normal((3, 4))", "the scheme returned the shape (3, 4); layer 1 needs (fan_in, fan_out) = (64, 16)"),
    ("return np.full(layer.shape, np.nan)", "the scheme returned NaN at [0, 0] of layer 1"),
    ("return np.full(layer.shape, 1e300)", "the scheme returned inf at [0, 0] of layer 1"),
    ("return np.full(layer.shape, 1j)", "weights are real numbers"),
    ("return helper(layer)", "ZeroDivisionError: division by zero (line 3 of `mine`: return helper(layer))"),
    ("return None", "the scheme returned the shape ()"),
]


@pytest.mark.parametrize(("body", "message"), FAILURES)
def test_an_exception_is_a_failed_row(grid, load_scheme, body, message):
    mine = load_scheme(
        "def helper(layer):\n    return 1 / (layer.fan_in - layer.fan_in)\n\n\n"
        f'@gi.scheme("mine")\ndef mine(layer, rng):\n    {body}\n'
    )
    with pytest.warns(RuntimeWarning, match="4 of 8 trials failed"):
        run = grid(mine, "he_normal")
    assert run.statuses == {"ok": 4, "diverged": 0, "failed": 4}
    assert run.failed == 4
    assert any(message in m for m in run.messages), run.messages
    assert all("/" not in m.split("(line")[0] for m in run.messages)


def trained(run: gi.Run) -> int:
    return run._outcome["trials_run"]


SOURCE = """
SCALE = 1.0

def root(x):
    return x ** 0.5

@gi.scheme("mine", formula="{formula}")
def mine(layer, rng):
    return SCALE * rng.normal(layer.shape) / root(layer.fan_in)
"""


def test_editing_a_scheme_retrains_its_cells_only(grid, load_scheme):
    first = grid("he_normal", load_scheme(SOURCE))
    assert trained(first) == 8
    ids = dict(zip(first.trials["initial_hash"], first.trials["trial_id"]))

    same = SOURCE.replace("{formula}", "other").replace(
        "    return SCALE", '    """What it does."""\n    # a comment\n\n    return SCALE'
    )
    assert trained(grid("he_normal", load_scheme(same))) == 0

    edited = [
        SOURCE.replace("fan_in)", "fan_out)"),
        SOURCE.replace("SCALE = 1.0", "SCALE = 2.0"),
        SOURCE.replace("x ** 0.5", "x ** 0.25"),
    ]
    for source in edited:
        second = grid("he_normal", load_scheme(source))
        kept = second.trials[second.trials["scheme"] == "he_normal"]
        # Three rows of what is kept are trained again before they are reused.
        assert trained(second) == 4, source
        assert all(ids[row.initial_hash] == row.trial_id for row in kept.itertuples())
        mine = second.trials[second.trials["scheme"] == "mine"]
        assert not set(mine["trial_id"]) & set(ids.values())


def test_the_digest_is_of_what_decides_the_weights(load_scheme):
    digest = load_scheme(SOURCE).digest
    assert digest == load_scheme(SOURCE.replace("mine(layer, rng)", "mine(layer, rng)")).digest
    assert digest != load_scheme(SOURCE.replace("SCALE * rng", "SCALE * 1.5 * rng")).digest
    array = 'W = np.ones(3)\n@gi.scheme("mine")\ndef mine(layer, rng):\n    return W[0] * rng.normal(layer.shape)\n'
    assert load_scheme(array).digest != load_scheme(array.replace("np.ones(3)", "np.zeros(3)")).digest
    closure = "def make(s):\n    @gi.scheme('mine')\n    def mine(layer, rng):\n        return rng.normal(layer.shape, std=s)\n    return mine\nmine = make({s})\n"
    assert load_scheme(closure.replace("{s}", "1.0")).digest != load_scheme(closure.replace("{s}", "2.0")).digest


def test_a_digest_is_the_same_for_every_python(load_scheme):
    # Of a version of the package that moves this, all rows of schemes in Python are trained again.
    source = 'A = (1, 2.5)\n\n@gi.scheme("mine")\ndef mine(layer, rng):\n    # comment\n    return A[1] * rng.normal(\n        layer.shape,\n    )\n'
    assert load_scheme(source).digest == DIGEST


DIGEST = "a273ee7ce7eb1fb7b9b3e37e3f1b4444de1d6e134bf20ddc0aeb7c991ce8b81f"

WARNED = [
    ("return np.random.normal(size=layer.shape)", "draws from `numpy.random.normal` instead of `rng`"),
    ("g = np.random.default_rng(0); return g.normal(size=layer.shape)", "numpy.random.default_rng"),
    ("import random; return rng.normal(layer.shape) * random.random()", "draws from `random.random`"),
    ("return generator.normal(size=layer.shape)", "instead of `rng`"),
    ("return helper(layer)", "draws from `numpy.random.normal` instead of `rng`"),
    ("return rng.normal(layer.shape) * np.exp(1.0)", "uses `numpy.exp`, whose last bits depend on the processor"),
    ("z = rng.normal((layer.fan_in, layer.fan_in)); return z @ rng.normal(layer.shape)", "multiplies matrices by `@`"),
    ("return np.linalg.qr(rng.normal(layer.shape))[0]", "uses `numpy.linalg`"),
]


@pytest.mark.parametrize(("body", "message"), WARNED)
def test_warnings_from_the_source(load_scheme, body, message):
    mine = load_scheme(
        "generator = np.random.default_rng(1)\n\ndef helper(layer):\n    return np.random.normal(size=layer.shape)\n\n"
        f'@gi.scheme("mine")\ndef mine(layer, rng):\n    {body}\n'
    )
    assert any(message in line for line in mine.warnings), mine.warnings


def test_schemes_in_order_are_not_warned_about(grid, load_scheme):
    mine = load_scheme(
        '@gi.scheme("mine")\ndef mine(layer, rng):\n    std = 1 / gi.math.pow(layer.fan_in, 0.45)\n'
        "    w = np.zeros(layer.shape, dtype=np.float32)\n    w[::2] = std * rng.normal(w[::2].shape)\n    return w\n"
    )
    assert mine.warnings == [] and he_in_python.warnings == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grid(mine, he_in_python)


def test_a_scheme_that_differs_from_call_to_call_is_found(grid, load_scheme):
    mine = load_scheme(
        "class Counter:\n    n = 0\n    def next(self):\n        self.n += 1\n        return self.n\ncounter = Counter()\n"
        '@gi.scheme("mine", version="1")\ndef mine(layer, rng):\n    return rng.normal(layer.shape) / (9 + counter.next())\n'
    )
    assert mine.warnings == []
    with pytest.warns(gi.SchemeWarning, match="gave different weights for the same layer and stream"):
        grid(mine)


def test_a_warning_that_is_an_error_stops_the_grid(grid, load_scheme):
    mine = load_scheme('@gi.scheme("mine")\ndef mine(layer, rng):\n    return np.random.normal(size=layer.shape)\n')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(gi.SchemeWarning):
            grid(mine)


@pytest.mark.parametrize("shape", [-1, 2.5, (2.5,), (-1, 2), "ab", None])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(TypeError, match="a shape is a whole number from 0 or a sequence of them, not"):
        gi.Rng().normal(shape)


def test_shapes():
    for shape in (0, 3, (), (2, 3), [2, 3], np.int64(3), np.zeros((2, 3)).shape):
        assert gi.Rng().uniform(-1, 1, shape).shape == np.empty(shape).shape


def test_definitions_are_checked(load_scheme, grid):
    with pytest.raises(TypeError, match=r'a scheme needs a name, as in @goodinit.scheme\("mine"\), not <function'):
        load_scheme("@gi.scheme\ndef mine(layer, rng):\n    return 1\n")
    with pytest.raises(ValueError, match="`role` is one of input, hidden, output, not middle"):
        gi.Layer(2, 3, role="middle")
    with pytest.raises(ValueError, match="letters, digits and `_` only"):
        gi.scheme("my scheme")
    with pytest.raises(ValueError, match="takes two arguments, layer and rng, not 1"):
        load_scheme('@gi.scheme("mine")\ndef mine(layer):\n    return 1\n')
    with pytest.raises(ValueError, match="`a` of the scheme `mine` needs a default"):
        load_scheme('@gi.scheme("mine")\ndef mine(layer, rng, *, a=None):\n    return 1\n')
    with pytest.raises(ValueError, match="source of the scheme `mine` cannot be read"):
        exec("import goodinit as gi\n@gi.scheme('mine')\ndef mine(layer, rng):\n    return 1\n", {})
    exec("import goodinit as gi\n@gi.scheme('mine', version='1')\ndef mine(layer, rng):\n    return 1\n", {})
    he = load_scheme('@gi.scheme("he_normal")\ndef mine(layer, rng):\n    return 1\n')
    with pytest.raises(gi.Error, match="there is a scheme `he_normal` already"):
        grid(he)
    with pytest.raises(TypeError, match="is no scheme"):
        gi.grid("x.toml", schemes=[len])


def test_inside_other_schemes(grid, load_scheme):
    source = '@gi.scheme("mine")\ndef mine(layer, rng):\n    return rng.normal(layer.shape, std=(2 / layer.fan_in) ** 0.5)\n'
    inside = '{ kind = "per_layer", body = "he_normal", first = "mine" }'
    run = grid(inside, "he_normal", schemes=[load_scheme(source)])
    name = next(s for s in run.trials["scheme"].unique() if s != "he_normal")
    assert hashes(run, name) == hashes(run, "he_normal")
    edited = grid(inside, "he_normal", schemes=[load_scheme(source.replace("2 /", "3 /"))])
    assert hashes(edited, name) != hashes(run, "he_normal") and trained(edited) == 4
