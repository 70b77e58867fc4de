"""A request that is more than one job may hold, as several: spans of its bindings."""

from __future__ import annotations

import itertools

from qml.backends.backend import Target
from qml.backends.measuring import settings_of
from qml.base.errors import CapabilityError
from qml.circuits.program import Program


def spans(program: Program, n_rows: int, shots: int | None, target: Target) -> tuple[tuple[int, int], ...]:
    """Starts and ends of the fewest even spans of bindings that `target.limits` allow.

    A binding is as many circuits as the readout has measurement settings, and one where it is exact; each circuit is
    `shots` executions.

    Raises:
        CapabilityError: one binding alone is more than a job may hold, or `shots` more than a circuit may have.

    Example:
        >>> from qml.backends.backend import Limits
        >>> from qml.circuits import angle
        >>> spans(angle(2), 10, 100, Target("t", 2, limits=Limits(circuits=4)))
        ((0, 4), (4, 7), (7, 10))
        >>> spans(angle(2), 10, 100, Target("t", 2, limits=Limits(executions=500)))
        ((0, 5), (5, 10))
    """
    limits = target.limits
    circuits = len(settings_of(program.readout)) if shots else 1
    if shots and limits.shots is not None and shots > limits.shots:
        raise CapabilityError(
            f"{target.name} was asked for {shots} shots of a circuit; it takes {limits.shots} at most. Ask for fewer, "
            "and join several seeds."
        )
    rooms = [n_rows]
    if limits.circuits is not None:
        rooms.append(limits.circuits // circuits)
    if shots and limits.executions is not None:
        rooms.append(limits.executions // (circuits * shots))
    most = min(rooms)
    if most < 1:
        raise CapabilityError(
            f"{target.name} was asked for bindings of {circuits} circuits and {circuits * (shots or 0)} executions "
            f"each; a job of it holds {limits.circuits} circuits and {limits.executions} executions at most. Ask for "
            "fewer shots, or for fewer observables at once."
        )
    n_spans = -(-n_rows // most)
    size, longer = divmod(n_rows, n_spans)
    edges = [0]
    for place in range(n_spans):
        edges.append(edges[-1] + size + (place < longer))
    return tuple(itertools.pairwise(edges))
