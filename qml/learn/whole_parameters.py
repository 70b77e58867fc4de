"""How many numbers a scikit-learn estimator has learnt, by rules that the report can state."""

from __future__ import annotations

from typing import Any

import numpy as np


def count_parameters(estimator: Any) -> int:
    """Numbers that the fit has learnt and prediction needs.

    Counted are: coefficients and intercepts of linear models; coefficients and intercepts of all layers of an MLP;
    support vectors with their coefficients and intercepts of an SVM; for trees, forests and boosting, two numbers an
    inner node (feature, threshold) and one value a leaf and class; the stored rows of nearest neighbours and Gaussian
    processes. A pipeline counts as its last step, a search or a calibrated or one-against-rest estimator as what it
    holds. Any other estimator counts as all its fitted float arrays (names that end in an underscore).

    Args:
        estimator: a fitted estimator.

    Returns:
        The number; 0 where nothing is found.
    """
    inner = _inner(estimator)
    if inner:
        return sum(count_parameters(each) for each in inner)
    if (predictors := getattr(estimator, "_predictors", None)) is not None:  # histogram boosting; no public access
        return sum(3 * tree.get_n_leaf_nodes() - 2 for stage in predictors for tree in stage)
    if (tree := getattr(estimator, "tree_", None)) is not None:
        leaves = int((tree.children_left < 0).sum())
        return 2 * (tree.node_count - leaves) + leaves * int(np.prod(tree.value.shape[1:]))
    if (coefficients := getattr(estimator, "coefs_", None)) is not None:
        return _size(coefficients) + _size(estimator.intercepts_)
    if (vectors := getattr(estimator, "support_vectors_", None)) is not None:
        return _size([vectors, estimator.dual_coef_, estimator.intercept_])
    if (coefficients := getattr(estimator, "coef_", None)) is not None:
        return _size([coefficients, estimator.intercept_])
    for stored in ("_fit_X", "X_train_"):  # nearest neighbours, Gaussian processes
        if (rows := getattr(estimator, stored, None)) is not None:
            return _size([rows])
    fitted = [value for name, value in vars(estimator).items() if name.endswith("_") and not name.startswith("_")]
    return _size([value for value in fitted if isinstance(value, np.ndarray) and value.dtype.kind in "fc"])


def _inner(estimator: Any) -> list[Any]:
    """The estimators that this one is made of; none for a plain one."""
    if (steps := getattr(estimator, "steps", None)) is not None:
        return [steps[-1][1]]
    if (best := getattr(estimator, "best_estimator_", None)) is not None:
        return [best]
    if (members := getattr(estimator, "calibrated_classifiers_", None)) is not None:
        return [member.estimator for member in members]
    members = getattr(estimator, "estimators_", None)
    return [] if members is None else [member for member in np.ravel(np.asarray(members, dtype=object)) if member]


def _size(arrays: Any) -> int:
    """Numbers in all of the arrays; a sparse one counts what it stores."""
    return sum(int(getattr(array, "nnz", np.size(array))) for array in arrays)
