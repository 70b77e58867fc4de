"""A kernel classifier: support vectors on the Gram matrix, or ridge regression on landmarks where rows are many."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from qml.base.bounds import check_number, check_whole
from qml.base.extras import require
from qml.base.seeds import generator
from qml.models.kernels.grams import Kernel
from qml.models.kernels.rows import checked_classes, checked_rows, fitted_columns

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 8192  # rows of a block against all landmarks


class KernelMachine:
    """Classifies by a kernel; a scikit-learn estimator as far as `qml.learn.WholeFit` asks for one.

    Rows go through principal components (where there are more columns than `n_columns`), then each column to
    `interval`, both fitted on the training rows, then to the kernel. Up to `exact_rows` rows the machine is a support
    vector classifier on the whole Gram matrix. Beyond, `landmarks` rows drawn at random stand for all (Nystrom):

        f(x) = sum_l a_l k(x, x_l) + b,    minimising C sum_n (f(x_n) - y_n)^2 + a^T K a,    y = -1 or 1

    one such function a class, over all rows, in blocks: memory grows with the landmarks and not with the rows.

    Args:
        kernel: number of columns -> `Kernel`.
        C: cost of a row on the wrong side.
        n_columns: columns that the kernel is given at most; None gives it all.
        interval: where training rows lie in each column; others may lie outside.
        exact_rows: largest number of rows with a whole Gram matrix.
        landmarks: rows that stand for all where there are more.
        seed: of their draw.
        n_inputs: columns of the rows that it is for; None takes any.

    Raises:
        ConfigError: a number out of its range, or a machine asked before it was fitted.
        ShapeError: rows of another shape than it is for, or not a class each.
        DataError: values that are no finite numbers, targets that are no classes, or one class alone.

    Attributes:
        classes_: `(C,)` labels in order.
        support_vectors_: `(V, D)` rows that predictions compare with, as the kernel sees them.
        dual_coef_: their coefficients, `(C - 1, V)` of support vectors, else `(1 or C, V)`.
        intercept_: constants.

    Example:
        >>> from qml.circuits import angle
        >>> from qml.models.kernels.grams import Fidelity
        >>> machine = KernelMachine(lambda n_columns: Fidelity(angle(n_columns)), C=10.0)
        >>> rows = np.array([[0.0], [0.1], [0.9], [1.0]])
        >>> machine.fit(rows, np.array([0, 0, 1, 1])).predict(np.array([[0.2], [0.8]]))
        array([0, 1])
    """

    def __init__(
        self,
        kernel: Callable[[int], Kernel],
        *,
        C: float = 1.0,
        n_columns: int | None = None,
        interval: tuple[float, float] = (-np.pi / 2, np.pi / 2),
        exact_rows: int = 5000,
        landmarks: int = 1000,
        seed: int = 0,
        n_inputs: int | None = None,
    ):
        check_machine("KernelMachine", C, n_columns, exact_rows, landmarks)
        self.kernel, self.C, self.n_columns, self.interval = kernel, C, n_columns, interval
        self.exact_rows, self.landmarks, self.seed, self.n_inputs = exact_rows, landmarks, seed, n_inputs

    def fit(self, inputs: np.ndarray, targets: np.ndarray, sample_weight: np.ndarray | None = None) -> KernelMachine:
        """Learn from `(N, D)` rows with a class each, `(N,)`, and a weight each where they are given."""
        inputs = checked_rows("KernelMachine", inputs, self.n_inputs)
        self.classes_, codes = np.unique(
            checked_classes("KernelMachine", targets, len(inputs), sample_weight), return_inverse=True
        )
        self.front_ = _front(self.n_columns, self.interval, inputs)
        rows = self.front_.fit_transform(inputs)
        self.kernel_ = self.kernel(rows.shape[1]).fitted(rows)
        if len(rows) <= self.exact_rows:
            self._fit_whole(rows, codes, sample_weight)
        else:
            limits = len(rows), self.exact_rows, self.landmarks
            logger.info("%d rows are more than %d: %d landmarks stand for them", *limits)
            self._fit_landmarks(rows, codes, sample_weight)
        self.n_features_in_ = inputs.shape[1]
        return self

    def decision_function(self, inputs: np.ndarray) -> np.ndarray:
        """Of `(N, D)` rows `(N, C)` values, the largest of the predicted class; `(N,)` for two classes."""
        inputs = checked_rows("KernelMachine", inputs, fitted_columns(self))
        rows = self.front_.transform(inputs)
        if self.machine_ is not None:
            return self.machine_.decision_function(self.kernel_.gram(rows, self._rows))
        found = np.empty((len(rows), len(self.dual_coef_)))
        for block in _blocks(len(rows)):
            found[block] = self.kernel_.gram(rows[block], self.support_vectors_) @ self.dual_coef_.T + self.intercept_
        return found[:, 0] if len(self.classes_) == 2 else found

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """The class of each of `(N, D)` rows, `(N,)`."""
        values = self.decision_function(inputs)
        return self.classes_[(values > 0).astype(int) if values.ndim == 1 else values.argmax(axis=1)]

    def _fit_whole(self, rows_ND: np.ndarray, codes_N: np.ndarray, weights: np.ndarray | None) -> None:
        from sklearn.svm import SVC

        machine: Any = SVC(kernel="precomputed", C=self.C)
        machine.fit(self.kernel_.gram(rows_ND), codes_N, sample_weight=weights)
        self.machine_, self._rows = machine, rows_ND
        self.support_vectors_ = rows_ND[machine.support_]
        self.dual_coef_, self.intercept_ = machine.dual_coef_, machine.intercept_

    def _fit_landmarks(self, rows_ND: np.ndarray, codes_N: np.ndarray, weights: np.ndarray | None) -> None:
        n_landmarks = min(self.landmarks, len(rows_ND))
        chosen = generator(self.seed, "landmarks").choice(len(rows_ND), n_landmarks, replace=False)
        self.machine_, self.support_vectors_ = None, rows_ND[np.sort(chosen)]
        whiten = whitening(self.kernel_.gram(self.support_vectors_.astype(np.float64)), rows_ND.dtype)
        n_classes = len(self.classes_)
        wanted = np.where(codes_N[:, None] == (np.arange(n_classes) if n_classes > 2 else 1), 1.0, -1.0)
        sums = RidgeSums(whiten.shape[1], wanted.shape[1])
        for block in _blocks(len(rows_ND)):
            features = self.kernel_.gram(rows_ND[block], self.support_vectors_) @ whiten
            sums.add(features, wanted[block], None if weights is None else weights[block])
        coefficients, self.intercept_ = sums.solved(1.0 / self.C)
        self.dual_coef_ = (whiten.astype(np.float64) @ coefficients).T


def check_machine(who: str, C: Any, n_columns: Any, exact_rows: Any, landmarks: Any) -> None:
    """Raise unless these are settings of a `KernelMachine`.

    Raises:
        ConfigError: one is out of its range.
    """
    check_number(who, above=0, C=C)
    check_whole(who, 1, landmarks=landmarks, **({} if n_columns is None else {"n_columns": n_columns}))
    check_whole(who, 0, exact_rows=exact_rows)


class RidgeSums:
    """Ridge regression with an intercept from sums over rows, so that no more than a block of rows is alive.

    Args:
        n_features: columns `F` of the rows.
        n_outputs: numbers `K` to regress.

    Example:
        >>> sums = RidgeSums(1, 1)
        >>> sums.add(np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [3.0], [5.0]]))
        >>> slopes, constants = sums.solved(1e-12)
        >>> slopes.round(6).tolist(), constants.round(6).tolist()
        ([[2.0]], [1.0])
    """

    def __init__(self, n_features: int, n_outputs: int):
        self.weight = 0.0
        self.features, self.outputs = np.zeros(n_features), np.zeros(n_outputs)
        self.squares, self.products = np.zeros((n_features, n_features)), np.zeros((n_features, n_outputs))

    def add(self, features_BF: np.ndarray, outputs_BK: np.ndarray, weights_B: np.ndarray | None = None) -> None:
        """Take more rows in."""
        features = features_BF.astype(np.float64)
        weights = np.ones(len(features)) if weights_B is None else weights_B
        weighted = features * weights[:, None]
        self.weight += float(weights.sum())
        self.features += weighted.sum(axis=0)
        self.outputs += weights @ outputs_BK
        self.squares += features.T @ weighted
        self.products += weighted.T @ outputs_BK

    def solved(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        """Slopes `(F, K)` and constants `(K,)` that minimise squared errors plus `penalty` times squared slopes."""
        from scipy.linalg import solve

        means, centre = self.features / self.weight, self.outputs / self.weight
        squares = self.squares - self.weight * np.outer(means, means)
        squares[np.diag_indices_from(squares)] += penalty
        slopes = solve(squares, self.products - self.weight * np.outer(means, centre), assume_a="pos")
        return slopes, centre - means @ slopes


def whitening(gram_VV: np.ndarray, dtype: np.typing.DTypeLike) -> np.ndarray:
    """`(V, R)` of `dtype`: kernel rows times it are features whose products approximate the kernel.

    Directions of the landmarks' Gram matrix `(V, V)` float64 in which kernel rows of that dtype are mostly rounding
    are left out: a row's rounding is `eps` in any direction, its signal in one of eigenvalue `s` about `s / sqrt(V)`.
    """
    values, vectors = np.linalg.eigh(gram_VV)
    kept = values > 10 * np.finfo(dtype).eps * np.sqrt(len(values)) * gram_VV.diagonal().max()
    return (vectors[:, kept] / np.sqrt(values[kept])).astype(dtype)


def _front(n_columns: int | None, interval: tuple[float, float], inputs: np.ndarray) -> Any:
    """Principal components where there are too many columns, then each column to the interval."""
    require("sklearn", extra="train", purpose="a kernel classifier")
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    scale = MinMaxScaler(feature_range=interval)
    if n_columns is None or inputs.shape[1] <= n_columns:
        return scale
    return make_pipeline(PCA(n_columns, svd_solver="covariance_eigh"), scale)


def _blocks(n_rows: int) -> list[slice]:
    return [slice(start, min(start + ROWS_AT_ONCE, n_rows)) for start in range(0, n_rows, ROWS_AT_ONCE)]
