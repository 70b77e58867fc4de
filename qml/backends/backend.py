"""The seam to machines that only run circuits: no gradient, bindings of rotation angles in, outcomes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from qml.backends.counts import Counts
from qml.base.digest import digest
from qml.base.lazy import cached_property
from qml.circuits.program import Program


@dataclass(frozen=True)
class Limits:
    """What one job of a machine may hold; None where nothing bounds it.

    Args:
        circuits: bound circuits in one job: bindings times measurement settings.
        shots: of one bound circuit.
        executions: shots of all circuits of one job together.
    """

    circuits: int | None = None
    shots: int | None = None
    executions: int | None = None


@dataclass(frozen=True)
class Target:
    """What a machine offers; part of the content key of every job.

    Args:
        name: of the machine.
        n_qubits: its size.
        gate_set: rows of the gate table that it runs; none listed means all of them.
        coupling: pairs of qubits that one gate may join, in either order unless `directed`; None means all pairs.
        limits: of one job.
        exact: whether it gives values without shots.
        sampled: whether it gives outcomes of shots.
        queued: whether a job waits for others, so that few jobs count for more than few shots.
        options: everything else that the answers depend on, by name: a method, the digest of a noise model, a version.
        counts: whether what it brings of shots are raw outcomes (`Outcome.counts`), which mitigation of readout needs,
            and not values alone.
        verbatim: whether native gates run as they are written. A service that compiles them anew undoes gates that
            cancel, so that circuits cannot be folded there.
        directed: whether a gate that tells its wires apart, such as CNOT or ECR, joins a pair only in the order in
            which `coupling` lists it; a pair that is listed in both orders is joined in both.
        ideal: whether exact values are those of the circuit as it is written: no noise, no mitigation, nothing left
            out. Only then do second derivatives of the circuit hold for them; where it is false, layers refuse these.
        linear: whether values are linear in the expectation values that the machine measures. Only then are differences
            of values at shifted angles their derivatives; a fit that is none, such as an exponential, says False.
        price: what a run is paid by, such as "seconds, to IBM"; empty where it runs here and costs nothing.
        measured: whether it was ever reached from where this toolkit is tested.
    """

    name: str
    n_qubits: int
    gate_set: tuple[str, ...] = ()
    coupling: tuple[tuple[int, int], ...] | None = None
    limits: Limits = field(default=Limits(), compare=False)
    exact: bool = True
    sampled: bool = True
    queued: bool = field(default=False, compare=False)
    options: tuple[tuple[str, Any], ...] = ()
    counts: bool = field(default=True, compare=False)
    verbatim: bool = field(default=True, compare=False)
    directed: bool = False
    ideal: bool = field(default=False, compare=False)
    price: str = field(default="", compare=False)
    measured: bool = field(default=True, compare=False)
    linear: bool = field(default=True, compare=False)

    @cached_property
    def digest(self) -> str:
        """Content key: equal Targets answer alike."""
        return digest(self)


@dataclass(frozen=True)
class Outcome:
    """What a run brought back.

    Args:
        values_RK: the readout of each binding.
        variance_RK: of the values, where they are estimates.
        counts: raw outcomes, one a measurement setting in the order of `qml.backends.measuring.settings_of`; none
            where a machine gives values only.
        record: plain facts of the run, such as job ids, seconds billed and the calibration, to keep beside results.
    """

    values_RK: np.ndarray
    variance_RK: np.ndarray | None = None
    counts: tuple[Counts, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)


class Backend(Protocol):
    """Runs `R` bindings of a Program's `S` rotation angles as one job; it never sees inputs or weights.

    A Program that consists of the target's own gates on the target's own wires (`qml.backends.transpiling.is_native`)
    runs as it is written, gate by gate, where the target is `verbatim`; any other is transpiled, once for each Program
    and target.
    """

    @property
    def target(self) -> Target:
        """The machine."""
        ...

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Values of `R` rows of rotation angles, in radians; `shots=None` is exact where the machine can be.

        Args:
            program: what to run; its slots are the angles of `qml.circuits.steps.steps(program)`.
            slots_RS: `(R, S)` as `qml.circuits.slots.slots` gives them; a constant angle stands in its column.
            shots: of each binding and measurement setting.
            seed: of the draw, 1 or more; the same seed and the same bindings are the same draw.

        Raises:
            CapabilityError: the target cannot run it; nothing was sent.
        """
        ...
