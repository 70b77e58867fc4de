"""From the readout of a Program to the bases its qubits are measured in, and from counted outcomes to values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.backends.backend import Outcome
from qml.backends.counts import Counts
from qml.base.errors import CapabilityError
from qml.circuits.gate import Gate
from qml.circuits.readout import PauliWord, Probabilities, Readout

BASIS = {"X": ("Hadamard",), "Y": ("Sdg", "Hadamard"), "Z": ()}  # gates before a measurement in the computational basis


@dataclass(frozen=True)
class Setting:
    """One way to measure: the letter in whose basis each wire is read, sorted by wire."""

    word: PauliWord

    @property
    def wires(self) -> tuple[int, ...]:
        """Measured wires, in the order of the bits of `Counts`."""
        return tuple(wire for wire, _ in self.word)

    def covers(self, word: PauliWord) -> bool:
        """Whether one run in this setting gives the expectation of `word`."""
        return set(word) <= set(self.word)

    def joined(self, word: PauliWord) -> Setting | None:
        """The setting that also covers `word`; None where a wire would be read in two bases."""
        both = dict(self.word)
        if any(both.get(wire, letter) != letter for wire, letter in word):
            return None
        return Setting(tuple(sorted({**both, **dict(word)}.items())))


def settings_of(readout: Readout) -> tuple[Setting, ...]:
    """The fewest settings that a greedy pass finds to cover every Pauli word of the readout, qubit by qubit.

    All <Z> come from one setting, and so do any words without a wire in two bases.

    Example:
        >>> from qml.circuits import READOUTS
        >>> [setting.word for setting in settings_of(READOUTS["z"](2))]
        [((0, 'Z'), (1, 'Z'))]
        >>> len(settings_of(READOUTS["xyz"](3)))
        3
    """
    if isinstance(readout, Probabilities):
        return (Setting(tuple((wire, "Z") for wire in sorted(readout.wires))),)
    words = {word for observable in readout.observables for _, word in observable.terms if word}
    settings: list[Setting] = []
    for word in sorted(words, key=lambda word: (-len(word), word)):
        for place, setting in enumerate(settings):
            if (both := setting.joined(word)) is not None:
                settings[place] = both
                break
        else:
            settings.append(Setting(word))
    return tuple(settings)


def basis_gates(setting: Setting) -> tuple[Gate, ...]:
    """Gates behind a circuit, after which the computational basis is that of the setting."""
    return tuple(Gate(name, (wire,)) for wire, letter in setting.word for name in BASIS[letter])


def outcome_of(readout: Readout, counts: Sequence[Counts], n_rows: int) -> Outcome:
    """Values and their variances from the outcomes of `settings_of(readout)`.

    A value is a sum over settings of means over shots, and the variance that of these means: what words of one
    setting share is in it. An identity needs no shots. With one shot in a setting the variance is not known, and NaN.

    Args:
        readout: of the Program that was run.
        counts: one a setting, in order.
        n_rows: bindings.

    Raises:
        CapabilityError: as many counts as settings were not handed in, or a binding has no shot.
    """
    settings = settings_of(readout)
    if len(counts) != len(settings) or any(part.n_rows != n_rows or (part.shots_R <= 0).any() for part in counts):
        raise CapabilityError(
            f"A readout of {len(settings)} measurement settings got counts of {len(counts)}, each of which needs at "
            f"least one shot of each of the {n_rows} bindings."
        )
    if isinstance(readout, Probabilities):
        return _frequencies(readout, counts[0])
    values, variance = np.zeros((2, n_rows, readout.n_values))
    for k, observable in enumerate(readout.observables):
        constant, of_setting = 0.0, [[] for _ in settings]
        for coefficient, word in observable.terms:
            if not word:
                constant += coefficient
                continue
            place = next(place for place, setting in enumerate(settings) if setting.covers(word))
            of_setting[place].append((coefficient, word))
        values[:, k] = constant
        for setting, terms, part in zip(settings, of_setting, counts, strict=True):
            if terms:
                mean, spread = _mean(setting, terms, part)
                values[:, k] += mean
                variance[:, k] += spread
    return Outcome(values, variance, tuple(counts))


def _mean(setting: Setting, terms: list[tuple[float, PauliWord]], counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the shots of each binding of a sum of words of one setting, and the variance of that mean."""
    place = {wire: column for column, wire in enumerate(setting.wires)}
    line_N = np.zeros(len(counts.row_N))
    for coefficient, word in terms:
        ones = counts.bits_NM[:, [place[wire] for wire, _ in word]].sum(axis=1, dtype=np.int64)
        line_N += coefficient * (1 - 2 * (ones % 2))
    shots = counts.shots_R
    mean = np.bincount(counts.row_N, counts.times_N * line_N, counts.n_rows) / shots
    square = np.bincount(counts.row_N, counts.times_N * (line_N - mean[counts.row_N]) ** 2, counts.n_rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        return mean, np.where(shots > 1, square / (shots * (shots - 1)), np.nan)


def _frequencies(readout: Probabilities, counts: Counts) -> Outcome:
    ascending = sorted(readout.wires)
    shares = counts.of_bits([ascending.index(wire) for wire in readout.wires]).frequencies_RO()
    shots = counts.shots_R[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(shots > 1, np.maximum(shares * (1 - shares), 0) / (shots - 1), np.nan)
    return Outcome(shares, variance, (counts,))
