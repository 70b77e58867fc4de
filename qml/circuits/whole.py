"""Whole circuits by name: an encoding, an ansatz and a readout, ready for a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from qml.base.registry import Registry
from qml.circuits import ansatze, encodings
from qml.circuits.entangling import Pair
from qml.circuits.mirrored import mirrored as mirror
from qml.circuits.program import Program
from qml.circuits.readout import Readout
from qml.circuits.readouts import READOUTS

CIRCUITS: Registry[Callable[..., Program]] = Registry("circuit")


def _read(program: Program, readout: str | Readout, name: str) -> Program:
    chosen = READOUTS[readout](program.n_qubits) if isinstance(readout, str) else readout
    return replace(program, readout=chosen, name=name)


def _angle_then(
    name: str, n_qubits: int, depth: int, axis: str, readout: str | Readout, mirrored: bool, **options
) -> Program:
    ansatz = ansatze.ANSATZE[name](n_qubits, depth, **options)
    return _read(encodings.angle(n_qubits, axis=axis) + (mirror(ansatz) if mirrored else ansatz), readout, name)


@CIRCUITS.register("angle")
def angle_circuit(n_qubits: int, depth: int = 1, *, axis: str = "Y", readout: str | Readout = "z") -> Program:
    """The inputs as angles in front of every one of `depth` layers of `sel`, with fixed frequencies.

    Args:
        n_qubits: wires, and inputs.
        depth: layers, each with its upload.
        axis: of the encoding.
        readout: a name of `READOUTS`, or a readout.

    Returns:
        A Program with one block `weights` `(depth, n_qubits, 3)`.
    """
    layers = ansatze.sel(n_qubits, depth)
    size = len(layers.gates) // depth
    upload = encodings.angle(n_qubits, axis=axis).gates
    gates = [gate for start in range(0, depth * size, size) for gate in (*upload, *layers.gates[start : start + size])]
    return _read(replace(layers, gates=tuple(gates), n_inputs=n_qubits), readout, "angle")


@CIRCUITS.register("sel")
def sel_circuit(
    n_qubits: int,
    depth: int = 1,
    *,
    axis: str = "Y",
    readout: str | Readout = "z",
    mirrored: bool = False,
    gate: str = "CNOT",
) -> Program:
    """`angle`, then strongly entangling layers; `mirrored=True` allows an identity-block start."""
    return _angle_then("sel", n_qubits, depth, axis, readout, mirrored, gate=gate)


@CIRCUITS.register("basic")
def basic_circuit(
    n_qubits: int, depth: int = 1, *, axis: str = "Y", readout: str | Readout = "z", mirrored: bool = False
) -> Program:
    """`angle`, then basic entangler layers; `mirrored=True` allows an identity-block start."""
    return _angle_then("basic", n_qubits, depth, axis, readout, mirrored)


@CIRCUITS.register("hardware_efficient")
def hardware_efficient_circuit(
    n_qubits: int,
    depth: int = 1,
    *,
    axis: str = "Y",
    readout: str | Readout = "z",
    mirrored: bool = False,
    rotations: str = "YZ",
    entangle: str | Iterable[Pair] = "linear",
    gate: str = "CZ",
) -> Program:
    """`angle`, then the hardware-efficient ansatz; `mirrored=True` allows an identity-block start."""
    options = {"rotations": rotations, "entangle": entangle, "gate": gate}
    return _angle_then("hardware_efficient", n_qubits, depth, axis, readout, mirrored, **options)


@CIRCUITS.register("tree")
def tree_circuit(
    n_qubits: int, depth: int = 1, *, axis: str = "Y", readout: str | Readout = "z", mirrored: bool = False
) -> Program:
    """`angle`, then a tree tensor network; the last wire is its root."""
    return _angle_then("tree", n_qubits, depth, axis, readout, mirrored)


@CIRCUITS.register("iqp")
def iqp_circuit(n_qubits: int, depth: int = 1, *, repeats: int = 2, readout: str | Readout = "z") -> Program:
    """`iqp` (products of inputs), then `depth` strongly entangling layers."""
    return _read(encodings.iqp(n_qubits, repeats=repeats) + ansatze.sel(n_qubits, depth), readout, "iqp")


@CIRCUITS.register("amplitude")
def amplitude_circuit(
    n_qubits: int, depth: int = 1, *, n_inputs: int | None = None, readout: str | Readout = "z"
) -> Program:
    """`amplitude` (up to `2**n_qubits` inputs), then `depth` strongly entangling layers."""
    encoding = encodings.amplitude(n_qubits, n_inputs=n_inputs)
    return _read(encoding + ansatze.sel(n_qubits, depth), readout, "amplitude")


@CIRCUITS.register("reupload")
def reupload_circuit(
    n_qubits: int,
    depth: int = 1,
    *,
    n_inputs: int | None = None,
    axis: str = "Y",
    entangle: str | Iterable[Pair] = "ring",
    trainable: bool = True,
    readout: str | Readout = "z",
) -> Program:
    """`reupload`: any number of inputs, `depth` uploads with trained frequencies, rotations between."""
    program = encodings.reupload(
        n_qubits, n_inputs=n_inputs, depth=depth, axis=axis, entangle=entangle, trainable=trainable
    )
    return _read(program, readout, "reupload")
