"""The SVM champion where rows are many: landmarks agree with the exact solution of the same problem."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVC

from qml.models import Signature
from qml.models.champions import Svm
from qml.models.gaussian import GaussianMachine


def rows_of(count, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, 3))
    return rows, (np.sin(2 * rows[:, 0]) + rows[:, 1] > 0).astype(int)


def test_few_rows_are_scikit_learns_classifier():
    rows, targets = rows_of(120)
    ours = GaussianMachine(C=3.0).fit(rows, targets).decision_function(rows)
    assert np.array_equal(ours, SVC(C=3.0).fit(rows, targets).decision_function(rows))


def test_every_row_a_landmark_is_kernel_ridge_regression():
    rows, targets = rows_of(60)
    machine = GaussianMachine(C=2.0, gamma=0.4, exact_rows=10, landmarks=60).fit(rows, targets)
    signs = 2.0 * targets - 1.0
    plain = KernelRidge(alpha=0.5, kernel="rbf", gamma=0.4)
    inner = machine.machine_.intercept_[0]
    assert machine.decision_function(rows) == pytest.approx(plain.fit(rows, signs - inner).predict(rows) + inner)


def test_landmarks_are_drawn_by_the_seed_and_predict_as_well():
    rows, targets = rows_of(2000)
    fresh, wanted = rows_of(500, seed=1)
    few = [GaussianMachine(exact_rows=100, landmarks=150, seed=seed).fit(rows, targets) for seed in (0, 0, 1)]
    values = [machine.decision_function(fresh) for machine in few]
    assert np.array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])
    assert (few[0].predict(fresh) == wanted).mean() > 0.95
    assert len(few[0].support_vectors_) == 150


def test_the_champion_takes_landmarks_beyond_its_limit():
    rows, targets = rows_of(300)
    made = Svm(exact_rows=200, landmarks=50).on(Signature((3,), 2)).build(1).fit(rows, targets)
    assert len(made.steps[-1][1].support_vectors_) == 50
