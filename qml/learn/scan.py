"""One look over a split before training: rows counted, labels and inputs checked, classes counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.data.source import Batch, Source, Target

SCAN_SIZE = 4096  # rows looked at together


@dataclass(frozen=True)
class Scan:
    """What one look over a split found.

    Args:
        rows: rows of the split.
        class_counts: rows of each class, `(C,)`; empty for a number.
    """

    rows: int
    class_counts: tuple[int, ...] = ()


def scan_split(source: Source, split: str, target: Target) -> Scan:
    """Look at every row of `split` once, in file order.

    Raises:
        DataError: the split is unknown, empty or without labels; its rows have another shape than the schema
            says; a label is out of range; an input or a target is NaN or infinite.
    """
    check_known(source, split)
    counts = np.zeros(target.n_classes, np.int64)
    rows = 0
    for batch in source.batches(split, SCAN_SIZE):
        _check_shape(batch, source, split)
        check_batch(batch, target, f"split {split!r} of {source.schema.name!r}")
        rows += len(batch)
        if target.kind == "classes":
            counts += np.bincount(np.asarray(batch.targets), minlength=target.n_classes)
    if rows == 0:
        raise DataError(
            f"Split {split!r} of {source.schema.name!r} was asked for; it has no rows. "
            "Take a larger share of the data for it, or check what filters the rows."
        )
    return Scan(rows, tuple(int(count) for count in counts))


def check_known(source: Source, split: str) -> None:
    """Raise DataError when `source` has no split of that name."""
    known = source.schema.sizes
    if split not in known:
        raise DataError(
            f"Split {split!r} of {source.schema.name!r} was asked for; it has {', '.join(map(repr, known))}. "
            "Build the source with that split."
        )


def _check_shape(batch: Batch, source: Source, split: str) -> None:
    """Raise DataError when rows have another shape than the schema says, which models are built for."""
    shape, wanted = tuple(np.shape(batch.inputs)[1:]), tuple(source.schema.input_shape)
    if shape != wanted:
        raise DataError(
            f"Rows of {source.schema.name!r} have the shape {wanted} by its schema; split {split!r} gives {shape}. "
            "Make `schema.input_shape` and the batches agree."
        )


def check_batch(batch: Batch, target: Target, where: str) -> None:
    """Raise DataError when a row of `batch` cannot be learnt from; `where` is named in the message."""
    inputs = np.asarray(batch.inputs)
    if inputs.dtype.kind in "fc" and not np.isfinite(inputs).all():
        bad = ~np.isfinite(inputs.reshape(len(batch), -1)).all(axis=1)
        raise DataError(
            f"Training needs finite inputs; {where} has NaN or infinity in row {_first(batch, bad)}. "
            "Impute or drop these rows before training."
        )
    if batch.targets is None:
        raise DataError(f"Target {target.name!r} is needed in each row; {where} has no labels. Use a labelled split.")
    targets: np.ndarray = np.asarray(batch.targets)
    if target.kind == "classes":
        _check_classes(batch, targets, target, where)
        return
    missing = np.logical_not(np.isfinite(targets))
    if missing.any():
        raise DataError(
            f"Target {target.name!r} needs finite numbers; {where} has NaN or infinity "
            f"in row {_first(batch, missing)}. Drop these rows or impute the target."
        )


def _check_classes(batch: Batch, targets: np.ndarray, target: Target, where: str) -> None:
    """Labels are integers from 0 to C - 1."""
    if targets.dtype.kind not in "iu":
        raise DataError(
            f"Target {target.name!r} has {target.n_classes} classes, so labels are integers; {where} has "
            f"dtype {targets.dtype}. Encode the labels as 0..{target.n_classes - 1}."
        )
    bad = (targets < 0) | (targets >= target.n_classes)
    if bad.any():
        raise DataError(
            f"Target {target.name!r} has {target.n_classes} classes, labels 0..{target.n_classes - 1}; {where} has "
            f"label {int(targets[np.argmax(bad)])} in row {_first(batch, bad)}. "
            "Encode the labels from 0, and name every class in Target.labels."
        )


def _first(batch: Batch, bad: Any) -> int:
    """Number of the first bad row within its split."""
    return int(batch.rows[int(np.argmax(bad))])
