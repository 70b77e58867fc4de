"""Circuits that are trained: layers of rotations and entangling gates, without data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from qml.base.errors import ProgramError
from qml.base.registry import Registry
from qml.circuits.builder import Circuit
from qml.circuits.counting import whole_number
from qml.circuits.encodings import rotation_name
from qml.circuits.entangling import Pair, entangling_pairs
from qml.circuits.program import Program

ANSATZE: Registry[Callable[..., Program]] = Registry("ansatz")


@ANSATZE.register("basic")
def basic(n_qubits: int, depth: int = 1, *, axis: str = "X") -> Program:
    """One rotation a wire and a closed ring of CNOTs: PennyLane's `BasicEntanglerLayers`.

    Args:
        n_qubits: wires.
        depth: layers.
        axis: of the rotations.

    Returns:
        A Program with one block `weights` `(depth, n_qubits)`.

    Example:
        >>> basic(3, depth=2).blocks[0].shape
        (2, 3)
    """
    circuit, name = _started(n_qubits, depth), rotation_name(axis)
    weights = circuit.weights("weights", (depth, n_qubits))
    for layer in range(depth):
        for wire in range(n_qubits):
            circuit.add(name, wire, weights[layer, wire])
        for pair in entangling_pairs(n_qubits, "ring"):
            circuit.cnot(pair)
    return circuit.build(name="basic")


@ANSATZE.register("sel")
def sel(n_qubits: int, depth: int = 1, *, ranges: Sequence[int] | None = None, gate: str = "CNOT") -> Program:
    """A general rotation a wire, then each wire with the one `range` further: `StronglyEntanglingLayers`.

    Args:
        n_qubits: wires.
        depth: layers.
        ranges: distance of the entangled wires in each layer, 1 to `n_qubits - 1`; PennyLane's
            `l mod (n_qubits - 1) + 1` when left out.
        gate: the entangling gate, a row without angles on two wires.

    Returns:
        A Program with one block `weights` `(depth, n_qubits, 3)`.

    Raises:
        ProgramError: ranges that do not fit.

    References:
        Schuld et al., Phys. Rev. A 101, 032308 (2020).

    Example:
        >>> sel(4, depth=2).blocks[0].shape
        (2, 4, 3)
    """
    circuit = _started(n_qubits, depth)
    if ranges is None:
        ranges = [layer % (n_qubits - 1) + 1 if n_qubits > 1 else 0 for layer in range(depth)]
    elif len(ranges) != depth or not all(1 <= distance < n_qubits for distance in ranges):
        raise ProgramError(f"sel needs {depth} ranges, each 1 to {n_qubits - 1}; got {list(ranges)}.")
    weights = circuit.weights("weights", (depth, n_qubits, 3))
    for layer in range(depth):
        for wire in range(n_qubits):
            circuit.rot(wire, *weights[layer, wire])
        for wire in range(n_qubits if n_qubits > 1 else 0):
            circuit.add(gate, [wire, (wire + ranges[layer]) % n_qubits])
    return circuit.build(name="sel")


@ANSATZE.register("hardware_efficient")
def hardware_efficient(
    n_qubits: int,
    depth: int = 1,
    *,
    rotations: str = "YZ",
    entangle: str | Iterable[Pair] = "linear",
    gate: str = "CZ",
) -> Program:
    """Rotations a device has, an entangling map it has, and a last layer of rotations.

    Args:
        n_qubits: wires.
        depth: entangling layers.
        rotations: axes in order, such as `"Y"`, `"YZ"`, `"ZXZ"`.
        entangle: `"linear"`, `"ring"`, `"full"`, `"pairs"` or explicit pairs.
        gate: the entangling gate, a row without angles on two wires.

    Returns:
        A Program with one block `weights` `(depth + 1, n_qubits, len(rotations))`.

    Raises:
        ProgramError: an axis, pair or gate that does not fit.

    References:
        Kandala et al., Nature 549, 242 (2017).

    Example:
        >>> hardware_efficient(4, depth=2, rotations="Y", entangle=[(0, 2), (1, 3)]).n_weights
        12
    """
    circuit = _started(n_qubits, depth)
    names = [rotation_name(axis) for axis in rotations]
    pairs = entangling_pairs(n_qubits, entangle)
    if not names:
        raise ProgramError("hardware_efficient needs one rotation or more, such as rotations='YZ'; got none.")
    weights = circuit.weights("weights", (depth + 1, n_qubits, len(names)))
    for layer in range(depth + 1):
        for wire in range(n_qubits):
            for place, name in enumerate(names):
                circuit.add(name, wire, weights[layer, wire, place])
        for pair in pairs if layer < depth else ():
            circuit.add(gate, pair)
    return circuit.build(name="hardware_efficient")


@ANSATZE.register("tree")
def tree(n_qubits: int, depth: int = 1) -> Program:
    """A tree tensor network: neighbours are joined two by two, and the second of each pair goes on.

    Each join is `depth` times `RY RY CNOT`. The last wire is the root, which has seen all others; its <Z>
    alone is `z_each([n_qubits - 1])`.

    Args:
        n_qubits: wires, 2 or more, any number (an odd one out waits a level).
        depth: layers within a join.

    Returns:
        A Program with one block `weights` `(n_qubits - 1, depth, 2)`.

    References:
        Grant et al., npj Quantum Information 4, 65 (2018).

    Example:
        >>> tree(8).blocks[0].shape
        (7, 1, 2)
    """
    circuit = _started(n_qubits, depth)
    if n_qubits < 2:
        raise ProgramError(f"tree joins wires two by two and needs 2 or more; got n_qubits={n_qubits}.")
    weights = circuit.weights("weights", (n_qubits - 1, depth, 2))
    alive, join = list(range(n_qubits)), 0
    while len(alive) > 1:
        waiting = alive[:1] if len(alive) % 2 else []
        couples = list(zip(alive[len(waiting) :: 2], alive[len(waiting) + 1 :: 2], strict=True))
        for first, second in couples:
            for layer in range(depth):
                circuit.ry(first, weights[join, layer, 0]).ry(second, weights[join, layer, 1]).cnot([first, second])
            join += 1
        alive = waiting + [second for _, second in couples]
    return circuit.build(name="tree")


def _started(n_qubits: int, depth: int) -> Circuit:
    whole_number("depth", depth, least=1)
    return Circuit(n_qubits)
