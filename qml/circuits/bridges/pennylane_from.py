"""PennyLane functions, QNodes and tapes as Programs."""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from qml.base.errors import ProgramError
from qml.base.extras import require
from qml.circuits.angle import input_slot, weight_slot
from qml.circuits.bridges.pennylane_ops import gates_of, readout_of
from qml.circuits.bridges.tracing import TracedArray
from qml.circuits.gate import Gate
from qml.circuits.program import Program, WeightBlock

require("pennylane", extra="pennylane", purpose="The bridge to PennyLane")
import pennylane as qp
from pennylane.measurements import MeasurementProcess
from pennylane.queuing import AnnotatedQueue
from pennylane.tape import QuantumScript
from pennylane.wires import WireError

log = logging.getLogger(__name__)

Shapes = Mapping[str, int | Iterable[int]]

_MANY_INPUTS = 1025  # more than a template takes by accident, and no power of two


def from_pennylane(
    source: Any,
    weight_shapes: Shapes | None = None,
    *,
    n_inputs: int | None = None,
    n_qubits: int | None = None,
) -> Program:
    """The Program that a PennyLane function, QNode or tape is, up to a global phase.

    A function is called once (or a few times, to find `n_inputs`) with arrays of angles in place of numbers:
    its argument `inputs` is data, each name in `weight_shapes` becomes a block of that name and shape. Gates
    outside the table are taken apart by PennyLane. A QNode's shots and interface are left behind.

    Args:
        source: a quantum function, a `qp.QNode`, or a `qp.tape.QuantumScript`, whose trainable parameters become
            the weights in their order (and stay constants without `weight_shapes`).
        weight_shapes: block shapes by name, as for `qp.qnn.TorchLayer`: 1 means a single number `()`.
        n_inputs: columns of `inputs`. Left out: the largest index used plus one; of a function that looks at the
            length (a template), the most inputs it takes.
        n_qubits: wires. Left out: the device's, else the largest wire plus one.

    Returns:
        A Program. Its wires are the device's in order, or the integers used, or other labels by first use.

    Raises:
        ProgramError: an argument that is neither `inputs` nor in `weight_shapes`; an angle that is not a sum of
            products of slots; a measurement other than `expval` of Pauli observables or one `probs`; transforms
            on the QNode; a length of `inputs` that cannot be found out.

    Example:
        >>> import pennylane as qp
        >>> def circuit(inputs, weights):
        ...     qp.AngleEmbedding(inputs, wires=range(2))
        ...     qp.BasicEntanglerLayers(weights, wires=range(2))
        ...     return [qp.expval(qp.Z(wire)) for wire in range(2)]
        >>> program = from_pennylane(circuit, {"weights": (3, 2)})
        >>> program.n_qubits, program.n_inputs, program.blocks[0].shape
        (2, 2, (3, 2))
    """
    blocks = _blocks(weight_shapes or {})
    if isinstance(source, QuantumScript):
        return _program(_with_weights(source, blocks), blocks, n_inputs or 0, n_qubits, None, "tape")
    function, device_wires = _opened(source)
    _check_arguments(function, blocks)
    name = function.__name__ if inspect.isfunction(function) else type(function).__name__

    def trace(size: int) -> Program:
        return _program(_recorded(function, blocks, size), blocks, size, n_qubits, device_wires, name)

    if "inputs" not in _arguments(function):
        return trace(n_inputs or 0)
    return trace(_found_size(trace, name) if n_inputs is None else n_inputs)


def _blocks(shapes: Shapes) -> tuple[WeightBlock, ...]:
    def shape(value: int | Iterable[int]) -> tuple[int, ...]:
        if isinstance(value, Iterable):
            return tuple(int(size) for size in value)
        return () if value == 1 else (int(value),)

    if "inputs" in shapes:
        raise ProgramError("weight_shapes names 'inputs', which is the data. Give its size as n_inputs.")
    return tuple(WeightBlock(name, shape(value)) for name, value in shapes.items())


