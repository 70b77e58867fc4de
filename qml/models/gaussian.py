"""Support vectors with a Gaussian kernel where rows are few, and landmarks in their place where rows are many."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from qml.base.extras import require

require("sklearn", extra="train", purpose="the SVM champion")
from sklearn.base import BaseEstimator
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import RidgeClassifier
from sklearn.svm import SVC

_logger = logging.getLogger(__name__)


class GaussianMachine(BaseEstimator):
    """Classifies by a Gaussian kernel; a scikit-learn estimator.

    Up to `exact_rows` training rows it is scikit-learn's support vector classifier. Beyond, `landmarks` rows drawn at
    random stand for all (Nystrom), and the squared error is minimised in place of the hinge, which is a linear system:

        f(x) = sum_l a_l k(x, x_l) + b,    minimising C sum_n (f(x_n) - y_n)^2 + a^T K a,    y = -1 or 1

    as the kernels of circuits do it (`qml.models.kernels.KernelMachine`), so that neither has an advantage.

    Args:
        C: cost of a row on the wrong side.
        gamma: inverse squared width, or "scale" for one over columns times variance.
        exact_rows: largest number of rows for the support vector classifier.
        landmarks: rows that stand for all where there are more.
        seed: of their draw.

    Attributes:
        classes_: `(C,)` labels in order.
        support_vectors_: `(V, D)` rows that predictions compare with.
        dual_coef_, intercept_: coefficients and constants.

    References:
        Williams and Seeger, NIPS 13 (2001).

    Example:
        >>> rows = np.linspace(0, 1, 40)[:, None]
        >>> machine = GaussianMachine(C=10.0, exact_rows=20, landmarks=10)
        >>> machine.fit(rows, (rows[:, 0] > 0.5).astype(int)).predict(np.array([[0.2], [0.8]]))
        array([0, 1])
    """

    def __init__(
        self,
        C: float = 10.0,
        gamma: float | str = "scale",
        exact_rows: int = 5000,
        landmarks: int = 1000,
        seed: int = 0,
    ):
        self.C, self.gamma = C, gamma
        self.exact_rows, self.landmarks, self.seed = exact_rows, landmarks, seed

    def fit(self, inputs: np.ndarray, targets: np.ndarray, sample_weight: np.ndarray | None = None) -> GaussianMachine:
        """Learn from `(N, D)` rows with a class each, `(N,)`, and a weight each where they are given."""
        self.landmarks_: Any = None
        gamma: Any = self.gamma
        if len(inputs) <= self.exact_rows:
            machine: Any = SVC(C=self.C, gamma=gamma).fit(inputs, targets, sample_weight=sample_weight)
            self.support_vectors_, self.dual_coef_ = machine.support_vectors_, machine.dual_coef_
        else:
            limits = len(inputs), self.exact_rows, self.landmarks
            _logger.info("%d rows are more than %d: %d landmarks stand for them", *limits)
            self.landmarks_ = Nystroem(gamma=self._width(inputs), n_components=self.landmarks, random_state=self.seed)
            machine = RidgeClassifier(alpha=1.0 / self.C)
            machine.fit(self.landmarks_.fit_transform(inputs), targets, sample_weight=sample_weight)
            self.support_vectors_, self.dual_coef_ = self.landmarks_.components_, machine.coef_
        self.machine_, self.classes_, self.intercept_ = machine, machine.classes_, machine.intercept_
        return self

    def decision_function(self, inputs: np.ndarray) -> np.ndarray:
        """Of `(N, D)` rows `(N, C)` values, the largest of the predicted class; `(N,)` for two classes."""
        return self.machine_.decision_function(self._features(inputs))

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """The class of each of `(N, D)` rows, `(N,)`."""
        return self.machine_.predict(self._features(inputs))

    def _width(self, inputs: np.ndarray) -> float:
        """The kernel's inverse squared width."""
        spread = inputs.shape[1] * float(inputs.var())
        return float(self.gamma) if self.gamma != "scale" else 1.0 / spread if spread > 0 else 1.0

    def _features(self, inputs: np.ndarray) -> np.ndarray:
        return inputs if self.landmarks_ is None else self.landmarks_.transform(inputs)
