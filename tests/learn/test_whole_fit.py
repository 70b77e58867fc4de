"""scikit-learn estimators: probabilities, costs, parameters, warnings."""

import time

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from qml.base.errors import CapabilityError, ConfigError
from qml.learn import Budget, Supervised
from qml.learn.metrics import log_loss
from qml.learn.whole_fit import WholeFit, gather
from qml.learn.whole_parameters import count_parameters
from tests.learn.conftest import SmallSource, class_source


def fit(source, model, seed=0, budget=None, **options):
    return WholeFit()(model, Supervised(source.schema.target, **options), source, budget or Budget(), seed)


def logistic(seed):
    return make_pipeline(StandardScaler(), LogisticRegression(random_state=seed))


def test_classes(classes):
    out = fit(classes, logistic)
    assert out.parameters == {"classical": 15}
    assert out.info["validation/accuracy"] > 0.85
    assert out.cost.stopped == "converged"
    assert out.cost.steps > 1
    p = out.predict(classes, "test")
    np.testing.assert_allclose(p, out.model.predict_proba(classes.splits["test"][0]))
    assert {record.metric for record in out.records} == {name[11:] for name in out.info if "/" in name}


def test_numbers(numbers):
    out = fit(numbers, LinearRegression())
    assert out.info["validation/r2"] > 0.9
    assert out.predict(numbers, "test").shape == (30,)
    assert out.parameters == {"classical": 4}


@pytest.mark.parametrize("n_classes", [2, 3])
def test_an_svm_gets_its_temperature_from_the_validation_split(n_classes):
    source = class_source(n_classes=n_classes, validation=200)
    out = fit(source, lambda seed: SVC())
    p, labels = out.predict(source, "validation"), source.splits["validation"][1]
    np.testing.assert_allclose(p.sum(1), 1)
    assert (p.argmax(1) == out.model.predict(source.splits["validation"][0])).mean() > 0.95
    best = log_loss(p, labels)
    for factor in (0.5, 2.0):
        import dataclasses

        other = dataclasses.replace(out.predict, temperature=out.predict.temperature * factor)
        assert log_loss(other(source, "validation"), labels) > best
    assert out.info["temperature"] == out.predict.temperature != 1.0


def test_other_sources_of_predictions(classes):
    assert set(np.unique(fit(classes, OnlyPredicts).predict(classes, "test"))) == {0.0, 1.0}
    assert fit(classes, lambda seed: RidgeClassifier()).info["validation/accuracy"] > 0.8


class OnlyPredicts:
    """The least that an estimator can be."""

    def __init__(self, seed):
        self.seed = seed

    def fit(self, X, y):
        self.classes_, self.most = np.unique(y), np.bincount(y).argmax()
        return self

    def predict(self, X):
        return np.full(len(X), self.most)


def test_a_class_that_training_misses_has_probability_zero():
    source = class_source()
    inputs, labels = source.splits["train"]
    source.splits["train"] = inputs[labels != 1], labels[labels != 1]
    source = SmallSource(source.splits, source.schema.target)
    for model in (logistic, lambda seed: SVC()):
        p = fit(source, model).predict(source, "test")
        assert p.shape == (30, 3)
        assert not p[:, 1].any()


def test_class_weights_go_in_as_sample_weights(classes):
    weighted = fit(classes, logistic, class_weights=(5.0, 1.0, 1.0))
    inputs, labels = gather(classes, "train")
    by_hand = logistic(0).fit(inputs, labels, logisticregression__sample_weight=np.array([5.0, 1, 1])[labels])
    np.testing.assert_allclose(weighted.model[-1].coef_, by_hand[-1].coef_)
    with pytest.raises(CapabilityError, match="sample_weight"):
        fit(classes, lambda seed: KNeighborsClassifier(), class_weights=(5.0, 1.0, 1.0))


def test_a_fit_that_does_not_converge_says_so(classes):
    out = fit(classes, lambda seed: LogisticRegression(max_iter=1))
    assert (out.cost.stopped, out.info["converged"], out.cost.steps) == ("steps", 0.0, 1)
    assert out.cost.capped is False
    assert fit(classes, logistic, budget=Budget(cpu_s=1e-9)).cost.capped


class SlowToAnswer(LogisticRegression):
    """Its fit is fast, its predictions take time."""

    def predict_proba(self, inputs):
        until = time.process_time() + 0.1
        while time.process_time() < until:
            pass
        return super().predict_proba(inputs)


def test_scoring_validation_rows_is_in_the_seconds(classes):
    out = fit(classes, SlowToAnswer(), budget=Budget(cpu_s=0.1))
    assert out.cost.cpu_s >= 0.1
    assert out.cost.capped
    assert min(record.cpu_s for record in out.records) >= 0.1


def test_an_estimator_is_cloned_and_seeded(classes):
    forest = RandomForestClassifier(5)
    first, second, third = (fit(classes, forest, seed).predict(classes, "test") for seed in (0, 0, 1))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)
    assert "estimators_" not in vars(forest)


def test_models_that_are_no_estimators(classes):
    with pytest.raises(ConfigError, match="got int"):
        fit(classes, 3)
    with pytest.raises(ConfigError, match="got str"):
        fit(classes, lambda seed: "svm")


def test_parameters_are_counted_by_the_stated_rules(classes):
    inputs, labels = gather(classes, "train")

    def count(estimator):
        return count_parameters(estimator.fit(inputs, labels))

    assert count(LogisticRegression()) == 3 * 4 + 3
    assert count(MLPClassifier((7,), solver="lbfgs", max_iter=2000, random_state=0)) == 4 * 7 + 7 + 7 * 3 + 3
    assert count(OneVsRestClassifier(LogisticRegression())) == 15
    assert count(GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2)) == 15
    svm = SVC().fit(inputs, labels)
    assert count_parameters(svm) == len(svm.support_vectors_) * (4 + 2) + 3
    tree = DecisionTreeClassifier(max_depth=2).fit(inputs, labels)
    leaves = tree.get_n_leaves()
    assert count_parameters(tree) == 2 * (leaves - 1) + 3 * leaves
    boosted = HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=4).fit(inputs, labels)
    assert count_parameters(boosted) == 2 * 3 * (3 * 4 - 2)
    assert count(KNeighborsClassifier()) == inputs.size
    assert count(RandomForestClassifier(3, max_depth=1)) == 3 * (2 + 6)
