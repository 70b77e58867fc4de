"""The Fourier spectrum of a Program: which frequencies of each input its values can contain."""

from __future__ import annotations

import numpy as np

from qml.base.errors import ProgramError
from qml.circuits.gate import Gate, Rotation
from qml.circuits.gates import GATES, PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord
from qml.circuits.rows import pauli_matrix
from qml.circuits.steps import gate_steps

_WIDEST_EXACT = 6  # wires of a gate whose generator is diagonalised
_MOST = 100_000
_DIGITS = 9

Turns = list[tuple[PauliWord, float]]


def frequencies(program: Program) -> dict[int, tuple[float, ...]]:
    """The frequencies, zero and above, of each input that the circuit reads.

        value(x_i) = sum over f of  a_f cos(f x_i) + b_f sin(f x_i)

    The set is what the generators allow (differences of sums of their eigenvalues); weights, other inputs
    and the readout decide which of them occur. For a trained frequency no set exists.

    Args:
        program: a circuit whose angles are linear in each input, with constant coefficients.

    Returns:
        Sorted frequencies by input slot; inputs that no gate reads are left out. Rounded to 9 digits.

    Raises:
        ProgramError: an input is multiplied by another slot, or enters as an amplitude; or more than
            100,000 frequencies.

    References:
        Schuld, Sweke and Meyer, Phys. Rev. A 103, 032430 (2021).

    Example:
        >>> from qml.circuits import angle, sel
        >>> frequencies(angle(2) + sel(2) + angle(2))[0]
        (0.0, 1.0, 2.0)
    """
    spectra: dict[int, np.ndarray] = {}
    for position, gate in enumerate(program.gates):
        for index in sorted({index for angle in gate.angles for index in angle.inputs}):
            _check(gate, position, index)
            for differences in _differences(gate, index):
                spectra[index] = _sums(spectra.get(index, np.zeros(1)), differences, index)
    return {index: tuple(float(f) for f in spectrum if f >= 0) for index, spectrum in sorted(spectra.items())}


def _check(gate: Gate, position: int, index: int) -> None:
    terms = [term for angle in gate.angles for term in angle.terms if index in [s.index for s in term.slots]]
    products = [t for t in terms if len(t.slots) > 1 and any(s == ("input", index) for s in t.slots)]
    if gate.name in PREPARATIONS or products:
        how = "as an amplitude" if gate.name in PREPARATIONS else "in a product of slots"
        raise ProgramError(
            f"Input {index} enters gate {position} ({gate.name}) {how}, so it has no fixed frequencies. "
            f"Bind the other slots of the product first, or ask for another input by binding this one."
        )


def _differences(gate: Gate, index: int) -> list[np.ndarray]:
    """Differences of generator eigenvalues: one set of a gate of one angle, else one a turn."""
    turns: Turns = []
    for step in gate_steps(gate):
        if isinstance(step, Rotation):
            factor = sum(t.coefficient for t in step.angle.terms if t.slots == (("input", index),))
            turns += [(step.word, factor)] if factor else []
    if len(turns) > 1 and len(gate.wires) <= _WIDEST_EXACT and GATES[gate.name].n_angles == 1:
        return [_unique(np.subtract.outer(*(_eigenvalues(turns, gate.wires),) * 2).ravel())]
    return [np.array([-abs(factor), 0.0, abs(factor)]) for _, factor in turns]


def _eigenvalues(turns: Turns, wires: tuple[int, ...]) -> np.ndarray:
    """Eigenvalues of sum of factor/2 word, on the wires of one gate."""
    generator = np.zeros((2 ** len(wires),) * 2, dtype=complex)
    for word, factor in turns:
        letters = dict(word)
        generator += factor / 2 * pauli_matrix("".join(letters.get(wire, "I") for wire in wires))
    return np.linalg.eigvalsh(generator)


def _sums(left: np.ndarray, right: np.ndarray, index: int) -> np.ndarray:
    spectrum = _unique(np.add.outer(left, right).ravel())
    if len(spectrum) > _MOST:
        raise ProgramError(f"Input {index} has more than {_MOST} frequencies. Ask for a shorter circuit.")
    return spectrum


def _unique(values: np.ndarray) -> np.ndarray:
    return np.unique(np.round(values, _DIGITS) + 0.0)
