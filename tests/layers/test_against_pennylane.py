"""Values and both gradients of the layers against PennyLane, on random Programs over the whole gate table."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from qml.circuits import Program
from qml.layers.jax import circuit
from qml.layers.torch import CircuitLayer
from tests.layers.oracle import pennylane
from tests.programs import ALL_FEATURES, coverage, random_programs, random_values

COUNT, QUICK = 300, 24
SEED = 31


def batch_of(number: int, program: Program) -> int:
    """0, 1, 3, and 1,025 where a state is small."""
    return (3, 1, 3, 0, 1025 if program.n_qubits <= 8 else 3, 3)[number % 6]


def all_programs() -> list[Program]:
    return random_programs(SEED, COUNT, max_qubits=12, max_gates=16)


def through_torch(program, inputs, weights, cotangent, dtype):
    layer = CircuitLayer(program, dtype=dtype, seed=0)
    if program.n_weights:
        with torch.no_grad():
            layer.weights.copy_(torch.tensor(weights))
    x = torch.tensor(inputs, dtype=dtype, requires_grad=True)
    values = layer(x)
    values.backward(torch.tensor(cotangent, dtype=dtype))
    by_weights = layer.weights.grad.numpy() if program.n_weights else np.zeros(0)
    return values.detach().numpy(), x.grad.numpy(), by_weights


def through_jax(program, inputs, weights, cotangent, dtype):
    pair = circuit(program)
    params = {"weights": jnp.asarray(weights, dtype)} if program.n_weights else {}

    @jax.jit  # compiled once, whole: operation by operation takes JAX a second a Program
    def both(params, inputs, cotangent):
        values, pull = jax.vjp(pair.apply, params, inputs)
        return values, *pull(cotangent)

    values, by_params, by_inputs = both(params, jnp.asarray(inputs, dtype), jnp.asarray(cotangent, dtype))
    return np.asarray(values), np.asarray(by_inputs), np.asarray(by_params.get("weights", np.zeros(0)))


def assert_near(found, wanted, batch: int, dtype: str) -> None:
    """The bounds of a run: 1e-10 in float64, relative 1e-5 in float32."""
    for what, a, b in zip(("values", "inputs", "weights"), found, wanted, strict=True):
        assert a.shape == b.shape, f"{what}: {a.shape} instead of {b.shape}"
        floor = np.sqrt(batch) if what == "weights" else 1.0
        size = np.abs(b).max(initial=0.0)
        allowed = 1e-10 if dtype == "float64" else 1e-5 * max(floor, size)
        gap = np.abs(a - b).max(initial=0.0)
        assert gap <= allowed, f"{what} in {dtype}: off by {gap:.3g} where {allowed:.3g} is allowed"


def compare(number: int, program: Program) -> None:
    rng = np.random.default_rng(number)
    batch = batch_of(number, program)
    inputs, weights = random_values(rng, program, batch)
    cotangent = rng.normal(size=(batch, program.n_values))
    arguments = (program, inputs, weights, cotangent)
    empty = np.zeros((0, program.n_values)), np.zeros_like(inputs), np.zeros_like(weights)
    wanted = pennylane(*arguments) if batch else empty
    ours = through_torch(*arguments, torch.float64)
    assert_near(ours, wanted, batch, "float64")
    assert_near(through_torch(*arguments, torch.float32), wanted, batch, "float32")
    with jax.enable_x64(True):
        assert_near(through_jax(*arguments, jnp.float64), ours, batch, "float64")
    assert_near(through_jax(*arguments, jnp.float32), ours, batch, "float32")


def test_the_programs_cover_the_table():
    programs = all_programs()
    assert coverage(programs) >= ALL_FEATURES, ALL_FEATURES - coverage(programs)
    assert {program.n_qubits for program in programs} == set(range(1, 13))
    assert {batch_of(i, p) for i, p in enumerate(programs)} == {0, 1, 3, 1025}


@pytest.mark.parametrize("number", range(0, COUNT, COUNT // QUICK))
def test_some(number):
    compare(number, all_programs()[number])


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_all():
    for number, program in enumerate(all_programs()):
        compare(number, program)
        jax.clear_caches()  # what is compiled for one Program serves no other


def test_the_bounds_catch_a_wrong_value():
    right = (np.ones((3, 2)), np.ones((3, 1)), np.ones(4))
    for place in range(3):
        for dtype, slip in (("float64", 1e-9), ("float32", 1e-4)):
            wrong = [array.copy() for array in right]
            wrong[place].flat[0] += slip
            with pytest.raises(AssertionError, match="off by"):
                assert_near(wrong, right, 3, dtype)


def test_the_oracle_sees_a_changed_angle():
    program = all_programs()[4]
    rng = np.random.default_rng(0)
    inputs, weights = random_values(rng, program, 2)
    cotangent = rng.normal(size=(2, program.n_values))
    found = pennylane(program, inputs, weights + 1e-3, cotangent)
    wanted = pennylane(program, inputs, weights, cotangent)
    with pytest.raises(AssertionError, match="off by"):
        assert_near(found, wanted, 2, "float64")
