"""The fair split of an opened table: as published, by group, by time, or stratified by seed."""

from __future__ import annotations

import numpy as np

from qml.base.errors import ConfigError, DataError
from qml.base.registry import unknown
from qml.data.splits import Split, at_random, by_group, by_time, one_fold, stratified
from qml.data.table import PARTS, Table, share

HOW = ("auto", "official", "group", "time", "stratified", "random")
"""Ways to split that `make_source` knows."""
DEALT = ("stratified", "random")
"""Those that deal rows one by one, as folds do."""


def split_table(
    table: Table,
    how: str = "auto",
    *,
    seed: int = 0,
    test: float = 0.2,
    validation: float = 0.2,
    folds: int | None = None,
) -> Split:
    """Parts "train", "validation" and "test" of the usable rows of a table.

    Args:
        table: as opened.
        how: "auto" takes the way that the catalogue calls fair and leaves out test rows that are known to be in
            the training part; "official" takes the published parts as they are; "group", "time", "stratified"
            and "random" as they say.
        seed: moves everything that is drawn; with a published test part only the validation part.
        test: share of all rows; not used where the test part is published.
        validation: share of all rows, or of a published training part; not used where a validation part is
            published. With 0 there is none.
        folds: the test part is a fold of so many, as `qml.data.splits.one_fold` deals them, and `test` is not used;
            for rows that may be dealt one by one: "stratified" and "random".

    Raises:
        ConfigError: an unknown way, one that this set cannot be split by, or folds of rows that belong together.
        DataError: a part would be empty, or a class is too rare.

    Example:
        >>> from qml.data import open_table
        >>> split_table(open_table("wine"), seed=1).sizes()
        {'train': 106, 'validation': 36, 'test': 36}
    """
    if how not in HOW:
        raise unknown("how", how, list(HOW))
    chosen = table.how if how == "auto" else how
    if folds is not None:
        return _fold(table, chosen, how, folds, seed, validation)
    if chosen == "official":
        return _official(table, how == "auto", seed, validation)
    rows = np.flatnonzero(table.usable())
    return _of_rows(table, rows, chosen, seed, test, validation)


def _of_rows(table: Table, rows: np.ndarray, how: str, seed: int, test: float, validation: float) -> Split:
    """A split of some of the rows."""
    shares: dict[str, float] = {"test": test, "validation": validation}
    classes = _classes(table, rows)
    if how == "group":
        split = by_group(_of(table, "groups", how)[rows], classes, seed=seed, **shares)
    elif how == "time":
        cut = table.cut if test else None
        split = by_time(_of(table, "time", how)[rows], cut=cut, **shares)
    elif how == "stratified" and classes is not None:
        labels = table.target.labels if table.target else ()
        split = stratified(classes, seed=seed, labels=labels, **shares)
    else:
        split = at_random(len(rows), seed=seed, **shares)
    return Split({part: rows[places] for part, places in split.parts.items()}, split.how)


def _fold(table: Table, chosen: str, how: str, folds: int, seed: int, validation: float) -> Split:
    """One fold of the usable rows."""
    if chosen not in DEALT:
        raise ConfigError(
            f"folds={folds} was asked of {table.name!r} with how={how!r}, which is {chosen!r}: folds deal rows one by "
            f"one. Leave folds out, or say how='stratified' where that is fair."
        )
    rows = np.flatnonzero(table.usable())
    classes = _classes(table, rows) if chosen == "stratified" else None
    labels = table.target.labels if table.target else ()
    split = one_fold(classes, len(rows), k=folds, seed=seed, validation=validation, labels=labels)
    return Split({part: rows[places] for part, places in split.parts.items()}, split.how)


def _classes(table: Table, rows: np.ndarray) -> np.ndarray | None:
    """Classes of the rows, or None where the target is no class."""
    if table.target is None or table.targets is None or table.target.kind != "classes":
        return None
    return table.targets[rows]


def _of(table: Table, field: str, how: str) -> np.ndarray:
    """The groups or moments of a table."""
    values = table.groups if field == "groups" else table.time
    if values is None:
        raise ConfigError(
            f"how={how!r} was asked of {table.name!r}, which has no {field}. "
            f"Its own way is how={table.how!r}; how='stratified' and how='random' always work."
        )
    return values


def _official(table: Table, without_leaks: bool, seed: int, validation: float) -> Split:
    """The published parts, with validation carved out of training where none is published."""
    if table.official is None:
        raise ConfigError(f"how='official': no split of {table.name!r} is published. Its own way is {table.how!r}.")
    share(validation, "validation")
    usable = table.usable()
    parts = {name: np.flatnonzero(usable & (table.official == place)) for place, name in enumerate(PARTS)}
    how = "official"
    if without_leaks and table.leaked:
        leaked = np.logical_or.reduce(list(table.leaked.values()))
        parts["test"] = parts["test"][~leaked[parts["test"]]]
        how = "official, without test rows that are in the training part"
    if not len(parts["train"]):
        raise DataError(f"{table.name!r} has a published split, but no training row.")
    if not validation:
        del parts["validation"]
    elif not len(parts["validation"]):
        carved = _of_rows(table, parts["train"], table.carve, seed, 0.0, validation)
        parts.update(carved.parts)
        how += f"; validation {carved.how} from training"
    return Split({name: parts[name] for name in PARTS if name in parts}, how)
