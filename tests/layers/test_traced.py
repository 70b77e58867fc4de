"""The traced form against the dense reference, in torch and JAX, to higher orders."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits import Program, angle, basic
from qml.engine import reference
from qml.engine.traced import MAX_QUBITS, traced
from tests.programs import ALL_FEATURES, coverage, random_programs, random_values

PROGRAMS = random_programs(8, 40, max_qubits=5, max_gates=14)


def test_the_programs_cover_the_table():
    assert coverage(PROGRAMS) >= ALL_FEATURES, ALL_FEATURES - coverage(PROGRAMS)


@pytest.mark.parametrize("row_weights", [False, True])
@pytest.mark.parametrize("program", PROGRAMS)
def test_torch_agrees_with_the_reference(program, row_weights):
    rng = np.random.default_rng(3)
    inputs, weights = random_values(rng, program, 3, row_weights=row_weights)
    cotangent = rng.normal(size=(3, program.n_values))
    values, pull = torch.func.vjp(partial(traced, program, torch), torch.tensor(inputs), torch.tensor(weights))
    np.testing.assert_allclose(values, reference.values(program, inputs, weights), atol=1e-12)
    by_x, by_w = pull(torch.tensor(cotangent))
    wanted = reference.gradients(program, inputs, weights, cotangent)
    np.testing.assert_allclose(by_x, wanted.inputs_BD, atol=1e-11)
    np.testing.assert_allclose(by_w, wanted.weights, atol=1e-11)


@pytest.mark.parametrize("program", PROGRAMS[::8])
def test_jax_agrees_with_the_reference(program):
    rng = np.random.default_rng(4)
    inputs, weights = random_values(rng, program, 3)
    cotangent = rng.normal(size=(3, program.n_values))

    def both(x, w, g):
        values, pull = jax.vjp(partial(traced, program, jnp), x, w)
        return values, pull(g)

    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        values, (by_x, by_w) = jax.jit(both)(*map(jnp.asarray, (inputs, weights, cotangent)))
    np.testing.assert_allclose(values, reference.values(program, inputs, weights), atol=1e-12)
    wanted = reference.gradients(program, inputs, weights, cotangent)
    np.testing.assert_allclose(by_x, wanted.inputs_BD, atol=1e-11)
    np.testing.assert_allclose(by_w, wanted.weights, atol=1e-11)


def test_second_order_by_finite_differences():
    program = angle(2) + basic(2, depth=2)
    inputs, weights = random_values(np.random.default_rng(5), program, 2)
    x, w = torch.tensor(inputs, requires_grad=True), torch.tensor(weights, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x, w: traced(program, torch, x, w), (x, w))


def test_third_order_of_a_cosine():
    program = angle(1, axis="X")

    def cosine(x):
        return traced(program, jnp, x[None, None], jnp.zeros(0)).sum()

    third = jax.jit(jax.grad(jax.jacfwd(jax.grad(cosine))))(jnp.asarray(0.3))
    np.testing.assert_allclose(third, np.sin(0.3), atol=1e-6)


def test_float32_stays_float32():
    program = angle(2) + basic(2, depth=1)
    assert traced(program, torch, torch.zeros(3, 2), torch.zeros(2)).dtype == torch.float32
    assert traced(program, jnp, jnp.zeros((3, 2)), jnp.zeros(2)).dtype == jnp.float32


def test_refusals():
    with pytest.raises(CapabilityError, match=f"stops at {MAX_QUBITS}"):
        traced(Program(MAX_QUBITS + 1), torch, torch.zeros(1, 0), torch.zeros(0))
    with pytest.raises(ConfigError, match=r"torch, jax\.numpy"):
        traced(Program(1), np, np.zeros((1, 0)), np.zeros(0))
    with pytest.raises(ShapeError, match=r"needs \(B, 2\)"):
        traced(angle(2), torch, torch.zeros(1, 3), torch.zeros(0))
