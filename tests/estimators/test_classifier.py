"""The estimators keep scikit-learn's contract, and learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from qml.base.errors import ConfigError, DataError
from qml.estimators import HybridClassifier, HybridRegressor

SMALL = {"n_qubits": 2, "depth": 1, "epochs": 60, "batch_size": 16, "learning_rate": 0.05, "random_state": 0}


HALF_A_DIGIT = "asks for 1e-7 of float32 numbers, whose BLAS takes other kernels for few rows; tested below"


def beyond_float32(estimator):
    return {"check_methods_subset_invariance": HALF_A_DIGIT}


@parametrize_with_checks(
    [HybridClassifier("sel", **SMALL), HybridRegressor("sel", **SMALL)], expected_failed_checks=beyond_float32
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [HybridClassifier, HybridRegressor])
def test_a_row_is_predicted_alike_alone_and_among_others(kind):
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = kind("sel", **SMALL | {"epochs": 5}).fit(X, (X[:, 0] > 0).astype(int))
    raw = model.decision_function if kind is HybridClassifier else model.predict
    alone = np.concatenate([np.atleast_1d(raw(row[None])) for row in X])
    np.testing.assert_allclose(alone, raw(X), rtol=2e-6, atol=2e-6)


def test_pipeline_and_grid_search_take_frames():
    X, y = load_wine(return_X_y=True, as_frame=True)
    model = make_pipeline(PowerTransformer(), HybridClassifier("sel", n_qubits=3, depth=1, epochs=40, random_state=0))
    search = GridSearchCV(model, {"hybridclassifier__depth": [1, 2]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.8


def test_labels_are_words_and_lists_are_rows():
    X = [[float(i), float(i % 3)] for i in range(40)]
    y = ["low" if i < 20 else "high" for i in range(40)]
    model = HybridClassifier("sel", **SMALL).fit(X, y)
    assert set(model.predict(X)) <= {"low", "high"}
    assert model.score(X, y) > 0.9
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert model.predict(pd.DataFrame(X).to_numpy()).shape == (40,)


def test_regressor_does_not_depend_on_the_unit_of_its_target():
    X = np.linspace(-2, 2, 50)[:, None]
    y = np.sin(X[:, 0])
    one = HybridRegressor("reupload", **SMALL).fit(X, y)
    other = HybridRegressor("reupload", **SMALL).fit(X, 1000 * y + 5000)
    np.testing.assert_allclose(1000 * one.predict(X) + 5000, other.predict(X), rtol=1e-3)


def test_same_seed_same_model():
    X, y = load_wine(return_X_y=True)
    first, second = (HybridClassifier(epochs=2, random_state=3).fit(X, y).predict_proba(X) for _ in range(2))
    assert np.array_equal(first, second)


def test_shown_as_html():
    assert "HybridClassifier" in HybridClassifier()._repr_html_()


ROWS = np.eye(4)


@pytest.mark.parametrize("estimator", [HybridClassifier, HybridRegressor])
@pytest.mark.parametrize(
    ("inputs", "targets", "said"),
    [
        (ROWS[:0], [], "0 sample"),
        (ROWS[0], [0, 1, 0, 1], "Expected 2D array"),
        (ROWS * np.nan, [0, 1, 0, 1], "contains NaN"),
        (ROWS, [0, 1], "inconsistent numbers of samples"),
        ([["a"], ["b"]], [0, 1], "could not convert string to float"),
    ],
)
def test_rows_that_cannot_be_taken_are_errors_of_this_toolkit(estimator, inputs, targets, said):
    with pytest.raises(DataError, match=rf"{estimator.__name__} cannot take these rows: .*{said}"):
        estimator(**SMALL).fit(inputs, targets)


def test_other_columns_than_those_learnt_and_no_seed():
    model = HybridClassifier(**{**SMALL, "epochs": 1}).fit(ROWS, [0, 1, 0, 1])
    with pytest.raises(DataError, match="expecting 4 features"):
        model.predict(ROWS[:, :2])
    with pytest.raises(ConfigError, match="random_state='a' was asked for; give an integer"):
        HybridClassifier(random_state="a").fit(ROWS, [0, 1, 0, 1])


def test_unknown_circuit_is_refused_with_the_near_name():
    with pytest.raises(ValueError, match="Did you mean 'reupload'"):
        HybridClassifier("reuplod").fit(np.eye(4), [0, 1, 0, 1])
