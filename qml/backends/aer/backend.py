"""Aer behind the seam of machines: one run for all bindings, exact values or counts."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

from qml.backends.aer.circuits import TABLE, Ready, measuring, name_of, saving, words_of
from qml.backends.aer.readout_error import mixed, seen_through
from qml.backends.backend import Outcome, Target
from qml.backends.check_run import check_run
from qml.backends.counts import Counts
from qml.backends.measuring import outcome_of, settings_of
from qml.backends.noise import NoiseModel, noise_named
from qml.backends.slotted import slotted
from qml.backends.transpiling import LEVELS, compact, is_native, transpile
from qml.base.bounds import check_whole
from qml.base.errors import CapabilityError, ConfigError, JobError
from qml.base.extras import require
from qml.base.memory import check_memory
from qml.base.registry import unknown
from qml.base.threads import default_threads
from qml.circuits.bridges.qiskit_gates import ALIKE
from qml.circuits.bridges.qiskit_outcomes import bits_from_qiskit, table_from_qiskit
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities

require("qiskit_aer", extra="qiskit", purpose="AerBackend")
from qiskit.result import Result
from qiskit_aer import AerSimulator

log = logging.getLogger(__name__)

METHODS = ("statevector", "density_matrix", "matrix_product_state")
WIDEST = {"statevector": 30, "density_matrix": 15, "matrix_product_state": 500}
DEVICES = ("CPU", "GPU")
ROUNDING = 1e-16  # what a matrix product state may drop and still be called whole
PRECISIONS = {"double": 16, "single": 8}  # bytes of an amplitude

_NOT_RUN = {
    "statevector": {"CH", "ISWAP"},
    "density_matrix": {"CH", "CRX", "CRY", "CRZ", "CCZ", "CSWAP", "ISWAP"},
    "matrix_product_state": {"CH", "CRX", "CRY", "CRZ", "CCZ", "ISWAP"},
}
GATES = {method: tuple(name for name in ALIKE if name not in _NOT_RUN[method]) for method in METHODS}
"""Rows of the gate table that each method runs as they are; others are taken apart."""


@dataclass(frozen=True)
class AerBackend:
    """Qiskit's simulator Aer: exact values or shots, of ideal gates or of a machine's noisy ones.

    All bindings, and all measurement settings, go out as one run with parameters. A Program for a machine is
    transpiled for it once and simulated on its active qubits only. Exact values of noisy gates take the density matrix;
    readout errors act on exact values as they would on infinitely many shots.

    Args:
        method: "statevector", "density_matrix" or "matrix_product_state" (many qubits, little entanglement, gates
            between neighbours). Aer's own "automatic" is not offered: it takes a state vector at 50 qubits, and fails.
            None is the density matrix where gates have noise, and the state vector where not.
        device: "CPU", or "GPU" where Aer was built for one.
        noise: of the gates and of reading bits: a NoiseModel, or its name in `qml.backends.noise.NOISES`.
        machine: whose gates, qubits and couplings are taken; that of the noise when left out, and all of Aer's gates
            where that has none.
        precision: "double" or "single".
        max_bond: largest bond dimension of a matrix product state; None does not truncate by size.
        truncation: singular values whose squares add up to less than this are dropped from a matrix product state.
        level: of transpilation, 0 to 3.

    Raises:
        MissingExtraError: Aer is not installed.
        ConfigError: a method, device, precision or noise that is not known, a bond or truncation out of range, or a
            machine with gates, qubits or couplings that the noise of another one says nothing of.

    Example:
        >>> from qml.circuits import angle, sel
        >>> from qml.circuits.slots import slots
        >>> program = angle(2) + sel(2)
        >>> turns = slots(program, np.zeros((3, 2)), np.zeros(program.n_weights))
        >>> AerBackend().run(program, turns, shots=None, seed=None).values_RK
        array([[1., 1.],
               [1., 1.],
               [1., 1.]])
    """

    method: str | None = None
    device: str = "CPU"
    noise: NoiseModel | None = None
    machine: Target | None = None
    precision: str = "double"
    max_bond: int | None = None
    truncation: float = ROUNDING
    level: int = 1

    def __post_init__(self):
        if self.noise is not None:
            object.__setattr__(self, "noise", noise_named(self.noise))
        for what, value, known in (
            ("AerBackend method", self.chosen, METHODS),
            ("AerBackend device", self.device, DEVICES),
            ("AerBackend precision", self.precision, tuple(PRECISIONS)),
        ):
            if value not in known:
                raise unknown(what, value, list(known))
        if self.max_bond is not None:
            check_whole("AerBackend", 1, max_bond=self.max_bond)
        if not 0 <= self.truncation < 1:
            raise ConfigError(f"AerBackend got truncation={self.truncation}; give a number from 0 to below 1.")
        check_whole("AerBackend", LEVELS[0], LEVELS[-1], level=self.level)
        if self.noise is not None and self.machine is not None:
            self.noise.check_machine("AerBackend", self.machine)

    @property
    def chosen(self) -> str:
        """The method that is taken."""
        if self.method is not None:
            return self.method
        return "statevector" if self._gates_are_exact else "density_matrix"

    @property
    def target(self) -> Target:
        """The machine whose gates are run, by the method that simulates it."""
        machine = self._machine
        options = {
            "method": self.chosen,
            "device": self.device,
            "precision": self.precision,
            "max_bond": self.max_bond,
            "truncation": self.truncation,
            "level": self.level,
            "noise": None if self.noise is None or self.noise.is_trivial else self.noise.digest,
            "machine": None if machine is None else machine.digest,
            "version": _version(),
        }
        return Target(
            "aer" if machine is None else f"aer({machine.name})",
            WIDEST[self.chosen] if machine is None else machine.n_qubits,
            (machine.gate_set if machine is not None else ()) or GATES[self.chosen],
            None if machine is None else machine.coupling,
            exact=self._gates_are_exact or self.chosen == "density_matrix",
            options=tuple(options.items()),
            directed=machine is not None and machine.directed,
            ideal=self._is_ideal,
        )

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Values of `R` rows of rotation angles, exact or from `shots` shots of each measurement setting.

        Raises:
            ProgramError, ShapeError, DataError, ConfigError: see `qml.backends.check_run.check_run`.
            CapabilityError: the same; or the machine cannot serve the Program, its active qubits are too many for the
                method or the memory, the noise says nothing of its gates, or there is no GPU.
            JobError: Aer failed; its own words are in the message.
        """
        target = self.target
        check_run(target, program, slots_RS, shots, seed)
        _check_device(self.device)
        native = self._native(program, target)
        if shots is None and self.noise is not None:
            native = native.with_readout(seen_through(native.readout, self.noise.readout_of))
        small, wires = compact(native)
        self._check_size(small)
        self._warn_of_far_gates(small)
        rows = np.asarray(slots_RS, float)
        simulator = _simulator(replace(self, machine=None), wires)
        if shots is None or seed is None:
            return self._exact(simulator, small, wires, rows)
        return _sampled(simulator, small, rows, shots, seed)

    @property
    def _machine(self) -> Target | None:
        return self.machine if self.machine is not None or self.noise is None else self.noise.target

    @property
    def _gates_are_exact(self) -> bool:
        return self.noise is None or self.noise.without_readout().is_trivial

    @property
    def _is_ideal(self) -> bool:
        """Nothing of a matrix product state dropped but what rounds to nothing, and no noise."""
        whole = self.chosen != "matrix_product_state" or (self.max_bond is None and self.truncation <= ROUNDING)
        return whole and (self.noise is None or self.noise.is_trivial)

    def _native(self, program: Program, target: Target) -> Program:
        """`program` in gates of the target; noise of no machine acts on the gates as they are, so these must be its."""
        native = transpile(program, target, level=self.level) if self._machine or self._gates_are_exact else None
        if native is None and not is_native(native := slotted(program), target):
            strange = sorted({gate.name for gate in native.gates} - set(target.gate_set))
            raise CapabilityError(
                f"{target.name} was asked for noise behind {', '.join(strange)}, which Aer runs as several gates. Name "
                "the machine whose gates have the noise, AerBackend(machine=Target(...), noise=...)."
            )
        silent = sorted({g.name for g in native.gates if self.noise is not None and not self.noise.speaks_of(g)})
        if silent:
            raise CapabilityError(
                f"{target.name} was asked for noise that says nothing of {', '.join(silent)}, which act on more qubits "
                "than any of its entries. Name the machine whose gates have the noise, or add an entry for them."
            )
        return native

    def _check_size(self, small: Program) -> None:
        method, n_qubits = self.chosen, small.n_qubits
        if n_qubits > WIDEST[method]:
            raise CapabilityError(
                f"Aer was asked for {n_qubits} active qubits by {method}; it takes {WIDEST[method]} at most. Take "
                "fewer, or method='matrix_product_state' for a circuit of little entanglement between neighbours."
            )
        if method != "matrix_product_state":
            amplitudes = 1 << (2 * n_qubits if method == "density_matrix" else n_qubits)
            check_memory(
                PRECISIONS[self.precision] * amplitudes,
                f"One {method.replace('_', ' ')} of {n_qubits} qubits",
                "Take fewer qubits, or method='matrix_product_state'.",
            )

    def _warn_of_far_gates(self, small: Program) -> None:
        far = [gate for gate in small.gates if max(gate.wires) - min(gate.wires) >= len(gate.wires)]
        if self.chosen == "matrix_product_state" and far:
            _warn_once(small.digest, len(far), f"{far[0].name} on wires {far[0].wires}")

    def _exact(self, simulator: AerSimulator, small: Program, wires: tuple[int, ...], rows: np.ndarray) -> Outcome:
        n_rows = len(rows)
        ready = saving(small)
        words = words_of(small)
        readout = small.readout
        alike = not ready.symbols  # every binding is the same
        if isinstance(readout, Probabilities):
            found = _run(simulator, [ready], rows[:1] if alike else rows)
            table = np.array([data[TABLE] for data in _each(found)]).reshape(-1, readout.n_values)
            table = table_from_qiskit(table)
            if self.noise is not None:
                on_machine = tuple(wires[wire] for wire in readout.wires)
                table = mixed(table, on_machine, self.noise.readout_of)
            return Outcome(np.broadcast_to(table, (n_rows, readout.n_values)).copy() if alike else table)
        means = np.zeros((n_rows, 0))
        if words:
            found = _run(simulator, [ready], rows[:1] if alike else rows)
            means = np.array([[data[name_of(place)] for place in range(len(words))] for data in _each(found)])
            means = np.broadcast_to(means.reshape(-1, len(words)), (n_rows, len(words)))
        place = {word: column for column, word in enumerate(words)}
        values = np.zeros((n_rows, readout.n_values))
        for k, observable in enumerate(readout.observables):
            for coefficient, word in observable.terms:
                values[:, k] += coefficient * (means[:, place[word]] if word else 1.0)
        return Outcome(values)


