"""A quantum channel as a value: its Pauli transfer matrix, checked, composed and turned into Kraus matrices."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from qml.base.errors import ConfigError
from qml.base.lazy import cached_property
from qml.circuits.rows import pauli_matrix, rotation_matrix

LETTERS = "IXYZ"
TOLERANCE = 1e-9  # of a matrix that is to be a channel; rounding of published numbers stays well below
Rows = tuple[tuple[float, ...], ...]


@cache
def pauli_words(n_wires: int) -> tuple[str, ...]:
    """All `4**n_wires` words of I, X, Y, Z; the first wire is the most significant digit.

    Example:
        >>> pauli_words(1), len(pauli_words(2))
        (('I', 'X', 'Y', 'Z'), 16)
    """
    return tuple("".join(letters) for letters in itertools.product(LETTERS, repeat=n_wires))


@cache
def _paulis(n_wires: int) -> np.ndarray:
    """`(4**n, 2**n, 2**n)` matrices of all words."""
    return np.array([pauli_matrix(word) for word in pauli_words(n_wires)])


@dataclass(frozen=True, repr=False)
class Channel:
    """A completely positive, trace-preserving map of the states of a few wires.

        matrix[a][b] = Tr(P_a C(P_b)) / 2**n,        P_a the Pauli words in the order of `pauli_words`

    `first.then(second)` is one behind the other, `first.beside(second)` both on different wires.

    Args:
        matrix: `(4**n, 4**n)` real rows.

    Raises:
        ConfigError: the size is no power of four, or the map is not completely positive and trace-preserving.

    Example:
        >>> flip = Channel.of_paulis({"X": 0.1})
        >>> [round(row[place], 6) for place, row in enumerate(flip.matrix)]
        [1.0, 1.0, 0.8, 0.8]
    """

    matrix: Rows

    def __post_init__(self):
        found = np.asarray(self.matrix, float)
        size = len(found) if found.ndim == 2 else 0
        if size < 4 or found.shape != (size, size) or 4 ** self._wires_of(size) != size:
            raise ConfigError(
                f"A channel is a square Pauli transfer matrix of 4, 16, 64, ... rows; got an array of shape "
                f"{found.shape}. Kraus matrices go through Channel.of_kraus."
            )
        if not np.isfinite(found).all() or np.abs(found[0] - np.eye(1, size)[0]).max() > TOLERANCE:
            raise ConfigError(
                "A channel must preserve the trace: the first row of its Pauli transfer matrix is (1, 0, ..., 0); "
                f"got {found[0].round(9).tolist()[:8]}."
            )
        found = found.copy()
        found[0] = np.eye(1, size)[0]
        object.__setattr__(self, "matrix", tuple(tuple(float(value) + 0.0 for value in row) for row in found))
        least = float(np.linalg.eigvalsh(self.choi).min())
        if least < -TOLERANCE:
            raise ConfigError(
                f"A channel must be completely positive; the least eigenvalue of the Choi matrix of this one is "
                f"{least:.3g}. Check its probabilities and times (T2 is at most 2 T1)."
            )

    @staticmethod
    def _wires_of(size: int) -> int:
        return (size.bit_length() - 1) // 2

    @property
    def n_wires(self) -> int:
        """Wires that it acts on."""
        return self._wires_of(len(self.matrix))

    @cached_property
    def array(self) -> np.ndarray:
        """The matrix, `(4**n, 4**n)` float64; not to be written on."""
        found = np.array(self.matrix)
        found.flags.writeable = False
        return found

    @property
    def choi(self) -> np.ndarray:
        """`(4**n, 4**n)` Choi matrix of trace 1: positive where the map is completely positive."""
        n_wires = self._wires_of(len(self.matrix))
        words = _paulis(n_wires)
        mixed = np.einsum("ab,aij->bij", np.asarray(self.matrix), words)
        joint = np.einsum("bij,bkl->ikjl", mixed, words.conj())
        return joint.reshape(4**n_wires, 4**n_wires) / 4**n_wires

    def kraus(self) -> list[np.ndarray]:
        """Matrices `(2**n, 2**n)` with C(rho) = sum K rho K^+; no weight is left out but exact zeros and rounding.

        Example:
            >>> len(Channel.of_paulis({"X": 0.1}).kraus())
            2
        """
        values, vectors = np.linalg.eigh(self.choi)
        side = 2**self.n_wires
        kept = [(value, vector) for value, vector in zip(values, vectors.T, strict=True) if value > 1e-15]
        return [math.sqrt(value * side) * vector.reshape(side, side) for value, vector in kept]

    def then(self, other: Channel) -> Channel:
        """`self`, and `other` behind it, on the same wires."""
        if other.n_wires != self.n_wires:
            raise ConfigError(f"A channel of {self.n_wires} wires cannot stand before one of {other.n_wires}.")
        return Channel.of_array(other.array @ self.array)

    def beside(self, other: Channel) -> Channel:
        """`self` on the first wires and `other` on those behind them."""
        return Channel.of_array(np.kron(self.array, other.array))

    @property
    def exchanged(self) -> Channel:
        """The same on two wires in the other order.

        Raises:
            ConfigError: it acts on another number of wires.
        """
        if self.n_wires != 2:
            raise ConfigError(f"A channel of {self.n_wires} wires has no other order; one of 2 wires has.")
        return Channel.of_array(self.array.reshape(4, 4, 4, 4).transpose(1, 0, 3, 2).reshape(16, 16))

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return self == identity(self.n_wires)

    @property
    def infidelity(self) -> float:
        """One minus the average gate fidelity with doing nothing."""
        side = 2**self.n_wires
        return 1 - (float(np.trace(self.array)) / side + 1) / (side + 1)

    @classmethod
    def of_array(cls, matrix: np.ndarray) -> Channel:
        """The channel of a Pauli transfer matrix, `(A, A)` with `A = 4**n`."""
        return cls(tuple(map(tuple, np.atleast_2d(np.asarray(matrix, float)).tolist())))

    @classmethod
    def of_kraus(cls, matrices: Sequence[np.ndarray]) -> Channel:
        """C(rho) = sum K rho K^+ of matrices `(2**n, 2**n)`; one unitary matrix is a coherent error.

        Raises:
            ConfigError: no matrices, or they do not preserve the trace.
        """
        return cls.of_array(transfer_matrix([np.asarray(matrix, complex) for matrix in matrices]))

    @classmethod
    def of_paulis(cls, probabilities: Mapping[str, float]) -> Channel:
        """Each word of I, X, Y, Z with its probability, and nothing with the rest.

        Raises:
            ConfigError: words of different lengths or other letters, or no distribution.
        """
        sizes = {len(word) for word in probabilities}
        rest = 1.0 - sum(probabilities.values())
        good = len(sizes) == 1 and 0 not in sizes and set("".join(probabilities)) <= set(LETTERS)
        if not good or min(probabilities.values()) < 0 or rest < -TOLERANCE:
            raise ConfigError(
                "A Pauli channel needs words of one length over I, X, Y, Z, with probabilities of 0 or more that sum "
                f"to at most 1; got {dict(probabilities)}."
            )
        weights = {"I" * sizes.pop(): max(rest, 0.0)}
        for word, weight in probabilities.items():
            weights[word] = weights.get(word, 0.0) + weight
        return cls.of_kraus([math.sqrt(weight) * pauli_matrix(word) for word, weight in weights.items() if weight])

    def __repr__(self) -> str:
        return f"Channel({self.n_wires} wires, infidelity {self.infidelity:.3g})"


def transfer_matrix(kraus: Sequence[np.ndarray]) -> np.ndarray:
    """Pauli transfer matrix `(4**n, 4**n)` of sum K rho K^+, for matrices `(2**n, 2**n)`; nothing is checked but sizes.

    Raises:
        ConfigError: no matrices, or not square ones of one size that is a power of two.
    """
    shapes = {matrix.shape for matrix in kraus}
    side = len(kraus[0]) if kraus else 0
    if len(shapes) != 1 or shapes != {(side, side)} or side < 2 or side & (side - 1):
        raise ConfigError(f"Kraus matrices must be square, of one size that is a power of two; got {sorted(shapes)}.")
    n_wires = side.bit_length() - 1
    words, stacked = _paulis(n_wires), np.array(kraus)
    moved = np.einsum("kij,bjl,kml->bim", stacked, words, stacked.conj(), optimize=True)
    return np.einsum("aij,bji->ab", words, moved, optimize=True).real / side


def identity(n_wires: int = 1) -> Channel:
    """Nothing happens."""
    return Channel.of_array(np.eye(4**n_wires))


def depolarising(probability: float, n_wires: int = 1) -> Channel:
    """With that probability all wires are replaced by the maximally mixed state, as Qiskit's depolarizing_error.

    Up to `4**n / (4**n - 1)`, where every word but the identity is equally likely.

    Raises:
        ConfigError: a probability outside of that.

    Example:
        >>> depolarising(0.1).matrix[3][3]
        0.9
    """
    most = 4**n_wires / (4**n_wires - 1)
    if not 0 <= probability <= most:
        raise ConfigError(f"A depolarising probability on {n_wires} wires is 0 to {most:.6g}; got {probability!r}.")
    return Channel.of_array(np.diag([1.0] + [1.0 - probability] * (4**n_wires - 1)))


def amplitude_damping(probability: float) -> Channel:
    """One wire falls from 1 to 0 with that probability.

    Raises:
        ConfigError: not within 0 to 1.
    """
    _check_probability("amplitude damping", probability)
    keep = math.sqrt(1 - probability)
    return Channel.of_array(
        np.array([[1, 0, 0, 0], [0, keep, 0, 0], [0, 0, keep, 0], [probability, 0, 0, 1 - probability]])
    )


def phase_damping(probability: float) -> Channel:
    """Coherence between 0 and 1 of one wire shrinks by sqrt(1 - probability).

    Raises:
        ConfigError: not within 0 to 1.
    """
    _check_probability("phase damping", probability)
    keep = math.sqrt(1 - probability)
    return Channel.of_array(np.diag([1.0, keep, keep, 1.0]))


def thermal_relaxation(t1: float, t2: float, time: float, excited: float = 0.0) -> Channel:
    """Amplitude and phase damping during `time`; all times in one unit, infinity allowed.

    Args:
        t1: time in which the population decays by 1/e.
        t2: time in which coherence decays by 1/e, at most `2 * t1`.
        time: how long it lasts.
        excited: population of 1 that it decays to.

    Raises:
        ConfigError: a time of zero or below, t2 above 2 t1, or a population outside 0 to 1.

    Example:
        >>> round(thermal_relaxation(50.0, 70.0, 1.0).matrix[1][1], 6)
        0.985816
    """
    _check_probability("the excited population", excited)
    if not (t1 > 0 and 0 < t2 <= 2 * t1 and time >= 0):
        raise ConfigError(
            f"Thermal relaxation needs t1 > 0, 0 < t2 <= 2 t1 and a time of 0 or more; got t1={t1!r}, t2={t2!r}, "
            f"time={time!r}."
        )
    kept, coherent = math.exp(-time / t1), math.exp(-time / t2)
    pulled = (1 - kept) * (1 - 2 * excited)
    return Channel.of_array(np.array([[1, 0, 0, 0], [0, coherent, 0, 0], [0, 0, coherent, 0], [pulled, 0, 0, kept]]))


def over_rotation(word: str, angle: float) -> Channel:
    """A coherent error: exp(-i angle/2 word), in radians, one letter a wire.

    Raises:
        ConfigError: other letters than I, X, Y, Z.
    """
    if not word or set(word) - set(LETTERS):
        raise ConfigError(f"An over-rotation is about a word of I, X, Y, Z; got {word!r}.")
    return Channel.of_kraus([rotation_matrix(word, angle)])


def _check_probability(what: str, probability: float) -> None:
    if not 0 <= probability <= 1:
        raise ConfigError(f"{what} takes a probability of 0 to 1; got {probability!r}.")
