"""Rows and classes as they were handed to a machine, checked before anything is computed of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from qml.base.errors import ConfigError, DataError, ShapeError


def checked_rows(who: str, inputs: Any, n_columns: int | None = None) -> np.ndarray:
    """`inputs` as an array `(N, D)` of finite numbers, one row or more, in their own dtype.

    Args:
        who: the machine that was asked, for the message.
        inputs: rows.
        n_columns: `D`; None takes any.

    Raises:
        ShapeError: another shape, or no rows.
        DataError: values that are no numbers, or not finite.

    Example:
        >>> checked_rows("A machine", [1.0, 2.0])
        Traceback (most recent call last):
        ...
        qml.base.errors.ShapeError: A machine got inputs of shape (2,); give rows (N, D), one or more.
    """
    try:
        rows = np.asarray(inputs)
    except ValueError as error:
        raise ShapeError(f"{who} got rows of unequal length; give an array (N, D).") from error
    if rows.ndim != 2 or 0 in rows.shape:
        raise ShapeError(f"{who} got inputs of shape {rows.shape}; give rows (N, D), one or more.")
    if n_columns not in (None, rows.shape[1]):
        raise ShapeError(f"{who} got rows of {rows.shape[1]} columns; it is for rows of {n_columns}. Give those.")
    if rows.dtype.kind not in "fiub":
        raise DataError(f"{who} got inputs of dtype {rows.dtype}; give numbers.")
    bad_N = ~np.isfinite(rows).all(axis=1)
    if bad_N.any():
        raise DataError(
            f"{who} got {int(bad_N.sum())} of {len(rows)} rows with NaN or infinite values, the first is row "
            f"{int(bad_N.argmax())}. Leave them out, or fill them in."
        )
    return rows


def checked_classes(who: str, targets: Any, n_rows: int, weights: np.ndarray | None = None) -> np.ndarray:
    """`targets` as an array `(N,)` of classes, two different ones or more, with a weight each where there are such.

    Args:
        who: the machine that was asked, for the message.
        targets: a class a row.
        n_rows: `N`.
        weights: of the rows, `(N,)`, or None.

    Raises:
        ShapeError: not one class, or not one weight, a row.
        DataError: fractions or missing values, or one class alone.
    """
    labels = np.asarray(targets)
    for what, array in (("targets", labels), ("weights", weights)):
        if array is not None and np.shape(array) != (n_rows,):
            raise ShapeError(f"{who} got {n_rows} rows and {what} of shape {np.shape(array)}; give one a row, (N,).")
    if labels.dtype.kind == "f" and not (labels == np.floor(labels)).all():
        raise DataError(
            f"{who} got targets with fractions or missing values, such as {labels[labels != np.floor(labels)][0]}; it "
            f"learns classes. Give a class a row."
        )
    found = np.unique(labels)
    if len(found) < 2:
        raise DataError(f"{who} got {n_rows} rows, all of class {found[0]}; give rows of two classes or more.")
    return labels


def fitted_columns(machine: Any) -> int:
    """Columns of the rows that a machine was fitted on.

    Raises:
        ConfigError: it is not fitted yet.
    """
    found = vars(machine).get("n_features_in_")
    if found is None:
        raise ConfigError(f"{type(machine).__name__} was asked before it was fitted. Call fit(inputs, targets) first.")
    return found
