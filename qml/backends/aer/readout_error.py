"""Readout errors on exact values: what the mean over infinitely many wrongly read shots would be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError
from qml.circuits.readout import Expectations, PauliSum, PauliWord, Probabilities, Readout

ErrorOf = Callable[[int], Any]  # a wire to its `ReadoutError`, or None

MOST_TERMS = 4096


def seen_through(readout: Readout, error_of: ErrorOf) -> Readout:
    """Expectations whose exact values are those that wrongly read bits would give; probabilities as they are.

        <P_1 ... P_n> is read as prod_w (slope_w P_w + offset_w),   slope = 1 - e01 - e10,   offset = e10 - e01

    with e01 the probability to read 1 where 0 was and e10 to read 0 where 1 was.

    Raises:
        CapabilityError: a word so long that this would be more than 4096 words.
    """
    if isinstance(readout, Probabilities):
        return readout
    return Expectations(tuple(_of_sum(observable, error_of) for observable in readout.observables))


def _of_sum(observable: PauliSum, error_of: ErrorOf) -> PauliSum:
    terms: list[tuple[float, PauliWord]] = []
    for coefficient, word in observable.terms:
        parts: list[tuple[float, PauliWord]] = [(coefficient, ())]
        for wire, letter in word:
            error = error_of(wire)
            slope, offset = (1.0, 0.0) if error is None else error.z_map
            longer = [(factor * slope, (*done, (wire, letter))) for factor, done in parts]
            parts = longer + [(factor * offset, done) for factor, done in parts if offset]
            if len(parts) > MOST_TERMS:
                raise CapabilityError(
                    f"The exact value of a word on {len(word)} qubits under unequal readout errors is a sum of more "
                    f"than {MOST_TERMS} words. Take shots, or noise with equal readout errors."
                )
        terms += parts
    return PauliSum(tuple(terms))


def mixed(table_RO: np.ndarray, wires: tuple[int, ...], error_of: ErrorOf) -> np.ndarray:
    """`(R, 2**M)` probabilities of outcomes of `wires`, first wire most significant, as wrongly read bits have them."""
    cube = table_RO.reshape(len(table_RO), *[2] * len(wires))
    for axis, wire in enumerate(wires, start=1):
        error = error_of(wire)
        if error is not None:
            cube = np.moveaxis(np.tensordot(error.confusion, cube, axes=(1, axis)), 0, axis)
    return cube.reshape(table_RO.shape)
