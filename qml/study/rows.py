"""What every study starts with: arrays that fit the Program, an Executor that can do it, and blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qml.backends import Executor, check_program, executor_named
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits.program import Program

WORK_BYTES = 64 << 20  # of what is alive at once for a block of rows


def as_inputs(who: str, program: Program, inputs: ArrayLike) -> np.ndarray:
    """`inputs` as `(B, D)` in float64, or in float32 if they are that already.

    Args:
        who: the function that was called, for the message.
        program: what the rows are for.
        inputs: `(B, D)`.

    Raises:
        ShapeError: another shape, or numbers that are not real.
    """
    array = _real(who, "inputs", inputs)
    if array.ndim != 2 or array.shape[1] != program.n_inputs:
        raise ShapeError(f"{who} got inputs of shape {array.shape}; this Program needs (B, {program.n_inputs}).")
    return array


def as_weights(who: str, program: Program, weights: ArrayLike | None, inputs_BD: np.ndarray) -> np.ndarray:
    """`weights` in the dtype of the inputs: `(P,)`, or `(B, P)` for one set a row; None where there are none.

    Raises:
        ShapeError: another shape, or None although the Program has weights.
    """
    if weights is None and program.n_weights:
        raise ShapeError(
            f"{who} got no weights; this Program has {program.n_weights}. Hand in an array of shape "
            f"({program.n_weights},), for instance by `qml.circuits.initialise`."
        )
    array = np.zeros(0) if weights is None else _real(who, "weights", weights)
    shapes = ((program.n_weights,), (len(inputs_BD), program.n_weights))
    if array.shape not in shapes:
        raise ShapeError(f"{who} got weights of shape {array.shape}; it needs {shapes[0]}, or {shapes[1]}.")
    return np.ascontiguousarray(array, dtype=inputs_BD.dtype)


def rows_of(weights: np.ndarray, rows: slice) -> np.ndarray:
    """The weights of some rows, `(P,)` where all rows share them, else `(b, P)`."""
    return weights if weights.ndim == 1 else weights[rows]


def row_blocks(n_rows: int, bytes_per_row: int, block_rows: int | None = None) -> Iterator[slice]:
    """Slices that cover `n_rows`, each as long as 64 MiB allow, or `block_rows` long.

    Raises:
        ConfigError: fewer than one row a block.
    """
    if block_rows is not None and block_rows < 1:
        raise ConfigError(f"A block needs at least one row; got block_rows={block_rows}.")
    step = block_rows or max(1, WORK_BYTES // max(bytes_per_row, 1))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def able_executor(who: str, program: Program, executor: str | Executor | None, ability: str | None = None) -> Any:
    """The Executor, once it is known to fit `program` and to have `ability`: `"states"` or `"tangents"`.

    Raises:
        CapabilityError: it has not, or the Program is too wide for it.
        ConfigError: no Executor has that name.
    """
    chosen = executor_named(executor)
    if ability is not None and not getattr(chosen.capabilities, ability):
        raise CapabilityError(
            f"{who} needs an executor with `{ability}`; {chosen.capabilities.name!r} has not. Take 'engine_cpu'."
        )
    check_program(program, chosen)
    return chosen


def _real(who: str, name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise ShapeError(f"{who} got {name} of dtype {array.dtype}; they must be real numbers.")
    return np.ascontiguousarray(array, dtype=np.float32 if array.dtype == np.float32 else np.float64)
