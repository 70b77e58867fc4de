"""Values, vector-Jacobian products and Jacobians of PennyLane tapes: tapes of one structure are rows of one call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from qml.backends.executor import Executor, Gradients, Values
from qml.backends.pennylane_device_jacobian import Block, Jacobian, by_shape
from qml.backends.pennylane_device_readings import Reads
from qml.backends.pennylane_device_state_slopes import StateSlopes, measures_the_state
from qml.backends.pennylane_device_tapes import Parameter, TapeProgram, TapePrograms, dtype_of, slots_of
from qml.base.errors import CapabilityError
from qml.base.extras import require

require("pennylane", extra="pennylane", purpose="The PennyLane device")
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

WAITING = 8
"""Forward runs whose residual is kept for the gradient that usually follows."""


@dataclass(frozen=True)
class Rows:
    """One call of the executor: a tape with its batch, or several tapes without one, a row each.

    Args:
        compiled: what all of them share.
        numbers: places of the tapes in what was handed in.
        inputs_BD: `(B, D)`.
        weights: `(P,)`, or `(B, P)` where tapes are rows.
    """

    compiled: TapeProgram
    numbers: tuple[int, ...]
    inputs_BD: np.ndarray
    weights: np.ndarray

    @property
    def key(self) -> tuple:
        """Equal for calls of equal numbers."""
        shapes = self.inputs_BD.shape, self.weights.shape, self.inputs_BD.dtype.name
        return self.compiled, shapes, self.inputs_BD.tobytes(), self.weights.tobytes()

    def of_tape(self, place: int) -> slice:
        """The rows of one of its tapes."""
        return slice(None) if self.compiled.batched else slice(place, place + 1)

    def repeated(self, times: int) -> Rows:
        """Every row `times` times, each with weights of its own, so that each has a gradient of its own."""
        shared = np.broadcast_to(self.weights, (len(self.inputs_BD), self.weights.shape[-1]))
        weights = np.repeat(shared, times, axis=0)
        return Rows(self.compiled, self.numbers, np.repeat(self.inputs_BD, times, axis=0), weights)


class _Waiting:
    """Values and residuals of the latest forward runs; a copy or a pickle starts empty."""

    def __init__(self):
        self._kept: OrderedDict[tuple, Values] = OrderedDict()

    def __reduce__(self) -> tuple:
        return _Waiting, ()

    def put(self, rows: Rows, values: Values) -> None:
        self._kept[rows.key] = values
        while len(self._kept) > WAITING:
            self._kept.popitem(last=False)

    def take(self, rows: Rows) -> Values | None:
        return self._kept.pop(rows.key, None) if self._kept else None


class TapeRuns:
    """Runs tapes whose results are functions of expectation values, and differentiates them.

    Args:
        executor: who runs the Programs.
        wires: the device's; None where any may be used.
        dtype: of all runs; None follows the parameters of the tapes.
    """

    def __init__(self, executor: Executor, wires: Wires | None, dtype: np.dtype | None):
        self.executor, self.dtype = executor, dtype
        self.programs = TapePrograms(wires)
        self._waiting = _Waiting()

    def results(self, tapes: Sequence[QuantumScript], keep: bool = False) -> list[Any]:
        """Results of each tape, as PennyLane shapes them; with `keep`, the next `vjps` start from these states."""
        found: list[Any] = [None] * len(tapes)
        for rows in self._calls(tapes):
            trained = keep and any(tapes[number].trainable_params for number in rows.numbers)
            values_BK = self._forward(rows, trained).values_BK
            measured = [reading.result(values_BK) for reading in _reads(rows).readings]
            for place, number in enumerate(rows.numbers):
                parts = tuple(result if rows.compiled.batched else result[place] for result in measured)
                found[number] = parts[0] if len(parts) == 1 else parts
        return found

    def vjps(self, tapes: Sequence[QuantumScript], cotangents: Sequence[Any]) -> list[tuple]:
        """For each tape, the gradient of `sum(results * cotangents)` by each of its trainable parameters."""
        found: list[Any] = [()] * len(tapes)
        for rows in self._calls(tapes, differentiated=True):
            sets, several = _sets(rows, [cotangents[number] for number in rows.numbers])
            pulled = [self._pulled_through(rows, handed, tapes) for handed in sets]
            for place, number in enumerate(rows.numbers):
                by_set = [_by_parameter(tapes[number], rows, place, *found_of_set) for found_of_set in pulled]
                found[number] = tuple(map(np.stack, zip(*by_set, strict=True))) if several else by_set[0]
        return found

    def jacobians(self, tapes: Sequence[QuantumScript]) -> list[Jacobian]:
        """The derivative of every output in every row; all outputs of all rows are one sweep of rows that repeat."""
        found: list[Any] = [None] * len(tapes)
        for rows in self._calls(tapes, differentiated=True):
            if rows.compiled.reads is None:
                shapes = ((1 << rows.compiled.program.n_qubits,),)
                gradients, coefficients = self._state_slopes(rows, tapes).forward()
            else:
                shapes = tuple(reading.shape for reading in _reads(rows).readings)
                units = np.tile(np.eye(_size(shapes), dtype=rows.inputs_BD.dtype), (len(rows.inputs_BD), 1))
                gradients, coefficients = self._pulled(rows.repeated(_size(shapes)), by_shape(units, shapes))
            n_outputs = _size(shapes)
            for place, number in enumerate(rows.numbers):
                mine = slice(None) if rows.compiled.batched else slice(place * n_outputs, (place + 1) * n_outputs)
                blocks = _blocks(tapes[number], rows.compiled, n_outputs, mine, gradients, coefficients)
                found[number] = Jacobian(tuple(blocks), shapes, rows.compiled.batched)
        return found

    def _calls(self, tapes: Sequence[QuantumScript], differentiated: bool = False) -> Iterator[Rows]:
        dtype = dtype_of(tapes) if self.dtype is None else self.dtype
        groups: dict[tuple, list[int]] = {}
        compiled = [self.programs.of(tape, differentiated) for tape in tapes]
        for number, program in enumerate(compiled):
            if differentiated and program.reads is None and not measures_the_state(tapes[number], program):
                raise _not_differentiated()
            groups.setdefault((program, number if program.batched else -1), []).append(number)
        for (program, _), numbers in groups.items():
            slots = [slots_of(program, tapes[number], dtype) for number in numbers]
            if len(slots) == 1:
                yield Rows(program, tuple(numbers), slots[0].inputs_BD, slots[0].weights)
                continue
            inputs = np.zeros((len(slots), 0), dtype)
            yield Rows(program, tuple(numbers), inputs, np.stack([slot.weights for slot in slots]))

    def _state_slopes(self, rows: Rows, tapes: Sequence[QuantumScript]) -> StateSlopes:
        mine = [tapes[number] for number in rows.numbers]
        return StateSlopes(self.executor, rows.compiled, mine, rows.inputs_BD, rows.weights)

    def _forward(self, rows: Rows, keep: bool) -> Values:
        program = rows.compiled.program
        values = self.executor.forward(program, rows.inputs_BD, rows.weights, keep=keep)
        if keep:
            self._waiting.put(rows, values)
        return values

    def _pulled_through(self, rows: Rows, handed: list[list[Any]], tapes: Sequence[QuantumScript]):
        if rows.compiled.reads is not None:
            return self._pulled(rows, _stacked(rows, handed))
        n_amplitudes = 1 << rows.compiled.program.n_qubits
        cotangent_BA = np.concatenate([np.asarray(part).reshape(-1, n_amplitudes) for (part,) in handed])
        return self._state_slopes(rows, tapes).pulled_back(cotangent_BA)

    def _pulled(self, rows: Rows, by_measurement: list[np.ndarray]) -> tuple[Gradients, dict[int, np.ndarray]]:
        """Gradients of the slots, and for each trained coefficient of an observable one number a row."""
        reads, program = _reads(rows), rows.compiled.program
        ran = self._waiting.take(rows)
        if ran is None and (not reads.linear or rows.compiled.prepares):
            ran = self.executor.forward(program, rows.inputs_BD, rows.weights, keep=True)
        values_BK = None if ran is None else ran.values_BK
        cotangent_BK = np.zeros((len(rows.inputs_BD), program.n_values), rows.inputs_BD.dtype)
        for reading, cotangent in zip(reads.readings, by_measurement, strict=True):
            reading.pull_back(values_BK, cotangent, cotangent_BK)
        residual = None if ran is None else ran.residual
        back = self.executor.vjp(program, rows.inputs_BD, rows.weights, cotangent_BK, residual=residual)
        if values_BK is None:
            return back, {}
        coefficients = {
            parameter: by_measurement[which] * values_BK[:, place]
            for parameter, (which, place) in reads.coefficients.items()
        }
        return _with_lengths(rows, back, (cotangent_BK * values_BK).sum(1)), coefficients


def _reads(rows: Rows) -> Reads:
    if rows.compiled.reads is None:
        raise _not_differentiated()
    return rows.compiled.reads


def _not_differentiated() -> CapabilityError:
    return CapabilityError(
        "Device 'qml.engine' was asked for derivatives of a raw tape with shots, or of one that measures more of the "
        "state than qp.state() of all its wires; it differentiates expval, var, probs and that. Take "
        "diff_method='parameter-shift' for shots; else run the tape through the device's preprocessing (a QNode or "
        "qp.execute does), which makes the other measurements from the state."
    )


def _size(shapes: Sequence[tuple[int, ...]]) -> int:
    return sum(map(prod, shapes))


def _with_lengths(rows: Rows, back: Gradients, along_B: np.ndarray) -> Gradients:
    """Gradients that take prepared amplitudes as they are: a Program divides by their length, PennyLane does not.

    Values are quadratic in the amplitudes `a`, so along `a` itself they grow by twice themselves.
    """
    if not rows.compiled.prepares:
        return back
    inputs_BD, weights = back.inputs_BD.copy(), back.weights.copy()
    for parameter in rows.compiled.prepares:
        mine = slice(parameter.start, parameter.start + parameter.size)
        if parameter.kind == "input":
            inputs_BD[:, mine] += 2 * along_B[:, None] * rows.inputs_BD[:, mine]
        elif weights.ndim == 2:
            weights[:, mine] += 2 * along_B[:, None] * rows.weights[:, mine]
        else:
            weights[mine] += 2 * along_B.sum() * rows.weights[mine]
    return Gradients(inputs_BD, weights)


def _shapes(rows: Rows) -> list[tuple[int, ...]]:
    """The shape of each measurement in one row."""
    reads = rows.compiled.reads
    return [(1 << rows.compiled.program.n_qubits,)] if reads is None else [reading.shape for reading in reads.readings]


def _sets(rows: Rows, cotangents: list[Any]) -> tuple[list[list[list[Any]]], bool]:
    """Cotangents as one list a tape of one array a measurement, for each of several sets; and if there are several.

    Several come in one more dimension in front, of some measurements at least, where JAX maps a pull-back.
    """
    shapes = _shapes(rows)
    by_tape = [[c] if len(shapes) == 1 and not isinstance(c, list | tuple) else list(c) for c in cotangents]
    usual = [len(shape) + rows.compiled.batched for shape in shapes]
    sizes = {len(c) for parts in by_tape for c, ndim in zip(parts, usual, strict=True) if np.ndim(c) > ndim}
    if not sizes:
        return [by_tape], False
    return [
        [[c[k] if np.ndim(c) > ndim else c for c, ndim in zip(parts, usual, strict=True)] for parts in by_tape]
        for k in range(sizes.pop())
    ], True


def _stacked(rows: Rows, handed: list[list[Any]]) -> list[np.ndarray]:
    """One array `(B, *shape)` a measurement, of the cotangents of the tapes."""
    dtype, n_rows = rows.inputs_BD.dtype, len(rows.inputs_BD)
    return [
        np.stack([np.real(np.asarray(parts[which])) for parts in handed]).astype(dtype).reshape(n_rows, *shape)
        for which, shape in enumerate(_shapes(rows))
    ]


def _by_parameter(tape: QuantumScript, rows: Rows, place: int, back: Gradients, coefficients: dict) -> tuple:
    """The gradients of one tape, in the shapes and dtypes of its trainable parameters."""
    values: list[Any] = tape.get_parameters(trainable_only=False)
    mine = rows.of_tape(place)
    found = []
    for number in tape.trainable_params:
        parameter, value = rows.compiled.parameters[number], values[number]
        if number in coefficients:
            gradient = coefficients[number][mine]
            gradient = gradient if np.ndim(value) else gradient.sum()
        elif parameter.kind == "input":
            gradient = back.inputs_BD[:, _slots(parameter)]
        elif parameter.kind == "weight":
            gradient = back.weights[..., _slots(parameter)]
            gradient = gradient if back.weights.ndim == 1 else gradient[place]
        else:
            _refuse_constants(parameter, value)
            gradient = np.zeros(np.shape(value))
        found.append(np.asarray(gradient, _dtype_of_gradient(value, back.weights.dtype)).reshape(np.shape(value)))
    return tuple(found)


def _blocks(
    tape: QuantumScript, compiled: TapeProgram, n_outputs: int, mine: slice, back: Gradients, coefficients: dict
) -> list[Block]:
    """The derivatives by each trainable parameter of one tape, from a sweep of repeated rows."""
    values: list[Any] = tape.get_parameters(trainable_only=False)
    found = []
    for number in tape.trainable_params:
        parameter, value = compiled.parameters[number], values[number]
        rest = np.shape(value)[1:] if parameter.kind in ("input", "phase") else np.shape(value)
        if number in coefficients:
            gradient = coefficients[number][mine]
        elif parameter.kind in ("input", "weight"):
            gradient = (back.inputs_BD if parameter.kind == "input" else back.weights)[mine, _slots(parameter)]
        else:
            _refuse_constants(parameter, value)
            gradient = np.zeros((len(back.inputs_BD[mine]), *rest))
        by_row = parameter.kind == "input" or (parameter.kind == "phase" and bool(np.ndim(value)))
        found.append(Block(gradient.reshape(-1, n_outputs, *rest), by_row))
    return found


def _slots(parameter: Parameter) -> slice:
    return slice(parameter.start, parameter.start + parameter.size)


def _refuse_constants(parameter: Parameter, value: Any) -> None:
    """Refuse the derivative by what is part of the structure; all else without a slot has the derivative zero."""
    if parameter.kind == "constant" and np.asarray(value).dtype.kind in "fc":
        raise CapabilityError(
            f"Device 'qml.engine' was asked for the derivative by a parameter of shape {np.shape(value)} that is part "
            f"of the circuit's structure: a complex state to prepare, or a matrix. It differentiates angles, real "
            f"amplitudes and the matrices of one wire. Make it constant, or compute it from angles."
        )


def _dtype_of_gradient(value: Any, dtype: np.dtype) -> np.dtype:
    """That of the parameter where it is an array of real numbers, as the interfaces expect."""
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f":
        return value.dtype
    return dtype
