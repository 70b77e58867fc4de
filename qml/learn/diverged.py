"""The error of a run whose loss or gradient stops being a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from qml.base.errors import QmlError
from qml.learn.record import Record


class DivergedError(QmlError, FloatingPointError):
    """A loss or gradient became NaN or infinite; the weights were not updated with it and the last checkpoint stands.

    Args:
        message: what was met, where, and what to do.
        records: what the run had recorded until then.
    """

    def __init__(self, message: str, records: Sequence[Record] = ()):
        super().__init__(message)
        self.records = tuple(records)


def check_finite(info: Mapping[str, float], steps: int, rows: np.ndarray, records: Sequence[Record]) -> None:
    """Raise DivergedError when any number of `info` is NaN or infinite.

    Args:
        info: what the update said.
        steps: updates done before it.
        rows: `(B,)` numbers of the rows of its batch within "train".
        records: carried by the error.
    """
    if math.isfinite(sum(info.values())) or all(map(math.isfinite, info.values())):
        return
    bad = ", ".join(f"{name} = {value}" for name, value in info.items() if not math.isfinite(value))
    shown = ", ".join(map(str, np.asarray(rows)[:8].tolist())) + (", ..." if len(rows) > 8 else "")
    rate = f" at learning rate {info['learning_rate']:g}" if "learning_rate" in info else ""
    raise DivergedError(
        f"Update {steps + 1}{rate} met {bad} in a batch of {len(rows)} rows of 'train' (rows {shown}). "
        "The weights were not updated with it, and the last checkpoint stands. "
        "Lower the learning rate, set gradient_clip, or look for extreme values in these rows.",
        records,
    )
