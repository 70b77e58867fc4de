"""The head without weights: which of the circuit's values makes which output."""

from __future__ import annotations

import numpy as np

from qml.base.errors import CapabilityError


def plain_shares(n_values: int, n_outputs: int) -> np.ndarray:
    """With what share each value enters each output of a head without weights, `(K, C)`.

    Output c is the mean of the values c, c + C, c + 2C, ...

    Raises:
        CapabilityError: fewer values than outputs.

    Example:
        >>> plain_shares(3, 2).tolist()
        [[0.5, 0.0], [0.0, 1.0], [0.5, 0.0]]
    """
    if n_values < n_outputs:
        raise CapabilityError(
            f"The ablation 'unweighted' hands the circuit's values out as they are; {n_values} values are fewer than "
            f"{n_outputs} outputs. Read more of the circuit, or leave the arm out."
        )
    dealt = (np.arange(n_values)[:, None] % n_outputs == np.arange(n_outputs)).astype(float)
    return dealt / dealt.sum(axis=0)
