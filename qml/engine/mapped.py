"""Columns and words of a compiled Program as plain torch or JAX operations, for operators that know a Plan only.

An operator that runs a Plan, such as a GPU kernel or a call through XLA, is handed rows, shared values and initial
amplitudes, and hands back words. What stands around it, from inputs and weights and to the values of the Program,
is written here in the array package itself, so that the package differentiates and batches it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from qml.base.errors import ShapeError
from qml.circuits.angle import Angle, Slot
from qml.circuits.program import Program
from qml.circuits.slots import AngleTable, amplitude_tables
from qml.circuits.steps import preparations
from qml.engine.array_ops import Ops, operations
from qml.engine.columns import Columns
from qml.engine.compile import Compiled
from qml.engine.wire_order import wire_order
from qml.engine.words import WordMap


class MappedColumns(NamedTuple):
    """What a Plan is handed: `(B, M)` row values, `(S,)` shared values, `(B or 1, A)` amplitudes or None."""

    rows_BM: Any
    shared_S: Any
    initial_BA: Any


def mapped_columns(compiled: Compiled, xp: Any, inputs_BD: Any, weights: Any) -> MappedColumns:
    """The columns and initial amplitudes of a compiled Program, equal to those of its `Columns`.

    Where the rows are just the inputs, or the shared values just the weights, the very array is returned. Amplitudes
    of a row without a norm become NaN instead of an error: nothing can be raised where numbers are not known yet.

    Args:
        compiled: from `qml.engine.compile.compile_program`.
        xp: the array package, `torch` or `jax.numpy`.
        inputs_BD: `(B, D)` real array of that package.
        weights: `(P,)`, or `(B, P)` where compiled with `row_weights`; the dtype and device of the inputs.

    Returns:
        Differentiable arrays in that dtype (amplitudes in the complex dtype of that precision).

    Raises:
        ConfigError: `xp` is another package.
        ShapeError: a shape does not fit the Program.

    Example:
        >>> import jax.numpy as jnp
        >>> from qml.circuits import angle
        >>> from qml.engine.compile import compile_program
        >>> inputs_BD = jnp.ones((5, 2))
        >>> mapped_columns(compile_program(angle(2)), jnp, inputs_BD, jnp.zeros(0)).rows_BM is inputs_BD
        True
    """
    columns = compiled.columns
    _check_shapes(columns, inputs_BD, weights)
    ops = operations(xp, inputs_BD)
    row_BN, shared_P = _slots(columns, ops, inputs_BD, weights)
    rows = row_BN if columns.rows_are_slots else _kept(columns, ops, "rows", _row_sums).values(row_BN, shared_P)
    shared = shared_P
    if not columns.shared_are_slots:
        shared = _kept(columns, ops, "shared", _shared_sums).values(shared_P[None], shared_P[:0])[0]
    return MappedColumns(rows, shared, _initial(columns, ops, inputs_BD, weights) if columns.initial else None)


def mapped_values(compiled: Compiled, xp: Any, words_BW: Any) -> Any:
    """Values of a Program `(B, K)` from those of its words `(B, W)`, equal to those of its `WordMap`.

    Args:
        compiled: from `qml.engine.compile.compile_program`.
        xp: the array package, `torch` or `jax.numpy`.
        words_BW: expectation values of the words of the Plan.

    Returns:
        A differentiable array of the same dtype; the very array where values are just the words.

    Raises:
        ConfigError: `xp` is another package.
    """
    word_map = compiled.word_map
    if word_map.is_identity:
        return words_BW
    ops = operations(xp, words_BW)
    if word_map.probabilities:
        weights = _kept(word_map, ops, "weights", lambda w, ops: ops.real(w.word_weights))
        return transformed(ops, words_BW * weights)
    index, coefficients = _kept(word_map, ops, "terms", _word_terms)
    if word_map.n_words == 0:
        return ops.rows(ops.real(np.zeros(word_map.n_values)), words_BW.shape[0])
    return (ops.take(words_BW, index) * coefficients).sum(-1)


def transformed(ops: Ops, values_BW: Any) -> Any:
    """The Walsh-Hadamard transform of each row, not normalised; `W` is a power of two."""
    size, width = values_BW.shape
    half = width // 2
    while half:
        pairs = values_BW.reshape(size, width // (2 * half), 2, half)
        low, high = pairs[:, :, 0], pairs[:, :, 1]
        values_BW = ops.stack((low + high, low - high), 2).reshape(size, width)
        half //= 2
    return values_BW


def start_amplitudes(program: Program, ops: Ops, columns: Any) -> Any:
    """The prepared state, `(B, A)`: preparations on their wires, |0> on the others.

    Args:
        program: whose preparations these are.
        ops: operations of the array package.
        columns: `(B, 1 + D + P)`: the number one, the inputs and the weights of each row.
    """
    size = columns.shape[0]
    state = ops.constant(np.ones((1, 1)))
    order: list[int] = []
    for gate, table in zip(preparations(program), amplitude_tables(program), strict=True):
        piece = ops.constant(np.array(gate.matrix)) if gate.name == "State" else _unit(table, ops, columns)
        order.extend(gate.wires)
        state = (state[:, :, None] * piece[:, None, :]).reshape(-1 if size else 0, 2 ** len(order))
    zero = np.zeros((size, 2 ** (program.n_qubits - len(order))))
    zero[:, 0] = 1
    state = (state[:, :, None] * ops.constant(zero)[:, None, :]).reshape(size, 2**program.n_qubits)
    return ops.take(state, wire_order(program.n_qubits, tuple(order)))


def _unit(table: AngleTable, ops: Ops, columns: Any) -> Any:
    """Amplitudes of one preparation divided by their norm, `(B, 2**k)`."""
    amplitudes = table.evaluate(columns, ops.real(table.constant), ops.real(table.coefficient))
    scaled = amplitudes / ops.largest(amplitudes)  # neither very large nor very small numbers lose their norm
    return ops.complex(scaled / ops.xp.sqrt((scaled * scaled).sum(-1))[:, None])


def _check_shapes(columns: Columns, inputs_BD: Any, weights: Any) -> None:
    wanted = (inputs_BD.shape[0], columns.n_weights) if columns.row_weights else (columns.n_weights,)
    if inputs_BD.ndim != 2 or inputs_BD.shape[1] != columns.n_inputs or tuple(weights.shape) != wanted:
        raise ShapeError(
            f"Got inputs of shape {tuple(inputs_BD.shape)} and weights of shape {tuple(weights.shape)}; this Program "
            f"needs inputs (B, {columns.n_inputs}) and weights {wanted}."
        )


def _slots(columns: Columns, ops: Ops, inputs_BD: Any, weights: Any) -> tuple[Any, Any]:
    """Row slots `(B, N)` and shared slots `(P,)`, none of them copied unless both stand in one row."""
    if not columns.row_weights:
        return inputs_BD, weights
    if not columns.n_inputs or not columns.n_weights:
        return (weights if columns.n_weights else inputs_BD), ops.real(np.zeros(0))
    return ops.join((inputs_BD, weights)), ops.real(np.zeros(0))


def _initial(columns: Columns, ops: Ops, inputs_BD: Any, weights: Any) -> Any:
    """The states that the rows start from; one row where they are all alike."""
    if columns.initial_differs:
        size = inputs_BD.shape[0]
        table = ops.join((ops.real(np.ones((size, 1))), inputs_BD, ops.rows(weights, size)))
        return start_amplitudes(columns.program, ops, table)
    one, none = np.ones((1, 1)), np.zeros((1, columns.n_inputs))
    row = ops.real(np.zeros((1, columns.n_weights))) if columns.row_weights else weights[None]
    return start_amplitudes(columns.program, ops, ops.join((ops.real(one), ops.real(none), row)))


class _Sums:
    """Numbers `(B, M)` as padded sums of products of row slots and shared slots, on one device."""

    def __init__(self, ops: Ops, angles: Sequence[Angle], row: Callable[[Slot], int | None], n_row: int, n_shared: int):
        n_terms = max([1, *(len(angle.terms) for angle in angles)])
        coefficient = np.zeros((len(angles), n_terms))
        lists: dict[str, dict[tuple[int, int], list[int]]] = {"row": {}, "shared": {}}
        for m, angle in enumerate(angles):
            for t, term in enumerate(angle.terms):
                coefficient[m, t] = term.coefficient
                lists["row"][m, t] = [n for n in map(row, term.slots) if n is not None]
                lists["shared"][m, t] = [slot.index for slot in term.slots if row(slot) is None]
        self.ops = ops
        self._row = [ops.index(part) for part in _padded(lists["row"], coefficient.shape, n_row)]
        self._shared = [ops.index(part) for part in _padded(lists["shared"], coefficient.shape, n_shared)]
        self._coefficient = ops.real(coefficient)
        self._constant = ops.real(np.array([angle.constant for angle in angles]))

    def values(self, row_BN: Any, shared_P: Any) -> Any:
        """The numbers, differentiable."""
        ops, factors = self.ops, self._coefficient
        if self._shared:
            shared = ops.join((shared_P[None], ops.real(np.ones((1, 1)))))
            for index in self._shared:
                factors = factors * shared[0, index]
        terms = factors[None]
        if self._row:
            rows = ops.join((row_BN, ops.real(np.ones((row_BN.shape[0], 1)))))
            for index in self._row:
                terms = terms * ops.take(rows, index)
        return ops.rows(terms.sum(-1) + self._constant, row_BN.shape[0])


def _padded(lists: dict[tuple[int, int], list[int]], shape: tuple[int, ...], one: int) -> list[np.ndarray]:
    """Factor number 1, 2, ... of every term; column `one` holds the number one."""
    depth = max(map(len, lists.values()), default=0)
    index = np.full((depth, *shape), one)
    for place, columns in lists.items():
        index[(slice(len(columns)), *place)] = columns
    return list(index)


def _row_sums(columns: Columns, ops: Ops) -> _Sums:
    def row(slot: Slot) -> int | None:
        if slot.kind == "input":
            return slot.index
        return columns.n_inputs + slot.index if columns.row_weights else None

    n_row = columns.n_inputs + (columns.n_weights if columns.row_weights else 0)
    return _Sums(ops, columns.row_angles, row, n_row, 0 if columns.row_weights else columns.n_weights)


def _shared_sums(columns: Columns, ops: Ops) -> _Sums:
    """Shared values as a single row whose slots are the weights."""
    n_shared = 0 if columns.row_weights else columns.n_weights
    return _Sums(ops, columns.shared_angles, lambda slot: slot.index, n_shared, 0)


def _word_terms(word_map: WordMap, ops: Ops) -> tuple[Any, Any]:
    index, coefficients = word_map.padded_terms()
    return ops.index(index), ops.real(coefficients)


Made = TypeVar("Made")
_made: WeakKeyDictionary[Any, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()


def _kept(owner: Any, ops: Ops, name: str, make: Callable[[Any, Any], Made]) -> Made:
    """What `make` builds for `owner`: kept a device and dtype, so that no constant travels to a device twice."""
    if not ops.keeps:
        return make(owner, ops)
    kept = _made.setdefault(owner, {})
    key = (name, *ops.key)
    if key not in kept:
        kept[key] = make(owner, ops)
    return kept[key]