def _sampled(simulator: AerSimulator, small: Program, rows: np.ndarray, shots: int, seed: int) -> Outcome:
    settings = settings_of(small.readout)
    ready = [measuring(small, setting) for setting in settings]
    found = list(_each(_run(simulator, ready, rows, shots=shots, seed_simulator=seed))) if settings else []
    counts = []
    for place, setting in enumerate(settings):
        mine = found[place * len(rows) : (place + 1) * len(rows)]
        outcomes = [
            (row, int(key, 16), times) for row, data in enumerate(mine) for key, times in data["counts"].items()
        ]
        row_N, outcome_N, times_N = zip(*outcomes, strict=True) if outcomes else ((), (), ())
        bits = bits_from_qiskit(outcome_N, len(setting.wires))
        counts.append(Counts(len(rows), np.array(row_N, np.int64), bits, np.array(times_N, np.int64)))
    return outcome_of(small.readout, counts, len(rows))


def _run(simulator: AerSimulator, ready: list[Ready], rows: np.ndarray, **options: int) -> Result | None:
    """One run: the bindings of the first circuit, then those of the next."""
    if not len(rows):
        return None
    circuits, binds = [], []
    for each in ready:
        if each.symbols and each.bound_by_aer:
            circuits.append(each.circuit)
            binds.append(each.binds(rows))
        else:
            numbers = each.bound(rows)
            circuits += numbers
            binds += [{}] * len(numbers)
    options |= {"max_parallel_threads": default_threads()}
    bound = {"parameter_binds": binds} if any(binds) else {}
    result = simulator.run(circuits, **bound, **options).result()
    if not result.success:
        reasons = {found.status for found in result.results or ()} - {"DONE"}
        raise JobError(f"Aer failed: {result.status} {'; '.join(map(str, sorted(reasons)))}")
    return result


