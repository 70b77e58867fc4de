"""The JAX binding, with the kernels emulated on buffers of the host."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp

from qml.circuits import angle, reupload, sel
from qml.engine import reference
from qml.layers.jax_cuda import Site, circuit_function
from tests.engine.gpu.emulated import emulated_driver

PROGRAMS = {"sel": angle(4) + sel(4, depth=2), "reupload": reupload(n_inputs=4, n_qubits=4, depth=2)}


@pytest.fixture
def site(monkeypatch):
    return HostSite(emulated_driver(monkeypatch))


class HostSite(Site):
    """Buffers of the host; a launch runs the emulated kernels at once."""

    def __init__(self, driver):
        self.driver = driver

    def launcher(self):
        return self.driver

    def stream(self, context):
        return 0

    def address(self, buffer):
        return 0 if 0 in buffer.shape else np.asarray(buffer).ctypes.data


def arrays(program, batch=3):
    rng = np.random.default_rng(1)
    return rng.normal(size=(batch, program.n_inputs)), rng.normal(size=program.n_weights)


def loss(function, cotangent):
    return lambda inputs, weights: (function(inputs, weights) * cotangent).sum()


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients_are_those_of_the_reference(name, site):
    program = PROGRAMS[name]
    inputs, weights = arrays(program)
    function = circuit_function(program, site)
    cotangent = np.random.default_rng(2).normal(size=(3, program.n_values))
    given = (jnp.asarray(inputs, jnp.float32), jnp.asarray(weights, jnp.float32))
    values = jax.jit(function)(*given)
    by_inputs, by_weights = jax.jit(jax.grad(loss(function, jnp.asarray(cotangent, jnp.float32)), argnums=(0, 1)))(
        *given
    )
    expected = reference.gradients(program, inputs, weights, cotangent)
    np.testing.assert_allclose(values, reference.values(program, inputs, weights), atol=2e-6)
    np.testing.assert_allclose(by_inputs, expected.inputs_BD, atol=1e-5)
    np.testing.assert_allclose(by_weights, expected.weights, atol=1e-5)


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0)])
def test_mapped_axes_are_more_rows(axes, site):
    program = PROGRAMS["sel"]
    function = circuit_function(program, site)
    rng = np.random.default_rng(4)
    inputs = rng.normal(size=(2, 3, 4) if axes[0] == 0 else (3, 4)).astype(np.float32)
    weights = rng.normal(size=(2, program.n_weights) if axes[1] == 0 else program.n_weights).astype(np.float32)
    mapped = jax.vmap(jax.grad(loss(function, 1.0), argnums=(0, 1)), in_axes=axes)(inputs, weights)
    for s in range(2):
        row = inputs[s] if axes[0] == 0 else inputs, weights[s] if axes[1] == 0 else weights
        expected = reference.gradients(program, *row, np.ones((3, 4)))
        np.testing.assert_allclose(mapped[0][s], expected.inputs_BD, atol=1e-5)
        np.testing.assert_allclose(mapped[1][s], expected.weights, atol=1e-5)


def test_second_derivatives_are_exact(site):
    program = angle(2) + sel(2, depth=1)
    function = circuit_function(program, site)
    inputs, weights = (jnp.asarray(a, jnp.float32) for a in arrays(program))

    def slope(weights):
        return jax.grad(loss(function, 1.0), argnums=1)(inputs, weights).sum()

    found = jax.grad(slope)(weights)

    def numeric(moved):
        return reference.gradients(program, np.asarray(inputs), moved, np.ones((3, 2))).weights.sum()

    np.testing.assert_allclose(found, reference.finite_differences(numeric, np.asarray(weights, float)), atol=1e-4)
