"""What a process pays once (imports, kernels, the first update), paid before the clock of its first cell runs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from qml.base.errors import DataError
from qml.bench.attempt import attempt
from qml.data.arrays import dealt
from qml.data.source import Batch, Schema, Source
from qml.estimators.arms import SpecArm
from qml.estimators.inside import is_exact
from qml.learn.fit import Budget, Fitted
from qml.models import HybridSpec

ROWS, UPDATES = 48, 2
_logger = logging.getLogger(__name__)


class FewRows:
    """Some training rows of a source, as its training and validation split; no other row is read.

    Args:
        source: with a labelled training split.
        rows: at most so many.

    Raises:
        DataError: the training split gives no labelled row.
    """

    def __init__(self, source: Source, rows: int = ROWS):
        batch = next(iter(source.batches("train", rows, 0)), None)
        if batch is None or batch.targets is None:
            raise DataError(
                f"'train' of {source.schema.name!r} gives no labelled row. Check that the split holds rows."
            )
        self._batch = batch
        self._schema = source.schema

    @property
    def schema(self) -> Schema:
        """That of the source, with the sizes of what is left."""
        count = len(self._batch.inputs)
        return replace(self._schema, sizes={"train": count, "validation": count}, digest=f"{self._schema.digest}/few")

    def batches(
        self,
        split: str,
        size: int,
        seed: int | None = None,
        *,
        epoch: int = 0,
        start: int = 0,
        shard: tuple[int, int] = (0, 1),
    ) -> Iterator[Batch]:
        """Batches in one fixed order, whatever split and seed."""
        batch = self._batch
        for here in dealt(np.arange(len(batch.inputs)), size, start, shard):
            yield Batch(batch.inputs[here], None if batch.targets is None else batch.targets[here], batch.rows[here])


def warm_up(arms: Iterable[SpecArm], source: Source) -> None:
    """Fit each contestant for a moment on a few rows and throw the result away.

    It changes no number of a cell, for a fit is a function of its seed alone. A contestant that fails here will say
    so in its cell. One on an executor that samples, whose runs may cost money, is left out.

    Args:
        arms: contestants that are about to run.
        source: of the first cell.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    few: FewRows | Exception | None = None
    for arm in arms:
        if isinstance(arm.spec, HybridSpec) and not is_exact(arm.spec):
            continue
        few = few or attempt(lambda: FewRows(source))
        fitted = few if isinstance(few, Exception) else attempt(partial(_fit_for_a_moment, arm, few))
        if isinstance(fitted, Exception):
            _logger.debug("warming up %s: %s: %s", arm.info.name, type(fitted).__name__, fitted)
        elif fitted.cost.stopped == "interrupted":
            raise KeyboardInterrupt(f"{arm.info.name}: interrupted before its first cell; start again to continue.")


def _fit_for_a_moment(arm: SpecArm, few: FewRows) -> Fitted:
    """Two updates, without a bar and without warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return replace(arm, progress=False).fit(few, {}, Budget(epochs=1, steps=UPDATES), 0)
