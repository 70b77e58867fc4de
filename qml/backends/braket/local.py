"""Braket's local simulators behind the seam of machines: exact values, or shots of one program set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qml.backends.backend import Outcome, Target
from qml.backends.braket.process import Worker
from qml.backends.braket.texts import counts_of_bits, counts_of_shares, texts_of
from qml.backends.check_run import check_run
from qml.backends.measuring import outcome_of
from qml.backends.transpiling import compact, transpile
from qml.base.errors import CapabilityError
from qml.base.lazy import cached_property
from qml.base.registry import unknown
from qml.circuits.program import Program

if TYPE_CHECKING:
    from qml.backends.noise.model import NoiseModel

SIMULATORS = {"braket_sv": 26, "braket_dm": 13}  # widest circuit
GATES = (
    *("Identity", "Hadamard", "PauliX", "PauliY", "PauliZ", "S", "Sdg", "T", "Tdg", "SX", "SXdg", "RX", "RY", "RZ"),
    *("PhaseShift", "CNOT", "CY", "CZ", "SWAP", "ECR", "IsingXX", "IsingYY", "IsingZZ"),
)
"""Rows of the gate table that noise stands behind where its model names no machine; others are taken apart."""


@dataclass(frozen=True)
class LocalBraketBackend:
    """A simulator of Braket's SDK on this machine, in a worker process of the environment that has the SDK.

    All bindings are one question to the worker, and shots of all bindings and settings one program set. It parses the
    text of a circuit anew for each binding, so it is slow: take it to try circuits as Braket reads them, and the engine
    to train. Without noise any gate runs as it is; with noise a Program is transpiled for the machine of the noise
    model, and each gate is followed by its channel, as Kraus matrices.

    Args:
        simulator: "braket_sv", a state vector, or "braket_dm", a density matrix, which noise needs.
        noise: see `qml.backends.noise`.
        python: of the environment that has the SDK; left out, the variable QML_BRAKET_PYTHON names it.

    Raises:
        ConfigError: no such simulator.
        CapabilityError: noise on a state vector.

    Example:
        >>> LocalBraketBackend("braket_dm").target.n_qubits
        13
    """

    simulator: str = "braket_sv"
    noise: NoiseModel | None = None
    python: str | None = None

    def __post_init__(self):
        if self.simulator not in SIMULATORS:
            raise unknown("Braket simulator", self.simulator, list(SIMULATORS))
        if self.noise is not None and self.simulator != "braket_dm":
            raise CapabilityError(f"Noise needs a density matrix; {self.simulator} is a state vector. Take braket_dm.")

    @cached_property
    def target(self) -> Target:
        """All gates, or those of the machine whose noise it is."""
        widest = SIMULATORS[self.simulator]
        if self.noise is None:
            return Target(self.simulator, widest, ideal=True)
        options = (("noise", self.noise.digest),)
        if self.noise.target is None:
            return Target(self.simulator, widest, GATES, options=options)
        machine = replace(self.noise.target, exact=True, sampled=True, ideal=False)
        return replace(machine, name=f"{self.simulator}({machine.name})", options=options)

    @cached_property
    def worker(self) -> Worker:
        """Its worker process, which starts when it is first asked."""
        return Worker(self.python)

    def __getstate__(self) -> dict:
        return {"simulator": self.simulator, "noise": self.noise, "python": self.python}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Values of `R` bindings; exact without `shots`, the same draw for the same seed."""
        check_run(self.target, program, slots_RS, shots, seed)
        native, wires = compact(transpile(program, self.target))
        if native.n_qubits > SIMULATORS[self.simulator]:
            raise CapabilityError(
                f"{self.simulator} simulates {SIMULATORS[self.simulator]} qubits; this Program acts on "
                f"{native.n_qubits} of {self.target.name}. Take a narrower Program."
            )
        texts = texts_of(native, exact=shots is None, wires=wires, noise=self.noise)
        n_rows, record = len(slots_RS), {"simulator": self.simulator}
        if not n_rows or not texts.settings:
            return _constant(program, n_rows, shots, record)
        asked = {"simulator": self.simulator, "texts": texts.sources, "names": texts.names}
        arrays = {"values": texts.values(slots_RS)}
        if shots is None:
            shares = self.worker.ask("exact", asked, arrays).arrays["shares"]
            sizes = [len(setting.wires) for setting in texts.settings]
            weights = [counts_of_shares(part[:, : 2**size], size) for part, size in zip(shares, sizes, strict=True)]
            return Outcome(outcome_of(native.readout, weights, n_rows).values_RK, record=record)
        arrays["seed"] = np.array(seed)
        found = self.worker.ask("sampled", {**asked, "shots": int(shots)}, arrays).arrays
        counts = [
            counts_of_bits(found[f"bits{place}"], found[f"qubits{place}"], setting)
            for place, setting in enumerate(texts.settings)
        ]
        return replace(outcome_of(native.readout, counts, n_rows), record=record)


def _constant(program: Program, n_rows: int, shots: int | None, record: dict[str, str]) -> Outcome:
    """Values that need no measurement, and vary by nothing: of identities, or of no rows."""
    nothing = np.zeros((n_rows, program.n_values))
    values = outcome_of(program.readout, (), n_rows).values_RK if n_rows else nothing
    return Outcome(values, None if shots is None else nothing, record=record)
