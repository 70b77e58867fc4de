"""Shift rules against derivatives in closed form, and directions of real gates against the reference."""

import numpy as np
import pytest

from qml.backends.reference import ReferenceBackend
from qml.backends.shifts import ShiftedExecutor
from qml.backends.shifts.commuting import commute, frequencies
from qml.backends.shifts.directions import RULES, directions
from qml.backends.shifts.rules import shift_rule
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits import Circuit, Expectations, PauliSum, angle, basic
from qml.circuits.gates import GATES, PREPARATIONS
from qml.engine import reference
from tests.programs import random_program, random_values

PAULI = {"X": [[0, 1], [1, 0]], "Y": [[0, -1j], [1j, 0]], "Z": [[1, 0], [0, -1]], "I": [[1, 0], [0, 1]]}


def slope_error(waves, rule):
    """The largest error of a rule for the derivatives at zero of sines and cosines of its frequencies."""
    waves = np.asarray(waves)[:, None]
    of_sines = (rule.factors_T * np.sin(waves * rule.shifts_T)).sum(1)
    of_cosines = (rule.factors_T * np.cos(waves * rule.shifts_T)).sum(1)
    return max(abs(of_sines - waves[:, 0]).max(), abs(of_cosines).max(), abs(rule.factors_T.sum()))


@pytest.mark.parametrize(
    "waves", [(1.0,), (0.5, 1.0), (1.0, 2.0, 3.0), (0.7,), (0.5, 1.0, 2.0), (1.0, 1.37, 2.2), (2, 4)]
)
def test_a_rule_is_exact(waves):
    rule = shift_rule(tuple(map(float, waves)))
    assert len(rule.shifts_T) == 2 * len(waves)
    assert slope_error(waves, rule) < 1e-9
    assert slope_error([w * 1.01 for w in waves], rule) > 1e-4  # the helper sees a wrong rule


def test_the_four_term_rule_has_its_known_factors():
    """Anselmetti et al. (2021): shifts pi/2 and 3 pi/2, factors (sqrt 2 +- 1) / (4 sqrt 2)."""
    rule = shift_rule((0.5, 1.0))
    order = np.argsort(rule.shifts_T)
    np.testing.assert_allclose(rule.shifts_T[order] / np.pi, [-1.5, -0.5, 0.5, 1.5])
    near, far = [(np.sqrt(2) + sign) / (4 * np.sqrt(2)) for sign in (1, -1)]
    np.testing.assert_allclose(rule.factors_T[order], [far, -near, near, -far], atol=1e-12)


def test_no_rule_without_frequencies():
    with pytest.raises(CapabilityError, match="above zero"):
        shift_rule(())
    with pytest.raises(CapabilityError, match="two_term"):
        shift_rule((1.0, 1.0 + 1e-8, 2.1))


def dense(word, n_qubits):
    letters, matrix = dict(word), np.eye(1)
    for wire in range(n_qubits):
        matrix = np.kron(matrix, PAULI[letters.get(wire, "I")])
    return matrix


def test_frequencies_are_gaps_of_eigenvalues():
    rng = np.random.default_rng(3)
    checked = 0
    while checked < 40:
        n = int(rng.integers(1, 4))
        words = []
        for _ in range(int(rng.integers(1, 6))):
            letters = rng.choice(list("IXYZ"), n)
            word = tuple((w, str(c)) for w, c in enumerate(letters) if c != "I")
            if word and all(commute(word, other) for other in words):
                words.append(word)
        if not words:
            continue
        factors = rng.choice([1.0, -0.5, 2.0, 0.25], len(words))
        matrices = [dense(word, n) for word in words]
        assert all(np.allclose(a @ b, b @ a) for a in matrices for b in matrices)
        values = np.linalg.eigvalsh(sum(f * m for f, m in zip(factors, matrices, strict=True)) / 2)
        gaps = np.unique(np.abs(values[:, None] - values).round(6))
        np.testing.assert_allclose(frequencies(words, factors), gaps[gaps > 0], atol=1e-6)
        checked += 1
    assert not commute(((0, "X"), (1, "Y")), ((0, "Z"),))


