"""Pauli propagation: values, slopes, and bounds that hold."""

import numpy as np
import pytest

from qml.base.errors import CapabilityError
from qml.engine.compile import compile_program
from qml.engine.plan import Plan, Turn, one_by_one
from qml.engine.propagation import propagate
from tests.programs import random_program

ROOM = 2**28


def exact(plan, angles_T, words, coefficients):
    """By dense matrices, one turn after the other."""
    state = np.zeros(1 << plan.n_qubits, complex)
    state[0] = 1
    for turn, angle in zip(plan.turns, angles_T, strict=True):
        state = np.cos(angle / 2) * state - 1j * np.sin(angle / 2) * applied(turn.x, turn.z, state)
    return sum(c * np.vdot(state, applied(x, z, state)).real for c, (x, z) in zip(coefficients, words, strict=True))


def applied(x, z, state):
    index = np.arange(len(state))
    signs = 1 - 2 * (np.bitwise_count(index & z) & 1).astype(int)
    result = np.empty_like(state)
    result[index ^ x] = 1j ** (x & z).bit_count() * signs * state
    return result


def random_plan(rng, n_qubits, n_turns):
    words = [divmod(int(word), 1 << n_qubits) for word in rng.integers(1, 4**n_qubits, n_turns)]
    turns = tuple(Turn(x, z, "row", column, 1.0) for column, (x, z) in enumerate(words))
    return Plan(n_qubits, ((),) * n_qubits, one_by_one(turns), ((0, 1),), 0, n_turns)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_left_out_is_exact(seed):
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 5, 14)
    angles = rng.uniform(-3, 3, 14)
    words = [tuple(int(m) for m in rng.integers(0, 32, 2)) for _ in range(3)]
    words = list(dict.fromkeys(words))
    coefficients = list(rng.normal(size=len(words)))
    found = propagate(plan, angles, words, coefficients, max_error=0.0, max_bytes=ROOM, slopes=True)
    assert found.error == 0
    assert found.value == pytest.approx(exact(plan, angles, words, coefficients), abs=1e-12)
    for turn in range(14):
        moved = [angles + s * np.pi / 2 * (np.arange(14) == turn) for s in (1, -1)]
        slope = sum(s * exact(plan, a, words, coefficients) for s, a in zip((0.5, -0.5), moved, strict=True))
        assert found.slopes_T[turn] == pytest.approx(slope, abs=1e-12)


@pytest.mark.parametrize("max_error", [1e-1, 1e-2, 1e-4])
@pytest.mark.parametrize("seed", range(6))
def test_errors_stay_within_their_bounds(seed, max_error):
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 7, 40)
    angles = rng.normal(scale=0.3, size=40)
    whole = propagate(plan, angles, [(3, 5)], [1.0], max_error=0.0, max_bytes=ROOM, slopes=True)
    found = propagate(plan, angles, [(3, 5)], [1.0], max_error=max_error, max_bytes=ROOM, slopes=True)
    assert found.n_terms <= whole.n_terms
    assert 0 < found.error <= max_error
    assert found.slope_errors_T.max() <= max_error
    assert abs(found.value - whole.value) <= found.error
    assert (abs(found.slopes_T - whole.slopes_T) <= found.slope_errors_T + 1e-13).all()
    value_alone = propagate(plan, angles, [(3, 5)], [1.0], max_error=max_error, max_bytes=ROOM)
    assert abs(value_alone.value - whole.value) <= value_alone.error <= max_error


def test_a_bound_is_not_met_by_leaving_too_much_out():
    """The bounds would catch a truncation that did not count what it left out."""
    rng = np.random.default_rng(1)
    plan = random_plan(rng, 7, 40)
    angles = rng.normal(scale=0.3, size=40)
    whole = propagate(plan, angles, [(3, 5)], [1.0], max_error=0.0, max_bytes=ROOM)
    coarse = propagate(plan, angles, [(3, 5)], [1.0], max_error=0.5, max_bytes=ROOM)
    assert abs(coarse.value - whole.value) > 1e-4


def test_masks_beyond_64_bits():
    """Z of the middle of a chain of turns about XX on 150 wires."""
    n = 150
    turns = tuple(Turn(3 << bit, 0, "row", bit, 1.0) for bit in range(n - 1))
    plan = Plan(n, ((),) * n, one_by_one(turns), ((0, 1),), 0, n - 1)
    angles = np.linspace(0.1, 1.3, n - 1)
    for bit in (1, 63, 64, 100, 148):
        found = propagate(plan, angles, [(0, 1 << bit)], [1.0], max_error=0.0, max_bytes=ROOM)
        assert found.value == pytest.approx(np.cos(angles[bit - 1]) * np.cos(angles[bit]), abs=1e-14)


def test_memory_is_refused_before_it_is_taken():
    rng = np.random.default_rng(0)
    plan = random_plan(rng, 12, 60)
    with pytest.raises(CapabilityError, match=r"turn .* of 60.*Allow a larger error"):
        propagate(plan, rng.uniform(-3, 3, 60), [(1, 1)], [1.0], max_error=0.0, max_bytes=2**20)


def test_prepared_amplitudes_are_refused():
    rng = np.random.default_rng(0)
    program = random_program(rng, 3, 3, preparation="Amplitudes")
    compiled = compile_program(program)
    with pytest.raises(CapabilityError, match="prepares amplitudes"):
        propagate(compiled.plan, np.zeros(len(compiled.plan.turns)), [(0, 1)], [1.0], max_error=0.0, max_bytes=ROOM)
