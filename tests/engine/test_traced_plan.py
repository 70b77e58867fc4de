"""Plans as array operations, and plans whose shared values are row values: the values of the runtime's own kernels."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from qml.circuits import angle, sel
from qml.engine import reference
from qml.engine.compile import compile_program
from qml.engine.mapped import mapped_columns, mapped_values
from qml.engine.rowed import rowed
from qml.engine.runtime import run
from qml.engine.traced_plan import traced_plan
from tests.programs import random_programs, random_values

PROGRAMS = random_programs(3, 30, max_qubits=4, max_gates=16)
DEEP = angle(3) + sel(3, depth=6)


@pytest.fixture(autouse=True)
def precise():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


def values_of(compiled, plan, inputs, weights, xp, by_row=False):
    rows, shared, initial = mapped_columns(compiled, xp, inputs, weights)
    if by_row:
        rows = xp.concatenate([rows, xp.broadcast_to(shared, (len(inputs), plan.n_rows - rows.shape[1]))], 1)
        shared = shared[:0]
    return mapped_values(compiled, xp, traced_plan(plan, xp, rows, shared, *([] if initial is None else [initial])))


@pytest.mark.parametrize(
    ("xp", "make", "programs"), [(torch, torch.tensor, PROGRAMS), (jnp, jnp.asarray, PROGRAMS[:4])]
)
def test_random_programs(xp, make, programs):
    rng, wrap = np.random.default_rng(4), jax.jit if xp is jnp else lambda function: function
    for program in [*programs, DEEP]:
        inputs, weights = random_values(rng, program, 2)
        compiled = compile_program(program)
        wanted = reference.values(program, inputs, weights)
        read = partial(values_of, compiled, xp=xp)
        found = wrap(partial(read, compiled.plan))(make(inputs), make(weights))
        np.testing.assert_allclose(np.asarray(found), wanted, atol=1e-12)
        plan = rowed(compiled.plan)
        assert plan.n_shared == 0
        assert not any(turn.kind == "shared" for turn in plan.turns)
        found = wrap(partial(read, plan, by_row=True))(make(inputs), make(weights))
        np.testing.assert_allclose(np.asarray(found), wanted, atol=1e-12)


def test_every_row_of_a_rowed_plan_has_weights_of_its_own():
    compiled = compile_program(DEEP)
    rng = np.random.default_rng(0)
    inputs, weights = random_values(rng, DEEP, 3, row_weights=True)
    cotangent = rng.normal(size=(3, 3))
    found = run(rowed(compiled.plan), np.concatenate([inputs, weights], 1), np.zeros(0), cotangent_BW=cotangent)
    assert found.rows_BM is not None
    wanted = reference.gradients(DEEP, inputs, weights, cotangent)
    np.testing.assert_allclose(found.rows_BM, np.concatenate([wanted.inputs_BD, wanted.weights], 1), atol=1e-11)


def test_derivatives_of_the_gradient():
    compiled = compile_program(DEEP)
    inputs, weights = random_values(np.random.default_rng(1), DEEP, 2)

    def value(weights):
        return (traced_plan(compiled.plan, jnp, jnp.asarray(inputs), weights) ** 2).sum()

    slope, step = jax.jit(jax.grad(value)), 1e-5
    found = jax.jit(jax.hessian(value))(jnp.asarray(weights))
    for j in (0, 7, 30):
        moved = np.eye(len(weights))[j] * step
        wanted = (slope(weights + moved) - slope(weights - moved)) / (2 * step)
        np.testing.assert_allclose(found[j], wanted, atol=1e-8)
