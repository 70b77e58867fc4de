"""From the name of a data set to a Source that a model can learn from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import ConfigError
from qml.base.registry import Registry, unknown
from qml.data.arrays import ArraySource
from qml.data.catalogue import CATALOGUE, Entry
from qml.data.duplicates import row_keys, shared_rows
from qml.data.features import feature_array, usual_transform
from qml.data.intake import check_finite
from qml.data.opening import open_table
from qml.data.partition import split_table
from qml.data.source import Source
from qml.data.splits import Split, nested_subset
from qml.data.table import About, Table
from qml.data.transformed import transformed
from qml.data.transforms import Transform

log = logging.getLogger(__name__)

SOURCES: Registry[Callable[..., Source]] = Registry("source")
"""Sources that need no data root, by name; `SOURCES.add("mine", build)` adds your own, called as `build(seed=seed)`."""


def make_source(
    name: str,
    *,
    how: str = "auto",
    seed: int = 0,
    test: float = 0.2,
    validation: float = 0.2,
    folds: int | None = None,
    rows: int | None = None,
    transforms: Transform | str | None = "auto",
    root: str | Path | None = None,
) -> Source:
    """A Source of a catalogued data set with splits "train", "validation" and "test".

    Args:
        name: a set of `qml.data.CATALOGUE`, or a member of `qml.data.SOURCES`.
        how: how to split; "auto" takes the published, grouped or timed split of the catalogue if there is one,
            else stratified by seed. See `qml.data.split_table`.
        seed: of the split and of `rows`; a published test part stays as it is.
        test: share of the rows, where the test part is not published.
        validation: share of the rows; 0 for none.
        folds: test on fold `seed % folds` of deal `seed // folds`, in place of a share; see `qml.data.splits.one_fold`.
        rows: rows to keep of the training part, stratified; fewer rows lie within more rows of the same seed.
        transforms: "auto" by the kinds of the columns, a Transform of your own, or None. Fitted on the training
            part that is left after `rows`.
        root: the data root; by default the environment variable `QML_DATA`.

    Returns:
        A Source; its `info` tells how it was made: the split, rows left out, input-for-input duplicates between
        parts, known traps.

    Raises:
        ConfigError: an unknown name or way to split.
        DataError: the set is missing, corrupt or not that of the catalogue, or a part would be empty.
        CapabilityError: the set is of texts, sequences, graphs, interactions or series.

    Example:
        >>> source = make_source("wine", seed=1)
        >>> source.schema.input_shape, source.schema.target.labels
        ((13,), ('class_0', 'class_1', 'class_2'))
        >>> next(source.batches("train", 32, seed=0)).inputs.dtype
        dtype('float32')
    """
    if name in SOURCES and name not in CATALOGUE:
        given = (how, test, validation, folds, rows, transforms, root)
        if given != ("auto", 0.2, 0.2, None, None, "auto", None):
            raise ConfigError(f"source {name!r} is your own: it takes a seed; give other options where it is built.")
        return SOURCES[name](seed=seed)
    if name not in CATALOGUE:
        known = [*CATALOGUE, *(own for own in SOURCES if own not in CATALOGUE)]
        raise unknown("data set", name, known, listing="list(qml.data.CATALOGUE)")
    return table_source(
        open_table(name, root),
        _about(CATALOGUE[name]),
        how=how,
        seed=seed,
        test=test,
        validation=validation,
        folds=folds,
        rows=rows,
        transforms=transforms,
    )


def table_source(
    table: Table,
    about: About,
    *,
    how: str = "auto",
    seed: int = 0,
    test: float = 0.2,
    validation: float = 0.2,
    folds: int | None = None,
    rows: int | None = None,
    transforms: Transform | str | None = "auto",
) -> Source:
    """A Source of an opened table.

    Args:
        table: as opened.
        about: what else is known of it.
        how: how to split; "auto" takes the way of the table.
        seed: of the split and of `rows`.
        test: share of the rows.
        validation: share of the rows; 0 for none.
        folds: test on a fold in place of a share.
        rows: rows to keep of the training part.
        transforms: "auto" by the kinds of the columns, a Transform of your own, or None.

    Raises:
        ConfigError: an unknown way to split, or one that does not fit the table.
        DataError: a part would be empty, or a class is too rare.
        CapabilityError: the table is of texts, sequences, graphs, interactions or series.
    """
    name = table.name
    inputs, columns = feature_array(table)
    split = divided(table, how=how, seed=seed, test=test, validation=validation, folds=folds, rows=rows)
    source = ArraySource.of_parts(
        name,
        inputs,
        table.target,
        table.targets,
        split,
        columns=columns,
        contents=table.digest,
        info=_facts(about, table, inputs, split, seed),
    )
    source = replace(source, schema=replace(source.schema, groups=about.groups, time=about.time))
    log.info("%s: %s; rows %s; %s", name, split.how, split.sizes(), source.info["duplicates"])
    return _through(source, usual_transform(columns, about.one_scale) if transforms == "auto" else transforms)


def divided(
    table: Table,
    *,
    how: str = "auto",
    seed: int = 0,
    test: float = 0.2,
    validation: float = 0.2,
    folds: int | None = None,
    rows: int | None = None,
) -> Split:
    """The parts of an opened table as `table_source` makes them; its arguments are the same.

    Raises:
        ConfigError: an unknown way to split, or one that does not fit the table.
        DataError: a part would be empty, or a class is too rare.
    """
    split = split_table(table, how, seed=seed, test=test, validation=validation, folds=folds)
    return split if rows is None else _fewer(table, split, rows, seed)


def _fewer(table: Table, split: Split, rows: int, seed: int) -> Split:
    """The split with a smaller training part."""
    train = split["train"]
    classes = table.target is not None and table.target.kind == "classes" and table.targets is not None
    targets = table.targets[train] if classes and table.targets is not None else None
    return split.with_train(nested_subset(train, targets, rows, seed))


def _about(entry: Entry) -> About:
    """What the catalogue says of a set beside its columns."""
    time = ", ".join(entry.split.time) or None
    return About(entry.title, entry.licence, tuple(entry.traps), entry.split.groups, time, entry.one_scale)


def _facts(about: About, table: Table, inputs: np.ndarray, split: Split, seed: int) -> Mapping[str, Any]:
    """Plain facts for a report."""
    facts: dict[str, Any] = {
        "title": about.title or table.name,
        "licence": about.licence,
        "seed": seed,
        "left_out": {reason: int(mask.sum()) for reason, mask in table.left_out.items()},
        "duplicates": shared_rows(row_keys(inputs), split),
        "known_leaks": {reason: int(mask.sum()) for reason, mask in table.leaked.items()},
        "traps": list(about.traps),
    }
    if table.target is not None and table.targets is not None and table.target.kind == "classes":
        n_classes = table.target.n_classes
        counts = {part: np.bincount(table.targets[rows], minlength=n_classes) for part, rows in split.parts.items()}
        facts["class_counts"] = {part: numbers.tolist() for part, numbers in counts.items()}
    return facts


def _through(source: ArraySource, transform: Transform | str | None) -> Source:
    """The source through a transform; its training batches hold finite numbers."""
    if isinstance(transform, str):
        raise ConfigError(f"transforms={transform!r} is not known. Give 'auto', None, or a transform such as Impute().")
    flat = source.inputs.reshape(len(source.inputs), -1)
    columns = source.schema.columns if len(source.schema.columns) == flat.shape[1] else None
    if transform is None:
        check_finite(flat, columns, allow_missing=False)
        return source
    through = transformed(source, transform)
    if isinstance(through, ArraySource):
        check_finite(through.inputs.reshape(len(flat), -1), None, allow_missing=False)
    elif flat.dtype != np.uint8 and np.isnan(flat).any():
        holed = np.flatnonzero(np.isnan(flat).any(axis=1))[:10_000]
        check_finite(through.fitted(source.inputs[holed]).reshape(len(holed), -1), None, allow_missing=False)
    return through


for _name in ("digits", "breast_cancer", "wine", "diabetes"):
    SOURCES.add(_name, partial(make_source, _name))
