"""Weights that are NaN or infinite are refused before anything runs: every value would be NaN, and say nothing."""

from __future__ import annotations

import math

import numpy as np

from qml.base.errors import DataError
from qml.circuits.program import Program

REMEDY = (
    "Nothing was run. Look where they were last changed: a learning rate that is too high, or a loss or gradient that "
    "was not finite; `torch.nn.utils.clip_grad_norm_` or `optax.clip_by_global_norm` keeps steps short."
)


def all_finite(numbers: np.ndarray) -> bool:
    """Whether no number of a real array of any shape is NaN or infinite; for a few numbers in under a microsecond.

    Example:
        >>> all_finite(np.array([1.0, 1e300])), all_finite(np.array([1.0, -np.inf])), all_finite(np.zeros(0))
        (True, False, True)
    """
    flat = numbers.reshape(-1)
    with np.errstate(over="ignore"):  # the square of a finite number may be infinite: then look closer
        return math.isfinite(flat.dot(flat)) or bool(np.isfinite(flat).all())


def check_weights(program: Program, weights: np.ndarray) -> None:
    """Refuse weights that are not finite; arrays that are not real floating point numbers are another check's.

    Args:
        program: whose weights these are.
        weights: `(P,)`, or `(B, P)` for one set a row.

    Raises:
        DataError: says how many are not finite, and which is the first, by block and index.

    Example:
        >>> from qml.circuits import sel
        >>> weights = np.zeros(6)
        >>> weights[4] = np.nan
        >>> check_weights(sel(2, depth=1), weights)
        Traceback (most recent call last):
        ...
        qml.base.errors.DataError: 1 of the 6 weights of this circuit is not finite; the first is 'weights'[0, 1, 1] ...
    """
    if weights.dtype.kind != "f" or all_finite(weights):
        return
    bad = np.flatnonzero(~np.isfinite(weights))
    row, place = divmod(int(bad[0]), weights.shape[-1])
    where = _name(program, place) + (f" of row {row}" if weights.ndim == 2 else "")
    raise _error(len(bad), weights.size, f"{where} = {weights.reshape(-1)[bad[0]]}")


def check_shared(shared_S: np.ndarray) -> None:
    """Refuse shared values of a Plan, `(S,)`, that are not finite.

    Raises:
        DataError: says how many are not finite, and which is the first.
    """
    if not all_finite(shared_S):
        bad = np.flatnonzero(~np.isfinite(shared_S))
        raise _error(len(bad), shared_S.size, f"shared value {bad[0]} = {shared_S[bad[0]]}")


def _name(program: Program, place: int) -> str:
    """Block and index of a place among the flat weights."""
    for block in program.blocks or ():
        if place < block.size:
            index = ", ".join(str(int(number)) for number in np.unravel_index(place, block.shape))
            return f"{block.name!r}[{index}]"
        place -= block.size
    return f"weight {place}"


def _error(count: int, total: int, first: str) -> DataError:
    verb = "is" if count == 1 else "are"
    return DataError(
        f"{count} of the {total} weights of this circuit {verb} not finite; the first is {first}. {REMEDY}"
    )
