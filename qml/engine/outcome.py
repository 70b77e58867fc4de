"""What both runners of the CPU engine bring back, and what they agree on about calls."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from qml.base.errors import ShapeError
from qml.base.threads import default_threads

WORTH_A_THREAD = 6e-6  # seconds of work below which calling a helper costs more than it saves
FORWARD_SHARE = 0.35  # of the time of a gradient that a run of values takes


class Forward(NamedTuple):
    """Values of the words, and kets for a following gradient if they were asked for and there was room."""

    words_BW: np.ndarray
    residual: Any = None


class Slopes(NamedTuple):
    """Gradients of a run; `initial_BA` and `words_BW` are None where there is none or it was not wanted."""

    rows_BM: np.ndarray
    shared_S: np.ndarray
    initial_BA: np.ndarray | None = None
    words_BW: np.ndarray | None = None


def check_batch(kept: int, asked: int) -> None:
    """Refuse the residual of a batch of another size, which cannot be of this run.

    Args:
        kept: rows of the forward run that left it.
        asked: rows of the gradient.

    Raises:
        ShapeError: the numbers differ.
    """
    if kept != asked:
        raise ShapeError(
            f"The residual is of a forward run of {kept} rows; the gradient was asked for {asked}. "
            "Hand in the residual of the same inputs and weights, or None."
        )


def threads_worth(seconds: float, gradient: bool, wanted: int | None, least: float = WORTH_A_THREAD) -> int:
    """Threads of a call: those that are wanted, else one where there is too little work for more.

    Args:
        seconds: of work that a gradient takes on one thread.
        gradient: whether it is one.
        wanted: None decides.
        least: seconds of work that are worth a second thread.

    Example:
        >>> threads_worth(1e-6, gradient=True, wanted=None), threads_worth(1e-6, gradient=True, wanted=2)
        (1, 2)
    """
    if wanted is None and seconds * (1.0 if gradient else FORWARD_SHARE) < least:
        return 1
    return wanted or default_threads()
