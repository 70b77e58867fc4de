"""What passed through an Executor or a Backend, counted where it passes: runs, circuits, shots and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qml.backends.backend import Backend, Outcome, Target
from qml.backends.executor import Capabilities, Executor, Gradients, Values
from qml.backends.measuring import settings_of
from qml.base.seeds import derive
from qml.circuits.program import Program


@dataclass(eq=False)
class Ledger:
    """What has been run so far; filled by the watching wrappers of one process.

    Args:
        runs: calls of a Backend.
        circuits: bound circuits, one a binding and measurement setting.
        executions: shots of all of them together; none of an exact run.
        programs: digests of the circuits that a machine was handed, each of which it transpiles once.
        records: what the machine said of each run.
        variance: `(B, K)` of the values of each call of the Executor; None where they are exact.
    """

    runs: int = 0
    circuits: int = 0
    executions: int = 0
    programs: set[str] = field(default_factory=set)
    records: list[Mapping[str, Any]] = field(default_factory=list)
    variance: list[np.ndarray | None] = field(default_factory=list)

    @property
    def facts(self) -> list[Mapping[str, Any]]:
        """What a job store says of each job that answered, each once, by its key in the store."""
        found = [facts for record in self.records for facts in record.get("jobs", ()) if isinstance(facts, Mapping)]
        return list({facts["key"]: facts for facts in found}.values())

    @property
    def jobs(self) -> list[str]:
        """The service's names of jobs."""
        return [str(facts["remote"]) for facts in self.facts]

    @property
    def calibrations(self) -> list[str]:
        """Identities of the calibrations that the store keeps, each once."""
        return list(dict.fromkeys(str(one["calibration"]) for one in self.facts if one.get("calibration")))


@dataclass(frozen=True)
class WatchedBackend:
    """A Backend whose runs are entered into a ledger.

    Args:
        backend: what runs.
        ledger: where they are entered.
    """

    backend: Backend
    ledger: Ledger = field(default_factory=Ledger, compare=False)

    @property
    def target(self) -> Target:
        """That of the Backend."""
        return self.backend.target

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Run, and enter what was run once it has come back."""
        outcome = self.backend.run(program, slots_RS, shots=shots, seed=seed)
        settings = 1 if shots is None else max(1, len(settings_of(program.readout)))
        ledger = self.ledger
        ledger.runs += 1
        ledger.circuits += len(slots_RS) * settings
        ledger.executions += len(slots_RS) * settings * (shots or 0)
        ledger.programs.add(program.digest)
        ledger.records.append(outcome.record)
        return outcome


@dataclass(frozen=True)
class WatchedExecutor:
    """An Executor that keeps the variance of its values and draws by a count of its calls, not by chance.

    The same calls in the same order are then the same draws, so that a job store serves them when they are made again.

    Args:
        executor: what runs and differentiates.
        seed: of all draws.
        ledger: where they are entered.
    """

    executor: Executor
    seed: int = 1
    ledger: Ledger = field(default_factory=Ledger, compare=False)

    @property
    def capabilities(self) -> Capabilities:
        """Those of the Executor that it also answers for: values and gradients."""
        return replace(self.executor.capabilities, states=False, samples=False, tangents=False)

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
        want_inputs: bool = True,
    ) -> Values:
        """Values by a draw of its own, whatever `seed`; `want_inputs=False` where `spares_inputs` says so."""
        drawn = None if self.capabilities.exact else derive(self.seed, "watched", str(len(self.ledger.variance)))
        spared = {} if want_inputs else {"want_inputs": False}
        values = self.executor.forward(program, inputs_BD, weights, seed=drawn, keep=keep, **spared)
        self.ledger.variance.append(values.variance_BK)
        return values

    def vjp(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        cotangent_BK: np.ndarray,
        *,
        seed: int | None = None,
        residual: Any = None,
        want_inputs: bool = True,
    ) -> Gradients:
        """Gradients, by the seed that is handed in."""
        kept = {"seed": seed, "residual": residual, **({} if want_inputs else {"want_inputs": False})}
        return self.executor.vjp(program, inputs_BD, weights, cotangent_BK, **kept)
