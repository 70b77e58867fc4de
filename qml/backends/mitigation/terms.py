"""A readout taken apart by measurement setting, as every correction of outcomes needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.backends.counts import Counts
from qml.backends.measuring import Setting, settings_of
from qml.circuits.readout import Expectations


@dataclass(frozen=True)
class Term:
    """A Pauli word of value `k`, read in one setting.

    Args:
        k: which value of the readout it belongs to.
        coefficient: of the word.
        columns: its wires, as columns of the bits of the setting.
    """

    k: int
    coefficient: float
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A setting with the terms that are read in it."""

    setting: Setting
    terms: tuple[Term, ...]


def parts_of(readout: Expectations) -> tuple[np.ndarray, tuple[Part, ...]]:
    """Constants of the `K` values, `(K,)`, and one part a setting, in the order of `settings_of(readout)`.

    Example:
        >>> from qml.circuits import READOUTS
        >>> constants, parts = parts_of(READOUTS["pauli"](2, ["1 I + Z0 Z1", "X0"]))
        >>> constants.tolist(), [len(part.terms) for part in parts]
        ([1.0, 0.0], [1, 1])
    """
    settings = settings_of(readout)
    constants = np.zeros(readout.n_values)
    found: list[list[Term]] = [[] for _ in settings]
    for k, observable in enumerate(readout.observables):
        for coefficient, word in observable.terms:
            if not word:
                constants[k] += coefficient
                continue
            place = next(place for place, setting in enumerate(settings) if setting.covers(word))
            wires = settings[place].wires
            found[place].append(Term(k, coefficient, tuple(wires.index(wire) for wire, _ in word)))
    parts = tuple(Part(setting, tuple(terms)) for setting, terms in zip(settings, found, strict=True))
    return constants, parts


def mean_of(counts: Counts, line_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of a number a shot over the shots of each binding, `(R,)`, and the variance of that mean.

    With one shot the variance is not known, and NaN; where `times_N` are exact probabilities, ask for the mean only.
    """
    shots = counts.shots_R
    mean = np.bincount(counts.row_N, counts.times_N * line_N, counts.n_rows) / shots
    square = np.bincount(counts.row_N, counts.times_N * (line_N - mean[counts.row_N]) ** 2, counts.n_rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        return mean, np.where(shots > 1, square / (shots * (shots - 1)), np.nan)


def parities(bits_NM: np.ndarray, columns: Sequence[int]) -> np.ndarray:
    """`(N,)` products of (-1)**bit over some columns of `(N, M)` bits."""
    return 1.0 - 2.0 * (bits_NM[:, list(columns)].sum(axis=1, dtype=np.int64) % 2)


def uniform_value(readout) -> np.ndarray:
    """`(K,)` values of the state that knows nothing: where noise alone takes a circuit in the end."""
    if isinstance(readout, Expectations):
        return parts_of(readout)[0]
    return np.full(readout.n_values, 1.0 / readout.n_values)