def weighted_gate(name):
    """One gate by weight 0 in a circuit that sees all of its frequencies."""
    kind = GATES[name]
    n = kind.n_wires or 3
    circuit = Circuit(n)
    weight = circuit.weights("w", (1,))[0]
    for wire in range(n):
        circuit.ry(wire, 0.4 + 0.3 * wire).rx(wire, 0.9 - 0.2 * wire)
    circuit.add(name, tuple(range(n)), weight)
    for wire in range(n):
        circuit.ry(wire, 0.5 + 0.2 * wire)
    return circuit.build(Expectations((PauliSum(((1.0, tuple((w, "Z") for w in range(n))), (0.3, ((0, "X"),)))),)))


EVALUATIONS = {  # two-term, gates as wholes, general
    "CRX": (4, 4, 4),
    "ControlledPhaseShift": (6, 2, 2),
    "SingleExcitation": (4, 4, 4),
    "SingleExcitationPlus": (6, 2, 2),
    "MultiRZ": (2, 2, 2),
}


@pytest.mark.parametrize("name", EVALUATIONS)
@pytest.mark.parametrize("rule", RULES)
def test_gates_kept_whole(name, rule):
    program = weighted_gate(name)
    assert len(directions(program, rule).shift_T) == EVALUATIONS[name][RULES.index(rule)]
    weights, inputs, one = np.array([0.37]), np.zeros((1, 0)), np.ones((1, 1))
    found = ShiftedExecutor(ReferenceBackend(), rule=rule).vjp(program, inputs, weights, one)
    step = 1e-5
    ends = [reference.values(program, inputs, weights + side)[0, 0] for side in (step, -step)]
    np.testing.assert_allclose(found.weights, [(ends[0] - ends[1]) / (2 * step)], atol=1e-9)


def test_a_weight_shared_by_commuting_gates():
    """A layer of ZZ on a ring of four: its eigenvalues are -4, 0, 4 (halved), so two frequencies, not four."""
    circuit = Circuit(4)
    cost, mixer = circuit.weights("w", (2,))
    for wire in range(4):
        circuit.h(wire)
    for wire in range(4):
        circuit.add("IsingZZ", (wire, (wire + 1) % 4), cost)
    for wire in range(4):
        circuit.rx(wire, mixer)
    program = circuit.build(Expectations((PauliSum(((1.0, ((0, "Z"), (1, "Z"))),)),)))
    assert [len(directions(program, rule).shift_T) for rule in RULES] == [16, 16, 12]
    weights, inputs = np.array([0.3, 0.8]), np.zeros((1, 0))
    found = ShiftedExecutor(ReferenceBackend(), rule="general").vjp(program, inputs, weights, np.ones((1, 1)))
    wanted = reference.gradients(program, inputs, weights, np.ones((1, 1)))
    np.testing.assert_allclose(found.weights, wanted.weights, atol=1e-11)


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("rule", ["four_term", "general"])
def test_rules_on_random_programs(rule, number):
    rng = np.random.default_rng(number)
    names = [n for n, kind in GATES.items() if n not in PREPARATIONS and kind.n_angles]
    program = random_program(
        rng, 3, 8, names=[str(name) for name in rng.choice(names, 4)], preparation="none", n_inputs=2, n_weights=2
    )
    inputs, weights = random_values(rng, program, 2, row_weights=number % 2 == 1)
    cotangent = rng.normal(size=(2, program.n_values))
    found = ShiftedExecutor(ReferenceBackend(), rule=rule).vjp(program, inputs, weights, cotangent)
    wanted = reference.gradients(program, inputs, weights, cotangent)
    np.testing.assert_allclose(found.inputs_BD, wanted.inputs_BD, atol=1e-9)
    np.testing.assert_allclose(found.weights, wanted.weights, atol=1e-9)


def test_an_unknown_rule():
    with pytest.raises(ConfigError, match="Did you mean 'four_term'"):
        ShiftedExecutor(rule="fourterm")
    assert directions(angle(2) + basic(2, depth=1), "two_term").trained_V.tolist() == [False, False, True, True]
