"""Fitted transforms from what Spark has counted on the training part: the very values that serve later."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from qml.base.errors import DataError
from qml.base.extras import require
from qml.data.etl.medians import medians
from qml.data.etl.preparation import FeaturePlan, Preparation
from qml.data.etl.rows import raw_rows
from qml.data.etl.session import mapped
from qml.data.etl.sums import Counted, Moments
from qml.data.fitted import Affine, Branched, Chained, Filled, Fitted, OneHotCoded, Projected, from_state
from qml.data.source import Column
from qml.data.transforms import ranging, standardising

require("pyspark", extra="spark", purpose="qml.data.etl")
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame

_logger = logging.getLogger(__name__)
FAR, CONSTANT = 1e-3, 1e-12
"""Spread over distance from zero: below the first, float32 would round away what tells rows apart; below the second it
is rounding of a constant."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What the training part has taught.

    Args:
        columns: the inputs, categories with those that are kept.
        fitted: takes rows of them to features.
        features: names of these, in order.
    """

    columns: tuple[Column, ...]
    fitted: Fitted
    features: tuple[str, ...]


def learnt(frame: DataFrame, counted: Counted, preparation: Preparation) -> Learnt:
    """The columns, the fitted transform and its features.

    Columns come out in this order: numbers that are required, numbers that may be missing, a flag for each of those
    that has missing values in training, and a 0/1 column for each category that is kept and one for all others.

    Args:
        frame: the checked training rows.
        counted: of the same rows.
        preparation: says what to make of them.

    Raises:
        DataError: a column has no value in the training part.
    """
    columns = input_columns(preparation, counted)
    plan = preparation.features
    shift = _shift(plan, columns, counted)
    moments = {
        column.name: counted.moments[column.name].less(float(shift[place]))
        for place, column in enumerate(columns)
        if column.kind == "number"
    }
    number = [place for place, column in enumerate(columns) if column.kind == "number"]
    required = [place for place in number if preparation.rule(columns[place].name).required]
    optional = [place for place in number if place not in required]
    words = [place for place, column in enumerate(columns) if column.kind == "category"]
    branches: list[tuple[list[int], Fitted, list[str]]] = []
    if required:
        names = [columns[place].name for place in required]
        branches.append((required, _scaled(plan, [moments[name] for name in names]), names))
    if optional:
        names = [columns[place].name for place in optional]
        if plan.impute == "mean":
            fill = np.array([moments[name].mean for name in names], np.float32)
        else:
            fill = medians(frame, names, shift[optional])
        branches.append((optional, *_filled(plan, fill, [moments[name] for name in names], names, counted)))
    if words:
        kept = tuple(tuple(range(len(columns[place].categories))) for place in words)
        labels = [f"{columns[place].name}={label}" for place in words for label in _labels(columns[place])]
        branches.append((words, OneHotCoded(kept), labels))
    fitted: Fitted = Branched(tuple(tuple(item[0]) for item in branches), tuple(item[1] for item in branches))
    if shift.any():
        fitted = Chained((Affine(shift, np.ones_like(shift)), fitted))
    features = tuple(name for item in branches for name in item[2])
    if plan.pca is not None:
        fitted = Chained((fitted, _projected(frame, columns, fitted, plan.pca, counted.rows)))
        features = tuple(f"pc_{number}" for number in range(plan.pca))
    return Learnt(columns, fitted, features)


def input_columns(preparation: Preparation, counted: Counted) -> tuple[Column, ...]:
    """The inputs as a manifest describes them.

    Raises:
        DataError: a column has no value at all in the training part.
    """
    columns = []
    for rule in preparation.of_role("input"):
        for name in rule.names:
            if counted.missing[name] == counted.rows:
                raise DataError(
                    f"The column {name!r} has no value in any of the {counted.rows} training rows. Give it the role "
                    "drop, or see what the files hold."
                )
            if rule.kind == "number":
                columns.append(Column(name, "number"))
                continue
            columns.append(
                Column(name, "category", tuple(sorted(list(counted.values[name])[: preparation.features.categories])))
            )
            more = counted.distinct[name] - len(columns[-1].categories)
            if more:
                _logger.info("%s: %d rarer categories share one place (etl.features.categories).", name, more)
    return tuple(columns)


def _labels(column: Column) -> tuple[str, ...]:
    """The categories of a column, and a word that is none of them for all others."""
    others = "*"
    while others in column.categories:
        others += "*"
    return (*column.categories, others)


def _shift(plan: FeaturePlan, columns: tuple[Column, ...], counted: Counted) -> np.ndarray:
    """`(D,)` float32 that is subtracted in float64 of numbers that lie far from zero beside their spread; else 0."""
    shift = np.zeros(len(columns), np.float32)
    for place, column in enumerate(columns):
        if column.kind != "number":
            continue
        one = counted.moments[column.name]
        if not CONSTANT * abs(one.mean) < one.spread < FAR * abs(one.mean):
            continue
        if plan.scale != "none":
            shift[place] = one.mean
            continue
        _logger.warning(
            "%s: its values spread by %.3g about %.10g and are written as float32, which rounds them by %.2g. "
            "etl.features.scale=standard centres them first.",
            column.name,
            one.spread,
            one.mean,
            np.spacing(np.float32(abs(one.mean))) / 2,
        )
    return shift


def _filled(
    plan: FeaturePlan, fill: np.ndarray, moments: list[Moments], names: list[str], counted: Counted
) -> tuple[Fitted, list[str]]:
    """Missing numbers filled in and flagged, then scaled by what the filled training rows are like."""
    holed = [place for place, name in enumerate(names) if plan.flags and counted.missing[name]]
    whole = [
        one + Moments(counted.missing[name], float(value), 0.0, float(value), float(value))
        if counted.missing[name]
        else one
        for name, one, value in zip(names, moments, fill, strict=True)
    ]
    flags = [_flag(counted.missing[names[place]], counted.rows) for place in holed]
    labels = [*names, *(f"{names[place]} is missing" for place in holed)]
    return Chained((Filled(fill, tuple(holed)), _scaled(plan, [*whole, *flags]))), labels


def _flag(missing: int, rows: int) -> Moments:
    """Moments of a 0/1 column."""
    share = missing / rows
    return Moments(rows, share, rows * share * (1 - share), 0.0, 1.0)


def _scaled(plan: FeaturePlan, moments: list[Moments]) -> Affine:
    """The scaling of numbers of these moments."""
    if plan.scale == "standard":
        return standardising(np.array([one.mean for one in moments]), np.array([one.spread for one in moments]))
    if plan.scale == "minmax":
        return ranging(np.array([one.least for one in moments]), np.array([one.greatest for one in moments]))
    return Affine(np.zeros(len(moments), np.float32), np.ones(len(moments), np.float32))


@dataclass(frozen=True, eq=False)
class Squared:
    """Checked rows to sums and products of their features, one row a partition; Spark hands it to its workers."""

    columns: tuple[Column, ...]
    state: Mapping

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Record batches in, one record batch out."""
        fitted = from_state(self.state)
        total: np.ndarray | None = None
        for batch in batches:
            rows = fitted(raw_rows(self.columns, batch)).astype(np.float64)
            augmented = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
            product = augmented.T @ augmented
            total = product if total is None else total + product
        if total is not None:
            context = TaskContext.get()
            number = 0 if context is None else context.partitionId()
            yield pa.RecordBatch.from_arrays(
                [pa.array([number], pa.int32()), pa.array([total.ravel().tolist()], pa.list_(pa.float64()))],
                names=["partition", "products"],
            )


def _projected(
    frame: DataFrame, columns: tuple[Column, ...], fitted: Fitted, n_components: int, rows: int
) -> Projected:
    """The leading directions of the features of the training rows, as `qml.data.PCA` chooses and signs them."""
    width = fitted(np.zeros((1, len(columns)), np.float32)).shape[1]
    if n_components > min(width, rows):
        raise DataError(f"etl.features.pca={n_components} of {width} features and {rows} training rows was asked for.")
    found = mapped(frame, Squared(columns, fitted.state()), "partition int, products array<double>").collect()
    products = sum(np.array(row["products"]) for row in sorted(found, key=lambda row: row["partition"]))
    gram = np.asarray(products).reshape(width + 1, width + 1) / rows
    mean = gram[0, 1:]
    _, vectors = np.linalg.eigh(gram[1:, 1:] - np.outer(mean, mean))
    directions = vectors[:, ::-1][:, :n_components].T
    largest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(directions[np.arange(n_components), largest])[:, None]
    return Projected(mean.astype(np.float32), np.ascontiguousarray(directions, np.float32))
