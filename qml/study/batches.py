"""States of many rows: all at once, or block by block where they do not fit the memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from qml.backends import Executor
from qml.circuits.program import Program
from qml.study.rows import able_executor, as_inputs, as_weights, row_blocks, rows_of


def states(
    program: Program, inputs: ArrayLike, weights: ArrayLike | None = None, *, executor: str | Executor | None = None
) -> np.ndarray:
    """The state of every row.

    Args:
        program: what to run; its readout plays no part.
        inputs: `(B, D)`; float64 unless it is a float32 array.
        weights: `(P,)` or `(B, P)`; None where the Program has none.
        executor: one with `states`; the engine when left out.

    Returns:
        `(B, A)` complex with `A = 2**Q`; qubit 0 most significant; the global phase is that of the gates' matrices.

    Raises:
        ShapeError: inputs or weights do not fit the Program.
        CapabilityError: the executor gives no states, or they do not fit the memory; take `state_batches` then.

    Example:
        >>> from qml.circuits import angle
        >>> states(angle(1), [[np.pi]]).round(6).real + 0.0
        array([[0., 1.]])
    """
    runs = able_executor("states", program, executor, "states")
    inputs_BD = as_inputs("states", program, inputs)
    return runs.states(program, inputs_BD, as_weights("states", program, weights, inputs_BD))


def state_batches(
    program: Program,
    inputs: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    block_rows: int | None = None,
    executor: str | Executor | None = None,
) -> Iterator[tuple[slice, np.ndarray]]:
    """The states of all rows, block by block, each with the slice of its rows.

    Args:
        program: as for `states`.
        inputs: `(B, D)`.
        weights: `(P,)` or `(B, P)`.
        block_rows: rows of a block; by default as many as fit 64 MiB.
        executor: as for `states`.

    Yields:
        The rows, and their states `(b, A)`.

    Raises:
        ShapeError: inputs or weights do not fit the Program.
        CapabilityError: the executor gives no states.

    Example:
        >>> from qml.circuits import angle
        >>> [(rows.start, block.shape) for rows, block in state_batches(angle(2), np.zeros((5, 2)), block_rows=3)]
        [(0, (3, 4)), (3, (2, 4))]
    """
    who = "state_batches"
    runs = able_executor(who, program, executor, "states")
    inputs_BD = as_inputs(who, program, inputs)
    weights_ = as_weights(who, program, weights, inputs_BD)
    for rows in row_blocks(len(inputs_BD), 2 * inputs_BD.itemsize << program.n_qubits, block_rows):
        yield rows, runs.states(program, inputs_BD[rows], rows_of(weights_, rows))
