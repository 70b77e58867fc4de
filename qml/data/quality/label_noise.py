"""Labels that are likely wrong, by confident learning over probabilities that were predicted out of fold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qml.base.extras import require
from qml.data.quality.checks import CHECKS, Check, without_classes
from qml.data.quality.examined import Examined
from qml.data.quality.features import numbers_of, sampled
from qml.data.quality.finding import Finding
from qml.data.quality.limits import Limits

FOLDS = 5


def label_noise(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Rows of training whose label a model that has not seen it doubts, and an estimate of how many labels are wrong.

    Boosted trees, or for texts and images a logistic regression, predict each row out of fold; cleanlab compares
    these probabilities with the labels. It can only see noise that such a model sees through: where the model is
    weak, rare but right rows are named, and a fault shared by all rows of a kind is not.

    References:
        Northcutt, Jiang and Chuang, Confident Learning, JAIR 70, 1373 (2021).
    """
    require("cleanlab", extra="quality", purpose="finding labels that are likely wrong")
    from cleanlab.filter import find_label_issues

    classes = examined.classes
    if classes is None:
        return
    rows = examined.split.parts.get("train", examined.rows)
    rows = sampled(rows[classes[rows] >= 0], limits.sample, "labels")
    known, labels = np.unique(classes[rows], return_inverse=True)
    if len(known) < 2 or np.bincount(labels).min() < FOLDS:
        often = known[np.bincount(labels) >= FOLDS]
        rows = rows[np.isin(classes[rows], often)]
        known, labels = np.unique(classes[rows], return_inverse=True)
        if len(known) < 2:
            return
    inputs = numbers_of(examined, rows)
    if inputs is None:
        return
    probabilities = out_of_fold(inputs, labels)
    right = float((probabilities.argmax(axis=1) == labels).mean())
    doubted = find_label_issues(
        labels, probabilities, filter_by="both", return_indices_ranked_by="self_confidence", n_jobs=1
    )
    count = len(doubted)
    if not count:
        return
    share = count / len(rows)
    trusted = np.ones(len(rows), bool)
    trusted[doubted] = False
    elsewhere = float((probabilities.argmax(axis=1) == labels)[trusted].mean())
    often = float(np.bincount(labels).max()) / len(rows)
    skill = (right - often) / (1 - often)
    guesses = right - often < 2 * (often * (1 - often) / len(rows)) ** 0.5  # two standard errors of the most frequent
    many = share >= limits.label_noise and elsewhere >= limits.label_model and skill >= limits.label_skill
    shown = [
        f"{examined.shown(int(rows[i]))}: labelled {examined.labels[known[labels[i]]]}, "
        f"{probabilities[i].max():.0%} {examined.labels[known[probabilities[i].argmax()]]}"
        for i in doubted[: limits.shown]
    ]
    yield Finding(
        "label_noise",
        "suspect" if many else "note",
        f"about {share:.1%} of the labels are doubted" + (", by a model no better than guessing" if guesses else ""),
        f"{count} of {len(rows)} training rows that were looked at have a label that a model which has not seen it "
        f"doubts. That model is right on {right:.1%} of the rows, {_known_by(guesses, many, often, elsewhere)}",
        {
            "doubted": count,
            "looked at": len(rows),
            "share": share,
            "accuracy out of fold": right,
            "most frequent label": often,
            "elsewhere": elsewhere,
        },
        "Look at the first of the list and correct what is wrong. Test labels are changed for all arms or none.",
        rows=tuple(rows[doubted[: limits.listed]].tolist()),
        examples=tuple(shown),
    )


def _known_by(guesses: bool, many: bool, often: float, elsewhere: float) -> str:
    """What the doubts of the model are worth, in words."""
    if guesses:  # with two classes it is right wherever it does not doubt, whatever it knows
        return (
            f"no better than always the most frequent label ({often:.1%}): it knows nothing of the task, and its "
            "doubts are no sign of wrong labels."
        )
    known = f"where the most frequent label is on {often:.1%}, and on {elsewhere:.1%} of those it does not doubt: "
    if many:
        return known + "it has learnt the task, and the doubts are likely wrong labels."
    return known + "what it cannot learn, it doubts too, so this is a list to look at and not a count of wrong labels."


def out_of_fold(inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`(N, C)` probabilities, each predicted by a model that has not seen the row.

    Args:
        inputs: `(N, D)`, NaN where missing.
        labels: `(N,)` 0 .. C-1, each at least five times.
    """
    require("sklearn", extra="data", purpose="predicting labels out of fold")
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if labels.max() < 2:
        model = HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=15, random_state=0)
    else:
        inputs = np.nan_to_num(inputs)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, tol=1e-2))
    deal = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return np.asarray(cross_val_predict(model, inputs, labels, cv=deal, method="predict_proba"))


CHECKS.add("label_noise", Check("labels that are likely wrong", label_noise, without_classes, slow=True))