def _each(result: Result | None) -> list[dict]:
    return [] if result is None else [result.data(place) for place in range(len(result.results or ()))]


@lru_cache(maxsize=32)
def _simulator(backend: AerBackend, wires: tuple[int, ...]) -> AerSimulator:
    """Aer with the noise of those wires, numbered from 0.

    Its own removal of idle qubits is off: expectations on some of the qubits come out wrong under it (seen in 0.18.2).
    """
    options: dict[str, Any] = {"method": backend.chosen, "device": backend.device, "precision": backend.precision}
    options["enable_truncation"] = False
    if backend.chosen == "matrix_product_state":
        options["matrix_product_state_truncation_threshold"] = backend.truncation
        if backend.max_bond is not None:
            options["matrix_product_state_max_bond_dimension"] = backend.max_bond
    if backend.noise is not None and not backend.noise.is_trivial:
        options["noise_model"] = _on(backend.noise, wires).to_aer()
    return AerSimulator(**options)


def _on(noise: NoiseModel, wires: tuple[int, ...]) -> NoiseModel:
    """The noise of some wires of the machine, which are called by their places."""
    place = {wire: position for position, wire in enumerate(wires)}
    gates = tuple(
        replace(entry, wires=None if entry.wires is None else tuple(place[wire] for wire in entry.wires))
        for entry in noise.gates
        if entry.wires is None or set(entry.wires) <= set(wires)
    )
    readout = tuple(
        replace(entry, wire=None if entry.wire is None else place[entry.wire])
        for entry in noise.readout
        if entry.wire is None or entry.wire in place
    )
    return replace(noise, gates=gates, readout=readout, target=None)


@lru_cache(maxsize=1)
def _version() -> str:
    return version("qiskit-aer")


@lru_cache(maxsize=4)
def _check_device(device: str) -> None:
    present = AerSimulator().available_devices() or ()
    if device not in present:
        raise CapabilityError(
            f"AerBackend was asked for device={device!r}; this Aer has {', '.join(present)}. On a machine with an "
            "NVIDIA GPU install qiskit-aer-gpu in place of qiskit-aer, or take device='CPU'."
        )


@lru_cache(maxsize=256)
def _warn_once(digest: str, count: int, first: str) -> None:
    log.warning(
        "A matrix product state was asked for %d gates between wires that are no neighbours (the first: %s). Each is "
        "taken across all wires between, and what it entangles costs time and memory. Number the wires so that gates "
        "join neighbours, or entangle='linear'.",
        count,
        first,
    )
