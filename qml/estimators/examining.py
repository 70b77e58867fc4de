"""The rows of a data choice as the checks look at them: as published, or as a model is trained on them."""

from __future__ import annotations

from collections.abc import Sequence

from qml.data import CATALOGUE, open_table
from qml.data.make import divided
from qml.data.quality import Examined, examined_source, published_split
from qml.data.table import Table
from qml.estimators.data_choice import DataChoice

CAPTION = "; published parts, known leaks included"


def examined(choice: DataChoice, seed: int, *, published: bool = False) -> Examined:
    """A table and its parts.

    Columns that the catalogue, or `drop`, `groups` and `time` of `data.file`, keep from models are read as well and
    marked as such. A Source of your own is looked at as its batches are.

    Args:
        choice: which set and how it is divided.
        seed: of the division.
        published: look at published parts just as they are, where there are some and `how` is "auto"; False looks at
            the parts that a model is trained and tested on.

    Raises:
        ConfigError: no set of that name.
        DataError: the set is missing or corrupt, or cannot be divided so.
    """
    if choice.make or (choice.file is None and choice.name not in CATALOGUE):
        return examined_source(choice.source(seed))
    table, kept_out = _opened(choice)
    as_published = published_split(table) if published and choice.how in ("auto", "official") else None
    if as_published is not None:
        return Examined(table, as_published, kept_out)
    split = divided(table, seed=seed, **choice.division)
    return Examined(table, split, kept_out)


def _opened(choice: DataChoice) -> tuple[Table, tuple[str, ...]]:
    """The table of a choice, and which of its columns no model sees."""
    if choice.file is not None:
        return choice.file.table(choice.name, whole=True), choice.file.kept_out
    entry = CATALOGUE[choice.name]
    kept_out: Sequence[str] = () if entry.built_in else tuple(entry.drop)
    return open_table(choice.name, choice.root, also=kept_out), tuple(kept_out)
