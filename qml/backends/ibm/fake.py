"""Snapshots of IBM's devices, run here by IBM's local mode: the same circuits, options and answers, with no service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qml.backends.backend import Outcome, Target
from qml.backends.check_run import check_run
from qml.backends.ibm.asking import checked_options, is_linear, options_of, options_text
from qml.backends.remote import Request
from qml.base.errors import ConfigError
from qml.base.lazy import cached_property
from qml.base.registry import unknown
from qml.base.seeds import derive
from qml.circuits.program import Program

if TYPE_CHECKING:
    from qml.backends.ibm.primitives import Primitive

SEEDS = 2**31 - 1  # what the simulator takes


@dataclass(frozen=True)
class FakeIbmBackend:
    """A snapshot of a device with its noise, as a Backend that runs in this process.

    The same Sampler or Estimator prepares the same job as for a device, and a simulator runs it. The Estimator measures
    all qubits of a device, so that it takes small snapshots only. Dynamical decoupling changes nothing here.

    Args:
        device: such as "fake_manila", of `qiskit_ibm_runtime.fake_provider`.
        primitive: "sampler" or "estimator".
        dynamical_decoupling: as of `IbmBackend`.
        twirling: as of `IbmBackend`.
        resilience_level: as of `IbmBackend`.
        options: as of `IbmBackend`.
        level: as of `IbmBackend`.

    Raises:
        ConfigError: an option that does not exist.
    """

    device: str = "fake_manila"
    primitive: str = "sampler"
    dynamical_decoupling: str = ""
    twirling: bool = False
    resilience_level: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    level: int = 1

    def __post_init__(self):
        if self.primitive not in ("sampler", "estimator"):
            raise ConfigError(f"FakeIbmBackend got primitive={self.primitive!r}; it knows sampler, estimator.")
        checked_options(self)

    def __getstate__(self) -> dict[str, Any]:
        """What was configured."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def _snapshot(self) -> Any:
        from qml.backends.ibm.client import snapshots

        known = snapshots()
        if self.device not in known:
            raise unknown("IBM snapshot", self.device, list(known))
        return known[self.device]()

    @cached_property
    def _primitive(self) -> Primitive:
        from qml.backends.ibm.circuits import Compiler
        from qml.backends.ibm.primitives import Primitive

        return Primitive(Compiler(self._snapshot, self.target, self.level), self.primitive, options_of(self))

    @cached_property
    def target(self) -> Target:
        """The snapshot.

        Raises:
            ConfigError: there is none of that name.
        """
        from qml.backends.ibm.circuits import target_of

        said = (
            ("primitive", self.primitive),
            ("options", options_text(self)),
            ("level", self.level),
        )
        counts = self.primitive == "sampler"
        device = target_of(self._snapshot, self.device, counts=counts, queued=False, options=said)
        return replace(device, linear=is_linear(self))

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Values of `R` bindings: one local run a PUB, which a sampler has for each measurement setting.

        IBM's local mode begins every PUB of a run with the same random numbers, so that each has a run and a seed.

        Raises:
            CapabilityError: exact values, or a Program that the snapshot cannot run.
        """
        check_run(self.target, program, slots_RS, shots, seed)
        request = Request(program, slots_RS, shots, seed)
        if not len(slots_RS):
            return Outcome(np.zeros((0, program.n_values)), np.zeros((0, program.n_values)))
        from qml.backends.ibm.primitives import LocalJobs

        primitive, jobs = self._primitive, []
        for place, pub in enumerate(primitive.pubs(request)):
            own = {} if seed is None else {"seed_simulator": derive(seed, "setting", place) % SEEDS + 1}
            jobs.append(primitive.start(request, self._snapshot, {"simulator": own}, pubs=[pub]))
        return primitive.outcome(LocalJobs(tuple(jobs)), request)
