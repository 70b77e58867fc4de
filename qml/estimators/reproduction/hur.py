"""Hur, Kim and Park (2022) run again: a quantum convolutional network, its classical control, and what was left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from qml.base.extras import require
from qml.base.seeds import generator
from qml.circuits.program import Program
from qml.circuits.qcnn import qcnn
from qml.data.opening import open_table
from qml.data.table import PARTS
from qml.estimators.reproduction.chosen import LARGEST_SEED, check_names, check_numbers
from qml.estimators.reproduction.claim import Claim, Measured, Rule
from qml.estimators.reproduction.study import Row

STEPS, BATCH, RATE, MOMENTUM = 200, 25, 0.01, 0.9
SOURCE = "github.com/takh04/QCNN, QCNN/Result/Data"
CHAIN = {  # (set, block) -> test accuracies of five runs, cross-entropy
    ("mnist", "su4"): (0.983451536643026, 0.97966903073286, 0.97966903073286, 0.980614657210402, 0.984869976359338),
    ("mnist", "u9"): (0.976359338061466, 0.982505910165485, 0.978250591016548, 0.982978723404255, 0.981087470449173),
    ("fashion_mnist", "su4"): (0.923, 0.9265, 0.92, 0.9095, 0.921),
    ("fashion_mnist", "u9"): (0.8665, 0.866, 0.856, 0.8575, 0.866),
}
CNN = {  # of ten runs, 26 numbers
    "mnist": (
        *(0.921513002364066, 0.894089834515366, 0.98108747044917, 0.958865248226950, 0.942316784869976),
        *(0.980141843971631, 0.954137115839243, 0.536643026004728, 0.976832151300236, 0.958865248226950),
    ),
    "fashion_mnist": (0.5, 0.803, 0.5, 0.856, 0.946, 0.9245, 0.906, 0.9395, 0.921, 0.925),
}


@dataclass(frozen=True)
class Digits:
    """Classes 0 and 1 of a set of images in eight columns; label 1 is class 0, as the study has it.

    Args:
        train, train_labels: `(N, 8)` and `(N,)`.
        test, test_labels: the same of test rows.
    """

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


@lru_cache(maxsize=2)
def eight_columns(name: str, root: str | None = None) -> Digits:
    """Principal components of the pixels fitted on training rows, each part brought to 0..pi by its own range.

    The sign of a component is that of scikit-learn below 1.5, where its largest training value is positive: with
    another sign rows are encoded by other turns. A test row is scaled by the range of all test rows, as in the study.

    Args:
        name: "mnist" or "fashion_mnist".
        root: the data root; None reads `QML_DATA`.

    Raises:
        DataError: the set is not below the data root.
    """
    require("sklearn", extra="data", purpose="principal components of images")
    from sklearn.decomposition import PCA

    table = open_table(name, root)
    targets, official, found = np.asarray(table.targets), np.asarray(table.official), []
    signs_8 = np.ones(8)
    images, reduce = np.asarray(table["image"]), PCA(8, svd_solver="covariance_eigh")
    for part in ("train", "test"):
        rows = np.flatnonzero((targets < 2) & (official == PARTS.index(part)))
        pixels = images[rows].reshape(len(rows), -1).astype(np.float64) / 255
        columns = reduce.fit_transform(pixels) if part == "train" else reduce.transform(pixels)
        if part == "train":
            signs_8 = np.sign(columns[np.abs(columns).argmax(axis=0), np.arange(8)])
        columns = columns * signs_8
        found += [(columns - columns.min()) * (np.pi / np.ptp(columns)), (targets[rows] == 0).astype(int)]
    return Digits(*found)


@dataclass(frozen=True)
class HurStudy:
    """The quantum convolutional network on eight principal components of digits, and on clothes.

    Args:
        title: who, when, where.
        sets: "mnist", "fashion_mnist".
        seeds: of the networks with circuits; controls take twice as many.
        lessons: what a reader must know.
        root: the data root; None reads `QML_DATA`.

    Raises:
        ConfigError: no set or seed, or one that cannot be.
    """

    title: str = "Hur, Kim and Park (2022)"
    sets: Sequence[str] = ("mnist", "fashion_mnist")
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    lessons: Sequence[str] = ()
    root: str | None = None

    def __post_init__(self) -> None:
        check_names("sets", self.sets, CNN, "this study")
        check_numbers("seeds", self.seeds, most=LARGEST_SEED)

    def rows(self) -> tuple[Row, ...]:
        """The circuits, the control as published and with its optimiser kept, and logistic regression."""
        rows: list[Row] = []
        for name in self.sets:
            n_test = len(eight_columns(name, self.root).test)
            make = partial(self._row, name, n_test)
            rows += [
                make(
                    "QCNN, SU(4), 45 numbers", CHAIN[name, "su4"], fit=partial(fit_circuit, qcnn("su4")), note=PYRAMID
                ),
                make("QCNN, SU(4) in a chain, 45 numbers", fit=partial(fit_circuit, qcnn("su4", "chain"))),
                make(
                    "QCNN, U9 with pooling, 12 numbers",
                    CHAIN[name, "u9"],
                    fit=partial(fit_circuit, qcnn("u9", pooling=True)),
                    note=PYRAMID,
                ),
                make("QCNN, U9 in a chain, 6 numbers", fit=partial(fit_circuit, qcnn("u9", "chain"))),
                make("CNN, 26 numbers, Adam made anew each step", CNN[name], fit=partial(fit_cnn, False)),
                make("CNN, 26 numbers, one Adam", fit=partial(fit_cnn, True)),
                make("logistic regression, 9 numbers", fit=fit_line),
            ]
        return tuple(rows)

    def _row(
        self,
        name: str,
        n_test: int,
        arm: str,
        published: tuple[float, ...] = (),
        *,
        fit: Callable[[Digits, int], np.ndarray],
        note: str = "",
    ) -> Row:
        trained = arm.startswith("QCNN")
        seeds = (0,) if fit is fit_line else tuple(self.seeds) if trained else tuple(range(2 * len(self.seeds)))
        rule: Rule = "means" if published else "shown"
        claim = Claim(arm, f"{name} 0/1", published, n_test, rule, trained=trained, note=note, source=SOURCE)
        return Row(claim, seeds, partial(_measured, name, self.root, fit), name)


PYRAMID = "listed as a chain; its raw file names the pyramid, which is run here"


def _measured(name: str, root: str | None, fit: Callable[[Digits, int], np.ndarray], seed: int) -> Measured:
    data = eight_columns(name, root)
    wall, cpu = time.perf_counter(), time.process_time()
    found = fit(data, seed)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    steps = 0 if fit is fit_line else STEPS
    return Measured(seed, int((found == data.test_labels).sum()), len(found), steps, *seconds)


def batches(data: Digits, seed: int) -> list[np.ndarray]:
    """The rows of each update, drawn with replacement."""
    rng = generator(seed, "batches")
    return [rng.integers(0, len(data.train), BATCH) for _ in range(STEPS)]


def fit_circuit(program: Program, data: Digits, seed: int) -> np.ndarray:
    """Predicted labels of the test rows, `(N,)`, behind 200 updates with Nesterov's momentum.

    The loss is the negative log-likelihood *summed* over a batch; the control takes the mean.

    Args:
        program: of eight inputs and two probabilities.
        data: digits.
        seed: of weights, standard normal, and batches.
    """
    from qml.backends import executor_named

    executor = executor_named("engine_cpu")
    weights = generator(seed, "weights").standard_normal(program.n_weights)
    velocity = np.zeros_like(weights)
    for rows in batches(data, seed):
        ahead, inputs, labels = weights - MOMENTUM * velocity, data.train[rows], data.train_labels[rows]
        run = executor.forward(program, inputs, ahead, keep=True)
        slopes_B2 = np.zeros_like(run.values_BK)
        chosen = np.arange(BATCH), labels
        slopes_B2[chosen] = -1.0 / run.values_BK[chosen]
        gradient = executor.vjp(program, inputs, ahead, slopes_B2, residual=run.residual).weights
        velocity = MOMENTUM * velocity + RATE * gradient
        weights = weights - velocity
    return executor.forward(program, data.test, weights).values_BK.argmax(axis=1)


def fit_cnn(kept: bool, data: Digits, seed: int) -> np.ndarray:
    """Predicted labels of the test rows by the study's control of 26 numbers.

    Args:
        kept: whether one Adam sees all updates; the study makes a new one at each.
        data: digits.
        seed: of weights and batches.
    """
    from qml.models.published.control import trained

    network = trained(data.train, data.train_labels, batches(data, seed), RATE, kept=kept, seed=seed)
    return network(data.test).argmax(axis=1)


def fit_line(data: Digits, seed: int) -> np.ndarray:
    """Predicted labels of the test rows by logistic regression on the same columns; the seed changes nothing."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000).fit(data.train, data.train_labels).predict(data.test)
