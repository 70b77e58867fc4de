"""Whether a gate on two wires tells them apart: on a directed machine only such a gate has an order to keep."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qml.circuits.angle import Angle
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES, PREPARATIONS


def is_exchangeable(gate: Gate) -> bool:
    """Whether a gate on two wires is the same with its wires exchanged, whatever it turns by.

    Args:
        gate: on any wires; one on another number than two is not.

    Example:
        >>> [is_exchangeable(Gate(name, (0, 1))) for name in ("CZ", "SWAP", "CNOT", "ECR")]
        [True, True, False, False]
    """
    if len(gate.wires) != 2 or gate.name in PREPARATIONS:
        return False
    return _is_exchangeable(Gate(gate.name, (0, 1), (Angle(),) * len(gate.angles), gate.word, gate.matrix))


@lru_cache(maxsize=256)
def _is_exchangeable(gate: Gate) -> bool:
    angles = 0.7 + 0.4 * np.arange(len(gate.angles))
    matrix = np.asarray(GATES[gate.name].matrix(gate, angles), complex)
    exchanged = matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
    return bool(np.allclose(matrix, exchanged, rtol=0, atol=1e-12))
