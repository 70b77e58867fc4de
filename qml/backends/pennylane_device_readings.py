"""What a tape measures, as values of a Program and the way from these values to PennyLane's results and back."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError
from qml.base.extras import require
from qml.circuits.bridges.pennylane_ops import WireNumber, pauli_sum, sentence_of
from qml.circuits.readout import Expectations, PauliSum, Probabilities, Readout

require("pennylane", extra="pennylane", purpose="The PennyLane device")
import pennylane as qp
from pennylane.measurements import ExpectationMP, MeasurementProcess, ProbabilityMP, VarianceMP
from pennylane.ops.functions import bind_new_parameters

WIDEST_MATRIX = 6
"""Wires of an observable that has no Pauli form of its own and is decomposed from its matrix, `4**6` words."""

FROM_VALUES = (ExpectationMP, VarianceMP, ProbabilityMP)
"""Measurements that are functions of expectation values; all others need the state itself."""


class Reading(ABC):
    """One measurement as a function of the values `(B, K)` of a Program."""

    shape: tuple[int, ...] = ()
    linear = True

    @abstractmethod
    def result(self, values_BK: np.ndarray) -> np.ndarray:
        """The measurement of each row, `(B, *shape)`."""

    @abstractmethod
    def pull_back(self, values_BK: np.ndarray | None, cotangent: np.ndarray, cotangent_BK: np.ndarray) -> None:
        """Add the part that `cotangent` `(B, *shape)` has in `cotangent_BK`; linear readings need no values."""


@dataclass(frozen=True)
class Mean(Reading):
    """The expectation value in one place."""

    place: int

    def result(self, values_BK: np.ndarray) -> np.ndarray:
        """That value, `(B,)`."""
        return values_BK[:, self.place]

    def pull_back(self, values_BK: np.ndarray | None, cotangent: np.ndarray, cotangent_BK: np.ndarray) -> None:
        """Add to that place."""
        cotangent_BK[:, self.place] += cotangent


@dataclass(frozen=True)
class Variance(Reading):
    """<O^2> - <O>^2, from the places of both."""

    square: int
    mean: int
    linear = False

    def result(self, values_BK: np.ndarray) -> np.ndarray:
        """The difference, `(B,)`."""
        return values_BK[:, self.square] - values_BK[:, self.mean] ** 2

    def pull_back(self, values_BK: np.ndarray | None, cotangent: np.ndarray, cotangent_BK: np.ndarray) -> None:
        """Add to the places of both."""
        if values_BK is None:
            raise CapabilityError("A variance was pulled back without the values it was taken from. Run forward first.")
        cotangent_BK[:, self.square] += cotangent
        cotangent_BK[:, self.mean] -= 2 * values_BK[:, self.mean] * cotangent


@dataclass(frozen=True)
class Distribution(Reading):
    """Probabilities of outcomes, as they stand from `start` on, or from the words that they transform from.

    With `words`, the places hold <product of the letters in a subset> in the order of the subsets' bits, and
    P(bits) = sum over subsets of (-1)^(bits . subset) <word> / 2^k, a Walsh-Hadamard transform.
    """

    places: tuple[int, ...]
    words: bool

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Outcomes."""
        return (len(self.places),)

    def result(self, values_BK: np.ndarray) -> np.ndarray:
        """Probabilities, `(B, outcomes)`."""
        values = values_BK[:, list(self.places)]
        return _transformed(values) / len(self.places) if self.words else values

    def pull_back(self, values_BK: np.ndarray | None, cotangent: np.ndarray, cotangent_BK: np.ndarray) -> None:
        """Add to all places, transformed back."""
        pulled = _transformed(cotangent) / len(self.places) if self.words else cotangent
        for column, place in enumerate(self.places):
            cotangent_BK[:, place] += pulled[:, column]  # a place may serve two words


@dataclass(frozen=True)
class Reads:
    """All that a tape reads: the readout of its Program, and one reading a measurement.

    `coefficients` holds, of each scalar parameter of an observable that is trained, the number of its measurement
    and the place of the derivative of that observable, an expectation value itself.
    """

    readout: Readout
    readings: tuple[Reading, ...]
    coefficients: dict[int, tuple[int, int]]

    @property
    def linear(self) -> bool:
        """Whether no reading needs values to be pulled back."""
        return not self.coefficients and all(reading.linear for reading in self.readings)


def from_values(measurement: MeasurementProcess) -> bool:
    """Whether a measurement is a function of few enough expectation values of Pauli words."""
    if not isinstance(measurement, FROM_VALUES):
        return False
    observable: Any = measurement.obs
    return observable is None or observable.pauli_rep is not None or len(observable.wires) <= WIDEST_MATRIX


def reads_of(measurements: Sequence[Any], trained: Sequence[tuple[int, int, int]], number: WireNumber, n_qubits: int):
    """The `Reads` of a tape.

    Args:
        measurements: `expval`, `var` and `probs` of a tape.
        trained: of each trained parameter of an observable: its number in the tape, the measurement, and its
            place among the data of the observable.
        number: the wire of a label.
        n_qubits: wires of the Program.

    Raises:
        ProgramError: an observable without a Pauli form.
        CapabilityError: the coefficient of a variance, or of probabilities, is to be trained.
    """
    if [type(m) for m in measurements] == [ProbabilityMP] and measurements[0].obs is None and not trained:
        wires = tuple(map(number, measurements[0].wires)) or tuple(range(n_qubits))
        return Reads(Probabilities(wires), (Distribution(tuple(range(2 ** len(wires))), words=False),), {})
    places = _Places(number)
    readings = tuple(_reading(measurement, places, n_qubits) for measurement in measurements)
    coefficients = {}
    for parameter, which, place in trained:
        slope = _slope(measurements[which], place)
        if slope is not None:
            coefficients[parameter] = (which, places.of(slope))
    sums = tuple(places.sums) or (PauliSum(((1.0, ()),)),)  # a tape of global phases alone reads nothing else
    return Reads(Expectations(sums), readings, coefficients)


