"""The circuits of a published benchmark of quantum classifiers, gate for gate, each with its separable version.

All are functions of the number of features. `separable=True` is the version without entangling gates: the study's
own where it has one (re-uploading, dressed), else the same circuit with those gates left out.

References:
    Bowles, Ahmed and Schuld, "Better than classical? The subtle art of benchmarking quantum machine learning
    models", arXiv:2403.07059 (2024), with its code of that date (qml-benchmarks v0.1). What is said here of "the
    code" was read in it.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from qml.base.errors import ProgramError
from qml.circuits.ansatze import sel
from qml.circuits.builder import Circuit
from qml.circuits.counting import whole_number
from qml.circuits.encodings import iqp
from qml.circuits.entangling import entangling_pairs
from qml.circuits.gate import Gate
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum, Probabilities, z_each

PairsIn = Literal["every", "first"]
GATES_SEED = 42  # the layout of the random filters is the same in every run of the study


def reuploading(n_features: int, depth: int, *, n_read: int = 1, separable: bool = False) -> Program:
    """Three features a wire, uploaded `depth + 1` times with trained frequencies.

        depth times  Rot(theta_l) Rot(omega_l x) on each wire, then CZ on pairs;  then  Rot(omega x + theta)

    Pairs begin at even wires in even layers and at odd wires in odd ones. The separable version has no CZ and
    turns once a layer, by `omega_l x + theta_l`.

    Args:
        n_features: of a row; the Program reads them padded with zeros to a multiple of three.
        depth: uploads before the last.
        n_read: wires whose <Z> is read, from the first on.
        separable: the version without entangling gates.

    Returns:
        A Program with blocks `thetas` `(depth + 1, n_qubits, 3)` and `omegas` `(depth + 1, n_qubits, 3)`.

    References:
        Perez-Salinas et al., Quantum 4, 226 (2020).

    Example:
        >>> reuploading(4, 1).n_weights, reuploading(10, 5, n_read=4).n_weights
        (24, 144)
    """
    n_qubits = -(-whole_number("n_features", n_features, least=1) // 3)
    circuit = Circuit(n_qubits)
    shape = (whole_number("depth", depth, least=1) + 1, n_qubits, 3)
    thetas, omegas = circuit.weights("thetas", shape), circuit.weights("omegas", shape)
    for layer in range(depth + 1):
        for wire in range(n_qubits):
            uploads = [omegas[layer, wire, axis] * circuit.input(3 * wire + axis) for axis in range(3)]
            if separable or layer == depth:
                circuit.rot(wire, *(upload + theta for upload, theta in zip(uploads, thetas[layer, wire], strict=True)))
            else:
                circuit.rot(wire, *uploads).rot(wire, *thetas[layer, wire])
        for first in range(layer % 2, n_qubits - 1, 2) if layer < depth and not separable else ():
            circuit.cz([first, first + 1])
    return circuit.build(z_each(range(n_read)), name="reuploading")


def dressed(n_qubits: int, depth: int, *, separable: bool = False) -> Program:
    """`RY(x) H`, then layers of RY and a ring of CNOTs; <Z> of each wire.

    Args:
        n_qubits: wires, and inputs.
        depth: layers.
        separable: without the CNOTs.

    Returns:
        A Program with one block `weights` `(depth, n_qubits)`.

    References:
        Mari et al., Quantum 4, 340 (2020).

    Example:
        >>> dressed(4, 10).n_weights
        40
    """
    circuit = Circuit(n_qubits)
    for wire in range(n_qubits):
        circuit.h(wire).ry(wire, circuit.input(wire))
    weights = circuit.weights("weights", (whole_number("depth", depth, least=1), n_qubits))
    for layer in range(depth):
        for wire in range(n_qubits):
            circuit.ry(wire, weights[layer, wire])
        for pair in () if separable else entangling_pairs(n_qubits, "ring"):
            circuit.cnot(pair)
    return circuit.build(name="dressed")


def circuit_centric(n_features: int, depth: int, *, copies: int = 1, separable: bool = False) -> Program:
    """Copies of the row as amplitudes, then strongly entangling layers; <Z> of the first wire.

    A row is padded by `1 / 2**k` to `2**k` amplitudes and then normalised. The separable version has no CNOT; the
    prepared state is data, and may be entangled as data.

    Args:
        n_features: of a row, 2 or more.
        depth: layers.
        copies: of the state, one beside the other.
        separable: without the CNOTs.

    Returns:
        A Program with one block `weights` `(depth, n_qubits, 3)`.

    References:
        Schuld et al., Phys. Rev. A 101, 032308 (2020).

    Example:
        >>> circuit_centric(10, 10, copies=2).n_weights
        240
    """
    n_each = amplitude_wires(n_features)
    circuit = Circuit(n_each * whole_number("copies", copies, least=1))
    for copy in range(copies):
        prepare(circuit, range(copy * n_each, (copy + 1) * n_each), n_features)
    layers = sel(circuit.n_qubits, depth)
    return without_pairs(circuit.append(layers).build(z_each([0]), name="circuit_centric"), separable)


def iqp_variational(
    n_features: int, depth: int, *, repeats: int = 1, pairs_in: PairsIn = "every", separable: bool = False
) -> Program:
    """IQP encoding, then strongly entangling layers with CZ; <Z Z> of the first two wires.

    Args:
        n_features: of a row, and wires; 2 or more.
        depth: layers.
        repeats: of the encoding.
        pairs_in: in which repeats products of features enter: "every", or "first". The published rows with
            `repeats > 1` were run on a library whose default pattern was an iterator that the first repeat exhausted
            (PennyLane below 0.34): that is "first".
        separable: without CZ and without products of features.

    Returns:
        A Program with one block `weights` `(depth, n_features, 3)`.

    References:
        Havlicek et al., Nature 567, 209 (2019).

    Example:
        >>> iqp_variational(4, 10).n_weights
        120
    """
    if whole_number("n_features", n_features) < 2:
        raise ProgramError(f"iqp_variational reads two wires, one a feature; got n_features={n_features}.")
    encoding = iqp(n_features, repeats=1)
    for _ in range(whole_number("repeats", repeats, least=1) - 1):
        encoding = encoding + iqp(n_features, repeats=1, entangle="full" if pairs_in == "every" else ())
    read = Expectations((PauliSum(((1.0, ((0, "Z"), (1, "Z"))),)),))
    program = (encoding + sel(n_features, depth, gate="CZ")).with_readout(read)
    return without_pairs(program, separable)


def separable_variational(n_features: int, depth: int) -> Program:
    """Layers of `RY(x) Rot` and a last `Rot` on each wire, nothing between wires; the mean of <Z>.

    Args:
        n_features: of a row, and wires.
        depth: uploads.

    Returns:
        A Program with one block `weights` `(n_features, depth + 1, 3)`.

    Example:
        >>> separable_variational(4, 3).n_weights
        48
    """
    circuit = Circuit(n_features)
    weights = circuit.weights("weights", (n_features, whole_number("depth", depth, least=1) + 1, 3))
    for wire in range(n_features):
        for layer in range(depth):
            circuit.rot(wire, *weights[wire, layer]).ry(wire, circuit.input(wire))
        circuit.rot(wire, *weights[wire, depth])
    mean = PauliSum(tuple((1.0 / n_features, ((wire, "Z"),)) for wire in range(n_features)))
    return circuit.build(Expectations((mean,)), name="separable_variational")


def metric_embedding(n_features: int, depth: int, *, separable: bool = False) -> Program:
    """The trained embedding of the metric learner: features, and a constant wire, between layers of ZZ and RY.

        depth times  [ RY(w)  exp(-i w ZZ/2) on the ring  RX(x), H on the last wire ],  then  RX(x), H  again

    It is PennyLane's `QAOAEmbedding` on one wire more than features.

    Args:
        n_features: of a row; there is one wire more.
        depth: layers.
        separable: without the ZZ turns; their weights stay, unread.

    Returns:
        A Program with one block `weights` `(depth, 2 n_qubits)`, or `(depth, 3)` for two wires.

    References:
        Lloyd et al., arXiv:2001.03622 (2020).

    Example:
        >>> metric_embedding(3, 4).n_weights
        32
    """
    n_qubits = whole_number("n_features", n_features, least=1) + 1
    circuit, pairs = Circuit(n_qubits), entangling_pairs(n_qubits, "ring")
    weights = circuit.weights("weights", (whole_number("depth", depth, least=1), len(pairs) + n_qubits))
    for layer in range(depth + 1):
        for wire in range(n_features):
            circuit.rx(wire, circuit.input(wire))
        circuit.h(n_features)
        if layer < depth:
            for place, pair in enumerate(() if separable else pairs):
                circuit.multi_rz(pair, weights[layer, place])
            for wire in range(n_qubits):
                circuit.ry(wire, weights[layer, len(pairs) + wire])
    return circuit.build(name="metric_embedding")


def overlap(embedding: Program) -> Program:
    """The Program whose value 0 is `|<psi(b)|psi(a)>|**2` for inputs `(a, b)` side by side.

    Args:
        embedding: a circuit `psi` without preparations.

    Returns:
        A Program of twice the inputs and the same weights, which reads the probability of every outcome.

    Example:
        >>> program = overlap(metric_embedding(2, 1))
        >>> program.n_inputs, program.n_weights, program.n_values
        (4, 6, 8)
    """
    shift = embedding.n_inputs
    undone = tuple(
        Gate(g.name, g.wires, tuple(angle.shifted(inputs=shift) for angle in g.angles), g.word, g.matrix)
        for g in embedding.inverse.gates
    )
    return Program(
        embedding.n_qubits,
        embedding.gates + undone,
        Probabilities(tuple(range(embedding.n_qubits))),
        2 * shift,
        embedding.n_weights,
        embedding.blocks,
        name=f"overlap({embedding.name})",
    )


def tree_tensor(n_features: int, *, separable: bool = False) -> Program:
    """The row as amplitudes, then RY and CNOTs that halve the wires level by level; <Z> of the first.

    The wires are the next power of two at or above those that hold the row, padded by `1 / 2**n_qubits`.

    Args:
        n_features: of a row, 2 or more.
        separable: without the CNOTs; the prepared state is data.

    Returns:
        A Program with one block `weights` `(2 n_qubits - 1,)`.

    References:
        Grant et al., npj Quantum Information 4, 65 (2018).

    Example:
        >>> tree_tensor(10).n_weights
        7
    """
    n_qubits = 2 ** math.ceil(math.log2(amplitude_wires(n_features)))
    circuit = Circuit(n_qubits)
    prepare(circuit, range(n_qubits), n_features)
    weights = iter(circuit.weights("weights", 2 * n_qubits - 1))
    step = 1
    while step < n_qubits:
        for wire in range(0, n_qubits, step):
            circuit.ry(wire, next(weights))
        for wire in range(0, n_qubits, 2 * step):
            circuit.cnot([wire + step, wire])
        step *= 2
    circuit.ry(0, next(weights))
    return without_pairs(circuit.build(z_each([0]), name="tree_tensor"), separable)


def shifted_image(side: int, rows: int, columns: int) -> Program:
    """An image as amplitudes, moved cyclically; <Z> and <Z Z> of the wires that are left after pooling.

    The move is a permutation of amplitudes, and stands in their order. Pooling drops the last wire of the rows and
    the last of the columns.

    Args:
        side: pixels a side, a power of two, 4 or more.
        rows: amplitude (i, j) is pixel (i + rows, j + columns).
        columns: see `rows`.

    Returns:
        A Program of `side**2` inputs without weights: of each wire its <Z>, then <Z Z> with each later one.

    References:
        Wei et al., AAPPS Bulletin 32, 2 (2022), figure 2.

    Example:
        >>> shifted_image(4, 1, 1).n_values, shifted_image(16, 1, 1).n_values
        (3, 21)
    """
    half = side.bit_length() - 1
    if side < 4 or side != 2**half:
        raise ProgramError(f"shifted_image needs a side of 4, 8, 16, ... pixels; got {side}. Pad the image.")
    circuit = Circuit(2 * half)
    places = [((i + rows) % side) * side + (j + columns) % side for i in range(side) for j in range(side)]
    circuit.amplitudes(range(2 * half), [circuit.input(place) for place in places])
    wires = [wire for wire in range(2 * half) if wire not in (half - 1, 2 * half - 1)]
    words = [(first, *rest) for at, first in enumerate(wires) for rest in ((), *((w,) for w in wires[at + 1 :]))]
    sums = tuple(PauliSum(((1.0, tuple((wire, "Z") for wire in word)),)) for word in words)
    return circuit.build(Expectations(sums), name="shifted_image")


def random_filter(side: int, *, depth: int = 10, rotations: int = 20, separable: bool = False) -> Program:
    """A window of `side x side` bits as turns by pi, then random layers; the probability of each outcome.

    The layout is that of PennyLane's `RandomLayers` with its default seed: with probability 0.7 a turn about a
    random axis of a random wire, else a CNOT. Libraries of the study's date drew it by another generator, so the
    filters are of the same kind, and not the very same.

    Args:
        side: pixels a side of the window.
        depth: layers.
        rotations: turns a layer.
        separable: without the CNOTs.

    Returns:
        A Program with one block `weights` `(depth, rotations)`, to be fixed at random.

    References:
        Henderson et al., Quantum Machine Intelligence 2, 2 (2020).

    Example:
        >>> random_filter(2, depth=1, rotations=3).n_values
        16
    """
    n_qubits = side**2
    circuit, rng = Circuit(n_qubits), np.random.default_rng(GATES_SEED)
    for wire in range(n_qubits):
        circuit.ry(wire, math.pi * circuit.input(wire))
    weights = circuit.weights("weights", (depth, rotations))
    for layer in range(depth):
        done = 0
        while done < rotations:
            if rng.random() > 0.3:
                name = ("RX", "RY", "RZ")[rng.choice(3)]
                circuit.add(name, int(rng.choice(n_qubits, size=1, replace=False)[0]), weights[layer, done])
                done += 1
            elif n_qubits > 1:
                circuit.cnot([int(wire) for wire in rng.choice(n_qubits, size=2, replace=False)])
    return without_pairs(circuit.build(Probabilities(tuple(range(n_qubits))), name="random_filter"), separable)


def amplitude_wires(n_features: int) -> int:
    """Wires whose amplitudes hold a row of `n_features` numbers.

    Raises:
        ProgramError: fewer than two features.

    Example:
        >>> amplitude_wires(10)
        4
    """
    if whole_number("n_features", n_features) < 2:
        raise ProgramError(f"Amplitudes of a row need two features or more; got n_features={n_features}.")
    return (n_features - 1).bit_length()


def prepare(circuit: Circuit, wires: range, n_features: int) -> None:
    """Add a row as the amplitudes of `wires`, padded by one over their number."""
    size = 2 ** len(wires)
    circuit.amplitudes(wires, [circuit.input(i) if i < n_features else 1.0 / size for i in range(size)])


def without_pairs(program: Program, separable: bool) -> Program:
    """`program`, or for `separable` the same without its gates on two wires; preparations stay."""
    if not separable:
        return program
    kept = tuple(gate for gate in program.gates if len(gate.wires) < 2 or gate.name == "Amplitudes")
    return Program(
        program.n_qubits,
        kept,
        program.readout,
        program.n_inputs,
        program.n_weights,
        program.blocks,
        name=f"separable({program.name})",
    )
