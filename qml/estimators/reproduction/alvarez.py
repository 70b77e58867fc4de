"""Alvarez-Estevez (2025) run again on the iris flowers: kernels of quantum states beside classical machines."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.base.extras import require
from qml.circuits.builder import Circuit
from qml.circuits.program import Program
from qml.estimators.reproduction.chosen import check_names, check_numbers
from qml.estimators.reproduction.claim import Claim, Measured
from qml.estimators.reproduction.study import Row
from qml.models.kernels.grams import Fidelity
from qml.models.kernels.maps import zz_map

require("sklearn", extra="train", purpose="a reproduction on the iris flowers")
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

FIRST_SPLIT = 12345
COSTS, WIDTHS, REACHES = np.logspace(-2, 2, 5), np.logspace(-3, 1, 5), (0.001, 0.01, 0.1, 0.5, 1.0)
LEFT_OUT = {"setosa_versicolor": 2, "versicolor_virginica": 0}  # set -> the third flower
SOURCE = "github.com/diegoalvareze/qkt_benchmarking (Apache-2.0), results"
REPETITIONS = 30
REPEATED = 10  # repetitions 10 to 19 of the published results are those of 0 to 9 again


def covariant_map(n_columns: int) -> Program:
    """The study's circuit of half as many wires as columns: CZ in a chain, then `RX(-2 x) RZ(-2 y)` on each wire.

    Args:
        n_columns: columns of a row, an even number.

    Example:
        >>> covariant_map(4).n_qubits
        2
    """
    circuit = Circuit(n_columns // 2)
    for wire in range(circuit.n_qubits - 1):
        circuit.cz([wire, wire + 1])
    for wire in range(circuit.n_qubits):
        circuit.rz(wire, -2 * circuit.input(2 * wire + 1)).rx(wire, -2 * circuit.input(2 * wire))
    return circuit.build(name="covariant")


@dataclass(frozen=True)
class Flowers:
    """One split of two iris flowers; the first flower has label -1.

    Args:
        train, train_labels: `(70, 4)` and `(70,)`.
        test, test_labels: `(30, 4)` and `(30,)`.
    """

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


def split_of(data: str, repetition: int) -> Flowers:
    """The split of a repetition of the study; 10 to 19 are 0 to 9 again.

    Args:
        data: a name of `LEFT_OUT`.
        repetition: 0 to 29.

    Example:
        >>> first, again = (split_of("versicolor_virginica", number) for number in (3, 13))
        >>> bool((first.test == again.test).all()), first.test.shape
        (True, (30, 4))
    """
    iris: Any = load_iris()
    kept = iris.target != LEFT_OUT[data]
    inputs, targets = iris.data[kept], iris.target[kept]
    labels = np.where(targets == targets.min(), -1, 1)
    seed = FIRST_SPLIT + (repetition if repetition < REPEATED else repetition - REPEATED)  # split 0 to 19
    rows = train_test_split(np.arange(len(labels)), test_size=0.3, random_state=seed, stratify=labels)
    train, test = map(np.asarray, rows)
    return Flowers(inputs[train], labels[train], inputs[test], labels[test])


def by_standard(make: Callable[[], Any], grid: Mapping[str, Any], rows: Flowers) -> np.ndarray:
    """Predicted labels by a classical machine on standardised columns, chosen in five folds of the training rows."""
    scale = StandardScaler().fit(rows.train)
    search = GridSearchCV(make(), dict(grid), cv=StratifiedKFold(5))
    return search.fit(scale.transform(rows.train), rows.train_labels).predict(scale.transform(rows.test))


def by_states(make: Callable[[int], Program], rows: Flowers) -> np.ndarray:
    """Predicted labels by the fidelity of states, with cost and reach chosen in five folds of the training rows."""
    scale, best, found = MinMaxScaler((0, 2 * np.pi)).fit(rows.train), -1.0, np.zeros(0)
    kernel = Fidelity(make(rows.train.shape[1]))
    for reach in REACHES:
        train, test = reach * scale.transform(rows.train), reach * scale.transform(rows.test)
        search = GridSearchCV(SVC(kernel="precomputed"), {"C": COSTS}, cv=StratifiedKFold(5))
        search.fit(kernel.gram(train), rows.train_labels)
        if search.best_score_ > best:
            best, found = search.best_score_, search.predict(kernel.gram(test, train))
    return found


ARMS: dict[str, Callable[[Flowers], np.ndarray]] = {
    "LR": partial(by_standard, LogisticRegression, {"C": COSTS}),
    "SVM_linear": partial(by_standard, partial(SVC, kernel="linear"), {"C": COSTS}),
    "SVM_poly": partial(by_standard, partial(SVC, kernel="poly", degree=7), {"C": COSTS}),
    "SVM_rbf": partial(by_standard, SVC, {"C": COSTS, "gamma": WIDTHS}),
    "qSVM_ZZ": partial(by_states, zz_map),
    "qSVM_COV": partial(by_states, covariant_map),
}


@dataclass(frozen=True)
class AlvarezStudy:
    """Six machines on two pairs of flowers, over the splits of the study.

    Args:
        table: CSV of published test accuracies, one a repetition; in a recipe a relative path is below `conf/`.
        title: who, when, where.
        data: names of `LEFT_OUT`.
        repetitions: which of the study's.
        lessons: what a reader must know.

    Raises:
        ConfigError: no data or repetition, or one that the study does not have.
    """

    table: str
    title: str = "Alvarez-Estevez (2025)"
    data: Sequence[str] = tuple(LEFT_OUT)
    repetitions: Sequence[int] = tuple(range(REPETITIONS))
    lessons: Sequence[str] = ()

    def __post_init__(self) -> None:
        check_names("data", self.data, LEFT_OUT, "this study")
        check_numbers("repetitions", self.repetitions, most=REPETITIONS - 1)

    def rows(self) -> tuple[Row, ...]:
        """A row a machine and pair of flowers.

        Raises:
            DataError: the table cannot be read, or lacks a machine.
        """
        try:
            with Path(self.table).open(newline="", encoding="utf-8") as file:
                known = {(row["data"], row["arm"]): tuple(json.loads(row["published"])) for row in csv.DictReader(file)}
            wanted = [(data, arm, known[data, arm]) for data in self.data for arm in ARMS]
        except (OSError, KeyError, ValueError) as error:
            raise DataError(f"The published accuracies {self.table} cannot be read: {error!r}.") from error
        return tuple(self._row(*row) for row in wanted)

    def _row(self, data: str, arm: str, published: tuple[float, ...]) -> Row:
        claim = Claim(arm, data, published, 30, "exact", source=SOURCE)
        return Row(claim, tuple(self.repetitions), partial(_measured, data, arm), "iris")


def _measured(data: str, arm: str, repetition: int) -> Measured:
    rows = split_of(data, repetition)
    wall, cpu = time.perf_counter(), time.process_time()
    found = ARMS[arm](rows)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(repetition, int((found == rows.test_labels).sum()), len(found), 0, *seconds)
