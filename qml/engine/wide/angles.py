"""The numbers that the turns of a Plan become for a batch of rows: tangents, cosines, and phases as integers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qml.engine.circular import TWO_PI_HIGH, TWO_PI_LOW

LARGEST_ANGLE = 1e15  # beyond it neighbouring float64 numbers are a turn apart: NaN, not an arbitrary angle


class Angles:
    """What the compiled half reads of each row's angles.

    Args:
        half_BT: half angles.
        factors: turns whose cosines each factor multiplies.
        dtype: in which the kernels compute.

    Attributes:
        half_BT: as handed in, with 0 where a row is not finite.
        finite_B: whether all angles of a row are finite and not too large to mean anything.
        tangents_BT: tangents.
        factors_BF: products of cosines.
        phases_BT: minus the half angle, in units of `2**-64` turns.
    """

    def __init__(self, half_BT: np.ndarray, factors: Sequence[Sequence[int]], dtype: np.dtype):
        self.finite_B: np.ndarray = np.logical_and.reduce(np.abs(half_BT) <= LARGEST_ANGLE, axis=1)
        self.half_BT = np.where(self.finite_B[:, None], half_BT, 0.0)
        cosines, sines = np.cos(self.half_BT), np.sin(self.half_BT)
        least = np.finfo(dtype).eps / 2  # a cosine of 0 has no tangent; this one is off by less than a rounding
        cosines = np.where(np.abs(cosines) < least, np.copysign(least, cosines), cosines)
        self.tangents_BT = sines / cosines
        flat = np.array([number for group in factors for number in group], np.int64)
        starts = np.cumsum([0, *map(len, factors)])[:-1]
        self.factors_BF = np.multiply.reduceat(cosines[:, flat], starts, axis=1) if len(starts) else cosines[:, :0]
        self.factors_BF = np.ascontiguousarray(self.factors_BF)
        self.phases_BT = _phases(-self.half_BT)


def _phases(radians: np.ndarray) -> np.ndarray:
    """Radians in units of `2**-64` turns, wrapped into an int64."""
    rest = np.fmod(radians, TWO_PI_HIGH)
    rest -= np.rint((radians - rest) / TWO_PI_HIGH) * TWO_PI_LOW
    turns = rest / TWO_PI_HIGH
    turns -= np.rint(turns)
    return np.rint(turns * 2.0**62).astype(np.int64) << 2
