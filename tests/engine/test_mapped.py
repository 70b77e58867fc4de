"""Columns and words as torch and JAX operations: the numbers and gradients of `Columns` and `WordMap`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from qml.base.errors import ConfigError, ShapeError
from qml.circuits import amplitude, angle, sel
from qml.engine.compile import compile_program
from qml.engine.mapped import mapped_columns, mapped_values
from tests.programs import random_programs, random_values

PROGRAMS = random_programs(11, 44, max_qubits=4, max_gates=12)
EXACT = {"rtol": 1e-11, "atol": 1e-12}


@pytest.fixture(autouse=True)
def precise():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


def pulled_torch(function, arrays, cotangents):
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    out = [o for o in function(torch, *leaves) if o is not None]
    # torch's gradient of a complex output is the conjugate convention that `Columns.pull_back` has
    live = [(o, torch.tensor(c)) for o, c in zip(out, cotangents, strict=True) if o.requires_grad]
    slopes = [None] * len(leaves)
    if live:
        outs, cots = zip(*live, strict=True)
        slopes = torch.autograd.grad(outs, leaves, cots, allow_unused=True)
    slopes = [np.zeros(a.shape) if s is None else s.numpy() for a, s in zip(arrays, slopes, strict=True)]
    return [o.detach().numpy() for o in out], slopes


def pulled_jax(function, arrays, cotangents):
    @jax.jit
    def both(leaves, cotangents):
        out, pull = jax.vjp(lambda *a: [o for o in function(jnp, *a) if o is not None], *leaves)
        return out, pull([jnp.conj(c) for c in cotangents])  # JAX's cotangents are linear

    return both([jnp.asarray(a) for a in arrays], [jnp.asarray(c) for c in cotangents])


def near(found, wanted):
    for f, w in zip(found, wanted, strict=True):
        assert np.shape(f) == np.shape(w)
        np.testing.assert_allclose(f, w, **EXACT)


ASKED = {pulled_torch: PROGRAMS, pulled_jax: PROGRAMS[:6]}  # JAX compiles every operation of every shape


@pytest.mark.parametrize("pulled", [pulled_torch, pulled_jax])
@pytest.mark.parametrize("row_weights", [False, True])
def test_random_programs(pulled, row_weights):
    rng = np.random.default_rng(5)
    seen = set()
    for number, program in enumerate(ASKED[pulled]):
        compiled = compile_program(program, row_weights)
        inputs, weights = random_values(rng, program, 1 + number % 3, row_weights=row_weights)
        columns = compiled.columns
        wanted = [*columns.values(inputs, weights), columns.initial_amplitudes(inputs, weights)]
        wanted = [w for w in wanted if w is not None]
        cotangents = [
            rng.normal(size=w.shape) + (1j * rng.normal(size=w.shape) if w.dtype.kind == "c" else 0) for w in wanted
        ]
        slopes = columns.pull_back(inputs, weights, *cotangents)
        values, gradients = pulled(
            lambda xp, x, w, c=compiled: mapped_columns(c, xp, x, w), (inputs, weights), cotangents
        )
        near(values, wanted)
        near(gradients, slopes)
        seen |= {"rows" * (not columns.rows_are_slots), "initial" * columns.initial, "row" * columns.initial_differs}
        words, cotangent = rng.normal(size=(2, compiled.plan.n_words)), rng.normal(size=(2, program.n_values))
        values, gradients = pulled(lambda xp, v, c=compiled: [mapped_values(c, xp, v)], (words,), [cotangent])
        near(values, [compiled.word_map.values(words)])
        near(gradients, [compiled.word_map.pull_back(cotangent)])
    assert {"rows", "initial", "row"} <= seen


@pytest.mark.parametrize(("xp", "make"), [(torch, torch.tensor), (jnp, jnp.asarray)])
def test_nothing_is_computed_where_columns_are_slots(xp, make):
    compiled = compile_program(angle(3) + sel(3, depth=1))
    inputs, weights, words = make(np.ones((2, 3))), make(np.ones(9)), make(np.ones((2, 3)))
    rows, shared, initial = mapped_columns(compiled, xp, inputs, weights)
    assert rows is inputs
    assert shared is weights
    assert initial is None
    assert mapped_values(compiled, xp, words) is words


@pytest.mark.parametrize(("xp", "make"), [(torch, torch.tensor), (jnp, jnp.asarray)])
def test_float32_and_an_empty_batch(xp, make):
    for program in PROGRAMS if xp is torch else PROGRAMS[:6]:
        compiled = compile_program(program)
        inputs, weights = (make(np.zeros(s, np.float32)) for s in ((0, program.n_inputs), (program.n_weights,)))
        rows, shared, initial = mapped_columns(compiled, xp, inputs, weights)
        assert rows.shape == (0, compiled.plan.n_rows)
        assert {rows.dtype, shared.dtype} == {inputs.dtype}
        assert initial is None or initial.dtype == xp.complex64
        values = mapped_values(compiled, xp, make(np.zeros((0, compiled.plan.n_words), np.float32)))
        assert values.shape == (0, program.n_values)
        assert values.dtype == inputs.dtype


def test_amplitudes_of_any_size_keep_their_direction():
    compiled = compile_program(amplitude(1))
    rows = np.array([[3e30, 4e30], [3e-30, 4e-30]], np.float32)
    for xp, make in ((torch, torch.tensor), (jnp, jnp.asarray)):
        initial = mapped_columns(compiled, xp, make(rows), make(np.zeros(0, np.float32))).initial_BA
        np.testing.assert_allclose(np.asarray(initial), [[0.6, 0.8]] * 2, rtol=1e-6)


def test_refusals():
    compiled = compile_program(angle(2))
    with pytest.raises(ConfigError, match="numpy"):
        mapped_columns(compiled, np, np.zeros((1, 2)), np.zeros(0))
    with pytest.raises(ShapeError, match=r"\(1, 3\)"):
        mapped_columns(compiled, jnp, jnp.zeros((1, 3)), jnp.zeros(0))
