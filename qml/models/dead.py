"""Weights that a circuit has and that can change nothing, found by differentiating it where nothing is special."""

from __future__ import annotations

import numpy as np

from qml.backends.executor import Executor
from qml.base.errors import CapabilityError
from qml.base.seeds import generator
from qml.circuits.program import Program

DRAWS, ROWS = 2, 4
SILENT = 1e-10  # what rounding leaves of a derivative that is zero, in float64; others are millions of times larger


def dead_weights(program: Program, executor: str | Executor = "engine_cpu") -> tuple[int, ...]:
    """Numbers of the weights that change none of the values, whatever inputs and weights are.

    Values are analytic in the weights, so a derivative that is zero at random points is zero everywhere. Such
    are weights that no gate reads, and turns that the readout does not see: RZ before a measured Z, for one.

    Args:
        program: any circuit.
        executor: an exact one, or its name in `qml.backends.EXECUTORS`.

    Raises:
        CapabilityError: the executor is not exact, or the circuit is too large for it.

    Example:
        >>> from qml.circuits import angle, sel
        >>> len(dead_weights(angle(4) + sel(4, depth=2)))  # the last turn of each wire is about the measured axis
        4
    """
    from qml.backends import executor_named

    runner = executor_named(executor)
    if not runner.capabilities.exact:
        raise CapabilityError(
            f"Dead weights were asked of {runner.capabilities.name!r}, whose derivatives are estimates and never just "
            f"zero. Use 'engine_cpu'."
        )
    found = np.zeros(program.n_weights)
    for draw in range(DRAWS if program.n_weights else 0):
        rng = generator(draw, "dead weights")
        inputs_BD = rng.uniform(-2.0, 2.0, (ROWS, program.n_inputs))
        weights = rng.uniform(-np.pi, np.pi, program.n_weights)
        cotangent_BK = rng.normal(size=(ROWS, program.n_values))
        found = np.maximum(found, np.abs(runner.vjp(program, inputs_BD, weights, cotangent_BK).weights))
    return tuple(int(number) for number in np.flatnonzero(found < SILENT))
