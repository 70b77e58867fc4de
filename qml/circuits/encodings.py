"""Circuits that carry data: each input slot is one column of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qml.base.errors import ProgramError
from qml.base.registry import Registry
from qml.circuits.angle import input_slot
from qml.circuits.builder import Circuit
from qml.circuits.counting import whole_number
from qml.circuits.entangling import Pair, entangling_pairs
from qml.circuits.program import Program

ENCODINGS: Registry[Callable[..., Program]] = Registry("encoding")


@ENCODINGS.register("angle")
def angle(n_qubits: int, *, axis: str = "Y", scale: float = 1.0) -> Program:
    """One rotation a wire by one input each: `exp(-i scale x_q P/2)`.

    About `"Z"` it is only a phase on |0>: put it behind gates that mix, or use `iqp`.

    Args:
        n_qubits: wires, and inputs.
        axis: `"X"`, `"Y"` or `"Z"`, PennyLane's `AngleEmbedding(rotation=...)`.
        scale: radians a unit of the input.

    Raises:
        ProgramError: another axis.

    Example:
        >>> angle(3).n_inputs
        3
    """
    circuit = Circuit(n_qubits)
    for wire in range(n_qubits):
        circuit.add(rotation_name(axis), wire, scale * circuit.input(wire))
    return circuit.build(name="angle")


@ENCODINGS.register("amplitude")
def amplitude(n_qubits: int, *, n_inputs: int | None = None, pad_with: float = 0.0) -> Program:
    """The inputs as the amplitudes of a state, normalised row by row.

    A row of zeros has no state and is a `DataError` at run time; with `pad_with` above zero and `n_inputs`
    below `2**n_qubits` it has one.

    Args:
        n_qubits: wires; there is room for `2**n_qubits` inputs.
        n_inputs: inputs a row, all amplitudes when left out.
        pad_with: the amplitudes behind them, before normalising.

    Raises:
        ProgramError: more inputs than amplitudes, or none.

    Example:
        >>> amplitude(3).n_inputs, amplitude(3, n_inputs=6).n_inputs
        (8, 6)
    """
    circuit = Circuit(n_qubits)
    size = 2**n_qubits
    used = size if n_inputs is None else whole_number("n_inputs", n_inputs)
    if not 1 <= used <= size:
        raise ProgramError(f"amplitude({n_qubits}) holds 1 to {size} inputs; got {used}. Change n_qubits.")
    values = [circuit.input(index) if index < used else pad_with for index in range(size)]
    return circuit.amplitudes(range(n_qubits), values).build(name="amplitude")


@ENCODINGS.register("iqp")
def iqp(n_qubits: int, *, repeats: int = 2, entangle: str | Iterable[Pair] = "full") -> Program:
    """Hadamards, then phases by the inputs and by their products: commuting, yet hard to sample from.

        [ prod_(i<j) exp(-i x_i x_j Z_i Z_j / 2)  prod_i exp(-i x_i Z_i / 2)  H^n ] ** repeats

    With one repeat <Z> of every wire is zero, whatever the data, until gates that mix follow.

    Args:
        n_qubits: wires, and inputs.
        repeats: times the whole is applied; PennyLane's `IQPEmbedding(n_repeats=...)`, whose default is 1.
        entangle: pairs whose product enters, a name of `ENTANGLING` or explicit pairs.

    References:
        Havlicek et al., Nature 567, 209 (2019), whose phases are (pi - x_i)(pi - x_j); here x_i x_j as in
        PennyLane.

    Example:
        >>> iqp(2, repeats=1).gates[-1].angles[0].inputs
        (0, 1)
    """
    circuit = Circuit(n_qubits)
    if whole_number("repeats", repeats) < 1:
        raise ProgramError(f"iqp needs 1 repeat or more; got {repeats}.")
    for _ in range(repeats):
        for wire in range(n_qubits):
            circuit.h(wire)
            circuit.rz(wire, circuit.input(wire))
        for first, second in entangling_pairs(n_qubits, entangle):
            circuit.multi_rz([first, second], circuit.input(first) * circuit.input(second))
    return circuit.build(name="iqp")


@ENCODINGS.register("reupload")
def reupload(
    n_qubits: int,
    *,
    n_inputs: int | None = None,
    depth: int = 1,
    axis: str = "Y",
    entangle: str | Iterable[Pair] = "ring",
    trainable: bool = True,
) -> Program:
    """The data enter `depth` times, each with a trained frequency, with trained rotations between.

    One upload spreads the inputs over the wires, `n_qubits` at a time: `RY(f x_i)` with the frequency `f`
    (starting at one), then `Rot` on each wire and CZ on the pairs. Fewer inputs than wires repeat.

    Args:
        n_qubits: wires.
        n_inputs: inputs a row, any number; `n_qubits` when left out.
        depth: uploads of the whole row.
        axis: of the rotations that carry data.
        entangle: a name of `ENTANGLING`, or explicit pairs.
        trainable: False fixes all frequencies to one.

    Returns:
        A Program with blocks `frequencies` `(depth, max(n_inputs, n_qubits))`, role "scale", and `weights`
        `(depth * passes, n_qubits, 3)` with `passes = ceil(max(n_inputs, n_qubits) / n_qubits)`.

    References:
        Perez-Salinas et al., Quantum 4, 226 (2020); trained frequencies: Jaderberg et al., Phys. Rev. A 109,
        042421 (2024).

    Example:
        >>> program = reupload(6, n_inputs=20, depth=2)
        >>> program.n_inputs, [block.shape for block in program.blocks]
        (20, [(2, 20), (8, 6, 3)])
    """
    circuit = Circuit(n_qubits)
    n_inputs = n_qubits if n_inputs is None else whole_number("n_inputs", n_inputs)
    if n_inputs < 1 or whole_number("depth", depth) < 1:
        raise ProgramError(f"reupload needs n_inputs and depth of 1 or more; got {n_inputs} and {depth}.")
    places = range(max(n_inputs, n_qubits))
    passes = -(-len(places) // n_qubits)
    pairs = entangling_pairs(n_qubits, entangle)
    frequencies = circuit.weights("frequencies", (depth, len(places)), role="scale") if trainable else None
    weights = circuit.weights("weights", (depth * passes, n_qubits, 3))
    for layer in range(depth * passes):
        upload, first = layer // passes, layer % passes * n_qubits
        for place in places[first : first + n_qubits]:
            factor = 1.0 if frequencies is None else frequencies[upload, place]
            circuit.add(rotation_name(axis), place - first, factor * input_slot(place % n_inputs))
        for wire in range(n_qubits):
            circuit.rot(wire, *weights[layer, wire])
        for pair in pairs:
            circuit.cz(pair)
    return circuit.build(name="reupload")


def rotation_name(axis: str) -> str:
    """The rotation about an axis: `"RX"` of `"X"`."""
    if axis not in ("X", "Y", "Z"):
        raise ProgramError(f"An axis must be 'X', 'Y' or 'Z'; got {axis!r}.")
    return f"R{axis}"
