"""A machine made of a simulator: what a Backend does, raw outcomes included, with the states of an exact Executor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qml.backends import executor_named
from qml.backends.backend import Outcome, Target
from qml.backends.check_run import check_run
from qml.backends.counts import Counts
from qml.backends.executor import Capabilities, Executor
from qml.backends.measuring import Setting, basis_gates, outcome_of, settings_of
from qml.backends.outcome_chances import chances_of_words
from qml.backends.slotted import slotted
from qml.base.errors import CapabilityError, ConfigError
from qml.base.seeds import derive, generator
from qml.circuits.program import Program
from qml.circuits.readout import z_each
from qml.engine.wire_order import wire_first

TABLE = 10  # measured qubits up to which a row's outcomes are drawn as one table
BLOCK_BYTES = 32 << 20  # states that are alive at once


@dataclass(frozen=True)
class SimulatedBackend:
    """Runs bindings on an exact Executor: exact values, or shots drawn from its states, one setting after another.

    What one setting reads is drawn together, so that its values are correlated as on a machine. Bindings that
    follow each other with equal angles share one state and are drawn separately. It adds no noise to the Executor's,
    and gates run as that one runs them, whatever gate set and coupling `target` claims: it stands for the size, the
    limits and the queue of a machine, not for its compiler.

    Args:
        executor: a name of `EXECUTORS` or an Executor. Of one that gives neither states nor samples, such as `noisy`,
            shots are drawn from its means of Pauli words, of up to 10 measured wires.
        target: the machine it stands for; its own, without limits, when left out.

    Raises:
        ConfigError: there is no such executor, or it estimates values itself.
        CapabilityError, ShapeError, DataError: on `run`, see `qml.backends.check_run.check_run`.

    Example:
        >>> from qml.circuits import angle
        >>> backend = SimulatedBackend("reference")
        >>> out = backend.run(angle(2), np.zeros((1, 2)), shots=100, seed=1)
        >>> out.values_RK.tolist(), out.counts[0].times_N.tolist()
        ([[1.0, 1.0]], [100])
    """

    executor: str | Executor = "engine_cpu"
    target: Target = None  # pyright: ignore[reportAssignmentType]  (None becomes the Executor's own)

    def __post_init__(self):
        able = executor_named(self.executor).capabilities
        if not able.exact:
            raise ConfigError(f"SimulatedBackend needs an exact executor; {able.name!r} gives estimates.")
        if self.target is None:
            own = Target(f"simulated({able.name})", able.max_qubits, sampled=draws(able))
            object.__setattr__(self, "target", own)
        object.__setattr__(self, "target", replace(self.target, ideal=able.second_order))

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Values of `R` rows of angles; with shots, the outcomes of every setting too.

        Args:
            program: what to run.
            slots_RS: `(R, S)` radians.
            shots: of each binding and setting; None for exact values.
            seed: 1 or more; the same seed and the same bindings are the same draw.
        """
        check_run(self.target, program, slots_RS, shots, seed)
        ready, executor = slotted(program), executor_named(self.executor)
        slots = np.ascontiguousarray(slots_RS, np.float64)
        if shots is None or seed is None:
            return Outcome(executor.forward(ready, slots, np.zeros(0)).values_BK)
        counts = tuple(
            _drawn(executor, ready, setting, slots, shots, derive(seed, "setting", number))
            for number, setting in enumerate(settings_of(program.readout))
        )
        return outcome_of(program.readout, counts, len(slots))


def draws(able: Capabilities) -> bool:
    """Whether shots can be drawn of an Executor: it gives states or samples, or means without a bound on their error.

    Example:
        >>> draws(executor_named("noisy").capabilities), draws(executor_named("propagation").capabilities)
        (True, False)
    """
    return able.states or able.samples or (able.exact and not able.max_error)


def _measured(program: Program, setting: Setting) -> Program:
    """The circuit in front of a measurement of the setting in the computational basis."""
    return replace(program, gates=program.gates + basis_gates(setting), readout=z_each(range(program.n_qubits)))


def _drawn(executor: Any, program: Program, setting: Setting, slots_RS: np.ndarray, shots: int, seed: int) -> Counts:
    """Outcomes of one setting."""
    able, parts = executor.capabilities, []
    if not (able.states or able.samples):
        return _from_means(executor, program, setting, slots_RS, shots, seed)
    wires, none, program = setting.wires, np.zeros(0), _measured(program, setting)
    if not (able.states and (len(wires) <= TABLE or not able.samples)):
        for rows in _blocks(len(slots_RS), program.n_qubits * shots):
            bits_RSQ = executor.sample(program, slots_RS[rows], none, shots, seed=derive(seed, rows.start))
            parts.append(Counts.of_samples(bits_RSQ[:, :, wires]))
        return Counts.joined(parts)
    random = generator(seed, "shots")
    for rows in _blocks(len(slots_RS), 16 << program.n_qubits):
        starts, state_R = _distinct(slots_RS[rows])
        states_BA = executor.states(program, slots_RS[rows][starts], none)
        chances_BO = _chances(states_BA, program.n_qubits, wires)
        parts.append(Counts.of_table(random.multinomial(shots, chances_BO[state_R])))
    return Counts.joined(parts)


def _from_means(
    executor: Executor, program: Program, setting: Setting, slots_RS: np.ndarray, shots: int, seed: int
) -> Counts:
    """Outcomes of one setting, drawn from means of its Pauli words; each state is run once."""
    n_bits = len(setting.word)
    if n_bits > TABLE:
        raise CapabilityError(
            f"Shots of {n_bits} wires were asked of {executor.capabilities.name}, which gives means only; they are "
            f"drawn of at most {TABLE} wires. Read fewer wires, or take backend=aer."
        )
    random, parts = generator(seed, "shots"), []
    for rows in _blocks(len(slots_RS), 16 << n_bits):
        starts, state_R = _distinct(slots_RS[rows])
        chances_BO = chances_of_words(executor, program, setting, slots_RS[rows][starts])
        parts.append(Counts.of_table(random.multinomial(shots, chances_BO[state_R])))
    return Counts.joined(parts)


def _blocks(n_rows: int, row_bytes: int) -> Iterator[slice]:
    """Rows that are worked on at once."""
    size = max(1, BLOCK_BYTES // row_bytes)
    for start in range(0, max(1, n_rows), size):  # no rows are one block of none
        yield slice(start, min(start + size, n_rows))


def _distinct(slots_RS: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First rows of runs of equal rows, and the run of each row."""
    other = np.ones(len(slots_RS), bool)
    other[1:] = (slots_RS[1:] != slots_RS[:-1]).any(axis=1)
    return np.flatnonzero(other), np.cumsum(other) - 1


def _chances(states_BA: np.ndarray, n_qubits: int, wires: tuple[int, ...]) -> np.ndarray:
    """Probabilities `(B, 2**M)` of the outcomes of some wires, with the sum one."""
    squares = np.abs(states_BA[:, wire_first(n_qubits, wires)]) ** 2
    chances = squares.reshape(len(states_BA), 2 ** len(wires), 2 ** (n_qubits - len(wires))).sum(-1)
    return chances / chances.sum(-1, keepdims=True)