def _opened(source: Any) -> tuple[Callable, tuple | None]:
    """The function of a QNode and the wires of its device."""
    if not isinstance(source, qp.QNode):
        if not callable(source):
            raise ProgramError(f"from_pennylane takes a function, a QNode or a tape; got {type(source).__name__}.")
        return source, None
    if len(source.compile_pipeline):
        raise ProgramError(
            f"The QNode has transforms on it ({source.compile_pipeline}), which a Program would not carry out. "
            f"Hand in its function, qnode.func, or apply them to a tape first."
        )
    if source.shots:
        log.info("from_pennylane: the QNode's shots (%s) are left behind; ask an executor for shots", source.shots)
    wires = source.device.wires
    return source.func, tuple(wires) if wires else None


def _arguments(function: Callable) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


def _check_arguments(function: Callable, blocks: tuple[WeightBlock, ...]) -> None:
    arguments = _arguments(function)
    if any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values()):
        return
    known = {"inputs", *(block.name for block in blocks)}
    needed = {name for name, argument in arguments.items() if argument.default is argument.empty}
    missing, extra = sorted(needed - known), sorted(known - {"inputs"} - set(arguments))
    if missing or extra:
        raise ProgramError(
            f"The function takes {list(arguments)}; weight_shapes names {sorted(known - {'inputs'})}. "
            + (_about_missing(missing, "inputs" in arguments) if missing else "")
            + (f"Leave out {extra}." if extra else "")
        )


def _about_missing(names: list[str], has_data: bool) -> str:
    """What to do about arguments without a shape: without `inputs`, one of them is the data by another name."""
    if has_data:
        return f"Give shapes for {names}. "
    listed = " or ".join(f"`{name}`" for name in names)
    return f"The data argument must be called `inputs`; rename {listed} (only weights have a shape in weight_shapes). "


def _recorded(function: Callable, blocks: tuple[WeightBlock, ...], n_inputs: int) -> QuantumScript:
    """The tape of a call with one row, or with a batch of one row where the function indexes a batch."""
    try:
        return _called(function, blocks, (n_inputs,))
    except IndexError as error:
        if "too many indices" not in str(error):
            raise
        return _called(function, blocks, (1, n_inputs))


def _called(function: Callable, blocks: tuple[WeightBlock, ...], shape: tuple[int, ...]) -> QuantumScript:
    """The tape of one call with angles in place of numbers, `inputs` of `shape`."""
    arguments: dict[str, Any] = {}
    if "inputs" in _arguments(function):
        arguments["inputs"] = TracedArray.of(map(input_slot, range(shape[-1])), shape)
    start = 0
    for block in blocks:
        arguments[block.name] = TracedArray.of(map(weight_slot, range(start, start + block.size)), block.shape)
        start += block.size
    with AnnotatedQueue() as queue:
        try:
            returned = function(**arguments)
        except (TypeError, AttributeError) as error:
            raise ProgramError(
                f"The function cannot be called with angles in place of numbers: {error}. Keep to +, -, * and the "
                f"gates of PennyLane inside it; compute the rest outside."
            ) from error
    tape = QuantumScript.from_queue(queue)
    return QuantumScript(tape.operations, _measurements(returned))


def _measurements(returned: Any) -> list:
    """What a function returned, flat."""
    if isinstance(returned, MeasurementProcess):
        return [returned]
    if isinstance(returned, (list, tuple, np.ndarray)):
        return [measurement for item in returned for measurement in _measurements(item)]
    raise ProgramError(
        f"The function returns {type(returned).__name__}; "
        f"it must return qp.expval(...), several of them, or one qp.probs."
    )


