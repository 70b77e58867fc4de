"""A transform fitted on a seeded sample of the training rows, where they are more than memory holds."""

from __future__ import annotations

import logging

import numpy as np

from qml.base.errors import ConfigError, DataError
from qml.base.seeds import generator
from qml.data.features import usual_transform
from qml.data.fitted import Fitted
from qml.data.source import Column
from qml.data.stream.reading import WindowReader
from qml.data.transforms import Transform

log = logging.getLogger(__name__)


def fitted_on_sample(
    reader: WindowReader, columns: tuple[Column, ...], transform: Transform | str, rows: int, seed: int
) -> Fitted:
    """A transform fitted on whole row groups of the training part, chosen by a seed; all rows where there are few.

    Args:
        reader: of the rows before the transform.
        columns: that they were made of.
        transform: what to fit; "auto" goes by the kinds of the columns.
        rows: row groups are taken until there are at least so many rows.
        seed: of the choice.

    Raises:
        ConfigError: fewer than one row.
        DataError: a column has no value in the sample.
    """
    if rows < 1:
        raise ConfigError(f"sample_rows={rows} was asked for; a transform is fitted on at least one row.")
    layout = reader.layouts["train"]
    order = generator(seed, "sample").permutation(len(layout.rows_G))
    enough = int(np.searchsorted(np.cumsum(layout.rows_G[order]), min(rows, layout.n_rows))) + 1
    sample = reader.read("train", np.sort(order[:enough])).inputs
    reader.close()
    log.info(
        "%s: the transform is fitted on %d of %d training rows (%d of %d row groups)",
        reader.place.shown(),
        len(sample),
        layout.n_rows,
        enough,
        len(order),
    )
    _check_values(reader, sample)
    how = usual_transform(columns) if isinstance(transform, str) else transform
    return how.fit(sample)


def _check_values(reader: WindowReader, sample: np.ndarray) -> None:
    """Refuse a column without any value, for which nothing can be filled in."""
    if sample.dtype == np.uint8:
        return
    flat, first = sample.reshape(len(sample), -1), 0
    for feature in reader.form.features:
        if np.isnan(flat[:, first : first + feature.places]).all():
            raise DataError(
                f"{reader.place.shown()}: column {feature.column.name!r} has no value in any of {len(flat)} training "
                f"rows. Leave it out: drop=[{feature.column.name!r}]."
            )
        first += feature.places
