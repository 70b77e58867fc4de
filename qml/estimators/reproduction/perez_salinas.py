"""Perez-Salinas et al. (2020) run again: one qubit that reads a point again and again learns a circle."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from qml.base.extras import require
from qml.circuits.builder import Circuit
from qml.circuits.counting import whole_number
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities
from qml.estimators.reproduction.chosen import LARGEST_SEED, check_numbers
from qml.estimators.reproduction.claim import Claim, Measured, Rule
from qml.estimators.reproduction.study import Row

TRAIN, TEST = 200, 4000
SOURCE = "the authors' code, github.com/AdrianPerezSalinas/universal_qlassifier, run at its own seed 30"
PUBLISHED = {1: 0.5, 2: 0.85125, 3: 0.853, 4: 0.896, 5: 0.887, 6: 0.9035, 8: 0.96125}  # layers -> share
SAME_PATH = 4  # layers up to which gradients by differences lead to the same minimum
DIFFERENCES = "the published code differentiates by differences, and L-BFGS-B takes another path"


@dataclass(frozen=True)
class Circle:
    """Points of a square, half of them in a circle, and where the study starts from.

    Args:
        inputs: `(4200, 2)`, uniform in -1..1; the first 200 are trained on.
        labels: `(4200,)`, 1 within the circle.
        start: the weights, as `one_qubit` has them.
    """

    inputs: np.ndarray
    labels: np.ndarray
    start: np.ndarray


def circle(seed: int, layers: int) -> Circle:
    """The points and the start that the study's code draws, to the bit.

    Args:
        seed: of NumPy's legacy generator.
        layers: of the circuit, for the start.

    Example:
        >>> found = circle(30, 2)
        >>> found.inputs.shape, found.start.shape
        ((4200, 2), (10,))
    """
    random = np.random.RandomState(seed)
    inputs = 2 * random.rand(TRAIN + TEST, 2) - 1
    labels = (np.linalg.norm(inputs, axis=1) < np.sqrt(2 / np.pi)).astype(int)
    return Circle(inputs, labels, np.concatenate([random.rand(3 * layers), random.rand(2 * layers)]))


def one_qubit(layers: int) -> Program:
    """`layers` times `RZ(-c) RY(a + u x_0) RZ(-(b + v x_1))`, read as probabilities of 0 and 1.

    Args:
        layers: uploads of the point.

    Returns:
        A Program with blocks `thetas` `(layers, 3)` (a, b, c) and `alphas` `(layers, 2)` (u, v).

    Example:
        >>> one_qubit(3).n_weights
        15
    """
    circuit = Circuit(1)
    layers = whole_number("layers", layers, least=1)
    thetas, alphas = circuit.weights("thetas", (layers, 3)), circuit.weights("alphas", (layers, 2))
    for (a, b, c), (u, v) in zip(thetas, alphas, strict=True):
        circuit.rot(0, -1 * c, a + u * circuit.input(0), -1 * (b + v * circuit.input(1)))
    return circuit.build(Probabilities((0,)), name="one_qubit")


def trained(layers: int, points: Circle) -> tuple[np.ndarray, int]:
    """Weights behind L-BFGS-B on `-mean sqrt(p)`, p the probability of the label, and how often the loss was asked for.

    The study differentiates by differences; here the gradient is exact.

    Args:
        layers: of the circuit.
        points: data and start.
    """
    require("scipy", extra="train", purpose="L-BFGS-B")
    from scipy.optimize import minimize

    from qml.backends import executor_named

    executor, program = executor_named("engine_cpu"), one_qubit(layers)
    inputs, chosen = points.inputs[:TRAIN], (np.arange(TRAIN), points.labels[:TRAIN])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        run = executor.forward(program, inputs, weights, keep=True)
        roots_B = np.sqrt(np.maximum(run.values_BK[chosen], 1e-300))
        slopes_B2 = np.zeros_like(run.values_BK)
        slopes_B2[chosen] = -0.5 / roots_B / TRAIN
        gradient = executor.vjp(program, inputs, weights, slopes_B2, residual=run.residual).weights
        return -float(roots_B.mean()), gradient

    found = minimize(loss, points.start, jac=True, method="L-BFGS-B")
    return found.x, found.nfev


@dataclass(frozen=True)
class PerezSalinasStudy:
    """The circle with one qubit of several depths, and two classical lines beside it.

    Args:
        title: who, when, where.
        layers: depths of the circuit.
        seeds: of data and start; the first is compared with the authors' code, whose seed is 30.
        lessons: what a reader must know.

    Raises:
        ConfigError: no depth or seed, or one that cannot be.
    """

    title: str = "Perez-Salinas et al. (2020)"
    layers: Sequence[int] = (1, 2, 3, 4, 5, 6, 8, 10)
    seeds: Sequence[int] = (30, 31, 32, 33, 34)
    lessons: Sequence[str] = ()

    def __post_init__(self) -> None:
        check_numbers("layers", self.layers, least=1)
        check_numbers("seeds", self.seeds, most=LARGEST_SEED)

    def rows(self) -> tuple[Row, ...]:
        """A row a depth at the authors' seed, a row a depth over all seeds, and the classical ones."""
        first, every = tuple(self.seeds[:1]), tuple(self.seeds)
        rows = [
            _row(f"one qubit, {n} layers, seed {first[0]}", first, partial(_circuit, n), PUBLISHED.get(n), n)
            for n in self.layers
            if n in PUBLISHED and first == (30,)
        ]
        rows += [_row(f"one qubit, {n} layers", every, partial(_circuit, n), None, n) for n in self.layers]
        rows.append(_row("SVM, Gaussian kernel", every, _svm, None, 0))
        rows.append(_row("logistic regression on squares", every, _squares, None, 0))
        return tuple(rows)


def _row(
    arm: str, seeds: tuple[int, ...], predict: Callable[[int], tuple], published: float | None, layers: int
) -> Row:
    accuracies = () if published is None else (published,)
    rule: Rule = "exact" if accuracies and layers <= SAME_PATH else "shown"
    note = "" if rule == "exact" or not accuracies else DIFFERENCES
    claim = Claim(arm, "circle", accuracies, TEST, rule, trained=layers > 0, note=note, source=SOURCE, first=seeds[0])
    return Row(claim, seeds, partial(_measured, predict), layers)


def _measured(predict: Callable[[int], tuple[np.ndarray, np.ndarray, int]], seed: int) -> Measured:
    """One fit; `predict` gives predicted and true labels of all rows, and evaluations of the loss."""
    wall, cpu = time.perf_counter(), time.process_time()
    found, labels, steps = predict(seed)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    right = found == labels
    return Measured(seed, int(right[TRAIN:].sum()), TEST, steps, *seconds, train=float(right[:TRAIN].mean()))


def _circuit(layers: int, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    from qml.backends import executor_named

    points = circle(seed, layers)
    weights, evaluations = trained(layers, points)
    values_B2 = executor_named("engine_cpu").forward(one_qubit(layers), points.inputs, weights).values_BK
    return values_B2.argmax(axis=1), points.labels, evaluations


def _svm(seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    from sklearn.svm import SVC

    points = circle(seed, 1)
    machine = SVC(C=10.0).fit(points.inputs[:TRAIN], points.labels[:TRAIN])
    return machine.predict(points.inputs), points.labels, 1


def _squares(seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """The circle is a line in the squares of the coordinates."""
    from sklearn.linear_model import LogisticRegression

    points = circle(seed, 1)
    squares = points.inputs**2
    line = LogisticRegression(C=100.0).fit(squares[:TRAIN], points.labels[:TRAIN])
    return line.predict(squares), points.labels, 1