def _with_weights(tape: QuantumScript, blocks: tuple[WeightBlock, ...]) -> QuantumScript:
    """The tape with weights in place of its trainable parameters."""
    if not blocks:
        return tape
    values: list[Any] = tape.get_parameters(trainable_only=True)
    n_weights = sum(block.size for block in blocks)
    if len(values) != n_weights or any(np.ndim(value) for value in values):
        raise ProgramError(
            f"The tape has {len(values)} trainable parameters of shapes {[np.shape(value) for value in values]}; "
            f"weight_shapes hold {n_weights} numbers. Set tape.trainable_params to the scalars that are weights."
        )
    weights = TracedArray.of(map(weight_slot, range(n_weights)), (n_weights,))
    return tape.bind_new_parameters(list(weights), tape.trainable_params)


def _program(
    tape: QuantumScript,
    blocks: tuple[WeightBlock, ...],
    n_inputs: int,
    n_qubits: int | None,
    device_wires: tuple | None,
    name: str,
) -> Program:
    order = _wire_order(tuple(tape.wires), n_qubits, device_wires)
    place = {label: position for position, label in enumerate(order)}
    gates: list[Gate] = []
    for operation in tape.operations:
        if operation.name == "BasisState":
            gates += basis_state(operation, place, {wire for gate in gates for wire in gate.wires})
        else:
            gates += gates_of(operation, place.__getitem__)
    return Program(
        len(order),
        tuple(gates),
        readout_of(tape.measurements, place.__getitem__, len(order)),
        n_inputs,
        sum(math.prod(block.shape) for block in blocks),
        blocks,
        name=name,
    )


def basis_state(operation: Any, place: dict, touched: set[int]) -> list[Gate]:
    """PauliX where the constant bit is one; only the first on its wires."""
    wires = [place[wire] for wire in operation.wires]
    if touched & set(wires):
        raise ProgramError(
            f"BasisState prepares wires {wires}, but earlier gates act on {sorted(touched & set(wires))}."
        )
    bits = np.asarray(operation.data[0], dtype=int).ravel().tolist()
    return [Gate("PauliX", (wire,)) for wire, bit in zip(wires, bits, strict=True) if bit]


def _wire_order(used: tuple, n_qubits: int | None, device_wires: tuple | None) -> list:
    """Labels in the order of a Program's wires."""
    if device_wires is not None:
        order = list(device_wires)
    elif all(isinstance(label, int) for label in used):
        order = list(range(max((*used, 0)) + 1))
    else:
        order = list(used)
    stray = [label for label in used if label not in order]
    size = len(order) if n_qubits is None else n_qubits
    if stray or size < len(order):
        raise ProgramError(
            f"The circuit uses wires {list(used)}; "
            + (f"the device has {order}." if stray else f"n_qubits={n_qubits} is too few for {order}.")
        )
    return order + [object() for _ in range(size - len(order))]


def _found_size(trace: Callable[[int], Program], name: str) -> int:
    """How many inputs the function takes: by the slots it uses, or by the most it accepts."""
    many, more = _tried(trace, _MANY_INPUTS), _tried(trace, _MANY_INPUTS + 1)
    if isinstance(many, Program) and isinstance(more, Program):
        if many.gates != more.gates:
            raise ProgramError(
                f"{name} takes inputs of any length, so their number cannot be found out. Pass n_inputs."
            )
        return 1 + max((i for gate in many.gates for angle in gate.angles for i in angle.inputs), default=-1)
    sizes = [*range(65), *(2**power for power in range(7, 13))]
    tried = {size: _tried(trace, size) for size in sizes}
    accepted = [size for size, result in tried.items() if isinstance(result, Program)]
    if not accepted:
        reason = next((result for result in (many, *tried.values()) if isinstance(result, ProgramError)), tried[1])
        raise ProgramError(f"{name} could not be traced with any number of inputs; for instance: {reason}") from (
            reason if isinstance(reason, Exception) else None
        )
    log.info("from_pennylane: %s takes up to %d inputs, so n_inputs=%d", name, accepted[-1], accepted[-1])
    return accepted[-1]


def _tried(trace: Callable[[int], Program], size: int) -> Program | Exception:
    try:
        return trace(size)
    except (ValueError, IndexError, WireError) as error:
        return error
