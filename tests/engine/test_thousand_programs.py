"""A thousand random Programs over the whole gate table: everyone who can run one says the same, however it is asked.

Forty of them run by default; `-m slow` runs all. The seeds of hypothesis are fixed, so that a run is repeatable.
"""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from qml.backends.engine import EngineExecutor
from qml.backends.reference import ReferenceExecutor
from qml.circuits.bridges.pennylane import to_qnode
from qml.circuits.program import Program
from qml.engine.traced import traced
from tests.programs import (
    ALL_FEATURES,
    GATE_NAMES,
    PREPARATION_FORMS,
    READOUT_FORMS,
    coverage,
    random_program,
    random_values,
)

VALUES, GRADIENTS = 1e-10, 1e-9
MANY, PARTS, FEW = 1000, 5, 40
ROWS = 5
BATCH = 21  # one full tile of every vector width, and a rest


@st.composite
def cases(draw) -> tuple[Program, np.random.Generator]:
    """A Program of 1 to 5 qubits and 3 to 16 gates, and numbers for the rest."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = draw(st.lists(st.sampled_from(GATE_NAMES), min_size=3, max_size=6))
    program = random_program(
        rng,
        draw(st.integers(1, 5)),
        draw(st.integers(len(names), 16)),
        names=names,
        readout=draw(st.sampled_from(READOUT_FORMS)),
        preparation=draw(st.sampled_from((*PREPARATION_FORMS, "none", "none"))),
    )
    return program, rng


def asked(count: int, number: int):
    """Ask a test of enough cases to see `count` distinct ones, always the same."""

    def decorate(test):
        quiet = settings(
            max_examples=2 * count,  # it draws some seeds again
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        return seed(number)(quiet(given(cases())(test)))

    return decorate


class Answers:
    """Values and both gradients of one Program, from everyone."""

    def __init__(self, program: Program, rng: np.random.Generator, batch: int, row_weights: bool = False):
        self.program = program
        self.inputs, self.weights = random_values(rng, program, batch, row_weights=row_weights)
        self.cotangent = rng.normal(size=(batch, program.n_values))

    def of(self, executor, inputs=None, cotangent=None, weights=None) -> list[np.ndarray]:
        """By an Executor; other arrays may be handed in."""
        inputs = self.inputs if inputs is None else inputs
        weights = self.weights if weights is None else weights
        cotangent = self.cotangent if cotangent is None else cotangent
        values = executor.forward(self.program, inputs, weights, keep=True)
        gradients = executor.vjp(self.program, inputs, weights, cotangent, residual=values.residual)
        return [values.values_BK, gradients.inputs_BD, gradients.weights]

    def of_function(self, function) -> list[np.ndarray]:
        """By a torch function of inputs and weights."""
        inputs, weights = (torch.tensor(a, requires_grad=True) for a in (self.inputs, self.weights))
        values = function(inputs, weights)
        loss = (values * torch.tensor(self.cotangent)).sum()
        slopes = [torch.zeros_like(a) for a in (inputs, weights)]
        if loss.requires_grad:
            found = torch.autograd.grad(loss, (inputs, weights), allow_unused=True)
            slopes = [zero if grad is None else grad for zero, grad in zip(slopes, found, strict=True)]
        return [a.detach().numpy() for a in (values, *slopes)]


def assert_close(found: list[np.ndarray], wanted: list[np.ndarray], who: str) -> None:
    for place, (got, right) in enumerate(zip(found, wanted, strict=True)):
        bound = (GRADIENTS if place else VALUES) * max(1.0, np.abs(right).max(initial=0))
        assert got.shape == right.shape, who
        assert np.abs(got - right).max(initial=0) <= bound, (who, ("values", "by inputs", "by weights")[place])


def assert_same(found: list[np.ndarray], wanted: list[np.ndarray]) -> None:
    for got, right in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(got, right)


def check_everyone_agrees(program: Program, rng: np.random.Generator, row_weights: bool) -> None:
    """Engine, reference, traced form and PennyLane; and the states of engine and reference."""
    answers = Answers(program, rng, ROWS, row_weights)
    wanted = answers.of(ReferenceExecutor())
    assert_close(answers.of(EngineExecutor()), wanted, "engine")
    assert_close(answers.of_function(partial(traced, program, torch)), wanted, "traced form")
    assert_close(answers.of_function(to_qnode(program, "torch")), wanted, "PennyLane")
    found, right = (e.states(program, answers.inputs, answers.weights) for e in (EngineExecutor(), ReferenceExecutor()))
    assert np.abs(found - right).max() <= VALUES, "states"


def check_rows(program: Program, rng: np.random.Generator, dtype: str) -> None:
    """Rows alone, rows in another order, another number of threads: bit for bit, but for sums over rows."""
    answers = Answers(program, rng, BATCH)
    for name in ("inputs", "weights", "cotangent"):
        setattr(answers, name, getattr(answers, name).astype(dtype))
    inputs, cotangent = answers.inputs, answers.cotangent
    one, bound = answers.of(EngineExecutor(threads=1)), 1e-12 if dtype == "float64" else 1e-4
    assert_same(answers.of(EngineExecutor(threads=2)), one)
    order = rng.permutation(BATCH)
    moved = answers.of(EngineExecutor(), inputs[order], cotangent[order])
    assert_same(moved[:2], [one[0][order], one[1][order]])
    summed = np.zeros_like(one[2])
    for row in range(BATCH):
        alone = answers.of(EngineExecutor(), inputs[row : row + 1], cotangent[row : row + 1])
        assert_same([alone[0][0], alone[1][0]], [one[0][row], one[1][row]])
        summed = summed + alone[2]
    scale = BATCH * max(1.0, np.abs(summed).max(initial=0))
    for found in (moved[2], summed):
        assert np.abs(found - one[2]).max(initial=0) <= bound * scale
    states = [EngineExecutor(threads=n).states(program, inputs, answers.weights) for n in (1, 2)]
    np.testing.assert_array_equal(states[1], states[0])
    np.testing.assert_array_equal(EngineExecutor().states(program, inputs[order], answers.weights), states[0][order])


def run(count: int, number: int, least: float) -> None:
    """Ask everything of `count` distinct Programs, and assert afterwards that they covered the gate table."""
    seen: dict[str, Program] = {}

    @asked(count, number)
    def ask(case):
        program, rng = case
        if len(seen) == count or program.digest in seen:
            return
        seen[program.digest] = program
        check_everyone_agrees(program, rng, row_weights=len(seen) % 4 == 0)
        check_rows(program, rng, ("float64", "float32")[len(seen) % 2])

    ask()
    found = coverage(seen.values())
    assert len(seen) == count
    assert len(found & ALL_FEATURES) >= least * len(ALL_FEATURES), ALL_FEATURES - found
    assert {program.n_qubits for program in seen.values()} == {1, 2, 3, 4, 5}


def test_some_programs():
    run(FEW, number=1, least=0.9)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_programs(part):
    run(MANY // PARTS, number=2 + part, least=1.0)


def test_a_wrong_answer_is_seen():
    rng = np.random.default_rng(0)
    answers = Answers(random_program(rng, 3, 10), rng, ROWS)
    right = answers.of(ReferenceExecutor())
    for place in range(3):
        wrong = [array + (1e-7 if place == number else 0) for number, array in enumerate(right)]
        with pytest.raises(AssertionError, match="someone"):
            assert_close(wrong, right, "someone")
        with pytest.raises(AssertionError):
            assert_same(wrong, right)
