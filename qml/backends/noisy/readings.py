"""From the readout of a Program to the Pauli words that are read, and to values with the readout error of each wire."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from qml.backends.noise.model import NoiseModel
from qml.circuits.readout import PauliWord, Probabilities, Readout


@dataclass(frozen=True, eq=False)
class Readings:
    """Words and what values are made of them: values_BK = words_BW @ map_WK.

    Args:
        words: of the wires of the machine; the empty word is one.
        map_WK: `(W, K)`.
    """

    words: tuple[PauliWord, ...]
    map_WK: np.ndarray

    @property
    def wires(self) -> tuple[int, ...]:
        """Wires that are read, sorted."""
        return tuple(sorted({wire for word in self.words for wire, _ in word}))


def readings_of(readout: Readout, noise: NoiseModel) -> Readings:
    """The words of a readout whose bits are read as `noise` says.

    A measured mean of a letter is `slope * mean + offset` of its wire, so a word becomes a sum over its parts. The
    change of basis before X or Y is measured is without noise.

    Example:
        >>> from qml.backends.noise.model import ReadoutError
        >>> from qml.circuits.readout import z_each
        >>> found = readings_of(z_each([0]), NoiseModel(readout=(ReadoutError(0.1, 0.3),)))
        >>> found.words, found.map_WK.round(3).tolist()
        (((), ((0, 'Z'),)), [[0.2], [0.6]])
    """
    if isinstance(readout, Probabilities):
        return _probabilities(readout, noise)
    places: dict[PauliWord, int] = {}
    entries: list[tuple[int, int, float]] = []
    for k, observable in enumerate(readout.observables):
        for coefficient, word in observable.terms:
            for part, factor in _parts(word, noise):
                entries.append((places.setdefault(part, len(places)), k, coefficient * factor))
    words = sorted(places, key=lambda word: (len(word), word))
    order = {places[word]: row for row, word in enumerate(words)}
    map_WK = np.zeros((len(words), readout.n_values))
    for place, k, factor in entries:
        map_WK[order[place], k] += factor
    return Readings(tuple(words), map_WK)


def _parts(word: PauliWord, noise: NoiseModel) -> list[tuple[PauliWord, float]]:
    """What a measured word is a sum of."""
    choices = []
    for wire, letter in word:
        error = noise.readout_of(wire)
        slope, offset = (1.0, 0.0) if error is None else error.z_map
        choices.append([(((wire, letter),), slope)] + ([((), offset)] if offset else []))
    parts = []
    for chosen in itertools.product(*choices):
        factor = float(np.prod([factor for _, factor in chosen]))
        parts.append((tuple(itertools.chain.from_iterable(letters for letters, _ in chosen)), factor))
    return parts


def _probabilities(readout: Probabilities, noise: NoiseModel) -> Readings:
    """All words of Z: the probability of a bit is half of one plus or minus its measured mean."""
    words: list[PauliWord] = [()]
    whole = np.ones((1, 1))
    for wire in readout.wires:
        error = noise.readout_of(wire)
        slope, offset = (1.0, 0.0) if error is None else error.z_map
        whole = np.kron(whole, np.array([[1 + offset, 1 - offset], [slope, -slope]]) / 2)
        words = [word + more for word in words for more in ((), ((wire, "Z"),))]
    return Readings(tuple(tuple(sorted(word)) for word in words), whole)
