"""Two parallel curves in many dimensions, each a Fourier series of one parameter."""

from __future__ import annotations

import numpy as np

from qml.base.bounds import check_number, check_whole
from qml.data.generators.labelled import Labelled, halves, standardised
from qml.data.generators.stream import check_stream


def two_curves(
    random: np.random.RandomState, n_rows: int, n_columns: int, degree: int, offset: float, noise: float
) -> Labelled:
    """Points of a random closed curve and of the same curve moved by `offset` in every column, then standardised.

        x_i(t) = a_i0 + b_i0 + sum_f (a_if cos(pi f t) + b_if sin(pi f t)) + noise,    t uniform in [0, 1)

    Args:
        random: NumPy's legacy generator, whose stream the published sets came from.
        n_rows: rows, an even number; the first half is on the first curve.
        n_columns: features `D`.
        degree: largest frequency `f`, one or more.
        offset: distance of the curves in each column.
        noise: standard deviation of the noise on each value.

    Raises:
        ConfigError: another generator of random numbers, or a size, offset or noise out of its range.
        DataError: an odd number of rows.

    References:
        Buchanan, Gilboa and Wright, arXiv:2008.11245; as in Bowles, Ahmed and Schuld, arXiv:2403.07059.

    Example:
        >>> rows = two_curves(np.random.RandomState(0), 8, 3, degree=2, offset=0.1, noise=0.01)
        >>> rows.inputs_ND.shape, rows.labels_N.tolist()
        ((8, 3), [-1, -1, -1, -1, 1, 1, 1, 1])
    """
    check_stream(random)
    check_whole("two_curves", 1, n_columns=n_columns, degree=degree)
    check_number("two_curves", offset=offset)
    check_number("two_curves", least=0, noise=noise)
    labels = halves("two_curves", n_rows)
    coefficients = random.uniform(size=(n_columns, degree + 1, 2))
    coefficients = coefficients / np.linalg.norm(coefficients)
    points = np.stack([_point(random, coefficients, noise) for _ in range(n_rows)])
    points[labels > 0] += offset
    return Labelled(standardised(points), labels)


def _point(random: np.random.RandomState, coefficients_DF2: np.ndarray, noise: float) -> np.ndarray:
    """One point of the curve, `(D,)`; terms are added by rising frequency, as in the published sets."""
    place = random.rand()
    value = coefficients_DF2[:, 0, 0] + coefficients_DF2[:, 0, 1]
    for frequency in range(1, coefficients_DF2.shape[1]):
        angle = frequency * np.pi * place
        cosines, sines = coefficients_DF2[:, frequency].T
        value = value + (cosines * np.cos(angle) + sines * np.sin(angle))
    return value + random.normal(0, noise, size=len(value))