class _Places:
    """Pauli sums in the order of their first use; equal sums share a place."""

    def __init__(self, number: WireNumber):
        self.number = number
        self.sums: dict[PauliSum, int] = {}

    def of(self, sentence: Any) -> int:
        """The place of a `PauliSentence`."""
        return self.of_sum(pauli_sum(sentence, self.number))

    def of_sum(self, observable: PauliSum) -> int:
        return self.sums.setdefault(observable, len(self.sums))


def _reading(measurement: Any, places: _Places, n_qubits: int) -> Reading:
    if isinstance(measurement, ProbabilityMP):
        return _distribution(measurement, places, n_qubits)
    sentence = _sentence(measurement)
    if isinstance(measurement, ExpectationMP):
        return Mean(places.of(sentence))
    return Variance(places.of(_real(sentence @ sentence)), places.of(sentence))


def _sentence(measurement: Any) -> Any:
    """What is averaged, as Pauli words: an observable, or eigenvalues of outcomes of the wires."""
    if measurement.obs is not None:
        return sentence_of(measurement.obs)
    eigenvalues = np.asarray(measurement.eigvals(), dtype=float)
    wires = measurement.wires
    coefficients = _transformed(eigenvalues[None])[0] / len(eigenvalues)
    return qp.pauli.PauliSentence({word: float(c) for word, c in zip(_z_words(wires), coefficients, strict=True) if c})


def _z_words(wires: Any) -> list[Any]:
    """Products of Z over the subsets of wires, in the order of their bits."""
    subsets = product((0, 1), repeat=len(wires))
    return [qp.pauli.PauliWord({w: "Z" for w, on in zip(wires, bits, strict=True) if on}) for bits in subsets]


def _real(sentence: Any) -> Any:
    """The sentence without the imaginary rounding errors of a product of equal factors."""
    return qp.pauli.PauliSentence({word: complex(c).real for word, c in sentence.items()})


def _distribution(measurement: Any, places: _Places, n_qubits: int) -> Distribution:
    """Probabilities of wires, or of the eigenvectors of an observable in PennyLane's order."""
    observable = measurement.obs
    if observable is None:
        wires = tuple(map(places.number, measurement.wires)) or tuple(range(n_qubits))
        letters: tuple[tuple[int, str], ...] = tuple((wire, "Z") for wire in wires)
    else:
        word = _only_word(observable)
        if word is None:
            return Distribution(tuple(places.of(p) for p in _projectors(measurement)), words=False)
        letters = tuple((places.number(wire), word[wire]) for wire in observable.wires)
    found = []
    for bits in product((0, 1), repeat=len(letters)):
        kept = tuple(letter for letter, on in zip(letters, bits, strict=True) if on)
        found.append(places.of_sum(PauliSum(((1.0, kept),))))
    return Distribution(tuple(found), words=True)


def _only_word(observable: Any) -> Any:
    """The Pauli word that an observable is, with a letter on each of its wires; None if it is none."""
    sentence = observable.pauli_rep
    if sentence is None or len(sentence) != 1:
        return None
    word = next(iter(sentence))
    return word if set(word.wires) == set(observable.wires) else None


def _projectors(measurement: Any) -> list[Any]:
    """The projectors on the outcomes of an observable, by its diagonalising gates."""
    wires = measurement.obs.wires
    gates: Any = measurement.diagonalizing_gates()
    product_of: Any = qp.prod
    turned: Any = qp.matrix(product_of(*reversed(gates)), wire_order=wires) if gates else np.eye(2 ** len(wires))
    return [qp.pauli_decompose(np.outer(row.conj(), row), wire_order=wires, pauli=True) for row in np.asarray(turned)]


def _slope(measurement: Any, place: int) -> Any:
    """The derivative of an observable by one of its coefficients, in which it is affine; None for a matrix."""
    observable = measurement.obs
    data = list(observable.data)
    if np.ndim(data[place]):
        return None  # PennyLane has warned that matrices are not differentiated
    if not isinstance(measurement, ExpectationMP):
        raise CapabilityError(
            f"Device 'qml.engine' was asked for the derivative of {measurement} by a coefficient of its observable; "
            f"it gives those of expval. Make the coefficient constant, or take diff_method='parameter-shift'."
        )

    def at(value: float) -> Any:
        moved = [*data[:place], value, *data[place + 1 :]]
        return sentence_of(bind_new_parameters(observable, moved))

    slope = at(1.0) - at(0.0)
    slope.simplify(tol=1e-12)
    return slope or qp.pauli.PauliSentence({qp.pauli.PauliWord({}): 0.0})


def _transformed(values_BW: np.ndarray) -> np.ndarray:
    """The Walsh-Hadamard transform of each row, not normalised."""
    rows, columns = values_BW.shape
    result = values_BW
    for bit in range(int(math.log2(columns))):
        pairs = result.reshape(rows, 2**bit, 2, -1)
        result = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], axis=2)
    return result.reshape(rows, columns)
